"""A plan in lines for people: counts first, then wave by wave and OU by OU; accounts by name where they are few."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from org_gate.inventory.installed import Place
from org_gate.rollout.plan_gates import grouped
from org_gate.rollout.plan_model import Action, CellPlan, Does, Plan, SetPlan, WavePlan
from org_gate.rollout.plan_warnings import some_of

_OUS: Final = 12
"""So many OUs of a wave are listed."""
_WORDS: Final = {Does.CREATE: "to create", Does.UPDATE: "to update", Does.SETTINGS: "to write settings into"}


def plan_lines(plan: Plan) -> Iterator[str]:
    """All of it. The texts in it are AWS's and the organization's own: make them harmless before printing."""
    yield from _summary(plan)
    yield ""
    yield "Central part"
    yield from (f"  {_cell_line(cell)}" for cell in plan.cells)
    yield f"  policy: {_policy_text(plan)}"
    if plan.stack_set is not None:
        yield ""
        yield _set_line(plan.stack_set)
        for wave in plan.waves:
            yield from _wave_lines(plan, wave)
    yield from _removal_lines(plan)
    if plan.warnings:
        yield ""
        yield "Mind"
        yield from (f"  {warning}" for warning in plan.warnings)


def _summary(plan: Plan) -> Iterator[str]:
    counts = _counts(plan)
    kept = sum(len(wave.keep) for wave in plan.waves)
    accounts = len({account for wave in plan.waves for account, _ in wave.gates})
    yield f"org-gate {plan.version}, central account {_named(plan, plan.account)}"
    if plan.is_done:
        yield f"Nothing to do: all {_gates(kept)} of {accounts} accounts and the central part are as they are to be."
        return
    cells = sum(cell.action is not Action.KEEP for cell in plan.cells)
    yield f"Cells: {cells} of {len(plan.cells)} to create or update"
    if plan.stack_set is None:
        yield "Gates: not known, as no cell tells its policy"
        return
    parts = [f"{counts[does]} {text}" for does, text in _WORDS.items()]
    removed = sum(len(step.places) for step in plan.removals)
    yield f"Gates: {', '.join(parts)}, {removed} to remove, {kept} as they are; {accounts} accounts"


def _counts(plan: Plan) -> Mapping[Does, int]:
    return {does: sum(len(wave.places(does)) for wave in plan.waves) for does in _WORDS}


def _cell_line(cell: CellPlan) -> str:
    version = f" (version {cell.installed} is there)" if cell.installed else ""
    match cell.action:
        case Action.KEEP:
            return f"{cell.region}: the stack {cell.wish.name} is as it is to be{version}"
        case Action.CREATE:
            instead = f"; {', '.join(cell.differs)}, and goes" if cell.differs else ""
            return f"{cell.region}: create the stack {cell.wish.name}{instead}"
        case Action.UPDATE:
            return f"{cell.region}: update the stack {cell.wish.name}{version}: {', '.join(cell.differs)}"


def _policy_text(plan: Plan) -> str:
    if not plan.policy.publish_to:
        return plan.policy.source
    return f"publish to {', '.join(plan.policy.publish_to)}: {plan.policy.source}"


def _set_line(plan: SetPlan) -> str:
    match plan.action:
        case Action.KEEP:
            return f"StackSet {plan.wish.name}: as it is to be"
        case Action.CREATE:
            return f"StackSet {plan.wish.name}: create"
        case Action.UPDATE:
            version = f" (version {plan.installed} is there)" if plan.installed else ""
            return f"StackSet {plan.wish.name}: update{version}: {', '.join(plan.differs)}"


def _wave_lines(plan: Plan, wave: WavePlan) -> Iterator[str]:
    if not wave.steps:
        yield f"  Wave {wave.name}: {_accounts(wave.accounts)}, nothing to do"
        return
    yield f"  Wave {wave.name}: {_accounts(wave.accounts)}"
    for does, text in _WORDS.items():
        places = wave.places(does)
        if places:
            yield f"    {_gates(len(places))} {text} ({', '.join(sorted({region for _, region in places}))})"
            yield from (f"      {line}" for line in _by_ou(plan, places))
    if not wave.gates:
        yield "    OUs without accounts: whoever joins them gets a gate"


def _removal_lines(plan: Plan) -> Iterator[str]:
    places = sorted({place for step in plan.removals for place in step.places})
    if places:
        yield ""
        yield f"To remove, if you agree: {_gates(len(places))} that the settings do not name any more"
        yield from (f"  {line}" for line in _by_ou(plan, places))


def _by_ou(plan: Plan, places: Iterable[Place]) -> Iterator[str]:
    by_path = grouped((plan.paths.get(account, "") or "/", account) for account in sorted({each for each, _ in places}))
    for path, accounts in by_path[:_OUS]:
        yield f"{path}: {some_of([_named(plan, account) for account in accounts])}"
    if len(by_path) > _OUS:
        others = sum(len(accounts) for _, accounts in by_path[_OUS:])
        yield f"and {len(by_path) - _OUS} more OUs with {_accounts(others)}"


def _named(plan: Plan, account: str) -> str:
    name = plan.names.get(account)
    return f"{name} ({account})" if name else account


def _gates(number: int) -> str:
    return f"{number} gate{'' if number == 1 else 's'}"


def _accounts(number: int) -> str:
    return f"{number} account{'' if number == 1 else 's'}"
