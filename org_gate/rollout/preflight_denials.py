"""Whether a Deny statement of an organization policy hits something that is needed: yes, no, or perhaps. Pure.

A careful and simple reading, not an evaluator: what it does not know (a condition key, an operator, a named principal)
is a perhaps, never a no. Allow statements and what they leave out are not read.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from org_gate.rollout.preflight_needs import Need

_FOR_ALL: Final = "*"
_REGION: Final = "aws:requestedregion"
_NEGATED: Final = re.compile(r"^(String|Arn)Not(Equals|Like)(IgnoreCase)?(IfExists)?$")
_PLAIN: Final = re.compile(r"^(String|Arn)(Equals|Like)(IgnoreCase)?(IfExists)?$")
_BOOL: Final = re.compile(r"^Bool(IfExists)?$")


class Hits(IntEnum):
    """In rising order."""

    NO = 0
    PERHAPS = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Denial:
    """A Deny statement: where it stands in its document, and what it is called."""

    index: int
    name: str
    body: Mapping[str, Any]


def denials(document: Mapping[str, Any]) -> Iterator[Denial]:
    """Called after their Sid, or their number in the document."""
    for index, body in enumerate(_many(document.get("Statement", ()))):
        if body.get("Effect") == "Deny":
            yield Denial(index, body.get("Sid") or f"number {index + 1}", body)


def hits(statement: Mapping[str, Any], need: Need, organization: str) -> Hits:
    """Whether the statement denies what is needed, in the organization of that id."""
    if not _names(statement, "Action", need.action) or not _names(statement, "Resource", need.resource):
        return Hits.NO
    certain = Hits.YES if statement.get("Principal", _FOR_ALL) in (_FOR_ALL, {"AWS": _FOR_ALL}) else Hits.PERHAPS
    known = _known(need, organization)
    return min([certain, *_conditions(statement, known)])


def exempted(document: Mapping[str, Any], index: int, needs: Iterable[Need]) -> dict[str, Any]:
    """The document, with the statement at ``index`` changed so that it leaves the needs alone.

    Where it denies all Regions but some, theirs are added; else their principals are left out.
    """
    given = [*needs]
    changed = copy.deepcopy(dict(document))
    condition = _many(changed["Statement"])[index].setdefault("Condition", {})
    for operator, keys in condition.items():
        for key in keys:
            if key.lower() == _REGION and _NEGATED.match(operator):
                keys[key] = _more(keys[key], (need.region for need in given))
                return changed
    keys = condition.setdefault("ArnNotLike", {})
    key = next((each for each in keys if each.lower() == "aws:principalarn"), "aws:PrincipalArn")
    keys[key] = _more(keys.get(key, ()), (need.exempt for need in given))
    return changed


def is_about_regions(statement: Mapping[str, Any]) -> bool:
    """Whether it denies all Regions but some."""
    return any(
        key.lower() == _REGION and _NEGATED.match(operator)
        for operator, keys in statement.get("Condition", {}).items()
        for key in keys
    )


def _names(statement: Mapping[str, Any], element: str, value: str) -> bool:
    """Whether ``Action`` or ``NotAction`` (or those of ``Resource``) cover it; neither stands for all.

    A wildcard in what is needed is a letter like any other: only what is as wide covers it.
    """
    ignore_case = element == "Action"
    if element in statement:
        return any(_like(pattern, value, ignore_case=ignore_case) for pattern in _many(statement[element]))
    excluded = _many(statement.get(f"Not{element}", ()))
    return not any(_like(pattern, value, ignore_case=ignore_case) for pattern in excluded)


def _known(need: Need, organization: str) -> dict[str, str]:
    """What the request will say of itself, by condition key in lower case."""
    return {
        _REGION: need.region,
        "aws:principalarn": need.principal,
        "aws:principalorgid": organization,
        "aws:resourceorgid": organization,
        "aws:principalisawsservice": "false",
    }


def _conditions(statement: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Hits]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield _condition(operator, [str(value) for value in _many(values)], known.get(key.lower()))


def _condition(operator: str, values: list[str], actual: str | None) -> Hits:
    if actual is None:
        return Hits.PERHAPS
    if _BOOL.match(operator):
        return _certain(actual in [value.lower() for value in values])
    plain, negated = _PLAIN.match(operator), _NEGATED.match(operator)
    if not plain and not negated:
        return Hits.PERHAPS
    wild = "Like" in operator or operator.startswith("Arn")
    folded = "IgnoreCase" in operator
    fits = any(_like(value, actual, ignore_case=folded, wild=wild) for value in values)
    return _certain(fits if plain else not fits)


def _certain(value: bool) -> Hits:  # noqa: FBT001  it is what is turned into a word
    return Hits.YES if value else Hits.NO


def _like(pattern: str, value: str, *, ignore_case: bool, wild: bool = True) -> bool:
    """``*`` and ``?`` as IAM reads them, or no wildcards at all."""
    escaped = re.escape(pattern)
    expression = escaped.replace(r"\*", ".*").replace(r"\?", ".") if wild else escaped
    return re.fullmatch(expression, value, re.IGNORECASE if ignore_case else 0) is not None


def _more(given: Any, added: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*_many(given), *sorted(set(added))]))


def _many(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)
