"""What is to be decided: the request with its targets resolved (D2, D5c), what is known, the policy and the time.

The given targets come first, in their order; the pipeline's own ground is last. Judges nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from org_gate.decision.fit import Answer
from org_gate.decision.mode import mode_of
from org_gate.decision.targets import target_fits
from org_gate.decision.words import plain, target_text
from org_gate.model.decision import Mode
from org_gate.model.event import Knowledge
from org_gate.model.regions import KNOWN_REGIONS
from org_gate.model.request import Request, Target
from org_gate.model.times import whole
from org_gate.policy.model import Policy, TargetFilter
from org_gate.policy.services import ServiceNames

_SUGGESTED: Final = 100
"""For so many unknown codes it is looked for what was meant: no decision shows more reasons, and it takes a while."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something about a target that a person should look at."""

    target: int
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """``targets`` are the resolved ones: services in upper case with aliases resolved, none where one is unknown."""

    request: Request
    targets: tuple[Target, ...]
    modes: tuple[Mode, ...]
    """One for each target (D12)."""
    hints: tuple[Hint, ...]
    knowledge: Knowledge
    policy: Policy
    names: ServiceNames
    now: datetime

    def fits(self, wanted: TargetFilter, target: Target) -> Answer:
        """``target`` is one of ``targets``."""
        return target_fits(wanted, target, self.request.pipeline, self.knowledge.accounts, self.names)


def ask(request: Request, knowledge: Knowledge, policy: Policy, now: datetime) -> Question:
    names = ServiceNames(policy.service_aliases)
    asked = (*request.targets, *own_ground(request, policy))
    meant = _meant(asked, names)
    hints = (Hint(index, text) for index, target in enumerate(asked) for text in _hints(target, names, meant))
    targets = tuple(resolve(target, names) for target in asked)
    return Question(
        request=request,
        targets=targets,
        modes=tuple(mode_of(target, request.pipeline, knowledge.accounts, policy, names) for target in targets),
        hints=tuple(hints),
        knowledge=knowledge,
        policy=policy,
        names=names,
        now=whole(now),
    )


def own_ground(request: Request, policy: Policy) -> tuple[Target, ...]:
    """What the pipeline itself stands on (D2), where it says where it runs."""
    pipeline = request.pipeline
    if pipeline is None or not pipeline.region or not policy.platform_services:
        return ()
    return (Target(request.caller, pipeline.region, policy.platform_services),)


def resolve(target: Target, names: ServiceNames) -> Target:
    """The target as it is decided: one unknown service code, and it lists no services (D5c)."""
    is_clear = all(names.is_known(code) for code in target.services)
    services = dict.fromkeys(names.canonical(code) for code in target.services) if is_clear else ()
    return Target(target.account, target.region, tuple(services), target.availability_zones)


def _meant(targets: Sequence[Target], names: ServiceNames) -> dict[str, str | None]:
    """What was probably meant by the first unknown service codes; None where nothing is near."""
    unknown = dict.fromkeys(code for target in targets for code in target.services if not names.is_known(code))
    return {code: names.nearest(code) for code in islice(unknown, _SUGGESTED)}


def _hints(target: Target, names: ServiceNames, meant: Mapping[str, str | None]) -> Iterator[str]:
    if target.region not in KNOWN_REGIONS:
        yield (
            f"{plain(target.region)} is not a Region that this version knows, so perhaps nothing is watched where "
            "this deployment goes. Check the target's Region; if it is a new one, update org-gate."
        )
    unknown = [code for code in dict.fromkeys(target.services) if not names.is_known(code)]
    where = target_text(target) if unknown else ""
    for code in unknown:
        nearest = meant.get(code)
        suggestion = f" (did you mean {nearest}?)" if nearest else ""
        yield (
            f"{plain(code)} is not an AWS Health service code that this version knows{suggestion}, so events of every "
            f"service count for {where}. Write the code as AWS Health spells it, or have it added "
            "to the policy's service_aliases."
        )
