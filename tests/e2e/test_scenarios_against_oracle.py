"""Random scenarios, played with the real parts, against what the contract says must come out.

A few seeds here, and a few scenarios made by hand; ``ORG_GATE_SEEDS=100-400`` in the environment plays all seeds of a
range, at ten seconds each and more.
"""

import os
from itertools import product
from pathlib import Path

import pytest

from tests.e2e.oracle.by_hand import BY_HAND
from tests.e2e.oracle.comparing import differences
from tests.e2e.oracle.generator import scenario
from tests.e2e.oracle.timeline import expected_lines
from tests.e2e.support import played

FEW = (23, 42, 70, 78, 101)


def seeds() -> tuple[int, ...]:
    """Those of a range such as ``100-400`` where it is given."""
    first, _, last = os.environ.get("ORG_GATE_SEEDS", "").partition("-")
    return tuple(range(int(first), int(last or first) + 1)) if first else FEW


@pytest.mark.contract("D1-D17, S1-S7")
@pytest.mark.parametrize("seed", seeds())
def test_every_run_gets_the_verdict_of_the_contract(seed: int, tmp_path: Path) -> None:
    data = scenario(seed)
    lines, _ = played(tmp_path, data)
    assert differences(expected_lines(data), lines) == []


@pytest.mark.contract("G4, G6, W1, W2, S2, S3")
@pytest.mark.parametrize("name", BY_HAND)
def test_every_scenario_made_by_hand_too(name: str, tmp_path: Path) -> None:
    data = BY_HAND[name]()
    lines, _ = played(tmp_path, data)
    assert differences(expected_lines(data), lines) == []


def test_they_see_every_kind_of_answer() -> None:
    few = [*(scenario(seed) for seed in FEW), *(made() for made in BY_HAND.values())]
    lines = [line for data in few for line in expected_lines(data)]
    decided = [line.decision for line in lines if line.decision is not None]
    reasons = [reason for decision in decided for reason in decision.reasons]
    assert {decision.verdict for decision in decided} == {"allow", "warn", "block"}
    assert {(reason.kind, reason.lifted) for reason in reasons if reason.kind != "unknown"} == {
        *product(("event", "freeze", "stale"), (False, True)),
        ("hint", False),
    }
    assert any(reason.kind == "unknown" for reason in reasons)
    assert {decision.mode for decision in decided} == {"enforce", "warn", "shadow"}
    assert any(len(set(decision.modes)) > 1 for decision in decided)
    assert any(decision.verdict != decision.would_be for decision in decided)
    assert any(line.decision is None for line in lines)
    assert {reason.lifted for reason in reasons if reason.rule == "local"} == {True, False}
    assert {line.by_central for line in lines if line.decision is not None and line.decision.exempt} == {True, False}
    assert {(line.trigger, line.result) for line in lines} == {
        *product(("run", "retry", "resume"), ("succeeded", "failed", "held")),
        ("hold", "succeeded"),
        ("hold", "failed"),
    }
    assert any(len({(aim.account, aim.region) for aim in decision.aims}) > 2 for decision in decided)
