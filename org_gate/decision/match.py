"""Whether a rule's ``match`` fits an event (P2, D7). Knows neither targets nor the organization.

Each condition goes by the name of its field in the policy, so that an explanation can tell them apart. They are put
together once for a question and then asked of many events. Only doubts are words here: a decision asks for fits alone,
many thousand times.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase

from org_gate.decision.fit import YES, Answer, known, unknown
from org_gate.decision.words import plain
from org_gate.decision.zones import Comparison, compare
from org_gate.model.event import ACTIONABILITIES, CATEGORIES, PERSONAS, SCOPES, STATUSES, Event
from org_gate.policy.model import Match
from org_gate.policy.services import ServiceNames

Zones = tuple[str, ...]
"""An event's, as the policy has them told (``zones_of``)."""
Condition = Callable[[Event, Zones], Answer]


def conditions(match: Match, names: ServiceNames, now: datetime) -> Iterator[tuple[str, Condition]]:
    """Each field that ``match`` names, but for ``entities``, and what tells whether it fits an event.

    ``now`` is in whole seconds, as the event's times are.
    """
    yield from _by_kind(match)
    yield from _by_place(match, names)
    yield from _by_time(match, now)


def entities_fit(match: Match, event: Event, account: str) -> Answer:
    """Whether an entity of the account is among the affected ones that ``match`` names."""
    if not match.entities:
        return YES
    entities = event.entities.get(account)
    if not entities:
        return unknown(f"no affected entity of account {plain(account)} is known")
    return known(any(fnmatchcase(entity, glob) for glob in match.entities for entity in entities))


def _by_kind(match: Match) -> Iterator[tuple[str, Condition]]:
    if match.categories:
        yield "categories", lambda event, _: _enumerated("category", event.category, match.categories, CATEGORIES)
    if match.statuses:
        yield "statuses", lambda event, _: _enumerated("status", event.status, match.statuses, STATUSES)
    if match.scopes:
        yield "scopes", lambda event, _: _enumerated("scope", event.scope, match.scopes, SCOPES)
    if match.actionabilities:
        yield (
            "actionabilities",
            lambda event, _: _enumerated("actionability", event.actionability, match.actionabilities, ACTIONABILITIES),
        )
    if match.personas:
        yield "personas", lambda event, _: _personas(event, match.personas)
    if match.type_codes:
        yield "type_codes", lambda event, _: _type_code(event, match.type_codes)
    if match.drill is not None:
        yield "drill", lambda event, _: known(event.drill is match.drill)


def _by_place(match: Match, names: ServiceNames) -> Iterator[tuple[str, Condition]]:
    if match.services:
        services = names.all(match.services)
        yield "services", lambda event, _: _service(event, services, names)
    if match.regions:
        yield "regions", lambda event, _: known(event.region in match.regions) if event.region else _untold("Region")
    if match.availability_zones:
        yield "availability_zones", lambda _, zones: _zone(zones, match.availability_zones)


def _by_time(match: Match, now: datetime) -> Iterator[tuple[str, Condition]]:
    if match.starts_within is not None:
        latest = now + match.starts_within
        yield "starts_within", lambda event, _: _time("start", event.start, lambda start: start < latest)
    if match.open_for_at_least is not None:
        by_then = now - match.open_for_at_least
        yield "open_for_at_least", lambda event, _: _time("start", event.start, lambda start: start <= by_then)
    if match.updated_within is not None:
        since = now - match.updated_within
        yield "updated_within", lambda event, _: _time("last update", event.last_updated, lambda last: last > since)


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


def _service(event: Event, wanted: frozenset[str], names: ServiceNames) -> Answer:
    return _untold("service") if event.service is None else known(names.canonical(event.service) in wanted)


def _zone(zones: Zones, wanted: tuple[str, ...]) -> Answer:
    if not zones:
        return _untold("zone")
    match compare(zones, wanted):
        case Comparison.SHARED:
            return known(fits=True)
        case Comparison.DISTINCT:
            return known(fits=False)
        case Comparison.IMPOSSIBLE:
            return unknown(f"its zone {plain(', '.join(zones))} cannot be compared with {', '.join(wanted)}")


def _time(field: str, moment: datetime | None, fits: Callable[[datetime], bool]) -> Answer:
    return _untold(field) if moment is None else known(fits(moment))


def _untold(field: str) -> Answer:
    return unknown(f"AWS Health did not tell its {field}")
