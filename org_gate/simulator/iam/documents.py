"""Policy documents as frozen statements. Nothing is decided here."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"},
)


class UnsupportedPolicyError(Exception):
    """A policy uses something this evaluator does not know; the message names it and where it stands."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``key`` in lower case; any of ``values``."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``policy`` says where it stands, ``label`` is its Sid or, failing that, ``#`` and its index.

    ``principals`` are (type, value) pairs, None in identity policies. ``negated_…`` tells NotAction from Action and
    so on.
    """

    policy: str
    label: str
    allow: bool
    actions: tuple[str, ...]
    negated_actions: bool
    resources: tuple[str, ...]
    negated_resources: bool
    principals: tuple[tuple[str, str], ...] | None
    negated_principals: bool
    conditions: tuple[Condition, ...]

    @property
    def place(self) -> str:
        return f"{self.policy}, statement {self.label}"


def statements(document: str | Mapping[str, Any], policy: str) -> tuple[Statement, ...]:
    """Those of a document (JSON text or parsed), in order. Raises UnsupportedPolicyError where it cannot be read."""
    text = document if isinstance(document, str) else json.dumps(document, sort_keys=True)
    return _read(text, policy)


@lru_cache(maxsize=4096)
def _read(text: str, policy: str) -> tuple[Statement, ...]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UnsupportedPolicyError(f"{policy} is not JSON: {error}") from error
    listed = document.get("Statement", []) if isinstance(document, dict) else []
    return tuple(
        _statement(one, policy, index) for index, one in enumerate(listed if isinstance(listed, list) else [listed])
    )


def _statement(raw: Mapping[str, Any], policy: str, index: int) -> Statement:
    label = str(raw.get("Sid") or f"#{index}")
    place = f"{policy}, statement {label}"
    if unknown := sorted(set(raw) - _ELEMENTS):
        raise UnsupportedPolicyError(f"{place}: unknown element {', '.join(unknown)}")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise UnsupportedPolicyError(f"{place}: Effect is {raw.get('Effect')!r}, expected Allow or Deny")
    if ("Action" in raw) == ("NotAction" in raw):
        raise UnsupportedPolicyError(f"{place}: it needs Action or NotAction")
    return Statement(
        policy=policy,
        label=label,
        allow=raw["Effect"] == "Allow",
        actions=_texts(raw.get("Action", raw.get("NotAction"))),
        negated_actions="NotAction" in raw,
        resources=_texts(raw.get("Resource", raw.get("NotResource", "*"))),
        negated_resources="NotResource" in raw,
        principals=_principals(raw, place),
        negated_principals="NotPrincipal" in raw,
        conditions=tuple(_conditions(raw.get("Condition") or {})),
    )


def _principals(raw: Mapping[str, Any], place: str) -> tuple[tuple[str, str], ...] | None:
    given = raw.get("Principal", raw.get("NotPrincipal"))
    if given is None:
        return None
    if isinstance(given, str):
        return (("AWS", given),)
    if unknown := sorted(set(given) - {"AWS", "Service", "Federated"}):
        raise UnsupportedPolicyError(f"{place}: unknown kind of principal {', '.join(unknown)}")
    return tuple((kind, value) for kind, values in given.items() for value in _texts(values))


def _conditions(raw: Mapping[str, Any]) -> Iterator[Condition]:
    for operator, keys in raw.items():
        for key, values in keys.items():
            yield Condition(operator, key.lower(), _texts(values))


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)
