"""Events sorted once by where they count (D5a), so that a question looks only at those that can concern it.

The store keeps one for all its questions, and the engine one for a question's targets; the same places get the same
events from both. Nothing but place is looked at: neither accounts, nor time, nor what a target deploys.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from org_gate.model.event import GLOBAL, Event


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look: in these Regions, and at these services wherever they are. Services in upper case."""

    regions: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def __or__(self, other: "Places") -> "Places":
        return Places(self.regions | other.regions, self.services | other.services)


NOWHERE: Final = Places()


class Sky:
    """Events, each of which has its own ARN and Region."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._everywhere: list[Event] = []
        self._in_region: defaultdict[str, list[Event]] = defaultdict(list)
        self._of_service: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event.region in {GLOBAL, ""} or event.service is None:
                self._everywhere.append(event)
            else:
                self._in_region[event.region].append(event)
                self._of_service[event.service.upper()].append(event)

    def over(self, places: Places | None) -> Iterator[Event]:
        """Those that count there (None: all), each once. What counts everywhere is always among them.

        So does an event whose Region or service nobody told.
        """
        yield from self._everywhere
        if places is None:
            yield from chain.from_iterable(self._in_region.values())
            return
        for region in sorted(places.regions):
            yield from self._in_region.get(region, ())
        for service in sorted(places.services):
            yield from (one for one in self._of_service.get(service, ()) if one.region not in places.regions)
