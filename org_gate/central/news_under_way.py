"""Deployments that passed their gates shortly before an incident opened: they may be on the way into it.

Their recorded requests are decided again by what is known now. Only looked for when another event is open than at
the last digest, and only so many; nothing is stopped.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.central.deciding_again import Again
from org_gate.central.news_kept import MOST_TOLD, SHOWN, Kept, UnderWay, name_of
from org_gate.central.records import UnreadableRecordError, request_of
from org_gate.model.cause import Cause, cause_of
from org_gate.model.decision import decision_json
from org_gate.model.request import Request
from org_gate.store import State, Store
from org_gate.store.decision_list import Run
from org_gate.store.table import batches

WITHIN: Final = timedelta(hours=1)
MOST_RUNS: Final = 5000
MOST_DECIDED: Final = 1000
_AT_ONCE: Final = 100


def open_events(store: Store, now: datetime) -> str:
    """A mark of the events that are open; another one where another event is. Raises StoreError."""
    names = [repr(key) for key, held in store.events.open().items() if not held.record.over(now)]
    names += [one.id for one in store.synthetic.in_force(now)]
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]


class UnderWaySearch:
    """At one time. ``may_go_on`` is asked before more is read. Raises StoreError."""

    def __init__(self, store: Store, state: State, now: datetime, may_go_on: Callable[[], bool]) -> None:
        self._store = store
        self._now = now
        self._may_go_on = may_go_on
        self._again = Again(store, state, *store.policy(state), now)

    def run(self, kept: Kept) -> int:
        """Adds to ``kept`` what is found and was not told before; how many deployments were left out."""
        runs, omitted = self._store.runs(self._now - WITHIN, self._now, MOST_RUNS)
        told = set(kept.under_way_told)
        passed = [run for run in _passed(runs) if run.decision_id not in told]
        looked_at = 0
        for batch in batches(passed[:MOST_DECIDED], _AT_ONCE):
            if not self._may_go_on():
                break
            looked_at += len(batch)
            for run, cause in self._blocked_now(batch):
                _add(kept, run, cause)
        kept.under_way_told = kept.under_way_told[-MOST_TOLD:]
        return len(passed) - looked_at + omitted

    def _blocked_now(self, runs: Iterable[Run]) -> Iterator[tuple[Run, Cause]]:
        by_id = {run.decision_id: run for run in runs}
        records = self._store.several_decisions([*by_id])
        asked = [(request, by_id[record["decision_id"]]) for record in records if (request := _request(record))]
        for request, run, known in self._again.known(asked):
            cause = cause_of(decision_json(self._again.decide(request, known), run.decision_id))
            if cause is not None and cause.kind == "event":
                yield run, cause


def _passed(runs: Iterable[Run]) -> list[Run]:
    """The latest decision of each execution and stage, where it let it pass its gate; the newest first."""
    latest: dict[tuple[str | None, ...], Run] = {}
    for run in runs:
        latest.setdefault((run.account, run.region, run.pipeline, run.stage, run.execution_id), run)
    return [run for run in latest.values() if run.verdict != "block" and run.on_block is not None]


def _add(kept: Kept, run: Run, cause: Cause) -> None:
    found = kept.under_way.setdefault(run.account, UnderWay(cause=cause))
    found.number += 1
    if len(found.names) < SHOWN:
        found.names.append(name_of(run.account, run.region, run.pipeline))
    kept.under_way_told.append(run.decision_id)


def _request(record: Mapping[str, Any]) -> Request | None:
    """None where another version wrote it: it is not looked at."""
    try:
        return request_of(record)
    except UnreadableRecordError:
        return None
