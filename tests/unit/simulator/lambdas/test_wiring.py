"""The Invoke API of moto ends in our invoker; an Event invocation waits for the loop."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends

from org_gate.simulator.base import InvocationResult
from org_gate.simulator.lambdas.wiring import wired_lambda
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, RecordingInvoker, deploy, make_role


class _Logs:
    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        return InvocationResult({"errorMessage": "no"}, "ValueError", f"{account} {region} {function_name} {payload}")


def _invoke(kind: str) -> tuple[Any, dict[str, str]]:
    headers: dict[str, str] = {}
    backend = lambda_backends[ACCOUNT][REGION]
    answer = backend.invoke("f", None, json.dumps({"a": 1}), {"x-amz-invocation-type": kind}, headers)
    return answer, headers


@pytest.mark.usefixtures("aws")
def test_a_synchronous_call_gets_answer_error_and_log() -> None:
    deploy("f", "", role=make_role())
    with wired_lambda(_Logs(), lambda *_: None):
        answer, headers = _invoke("RequestResponse")
    assert json.loads(answer) == {"errorMessage": "no"}
    assert headers["x-amz-function-error"] == "Unhandled"
    assert base64.b64decode(headers["x-amz-log-result"]).decode() == f"{ACCOUNT} {REGION} f {{'a': 1}}"


@pytest.mark.usefixtures("aws")
def test_an_event_call_is_only_enqueued_and_a_dry_run_does_nothing() -> None:
    deploy("f", "", role=make_role())
    invoker, enqueued = RecordingInvoker(), list[Any]()
    with wired_lambda(invoker, lambda *event: enqueued.append(event)):
        assert _invoke("Event")[0] == ""
        assert _invoke("DryRun")[0] == ""
    assert enqueued == [(ACCOUNT, REGION, "f", {"a": 1})]
    assert invoker.calls == []
