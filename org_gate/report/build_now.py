"""How things stand: how old the knowledge is, what is wrong with it in words, who waits."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from org_gate.model.decision import Mode
from org_gate.model.times import age_seconds, describe_duration, format_time
from org_gate.model.waiting import Waiting
from org_gate.report.build_bounds import NAME, Bounds, bounded
from org_gate.report.build_events import Happened, by_hits, shown
from org_gate.report.build_policy import Versions
from org_gate.report.build_tree import Tree
from org_gate.report.model import Freshness, Now, Rows, WaitingRow
from org_gate.report.plain import cut
from org_gate.report.reading import Reader
from org_gate.store.state import State

MOST_HITTING: Final = 200
_TREE_AGES: Final = timedelta(days=1)
_LOOK_AGES: Final = timedelta(hours=1)


def now_part(
    reader: Reader, tree: Tree, happened: Happened, state: State, versions: Versions, *, now: datetime, bounds: Bounds
) -> Now:
    """Raises StoreError."""
    fresh = _freshness(state, versions, now)
    hitting = [shown(seen.place, bounds) for seen in by_hits(happened)]
    told = [place for place in hitting if place is not None][:MOST_HITTING]
    return Now(
        freshness=fresh,
        warnings=tuple(_warnings(fresh, versions, now)),
        open_events=len(hitting),
        hitting=tuple(told),
        hitting_omitted=len(hitting) - len(told),
        waiting=_waiting(reader, tree, bounds),
    )


def _freshness(state: State, versions: Versions, now: datetime) -> Freshness:
    age = age_seconds(state.as_of, now)
    most = None if versions.rules is None else int(versions.rules.defaults.max_age.total_seconds())
    return Freshness(
        as_of=state.as_of,
        age_seconds=age,
        stale=age is None or (most is not None and age > most),
        max_age_seconds=most,
        full_look_at=state.full_at,
        tree_at=state.tree_at,
    )


def _warnings(fresh: Freshness, versions: Versions, now: datetime) -> Iterator[str]:
    yield from _about_knowledge(fresh, now)
    if versions.present is None:
        yield "No policy has been published, so nothing can be decided: gates go by what they find in their accounts."
    elif versions.rules is None:
        yield "The policy that holds is one that this version of org-gate does not understand: update the central part."
    elif versions.rules.mode is not Mode.ENFORCE:
        yield f"The policy's mode is {versions.rules.mode.value}: what it names no other mode for is never blocked."


def _about_knowledge(fresh: Freshness, now: datetime) -> Iterator[str]:
    if fresh.as_of is None:
        yield "AWS Health has never been read completely: decisions count as made on stale knowledge."
    elif fresh.stale:
        age = describe_duration(now - fresh.as_of)
        yield f"What is known of AWS Health is of {format_time(fresh.as_of)}, {age} old: older than the policy allows."
    if fresh.as_of is not None and _is_old(fresh.full_look_at, now, _LOOK_AGES):
        yield "For an hour nobody looked at all open events, only at what changed: some of them may be over."
    if fresh.tree_at is None:
        yield "The organization's tree was never read: accounts have no OUs here, and rules that name OUs are unsure."
    elif _is_old(fresh.tree_at, now, _TREE_AGES):
        yield f"The organization's tree is of {format_time(fresh.tree_at)}: accounts may have moved or come since."


def _is_old(moment: datetime | None, now: datetime, most: timedelta) -> bool:
    return moment is None or now - moment > most


def _waiting(reader: Reader, tree: Tree, bounds: Bounds) -> Rows[WaitingRow]:
    waiting = [one for one in reader.waiting() if tree.counts(one.deployment.account)]
    waiting.sort(key=lambda one: (one.since, one.deployment))
    return bounded([_row(one) for one in waiting], bounds.others)


def _row(one: Waiting) -> WaitingRow:
    where = one.deployment
    return WaitingRow(
        account=where.account,
        region=cut(where.region, NAME),
        pipeline=cut(where.pipeline, NAME),
        stage=cut(where.stage, NAME),
        execution_id=cut(where.execution_id, NAME),
        decision_id=one.decision_id,
        since=one.since,
    )
