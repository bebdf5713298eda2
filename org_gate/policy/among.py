"""What is wrong with fields among themselves: a freeze without its end, a name given twice, aliases that go round.

Looks at what was written, before any model has taken it, so that it is told together with all other mistakes: of data
of a wrong shape it says nothing, for that is told elsewhere.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic_core import InitErrorDetails, PydanticCustomError

from org_gate.model.event import MULTIPLE_SERVICES
from org_gate.model.times import format_time, parse_duration, parse_time
from org_gate.policy.fields import duration_text
from org_gate.policy.mistakes import refusal
from org_gate.policy.services import resolved_aliases

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_OCCURRENCE: Final = timedelta(days=366)
"""So that a look at what is in force now looks back a year at most."""


def incomplete_freeze(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """What is wrong with a freeze's fields among themselves (P5)."""
    recurs, start, end = "rrule" in data, _moment_in(data, "from"), _moment_in(data, "to")
    if not recurs and "to" not in data:
        expected = "a time: a freeze without an rrule needs its end"
        yield _wrong(refusal(expected, found="nothing", blames="absence"), "to", data)
    if recurs and "duration" not in data:
        expected = "how long each occurrence lasts: a freeze with an rrule needs it"
        yield _wrong(refusal(expected, found="nothing", blames="absence"), "duration", data)
    if not recurs and "duration" in data:
        reason = refusal("from and to alone, or an rrule", found="a duration without an rrule", blames="key")
        yield _wrong(reason, "duration", data)
    if start and end and end <= start:
        yield _wrong(refusal(f"a time after from, which is {format_time(start)}"), "to", data)
    if recurs and start and start < _EARLIEST:
        yield _wrong(refusal("a time from 1970 on"), "from", data)
    if recurs and (_duration_in(data) or timedelta()) > _LONGEST_OCCURRENCE:
        yield _wrong(refusal(f"at most {duration_text(_LONGEST_OCCURRENCE)} where it recurs"), "duration", data)


def _wrong(reason: PydanticCustomError, field: str, data: dict[str, Any]) -> InitErrorDetails:
    return InitErrorDetails(type=reason, loc=(field,), input=data.get(field))


def _moment_in(data: dict[str, Any], field: str) -> datetime | None:
    """None where it is not there or not a time, which is told elsewhere."""
    try:
        return parse_time(data[field])
    except (KeyError, TypeError, ValueError):
        return None


def _duration_in(data: dict[str, Any]) -> timedelta | None:
    try:
        return parse_duration(data["duration"])
    except (KeyError, TypeError, ValueError):
        return None


def repeated_names(data: dict[str, Any], field: str) -> Iterator[InitErrorDetails]:
    """Of the entries of a list, whose field is the plural of what an entry is."""
    entries = data.get(field)
    if not isinstance(entries, list | tuple):
        return
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    reason = refusal(f"a name that no other {field.removesuffix('s')} has")
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            yield InitErrorDetails(type=reason, loc=(field, index, "name"), input=name)


def unclear_aliases(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """Aliases that are there twice, hide the largest outages, or go round."""
    aliases = data.get("service_aliases")
    if not isinstance(aliases, dict):
        return
    written = {name: code for name, code in aliases.items() if isinstance(name, str) and isinstance(code, str)}
    names, ends = [name.upper() for name in written], resolved_aliases(written)
    for index, name in enumerate(written):
        upper = names[index]
        if upper in names[:index]:
            reason = refusal("each alias once, whatever its case", found=f"{upper} again", blames="key")
        elif upper == MULTIPLE_SERVICES:
            found = f"{upper} as an alias, which would hide the largest outages"
            reason = refusal("aliases of single services", found=found, blames="key")
        elif ends[upper] is None:
            found = f"{upper}, whose aliases lead round in a circle"
            reason = refusal("aliases that end at a service code", found=found, blames="key")
        else:
            continue
        yield InitErrorDetails(type=reason, loc=("service_aliases", name), input=name)
