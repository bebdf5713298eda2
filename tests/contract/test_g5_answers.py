"""G5: what the job is answered, and what the handler returns."""

import pytest

from org_gate.member import gate
from tests.unit.member.support import (
    ACCOUNT,
    CENTRAL,
    JOB,
    OTHER,
    SECRET,
    STANDBY,
    World,
    aim,
    decision,
    fault,
    issue,
    problem,
    reason,
    reply,
    settings,
)


def told(**changes: object) -> World:
    return World(central={CENTRAL: [reply(decision(**changes))]})  # type: ignore[arg-type]  # a decision's fields


@pytest.mark.contract("G5")
@pytest.mark.parametrize("verdict", ["allow", "warn"])
def test_what_may_go_on_succeeds_with_its_outputs(verdict: str) -> None:
    world = told(verdict=verdict)
    line = world.run({"targets": ["/us-east-1"]})
    result, params = world.answer
    said = f"{verdict}: said central. Decision d-1, at 2026-03-02T12:30:00Z."
    assert result == "success"
    assert params["outputVariables"] == {"verdict": verdict, "decisionId": "d-1", "summary": said}
    assert params["executionDetails"] == {"summary": said, "externalExecutionId": "d-1"}
    assert line == decision(verdict)


@pytest.mark.contract("G5")
def test_a_block_fails_with_a_message_to_act_on() -> None:
    blocked = decision("block", targets=[aim(ACCOUNT, "us-east-1", "ECS", "RDS")], reasons=[reason()])
    world = World(central={CENTRAL: [reply(blocked)]})
    assert world.run() == blocked
    result, params = world.answer
    details = params["failureDetails"]
    assert (result, details["type"], details["externalExecutionId"]) == ("failure", "JobFailed", "d-1")
    for part in (
        "block: said central",
        "[1] It is open.",
        "choose Retry on this stage in the CodePipeline console",
        "Decision d-1",
        "2026-03-02T12:30:00Z",
    ):
        assert part in details["message"]


def test_only_what_blocks_is_named_as_blocking() -> None:
    shadowed = reason(target=1, explanation="RDS in eu-west-1.")
    lifted = reason(explanation="EC2 in us-east-1.", override_id="o-1")
    targets = [aim(), aim(region="eu-west-1", mode="shadow")]
    blocking = reason(explanation="RDS in us-east-1.")
    world = told(verdict="block", targets=targets, reasons=[blocking, shadowed, lifted])
    world.run()
    message = world.answer[1]["failureDetails"]["message"]
    assert "RDS in us-east-1" in message
    assert "eu-west-1" not in message
    assert "EC2" not in message


def test_a_freeze_and_reasons_left_out_are_told() -> None:
    freeze = reason("freeze", freeze={"name": "peak", "from": "a", "to": "b"}, target=0, explanation="Frozen: peak.")
    world = told(verdict="block", reasons=[freeze], reasons_omitted=7)
    world.run()
    message = world.answer[1]["failureDetails"]["message"]
    assert "Frozen: peak." in message
    assert "7 more reasons" in message


def test_a_block_without_listed_reasons_still_says_what_to_do() -> None:
    world = told(verdict="block")
    world.run()
    assert "when this is over, choose Retry" in world.answer[1]["failureDetails"]["message"]


def test_a_watched_account_is_told_what_enforce_would_say() -> None:
    """Central's summary tells it; the gate tells it where it looked for itself."""
    quiet, watched = {CENTRAL: [reply({}, 503)]}, settings(mode="shadow")
    world = World(central=quiet, settings=watched, health=[[issue()]])
    world.run()
    assert "In mode enforce this would be block." in world.answer[1]["executionDetails"]["summary"]


@pytest.mark.contract("G5")
@pytest.mark.parametrize(
    ("status", "failure"), [(400, "ConfigurationError"), (422, "ConfigurationError"), (403, "PermissionError")]
)
@pytest.mark.parametrize("mode", ["enforce", None, "warn", "shadow", "unheard-of"])
def test_centrals_no_is_passed_on_with_its_detail(status: int, failure: str, mode: str | None) -> None:
    given = {} if mode is None else {"mode": mode}
    world = World(
        central={CENTRAL: [problem(status, "Add a delegates entry.", **given)], STANDBY: [reply(decision())]},
        settings=settings(urls=(CENTRAL, STANDBY)),
    )
    line = world.run()
    result, params = world.answer
    assert len(world.asked) == 1
    assert (line["verdict"], line["decision_id"]) == (None, None)
    if mode in ("warn", "shadow"):
        assert (result, line["mode"]) == ("success", mode)
        assert "Add a delegates entry." in params["executionDetails"]["summary"]
        assert params["outputVariables"]["verdict"] == "none"
    else:
        assert (result, line["mode"]) == ("failure", "enforce")
        assert params["failureDetails"]["type"] == failure
        assert "Add a delegates entry." in params["failureDetails"]["message"]


@pytest.mark.contract("G5")
def test_long_and_hostile_texts_are_cut_at_whole_characters() -> None:
    nasty = "\x1b[31m\u202e\x00\ud800" + "\U0001f6a8" * 9000
    world = told(verdict="block", summary=nasty, reasons=[reason(explanation=nasty)])
    world.run()
    message = world.answer[1]["failureDetails"]["message"]
    assert len(message.encode("utf-16-le")) <= 2 * 5000
    assert message.endswith("Decision d-1, at 2026-03-02T12:30:00Z.")
    assert not set("\x1b\u202e\x00") & set(message)
    world = told(verdict="warn", summary=nasty)
    world.run()
    summary = world.answer[1]["executionDetails"]["summary"]
    assert len(summary.encode("utf-16-le")) <= 2 * 2048
    assert summary.partition("...")[0][-1] == "\U0001f6a8"


def test_the_log_tells_the_decision_and_no_secret() -> None:
    secret_url = f"https://user:{SECRET}@abc.lambda-url.eu-west-1.on.aws/?token={SECRET}"
    world = World(
        settings=settings(urls=(secret_url, CENTRAL)),
        central={CENTRAL: [reply(decision())], secret_url.split("?", maxsplit=1)[0]: [reply({}, 429)]},
        details=fault("AccessDeniedException"),
    )
    world.run()
    (line,) = world.log
    assert (line["decision_id"], line["verdict"], line["job"], line["job_id"]) == ("d-1", "allow", "succeeded", JOB)
    assert line["trouble"] == [
        "GetJobDetails: AccessDeniedException: the gate's role is not allowed to",
        "central in eu-west-1: answered 429",
    ]
    assert SECRET not in str(world.log)


@pytest.mark.contract("G1")
@pytest.mark.parametrize(
    "event", [None, [], "text", {"CodePipeline.job": {}}, {"CodePipeline.job": []}, {"CodePipeline.job": {"id": 7}}]
)
def test_another_event_is_refused_in_words(event: object) -> None:
    world = World()
    with pytest.raises(ValueError, match="neither a CodePipeline job"):
        gate.run(event, world.parts())
    assert (world.asked, world.answers) == ([], [])


def test_a_bare_job_is_answered() -> None:
    world = World()
    gate.run({"CodePipeline.job": {"id": JOB, "accountId": OTHER}}, world.parts())
    (_, question), *_ = world.asked
    assert question["targets"] == [gate.target(OTHER, "us-east-1")]
    assert world.answer[0] == "success"


@pytest.mark.parametrize("account", [None, 7, "", "abc"])
def test_a_job_that_does_not_tell_its_account_is_of_the_gates_own(account: object) -> None:
    world = World()
    gate.run({"CodePipeline.job": {"id": JOB, "accountId": account}}, world.parts())
    assert world.asked[0][1]["targets"] == [gate.target(ACCOUNT, "us-east-1")]
