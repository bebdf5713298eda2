"""Texts of strangers on their way to people and machines: a log line stays one line, a terminal shows and obeys not.

What HTML, spreadsheets, Markdown, chat and CI logs make of them is looked at where these are made; the threat model
names those tests.
"""

import io
import json
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given

from org_gate.central import collector, resuming_telemetry, telemetry
from org_gate.central.notifications import take_notification
from org_gate.member import gate
from tests.security.fuzz import fuzzed, retold
from tests.unit.central.resuming import Yard
from tests.unit.central.support import ME, RULES, Api, FakeStore, issue
from tests.unit.cli.support import TARGET, Shell
from tests.unit.client.support import decision, json_reply, problem
from tests.unit.member.support import World, reason, reply
from tests.unit.store.tables import fake_table, store_on

EVIL = (
    'x\n{"level":"INFO","message":"decided","verdict":"allow"}\r\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp\u2028\u2066\ud800'
    "=HYPERLINK(1)<script>alert(1)</script> ##[error] ::set-output name=x::y"
)


@contextmanager
def written(logger: Logger) -> Iterator[io.StringIO]:
    """What it writes meanwhile, as CloudWatch gets it."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    yield heard
    logging.getLogger(logger.name).removeHandler(handler)


def lines(heard: io.StringIO) -> list[dict[str, Any]]:
    """Each is JSON, so a stranger's line break made no line of its own, nor did its escapes reach a terminal."""
    is_harmless(heard.getvalue())
    found = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert found
    return found


def evil_parts(body: Any) -> Any:
    """A body with EVIL at each text."""
    match body:
        case dict():
            return {key: evil_parts(value) for key, value in body.items()}
        case list():
            return [evil_parts(value) for value in body]
        case str():
            return EVIL
        case _:
            return body


ASKED: dict[str, Any] = {
    "targets": [{"account": ME, "region": "us-east-1", "services": ["RDS"], "availability_zones": ["use1-az4"]}],
    "source": "codepipeline",
    "pipeline": {"name": "orders", "region": "us-east-1", "stage": "Deploy", "action": "Gate", "execution_id": "e-1"},
    "gate": {"version": "1", "on_block": "fail"},
}
OVERRIDE = {"accounts": [ME], "pipelines": ["*"], "events": ["all"], "reason": "why", "for": "1h", "ticket": "T"}


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/overrides", f"/v1/{EVIL}", "/v1/decisions/x%0Ay"])
@pytest.mark.parametrize("body", [ASKED, OVERRIDE, [], EVIL], ids=["question", "override", "list", "text"])
def test_the_decision_apis_log(path: str, body: Any) -> None:
    with written(telemetry.logger) as heard:
        Api(FakeStore()).request("POST", path, evil_parts(body))
    assert {line["message"] for line in lines(heard)} == {"not answered"}


def test_the_decision_apis_log_of_an_event_that_says_too_much() -> None:
    """Of a decision it has numbers and ids, and none of the words in it."""
    store = FakeStore(events_known=(issue(arn=EVIL, type_code=EVIL, availability_zone=EVIL),))
    with written(telemetry.logger) as heard:
        assert Api(store).request("POST", "/v1/decisions", ASKED).body["verdict"] == "block"
    assert [line["message"] for line in lines(heard)] == ["decided"]
    assert "HYPERLINK" not in heard.getvalue()


def test_the_collectors_log_of_a_notification_that_cannot_be_read() -> None:
    store = store_on(fake_table())
    event = evil_parts({"account": "x", "detail": {"eventArn": "x"}}) | {"time": "2026-03-02T12:00:00Z"}
    with written(collector.logger) as heard:
        taken = take_notification(store, event)
        collector.logger.error("a notification could not be understood", reason=taken.unreadable)
    assert len(lines(heard)) == 1


def test_the_resumers_log_of_a_message_that_is_none() -> None:
    yard = Yard(RULES)
    with written(resuming_telemetry.logger) as heard:
        yard.take(yard.message(EVIL), yard.message(json.dumps({"resume": {"deployment": [EVIL] * 5}})))
    assert len([line for line in lines(heard) if line["level"] == "ERROR"]) == 2


@fuzzed(60)
@given(
    retold(
        decision("block", reasons=[reason(explanation="Down.")], summary="Down.", evaluated_at="2026-03-02T12:00:00Z")
    )
)
def test_the_gates_line_and_what_codepipeline_shows(answer: Any) -> None:
    """The console shows the message, chat forwards it: printable, one line."""
    world = World(central={gate_url(): [reply(answer)]}, health=[[]])
    world.run({"targets": ["/us-east-1"]})
    _, told = world.answer
    shown = told.get("failureDetails") or told["executionDetails"]
    assert all(value.isprintable() for value in shown.values() if isinstance(value, str))
    assert json.dumps(world.log[0]).isascii()


def gate_url() -> str:
    (url,) = World().settings.urls
    return url


def test_a_pipelines_own_names_in_the_gates_message() -> None:
    details = {"pipelineName": EVIL, "stage": {"name": EVIL}, "pipelineExecutionId": EVIL, "action": {"name": EVIL}}
    world = World(details=details)
    world.run()
    _, told = world.answer
    assert told["executionDetails"]["summary"].isprintable()
    assert gate.clip(EVIL, 5_000).isprintable()


COMMANDS: dict[str, tuple[list[str], Any]] = {
    "check": (
        ["check", "--target", TARGET],
        decision("block", reasons=[reason(explanation="Down.")], decision_id=f"d-{'1' * 32}"),
    ),
    "override list": (
        ["override", "list"],
        {
            "overrides": [
                {
                    **OVERRIDE,
                    "override_id": "o-1",
                    "account": ME,
                    "who": "arn",
                    "created_at": "2026-03-02T12:00:00Z",
                    "expires_at": "2026-03-02T13:00:00Z",
                    "revoked_at": None,
                    "revoked_by": None,
                    "accounts_omitted": 0,
                }
            ],
            "overrides_omitted": 0,
            "evaluated_at": "2026-03-02T12:00:00Z",
        },
    ),
    "drill list": (
        ["drill", "list"],
        {
            "drills": [
                {
                    "id": "drill-1",
                    "kind": "drill",
                    "public": False,
                    "accounts": [ME],
                    "accounts_omitted": 0,
                    "ous": ["Workloads"],
                    "regions": ["us-east-1"],
                    "services": ["RDS"],
                    "reason": "why",
                    "who": "arn",
                    "created_at": "2026-03-02T12:00:00Z",
                    "ends_at": "2026-03-02T13:00:00Z",
                    "stopped_at": None,
                    "stopped_by": None,
                    "event_arns": ["arn"],
                }
            ],
            "drills_omitted": 0,
            "evaluated_at": "2026-03-02T12:00:00Z",
        },
    ),
}


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_prints(command: str, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a cell that lies moves the cursor or writes lines in our name."""
    arguments, good = COMMANDS[command]

    @fuzzed(40)
    @given(retold(good))
    def play(answer: Any) -> None:
        code, out, err = Shell(capsys, [json_reply(answer)]).run(*arguments, "--url", URL, "--format", output)
        assert code in {0, 1, 3}
        is_harmless(out + err)

    play()


def test_what_the_api_says_of_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    for output in ("text", "json", "github"):
        arguments = ["check", "--target", TARGET, "--url", URL, "--format", output]
        code, out, err = Shell(capsys, [problem(422, EVIL)]).run(*arguments)
        assert code == 2
        is_harmless(out + err)


URL = "https://abc.lambda-url.eu-west-1.on.aws"


def is_harmless(printed: str) -> None:
    odd = {letter for letter in printed if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert odd <= {"\n"}
