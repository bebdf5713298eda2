"""The resumer's edge and one resumption: what AWS may say of a pipeline, what may come over the queue, what is told."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from org_gate.central import resumer as module
from org_gate.central.budget import Budget
from org_gate.central.resuming_messages import resume_body
from org_gate.central.settings import SettingsError
from org_gate.store import StoreUnavailableError
from tests.unit.central.resuming import FAILING, STAGE, Yard, at, deployment, refused, retries, stamp
from tests.unit.central.support import ME, OTHER, RULES, context


def about_to_resume(policy: dict[str, Any] = RULES) -> tuple[Yard, str]:
    """One deployment that has settled and is handed out at the next look; and its failing decision."""
    yard = Yard(policy)
    incident = yard.incident()
    decision = yard.ask(deployment())
    assert yard.minute(1) == []
    yard.over(incident)
    for minute in range(2, 7):
        assert yard.minute(minute) == []
    return yard, decision


def handed_out(yard: Yard, minute: float = 7) -> dict[str, Any]:
    """Its message, not yet delivered."""
    yard.now = at(minute)
    yard.poll()
    assert yard.take(yard.look()) == []
    (message,) = yard.queue
    yard.queue = []
    return message


def test_it_is_retried_in_its_account_and_waits_no_longer() -> None:
    yard, decision = about_to_resume()
    assert yard.take(handed_out(yard)) == []
    assert yard.retried == [(at(7), deployment(), decision)]
    assert yard.outcome(decision) == "resumed"
    assert yard.waiting() == {}
    yard.gates()
    assert yard.stages[ME, "us-east-1", "orders"].status == "Succeeded"


def test_a_gate_that_was_invoked_twice_has_failed_its_job_by_its_first_decision() -> None:
    """Lambda delivers an event at least once: the second answer comes to nothing, and is the last to be recorded."""
    yard = Yard()
    incident = yard.incident()
    answered, *_ = [yard.ask(deployment()) for _ in range(3)]
    yard.stages[ME, "us-east-1", "orders"].external = answered
    yard.over(incident)
    assert [yard.minute(minute) for minute in range(1, 8)] == [[], [], [], [], [], ["orders"], []]
    assert [*retries(yard).values()] == [1]
    assert yard.waiting() == {}


def test_a_decision_from_before_a_retry_is_not_what_failed_it_now() -> None:
    yard, first = about_to_resume()
    assert yard.take(handed_out(yard)) == []
    incident = yard.incident("2")
    yard.gates()
    yard.stages[ME, "us-east-1", "orders"].external = first
    yard.over(incident)
    assert [yard.minute(minute) for minute in range(8, 20)] == [[]] * 12


STATES: dict[str, tuple[dict[str, Any], str]] = {
    "superseded": ({"execution": "e-2"}, "skipped"),
    "stopped": ({"status": "Stopped"}, "skipped"),
    "being stopped": ({"status": "Stopping"}, "skipped"),
    "retried by a person": ({"status": "InProgress", "external": None}, "skipped"),
    "let through by a person": ({"status": "Succeeded"}, "skipped"),
    "failed for another reason": ({"external": "build-17"}, "skipped"),
    "failed by a later decision": ({"external": "d-" + "9" * 32}, "skipped"),
}


@pytest.mark.parametrize(("change", "outcome"), STATES.values(), ids=STATES.keys())
def test_what_has_moved_on_is_left_alone(change: dict[str, Any], outcome: str) -> None:
    yard, decision = about_to_resume()
    for name, value in change.items():
        setattr(yard.stages[ME, "us-east-1", "orders"], name, value)
    assert yard.take(handed_out(yard)) == []
    assert yard.retried == []
    assert yard.outcome(decision) == outcome
    assert yard.waiting() == {}


def test_a_gate_that_has_not_answered_its_pipeline_yet_is_waited_for() -> None:
    yard = Yard(RULES | {"resume": {"settle": "1s"}})
    incident = yard.incident()
    decision = yard.ask(deployment())
    stage = yard.stages[ME, "us-east-1", "orders"]
    stage.status, answered = "InProgress", stage.external
    yard.over(incident)
    assert yard.minute(0.5) == []
    assert yard.minute(1) == []
    assert yard.outcome(decision) is None
    stage.status, stage.external = "Failed", answered
    assert yard.minute(3) == ["orders"]


@pytest.mark.parametrize("change", [{"execution": "e-2"}, {"status": "Stopped"}, None])
def test_what_was_blocked_again_and_ended_since_stops_nobody_any_more(change: dict[str, Any] | None) -> None:
    yard = Yard(RULES | {"resume": {"settle": "1m", "wave_size": 1}})
    incident = yard.incident()
    yard.ask(deployment("a"))
    yard.now = at(0.1)
    yard.ask(deployment("b", account=OTHER))
    yard.over(incident)
    yard.minute(1)
    yard.wave(2)
    yard.incident("2", (ME,))
    yard.gates()
    decision = yard.waiting()["a"].decision_id
    yard.faults = {"assume_role": refused("AccessDenied")}
    assert yard.minute(3) == []
    yard.faults = {"get_pipeline_state": refused("ThrottlingException")}
    assert yard.minute(4) == []
    yard.faults = {}
    assert yard.minute(5) == []
    if change is None:
        del yard.stages[ME, "us-east-1", "a"]
    for name, value in (change or {}).items():
        setattr(yard.stages[ME, "us-east-1", "a"], name, value)
    assert [yard.minute(6), yard.minute(7)] == [[], ["b"]]
    assert yard.outcome(decision) == "skipped"


def test_where_another_action_failed_as_well_a_person_decides() -> None:
    yard, decision = about_to_resume()
    failed = {"actionName": "Deploy", "latestExecution": {"status": "Failed", "externalExecutionId": "deploy-1"}}
    yard.stages[ME, "us-east-1", "orders"].others.append(failed)
    yard.take(handed_out(yard))
    assert (yard.retried, yard.outcome(decision)) == ([], "skipped")


@pytest.mark.parametrize("code", ["NotLatestPipelineExecutionException", "StageNotRetryableException"])
def test_what_cannot_be_retried_any_more_is_skipped(code: str) -> None:
    yard, decision = about_to_resume()
    yard.faults["retry_stage_execution"] = refused(code)
    yard.take(handed_out(yard))
    assert yard.outcome(decision) == "skipped"


def test_a_pipeline_that_is_gone_and_a_stage_that_is_gone_are_skipped() -> None:
    yard, decision = about_to_resume()
    message = handed_out(yard)
    yard.stages.clear()
    yard.take(message)
    assert yard.outcome(decision) == "skipped"
    yard, decision = about_to_resume()
    yard.faults["get_pipeline_state"] = refused("StageNotFoundException")
    yard.take(handed_out(yard))
    assert yard.outcome(decision) == "skipped"


LATER = [
    ("retry_stage_execution", refused("ConflictException")),
    ("retry_stage_execution", refused("ThrottlingException")),
    ("retry_stage_execution", refused("ConcurrentPipelineExecutionsLimitExceededException")),
    ("get_pipeline_state", refused("InternalFailure")),
    ("get_pipeline_state", ConnectTimeoutError(endpoint_url="https://codepipeline")),
    ("assume_role", refused("Throttling")),
]


@pytest.mark.parametrize(("operation", "fault"), LATER, ids=str)
def test_what_did_not_work_is_tried_again_by_a_later_look(operation: str, fault: Exception) -> None:
    yard, decision = about_to_resume()
    yard.faults[operation] = fault
    assert yard.minute(7) == []
    assert yard.outcome(decision) is None
    del yard.faults[operation]
    assert yard.minute(8) == [], "it is given its time"
    assert yard.minute(9) == ["orders"]
    assert retries(yard) == {decision: 1}


def test_a_retry_that_was_taken_though_its_answer_was_lost_is_found_in_the_pipelines_state() -> None:
    yard, decision = about_to_resume()
    yard.faults["retry_stage_execution:after"] = ConnectTimeoutError(endpoint_url="https://codepipeline")
    yard.now = at(7)
    yard.take(handed_out(yard))
    assert yard.outcome(decision) is None
    yard.faults.clear()
    for minute in (8, 9):
        yard.now = at(minute)
        yard.take(yard.look())
    yard.take(*yard.queue)
    assert retries(yard) == {decision: 1}
    assert yard.outcome(decision) == "resumed"


@pytest.mark.parametrize("operation", ["assume_role", "get_pipeline_state", "retry_stage_execution"])
def test_an_account_that_refuses_us_is_told_to_people_and_tried_again_after_an_hour(operation: str) -> None:
    yard, decision = about_to_resume()
    yard.faults[operation] = refused("AccessDenied", operation)
    message = handed_out(yard)
    assert yard.take(message) == []
    assert yard.dead == [message["body"]]
    assert yard.waiting()["orders"].held_until == at(67)
    for minute in range(8, 67):
        yard.minute(minute)
    assert len(yard.dead) == 1
    yard.faults.clear()
    assert yard.minute(67) == ["orders"]
    assert yard.outcome(decision) == "resumed"


def test_a_refusal_that_nobody_can_be_told_of_is_told_later() -> None:
    yard, _ = about_to_resume()
    yard.faults = {"assume_role": refused("AccessDenied"), "send_message": refused("ServiceUnavailable")}
    yard.minute(7)
    assert yard.waiting()["orders"].held_until is None
    del yard.faults["send_message"]
    yard.minute(9)
    assert len(yard.dead) == 1


def test_what_the_queue_did_not_take_is_handed_out_anew() -> None:
    yard, decision = about_to_resume()
    yard.faults["send_message_batch"] = refused("ServiceUnavailable")
    assert yard.minute(7) == []
    yard.faults.clear()
    assert [yard.minute(minute) for minute in (8, 9)] == [[], ["orders"]]
    assert retries(yard) == {decision: 1}


POISON: list[Any] = [
    "",
    "{",
    "[]",
    "7",
    '"resume"',
    "null",
    "{}",
    "[" * 100_000,
    '{"changed": 1}',
    '{"source": "aws.health"}',
    '{"resume": null}',
    '{"resume": {"deployment": ["1", "2"], "decision_id": "d-1", "at": "2026-03-02T12:00:00Z"}}',
    json.dumps({"resume": {"deployment": [ME, "us-east-1", 1, "s", "e"], "decision_id": "d", "at": stamp(at(0))}}),
    json.dumps({"resume": {"deployment": [ME, "../x", "p", "s", "e"], "decision_id": "d", "at": stamp(at(0))}}),
    json.dumps({"resume": {"deployment": ["x", "us-east-1", "p", "s", "e"], "decision_id": "d", "at": stamp(at(0))}}),
    json.dumps({"resume": {"deployment": [ME, "us-east-1", "p", "s", "e"], "decision_id": "d", "at": "2026-03-02"}}),
]


def test_what_nobody_understands_comes_again_and_holds_up_nothing() -> None:
    yard, decision = about_to_resume()
    poison = [yard.message(body) for body in POISON]
    poison += [yard.look() | {"attributes": {}}, yard.look() | {"attributes": {"SentTimestamp": "9" * 30}}]
    failed = yard.take(*poison[:9], handed_out(yard), *poison[9:])
    assert failed == [message["messageId"] for message in poison]
    assert yard.outcome(decision) == "resumed"


def test_a_message_that_fails_does_not_hold_up_the_others() -> None:
    yard, _ = about_to_resume()
    yard.faults["get_pipeline_state"] = ZeroDivisionError()
    message, look = handed_out(yard), yard.look()
    assert yard.take(message, look) == [message["messageId"]]


def test_of_many_looks_in_a_batch_there_is_one() -> None:
    yard, _ = about_to_resume()
    yard.now = at(7)
    assert yard.take(yard.look(), yard.changed(), yard.changed()) == []
    assert len(yard.queue) == 1


def test_a_look_that_the_table_fails_comes_again() -> None:
    yard, _ = about_to_resume()
    yard.faults["table"] = StoreUnavailableError("query", "InternalServerError", "…")
    looks = [yard.look(), yard.changed()]
    assert yard.take(*looks) == [look["messageId"] for look in looks]


def test_with_no_time_left_messages_come_again_and_nothing_is_begun() -> None:
    yard, decision = about_to_resume()
    message = handed_out(yard)
    assert yard.take(message, budget=Budget(lambda: 15)) == [message["messageId"]]
    yard.now = at(9)
    assert yard.take(yard.look(), budget=Budget(lambda: 5)) == []
    assert yard.queue == []
    assert yard.outcome(decision) is None


def test_what_comes_late_decides_nothing_in_the_past() -> None:
    frozen = RULES | {"freezes": [{"name": "night", "from": "2026-03-02T12:08:00Z", "to": "2026-03-03T00:00:00Z"}]}
    yard, decision = about_to_resume(frozen | {"resume": {"wave_pause": "1h"}})
    message = handed_out(yard)
    yard.now = at(8)
    yard.poll()
    yard.take(message)
    assert yard.retried == []
    assert yard.waiting()["orders"].clear_since is None, "it settles anew"
    assert yard.outcome(decision) is None


def test_once_its_wave_is_over_a_message_is_dropped() -> None:
    yard, decision = about_to_resume()
    message = handed_out(yard)
    yard.now = at(8)
    yard.poll()
    yard.take(message)
    assert yard.retried == []
    assert yard.minute(9) == ["orders"]
    yard.take(message)
    assert retries(yard) == {decision: 1}


def test_a_message_of_an_earlier_decision_is_dropped() -> None:
    yard, _ = about_to_resume()
    message = handed_out(yard)
    yard.incident("2")
    yard.ask(deployment())
    yard.take(message)
    assert yard.retried == []
    forged = json.loads(message["body"])
    forged["resume"]["at"] = stamp(at(1))
    yard.take(yard.message(json.dumps(forged)))
    assert yard.retried == []


def test_a_policy_that_resumes_nothing_by_now_is_heard() -> None:
    yard, _ = about_to_resume()
    message = handed_out(yard)
    yard.publish(RULES | {"resume": {"enabled": False}})
    yard.take(message)
    assert yard.retried == []
    assert "orders" in yard.waiting()


def test_what_is_told_of_a_resumption(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    yard, decision = about_to_resume()
    capsys.readouterr()
    yard.minute(7)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counted = {name: one[name] for one in metrics for name in ("Resumed", "Waiting") if name in one}
    assert counted == {"Resumed": [1], "Waiting": [1]}
    assert all(one["service"] == "resumer" for one in metrics)
    lines = [vars(record) for record in caplog.records]
    assert [line["decision_id"] for line in lines if line.get("outcome") == "resumed"] == [decision]
    for secret in ("SECRET", "TOKEN"):
        assert secret not in str(lines)


def test_the_body_of_a_resumption_names_its_deployment_and_its_look() -> None:
    yard, decision = about_to_resume()
    told = {"deployment": [ME, "us-east-1", "orders", STAGE, "e-1"], "decision_id": decision, "at": stamp(at(7))}
    assert json.loads(resume_body(yard.waiting()["orders"], at(7))) == {"resume": told}


def test_the_function_needs_its_environment_and_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module._resumer.cache_clear()
    with pytest.raises(SettingsError, match="ORG_GATE_TABLE"):
        module.handler({"Records": []}, context())
    for name, value in {
        "ORG_GATE_TABLE": "org-gate",
        "ORG_GATE_CENTRAL_ACCOUNT": "999988887777",
        "ORG_GATE_QUEUE": "https://sqs/q",
        "ORG_GATE_DEAD_QUEUE": "https://sqs/d",
        "ORG_GATE_TOPIC": "arn:aws-cn:sns:cn-north-1:999988887777:org-gate-notifications",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
        "AWS_SECRET_ACCESS_KEY": "-",
        "AWS_MAX_ATTEMPTS": "3",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    made = module._resumer()
    assert module.handler({"Records": []}, context()) == {"batchItemFailures": []}
    module._resumer.cache_clear()
    assert made.partition == "aws-cn"
    assert made.sts.meta.endpoint_url == "https://sts.cn-north-1.amazonaws.com.cn"
    credentials = {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}
    pipelines = made.client_of(credentials, "eu-west-1")
    assert pipelines.meta.region_name == "eu-west-1"
    assert pipelines.meta.config.retries["total_max_attempts"] == 1, "a retry that is asked for twice could be two"


def test_a_gate_that_answers_before_its_resumption_is_told_leaves_no_trace_of_the_old_one() -> None:
    yard, decision = about_to_resume()
    message = handed_out(yard)
    yard.incident("2")
    real = yard.called

    def called(operation: str) -> None:
        real(operation)
        if operation == "retry_stage_execution:after":
            yard.ask(yard.asking.pop(), FAILING)

    yard.called = called  # type: ignore[method-assign]
    yard.over("declared-" + "2" * 32)
    yard.take(message)
    assert retries(yard) == {decision: 1}
    assert yard.outcome(decision) == "resumed"
    assert yard.waiting() == {}
