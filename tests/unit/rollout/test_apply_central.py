"""Publishing a policy to cells, over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from org_gate.inventory.errors import RolloutError
from org_gate.policy.model import Policy
from org_gate.rollout.apply_central import publish_policy
from tests.serving import Heard, Reply, serving

REGION = "eu-west-1"
POLICY = Policy(version=1)


@contextmanager
def answering(status: int, content_type: str, body: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A decision API that gives one answer; its URL and the bodies it was sent."""
    received: list[dict[str, Any]] = []

    def answer(heard: Heard) -> Reply:
        received.append(json.loads(heard.body))
        return Reply(status, {"Content-Type": content_type}, json.dumps(body).encode())

    with serving(answer) as address:
        yield f"{address}/lambda-url/{REGION}/abc/", received


def test_a_policy_is_published_to_every_cell_or_said_where_not() -> None:
    with (
        answering(201, "application/json", {"policy_version": 7}) as (url, received),
        answering(409, "application/problem+json", {"detail": "Somebody was faster."}) as (busy, _),
    ):
        session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "of nobody", region_name=REGION)
        assert publish_policy(session, [url], POLICY, "first") == 7
        assert received[0]["note"] == "first"
        assert Policy.model_validate(received[0]["policy"]) == POLICY
        with pytest.raises(
            RolloutError, match=rf"not in force everywhere.*\n  {busy.rstrip('/')}: .*Somebody was faster"
        ):
            publish_policy(session, [url, busy], POLICY, "second")
