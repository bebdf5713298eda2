"""The gate's own transport and the handler as Lambda calls it, over HTTP on localhost with botocore's signatures."""

import io
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from org_gate.member import gate
from tests.serving import Heard
from tests.unit.member.support import (
    ACCOUNT,
    JOB,
    SECRET,
    HttpWorld,
    decision,
    http_world,
    job_event,
    reason,
)

JSON = {"Content-Type": "application/x-amz-json-1.1"}
PATH = "/lambda-url/eu-west-1/abc/v1/decisions"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-" + SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_RETRY_MODE"):
        monkeypatch.delenv(name, raising=False)


class Context:
    """What Lambda passes in; its ARN is wrong on purpose: nothing may be taken from it."""

    invoked_function_arn = "arn:aws:lambda:us-east-1:012345678912:function:test"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def aws_or_central(answers: Mapping[str, tuple[int, Any]]) -> Any:
    """AWS operations by their target header, central by its path."""

    def answer(heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
        operation = heard.headers.get("X-Amz-Target", heard.path).rpartition(".")[2]
        status, body = answers[operation]
        return status, JSON, json.dumps(body).encode()

    return answer


AWS = {
    "GetJobDetails": (200, {"jobDetails": {"data": {"pipelineContext": {"pipelineName": "orders"}}}}),
    "PutJobSuccessResult": (200, {}),
    "PutJobFailureResult": (200, {}),
}


def handled(world: HttpWorld, monkeypatch: pytest.MonkeyPatch, parameters: object = None) -> tuple[Any, str]:
    """The handler's result and what it printed, with everything pointed to the local server."""
    known = {
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": world.url,
        "ORG_GATE_URLS": f"{world.url}/lambda-url/eu-west-1/abc/",
        "ORG_GATE_MODE": "enforce",
        "ORG_GATE_ON_UNKNOWN": "block",
    }
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    printed = io.StringIO()
    with redirect_stdout(printed):
        result = gate.handler(job_event(parameters), Context())
    return result, printed.getvalue()


def test_the_handler_asks_signed_and_answers_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = decision("block", reasons=[reason()])
    with http_world(aws_or_central({**AWS, PATH: (200, blocked)})) as world:
        result, printed = handled(world, monkeypatch, {"targets": ["/eu-west-1/RDS"]})
    assert result == blocked
    details, question, answer = world.heard
    assert json.loads(details.body) == {"jobId": JOB}
    assert question.path == PATH
    scope = (
        r"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/\d{8}/eu-west-1/lambda/aws4_request, SignedHeaders=.*host.*"
    )
    assert re.match(scope, question.headers["Authorization"])
    assert question.headers["X-Amz-Security-Token"] == "token-" + SECRET
    asked = json.loads(question.body)
    assert asked["targets"] == [gate.target(ACCOUNT, "eu-west-1", ["RDS"])]
    assert asked["pipeline"] == {"name": "orders", "region": "us-east-1"}
    assert json.loads(answer.body)["failureDetails"]["type"] == "JobFailed"
    line = json.loads(printed)
    assert (line["decision_id"], line["job"], line["trouble"]) == ("d-1", "failed", [])
    assert SECRET not in printed


def test_aws_health_is_read_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"arn": "arn:aws:health:us-east-1::event/RDS/A/1", "service": "RDS", "region": "us-east-1"}
    more = {"startTime": 1772452800.5, "statusCode": "open", "eventScopeCode": "PUBLIC"}
    answers = {**AWS, PATH: (429, {}), "DescribeEvents": (200, {"events": [shown | more]})}
    with http_world(aws_or_central(answers)) as world:
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.url)
        parts = parts_at(f"{world.url}/lambda-url/eu-west-1/abc/", left=30)
        line = gate.run(job_event({"targets": ["/us-east-1"]}), parts)
    assert (line["verdict"], line["evaluated_at"]) == ("block", "2026-03-02T12:30:00Z")
    assert line["reasons"][0]["event"]["start"] == "2026-03-02T12:00:00Z"
    asked = next(heard for heard in world.heard if heard.headers.get("X-Amz-Target", "").endswith("DescribeEvents"))
    assert "/us-east-2/health/" in asked.headers["Authorization"]


def test_botocore_does_not_retry_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    with http_world(aws_or_central({**AWS, PATH: (200, decision()), "GetJobDetails": (500, {})})) as world:
        result, _ = handled(world, monkeypatch)
    assert result["decision_id"] == "d-1"
    operations = [heard.headers.get("X-Amz-Target", heard.path).rpartition(".")[2] for heard in world.heard]
    assert operations == ["GetJobDetails", "GetJobDetails", PATH, "PutJobSuccessResult"]


def test_without_credentials_the_job_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with http_world(aws_or_central(AWS)) as world:
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.url)
        parts = parts_at(world.url, left=30)
        with pytest.raises(RuntimeError, match="NoCredentialsError"):
            gate.run(job_event({"targets": ["/us-east-1"]}), parts)
    assert world.heard == []


def test_an_issue_whose_times_cannot_be_read_is_an_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not over: "closed" is not its status."""
    times = {"startTime": "soon", "endTime": 1e300, "lastUpdatedTime": [1]}
    known = {"arn": "arn:aws:health:us-east-1::event/RDS/A/1", "region": "us-east-1", "statusCode": "open"}
    answers = {**AWS, PATH: (429, {}), "DescribeEvents": (200, {"events": [known | times]})}
    with http_world(aws_or_central(answers)) as world:
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.url)
        parts = parts_at(f"{world.url}/lambda-url/eu-west-1/abc/", left=30)
        result = gate.run(job_event({"targets": ["/us-east-1"]}), parts)
    told = [(each["rule"], each["verdict"], each["event"]["start"]) for each in result["reasons"]]
    assert told == [("local", "block", None)]


def post(world: HttpWorld, seconds: float = 5) -> gate.Reply:
    return parts_at("", left=30).post(world.url + PATH, b"{}", seconds)


def test_redirects_are_not_followed() -> None:
    with http_world(lambda _: (302, {"Location": "/elsewhere"}, b"")) as world:
        assert post(world).status == 302
    assert [heard.path for heard in world.heard] == [PATH]


def test_an_endless_body_is_cut() -> None:
    with http_world(lambda _: (200, JSON, b" " * (gate.MAX_REPLY + 100))) as world:
        assert len(post(world).body) == gate.MAX_REPLY + 1


def test_a_broken_body_is_a_fault() -> None:
    with http_world(lambda _: (200, {"Transfer-Encoding": "chunked"}, b"{")) as world, pytest.raises(BotoCoreError):
        post(world, 0.3)


def test_a_body_cut_short_is_no_decision() -> None:
    headers = {"Content-Length": "9999", "Connection": "close"}
    with http_world(lambda _: (200, headers, json.dumps(decision()).encode()[:-1])) as world:
        reply = post(world, 5)
    with pytest.raises(gate.NoAnswerError, match="not a decision"):
        gate.understood(reply, "enforce")


def test_nobody_there_is_a_fault() -> None:
    with http_world(lambda _: (200, {}, b"")) as world:
        pass
    with pytest.raises(BotoCoreError):
        post(world)


GARBAGE = {
    "HTML": b"<html>Bad gateway</html>",
    "a list": b"[]",
    "nothing": b"",
    "deep": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe",
    "no events": b'{"nextToken": "t"}',
}


@pytest.mark.contract("D14")
@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_an_answer_of_aws_that_cannot_be_read_is_no_answer(garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty page for one that could not be read would let everything pass."""

    def answer(heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
        return (429 if heard.path == PATH else 200), JSON, garbage

    with http_world(answer) as world:
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.url)
        parts = parts_at(f"{world.url}/lambda-url/eu-west-1/abc/", left=30)
        result = gate.run(job_event({"targets": ["/us-east-1"]}), parts)
    assert [(each["kind"], each["verdict"]) for each in result["reasons"]] == [("unknown", "block")]
    assert "the gate itself failed" not in str(parts.trouble)
    last = world.heard[-1].headers["X-Amz-Target"]
    assert last.endswith("PutJobFailureResult")


def parts_at(urls: str, left: float) -> gate.Parts:
    """The real parts without a name server, sleep or output."""
    parts = gate.real_parts({**os.environ, "AWS_REGION": "eu-west-1", "ORG_GATE_URLS": urls}, lambda: left)
    return parts._replace(resolve=lambda _: "health.us-east-2.amazonaws.com", sleep=lambda _: None, log=lambda _: None)


@contextmanager
def lines_to(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A URL whose server does with each connection what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_servers_that_hang_and_drip_cost_no_more_than_their_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket's time-out ends what drips: each byte begins it anew."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{")
            while not over.wait(0.02):
                connection.sendall(b" ")

    def hang(connection: socket.socket) -> None:
        with connection:
            over.wait()

    def health_hangs(heard: Heard) -> Any:
        if heard.headers["X-Amz-Target"].endswith("DescribeEvents"):
            over.wait()
        return aws_or_central({**AWS, "DescribeEvents": (200, {"events": []})})(heard)

    with http_world(health_hangs) as aws, lines_to(hang) as hanging, lines_to(drip) as dripping:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        parts = parts_at(f"{hanging},{dripping}", left=gate.ANSWER_RESERVE + 0.3)
        line = gate.run(job_event({"targets": ["/us-east-1"]}), parts)
        over.set()
    assert line["verdict"] == "block"
    heard = [f"central at 127.0.0.1: {gate.fault_words(TimeoutError())}"] * 2
    assert parts.trouble == [*heard, "AWS Health: no answer in time"]
    assert aws.heard[-1].headers["X-Amz-Target"].endswith("PutJobFailureResult")


def test_a_call_cannot_outlast_its_seconds() -> None:
    held = threading.Event()
    with pytest.raises(TimeoutError):
        gate.within(0.05, held.wait)
    held.set()
    with pytest.raises(TimeoutError):
        gate.within(0, lambda: pytest.fail("was called"))
