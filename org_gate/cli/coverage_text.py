"""The coverage of the gates in words, as JSON, and as CSV that a spreadsheet opens without running it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from org_gate.cli.rollout_status_text import account_words, ou_name
from org_gate.cli.table import table
from org_gate.cli.text import harmless
from org_gate.report.coverage import AccountSeen, Coverage, PipelineSeen, Share, Unread
from org_gate.report.plain import cell, count

_COLUMNS: Final = ("finding", "account", "account_name", "ou", "region", "pipeline", "gate_stage", "detail")


def coverage_lines(found: Coverage) -> Iterator[str]:
    """A summary and the shares, then each gap and what could not be read."""
    yield from _summary(found)
    yield ""
    yield from table([("OU", "accounts", "with a gate", "not all read", "pipelines", "gated", "share"), *_rows(found)])
    yield from _listed("Accounts without any gate", map(_account, found.without_any_gate()))
    gateless = (f"{_account(each)}: {region}" for each, region in found.regions_without_gate())
    yield from _listed("Regions with pipelines and no gate", gateless)
    yield from _listed("Pipelines that no gate protects", (_pipeline(*each) for each in found.open_pipelines()))
    yield from _listed("Could not be read, and count as not covered", (_unread(*each) for each in found.not_read()))
    out = (f"{_account(each)}: {harmless(each.left_out)}" for each in found.accounts if each.left_out)
    yield from _listed("Left out, and not counted", out)


def _summary(found: Coverage) -> Iterator[str]:
    total = found.total
    share = "" if total.percent is None else f" ({total.percent} %)"
    yield (
        f"Organization {found.organization}: {total.gated} of {count(total.pipelines, 'pipeline')} with a gate before "
        f"they deploy{share}; {total.with_gate} of {count(total.accounts, 'account')} with a gate."
    )
    looked = count(len(found.regions), "Region")
    yield f"Looked into {looked}." + (
        f" Something of {count(total.unread, 'account')} could not be read: there may be more pipelines."
        if total.unread
        else ""
    )


def _rows(found: Coverage) -> Iterator[tuple[str, ...]]:
    yield from (_row(ou_name(share.ou), share) for share in found.shares)
    yield _row("in all", found.total)


def _row(name: str, share: Share) -> tuple[str, ...]:
    percent = "-" if share.percent is None else f"{share.percent} %"
    counts = (share.accounts, share.with_gate, share.unread, share.pipelines, share.gated)
    return (name, *map(str, counts), percent)


def _listed(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield f"{title} ({len(found)})"
        yield from (f"  {line}" for line in found)


def _account(seen: AccountSeen) -> str:
    return account_words(seen.account, seen.name, seen.ou)


def _pipeline(seen: AccountSeen, pipeline: PipelineSeen) -> str:
    return f"{_account(seen)}, {pipeline.region}, {harmless(pipeline.name)}: {harmless(pipeline.reason)}"


def _unread(seen: AccountSeen, unread: Unread) -> str:
    where = ", ".join(filter(None, (_account(seen), unread.region, harmless(unread.pipeline))))
    return f"{where}: {harmless(unread.cause)}"


def as_json(found: Coverage) -> dict[str, Any]:
    """All of it, with the shares."""
    return {
        "gaps": found.has_gaps,
        "organization": found.organization,
        "regions": found.regions,
        "total": _share_json(found.total),
        "ous": [_share_json(share) for share in found.shares],
        "accounts": [asdict(each) for each in found.accounts],
    }


def _share_json(share: Share) -> dict[str, Any]:
    return {**asdict(share), "percent": share.percent}


def as_csv(found: Coverage) -> str:
    """A line for each pipeline, each account and Region without a gate, and all that was not read or not looked at."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for seen in found.accounts:
        for cells in _lines(seen):
            writer.writerow([cell(harmless(each)) for each in cells])
    return text.getvalue()


def _lines(seen: AccountSeen) -> Iterator[tuple[str, ...]]:
    whose = (seen.account, seen.name, seen.ou)
    yield from ((finding, *whose, *rest) for finding, *rest in _findings(seen))


def _findings(seen: AccountSeen) -> Iterator[tuple[str, str, str, str, str]]:
    """Finding, Region, pipeline, the gate's stage, detail."""
    if seen.left_out:
        yield "left out", "", "", "", seen.left_out
        return
    if not seen.gates:
        yield "account without a gate", "", "", "", ""
    yield from (("region without a gate", region, "", "", "") for region in seen.without_gate)
    for one in seen.pipelines:
        yield one.standing, one.region, one.name, one.stage or "", one.reason
    yield from (("not read", one.region, one.pipeline, "", one.cause) for one in seen.unread)
