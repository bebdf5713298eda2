"""What a decision was about, small: kept beside its entry among those of its day, so that reports read entries alone.

Where it deployed to, each different ground of its reasons once, and how its gate blocks: JSON text, because it is read
by the hundred thousand. Entries from before there was such a text have none; their decisions' records say the same.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from org_gate.model.cause import blocks


class Ground(NamedTuple):
    """Of one or more reasons that differ in their target alone. None where a reason has no such thing."""

    kind: str
    verdict: str
    """The reason's own."""
    blocks: bool
    """The decision is ``block``, and hangs on it among others."""
    name: str | None
    """The rule's, or the freeze's."""
    service: str | None
    arn: str | None
    region: str | None
    """The event's, as is its ARN."""
    override_id: str | None
    """The override that lifts it."""


class About(NamedTuple):
    """``targets`` are accounts and Regions, each pair once."""

    targets: tuple[tuple[str, str], ...]
    grounds: tuple[Ground, ...]
    on_block: str | None
    """None where no gate asked."""
    stale: bool


def about_of(record: Mapping[str, Any]) -> About:
    """Of a decision as it is recorded."""
    decision = record["decision"]
    targets = {(target["account"], target.get("region", "")) for target in decision["targets"]}
    grounds = dict.fromkeys(_ground(reason, decision) for reason in decision.get("reasons", ()))
    gate, knowledge = record.get("gate") or {}, decision.get("knowledge") or {}
    return About(tuple(sorted(targets)), tuple(grounds), gate.get("on_block"), bool(knowledge.get("stale")))


def about_text(record: Mapping[str, Any]) -> str:
    return json.dumps(about_of(record), separators=(",", ":"), ensure_ascii=False)


def read_about(text: str) -> About:
    """The inverse of ``about_text``."""
    targets, grounds, on_block, stale = json.loads(text)
    return About(tuple(map(tuple, targets)), tuple(Ground(*each) for each in grounds), on_block, stale)


def _ground(reason: Mapping[str, Any], decision: Mapping[str, Any]) -> Ground:
    event, freeze = reason["event"] or {}, reason["freeze"]
    return Ground(
        kind=reason["kind"],
        verdict=reason["verdict"],
        blocks=decision["verdict"] == "block" and blocks(reason, decision),
        name=reason["rule"] if freeze is None else freeze["name"],
        service=event.get("service"),
        arn=event.get("arn"),
        region=event.get("region"),
        override_id=reason["override_id"],
    )
