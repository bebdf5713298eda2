"""When things happened, in buckets of one length, and where: the heat map of Regions and services."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from org_gate.model.times import from_epoch
from org_gate.report.build_bounds import NAME, Bounds, bounded
from org_gate.report.build_events import Happened, Seen
from org_gate.report.model import Bucket, HeatCell, Rows, Timeline
from org_gate.report.plain import cut, cut_if_any

_MOST_BUCKETS: Final = 120
_HOUR: Final = 3600
_LENGTHS: Final = (_HOUR, 6 * _HOUR, 24 * _HOUR, 7 * 24 * _HOUR, 28 * 24 * _HOUR)
_WORDS: Final = {"allow": "allowed", "warn": "warned", "block": "blocked"}


def timeline(
    happened: Happened, times: Mapping[tuple[datetime, str], int], since: datetime, until: datetime
) -> Timeline:
    """``times`` are decisions by the hour they began in, and verdict. The first bucket may begin before the range."""
    length = next((each for each in _LENGTHS if (until - since).total_seconds() <= each * _MOST_BUCKETS), _LENGTHS[-1])
    counts = _Buckets(since, until, length)
    for seen in happened.seen:
        counts.take(seen, since, until)
    for (hour, verdict), number in times.items():
        counts.add(hour, _WORDS[verdict], number)
    return Timeline(bucket_seconds=length, buckets=counts.all())


class _Buckets:
    """One for each piece of the range, all of one length, from a whole multiple of it on (in Unix time)."""

    def __init__(self, since: datetime, until: datetime, length: int) -> None:
        self._length = length
        self._first = int(since.timestamp()) // length
        last = (int(until.timestamp()) - 1) // length
        self._counts = [Counter[str]() for _ in range(max(0, last - self._first + 1))]

    def add(self, moment: datetime, what: str, number: int = 1) -> None:
        self._counts[max(0, self._at(moment))][what] += number  # an hour may begin before the range

    def take(self, seen: Seen, since: datetime, until: datetime) -> None:
        start, ended = seen.start, seen.ended
        if start is not None and since <= start < until:
            self.add(start, "events_started")
        if start is not None and start >= until:
            return
        first = 0 if start is None else max(0, self._at(start))
        last = len(self._counts) - 1 if ended is None else min(len(self._counts) - 1, self._at(ended))
        for place in range(first, last + 1):
            self._counts[place]["events_open"] += 1

    def all(self) -> tuple[Bucket, ...]:
        return tuple(
            Bucket(start=from_epoch((self._first + place) * self._length), **counts)
            for place, counts in enumerate(self._counts)
        )

    def _at(self, moment: datetime) -> int:
        return int(moment.timestamp()) // self._length - self._first


def heat(happened: Happened, blocked: Mapping[tuple[str, str | None], int], bounds: Bounds) -> Rows[HeatCell]:
    """``blocked`` are decisions by Region and service of what blocked them."""
    events, is_open = Counter[tuple[str, str | None]](), Counter[tuple[str, str | None]]()
    for seen in happened.seen:
        events[seen.cell] += 1
        is_open[seen.cell] += seen.open
    cells = sorted(events, key=lambda cell: (-events[cell], cell[0], cell[1] or ""))
    rows = [
        HeatCell(
            region=cut(region, NAME),
            service=cut_if_any(service, NAME),
            events=events[region, service],
            open=is_open[region, service],
            blocked=blocked.get((region, service), 0),
        )
        for region, service in cells
    ]
    return bounded(rows, bounds.others * 4)
