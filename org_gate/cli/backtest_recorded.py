"""The backtest of recorded decisions, told: which come out otherwise, and how long the blocked ones would be held."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from org_gate.cli.backtest_words import arrow, because, moment_text, outcome_json, place, target_json
from org_gate.cli.text import harmless
from org_gate.model.decision import Verdict
from org_gate.model.times import describe_duration, format_time, text_if_any
from org_gate.report.backtest_recorded import Replayed
from org_gate.report.plain import count

LISTED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A backtest that was run, as text and as JSON.

    ``others`` are the same decisions under the other policy, where there is one.
    """

    policy: str
    against: str | None
    source: str
    unreadable: int
    replayed: Sequence[Replayed]
    others: Sequence[Replayed]

    @property
    def before(self) -> str:
        """What it is compared with."""
        return "as recorded" if self.against is None else f"with {self.against}"

    def verdicts_before(self) -> list[Verdict]:
        if self.against is None:
            return [one.recorded.verdict for one in self.replayed]
        return [one.outcome.verdict for one in self.others]

    def changed(self) -> list[tuple[Verdict, Replayed]]:
        """Those that come out otherwise, with what they were before."""
        pairs = zip(self.verdicts_before(), self.replayed, strict=True)
        return [(before, one) for before, one in pairs if before is not one.outcome.verdict]

    def lines(self) -> Iterator[str]:
        """For people. Times are UTC."""
        return _lines(self)

    def as_json(self) -> dict[str, Any]:
        return _as_json(self)


def _lines(told: Told) -> Iterator[str]:
    yield f"{harmless(told.policy)}, tried on {harmless(told.source)}."
    if told.unreadable:
        yield f"{count(told.unreadable, 'decision')} left out: another version of org-gate kept what is in them."
    if not told.replayed:
        yield "There are no recorded decisions. Try synthetic deployments instead: --every 15m"
        return
    yield (
        f"{count(len(told.replayed), 'recorded decision')}, by the events kept with each: an event that only another "
        "policy would have looked at stays unseen."
    )
    yield f"  {harmless(told.before)}: {_verdicts(told.verdicts_before())}"
    yield f"  with {harmless(told.policy)}: {_verdicts([one.outcome.verdict for one in told.replayed])}"
    yield from _held(told.replayed)
    yield from _changed(told)


def _as_json(told: Told) -> dict[str, Any]:
    """Every decision that comes out otherwise or is blocked, and counts of all."""
    changed = {one.recorded.decision_id for _, one in told.changed()}
    others = {one.recorded.decision_id: one for one in told.others}
    return {
        "policy": told.policy,
        "against": told.against,
        "history": told.source,
        "deployments": "recorded",
        "unreadable": told.unreadable,
        "counts": _counted([one.outcome.verdict for one in told.replayed]),
        "counts_recorded": _counted([one.recorded.verdict for one in told.replayed]),
        "counts_against": _counted([one.outcome.verdict for one in told.others]) if told.against else None,
        "decisions": [
            _decision_json(one, others.get(one.recorded.decision_id), changed)
            for one in told.replayed
            if one.recorded.decision_id in changed or one.outcome.verdict is Verdict.BLOCK
        ],
    }


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    counted = Counter(verdicts)
    return f"{counted[Verdict.BLOCK]:,} blocked, {counted[Verdict.WARN]:,} warned, {counted[Verdict.ALLOW]:,} allowed"


def _held(replayed: Sequence[Replayed]) -> Iterator[str]:
    """How long what the policy blocks would be held, as far as that is known."""
    blocked = [one for one in replayed if one.outcome.verdict is Verdict.BLOCK]
    lengths = sorted(one.free - one.recorded.at for one in blocked if one.free is not None)
    if lengths:
        middle, longest = lengths[len(lengths) // 2], lengths[-1]
        yield f"  held for {_length(middle)} in the middle, {_length(longest)} at most"
    if unknown := len(blocked) - len(lengths):
        yield f"  for how long is not on record for {count(unknown, 'blocked decision')}"


def _length(length: timedelta) -> str:
    return describe_duration(length)


def _changed(told: Told) -> Iterator[str]:
    changed = told.changed()
    if not changed:
        yield "None comes out otherwise."
        return
    first = f", the first {LISTED} of {len(changed):,}" if len(changed) > LISTED else ""
    yield f"{'This one comes' if len(changed) == 1 else 'These come'} out otherwise{first}:"
    for before, one in changed[:LISTED]:
        recorded, pipeline = one.recorded, one.recorded.request.pipeline
        who = f"{recorded.request.caller} {harmless((pipeline and pipeline.name) or '')}".rstrip()
        turned = arrow(before, one.outcome.verdict)
        where = ", ".join(place(target) for target in recorded.request.targets[:3])
        told_id = harmless(recorded.decision_id)
        yield f"  {moment_text(recorded.at)}  {who}  {where}  {turned}  ({because(one.outcome)}) [{told_id}]"


def _counted(verdicts: Sequence[Verdict]) -> Mapping[str, int]:
    counted = Counter(verdicts)
    return {verdict.value: counted[verdict] for verdict in Verdict}


def _decision_json(one: Replayed, other: Replayed | None, changed: set[str]) -> dict[str, Any]:
    recorded, pipeline = one.recorded, one.recorded.request.pipeline
    return {
        "decision_id": recorded.decision_id,
        "at": format_time(recorded.at),
        "account": recorded.request.caller,
        "pipeline": None if pipeline is None else {"name": pipeline.name, "region": pipeline.region},
        "targets": [target_json(target) for target in recorded.request.targets],
        "recorded": {"verdict": recorded.verdict.value, "would_be": recorded.would_be.value},
        "against": None if other is None else outcome_json(other.outcome),
        "outcome": outcome_json(one.outcome),
        "free_at": text_if_any(one.free),
        "changed": recorded.decision_id in changed,
    }
