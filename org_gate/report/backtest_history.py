"""What was known when: every event as it was shown from one moment on to the next, and the accounts it may concern.

The ground that a backtest stands on, whatever it was read from. Pure; it decides nothing and looks at no policy.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from org_gate.decision.concern import is_over
from org_gate.model.event import Account, Event, EventKey
from org_gate.model.sky import Places, Sky


class Version(NamedTuple):
    """An event as it was shown from ``since`` on."""

    since: datetime
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHistory:
    """One event (all versions have its key). ``versions`` is in order of time, one for each, and never empty."""

    versions: tuple[Version, ...]
    title: str = ""
    """What a person calls it; nothing where nobody said."""
    assumed: bool = False
    """When it was first shown is not on record: it is taken to have been shown from its start on."""

    @property
    def key(self) -> EventKey:
        return self.versions[0].event.key

    @property
    def shown(self) -> datetime:
        return self.versions[0].since

    @property
    def began(self) -> datetime:
        """As the last version that tells a start has it; not after it was shown."""
        starts = [version.event.start for version in self.versions if version.event.start is not None]
        return min(starts[-1], self.shown) if starts else self.shown

    def at(self, now: datetime) -> Event | None:
        """None before it was shown."""
        index = bisect_right(self.versions, now, key=lambda version: version.since)
        return self.versions[index - 1].event if index else None

    def over(self) -> datetime | None:
        """From when on it is over (D4) and stays so; None where nothing on record ends it."""
        found, until = None, None
        for version in reversed(self.versions):
            ends = _over_within(version)
            if ends is None or (until is not None and ends >= until):
                return found
            found, until = ends, version.since
            if ends > version.since:
                return found
        return found


@dataclass(frozen=True, slots=True)
class History:
    """``events`` in order of ARN and Region."""

    events: tuple[EventHistory, ...]
    accounts: Mapping[str, Account] = field(default_factory=dict)
    _over: dict[Places, "History"] = field(default_factory=dict, repr=False, compare=False)

    def known(self, now: datetime) -> tuple[Event, ...]:
        """Everything shown by then, what is over included."""
        return tuple(event for one in self.events if (event := one.at(now)) is not None)

    def over(self, places: Places) -> "History":
        """The events alone that ever count in these places: no other one changes a decision about them (D5a).

        Kept, for many questions are about the same places.
        """
        found = self._over.get(places)
        if found is None:
            sky = Sky(version.event for one in self.events for version in one.versions)
            counting = {event.key for event in sky.over(places)}
            found = self._over[places] = History(
                tuple(one for one in self.events if one.key in counting), self.accounts
            )
        return found


def history_of(
    versions: Iterable[Version],
    accounts: Mapping[str, Account],
    *,
    titles: Mapping[EventKey, str] | None = None,
    assumed: frozenset[EventKey] = frozenset(),
) -> History:
    """Of versions in any order. Of two from the same moment the later one in the order given stands."""
    by_key: dict[EventKey, dict[datetime, Event]] = {}
    for since, event in versions:
        by_key.setdefault(event.key, {})[since] = event
    events = (
        EventHistory(
            versions=tuple(Version(since, found[since]) for since in sorted(found)),
            title=(titles or {}).get(key, ""),
            assumed=key in assumed,
        )
        for key, found in sorted(by_key.items())
    )
    return History(tuple(events), accounts)


def _over_within(version: Version) -> datetime | None:
    """From when on this version alone says that it is over."""
    since, event = version
    if is_over(event, since):
        return since
    return event.end
