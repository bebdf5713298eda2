"""The rollout's status for people: a summary first, then cells and OUs, then what needs attention, by its cause."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from org_gate.cli.table import table
from org_gate.cli.text import harmless
from org_gate.model.times import describe_duration
from org_gate.report.plain import count
from org_gate.rollout.status import CellStatus, GateStatus, Standing, Status

_SHOWN: Final = 20
"""Accounts to a cause, where not all are asked for."""
_WELL: Final = (Standing.CURRENT, Standing.SUSPENDED)


def status_lines(found: Status, *, every: bool) -> Iterator[str]:
    """``every``: each gate by itself, instead of the first few accounts with each trouble."""
    yield from _summary(found)
    yield ""
    yield "Central"
    yield from table([("Region", "is", "stack", "version"), *map(_cell_row, found.cells)], left=4)
    yield from (f"  {each.region}: {_cell_words(each)}" for each in found.cells)
    if len(found.cells) > 1:
        yield f"  {_agreement(found)}"
    yield ""
    yield _set_words(found)
    yield from _ous(found)
    yield from _attention(found, every=every)
    if every:
        yield ""
        yield "Every gate"
        yield from table(
            [("account", "name", "OU", "Region", "is", "version", "drift"), *map(_row, found.gates)], left=7
        )


def _summary(found: Status) -> Iterator[str]:
    wanted = [each for each in found.gates if each.standing not in (Standing.OUT_OF_SCOPE, Standing.SUSPENDED)]
    current = sum(each.standing is Standing.CURRENT for each in wanted)
    troubled = sum(each.is_finding for each in found.gates)
    cells = sum(not each.is_well for each in found.cells)
    head = f"Organization {found.organization}: {current} of {count(len(wanted), 'gate')} up to date"
    yield f"{head}; {_needing(troubled, 'gate')}, {_needing(cells, 'central stack')}."
    yield from _version_words(found)


def _version_words(found: Status) -> Iterator[str]:
    installed, own = ", ".join(found.versions), f"this is org-gate {found.own_version}"
    if found.is_ahead:
        yield f"Installed is version {installed}, {own}: use the newer one to change anything."
    elif len(found.versions) > 1:
        yield f"Installed are versions {installed}, as in the middle of an upgrade: `org-gate rollout apply` goes on."
    elif found.is_behind:
        yield f"Installed is version {installed}, {own}: `org-gate rollout apply` upgrades."


def _needing(number: int, noun: str) -> str:
    return f"{count(number, noun) if number else f'no {noun}'} need{'' if number > 1 else 's'} attention"


def _cell_row(cell: CellStatus) -> tuple[str, ...]:
    role = "home" if cell.is_home else "standby"
    return cell.region, role, cell.stack or "none", cell.version or "not known"


def _cell_words(cell: CellStatus) -> str:
    if cell.trouble:
        return f"no answer: {harmless(cell.trouble)}"
    knowledge = "it has not read AWS Health yet"
    if cell.age_seconds is not None:
        age = describe_duration(timedelta(seconds=cell.age_seconds))
        knowledge = f"its knowledge is {age} old{', which is STALE' if cell.stale else ''}"
    policy = (
        f"policy version {cell.policy_version}, mode {cell.mode}" if cell.policy_version else "no policy is published"
    )
    waiting = count(cell.waiting or 0, "deployment")
    return f"it answers; {knowledge}; {policy}; {waiting} waiting"


def _agreement(found: Status) -> str:
    if found.cells_agree:
        return "The cells that answer have the same policy."
    return "The cells have DIFFERENT policies, so a gate's verdict depends on which answers: publish the policy again."


def _set_words(found: Status) -> str:
    if found.set_status is None:
        return f"Gates (there is no StackSet {found.set_name}: `org-gate rollout apply` makes it)"
    drift = f"drift looked for {found.drift_checked}" if found.drift_checked else "drift never looked for"
    return f"Gates (StackSet {found.set_name}, version {found.set_version or 'not known'}; {drift})"


def _ous(found: Status) -> Iterator[str]:
    """With a column for each standing that there is."""
    ous = found.ous
    if not ous:
        yield "  none, and none wanted"
        return
    shown = [each for each in Standing if each is Standing.CURRENT or any(ou.by_standing[each] for ou in ous)]
    rows = [
        (ou_name(each.ou), str(each.gates), *(str(each.by_standing[standing]) for standing in shown)) for each in ous
    ]
    total = [str(sum(ou.by_standing[standing] for ou in ous)) for standing in shown]
    yield from table([("OU", "gates", *shown), *rows, ("in all", str(len(found.gates)), *total)])


def _attention(found: Status, *, every: bool) -> Iterator[str]:
    causes = [(f"{standing}: {harmless(cause)}", gates) for standing, cause, gates in found.causes()]
    drifted = found.drifted()
    if drifted:
        why = "changed by hand: what is in the account is not what the stack made; `apply` alone does not undo it"
        causes.append((why, drifted))
    if not causes:
        return
    yield ""
    yield "Needs attention"
    for words, gates in causes:
        yield f"  {count(len(gates), 'gate')} {words}"
        yield from _accounts(gates, every=every)


def _accounts(gates: Iterable[GateStatus], *, every: bool) -> Iterator[str]:
    by_account: dict[str, list[GateStatus]] = {}
    for each in gates:
        by_account.setdefault(each.account, []).append(each)
    shown = list(by_account.values())
    for those in shown if every else shown[:_SHOWN]:
        yield from _account(those)
    if len(shown) > _SHOWN and not every:
        yield f"    and {count(len(shown) - _SHOWN, 'more account')} (--all lists them)"


def _account(gates: Sequence[GateStatus]) -> Iterator[str]:
    first = gates[0]
    regions = ", ".join(_region(each) for each in gates)
    yield f"    {account_words(first.account, first.name, first.ou)}: {regions}"
    for said in dict.fromkeys(each.said for each in gates if each.said and each.standing not in _WELL):
        yield f"      CloudFormation: {harmless(said)}"


def _region(gate: GateStatus) -> str:
    return (
        f"{gate.region} (now {gate.version})" if gate.version and gate.standing is not Standing.CURRENT else gate.region
    )


def _row(gate: GateStatus) -> tuple[str, ...]:
    version = gate.version or "not known"
    drift = gate.drift.lower().replace("_", " ")
    return gate.account, harmless(gate.name), ou_name(gate.ou), gate.region, gate.standing, version, drift


def account_words(account: str, name: str, ou: str) -> str:
    return f"{account} {harmless(name)} ({harmless(ou) or 'root'})"


def ou_name(path: str) -> str:
    return harmless(path) or "(root)"
