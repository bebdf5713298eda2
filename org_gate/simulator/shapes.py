"""Checks a call's parameters against botocore's model, as AWS does before it looks at anything else.

botocore's own validator knows required members, types and minimums; maximums, enumerations and patterns stand in the
model too and are read here. A pattern that Python's ``re`` cannot compile (they are Java's) is not checked.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from org_gate.simulator.base import AwsError

if TYPE_CHECKING:  # moto is not needed to read scenarios
    from org_gate.simulator.wire import Operation

_MAX_SHOWN: Final = 200
_CODES: Final = {"query": "ValidationError"}
_ANY_FORM: Final = frozenset({"eventArn", "nextToken"})
"""Shapes whose pattern is not held: AWS's own samples have event ARNs of one segment, and a page token of any form is
for the service to judge."""


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service as botocore has it, loaded once."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def validate(operation: "Operation") -> None:
    """Raises AwsError (ValidationException, or ValidationError in the query protocol) with every problem."""
    problems = misfits(operation.params, operation.model.input_shape)
    if problems:
        noun = "validation error" if len(problems) == 1 else "validation errors"
        message = f"{len(problems)} {noun} detected: {'; '.join(problems)}"
        raise AwsError(_CODES.get(operation.protocol, "ValidationException"), message)


def misfits(params: Mapping[str, Any], shape: Shape | None) -> list[str]:
    """What the parameters have that an input shape does not allow, each with its place."""
    if shape is None:
        return []
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        return list(report.generate_report().splitlines())
    return list(_beyond(params, shape, ""))


def _beyond(value: Any, shape: Any, path: str) -> Iterator[str]:
    """What botocore's validator lets through, here and below."""
    if value is None:
        return
    kind = shape.type_name
    if kind == "structure":
        for name, member in shape.members.items():
            yield from _beyond(value.get(name), member, f"{path}.{name}".lstrip("."))
    elif kind == "list":
        yield from _too_long(value, shape, path)
        for index, item in enumerate(value):
            yield from _beyond(item, shape.member, f"{path}.{index + 1}.member")
    elif kind == "map":
        yield from _too_long(value, shape, path)
        for key, item in value.items():
            yield from _beyond(key, shape.key, f"{path}.key")
            yield from _beyond(item, shape.value, f"{path}.{key}")
    else:
        yield from _scalar(value, shape, path)


def _scalar(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name in ("string", "blob"):
        yield from _bad_text(value, shape, path)
    elif shape.type_name != "timestamp" and value > shape.metadata.get("max", value):
        yield _failed(value, path, f"have value less than or equal to {shape.metadata['max']}")


def _too_long(value: Any, shape: Shape, path: str) -> Iterator[str]:
    longest = shape.metadata.get("max")
    if longest is not None and len(value) > longest:
        yield _failed(value, path, f"have length less than or equal to {longest}")


def _bad_text(value: Any, shape: Any, path: str) -> Iterator[str]:
    yield from _too_long(value, shape, path)
    values = getattr(shape, "enum", None)
    if values and value not in values:
        yield _failed(value, path, f"satisfy enum value set: [{', '.join(values)}]")
    pattern = None if shape.name in _ANY_FORM else _compiled(shape.metadata.get("pattern"))
    if pattern is not None and isinstance(value, str) and not pattern.fullmatch(value):
        yield _failed(value, path, f"satisfy regular expression pattern: {shape.metadata['pattern']}")


@cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _failed(value: Any, path: str, constraint: str) -> str:
    shown = str(value)[:_MAX_SHOWN]
    return f"Value {shown!r} at {path!r} failed to satisfy constraint: Member must {constraint}"
