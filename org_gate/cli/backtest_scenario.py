"""A scenario as a history: what AWS Health showed when, read without playing it, however many years it spans.

Only its organization and its ``health`` entries count: deployments, faults, overrides and policies of the story are
not the backtest's. It reads scenarios without moto, so the backtest needs no extra.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from org_gate.health.reading import service_code, spelled
from org_gate.health.zones import text_zones
from org_gate.model.event import Account, Event, EventKey
from org_gate.model.times import whole
from org_gate.report.backtest_history import History, Version, history_of
from org_gate.rollout.files import shipped
from org_gate.simulator.health.events import EventBook, ShownEvent
from org_gate.simulator.scenario import Scenario, read_scenario
from org_gate.simulator.scenario.checks import health_update
from org_gate.simulator.scenario.model import Entry


def read(file: Path) -> Scenario:
    """Raises DocumentError with all problems, OSError."""
    return read_scenario(file, shipped("config/policy.yaml"))


def accounts(scenario: Scenario) -> tuple[str, ...]:
    """Those whose gates the scenario rolls out: the active ones in its ``gate_ous``."""
    return tuple(
        account.id
        for account in scenario.organization.accounts
        if account.status == "ACTIVE" and _within(account.ou, scenario.gate_ous)
    )


def history(scenario: Scenario) -> History:
    """An event's title is the note of the entry that shows it first."""
    versions: list[Version] = []
    newest: dict[EventKey, datetime] = {}
    titles: dict[EventKey, str] = {}
    for entry, shown in _shown(scenario):
        event = _event(shown)
        titles.setdefault(event.key, entry.note or "")
        if shown.updated >= newest.get(event.key, shown.updated):  # an older update changes nothing (D3)
            newest[event.key] = shown.updated
            versions.append(Version(scenario.start + entry.at, event))
    return history_of(versions, _tree(scenario), titles=titles)


def _shown(scenario: Scenario) -> Iterator[tuple[Entry, ShownEvent]]:
    """Each entry of AWS Health's, and the event as it is shown from then on."""
    book = EventBook()
    for entry in scenario.entries():
        if entry.health is not None:
            yield entry, book.show(health_update(scenario, entry.health), scenario.start + entry.at)


def _within(ou: str, gate_ous: list[str] | None) -> bool:
    return gate_ous is None or any(ou == path or ou.startswith(f"{path}/") for path in gate_ous)


def _event(shown: ShownEvent) -> Event:
    """As central would know it."""
    fields = shown.fields
    entities: dict[str, tuple[str, ...]] = {}
    for entity in shown.entities:
        entities[entity["accountId"]] = (*entities.get(entity["accountId"], ()), entity["entityValue"])
    return Event(
        arn=shown.arn,
        region=shown.region.lower(),
        service=service_code(fields["service"]),
        type_code=fields["eventTypeCode"],
        category=_spelled("category", fields.get("eventTypeCategory")),
        status=_spelled("status", fields.get("statusCode")),
        scope=_spelled("scope", fields.get("eventScopeCode")),
        start=_time(fields.get("startTime")),
        end=_time(fields.get("endTime")),
        last_updated=_time(shown.updated),
        availability_zone=fields.get("availabilityZone"),
        actionability=_spelled("actionability", fields.get("actionability")),
        personas=tuple(spelled("personas", persona) for persona in fields.get("personas", ())),
        lists_accounts=bool(shown.accounts),
        accounts=frozenset(shown.accounts),
        text_zones=text_zones(shown.description),
        entities=entities,
    )


def _spelled(name: str, value: str | None) -> str | None:
    return None if value is None else spelled(name, value)


def _time(moment: datetime | None) -> datetime | None:
    return None if moment is None else whole(moment)


def _tree(scenario: Scenario) -> Mapping[str, Account]:
    """A scenario names OUs by their paths alone, so what a policy says by an OU's id fits none of them."""
    organization = scenario.organization
    root = Account(organization.management, "", (), {})
    members = (Account(one.id, one.ou, (), one.tags) for one in organization.accounts)
    return {account.id: account for account in (root, *members)}
