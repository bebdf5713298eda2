"""What each account's gate has to know by heart, for when nothing central answers: mode, ``on_unknown``, exemptions.

A pure function of the policy and of where the account is. A gate answers for every pipeline of its account, and these
for targets in any Region: what may depend on that gets the stricter mode, and is exempt only as far as it is certain.
Which pipelines and which Regions of targets are exempt the gate can tell by itself; so these are written into it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from org_gate.decision.fit import Fit
from org_gate.decision.targets import target_fits
from org_gate.inventory.errors import MismatchError
from org_gate.model.decision import Mode, Verdict
from org_gate.model.event import GLOBAL, Account
from org_gate.model.request import Target
from org_gate.policy.model import Policy, TargetFilter
from org_gate.policy.services import ServiceNames

ANY: Final = "*"
"""All Regions, or all pipelines."""
MAX_EXEMPT: Final = 2_048
"""Of characters as a parameter: a Lambda function's environment has 4 KB for everything."""
_STRICTNESS: Final = (Mode.SHADOW, Mode.WARN, Mode.ENFORCE)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """``exempt`` gives globs over names of pipelines by a target's Region (or ``*``), in order and each once."""

    mode: Mode
    on_unknown: Verdict
    exempt: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def parameters(self) -> dict[str, str]:
        """As the gate's stack takes them. Raises MismatchError where there is more than fits into a gate."""
        exempt = json.dumps(dict(self.exempt), separators=(",", ":"))
        if len(exempt) > MAX_EXEMPT:
            msg = (
                f"What the policy exempts in one account takes {len(exempt)} characters in its gate, of {MAX_EXEMPT} "
                "that fit. Write fewer or shorter pipeline globs in `exempt`; no gate was changed."
            )
            raise MismatchError(msg)
        return {"Mode": self.mode.value, "OnUnknown": self.on_unknown.value, "ExemptPipelines": exempt}


def gate_settings(policy: Policy, account: Account | None) -> GateSettings:
    """``account`` is the gate's own, None for one that is not known yet (D7, D11, D12, D14)."""
    mode = max(_possible_modes(policy, account), key=_STRICTNESS.index)
    unknown = policy.defaults.on_unknown if mode is Mode.ENFORCE else Verdict.ALLOW
    return GateSettings(mode, unknown, _exempt(policy, account))


def depend_on_tags(policy: Policy) -> bool:
    """Whether the settings of gates depend on the tags of accounts."""
    return any(each.tags for each in (*policy.exempt, *(entry.targets for entry in policy.modes)))


def _possible_modes(policy: Policy, account: Account | None) -> Iterator[Mode]:
    """Those of the entries that may be the first to fit some target of the account."""
    for entry in policy.modes:
        fit = _account_fit(entry.targets, account)
        if fit is not Fit.NO:
            yield entry.mode
        if fit is Fit.YES and not _looks_beyond_the_account(entry.targets):
            return
    yield policy.mode


def _exempt(policy: Policy, account: Account | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    globs: dict[str, set[str]] = {}
    for wanted in policy.exempt:
        if not wanted.services and _account_fit(wanted, account) is Fit.YES:
            names = {_for_a_name(glob) for glob in wanted.pipelines} or {ANY}
            for region in wanted.regions or (ANY,):
                globs.setdefault(region, set()).update(names)
    return tuple((region, tuple(sorted(globs[region]))) for region in sorted(globs))


def _for_a_name(glob: str) -> str:
    """To the gate a name that is not known is empty: no glob that was written may fit it (D7)."""
    return glob if glob.strip(ANY) else "?*"


def _account_fit(wanted: TargetFilter, account: Account | None) -> Fit:
    """Of what a filter says about the account alone."""
    of_account = wanted.model_copy(update={"regions": (), "services": (), "pipelines": ()})
    if account is None:
        return Fit.YES if of_account == TargetFilter() else Fit.UNKNOWN
    return target_fits(of_account, Target(account.id, GLOBAL), None, {account.id: account}, ServiceNames({})).fit


def _looks_beyond_the_account(wanted: TargetFilter) -> bool:
    return bool(wanted.regions or wanted.services or wanted.pipelines)
