"""The backtest, the whole way: the shipped history against the public facts, the table of a played organization."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from org_gate.cli.backtest_sources import SHIPPED, from_scenario
from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.times import parse_time
from org_gate.policy.load import load_policy, policy_from_data
from org_gate.policy.model import Policy
from org_gate.report.backtest_history import History
from org_gate.report.backtest_incidents import request_to
from org_gate.rollout.files import shipped
from org_gate.simulator.play import play
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, Quiet, issue, scenario, update, world, write
from tests.unit.report.histories import step_by_step

FILE = shipped("config/policy.yaml")
ACCOUNT = "111122223333"
SECOND = timedelta(seconds=1)


@cache
def shipped_history() -> History:
    return from_scenario(None, "text").history


def verdict(now: datetime, target: Target, policy: Policy | None = None) -> str:
    """Decided at that one moment, by all that AWS Health had shown by then."""
    tried = policy or load_policy(FILE.read_bytes(), "policy")
    ((_, outcome),) = step_by_step(request_to(target), shipped_history(), tried, now, now + SECOND)
    return outcome.verdict.value


def to(region: str, *services: str, zones: tuple[str, ...] = ()) -> Target:
    return Target(ACCOUNT, region, services, zones)


FACTS = """
    2020-11-25T13:15Z 2020-11-25T17:52Z 2020-11-26T06:22Z 2020-11-26T06:23Z us-east-1      KINESIS
    2021-02-19T14:03Z 2021-02-19T15:09Z 2021-02-19T20:30Z 2021-02-19T20:54Z ap-northeast-1 EC2
    2021-06-10T20:18Z 2021-06-10T20:24Z 2021-06-10T23:30Z 2021-06-11T01:54Z eu-central-1   EC2
    2021-09-01T22:30Z 2021-09-01T22:52Z 2021-09-02T04:41Z 2021-09-02T04:42Z ap-northeast-1 DIRECTCONNECT
    2021-12-07T15:30Z 2021-12-07T16:22Z 2021-12-07T22:21Z 2021-12-07T22:22Z us-east-1      DYNAMODB
    2021-12-15T15:15Z 2021-12-15T15:37Z 2021-12-15T16:10Z 2021-12-15T16:15Z us-west-1      INTERNETCONNECTIVITY
    2021-12-15T15:15Z 2021-12-15T15:37Z 2021-12-15T16:10Z 2021-12-15T16:15Z us-west-2      INTERNETCONNECTIVITY
    2021-12-22T12:11Z 2021-12-22T12:35Z 2021-12-22T22:00Z 2021-12-22T22:30Z us-east-1      EC2
    2022-07-28T17:00Z 2022-07-28T17:22Z 2022-07-28T19:59Z 2022-07-28T20:00Z us-east-2      EC2
    2023-06-13T18:49Z 2023-06-13T19:11Z 2023-06-13T22:36Z 2023-06-13T22:37Z us-east-1      LAMBDA
    2024-07-30T21:45Z 2024-07-30T22:07Z 2024-07-31T04:36Z 2024-07-31T04:37Z us-east-1      KINESIS
    2025-10-20T06:48Z 2025-10-20T07:11Z 2025-10-20T21:19Z 2025-10-20T22:01Z us-east-1      RDS
"""
"""When each began, when AWS Health showed it, shortly before it was over, when it was; where, and what it concerns."""


@pytest.mark.parametrize("facts", FACTS.split("\n")[1:-1])
def test_each_incident_against_the_public_facts(facts: str) -> None:
    began, shown, late, over, region, service = facts.split()
    told = [parse_time(moment) for moment in (began, shown, late, over)]
    moments = [told[0] - SECOND, told[0], told[1] - SECOND, told[1], told[2], told[3] - SECOND, told[3]]
    concerned = [verdict(moment, to(region, service)) for moment in moments]
    assert concerned == ["allow", "allow", "allow", "block", "block", "block", "allow"]
    assert [verdict(moment, to(region)) for moment in moments] == concerned
    for elsewhere in (to("sa-east-1"), to("eu-west-1", service)):
        assert {verdict(moment, elsewhere) for moment in moments} == {"allow"}


@pytest.mark.parametrize(
    ("moment", "service", "expected"),
    [
        ("2020-11-25T20:00Z", "RDS", "allow"),  # Kinesis alone, for those who name what they touch
        ("2021-12-07T18:00Z", "RDS", "block"),  # many services: whatever is named
        ("2023-06-13T20:00Z", "ECS", "allow"),
        ("2025-10-20T12:00Z", "S3", "block"),
    ],
)
def test_services_count_where_the_incident_is_of_one(moment: str, service: str, expected: str) -> None:
    assert verdict(parse_time(moment), to("us-east-1", service)) == expected


def test_the_emirates_stay_blocked_for_no_end_is_on_record() -> None:
    target = to("me-central-1", "EC2")
    moments = ["2026-03-01T12:50Z", "2026-03-01T12:51Z", "2026-04-30T12:00Z", "2027-01-01T00:00Z"]
    assert [verdict(parse_time(moment), target) for moment in moments] == ["allow", "block", "block", "block"]


def test_zones_out_of_texts_let_other_zones_go_on() -> None:
    data = {"version": 1, "zones_from_text": True, "rules": [{"name": "all", "verdict": "block"}]}
    policy, now = policy_from_data(data), parse_time("2021-12-22T14:00Z")
    assert verdict(now, to("us-east-1", "EC2", zones=("use1-az4",)), policy) == "block"
    assert verdict(now, to("us-east-1", "EC2", zones=("use1-az1",)), policy) == "allow"


def test_the_history_says_when_in_two_ways_that_agree_and_where_from() -> None:
    text = shipped(SHIPPED).read_text("utf-8")
    data = yaml.safe_load(text)
    for entry in data["timeline"]:
        shown = data["start"] + timedelta(minutes=int(entry["at"].removesuffix("m")))
        assert entry["health"]["event"]["lastUpdatedTime"] == shown
    begun = [line for line in text.splitlines() if line.startswith("    note:")]
    assert len(begun) == text.count("\n\n  # ") + 1, "each incident begins with a comment that names its source"
    assert all("https://" in block for block in text.split("timeline:")[1].split("\n\n"))


def command(*arguments: str) -> dict[str, Any]:
    """As a person runs it."""
    done = subprocess.run(
        [Path(sys.executable).with_name("org-gate"), "backtest", FILE, *arguments, "--format", "json"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_command_counts_what_deciding_at_every_step_counts() -> None:
    where = ("--region", "us-east-1", "--service", "LAMBDA", "--every", "7m")
    found = command("--from", "2021-12-07", "--to", "2021-12-08", *where)
    past, policy = shipped_history(), load_policy(FILE.read_bytes(), "policy")
    begin, request = parse_time("2021-12-07T00:00Z"), request_to(to("us-east-1", "LAMBDA"))
    naive = step_by_step(request, past, policy, begin, begin + timedelta(days=1), every=timedelta(minutes=7))
    assert found["counts"]["block"] == sum(outcome.verdict == "block" for _, outcome in naive) == 51
    assert sum(found["counts"].values()) == len(naive)


@pytest.fixture(name="ended", scope="module")
def _ended(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small organization's morning: blocked, allowed, blocked again, over; and the session that reads its table."""
    folder = tmp_path_factory.mktemp("morning")
    data = scenario(
        {"at": "1m", "run": "orders"},
        issue("2m"),
        {"at": "5m", "run": "orders"},
        {"at": "5m", "run": "payments"},
        issue("10m", ISSUE_OF_ORDERS, accounts=[ORDERS], region="eu-west-1"),
        {"at": "20m", "run": "payments"},
        {"at": "30m", "stop": "orders"},
        update("40m", statusCode="closed", endTime="+39m"),
        tail="0m",
    )
    with world(folder, data) as opened:
        play(opened, Quiet())
        yield folder, opened.sessions.session(CENTRAL, "eu-west-1"), list(opened.aws.recorder.lines)


ISSUE_OF_ORDERS = "arn:aws:health:eu-west-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_T2"


def test_the_table_of_an_organization(ended: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder, session, lines = ended
    config = folder / "org-gate.yaml"
    config.write_text(
        yaml.safe_dump({"central": {"account": CENTRAL, "region": "eu-west-1"}, "gates": {"regions": ["us-east-1"]}})
    )
    nothing = folder / "nothing.yaml"
    nothing.write_text("version: 1\nrules: []\n")
    arguments = ["backtest", str(nothing), "--against", str(FILE), "--table", "--config", str(config)]
    assert run([*arguments, "--format", "json"], Surroundings(aws=lambda: session)) == 0
    found = json.loads(capsys.readouterr().out)
    recorded = [line for line in lines if line["trigger"] in {"run", "retry", "resume"}]
    counts = {name: sum(line["verdict"] == name for line in recorded) for name in ("allow", "warn", "block")}
    assert counts["block"] == 1
    assert found["counts_recorded"] == found["counts_against"] == counts
    assert found["counts"] == {"allow": len(recorded), "warn": 0, "block": 0}
    (one,) = found["decisions"]
    assert (one["account"], one["pipeline"]["name"], one["changed"]) == (ORDERS, "orders", True)
    past = folder / "past.jsonl"
    assert run(["export", "--out", str(past), "--config", str(config)], Surroundings(aws=lambda: session)) == 0
    assert f"{len(recorded)} decisions and 2 events from table" in capsys.readouterr().err
    assert run(["backtest", str(nothing), "--against", str(FILE), "--export", str(past), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == found["decisions"]
    assert run(["backtest", str(FILE), "--table", "--config", str(config)], Surroundings(aws=lambda: session)) == 0
    out = capsys.readouterr().out
    assert "  held for 35 min in the middle, 35 min at most" in out
    assert "None comes out otherwise." in out


def test_a_scenario_read_as_history_says_what_playing_it_said(ended: Any) -> None:
    folder, _, lines = ended
    past = from_scenario(folder / "scenario.yaml", "text").history
    policy = load_policy(FILE.read_bytes(), "policy")
    assert {line["pipeline_account"] for line in lines} == {ORDERS, PAYMENTS}
    for line in lines:
        now, where = parse_time(line["at"]), line["targets"][0]
        target = Target(where["account"], where["region"], tuple(where["services"]))
        request = Request(line["pipeline_account"], (target,), Pipeline(line["pipeline_name"], where["region"]))
        ((_, outcome),) = step_by_step(request, past, policy, now, now + SECOND)
        assert outcome.verdict.value == line["verdict"], line


def test_it_reads_the_same_scenario_from_a_file(tmp_path: Path) -> None:
    found = command("--scenario", str(write(tmp_path, scenario(issue("2m"), update("40m", statusCode="closed")))))
    assert [one["blocked_seconds"] for one in found["incidents"]] == [38 * 60]
