"""Words that the backtest's text and JSON share: verdicts, places, times, and what an outcome rests on."""

from datetime import datetime
from typing import Any

from org_gate.cli.text import harmless
from org_gate.decision.words import target_text
from org_gate.model.request import Target
from org_gate.model.times import format_time
from org_gate.report.backtest import Ground, Outcome


def moment_text(moment: datetime) -> str:
    """To the minute, as the heading says in UTC; seconds only where they are."""
    text = format_time(moment).removesuffix("Z").replace("T", " ")
    return text.removesuffix(":00") if moment.second == 0 else text


def place(target: Target) -> str:
    return harmless(target_text(target))


def arrow(before: str, after: str) -> str:
    return f"{before} → {after}"


def because(outcome: Outcome) -> str:
    """What it hangs on most, in a few words."""
    if outcome.exempt:
        return "exempt"
    if not outcome.grounds:
        return "nothing stands against it"
    softened = f", mode {outcome.mode}" if outcome.would_be is not outcome.verdict else ""
    return f"{_ground_text(outcome.grounds[0])}{softened}"


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "verdict": outcome.verdict.value,
        "would_be": outcome.would_be.value,
        "mode": outcome.mode.value,
        "exempt": outcome.exempt,
        "reasons": [_ground_json(ground) for ground in outcome.grounds],
    }


def target_json(target: Target) -> dict[str, Any]:
    return {
        "account": target.account,
        "region": target.region,
        "services": list(target.services),
        "availability_zones": list(target.availability_zones),
    }


def _ground_text(ground: Ground) -> str:
    if ground.freeze is not None:
        return f"freeze {harmless(ground.freeze)}"
    if ground.event is not None:
        return f"rule {harmless(ground.rule)}" if ground.rule else "defaults.verdict"
    return ground.kind


def _ground_json(ground: Ground) -> dict[str, Any]:
    return {
        "kind": ground.kind,
        "verdict": ground.counts.value,
        "rule": ground.rule,
        "event": None if ground.event is None else {"arn": ground.event.arn, "region": ground.event.region},
        "freeze": ground.freeze,
        "overridden": ground.lifted,
    }
