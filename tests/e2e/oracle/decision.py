"""A decision from what is known: concern, rules, age, order (D2, D5-D7, D9, D12, D13, D15)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e.oracle.fits import Aim, match_fits, targets_fit
from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.sky import Central, Key, Sighting
from tests.e2e.oracle.zones import may_share

SEVERITY = {"allow": 0, "warn": 1, "block": 2}
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


@dataclass(frozen=True)
class Question:
    """Who asks for what; ``aims`` are the given targets as they were written."""

    caller: str
    region: str
    pipeline: str
    aims: tuple[Aim, ...]


@dataclass(frozen=True)
class View:
    """What every rule is looked at with; ``tree`` has the OU path of each account known."""

    policy: Policy
    tree: Mapping[str, str]
    pipeline: str
    now: int


@dataclass(frozen=True)
class Decision:
    """What comes out."""

    aims: tuple[Aim, ...]
    reasons: tuple[Reason, ...]
    mode: str
    as_of: int | None = None
    age: int | None = None
    stale: bool | None = None
    version: int | None = None
    source: str | None = "central"

    @property
    def would_be(self) -> str:
        return worst(reason.verdict for reason in self.reasons)

    @property
    def verdict(self) -> str:
        return self.would_be if self.mode == "enforce" else min(self.would_be, "warn", key=SEVERITY.__getitem__)

    def with_reasons(self, more: Iterable[Reason], **changed: Any) -> "Decision":
        return replace(self, reasons=in_order([*self.reasons, *more]), **changed)


def worst(verdicts: Iterable[str]) -> str:
    return max(("allow", *verdicts), key=SEVERITY.__getitem__)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    def place(reason: Reason) -> tuple[Any, ...]:
        target = -1 if reason.target is None else reason.target
        return -SEVERITY[reason.verdict], KINDS.index(reason.kind), target, reason.event or ("", "")

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


def decided(question: Question, central: Central, policy: Policy, tree: Mapping[str, str], now: int) -> Decision:
    own = Aim(question.caller, question.region, tuple(policy.platform_services))
    aims = (*question.aims, own) if policy.platform_services else question.aims
    judged = [resolved(aim, policy) for aim in aims]
    targets = tuple(aim for aim, _ in judged)
    age = None if central.as_of is None else now - central.as_of
    stale = age is None or age > policy.max_age
    view = View(policy, tree, question.pipeline, now)
    reasons = [
        *_event_reasons(targets, central.events.values(), view),
        *(Reason("hint", "warn", target=index) for index, (_, hint) in enumerate(judged) if hint),
        *_stale_reasons(policy, stale=stale),
    ]
    return Decision(targets, in_order(reasons), policy.mode, central.as_of, age, stale, policy.version)


def _stale_reasons(policy: Policy, *, stale: bool) -> list[Reason]:
    verdict = policy.default("on_stale")
    return [Reason("stale", verdict)] if stale and verdict in ("warn", "block") else []


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
        targets_fit(rule.get("targets", {}), aim, view.pipeline, view.tree, view.policy),
    )
    below = _by_rules(rules[1:], event, aim, view)
    if False in fits:
        return below
    here = (str(rule["verdict"]), str(rule["name"]))
    if None not in fits:
        return here
    return below if SEVERITY[below[0]] > SEVERITY[here[0]] else here
