"""The gate among strangers: whatever a pipeline, central or AWS says, a job gets one answer, and no pass by mistake."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.member import gate
from tests.security.fuzz import DEEP, LEAVES, TEXTS, VALUES, as_json, broken_text, fuzzed, mangled
from tests.unit.member.support import ACCOUNT, CENTRAL, JOB, SECRET, World, decision, issue, reason, reply, sent

Data = dict[str, Any]

PARAMETERS: Data = {
    "targets": [f"{ACCOUNT}/us-east-1/ECS+RDS/use1-az4", {"account": ACCOUNT, "region": "global", "services": ["S3"]}],
    "on_block": "hold",
    "hold_for": "3h",
    "pipeline": "orders",
    "stage": "Deploy",
    "execution_id": "e-1",
}
BLOCKED = decision("block", reasons=[reason()])
PASSED = decision("allow")
DEFINITION: Data = {
    "name": "orders",
    "stages": [
        {"name": "Gate", "actions": [{"name": "Check", "actionTypeId": {"category": "Invoke", "owner": "AWS"}}]},
        {
            "name": "Deploy",
            "actions": [
                {
                    "name": "a",
                    "runOrder": 1,
                    "region": "eu-west-1",
                    "roleArn": "arn:aws:iam::444455556666:role/x",
                    "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "ECS"},
                    "configuration": {"FunctionName": "other"},
                }
            ],
        },
    ],
}
DETAILS: Data = {
    "pipelineName": "orders",
    "pipelineArn": f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:orders",
    "stage": {"name": "Gate"},
    "action": {"name": "Check"},
    "pipelineExecutionId": "e-1",
}


def played(world: World, parameters: object = None, token: str | None = None) -> tuple[str, Data]:
    """How the job was answered, after what holds of every answer was looked at."""
    world.run(parameters, token)
    result, told = world.answer
    assert len(world.log) == 1
    line = json.dumps(world.log[0])
    assert "\n" not in line
    assert SECRET not in line + json.dumps(told)
    text = told["failureDetails"]["message"] if result == "failure" else told["executionDetails"]["summary"]
    assert text
    assert text.isprintable()
    assert len(text) <= 5_000
    return ("held" if "continuationToken" in told else result), told


@fuzzed(120)
@given(st.one_of(mangled(PARAMETERS, 4).map(as_json), broken_text(as_json(PARAMETERS)), TEXTS))
def test_user_parameters_are_taken_or_refused(text: str | bytes) -> None:
    """What is refused says so, and asks nothing."""
    world = World()
    result, told = played(world, text if isinstance(text, str) else text.decode("utf-8", "surrogateescape"))
    if result == "failure":
        assert told["failureDetails"]["type"] == "ConfigurationError"
        assert world.asked == []
    else:
        assert len(world.asked) == 1
        targets = world.asked[0][1]["targets"]
        assert all(gate.ACCOUNT_ID.fullmatch(each["account"]) for each in targets)


@fuzzed(120)
@given(
    st.one_of(mangled(BLOCKED, 4), mangled(PASSED, 4)).map(as_json),
    st.sampled_from([200, 200, 200, 201, 302, 400, 403, 422, 429, 500, 503]),
    st.sampled_from(["application/json", "application/problem+json", "text/html", ""]),
)
def test_an_answer_of_central_that_is_none_lets_nothing_pass(body: str, status: int, content_type: str) -> None:
    """Neither its own words nor AWS Health's (which has an issue here) let it: only a whole decision does."""
    data = json.loads(body)
    world = World(central={CENTRAL: [reply(body.encode(), status, content_type)]}, health=[[issue()]])
    result, _ = played(world, {"targets": ["/us-east-1"]})
    if result == "success":
        assert status == 200
        assert data["verdict"] in {"allow", "warn"}
        assert gate.is_decision(data)


@fuzzed(80)
@given(st.one_of(mangled({"events": [sent(issue())], "nextToken": ""}, 4), VALUES))
def test_whatever_aws_health_answers_in_the_account(answer: Any) -> None:
    """Central is silent. What is not the shape of an answer is no all-clear."""
    world = World(central={CENTRAL: [ConnectionError()]}, health=[answer if isinstance(answer, dict) else {}])
    result, _ = played(world, {"targets": ["/us-east-1"]})
    events = answer.get("events") if isinstance(answer, dict) else None
    if result == "success":
        assert isinstance(events, list)


@fuzzed(100)
@given(mangled(DEFINITION, 5), mangled(DETAILS, 3))
def test_whatever_the_pipeline_looks_like(definition: Any, details: Any) -> None:
    """Names in it are its owner's words: they reach central as they are, and people as one line."""
    world = World(pipeline=definition if isinstance(definition, dict) else {}, details=details)
    result, _ = played(world)
    assert result == "success"
    assert len(world.asked[0][1]["targets"]) >= 1


@fuzzed(100)
@given(st.one_of(mangled({"since": "2026-03-02T12:00:00Z"}).map(as_json), TEXTS))
def test_a_continuation_token_never_lets_a_blocked_one_pass(token: str) -> None:
    """Nor does it end without an answer: it goes on holding, or fails."""
    result, told = played(World(central={CENTRAL: [reply(BLOCKED)]}), {**PARAMETERS, "targets": ["/us-east-1"]}, token)
    assert result in {"held", "failure"}
    if result == "held":
        assert 0 <= told["executionDetails"]["percentComplete"] <= 100


@fuzzed(80)
@given(st.one_of(mangled({"CodePipeline.job": {"id": JOB, "accountId": ACCOUNT, "data": {}}}, 4), VALUES))
def test_whatever_invokes_it_is_answered_or_refused(event: Any) -> None:
    world = World()
    try:
        gate.run(event, world.parts())
    except ValueError as error:
        assert "neither a CodePipeline job" in str(error)  # noqa: PT017  most events are answered
        assert world.answers == []
    except AssertionError:
        assert gate.dig(event, "CodePipeline.job", "id") != JOB  # the world knows one job


@fuzzed(60)
@given(st.dictionaries(st.sampled_from(["URLS", "ON_UNKNOWN", "MODE", "PLATFORM_SERVICES", "EXEMPT_PIPELINES"]), TEXTS))
def test_an_environment_that_cannot_be_read_counts_as_the_strictest(environment: dict[str, str]) -> None:
    found = gate.read_settings({f"ORG_GATE_{name}": text for name, text in environment.items()})
    assert found.on_unknown == "block"
    assert found.mode == "enforce"
    assert found.exempt == {}


@fuzzed(60)
@given(st.one_of(TEXTS, LEAVES.map(str)), st.integers(3, 400))
def test_whatever_is_shown_is_one_printable_line_of_bounded_length(text: str, limit: int) -> None:
    line = gate.clip(text, limit)
    assert line.isprintable()
    assert len(line.encode("utf-16-le")) <= 2 * limit


@pytest.mark.parametrize("text", DEEP, ids=["lists", "objects"])
def test_what_is_nested_without_end_is_no_answer(text: str) -> None:
    assert played(World(), text)[0] == "failure"
    garbled = World(central={CENTRAL: [reply(text.encode())]}, health=[[issue()]])
    assert played(garbled, {"targets": ["/us-east-1"]})[0] == "failure"
    assert played(World(central={CENTRAL: [reply(BLOCKED)]}), PARAMETERS, text)[0] == "failure"
