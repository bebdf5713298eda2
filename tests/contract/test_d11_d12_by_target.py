"""D11 and D12: requests that are exempt, and modes that differ by target."""

from typing import Any

import pytest

from org_gate.model.decision import Mode
from org_gate.model.request import Pipeline
from tests.unit.decision.builders import DEV, PROD, STRANGER, decided, event, policy, request

FREEZE = {"name": "peak", "from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
DEV_SHADOW = {"targets": {"ous": ["Workloads/Dev/**"]}, "mode": "shadow"}


def modes(*entries: dict[str, Any], asks: Any, **fields: Any) -> list[str]:
    return [judged.mode.value for judged in decided(asks, (), policy(modes=entries, **fields)).targets]


@pytest.mark.contract("D12")
def test_d12_the_first_that_fits_gives_the_mode_else_the_policys() -> None:
    asks = request(f"{DEV}/us-east-1", f"{PROD}/us-east-1")
    second = {"targets": {"accounts": [DEV]}, "mode": "enforce"}
    assert modes(DEV_SHADOW, second, asks=asks, mode="warn") == ["shadow", "warn"]
    assert modes(second, DEV_SHADOW, asks=asks, mode="warn") == ["enforce", "warn"]


@pytest.mark.contract("D7")
@pytest.mark.parametrize(
    ("entry", "below", "expected"),
    [("shadow", "enforce", "enforce"), ("enforce", "shadow", "enforce"), ("warn", "shadow", "warn")],
)
def test_d12_where_it_is_not_known_the_stricter_of_both_ways(entry: str, below: str, expected: str) -> None:
    unsure = {"targets": {"ous": ["**"]}, "mode": entry}
    assert modes(unsure, asks=f"{STRANGER}/us-east-1", mode=below) == [expected]


@pytest.mark.contract("D12")
def test_d12_each_reason_counts_by_its_own_targets_mode_and_the_decisions_is_the_strictest() -> None:
    rules = policy({}, modes=[DEV_SHADOW])
    both = request(f"{DEV}/us-east-1", f"{PROD}/eu-west-1")
    only_dev = decided(both, event(), rules)
    assert (only_dev.verdict, only_dev.would_be, only_dev.mode) == ("warn", "block", "enforce")
    assert "Not every target is in mode enforce; enforce would block." in only_dev.summary
    only_prod = decided(both, event(region="eu-west-1"), rules)
    assert (only_prod.verdict, only_prod.would_be, only_prod.mode) == ("block", "block", "enforce")
    alone = decided(f"{DEV}/us-east-1", event(), rules)
    assert (alone.verdict, alone.would_be, alone.mode) == ("warn", "block", "shadow")


@pytest.mark.contract("D13")
def test_d13_staleness_counts_by_the_strictest_mode() -> None:
    rules = policy(modes=[DEV_SHADOW], defaults={"on_stale": "block"})
    assert decided(f"{DEV}/us-east-1", (), rules, as_of=None).verdict == "warn"
    assert decided(request(f"{DEV}/us-east-1", f"{PROD}/us-east-1"), (), rules, as_of=None).verdict == "block"


@pytest.mark.contract("D12")
def test_d12_the_order_of_strictness() -> None:
    assert sorted(Mode, key=lambda mode: mode.strictness) == ["shadow", "warn", "enforce"]


EXEMPT = [{"pipelines": ["*-failover"], "ous": ["Workloads/**"]}, {"accounts": [DEV]}]


@pytest.mark.contract("D11")
def test_d11_an_exempt_request_is_allowed_whatever_stands_against_it_and_says_so() -> None:
    rules = policy({}, exempt=EXEMPT, freezes=[FREEZE], defaults={"on_stale": "block"})
    asks = request("/us-east-1", pipeline=Pipeline(name="db-failover", region="us-east-1"))
    decision = decided(asks, event(), rules, as_of=None)
    assert (decision.verdict, decision.would_be, decision.exempt) == ("allow", "allow", True)
    assert [reason.kind for reason in decision.reasons] == ["event", "freeze", "freeze", "stale"]
    assert decision.summary.startswith("Allowed: the policy exempts it from all checks, in spite of RDS in us-east-1")
    assert decided(asks, (), policy(exempt=EXEMPT)).summary == "Allowed: the policy exempts it from all checks."


@pytest.mark.contract("D11")
@pytest.mark.parametrize(
    ("targets", "pipeline", "expected"),
    [
        ([f"{PROD}/us-east-1", f"{DEV}/us-east-1"], "db-failover", True),  # each fits one, not the same
        ([f"{PROD}/us-east-1"], "orders", False),
        ([f"{DEV}/us-east-1"], "orders", True),
        ([f"{DEV}/us-east-1", f"{PROD}/us-east-1"], "orders", False),
        ([f"{PROD}/us-east-1"], None, False),  # the name is not known
        ([f"{STRANGER}/us-east-1"], "db-failover", False),  # the OU is not known
    ],
)
def test_d11_each_given_target_has_to_fit_surely(targets: list[str], pipeline: str | None, expected: bool) -> None:  # noqa: FBT001  a table's column
    asks = request(*targets, pipeline=Pipeline(name=pipeline, region="us-east-1"))
    decision = decided(asks, event(), policy({}, exempt=EXEMPT))
    assert (decision.exempt, decision.verdict) == (expected, "allow" if expected else "block")


@pytest.mark.contract("D12")
@pytest.mark.parametrize(("pipeline", "expected"), [("web-shop", "shadow"), ("orders", "enforce"), (None, "enforce")])
def test_d12_a_mode_may_hang_on_the_pipeline_and_a_name_that_is_not_known_is_the_stricter_way(
    pipeline: str | None, expected: str
) -> None:
    entry = {"targets": {"pipelines": ["web-*"]}, "mode": "shadow"}
    asks = request("/us-east-1", pipeline=Pipeline(name=pipeline))
    assert modes(entry, asks=asks) == [expected]
