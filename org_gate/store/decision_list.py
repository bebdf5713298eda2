"""Decisions listed, the newest first, a page at a time: an account's, a pipeline's, or everybody's.

Everybody's are in one partition for each day and shard. Days are walked backwards, those without decisions are not
looked at, and shards are read as far as a page needs them. One page reads so much and no more: where it finds little
of what is asked for, it is short, and the next one goes on.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final

from org_gate.model.cause import Cause, cause_from
from org_gate.model.times import format_time, parse_time
from org_gate.store import keys
from org_gate.store.table import Item, Table

MOST_READ: Final = 5000
"""How many entries one page looks at."""
MOST_DAYS: Final = 50
"""How many days with decisions one page looks at."""
RECENT: Final = timedelta(days=30)
_EARLIEST: Final = "0"
_LATEST: Final = "\U0010ffff"
_LONGEST_TOKEN: Final = 300
_POSITION: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)(#[!-~]{1,100})?")
_SHOWN: Final = ("decision_id", "account", "at", "pipeline", "verdict", "would_be", "mode", "exempt", "summary", "ous")

MOST_COUNTED: Final = 20_000
"""How many more are counted at most, where not all are looked at."""

PipelineName = tuple[str | None, str]
"""Region (None: any) and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A decision about one execution of a pipeline. ``on_block`` is None where no gate asked."""

    decision_id: str
    account: str
    at: datetime
    pipeline: str
    region: str | None
    stage: str | None
    execution_id: str | None
    verdict: str
    on_block: str | None
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class _Span:
    """Sort keys, from the first to the last that may be listed; what is at ``before`` was listed."""

    low: str
    high: str
    before: str


class DecisionList:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(
        self,
        *,
        account: str | None,
        pipeline: PipelineName | None,
        since: datetime | None,
        until: datetime | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """At most ``limit`` entries of ``[since, until)``, and the token of the next page, None where that was all.

        A token is a place in time and no more: whatever it is used with, it opens nothing. Raises ValueError for
        one that was never given.
        """
        span = _span(since, until, after)
        groups, beyond = self._groups(account, pipeline, span)
        wanted = limit if account is not None or pipeline is None else MOST_READ
        found: list[dict[str, Any]] = []
        position = ""
        for read, item in enumerate(self._walk(groups, span, wanted)):
            if len(found) == limit or read == MOST_READ:
                return found, _token(position)
            position = item["sk"]
            if pipeline is None or _fits(item, pipeline):
                found.append(_entry(item))
        return found, beyond and _token(beyond)

    def recent(self, limit: int, now: datetime) -> list[str]:
        """The ids of the newest so many of the last 30 days."""
        span = _span(now - RECENT, None, None)
        groups, _ = self._groups(None, None, span)
        return [item["decision_id"] for item in islice(self._walk(groups, span, limit), limit)]

    def between(self, since: datetime, until: datetime, most: int) -> tuple[list[Run], int]:
        """The newest so many decisions of ``[since, until)`` about pipelines, and how many entries were left out."""
        span = _span(since, until, None)
        groups, _ = self._groups(None, None, span)
        entries = self._walk(groups, span, most)
        read = list(islice(entries, most))
        return [_run(item) for item in read if "run" in item], sum(1 for _ in islice(entries, MOST_COUNTED))

    def _groups(
        self, account: str | None, pipeline: PipelineName | None, span: _Span
    ) -> tuple[list[Sequence[str]], str | None]:
        """Partitions to be merged, group after group; and where the next page goes on if all of them are read."""
        if account is not None:
            return [[keys.decisions_of(account) if pipeline is None else keys.pipeline(account, pipeline[1])]], None
        marks = self._table.backwards(keys.DAYS, span.low[:10], span.high[:10], MOST_DAYS + 1)
        days = [mark["sk"] for mark in islice(marks, MOST_DAYS + 1)]
        beyond = f"{days[MOST_DAYS - 1]}T00:00:00Z" if len(days) > MOST_DAYS else None
        return [keys.shards(day) for day in days[:MOST_DAYS]], beyond

    def _walk(self, groups: Sequence[Sequence[str]], span: _Span, wanted: int) -> Iterator[Item]:
        """The entries, the newest first, as they are asked for; ``wanted`` says about how many that will be."""
        return chain.from_iterable(self._merged(group, span, wanted) for group in groups)

    def _merged(self, partitions: Sequence[str], span: _Span, wanted: int) -> Iterator[Item]:
        page = wanted + 20 if len(partitions) == 1 else wanted * 3 // (len(partitions) * 2) + 5
        read = (self._table.backwards(pk, span.low, span.high, page) for pk in partitions)
        merged = merge(*read, key=itemgetter("sk"), reverse=True)
        return (item for item in merged if item["sk"] < span.before)


def _span(since: datetime | None, until: datetime | None, after: str | None) -> _Span:
    """Raises ValueError where ``after`` is no token."""
    low = _EARLIEST if since is None else format_time(since)
    high = _LATEST if until is None else format_time(until)
    before = _LATEST if after is None else _position(after)
    return _Span(low, min(high, before), before)


def _fits(item: Mapping[str, Any], pipeline: PipelineName) -> bool:
    region, name = pipeline
    held = item["pipeline"] or {}
    return held.get("name") == name and region in {None, held.get("region")}


def _entry(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: item[name] for name in _SHOWN}, "policy_version": int(item["policy_version"])}


def _run(item: Mapping[str, Any]) -> Run:
    pipeline, run, cause = item["pipeline"], item["run"], item.get("cause")
    return Run(
        decision_id=item["decision_id"],
        account=item["account"],
        at=parse_time(item["at"]),
        pipeline=pipeline["name"],
        region=pipeline["region"],
        stage=run["stage"],
        execution_id=run["execution_id"],
        verdict=item["verdict"],
        on_block=run["on_block"],
        cause=None if cause is None else cause_from(cause),
    )


def _token(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def _position(token: str) -> str:
    """Raises ValueError."""
    try:
        text = _decoded(token)
    except ValueError:
        text = ""
    if not text or _token(text) != token:
        msg = "The token of the next page is not one that was given. Take it from the page before, or start without one"
        raise ValueError(msg)
    return text


def _decoded(token: str) -> str:
    """A position, or nothing. Raises ValueError where it is not even text."""
    padding = "=" * (-len(token) % 4)
    text = base64.b64decode(token[:_LONGEST_TOKEN] + padding, altchars=b"-_", validate=True).decode("ascii")
    found = _POSITION.fullmatch(text)
    return text if found is not None and format_time(parse_time(found[1])) == found[1] else ""
