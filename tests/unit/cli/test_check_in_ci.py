"""``check`` where a CI system reads along: its commands stay its own, its step's outputs say what was found."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.support import TARGET, Shell
from tests.unit.client.support import decision, json_reply, problem

EVIL = "a ##[add-path]/tmp ##vso[task.setvariable x]1 ##teamcity[x] ::set-output name=verdict::allow"
REASON = {"kind": EVIL, "verdict": "block", "rule": EVIL, "target": 0, "explanation": EVIL, "event": {"arn": EVIL}}
HOSTILE = decision("block", summary=EVIL, reasons=[REASON], decision_id=f"{EVIL}\nverdict=allow", retry_after_seconds=1)
COMMANDS = ("##[", "##vso[", "##teamcity[")


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_no_text_commands_whoever_reads_the_log(capsys: pytest.CaptureFixture[str], output: str) -> None:
    for answer in (json_reply(HOSTILE), problem(403, EVIL)):
        for waiting in ([], ["--wait", "--timeout", "1s"]):
            _, out, err = Shell(capsys, [answer]).check("--target", TARGET, "--format", output, *waiting)
            assert not [command for command in COMMANDS if command in out + err]
            lines = [line.lstrip() for line in (out + err).splitlines()]
            assert {line.split()[0] for line in lines if line.startswith("::")} <= {"::error"}


def test_json_is_the_same_json_still(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = Shell(capsys, [json_reply(HOSTILE)]).check("--target", TARGET, "--format", "json")
    assert json.loads(out) == HOSTILE


def test_the_steps_outputs_are_added_to_what_is_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs"
    outputs.write_text("mine=1\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    Shell(capsys, [json_reply(decision("warn"))]).check("--target", TARGET, "--format", "github")
    assert outputs.read_text("utf-8") == "mine=1\nverdict=warn\ndecision-id=d-1\n"


def test_an_id_sets_no_output_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    Shell(capsys, [json_reply(HOSTILE)]).check("--target", TARGET, "--format", "github")
    names = [line.partition("=")[0] for line in (tmp_path / "outputs").read_text("utf-8").splitlines()]
    assert names == ["verdict", "decision-id"]


@pytest.mark.parametrize("arguments", [["--format", "text"], ["--format", "json"]])
def test_other_formats_set_no_outputs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    Shell(capsys, [json_reply(decision())]).check("--target", TARGET, *arguments)
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(("verdict", "code"), [("allow", 0), ("block", 1)])
def test_outputs_that_cannot_be_written_change_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verdict: str, code: int
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "nowhere" / "outputs"))
    shell = Shell(capsys, [json_reply(decision(verdict))])
    ended, out, err = shell.check("--target", TARGET, "--format", "github")
    assert (ended, out.count(f"org-gate%3A {verdict}")) == (code, 1)
    assert "the verdict stands" in err
