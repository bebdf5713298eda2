"""What AWS Health shows (S2), and what central knows of it by polls and notifications (D3, D4, D13)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.e2e.oracle.times import EVENT_TIMES, moment

Key = tuple[str, str]
OVERLAP = 15 * 60
FULL_LOOK_EVERY = 5 * 60
"""How far a poll looks back, and how often it looks at everything open: the collector's own figures."""


@dataclass(frozen=True)
class Sighting:
    """An event as it stands: AWS Health's fields, times in seconds, and the accounts it names."""

    fields: Mapping[str, Any]
    accounts: frozenset[str] = frozenset()
    by_api: bool = True
    accounts_of: int = 0
    """The update that the accounts were read for."""
    missed: int = 0
    """How many full looks in a row did not list it."""

    @property
    def key(self) -> Key:
        return self.fields["arn"], self.fields["region"]

    @property
    def updated(self) -> int:
        return int(self.fields["lastUpdatedTime"])

    @property
    def public(self) -> bool:
        """D5b: scope absent or unknown is PUBLIC where no account is listed."""
        scope = self.fields.get("eventScopeCode")
        return scope == "PUBLIC" or (scope != "ACCOUNT_SPECIFIC" and not self.accounts)

    def over(self, now: int) -> bool:
        """D4."""
        end = self.fields.get("endTime")
        return self.fields.get("statusCode") == "closed" or (end is not None and end <= now) or self.missed > 1

    @property
    def listed(self) -> bool:
        """Among everything open, which is what a full look asks for."""
        return self.fields.get("statusCode") in ("open", "upcoming")


@dataclass
class Shown:
    """AWS Health, from the timeline's ``health`` entries."""

    start: int
    events: dict[Key, Sighting] = field(default_factory=dict)

    def show(self, entry: Mapping[str, Any], now: int) -> None:
        named: dict[str, Any] = {
            name: moment(value, self.start) if name in EVENT_TIMES and value is not None else value
            for name, value in entry["event"].items()
        }
        before = self.one(named["arn"], named.get("region"))
        fields = {**(before.fields if before else {}), "lastUpdatedTime": now, **named}
        accounts = entry.get("affectedAccounts")
        after = Sighting(
            {name: value for name, value in fields.items() if value is not None},
            frozenset(accounts) if accounts is not None else before.accounts if before else frozenset(),
        )
        self.events[after.key] = after

    def one(self, arn: str, region: str | None) -> Sighting | None:
        found = [event for (a, r), event in self.events.items() if a == arn and region in (None, r)]
        return found[0] if found else None

    def accounts(self, arn: str) -> frozenset[str]:
        """AWS Health names the affected accounts of an ARN, whatever its Regions."""
        named = [event.accounts for event in self.events.values() if event.key[0] == arn and not event.public]
        return frozenset[str]().union(*named)


@dataclass
class Central:
    """What the central cell knows."""

    as_of: int | None = None
    full_at: int | None = None
    tree_known: bool = False
    events: dict[Key, Sighting] = field(default_factory=dict)

    def poll(self, shown: Shown, now: int) -> None:
        """A complete one."""
        full = self.full_at is None or now - self.full_at >= FULL_LOOK_EVERY
        since = (now if self.as_of is None else self.as_of) - OVERLAP
        for event in shown.events.values():
            if since <= event.updated or (full and event.listed):
                self._read(event, shown, full=full)
            known = self.events.get(event.key)
            if full and known is not None and known.listed and not event.listed and not known.over(now):
                self.events[event.key] = replace(known, missed=known.missed + 1)
        self.as_of = now
        self.full_at = now if full else self.full_at

    def _read(self, event: Sighting, shown: Shown, *, full: bool) -> None:
        known = self.events.get(event.key)
        newer = known is None or event.updated >= known.updated
        accounts_due = known is None or full or event.updated > known.accounts_of
        base = event if newer or known is None else known
        accounts = known.accounts if known is not None and not accounts_due else shown.accounts(event.key[0])
        read_for = known.accounts_of if known is not None and not accounts_due else event.updated
        by_api = newer or (known is not None and known.by_api)
        self.events[event.key] = Sighting(base.fields, frozenset(accounts), by_api, read_for)

    def notified(self, event: Sighting) -> None:
        """EventBridge brings the event as it stands, once for each affected account (all of them here)."""
        known = self.events.get(event.key)
        carried = {name: value for name, value in event.fields.items() if name != "availabilityZone"}
        if known is None:
            self.events[event.key] = Sighting(carried, event.accounts, by_api=False)
            return
        stands = event.updated > known.updated or (
            event.updated == known.updated and not known.by_api and _openness(event) > _openness(known)
        )
        zone = {name: known.fields[name] for name in ("availabilityZone",) if name in known.fields}
        self.events[event.key] = Sighting(
            {**carried, **zone} if stands else known.fields,
            known.accounts | event.accounts,
            known.by_api and not stands,
            known.accounts_of,
        )


def _openness(event: Sighting) -> int:
    """Of two notifications the more open one stands; one of a status that nobody knows may mean anything."""
    return {"closed": 0, "upcoming": 1, "open": 3}.get(event.fields.get("statusCode", ""), 2)
