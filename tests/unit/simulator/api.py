"""Calls a simulated service as the front door does, and holds its answers to botocore's output shapes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from org_gate.simulator.base import Call, Caller, OwnService
from org_gate.simulator.shapes import service_model, validate
from org_gate.simulator.wire import Operation

_TYPES: Final[dict[str, type]] = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "timestamp": datetime,
    "structure": dict,
    "map": dict,
    "list": list,
}


def user(account: str) -> Caller:
    return Caller(account, f"arn:aws:iam::{account}:user/person", "AKIA", "AIDA", user_name="person")


def role(account: str, name: str = "org-gate-resume") -> Caller:
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/session"
    return Caller(account, arn, "ASIA", "AROA:session", role_arn=f"arn:aws:iam::{account}:role/{name}")


class Api:
    """One service, asked by one caller in one Region."""

    def __init__(self, service: OwnService, name: str, caller: Caller, region: str = "us-east-1") -> None:
        self._service = service
        self._name = name
        self._caller = caller
        self._region = region

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        model = service_model(self._name).operation_model(operation)
        validate(Operation(self._name, operation, "json", params, model))
        output = self._service.handle(Call(self._name, operation, params, self._region, self._caller))
        found = list(misfits(model.output_shape, output, operation))
        assert found == []
        return output


def misfits(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What an answer has that its shape does not: unknown or missing members, wrong types."""
    if shape is None:
        if value:
            yield f"{path}: an answer where there is none"
        return
    wanted: Any = _TYPES[shape.type_name]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {shape.type_name}"
        return
    if shape.type_name == "timestamp" and value.tzinfo is None:
        yield f"{path}: {value!r} has no offset"
    if shape.type_name == "structure":
        yield from (f"{path}.{name}: unknown" for name in value if name not in shape.members)
        yield from (f"{path}.{name}: missing" for name in shape.required_members if name not in value)
    for member, inner, name in _parts(shape, value):
        yield from misfits(member, inner, f"{path}.{name}")


def _parts(shape: Any, value: Any) -> Iterator[tuple[Any, Any, str]]:
    match shape.type_name:
        case "structure":
            yield from ((shape.members[name], inner, name) for name, inner in value.items() if name in shape.members)
        case "list":
            yield from ((shape.member, inner, str(index)) for index, inner in enumerate(value))
        case "map":
            yield from ((shape.value, inner, str(key)) for key, inner in value.items())
