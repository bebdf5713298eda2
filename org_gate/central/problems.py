"""How the decision API says no: problems as RFC 9457 has them (A4).

Each says in ``detail`` what happened and what to do. None carries a stack trace, or anything of an account that the
caller did not name itself.

    Problem                 status
    ├── BadRequest          400  the body is not a JSON object
    ├── Forbidden           403  not yours to ask
    ├── NotFound            404
    ├── WrongMethod         405
    ├── Conflicting         409
    ├── TooLarge            413
    ├── Invalid             422  wrong types or values; all of them in ``errors``
    ├── Broken              500  a fault of ours
    └── Unavailable         503  the store does not answer, or knows no policy; with Retry-After
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final

from org_gate.model.decision import RETRY_AFTER_SECONDS, Mode

CONTENT_TYPE: Final = "application/problem+json"
_NAMED_IN_DETAIL: Final = 3
_LISTED: Final = 100
_SHOWN: Final = 80


class Problem(Exception):  # noqa: N818  the word of RFC 9457
    """A request that is not answered as asked.

    Each of ``errors`` has a ``pointer`` into the body (or the name of a ``parameter``) and a ``detail``.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, detail: str, *, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)

    @property
    def headers(self) -> dict[str, str]:
        return {}

    def body(self, mode: Mode | None) -> dict[str, Any]:
        """``mode`` is the mode of the caller's account where it is known, else None (then left out)."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        if mode is not None:
            body["mode"] = mode.value
        return body


class BadRequest(Problem):
    """The body is not a JSON object."""

    status = HTTPStatus.BAD_REQUEST


class Forbidden(Problem):
    """Not the caller's to ask."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """Not there, or not the caller's to see."""

    status = HTTPStatus.NOT_FOUND


class WrongMethod(Problem):
    """``allowed`` are the methods that the path does know."""

    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, detail: str, *, allowed: Sequence[str]) -> None:
        super().__init__(detail)
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class Conflicting(Problem):
    """Somebody else was faster."""

    status = HTTPStatus.CONFLICT


class TooLarge(Problem):
    """More than any honest request has."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Invalid(Problem):
    """Wrong types or values."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Broken(Problem):
    """A fault of ours; the log has more."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class Unavailable(Problem):
    """The store does not answer, or knows no policy yet."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The problem that pydantic's errors (as powertools hands them on) come to. A missing body is malformed (A4)."""
    if any(tuple(error["loc"]) == ("body",) for error in errors):
        return BadRequest("The request has no body; send a JSON object.")
    found = [_error(error) for error in errors[:_LISTED]]
    named = "; ".join(
        f"{_place(error['loc'])}: {entry['detail']}"
        for error, entry in zip(errors[:_NAMED_IN_DETAIL], found, strict=False)
    )
    more = len(errors) - _NAMED_IN_DETAIL
    return Invalid(
        f"The request is not valid: {named}{f'; and {more} more' if more > 0 else ''}. Correct it and ask again.",
        errors=found,
    )


def _error(error: Mapping[str, Any]) -> dict[str, str]:
    where, *path = error["loc"]
    place = {"pointer": _pointer(path)} if where == "body" else {"parameter": ".".join(map(str, path))}
    return place | {"detail": _what(error)}


def _what(error: Mapping[str, Any]) -> str:
    """What was expected and, but for a field that is not there, what was found instead."""
    expected = str(error["msg"])
    if error["type"] in {"missing", "target"}:
        return expected
    return f"{expected} (found {shown(error['input'])})"


def shown(value: object) -> str:
    """A value of a stranger, short enough for a message."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _pointer(path: Sequence[str | int]) -> str:
    """An RFC 6901 pointer in URI fragment form, as RFC 9457's own example has it."""
    return "".join(["#", *("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)])


def _place(loc: Sequence[str | int]) -> str:
    """``targets[0].region``."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc[1:])
    return "".join(parts).lstrip(".")
