"""What CloudFormation refuses of a template before it makes anything.

Pure: reads a template, knows no backend. What the simulator cannot do is refused as loudly as what AWS refuses.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from moto.cloudformation.models import Stack

BODY_LIMIT: Final = 51_200
URL_LIMIT: Final = 1_048_576

_SECTIONS: Final = frozenset(
    ("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Resources")
) | {"Outputs", "Rules", "Transform"}
_RESOURCE_FIELDS: Final = frozenset(
    ("Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata")
) | {"CreationPolicy", "UpdatePolicy"}
_FUNCTIONS: Final = frozenset(
    ("Base64", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Select", "Split", "Sub")
) | {"And", "Equals", "Not", "Or"}
_PSEUDO: Final = re.compile(r"^AWS::(AccountId|NoValue|Partition|Region|StackId|StackName|URLSuffix)$")
_PLACEHOLDER: Final = re.compile(r"\$\{([^!}][^}]*)\}")
_IAM_NAMES: Final = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}


class TemplateError(Exception):
    """``code`` is CloudFormation's error code."""

    def __init__(self, message: str, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_size(body: str, *, limit: int = BODY_LIMIT) -> None:
    """Raises TemplateError; ``limit`` is in bytes."""
    size = len(body.encode())
    if size > limit:
        msg = (
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit} (it has {size} bytes)"
        )
        raise TemplateError(msg)


def read_template(body: str) -> dict[str, Any]:
    """The template as a mapping, short forms written out. Raises TemplateError."""
    try:
        template = Stack.parse_template(body)
    except Exception as error:  # moto's parser ends in whatever YAML or JSON raise
        raise TemplateError(f"Template format error: it is neither YAML nor JSON. {error}") from error
    if not isinstance(template, dict):
        raise TemplateError("Template format error: unsupported structure.")
    return template


def check_template(template: Mapping[str, Any], known_types: Collection[str]) -> None:
    """Raises TemplateError at the first thing that CloudFormation, or the simulator, cannot take."""
    _check_sections(template)
    _check_transforms(template)
    _check_resources(template["Resources"], known_types)
    _check_references(template)


def check_capabilities(template: Mapping[str, Any], capabilities: Collection[str]) -> None:
    """Raises TemplateError where the template makes IAM resources and nobody acknowledged it."""
    iam = [resource for resource in template["Resources"].values() if resource["Type"].startswith("AWS::IAM::")]
    named = any(_IAM_NAMES.get(resource["Type"], "") in (resource.get("Properties") or {}) for resource in iam)
    wanted = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
    enough = {"CAPABILITY_NAMED_IAM", wanted}
    if iam and not enough & set(capabilities):
        raise TemplateError(f"Requires capabilities : [{wanted}]", "InsufficientCapabilitiesException")


def check_mappings(template: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Raises TemplateError for a ``Fn::FindInMap`` that finds nothing; ``values`` are what ``Ref`` gives, by name.

    One whose keys are not known beforehand is left to the making.
    """
    mappings = template.get("Mappings") or {}
    for keys in _look_ups(template["Resources"]):
        known = [values.get(key["Ref"]) if isinstance(key, Mapping) else key for key in keys]
        found: Any = mappings
        for key in known:
            if not isinstance(key, str):
                break
            if key not in found:
                raise TemplateError(f"Template error: Unable to get mapping for {'::'.join(map(str, known))}")
            found = found[key]


def _look_ups(node: Any) -> Iterator[list[Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "Fn::FindInMap":
                yield value
            yield from _look_ups(value)
    elif isinstance(node, list):
        for item in node:
            yield from _look_ups(item)


def references(node: Any) -> Iterator[tuple[str, str | None]]:
    """Every Ref, GetAtt and Sub placeholder below the node: the name and, where there is one, the attribute."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _references_of(key, value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def conditions(node: Any) -> Iterator[str]:
    """The names of the conditions that a resource, or a condition, depends on."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "Condition" and isinstance(value, str):
                yield value
            elif key == "Fn::If":
                yield value[0]
            yield from conditions(value)
    elif isinstance(node, list):
        for item in node:
            yield from conditions(item)


def _references_of(key: str, value: Any) -> Iterator[tuple[str, str | None]]:
    if key == "Ref":
        yield value, None
    elif key == "Fn::GetAtt":
        name, _, attribute = value.partition(".") if isinstance(value, str) else (value[0], ".", value[1])
        yield name, attribute
    elif key == "Fn::Sub":
        yield from _placeholders(value)
    else:
        yield from references(value)


def _placeholders(value: Any) -> Iterator[tuple[str, str | None]]:
    text, own = (value[0], value[1]) if isinstance(value, list) else (value, {})
    for found in _PLACEHOLDER.findall(text):
        name, _, attribute = found.partition(".")
        if found not in own:
            yield name, attribute or None
    yield from references(own)


def _check_sections(template: Mapping[str, Any]) -> None:
    unknown = sorted(set(template) - _SECTIONS)
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    if not isinstance(template.get("Resources"), dict) or not template["Resources"]:
        raise TemplateError("Template format error: At least one Resources member must be defined.")


def _check_transforms(node: Any) -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in {"Transform", "Fn::Transform"} or str(key).startswith("Fn::ForEach"):
                raise TemplateError(f"Transforms and macros are not supported here, and never in a StackSet: {key}")
            if str(key).startswith("Fn::") and key.removeprefix("Fn::") not in _FUNCTIONS:
                raise TemplateError(f"Template error: unsupported intrinsic function {key}")
            _check_transforms(value)
    elif isinstance(node, list):
        for item in node:
            _check_transforms(item)


def _check_resources(resources: Mapping[str, Any], known_types: Collection[str]) -> None:
    for name, resource in resources.items():
        if not isinstance(resource, Mapping) or not isinstance(resource.get("Type"), str):
            raise TemplateError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type"
            )
        unknown = sorted(set(resource) - _RESOURCE_FIELDS)
        if unknown:
            raise TemplateError(f"Invalid template resource property '{unknown[0]}' of {name}")
    types = sorted({resource["Type"] for resource in resources.values()} - set(known_types))
    if types:
        raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(types)}]")


def _check_references(template: Mapping[str, Any]) -> None:
    resources = template["Resources"]
    names = set(resources) | set(template.get("Parameters") or {})
    for block in ("Resources", "Outputs"):
        used = list(references(template.get(block) or {}))
        missing = {name for name, attribute in used if attribute is not None and name not in resources}
        missing |= {name for name, attribute in used if attribute is None and not _known(name, names)}
        _refuse_unresolved(missing, block)
    depended = {name for resource in resources.values() for name in _listed(resource.get("DependsOn"))}
    _refuse_unresolved(depended - set(resources), "Resources")
    undefined = set(conditions([*resources.values(), *(template.get("Outputs") or {}).values()]))
    undefined -= set(template.get("Conditions") or {})
    # IAM policies have a field of that name too, but there it is a mapping
    if undefined:
        raise TemplateError(f"Template format error: Unresolved condition dependency {min(undefined)}")


def _known(name: str, names: Collection[str]) -> bool:
    return name in names or _PSEUDO.match(name) is not None


def _refuse_unresolved(missing: Collection[str], block: str) -> None:
    if missing:
        listed = ", ".join(sorted(missing))
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{listed}] in the {block} block of the template"
        )


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
