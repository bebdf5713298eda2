"""An invocation that ends in an error is told to whoever runs the simulator, and no test overlooks one."""

import pytest

from org_gate.simulator.base import SimClock
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.iam.ledger import Ledger
from org_gate.simulator.lambdas.logs import LoggedInvoker
from org_gate.store.errors import StoreUnavailableError
from tests.conftest import Told
from tests.ends import unmeant
from tests.unit.simulator.delivery.world import organization
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, RecordingInvoker, deploy, make_role


@pytest.mark.parametrize(
    ("function", "answer", "is_meant"),
    [
        ("org-gate-collector", {"poll": "complete"}, True),
        ("org-gate-collector", StoreUnavailableError("put_item", "Throttled", 'it\'s "slow"'), True),
        ("org-gate-collector", KeyError("eventScopeCode"), False),
        ("org-gate-api", StoreUnavailableError("get_item", "Throttled", "slow down"), False),
        ("org-gate", RuntimeError("CodePipeline took no answer for job 1: it's gone"), True),
        ("org-gate", RuntimeError("dictionary changed size during iteration"), False),
    ],
)
def test_an_end_in_an_error_is_told(
    aws: SimClock, told_by_functions: Told, function: str, answer: object, *, is_meant: bool
) -> None:
    deploy(function, "", role=make_role())
    invoker = LoggedInvoker(RecordingInvoker(answer), Guard(aws, organization(), Ledger()), aws)
    invoker.invoke(ACCOUNT, REGION, function, {})
    lines = told_by_functions.take()
    assert len(lines) == isinstance(answer, Exception)
    assert all(f"{function} of account {ACCOUNT} in {REGION} ended in an error" in line for line in lines)
    assert (unmeant(lines) == []) == is_meant
