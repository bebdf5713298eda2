"""What is wrong with a value that a person wrote: which field, what was found, what was expected.

Turns pydantic's errors into words for people, and gives models a base class whose unknown fields are told
with the nearest known one. Knows neither YAML nor where a value stands in a file (``document`` adds that),
and nothing of any particular model.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

Path = tuple[str | int, ...]

Blame = Literal["value", "key", "absence"]
"""Whether a field's value is wrong, its name, or that it is not there."""

ROOT: Final = "document"
"""How the whole is named where no field is to blame."""

_UNKNOWN: Final = "unknown_field"
_REFUSED: Final = "refused"
_OF_KEY: Final = "[key]"  # what pydantic puts behind a mapping's key that is wrong itself
_LONGEST_SHOWN: Final = 60
_MAPPING: Final = "a mapping of fields"
_TEXT: Final = "text (in quotes, where YAML would take it for something else)"
_EXPECTED: Final = {
    "missing": "a value: this field is required",
    "string_type": _TEXT,
    "string_unicode": "text of whole characters",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "list_type": "a list",
    "tuple_type": "a list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong."""

    path: Path
    found: str
    expected: str
    suggestion: str | None = None
    blames: Blame = "value"


class Strict(BaseModel):
    """Frozen data whose unknown fields are errors that name the nearest known field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _tell_unknown_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            retold = [cls._retold(details) for details in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, retold)

    @classmethod
    def _retold(cls, details: ErrorDetails) -> InitErrorDetails:
        if details["type"] != "extra_forbidden":
            return as_init(details)
        known = [field.alias or name for name, field in cls.model_fields.items()]
        reason = PydanticCustomError(_UNKNOWN, "unknown field", {"known": known})
        return InitErrorDetails(type=reason, loc=details["loc"], input=details["input"])


def refusal(expected: str, *, found: str | None = None, blames: Blame = "value") -> PydanticCustomError:
    """What a validator raises. ``found`` is the value itself where left out."""
    context = {"expected": expected, "found": found, "blames": blames}
    return PydanticCustomError(_REFUSED, "expected {expected}", context)


def as_init(details: ErrorDetails) -> InitErrorDetails:
    """An error again, as ``ValidationError.from_exception_data`` takes it."""
    reason = PydanticCustomError(details["type"], details["msg"], details.get("ctx"))
    return InitErrorDetails(type=reason, loc=details["loc"], input=details["input"])


def mistakes(error: ValidationError) -> list[Mistake]:
    """All that pydantic found, in its order."""
    return [_mistake(details) for details in error.errors(include_url=False)]


def field_name(path: Iterable[str | int]) -> str:
    """``rules[0].match.services``."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return _one_line(name.removeprefix(".")) or ROOT


def shown(value: object) -> str:
    """A value as a person reads it, cut where it is long."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return repr(_cut(value))
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case _:
            return _one_line(_cut(str(value)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, without regard to case."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def _mistake(details: ErrorDetails) -> Mistake:
    kind, path, value = details["type"], details["loc"], details["input"]
    context = details.get("ctx", {})
    if kind == _UNKNOWN:
        return _unknown(path, context["known"])
    if kind == "extra_forbidden":
        return Mistake(path=path, found="an unknown field", expected="only known fields", blames="key")
    if kind == "missing":
        return Mistake(path=path, found="nothing", expected=_EXPECTED[kind], blames="absence")
    if kind == _REFUSED:
        found, blames = context["found"] or shown(value), context["blames"]
    else:
        found, blames = shown(value), "value"
    if path[-1:] == (_OF_KEY,):
        path, blames = path[:-1], "key"
    expected = context["expected"] if "expected" in context else _expected(kind, details["msg"])
    suggestion = _meant(value, expected)
    return Mistake(path=path, found=found, expected=expected, suggestion=suggestion, blames=blames)


def _unknown(path: Path, known: list[str]) -> Mistake:
    return Mistake(
        path=path,
        found="an unknown field",
        expected=f"one of {', '.join(known)}",
        suggestion=nearest(str(path[-1]), known),
        blames="key",
    )


def _meant(value: object, expected: str) -> str | None:
    """The nearest of the words that ``expected`` quotes."""
    words = re.findall(r"'([^']*)'", expected)
    return nearest(value, words) if isinstance(value, str) else None


def _expected(kind: str, message: str) -> str:
    if kind == "too_short":
        return "at least one entry"
    words = re.sub("^(Value error, |Input should be |String should have )", "", message)
    return _EXPECTED.get(kind, _one_line(words))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
