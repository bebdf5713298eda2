"""``org-gate demo`` as its user runs it: the shipped scenario, others, and wrong ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from org_gate.rollout.files import shipped
from tests.e2e.support import issue, scenario, write

ORG_GATE = Path(sys.executable).with_name("org-gate")


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ORG_GATE), "demo", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )


def lines_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "decisions.jsonl").read_text("utf-8").splitlines()]


def without_ids(line: dict[str, Any]) -> str:
    text = json.dumps({key: value for key, value in line.items() if key not in {"decision_id", "execution_id"}})
    return text.replace(str(line["decision_id"]), "ID").replace(line["execution_id"], "ID")


@pytest.fixture(scope="module")
def shipped_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    ran = demo(cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "demo-out", ran.stdout


def test_every_stated_verdict_comes_out(shipped_demo: tuple[Path, str]) -> None:
    folder, told = shipped_demo
    stated = [
        e["expect"]
        for e in yaml.safe_load(shipped("config/scenarios/default.yaml").read_text())["timeline"]
        if "expect" in e
    ]
    lines = lines_in(folder)
    by_itself = [line for line in lines if line["trigger"] in {"hold", "resume"}]
    assert sorted(line["verdict"] for line in lines if line not in by_itself) == sorted(stated)
    assert [(line["pipeline_name"], line["trigger"], line["verdict"]) for line in by_itself] == [
        ("search-sydney", "resume", "allow"),
        ("payments", "hold", "allow"),
        ("orders-staging", "resume", "allow"),
    ]
    assert f"All {len(stated)} stated verdicts came out as stated." in told
    assert "Lambda runtime processes" in told
    assert all(line["decision_id"] and line["knowledge"]["source"] == "central" for line in lines)


@pytest.mark.contract("S6")
def test_the_report_is_beside_it_and_counts_the_same(shipped_demo: tuple[Path, str]) -> None:
    folder, told = shipped_demo
    report = json.loads((folder / "report.json").read_text("utf-8"))
    central = [line for line in lines_in(folder) if line["decision_id"]]
    total = report["decisions"]["total"]
    assert total["blocked"] >= sum(line["verdict"] == "block" for line in central) > 0
    assert total["decisions"] >= len(central)
    page = (folder / "report.html").read_text("utf-8")
    assert "Content-Security-Policy" in page
    assert central[0]["pipeline_name"] in page
    assert "The organization health report is in" in told


def test_the_story_names_every_pipeline_and_what_blocked_it(shipped_demo: tuple[Path, str]) -> None:
    folder, told = shipped_demo
    for line in lines_in(folder):
        assert line["pipeline_name"] in told
        assert line["summary"] in told
    assert "\x1b" not in told, "no colour where there is no terminal"


@pytest.mark.contract("S7")
def test_without_lambda_processes_the_same_lines_come_out(shipped_demo: tuple[Path, str], tmp_path: Path) -> None:
    ran = demo("--runtime", "inprocess", "--out", "other", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "this process (inprocess)" in ran.stdout
    ours, theirs = lines_in(tmp_path / "other"), lines_in(shipped_demo[0])
    assert [without_ids(line) for line in ours] == [without_ids(line) for line in theirs]


def test_another_verdict_than_the_stated_one_fails_the_demo(tmp_path: Path) -> None:
    file = write(tmp_path, scenario(issue("1m"), {"at": "2m", "run": "orders", "expect": "allow"}))
    ran = demo("--scenario", str(file), "--runtime", "inprocess", cwd=tmp_path)
    assert ran.returncode == 1
    assert "1 of 1 stated verdicts differ: orders at 12:02:00" in ran.stdout
    assert len(lines_in(tmp_path / "demo-out")) == 1


@pytest.mark.contract("C1")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("start: yesterday\n", "scenario.yaml:1:8: start"),
        ("a: [\n", "scenario.yaml:2:1"),
        ("", "scenario.yaml:1:1"),
        (yaml.safe_dump(scenario({"at": "1m", "run": "nobody"})), "timeline[0].run"),
        (yaml.safe_dump(scenario({"at": "1m", "override": {}})), "override"),
        (yaml.safe_dump(scenario(policy={"version": 1, "rulez": []})), "did you mean rules?"),
        (yaml.safe_dump(scenario(policy={"version": 1, "max_overide": "1h"})), "max_overide"),
        (yaml.safe_dump(scenario(policy="missing.yaml")), "missing.yaml"),
        (
            yaml.safe_dump(scenario({"at": "1m", "deliver": {"arn": "arn:aws:health:x::event/y"}})),
            "timeline[0].deliver",
        ),
    ],
)
def test_a_wrong_scenario_is_told_with_its_place_and_plays_nothing(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    ran = demo("--scenario", "scenario.yaml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "demo-out").exists()


def test_a_missing_scenario_is_told(tmp_path: Path) -> None:
    ran = demo("--scenario", "nowhere.yaml", cwd=tmp_path)
    assert ran.returncode == 2
    assert "nowhere.yaml" in ran.stderr
