"""What people did by hand: overrides, drills and declared events of the range, and how many decisions they changed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from org_gate.model.override import Override
from org_gate.model.synthetic import Kind, SyntheticEvent
from org_gate.report.build_bounds import NAME, TEXT, Bounds, bounded
from org_gate.report.build_tree import Tree
from org_gate.report.model import Exceptions, OverrideRow, SyntheticRow
from org_gate.report.plain import cut, cut_if_any
from org_gate.report.reading import Reader

_FEW: Final = 20


def exceptions(
    reader: Reader,
    tree: Tree,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    used: Mapping[str, int],
    blocked: Mapping[str, int],
    bounds: Bounds,
) -> Exceptions:
    """``used`` are decisions by override, ``blocked`` by drill and declared event. Raises StoreError.

    With a scope: those that name nobody in particular, or an account in it, or that told in a decision of it.
    """

    def was_on(created: datetime, ends: datetime, ended: datetime | None) -> bool:
        last = ends if ended is None else min(ends, ended)
        return (created < until and last > since) or created <= now < last

    overrides = [
        _override(one, now, used.get(one.id, 0))
        for one in reader.overrides()
        if was_on(one.created_at, one.expires_at, one.revoked_at) and (_concerns(tree, one.accounts) or one.id in used)
    ]

    def synthetic(kind: Kind) -> list[SyntheticRow]:
        return [
            _synthetic(one, now, blocked.get(one.id, 0))
            for one in reader.synthetic(kind)
            if was_on(one.created_at, one.ends_at, one.stopped_at)
            and (_concerns(tree, one.accounts) or one.id in blocked)
        ]

    return Exceptions(
        overrides=bounded(overrides, bounds.others),
        drills=bounded(synthetic("drill"), bounds.others),
        declared=bounded(synthetic("declared"), bounds.others),
    )


def _concerns(tree: Tree, accounts: Iterable[str]) -> bool:
    named = list(accounts)
    return not named or any(map(tree.counts, named))


def _override(one: Override, now: datetime, used: int) -> OverrideRow:
    return OverrideRow(
        id=cut(one.id, NAME),
        account=one.account,
        who=cut(one.who, TEXT),
        reason=cut(one.reason, TEXT),
        ticket=cut_if_any(one.ticket, NAME),
        accounts=one.accounts[:_FEW],
        pipelines=_cut_all(one.pipelines, NAME),
        events=_cut_all(one.events, TEXT),
        created_at=one.created_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
        revoked_by=cut_if_any(one.revoked_by, TEXT),
        in_force=one.in_force(now),
        used=used,
    )


def _synthetic(one: SyntheticEvent, now: datetime, blocked: int) -> SyntheticRow:
    return SyntheticRow(
        id=cut(one.id, NAME),
        kind=one.kind,
        who=cut(one.who, TEXT),
        reason=cut(one.reason, TEXT),
        public=one.public,
        account_count=len(one.accounts),
        ous=_cut_all(one.ous, TEXT),
        regions=_cut_all(one.regions, NAME),
        services=_cut_all(one.services, NAME),
        created_at=one.created_at,
        ends_at=one.ends_at,
        stopped_at=one.stopped_at,
        stopped_by=cut_if_any(one.stopped_by, TEXT),
        in_force=one.in_force(now),
        blocked=blocked,
    )


def _cut_all(texts: Iterable[str], longest: int) -> tuple[str, ...]:
    return tuple(cut(text, longest) for text in list(texts)[:_FEW])
