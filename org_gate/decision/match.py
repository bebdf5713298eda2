"""Whether a rule's ``match`` fits an event (P2, D7). Knows neither targets nor the organization.

Each condition goes by the name of its field in the policy, so that an explanation can tell them apart. Only doubts
are words here: a decision asks for fits alone, many thousand times.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from operator import itemgetter
from typing import Final

from org_gate.decision.fit import YES, Answer, all_of, known, unknown
from org_gate.decision.words import plain
from org_gate.decision.zones import Comparison, compare
from org_gate.model.event import ACTIONABILITIES, CATEGORIES, PERSONAS, SCOPES, STATUSES, Event
from org_gate.policy.model import Match
from org_gate.policy.services import ServiceNames

_ANSWER: Final = itemgetter(1)


def event_fits(match: Match, event: Event, names: ServiceNames, now: datetime, *, zones: tuple[str, ...]) -> Answer:
    """But for ``entities``. ``now`` is in whole seconds, as the event's times are; ``zones`` are the event's."""
    return all_of(map(_ANSWER, event_conditions(match, event, names, now, zones=zones)))


def event_conditions(
    match: Match, event: Event, names: ServiceNames, now: datetime, *, zones: tuple[str, ...]
) -> Iterator[tuple[str, Answer]]:
    """Each field that ``match`` names, but for ``entities``, and whether it fits."""
    yield from _by_kind(match, event)
    yield from _by_place(match, event, names, zones)
    yield from _by_time(match, event, now)


def entities_fit(match: Match, event: Event, account: str) -> Answer:
    """Whether an entity of the account is among the affected ones that ``match`` names."""
    if not match.entities:
        return YES
    entities = event.entities.get(account)
    if not entities:
        return unknown(f"no affected entity of account {plain(account)} is known")
    return known(any(fnmatchcase(entity, glob) for glob in match.entities for entity in entities))


def _by_kind(match: Match, event: Event) -> Iterator[tuple[str, Answer]]:
    if match.categories:
        yield "categories", _enumerated("category", event.category, match.categories, CATEGORIES)
    if match.statuses:
        yield "statuses", _enumerated("status", event.status, match.statuses, STATUSES)
    if match.scopes:
        yield "scopes", _enumerated("scope", event.scope, match.scopes, SCOPES)
    if match.actionabilities:
        yield (
            "actionabilities",
            _enumerated("actionability", event.actionability, match.actionabilities, ACTIONABILITIES),
        )
    if match.personas:
        yield "personas", _personas(event, match.personas)
    if match.type_codes:
        yield "type_codes", _type_code(event, match.type_codes)
    if match.drill is not None:
        yield "drill", known(event.drill is match.drill)


def _by_place(match: Match, event: Event, names: ServiceNames, zones: tuple[str, ...]) -> Iterator[tuple[str, Answer]]:
    if match.services:
        yield "services", _service(event, match.services, names)
    if match.regions:
        yield "regions", known(event.region in match.regions) if event.region else _untold("Region")
    if match.availability_zones:
        yield "availability_zones", _zone(zones, match.availability_zones)


def _by_time(match: Match, event: Event, now: datetime) -> Iterator[tuple[str, Answer]]:
    if match.starts_within is not None:
        yield "starts_within", _time("start", event.start, match.starts_within, lambda start, span: start < now + span)
    if match.open_for_at_least is not None:
        yield (
            "open_for_at_least",
            _time("start", event.start, match.open_for_at_least, lambda start, span: start <= now - span),
        )
    if match.updated_within is not None:
        yield (
            "updated_within",
            _time("last update", event.last_updated, match.updated_within, lambda last, span: last > now - span),
        )


def _enumerated(field: str, value: str | None, wanted: tuple[str, ...], heard_of: tuple[str, ...]) -> Answer:
    if value is None:
        return _untold(field)
    if value not in heard_of:
        return unknown(f"this version has never heard of its {field} {plain(value)}")
    return known(value in wanted)


def _personas(event: Event, wanted: tuple[str, ...]) -> Answer:
    if not event.personas:
        return _untold("persona")
    if any(persona in wanted for persona in event.personas):
        return known(fits=True)
    strange = [persona for persona in event.personas if persona not in PERSONAS]
    if strange:
        return unknown(f"this version has never heard of its persona {plain(strange[0])}")
    return known(fits=False)


def _type_code(event: Event, globs: tuple[str, ...]) -> Answer:
    code = event.type_code
    return _untold("type code") if code is None else known(any(fnmatchcase(code, glob) for glob in globs))


def _service(event: Event, wanted: tuple[str, ...], names: ServiceNames) -> Answer:
    if event.service is None:
        return _untold("service")
    return known(names.canonical(event.service) in map(names.canonical, wanted))


def _zone(zones: tuple[str, ...], wanted: tuple[str, ...]) -> Answer:
    if not zones:
        return _untold("zone")
    match compare(zones, wanted):
        case Comparison.SHARED:
            return known(fits=True)
        case Comparison.DISTINCT:
            return known(fits=False)
        case Comparison.IMPOSSIBLE:
            return unknown(f"its zone {plain(', '.join(zones))} cannot be compared with {', '.join(wanted)}")


def _time(field: str, moment: datetime | None, span: timedelta, fits: Callable[[datetime, timedelta], bool]) -> Answer:
    return _untold(field) if moment is None else known(fits(moment, span))


def _untold(field: str) -> Answer:
    return unknown(f"AWS Health did not tell its {field}")
