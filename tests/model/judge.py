"""Holds what the system did against the truth: each check is one invariant, and raises AssertionError with its words.

It reads decisions as a person does: their verdict and reasons. It changes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.model.times import time_if_any
from tests.model.organization import Pipeline
from tests.model.policies import Spec
from tests.model.truth import Aim, Truth

Data = Mapping[str, Any]
WITHIN: Final = timedelta(hours=24)
WAVE_PAUSE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Rolled:
    """What the rollout wrote into an account's gate (D11, D14)."""

    mode: str
    on_unknown: str
    exempts: Spec

    @classmethod
    def of(cls, policy: Spec, account: str) -> "Rolled":
        mode = policy.mode_of(account)
        return cls(mode, policy.on_unknown if mode == "enforce" else "allow", policy)


@dataclass(frozen=True)
class Answer:
    """What a job was answered with. ``heard``: central gave a decision; ``struck``: whose calls a fault met meanwhile.

    ``decision`` is what the gate returned, None where it ended in an error after its answer was taken.
    """

    pipeline: Pipeline
    execution_id: str
    at: datetime
    result: str
    """``passed``, ``held`` or ``failed``."""
    decision: Data | None
    failure: str | None
    heard: bool
    struck: frozenset[str]
    rolled: Rolled


@dataclass
class Judge:
    """``waits`` are the executions that surely wait to be resumed, with the decision that failed them (W1)."""

    truth: Truth
    waits: dict[tuple[str, str], str] = field(default_factory=dict)
    retried: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    spent: set[tuple[str, str]] = field(default_factory=set)
    """By execution and message, what a retry was asked for already."""
    retried_at: list[datetime] = field(default_factory=list)
    blocked_at: dict[str, datetime] = field(default_factory=dict)
    """By pipeline, when a look last surely found it blocked."""
    seen: Counter[str] = field(default_factory=Counter)
    """How often what was judged, so that a test can tell that it was."""

    def answered(self, one: Answer) -> None:
        self.seen[one.result] += 1
        if one.result == "passed":
            self._may_pass(one)
        else:
            self._may_block(one)
        if one.decision is not None and one.decision["decision_id"] is not None:
            self._has_the_right_age(one.decision)
        self._note_whether_it_waits(one)

    # no unsafe pass

    def _may_pass(self, one: Answer) -> None:
        question, now = one.pipeline.question, one.at
        if one.decision is not None:
            assert one.decision["verdict"] != "block", f"passed though blocked: {one}"
        if one.heard:
            against = self.truth.against(question, now)
            assert not against, f"UNSAFE PASS of {one.pipeline.name} at {now}: {against}; {one}"
            self._may_pass_stale(one)
        else:
            assert one.struck & {"central", "api"}, f"central was not asked, or did not answer: {one}"
            self._may_pass_alone(one)

    def _may_pass_stale(self, one: Answer) -> None:
        policy, question = self.truth.policy, one.pipeline.question
        enforced = [aim for aim in question.aims if policy.mode_of(aim.account) == "enforce"]
        if not self.truth.surely_stale(one.at) or policy.exempts(one.pipeline.name) or not enforced:
            return
        self.seen["passed stale"] += 1
        lifted = self.truth.all_lifted(question, one.at)
        assert policy.on_stale != "block" or lifted, f"UNSAFE PASS on stale knowledge: {one}"
        if policy.on_stale != "local":
            return
        if "health" in one.struck:
            assert one.rolled.on_unknown != "block" or lifted or _looked(one), f"UNSAFE PASS, unknown: {one}"
            return
        local = [aim for aim in self.truth.local(question, one.at, lifted=False) if aim in enforced]
        assert not local, f"UNSAFE PASS, stale: AWS Health shows it in the account: {local}; {one}"

    def _may_pass_alone(self, one: Answer) -> None:
        """Nothing central answered (D13, D14)."""
        if one.rolled.exempts.exempts(one.pipeline.name) and _is_at_home(one.pipeline):
            return
        if one.rolled.mode != "enforce":
            return
        assert "denied" not in one.struck or one.decision is None or one.decision["verdict"], f"denied: {one}"
        self.seen["passed alone"] += 1
        if "health" in one.struck:
            assert one.rolled.on_unknown != "block" or _looked(one), f"UNSAFE PASS, nothing was found out: {one}"
            return
        local = self.truth.local(one.pipeline.question, one.at)
        assert not local, f"UNSAFE PASS alone: AWS Health shows it in the account: {local}; {one}"

    # no false block

    def _may_block(self, one: Answer) -> None:
        if one.failure not in {None, "JobFailed"}:
            assert one.failure == "PermissionError", f"refused: {one}"
            assert "denied" in one.struck, f"refused: {one}"
            return
        if one.decision is None:
            return
        assert one.decision["verdict"] == "block", f"stopped without a verdict: {one}"
        blocking = [reason for reason in one.decision["reasons"] if reason["verdict"] == "block"]
        for reason in blocking:
            assert self._is_right(reason, one), f"FALSE BLOCK of {one.pipeline.name} at {one.at}: {reason}; {one}"
            self.seen[f"blocked by {reason['rule'] if reason['rule'] == 'local' else reason['kind']}"] += 1
        assert any(self._counts(reason, one) for reason in blocking), f"FALSE BLOCK, no reason counts: {one}"
        exempt = one.heard and "codepipeline" not in one.struck and self.truth.policy.exempts(one.pipeline.name)
        assert not exempt, f"FALSE BLOCK of what is exempt: {one}"

    def _counts(self, reason: Data, one: Answer) -> bool:
        """Whether nothing lifts it, and its target (of all targets: any) is in mode enforce (D10, D12, D14)."""
        aims = one.pipeline.question.aims
        if reason["target"] is not None:
            aims = (aims[reason["target"]],)
        modes = {self.truth.policy.mode_of(aim.account) if one.heard else one.rolled.mode for aim in aims}
        return reason["override_id"] is None and "enforce" in modes

    def _is_right(self, reason: Data, one: Answer) -> bool:
        aims, now = one.pipeline.question.aims, one.at
        aim = Aim("", "") if reason["target"] is None else aims[reason["target"]]
        match reason["kind"]:
            case "event" if reason["rule"] == "local":
                return aim in self.truth.local(one.pipeline.question, now, cautious=True)
            case "event":
                return self.truth.may_stand(reason["event"]["arn"], reason["event"]["region"], aim, now)
            case "freeze":
                return self.truth.frozen(aim, now)
            case "stale":
                return not self.truth.surely_fresh(now)
            case _:
                alone = not one.heard or not self.truth.surely_fresh(now)
                return reason["kind"] == "unknown" and alone and "health" in one.struck

    # what it says of its own age

    def _has_the_right_age(self, decision: Data) -> None:
        as_of = time_if_any(decision["knowledge"]["as_of"])
        oldest, newest = self.truth.last_poll(whole=True), self.truth.last_poll(whole=False)
        told = decision["knowledge"]
        assert oldest is None or (as_of is not None and as_of >= oldest.at), f"too old: {told}, not {oldest}"
        assert as_of is None or (newest is not None and as_of <= newest.at), f"YOUNGER THAN IT IS: {told}, not {newest}"

    # one resume an execution

    def _note_whether_it_waits(self, one: Answer) -> None:
        place = one.pipeline.name, one.execution_id
        self.waits.pop(place, None)
        if (
            one.result != "failed"
            or one.decision is None
            or not one.heard
            or one.struck & {"api", "central", "codepipeline", "twice"}
        ):
            return
        central = [reason for reason in one.decision["reasons"] if _is_centrals(reason)]
        if one.decision["decision_id"] is not None and central and one.decision["mode"] == "enforce":
            self.waits[place] = one.decision["decision_id"]

    def asked(self, execution_id: str, messages: Sequence[str], now: datetime) -> None:
        """A resumer that was given these messages, in this order, asks for a retry: once for each handing out."""
        naming = [one for one in messages if execution_id in one]
        unspent = [one for one in naming if (execution_id, one) not in self.spent]
        assert unspent, f"ASKED TWICE at {now}, or for what nobody handed out: {execution_id}, by {naming}"
        self.spent.add((execution_id, unspent[-1]))

    def resumed(self, pipeline: Pipeline, execution_id: str, decision_id: str, now: datetime, *, crossed: bool) -> None:
        """The resumer's retry was taken by CodePipeline, whose failed action carried that decision.

        ``crossed``: others did something after the resumer had looked, so what it saw may be no more.
        """
        self.seen["resumed"] += 1
        self.waits.pop((pipeline.name, execution_id), None)  # what comes of it is its gate's to say
        if crossed:
            self.seen["resumed, crossed"] += 1
            return
        failing = pipeline.name, execution_id, decision_id
        self.retried[failing] += 1
        assert self.retried[failing] == 1, f"RESUMED TWICE: {failing}"
        policy = self.truth.policy
        assert policy.enabled, f"resumed though the policy resumes nothing: {failing}"
        against = self.truth.against(pipeline.question, now)
        assert not against, f"resumed into what blocks it: {failing}: {against}"
        blocked = self.blocked_at.get(pipeline.name)
        settled = blocked is None or now > blocked + timedelta(seconds=policy.settle)
        assert settled, f"RESUMED UNSETTLED at {now}: {failing}; blocked at {blocked}, settles in {policy.settle} s"
        self.retried_at.append(now)
        wave = sum(now - at < WAVE_PAUSE for at in self.retried_at)
        assert wave <= policy.wave_size, f"a wave of {wave} at {now}, and {policy.wave_size} is the most"

    # nothing lost, nothing invented

    def knows(self, told: Data, now: datetime) -> None:
        """``GET /v1/events`` of the central account, a while after the last fault."""
        listed = {(one["arn"], one["region"]): one for one in told["events"]}
        real = {key: one for key, one in listed.items() if not any(made in key[0] for made in self.truth.made)}
        there = {key: snapshots[-1] for key, snapshots in self.truth.shown.items()}
        unlisted = {key for key, one in there.items() if one.slow and not one.listed}
        """What no look lists may never be found."""
        expected = {key: one for key, one in there.items() if not one.over(now) and key not in unlisted}
        lost = expected.keys() - real.keys()
        assert not lost, f"LOST at {now}: {lost}"
        invented = real.keys() - {key for key, one in there.items() if not one.over(now)}
        assert not invented, f"INVENTED at {now}: {invented}"
        for key, one in expected.items():
            if one.fields.get("statusCode"):
                assert real[key]["status"] == one.fields["statusCode"], f"{key}: {real[key]}, not {one}"
        self.seen["known"] += len(expected)


def _looked(one: Answer) -> bool:
    """Whether the gate's own look came through in spite of a fault."""
    return one.decision is not None and "could not be asked" not in str(one.decision)


def _is_at_home(pipeline: Pipeline) -> bool:
    """A gate knows what is exempt in its own account only."""
    return all(aim.account == pipeline.account for aim in pipeline.aims)


def _is_centrals(reason: Data) -> bool:
    of_central = reason["kind"] in {"event", "freeze", "stale"} and reason["rule"] != "local"
    return reason["verdict"] == "block" and reason["override_id"] is None and of_central
