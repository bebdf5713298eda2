"""A resource type of ours, in the place where moto's stacks look for a model class.

moto asks a class; an object with the same methods does as well, and can hold what the type needs. ``OwnKind`` makes
resources that moto has no model for, ``MotoKind`` mends one that it has.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError

from org_gate.simulator.cloudformation.template import TemplateError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack makes its resources."""

    account: str
    region: str


@dataclass
class Made:
    """A resource of a stack; ``undo`` deletes it. Two fields are set by moto."""

    physical_resource_id: str
    undo: Callable[[], None]
    attributes: Mapping[str, str] = field(default_factory=dict)
    cf_resource_type: str = ""
    logical_resource_id: str = ""

    def is_created(self) -> bool:
        return True

    def get_cfn_attribute(self, name: str) -> str:
        if name not in self.attributes:
            raise UnformattedGetAttTemplateException
        return self.attributes[name]

    def delete(self, _account: str, _region: str) -> None:
        self.undo()


class Kind:
    """One resource type. ``properties`` are those it takes, ``required`` those it must have."""

    type: ClassVar[str]
    properties: ClassVar[frozenset[str]]
    required: ClassVar[frozenset[str]] = frozenset()
    attributes: ClassVar[frozenset[str]] = frozenset()

    def check(self, logical_id: str, given: Iterable[str]) -> None:
        """Raises TemplateError for a property that would be dropped in silence, or is missing."""
        unknown = sorted(set(given) - self.properties)
        if unknown:
            raise TemplateError(f"{logical_id}: Encountered unsupported property {unknown[0]} of {self.type}")
        missing = sorted(self.required - set(given))
        if missing:
            raise TemplateError(f"{logical_id}: Property {missing[0]} of {self.type} cannot be empty")

    def has_cfn_attr(self, attr: str) -> bool:
        return attr in self.attributes


class OwnKind(Kind):
    """A type that moto has no model for. An update is a replacement."""

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        """Makes it. ``name`` is one that nothing else in the account has."""
        raise NotImplementedError

    def create_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Made:
        return self.make(Place(account_id, region_name), resource_name, cloudformation_json["Properties"])

    def update_from_cloudformation_json(
        self,
        original_resource: Made,
        new_resource_name: str,
        cloudformation_json: Mapping[str, Any],
        account_id: str,
        region_name: str,
    ) -> Made:
        original_resource.undo()
        return self.make(Place(account_id, region_name), new_resource_name, cloudformation_json["Properties"])


class MotoKind(Kind):
    """A type that moto models, with something mended. ``made`` and ``changed`` come after moto's own part."""

    model: ClassVar[Any]

    def prepared(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties as moto wants them."""
        return properties

    def made(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> None:
        """Applies what moto left out."""

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        """The resource after an update."""
        raise NotImplementedError

    def has_cfn_attr(self, attr: str) -> bool:
        return bool(self.model.has_cfn_attr(attr))

    def create_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str, **more: Any
    ) -> Any:
        properties = self.prepared(dict(cloudformation_json["Properties"]))
        resource = self.model.create_from_cloudformation_json(
            resource_name, {**cloudformation_json, "Properties": properties}, account_id, region_name, **more
        )
        self.made(Place(account_id, region_name), resource, properties)
        return resource

    def update_from_cloudformation_json(
        self,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Mapping[str, Any],
        account_id: str,
        region_name: str,
    ) -> Any:
        del new_resource_name  # a generated name is kept
        properties = self.prepared(dict(cloudformation_json["Properties"]))
        return self.changed(Place(account_id, region_name), original_resource, properties)

    def delete_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str
    ) -> None:
        self.model.delete_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)


def same_name(kind: Kind, resource_name: str, properties: Mapping[str, Any], key: str) -> None:
    """Raises ValidationError for an update that AWS makes by replacing the resource."""
    if properties.get(key, resource_name) != resource_name:
        msg = f"{kind.type}: the simulator cannot replace {resource_name} by {properties[key]}; use a new logical id"
        raise ValidationError(message=msg)
