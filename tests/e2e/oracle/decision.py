"""A decision from what is known: concern, rules, freezes, overrides, modes, age, order (D2, D5-D13, D15)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e.oracle.fits import Aim, Fit, match_fits, targets_fit
from tests.e2e.oracle.freezes import present_end
from tests.e2e.oracle.overrides import Override, lifted
from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.sky import Central, Key, Sighting
from tests.e2e.oracle.zones import may_share

SEVERITY = {"allow": 0, "warn": 1, "block": 2}
STRICTNESS = ("shadow", "warn", "enforce")
KINDS = ("event", "freeze", "stale", "unknown", "hint")
AWS_REGIONS = frozenset({"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"})
"""Those that the generator uses, besides one that it makes up."""


@dataclass(frozen=True)
class Reason:
    """One line of D15, as far as the contract fixes it."""

    kind: str
    verdict: str
    rule: str | None = None
    target: int | None = None
    event: Key | None = None
    freeze: tuple[str, int] | None = None
    """Its name, and the end of its present occurrence."""
    lifted: bool = False


@dataclass(frozen=True)
class Question:
    """Who asks for what; ``aims`` are the given targets as they were written."""

    caller: str
    region: str
    pipeline: str
    aims: tuple[Aim, ...]
    stage: int = 0


@dataclass(frozen=True)
class View:
    """What every rule is looked at with; ``tree`` has the OU path of each account known."""

    policy: Policy
    tree: Mapping[str, str]
    pipeline: str
    overrides: Sequence[Override]
    now: int

    def fits(self, wanted: Mapping[str, Any], aim: Aim) -> Fit:
        return targets_fit(wanted, aim, self.pipeline, self.tree, self.policy)


@dataclass(frozen=True)
class Decision:
    """What comes out. ``modes`` and ``overridden`` are by target."""

    aims: tuple[Aim, ...]
    reasons: tuple[Reason, ...]
    modes: tuple[str, ...]
    overridden: tuple[bool, ...]
    exempt: bool = False
    all_overridden: bool = False
    """Whether one override of ``all`` names every target."""
    as_of: int | None = None
    age: int | None = None
    stale: bool | None = None
    version: int | None = None
    source: str | None = "central"

    @property
    def mode(self) -> str:
        return max(self.modes, key=STRICTNESS.index)

    @property
    def would_be(self) -> str:
        return worst(() if self.exempt else (_counted(reason, "enforce") for reason in self.reasons))

    @property
    def verdict(self) -> str:
        modes = [self.mode if reason.target is None else self.modes[reason.target] for reason in self.reasons]
        return worst(() if self.exempt else map(_counted, self.reasons, modes))

    def with_reasons(self, more: Iterable[Reason], **changed: Any) -> "Decision":
        return replace(self, reasons=in_order([*self.reasons, *more]), **changed)


def _counted(reason: Reason, mode: str) -> str:
    return "warn" if reason.verdict == "block" and (reason.lifted or mode != "enforce") else reason.verdict


def worst(verdicts: Iterable[str]) -> str:
    return max(("allow", *verdicts), key=SEVERITY.__getitem__)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    def place(reason: Reason) -> tuple[Any, ...]:
        target = -1 if reason.target is None else reason.target
        name = reason.event or ("" if reason.freeze is None else reason.freeze[0], "")
        return -SEVERITY[reason.verdict], KINDS.index(reason.kind), target, name

    return tuple(sorted(dict.fromkeys(reasons), key=place))


def refused(question: Question, policy: Policy, tree: Mapping[str, str], central_account: str) -> bool:
    """Whether a target is of another account that no ``delegates`` entry lets the caller ask about (A4, D7)."""
    return question.caller != central_account and any(
        aim.account != question.caller and not _may_ask(question, resolved(aim, policy)[0], policy, tree)
        for aim in question.aims
    )


def _may_ask(question: Question, aim: Aim, policy: Policy, tree: Mapping[str, str]) -> bool:
    return any(
        entry["account"] == question.caller
        and targets_fit(entry["may_ask_for"], aim, question.pipeline, tree, policy) is True
        for entry in policy.delegates
    )


def resolved(aim: Aim, policy: Policy) -> tuple[Aim, bool]:
    """Services in their one spelling, none where one is unheard of (D5c); and whether a hint comes with it."""
    unheard_of = any(not policy.is_known(code) for code in aim.services)
    services = () if unheard_of else tuple(dict.fromkeys(policy.code(code) for code in aim.services))
    return replace(aim, services=services), unheard_of or (aim.region not in AWS_REGIONS and aim.region != "global")


def own_mode(caller: str, region: str, pipeline: str, policy: Policy, tree: Mapping[str, str]) -> str:
    """The mode that a refusal tells (A4): that of the caller's account in the pipeline's Region."""
    return mode_of(Aim(caller, region), View(policy, tree, pipeline, (), 0))


def mode_of(aim: Aim, view: View) -> str:
    """D12; where a filter's fit is not known, the stricter of both ways (D7)."""
    possible = []
    for entry in view.policy.modes:
        fit = view.fits(entry["targets"], aim)
        possible += [] if fit is False else [str(entry["mode"])]
        if fit is True:
            return max(possible, key=STRICTNESS.index)
    return max((*possible, view.policy.mode), key=STRICTNESS.index)


def decided(question: Question, central: Central, view: View) -> Decision:
    policy, now = view.policy, view.now
    own = Aim(question.caller, question.region, tuple(policy.platform_services))
    aims = (*question.aims, own) if policy.platform_services else question.aims
    judged = [resolved(aim, policy) for aim in aims]
    targets = tuple(aim for aim, _ in judged)
    age = None if central.as_of is None else now - central.as_of
    stale = age is None or age > policy.max_age
    reasons = [
        *_event_reasons(targets, central.events.values(), view),
        *_freeze_reasons(targets, view),
        *(Reason("hint", "warn", target=index) for index, (_, hint) in enumerate(judged) if hint),
        *_stale_reasons(policy, stale=stale),
    ]
    given = targets[: len(question.aims)]
    return Decision(
        targets,
        in_order(_marked(reason, targets, view) for reason in reasons),
        tuple(mode_of(aim, view) for aim in targets),
        tuple(lifted(view.overrides, [aim], view.pipeline, None) for aim in targets),
        all(any(view.fits(wanted, aim) is True for wanted in policy.exempt) for aim in given),
        lifted(view.overrides, targets, view.pipeline, None),
        central.as_of,
        age,
        stale,
        policy.version,
    )


def _marked(reason: Reason, aims: Sequence[Aim], view: View) -> Reason:
    """The reason, lifted where an override lifts it; of all targets only by one that names them all (D13)."""
    if reason.kind == "hint":
        return reason
    what = f"freeze:{reason.freeze[0]}" if reason.freeze else reason.event[0] if reason.event else None
    concerned = aims if reason.target is None else [aims[reason.target]]
    return replace(reason, lifted=lifted(view.overrides, concerned, view.pipeline, what))


def _stale_reasons(policy: Policy, *, stale: bool) -> list[Reason]:
    verdict = policy.default("on_stale")
    return [Reason("stale", verdict)] if stale and verdict in ("warn", "block") else []


def _freeze_reasons(targets: Sequence[Aim], view: View) -> Iterable[Reason]:
    """Not known counts as in force (D7): only a sure no of ``targets``, or a sure yes of ``except``, lets go."""
    for freeze in view.policy.freezes:
        end = present_end(freeze, view.now)
        if end is None:
            continue
        for index, aim in enumerate(targets):
            meant = view.fits(freeze.get("targets", {}), aim) is not False
            excepted = "except" in freeze and view.fits(freeze["except"], aim) is True
            if meant and not excepted:
                yield Reason("freeze", freeze.get("verdict", "block"), target=index, freeze=(freeze["name"], end))


def _event_reasons(targets: Sequence[Aim], events: Iterable[Sighting], view: View) -> Iterable[Reason]:
    present = [event for event in events if not event.over(view.now)]
    for index, aim in enumerate(targets):
        for event in present:
            if concerns(event, aim, view.policy):
                verdict, rule = _by_rules(view.policy.rules, event, aim, view)
                if rule is not None or verdict != "allow":
                    yield Reason("event", verdict, rule, index, event.key)


def concerns(event: Sighting, aim: Aim, policy: Policy) -> bool:
    """D5, its four parts."""
    service = policy.code(event.fields["service"])
    everywhere = event.key[1] == "global" or service in policy.global_services
    if not (everywhere or event.key[1] == aim.region):
        return False
    if not (event.public or aim.account in event.accounts):
        return False
    mine = set(aim.services)
    counted = mine | policy.needs(mine) | policy.codes(policy.platform_services) | {"MULTIPLE_SERVICES"}
    if mine and service not in counted:
        return False
    return may_share(event.fields.get("availabilityZone"), aim.zones)


def _by_rules(rules: Sequence[Mapping[str, Any]], event: Sighting, aim: Aim, view: View) -> tuple[str, str | None]:
    """D6, both ways where D7 says so."""
    if not rules:
        return view.policy.default("verdict"), None
    rule = rules[0]
    fits = (
        match_fits(rule.get("match", {}), event, view.policy, view.now),
        view.fits(rule.get("targets", {}), aim),
    )
    below = _by_rules(rules[1:], event, aim, view)
    if False in fits:
        return below
    here = (str(rule["verdict"]), str(rule["name"]))
    if None not in fits:
        return here
    return below if SEVERITY[below[0]] > SEVERITY[here[0]] else here
