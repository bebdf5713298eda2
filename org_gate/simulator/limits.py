"""What botocore's service models say of an input and botocore's own check leaves out: maximums, enums, patterns.

For the services that the simulator itself provides. Required members, types and minimums are checked at the
front door.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from org_gate.simulator.base import AwsError, Call


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service as botocore has it, loaded once."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def check_limits(call: Call, any_pattern: Collection[str] = ()) -> None:
    """Raises ValidationException with all that is beyond the model.

    Values of the shapes named in ``any_pattern`` may have any form.
    """
    problems = beyond_limits(call.service, call.operation, call.params, any_pattern)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise AwsError("ValidationException", f"{count}: {'; '.join(problems)}")


def beyond_limits(
    service: str, operation: str, params: Mapping[str, Any], any_pattern: Collection[str] = ()
) -> list[str]:
    """All that is beyond the model, each with its place."""
    shape = service_model(service).operation_model(operation).input_shape
    return [] if shape is None else list(_problems(shape, params, "", any_pattern))


def _problems(shape: Shape, value: Any, path: str, any_pattern: Collection[str]) -> Iterator[str]:
    if value is None:
        return
    for rule in _broken_rules(shape, value, any_pattern):
        yield f"Value {value!r} at '{path}' failed to satisfy constraint: Member must {rule}"
    for member, inner, inner_path in _parts(shape, value, path):
        yield from _problems(member, inner, inner_path, any_pattern)


def _parts(shape: Any, value: Any, path: str) -> Iterator[tuple[Shape, Any, str]]:
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                yield member, value.get(name), f"{path}.{name}" if path else name
        case "list":
            for index, item in enumerate(value):
                yield shape.member, item, f"{path}.{index + 1}.member"
        case "map":
            for key, item in value.items():
                yield shape.key, key, f"{path}.key"
                yield shape.value, item, f"{path}.{key}.member"


def _broken_rules(shape: Any, value: Any, any_pattern: Collection[str]) -> Iterator[str]:
    rules: Mapping[str, Any] = shape.metadata
    most = rules.get("max")
    if most is not None and shape.type_name in ("integer", "long") and value > most:
        yield f"have value less than or equal to {most}"
    if most is not None and shape.type_name in ("string", "list", "map") and len(value) > most:
        yield f"have length less than or equal to {most}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    pattern = rules.get("pattern")
    if pattern and shape.name not in any_pattern and re.fullmatch(pattern, value) is None:
        yield f"satisfy regular expression pattern: {pattern}"
