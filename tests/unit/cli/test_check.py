import json
from typing import Any

import pytest

from org_gate.client.transport import Unreachable
from tests.unit.cli.support import TARGET, Shell
from tests.unit.client.support import FIRST, SECOND, decision, json_reply, problem

EVENT = {"arn": "arn:aws:health:us-east-1::event/RDS/X/1", "service": "RDS", "region": "us-east-1"}
REASON = {
    "kind": "event",
    "verdict": "block",
    "rule": "open-issues",
    "target": 0,
    "event": EVENT,
    "freeze": None,
    "override_id": None,
    "explanation": "RDS in us-east-1: issue, open.",
}
BLOCK = decision("block", reasons=[REASON])


def test_the_question_is_what_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, [json_reply(decision())])
    assert shell.check("--target", TARGET, "--target", "/eu-west-1", "--pipeline", "orders")[0] == 0
    assert shell.asked() == [
        {"targets": [TARGET, "/eu-west-1"], "source": "cli", "pipeline": {"name": "orders"}},
    ]


def test_accounts_and_regions_are_crossed(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, [json_reply(decision())])
    shell.check(
        *("--account", "111122223333", "--account", "444455556666", "--region", "us-east-1", "--region", "eu-west-1"),
        *("--service", "ECS", "--service", "RDS", "--az", "use1-az4"),
    )
    targets = shell.asked()[0]["targets"]
    assert [(target["account"], target["region"]) for target in targets] == [
        ("111122223333", "us-east-1"),
        ("111122223333", "eu-west-1"),
        ("444455556666", "us-east-1"),
        ("444455556666", "eu-west-1"),
    ]
    assert all(target["services"] == ["ECS", "RDS"] for target in targets)
    assert all(target["availability_zones"] == ["use1-az4"] for target in targets)


def test_without_account_the_api_takes_the_callers(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, [json_reply(decision())])
    shell.check("--region", "us-east-1")
    assert shell.asked()[0]["targets"] == [{"region": "us-east-1", "services": [], "availability_zones": []}]


WRONG_USE = [
    ([], "--target"),
    (["--target", "111/us-east-1"], "12 digits"),
    (["--target", "/Ireland"], "look like a Region"),
    (["--region", "Ireland"], "look like a Region"),
    (["--region", "us-east-1", "--account", "12"], "12 digits"),
    (["--service", "ECS"], "--region"),
    (["--target", TARGET, "--region", "us-east-1"], "not both"),
    (["--target", TARGET, "--timeout", "5m"], "--wait"),
    (["--target", TARGET, "--wait", "--timeout", "soon"], "5m"),
    (["--target", TARGET] * 101, "at most 100"),
    (["--target", TARGET, "--format", "xml"], "xml"),
    (["--target", TARGET, "--url", " , "], "names no URL"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_USE)
def test_wrong_use_ends_with_2_and_asks_nobody(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    shell = Shell(capsys, [json_reply(decision())])
    code, out, err = shell.check(*arguments)
    assert (code, out, shell.wire.sent) == (2, "", [])
    assert said in err


def test_without_url_it_says_where_to_put_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORG_GATE_URL", raising=False)
    code, _, err = Shell(capsys, []).run("check", "--target", TARGET)
    assert code == 2
    assert "ORG_GATE_URL" in err


def test_urls_come_from_the_environment_in_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORG_GATE_URL", f"{FIRST}/, {SECOND}")
    shell = Shell(capsys, [Unreachable("gone"), json_reply(decision())])
    assert shell.run("check", "--target", TARGET)[0] == 0
    assert shell.wire.urls() == [f"{FIRST}/v1/decisions", f"{SECOND}/v1/decisions"]


def test_text_says_what_to_do_why_and_how_well_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = Shell(capsys, [json_reply(BLOCK)]).check("--target", TARGET)
    assert (code, err) == (1, "")
    for part in ("BLOCK", BLOCK["summary"], "open-issues", TARGET, EVENT["arn"], "31 s ago", "d-1", "version 7"):
        assert part in out


def test_text_of_strangers_cannot_move_the_cursor_or_start_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\r\n::error::x\u202e\u2028\x9b1m"
    answer = decision("block", summary=evil, reasons=[REASON | {"explanation": evil, "rule": evil}], decision_id=evil)
    for output in ("text", "github"):
        _, out, _ = Shell(capsys, [json_reply(answer)]).check("--target", TARGET, "--format", output)
        assert not {"\x1b", "\r", "\u202e", "\u2028", "\x9b"} & set(out)
        assert not [line for line in out.splitlines() if line.startswith("::error::x")]


def test_json_is_the_answer_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = Shell(capsys, [json_reply(BLOCK)]).check("--target", TARGET, "--format", "json")
    assert (code, json.loads(out), err) == (1, BLOCK, "")


def test_github_annotations_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    answer = decision("block", summary="100% down: a, b", reasons=[REASON])
    code, out, _ = Shell(capsys, [json_reply(answer)]).check("--target", TARGET, "--format", "github")
    first, second = out.splitlines()
    assert code == 1
    assert first.startswith("::error title=org-gate%3A block::100%25 down: a, b%0A")
    assert second.startswith("::error title=org-gate%3A event::block (rule open-issues)")


@pytest.mark.parametrize(("verdict", "level"), [("warn", "::warning "), ("allow", "::notice ")])
def test_github_levels_follow_the_verdict(capsys: pytest.CaptureFixture[str], verdict: str, level: str) -> None:
    shadowed = decision(verdict, reasons=[REASON], mode="shadow", would_be="block")
    code, out, _ = Shell(capsys, [json_reply(shadowed)]).check("--target", TARGET, "--format", "github")
    assert code == 0
    assert out.startswith(level)
    assert "::error" not in out


def test_refused_ends_with_2_and_the_detail(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = problem(403, "Add this entry to delegates.")
    code, out, err = Shell(capsys, [refusal]).check("--target", TARGET)
    assert (code, out) == (2, "")
    assert "Add this entry to delegates." in err
    code, out, _ = Shell(capsys, [refusal]).check("--target", TARGET, "--format", "json")
    told = json.loads(out)
    assert (code, told["verdict"], told["problem"]["status"]) == (2, None, 403)


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_no_answer_and_no_credentials_end_with_3(capsys: pytest.CaptureFixture[str], output: str) -> None:
    for shell in (Shell(capsys, [Unreachable("gone")]), Shell(capsys, [], has_credentials=False)):
        code, out, err = shell.check("--target", TARGET, "--format", output)
        assert code == 3
        assert "nothing could be found out" in err
        if output == "json":
            assert json.loads(out)["verdict"] is None


def test_wait_asks_again_as_often_as_told_until_it_clears(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(
        capsys, [json_reply(BLOCK | {"retry_after_seconds": 30}), Unreachable("gone"), json_reply(decision())]
    )
    code, out, err = shell.check("--target", TARGET, "--wait", "--timeout", "10m")
    assert (code, shell.slept) == (0, [30.0, 30.0])
    assert "ALLOW" in out
    assert err.count("Asking again") == 2


def test_wait_gives_up_with_1_when_the_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, [json_reply(BLOCK)])
    code, out, _ = shell.check("--target", TARGET, "--wait", "--timeout", "150s")
    assert (code, shell.slept, len(shell.wire.sent)) == (1, [60.0, 60.0, 30.0], 4)
    assert "BLOCK" in out


def test_wait_for_an_api_that_never_answers_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys, [Unreachable("gone")])
    assert shell.check("--target", TARGET, "--wait", "--timeout", "1m")[0] == 3
    assert shell.slept == [60.0]


@pytest.mark.parametrize("told", [0, -5, 10**9])
def test_a_pause_is_never_none_nor_endless(capsys: pytest.CaptureFixture[str], told: int) -> None:
    shell = Shell(capsys, [json_reply(BLOCK | {"retry_after_seconds": told}), json_reply(decision())])
    shell.check("--target", TARGET, "--wait", "--timeout", "2d")
    assert 1 <= shell.slept[0] <= 3600


def test_a_fault_of_ours_is_never_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Shell):
        def _connect(self, urls: Any) -> Any:
            raise RuntimeError(urls)

    code, out, err = Broken(capsys, []).check("--target", TARGET)
    assert (code, out) == (3, "")
    assert "RuntimeError" in err
