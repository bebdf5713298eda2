"""The coverage of the gates as a part of the report: counts, shares by OU, and every gap."""

from collections.abc import Iterator
from typing import Final

from org_gate.report.build_bounds import NAME, TEXT, Bounds, bounded
from org_gate.report.build_tree import Tree
from org_gate.report.coverage import AccountSeen, Share
from org_gate.report.coverage import Coverage as Found
from org_gate.report.coverage_stages import Standing
from org_gate.report.model import Coverage, GapKind, GapRow, ShareRow
from org_gate.report.plain import cut

_OUTDATED: Final = "its stack is not as the StackSet has it"


def coverage_part(found: Found, tree: Tree, bounds: Bounds) -> Coverage:
    """Of the accounts in scope."""
    scoped = Found(
        found.organization, found.regions, tuple(each for each in found.accounts if tree.counts(each.account))
    )
    looked_at = scoped.looked_at
    missing = len(scoped.without_any_gate()) + sum(len(each.without_gate) for each in looked_at if each.gates)
    return Coverage(
        regions=scoped.regions,
        gates=sum(len(each.gates) for each in looked_at),
        outdated=sum(len(each.outdated) for each in looked_at),
        missing=missing,
        total=_share(scoped.total),
        ous=bounded([_share(share) for share in scoped.shares], bounds.ous),
        gaps=bounded([gap for each in looked_at for gap in _gaps(each)], bounds.others),
    )


def _share(share: Share) -> ShareRow:
    return ShareRow(
        ou=cut(share.ou, TEXT),
        accounts=share.accounts,
        with_gate=share.with_gate,
        unread=share.unread,
        pipelines=share.pipelines,
        gated=share.gated,
        percent=share.percent,
    )


def _gaps(seen: AccountSeen) -> Iterator[GapRow]:
    def gap(kind: GapKind, region: str = "", pipeline: str = "", detail: str = "") -> GapRow:
        return GapRow(
            kind=kind,
            account=seen.account,
            name=cut(seen.name, NAME),
            ou=cut(seen.ou, TEXT),
            region=cut(region, NAME),
            pipeline=cut(pipeline, NAME),
            detail=cut(detail, TEXT),
        )

    if not seen.gates:
        yield gap("account without a gate")
    yield from (gap("region without a gate", region) for region in seen.without_gate)
    for one in seen.pipelines:
        if one.standing is not Standing.GATED:
            kind: GapKind = "late gate" if one.standing is Standing.LATE else "pipeline without a gate"
            yield gap(kind, one.region, one.name, one.reason)
    yield from (gap("outdated gate", region, detail=_OUTDATED) for region in seen.outdated)
    yield from (gap("not read", one.region, one.pipeline, one.cause) for one in seen.unread)
