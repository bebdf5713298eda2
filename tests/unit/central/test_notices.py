"""The resumer is told of every change, and nothing ever fails because it could not be told."""

from typing import Any

import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError, ConnectTimeoutError

from org_gate.central.notices import ChangeTopic, TellingResumer
from org_gate.central.resuming_messages import LookMessage, read_message
from tests.unit.central.support import CENTRAL, ME, NOW, RULES, Api, FakeStore, Topic

ARN = f"arn:aws:sns:eu-west-1:{CENTRAL}:org-gate-changes"


class Sns:
    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.sent: list[dict[str, Any]] = []

    def publish(self, **request: Any) -> dict[str, Any]:
        self.sent.append(request)
        if self.fault is not None:
            raise self.fault
        return {"MessageId": "1"}


class Both(Topic):
    """Hears what people hear, behind the resumer."""

    def __init__(self, sns: Sns) -> None:
        super().__init__()
        self._telling = TellingResumer(ChangeTopic(sns, ARN, Logger(service="test")), Topic())

    def announce(self, notice: Any) -> bool:
        super().announce(notice)
        return self._telling.announce(notice)


def change_everything(sns: Sns) -> list[int]:
    api = Api(FakeStore(), Both(sns))
    override = {"accounts": [ME], "events": ["all"], "reason": "…", "for": "1h"}
    drill = {"public": True, "reason": "…", "for": "1h"}
    asked = [api.request("POST", "/v1/policies", {"policy": RULES}, caller=CENTRAL)]
    asked.append(api.request("POST", "/v1/overrides", override, caller=CENTRAL))
    asked.append(api.request("DELETE", f"/v1/overrides/{asked[-1].body['override_id']}", caller=CENTRAL))
    declared = drill | {"regions": ["us-east-1"], "services": ["RDS"]}
    for path, wish in (("/v1/drills", drill), ("/v1/declared-events", declared)):
        asked.append(api.request("POST", path, wish, caller=CENTRAL))
        asked.append(api.request("DELETE", f"{path}/{asked[-1].body['id']}", caller=CENTRAL))
    return [reply.status for reply in asked]


def test_every_change_by_hand_asks_for_a_look() -> None:
    sns = Sns()
    assert change_everything(sns) == [200] * 7
    assert {request["TopicArn"] for request in sns.sent} == {ARN}
    sent = {"SentTimestamp": str(int(NOW.timestamp() * 1000))}
    looks = [read_message({"body": request["Message"], "attributes": sent}) for request in sns.sent]
    assert looks == [LookMessage(NOW)] * 7


@pytest.mark.parametrize(
    "fault",
    [
        ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "Publish"),
        ConnectTimeoutError(endpoint_url="https://sns"),
    ],
)
def test_a_topic_that_fails_fails_no_change(fault: Exception) -> None:
    assert change_everything(Sns(fault)) == [200] * 7
