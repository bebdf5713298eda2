"""The history of a table by day, as JSON Lines: what is kept in S3, for longer than the table keeps it.

A day's decisions are those taken on it; its events are those whose record was written on it, each as the table has it
by now: written soon after the day has ended, that is how the event stood at its end. Lines are those of ``exporting``,
in an order that depends on the table's content alone, made one after the other: a day is never in memory as a whole.
The longest lines are a decision that many events concern, and an event that many accounts are affected by (15 bytes
each: 10,000 of them make 150 kB). Reads only; where the files go is the caller's business.
"""

import gzip
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO, Final

from org_gate.model.event import Event, EventKey
from org_gate.model.record import event_of
from org_gate.report.exporting import decision_line, event_line
from org_gate.store.store import Store

KINDS: Final = ("decisions", "events")
_A_DAY: Final = timedelta(days=1)


def lines(store: Store, kind: str, day: date) -> Iterator[str]:
    """The day's lines of one of ``KINDS``; none where it has nothing of that kind. Raises StoreError."""
    if kind == "decisions":
        begin = datetime.combine(day, datetime.min.time(), UTC)
        return map(decision_line, store.past.whole(begin, begin + _A_DAY))
    return map(event_line, events(store, store.past.seen(day)))


def events(store: Store, wanted: Iterable[EventKey]) -> Iterator[Event]:
    """Those that are there, in this order, as they are known by now, with all accounts that they affect.

    One without a last update is left out: nothing tells from when on it was so. Raises StoreError.
    """
    for record in store.past.records(wanted):
        if record.text("last_updated") is not None:
            accounts = store.past.accounts(record.key) if record.lists_accounts else ()
            yield event_of(record, frozenset(accounts))


def key(kind: str, day: date) -> str:
    """Where a day's lines are, below whatever prefix: as tables that are partitioned by day expect it."""
    return f"{kind}/day={day.isoformat()}/{kind}.jsonl.gz"


def pack(told: Iterable[str], file: BinaryIO) -> int:
    """How many lines were written, compressed. The same lines make the same bytes, whenever that is."""
    count = 0
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
        for line in told:
            packed.write(line.encode())
            count += 1
    return count
