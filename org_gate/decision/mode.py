"""Which mode a target is in, and what the mode makes of a verdict (D12)."""

from collections.abc import Iterable, Iterator, Mapping

from org_gate.decision.fit import Fit
from org_gate.decision.targets import target_fits
from org_gate.model.decision import Mode, Verdict
from org_gate.model.event import Account
from org_gate.model.request import Pipeline, Target
from org_gate.policy.model import Policy
from org_gate.policy.services import ServiceNames


def mode_of(
    target: Target,
    pipeline: Pipeline | None,
    accounts: Mapping[str, Account],
    policy: Policy,
    names: ServiceNames,
) -> Mode:
    """The first of ``modes`` that fits the (resolved) target, else the policy's; not known: the stricter way (D7)."""
    return strictest(_possible(target, pipeline, accounts, policy, names))


def strictest(modes: Iterable[Mode]) -> Mode:
    return max(modes, key=lambda mode: mode.strictness)


def counted(verdict: Verdict, mode: Mode) -> Verdict:
    """A reason's verdict as it counts: at most ``warn`` unless the mode is ``enforce``."""
    if mode is not Mode.ENFORCE and verdict is Verdict.BLOCK:
        return Verdict.WARN
    return verdict


def _possible(
    target: Target,
    pipeline: Pipeline | None,
    accounts: Mapping[str, Account],
    policy: Policy,
    names: ServiceNames,
) -> Iterator[Mode]:
    for entry in policy.modes:
        fit = target_fits(entry.targets, target, pipeline, accounts, names).fit
        if fit is not Fit.NO:
            yield entry.mode
        if fit is Fit.YES:
            return
    yield policy.mode
