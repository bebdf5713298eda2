"""AWS's JSON protocol as the gate speaks it: held to botocore, whose clients it does without."""

import json
import subprocess
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from org_gate.member import gate
from tests.unit.member.support import CENTRAL, NOW, World, decision, job_event, reason, reply

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
HEALTH = ("us-east-1", "us-east-2", "us-gov-west-1", "cn-northwest-1")
PROTOCOL = "1.1"


@pytest.fixture(scope="module")
def session() -> botocore.session.Session:
    return botocore.session.get_session()


class SentError(Exception):
    """Ends a client's call where its request would be sent."""


def sent_by_botocore(session: botocore.session.Session, service: str, region: str) -> tuple[str, str]:
    """The address that a client of botocore's asks, and the Region that it signs for."""
    told: list[tuple[str, str]] = []

    def instead(request: Any, **_: object) -> None:
        told.append((request.url, request.headers["Authorization"].decode().split("/")[2]))
        raise SentError

    session.set_credentials(*KEYS.values())
    client: Any = session.create_client(service, region_name=region, config=Config(retries={"total_max_attempts": 1}))
    client.meta.events.register("before-send", instead)
    with pytest.raises(SentError):
        client.describe_events() if service == "health" else client.get_pipeline(name="orders")
    return told[0]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_codepipeline_is_where_botocore_looks_for_it(session: botocore.session.Session, partition: str) -> None:
    regions = session.get_available_regions("codepipeline", partition)
    assert len(regions) > 1
    for region in regions:
        assert (gate.endpoint("codepipeline", region, {}), region) == sent_by_botocore(session, "codepipeline", region)


@pytest.mark.parametrize("region", HEALTH)
def test_health_is_where_botocore_looks_for_it(session: botocore.session.Session, region: str) -> None:
    assert (gate.endpoint("health", region, {}), region) == sent_by_botocore(session, "health", region)


def test_a_region_newer_than_any_list_is_of_the_largest_partition() -> None:
    assert gate.endpoint("codepipeline", "me-new-9", {}) == "https://codepipeline.me-new-9.amazonaws.com/"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "http://a:1"}, "http://a:1"),
        ({"AWS_ENDPOINT_URL": ""}, "https://health.us-east-1.amazonaws.com/"),
    ],
)
def test_the_variable_of_every_sdk_says_where_a_service_is(variables: Mapping[str, str], expected: str) -> None:
    assert gate.endpoint("health", "us-east-1", variables) == expected


def test_what_is_sent_is_what_the_service_models_ask_for(session: botocore.session.Session) -> None:
    stale, blocked = reply(decision("allow", stale=True)), reply(decision("block", reasons=[reason()]))
    worlds = [World(central={CENTRAL: [stale]}), World(central={CENTRAL: [blocked]})]
    pipeline = {"pipelineName": "orders", "stage": {"name": "Gate"}}
    held = World(central={CENTRAL: [blocked]}, details=pipeline)
    asked: list[tuple[str, str, Any]] = []
    for world, parameters in ((worlds[0], None), (worlds[1], None), (held, {"on_block": "hold"})):
        gate.run(job_event(parameters), listening(world.parts(), asked))
    assert {operation for _, operation, _ in asked} == {
        "GetJobDetails",
        "GetPipeline",
        "DescribeEvents",
        "PutJobSuccessResult",
        "PutJobFailureResult",
    }
    for service, operation, params in asked:
        model = session.get_service_model(service)
        assert gate.INTERFACES[service] == model.metadata["targetPrefix"] + "."
        assert model.metadata["jsonVersion"] == PROTOCOL
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        found = ParamValidator().validate(params, shape)
        assert not found.has_errors(), found.generate_report()


def listening(parts: gate.Parts, asked: list[tuple[str, str, Any]]) -> gate.Parts:
    class Listening(gate.Aws):
        def call(self, service: str, region: str, operation: str, seconds: float, **params: Any) -> Any:
            asked.append((service, operation, params))
            return parts.aws.call(service, region, operation, seconds, **params)

    return parts._replace(aws=Listening(lambda *_: {}))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"__type": "JobNotFoundException"}', "JobNotFoundException"),
        (400, b'{"__type": "com.amazonaws.codepipeline#JobNotFoundException"}', "JobNotFoundException"),
        (400, b'{"__type": "ThrottlingException:http://internal.amazon.com/coral/"}', "ThrottlingException"),
        (400, b'{"message": "no type"}', "400"),
        (503, b"<html>", "503"),
        (500, b"\xff", "500"),
        (400, b"[" * 100_000, "400"),
        (302, b"", "302"),
        (400, b'{"__type": 7}', "7"),
    ],
)
def test_an_error_is_named_by_its_type_else_its_status(status: int, body: bytes, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        gate.aws_answer(gate.Reply(status, "", body, "today"), "GetPipeline")
    assert gate.code_of(raised.value) == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert raised.value.response["ResponseMetadata"]["HTTPHeaders"] == {"date": "today"}
    assert gate.is_passing(raised.value) == (status >= 500 or code == "ThrottlingException")


def test_times_are_seconds_since_1970() -> None:
    assert gate.time_of(NOW.timestamp()) == NOW
    assert gate.time_of(int(NOW.timestamp())) == NOW
    others: tuple[Any, ...] = (None, "2026-03-02T12:30:00Z", float("nan"), float("inf"), -1e300, 10**400, [], {})
    for other in others:
        assert gate.time_of(other) is None


def test_a_jobs_calls_share_a_connection() -> None:
    """Each new one would cost a TLS handshake."""
    callers: list[tuple[str, int]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if "X-Amz-Target" in self.headers:
                callers.append(self.client_address)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    env = {**KEYS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
    parts = gate.real_parts(env, lambda: 30.0)._replace(resolve=lambda _: "", sleep=lambda _: None)
    gate.run(job_event(), parts._replace(log=lambda _: None))
    server.shutdown()
    server.server_close()
    assert len(callers) > 1
    assert len(set(callers)) == 1


def test_what_makes_a_cold_start_slow_is_not_loaded() -> None:
    """Clients of botocore's and its session: half as long again as everything else (`make bench`)."""
    code = "import json, sys, org_gate.member.gate; print(json.dumps([*sys.modules]))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = json.loads(run.stdout)
    assert "botocore.auth" in loaded
    assert not {"boto3", "botocore.client", "botocore.session"} & set(loaded)
