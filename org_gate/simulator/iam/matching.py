"""Patterns of IAM: wildcards, ARNs part by part, and policy variables."""

import re
from functools import lru_cache
from typing import Final

from org_gate.simulator.iam.context import Context

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_LITERALS: Final = {"*": "*", "?": "?", "$": "$"}
_ARN_PARTS: Final = 6


def wildcard(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """``*`` is any run of characters, ``?`` any one."""
    return _compiled(_tokens(pattern), ignore_case).fullmatch(value) is not None


def arn_matches(pattern: str, arn: str) -> bool:
    """Part by part: a wildcard does not reach over the colons between the first five parts."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    return len(wanted) == len(given) == _ARN_PARTS and all(
        wildcard(part, value) for part, value in zip(wanted, given, strict=True)
    )


def expanded(pattern: str, context: Context, place: str) -> str | None:
    """The pattern with its variables filled in; None where the request has no value for one.

    What is filled in stands for itself: a ``*`` in it is no wildcard. Raises UnsupportedPolicyError for an unknown
    variable.
    """
    if "${" not in pattern:
        return pattern
    filled: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        name = found[1]
        if name in _LITERALS:
            value = _LITERALS[name]
        else:
            values = context.values(name.lower(), place)
            if len(values) != 1:
                return None
            value = values[0]
        filled += [pattern[end : found.start()], _quoted(value)]
        end = found.end()
    return "".join([*filled, pattern[end:]])


_QUOTE: Final = "\x00"
"""Before a character that stands for itself; no policy has it."""


def _quoted(value: str) -> str:
    return "".join(f"{_QUOTE}{character}" if character in "*?" else character for character in value)


def unquoted(pattern: str) -> str:
    """An expanded pattern as plain text, for operators without wildcards."""
    return pattern.replace(_QUOTE, "")


@lru_cache(maxsize=4096)
def _tokens(pattern: str) -> str:
    expression: list[str] = []
    literal = False
    for character in pattern:
        if character == _QUOTE:
            literal = True
            continue
        wild = {"*": ".*", "?": "."}.get(character) if not literal else None
        expression.append(wild or re.escape(character))
        literal = False
    return "".join(expression)


@lru_cache(maxsize=4096)
def _compiled(expression: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001  a cache key
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))
