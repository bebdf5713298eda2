"""Condition operators. An unknown operator is an error, never a yes or a no."""

from collections.abc import Callable, Mapping
from typing import Final

from org_gate.simulator.iam.context import Context
from org_gate.simulator.iam.documents import Condition, UnsupportedPolicyError
from org_gate.simulator.iam.matching import arn_matches, expanded, unquoted, wildcard

Test = Callable[[str, str], bool]

_TESTS: Final[Mapping[str, Test]] = {
    "StringEquals": lambda wanted, given: unquoted(wanted) == given,
    "StringEqualsIgnoreCase": lambda wanted, given: unquoted(wanted).lower() == given.lower(),
    "StringLike": wildcard,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
}
_NEGATED: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def holds(condition: Condition, context: Context, place: str) -> bool:
    """Whether the request fulfils it. Raises UnsupportedPolicyError for an operator, key or variable not known."""
    given = context.values(condition.key, place)
    if condition.operator == "Null":
        return any((wanted.lower() == "true") == (not given) for wanted in condition.values)
    quantifier, _, rest = condition.operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    test = _TESTS.get(_NEGATED.get(name, name))
    if test is None or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise UnsupportedPolicyError(f"{place}: the simulator does not know the operator {condition.operator!r}")
    if not given:
        return rest.endswith("IfExists") or quantifier == "ForAllValues" or (name in _NEGATED and not quantifier)
    wanted = [value for one in condition.values if (value := expanded(one, context, place)) is not None]
    fulfilled = [any(test(value, one) for value in wanted) != (name in _NEGATED) for one in given]
    every = quantifier == "ForAllValues" or (name in _NEGATED and not quantifier)
    return all(fulfilled) if every else any(fulfilled)
