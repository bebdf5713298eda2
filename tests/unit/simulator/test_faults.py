from datetime import timedelta

import pytest

from org_gate.simulator.base import AwsError, Call, Caller, SimClock
from org_gate.simulator.faults import CENTRAL, Fault, Faults
from tests.unit.simulator.doors import ORDERS, REGION, START

CALLER = Caller(ORDERS, f"arn:aws:iam::{ORDERS}:user/u", "AKIA", "AID")
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.contract("S4")


def call(service: str = "health", region: str = REGION) -> Call:
    return Call(service, "DescribeEvents", {}, region, CALLER)


def test_a_fault_holds_from_its_start_on_and_before_its_end() -> None:
    clock = SimClock(START)
    faults = Faults(clock)
    faults.add(Fault("health", "down", START + MINUTE, START + 2 * MINUTE))
    faults.check(call(), "json")
    clock.advance_to(START + MINUTE)
    with pytest.raises(AwsError, match="ServiceUnavailable"):
        faults.check(call(), "json")
    clock.advance_to(START + 2 * MINUTE)
    faults.check(call(), "json")


def test_a_fault_without_an_end_lasts() -> None:
    clock = SimClock(START)
    faults = Faults(clock)
    faults.add(Fault("health", "throttle", START))
    clock.advance_to(START + timedelta(days=400))
    with pytest.raises(AwsError, match="ThrottlingException"):
        faults.check(call(), "json")


@pytest.mark.parametrize(
    ("fault", "strikes"),
    [
        (Fault("health", "down", START, region=REGION, account=ORDERS), True),
        (Fault("health", "down", START, region="us-east-1"), False),
        (Fault("health", "down", START, account="999988887777"), False),
        (Fault("dynamodb", "down", START), False),
    ],
)
def test_region_account_and_service_narrow_it(fault: Fault, strikes: bool) -> None:  # noqa: FBT001  a test parameter
    assert fault.strikes("health", REGION, ORDERS, START) is strikes


@pytest.mark.parametrize(("kind", "status"), [("down", 503), ("throttle", 429), ("denied", 403)])
def test_central_fails_as_http(kind: str, status: int) -> None:
    faults = Faults(SimClock(START))
    faults.add(Fault(CENTRAL, kind, START, region=REGION))
    faults.check_central("us-east-1", CALLER)
    with pytest.raises(AwsError) as struck:
        faults.check_central(REGION, CALLER)
    assert struck.value.status == status


def test_slow_is_late_and_then_the_truth_and_nobody_is_held_once_released() -> None:
    faults = Faults(SimClock(START), hold_seconds=3600, delay_seconds=3600)
    faults.add(Fault(CENTRAL, "slow", START))
    faults.add(Fault("health", "slow", START))
    faults.release()
    faults.check_central(REGION, CALLER)
    faults.check(call(), "json")


@pytest.mark.parametrize(("service", "kind"), [("lambda", "down"), ("health", "explode")])
def test_an_unknown_fault_is_refused(service: str, kind: str) -> None:
    with pytest.raises(ValueError, match="no fault"):
        Fault(service, kind, START)


def test_whom_a_fault_would_meet_is_told_without_a_call() -> None:
    clock = SimClock(START)
    faults = Faults(clock)
    faults.add(Fault(CENTRAL, "slow", START, START + MINUTE, region=REGION, account=ORDERS))
    assert faults.strike(CENTRAL, REGION, ORDERS)
    assert not faults.strike(CENTRAL, "ap-southeast-2", ORDERS)
    assert not faults.strike(CENTRAL, REGION, "999988887777")
    clock.advance_to(START + MINUTE)
    assert not faults.strike(CENTRAL, REGION, ORDERS)
