"""S2–S6: what a scenario's entries do, seen in the lines that come out."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import ISSUE, ORDERS, PAYMENTS, SANDBOX, issue, played, scenario, update, verdicts


@pytest.mark.contract("S6")
def test_a_line_is_the_decision_and_what_codepipeline_made_of_it(tmp_path: Path) -> None:
    lines, _ = played(tmp_path, scenario(issue("5m"), {"at": "6m", "run": "orders"}))
    (line,) = lines
    assert line["verdict"] == line["would_be"] == "block"
    assert line["at"] == line["evaluated_at"] == "2026-03-02T12:06:00Z"
    assert (line["pipeline_account"], line["pipeline_name"]) == (ORDERS, "orders")
    assert (line["attempt"], line["trigger"], line["pipeline_result"]) == (1, "run", "failed")
    assert line["decision_id"].startswith("d-")
    assert line["decision_id"] in line["message"]
    assert line["knowledge"] == {
        "as_of": "2026-03-02T12:06:00Z",
        "age_seconds": 0,
        "stale": False,
        "on_stale": "local",
        "on_unknown": "block",
        "source": "central",
    }
    assert [target["services"] for target in line["targets"]] == [[], ["CODEPIPELINE", "CLOUDFORMATION", "STS"]]
    (reason,) = line["reasons"]
    assert (reason["kind"], reason["rule"], reason["target"]) == ("event", "open-issues", 0)
    assert reason["event"]["arn"] == ISSUE


@pytest.mark.contract("S2")
def test_a_retry_asks_again_and_counts_on(tmp_path: Path) -> None:
    timeline = [
        issue("5m"),
        {"at": "6m", "run": "orders"},
        {"at": "7m", "retry": "orders"},
        update("10m", statusCode="closed", endTime="+10m"),
        {"at": "11m", "retry": "orders"},
    ]
    lines, _ = played(tmp_path, scenario(*timeline))
    assert [(line["trigger"], line["attempt"], line["verdict"]) for line in lines] == [
        ("run", 1, "block"),
        ("retry", 2, "block"),
        ("retry", 3, "allow"),
    ]
    assert len({line["execution_id"] for line in lines}) == 1


@pytest.mark.contract("S2")
def test_what_codepipeline_refuses_is_reported_and_skipped(tmp_path: Path) -> None:
    timeline = [{"at": "1m", "retry": "orders"}, {"at": "2m", "run": "orders"}, {"at": "3m", "retry": "orders"}]
    lines, quiet = played(tmp_path, scenario(*timeline))
    assert verdicts(lines) == [("orders", "run", "allow")]
    assert len(quiet.refusals) == 2


@pytest.mark.contract("S2")
def test_without_a_gate_the_action_fails_without_a_line(tmp_path: Path) -> None:
    elsewhere = [
        {"name": "sandbox", "account": SANDBOX, "region": "us-east-1"},
        {"name": "orders", "account": ORDERS, "region": "ap-southeast-2"},
    ]
    runs = [{"at": "1m", "run": "sandbox"}, {"at": "1m", "run": "orders"}]
    lines, _ = played(tmp_path, scenario(*runs, pipelines=elsewhere))
    assert lines == []


@pytest.mark.contract("S3")
def test_within_an_instant_health_comes_before_the_poll_and_the_poll_before_runs(tmp_path: Path) -> None:
    lines, _ = played(tmp_path, scenario({"at": "5m", "run": "orders"}, issue("5m")))
    assert verdicts(lines) == [("orders", "run", "block")]


@pytest.mark.contract("S3")
def test_between_polls_only_a_notification_is_known(tmp_path: Path) -> None:
    late = [
        issue("330s", accounts=[ORDERS]),
        {"at": "340s", "run": "orders"},
        {"at": "345s", "deliver": {"arn": ISSUE}},
        {"at": "345s", "run": "orders"},
    ]
    lines, _ = played(tmp_path, scenario(*late))
    assert [line["verdict"] for line in lines] == ["allow", "block"]
    assert lines[1]["knowledge"]["as_of"] == "2026-03-02T12:05:00Z", "a notification makes nothing younger (D13)"


@pytest.mark.contract("S3")
def test_the_first_poll_is_at_the_start(tmp_path: Path) -> None:
    lines, _ = played(tmp_path, scenario(issue("0m", startTime="+0m"), {"at": "0m", "run": "orders"}))
    assert verdicts(lines) == [("orders", "run", "block")]


@pytest.mark.contract("S2")
def test_a_policy_entry_publishes(tmp_path: Path) -> None:
    lenient = {"version": 1, "rules": [{"name": "look", "match": {"categories": ["issue"]}, "verdict": "warn"}]}
    timeline = [
        issue("5m"),
        {"at": "6m", "run": "orders"},
        {"at": "7m", "policy": lenient},
        {"at": "7m", "retry": "orders"},
    ]
    lines, _ = played(tmp_path, scenario(*timeline))
    assert [(line["verdict"], line["policy_version"]) for line in lines] == [("block", 1), ("warn", 2)]
    assert lines[1]["pipeline_result"] == "succeeded"


@pytest.mark.contract("S2")
@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ('{"targets": [', "line 1, column 14"),
        ({"targts": []}, "targts"),
        ({"targets": ["somewhere"]}, "somewhere"),
        ({"on_block": "explode"}, "on_block"),
    ],
)
def test_wrong_user_parameters_fail_the_job_with_the_place(tmp_path: Path, parameters: Any, says: str) -> None:
    pipeline = {"name": "orders", "account": ORDERS, "region": "us-east-1", "user_parameters": parameters}
    (line,), _ = played(tmp_path, scenario({"at": "1m", "run": "orders"}, pipelines=[pipeline]))
    assert (line["verdict"], line["decision_id"], line["pipeline_result"]) == (None, None, "failed")
    assert says in line["message"]


@pytest.mark.contract("G5")
def test_another_accounts_target_is_refused_with_the_entry_to_add(tmp_path: Path) -> None:
    asks = {"targets": [f"{PAYMENTS}/eu-west-1"]}
    pipeline = {"name": "orders", "account": ORDERS, "region": "us-east-1", "user_parameters": asks}
    (line,), _ = played(tmp_path, scenario({"at": "1m", "run": "orders"}, pipelines=[pipeline]))
    assert (line["verdict"], line["pipeline_result"]) == (None, "failed")
    assert "delegates" in line["message"]
    assert ORDERS in line["message"]


@pytest.mark.contract("S4")
@pytest.mark.parametrize("kind", ["down", "throttle"])
def test_without_central_the_gate_asks_aws_health_itself(tmp_path: Path, kind: str) -> None:
    timeline: list[dict[str, Any]] = [
        {"at": "4m", "fault": {"service": "central", "kind": kind, "for": "10m"}},
        {"at": "4m", "run": "orders"},
        issue("5m"),
        {"at": "6m", "run": "orders"},
        {"at": "14m", "run": "orders"},
    ]
    lines, _ = played(tmp_path, scenario(*timeline))
    assert [line["verdict"] for line in lines] == ["allow", "block", "block"]
    assert [(line["decision_id"] is None, line["knowledge"]["source"]) for line in lines] == [
        (True, "local"),
        (True, "local"),
        (False, "central"),
    ]
    assert lines[1]["reasons"][0]["rule"] == "local"


@pytest.mark.contract("D14")
def test_where_nothing_can_be_found_out_on_unknown_decides(tmp_path: Path) -> None:
    timeline: list[dict[str, Any]] = [
        {"at": "4m", "fault": {"service": "central", "kind": "down"}},
        {"at": "4m", "fault": {"service": "health", "kind": "throttle", "account": ORDERS}},
        {"at": "5m", "run": "orders"},
    ]
    (line,), _ = played(tmp_path, scenario(*timeline))
    assert (line["verdict"], line["reasons"][0]["kind"]) == ("block", "unknown")


@pytest.mark.contract("D13")
def test_stale_knowledge_is_told_and_the_gate_looks_for_itself(tmp_path: Path) -> None:
    timeline: list[dict[str, Any]] = [
        {"at": "90s", "fault": {"service": "health", "kind": "down", "account": "999988887777"}},
        issue("5m"),
        {"at": "11m", "run": "orders"},
        {"at": "12m", "run": "orders"},
    ]
    lines, _ = played(tmp_path, scenario(*timeline))
    assert [(line["verdict"], line["knowledge"]["stale"]) for line in lines] == [("allow", False), ("block", True)]
    assert lines[1]["reasons"][0]["rule"] == "local"
    assert lines[1]["knowledge"]["as_of"] == "2026-03-02T12:01:00Z"


@pytest.mark.contract("S4")
def test_one_health_endpoint_down_is_met_by_the_other(tmp_path: Path) -> None:
    timeline = [
        {"at": "0m", "fault": {"service": "health", "kind": "down", "region": "us-east-1"}},
        issue("5m"),
        {"at": "12m", "run": "orders"},
    ]
    (line,), _ = played(tmp_path, scenario(*timeline))
    assert (line["verdict"], line["knowledge"]["age_seconds"], line["reasons"][0]["rule"]) == (
        "block",
        0,
        "open-issues",
    )


@pytest.mark.contract("S4")
def test_where_codepipeline_is_down_a_person_starts_nothing(tmp_path: Path) -> None:
    fault = {"service": "codepipeline", "kind": "throttle", "account": ORDERS, "for": "1m"}
    runs = [{"at": at, "run": name} for at, name in (("2m", "orders"), ("2m", "payments"), ("3m", "orders"))]
    lines, quiet = played(tmp_path, scenario({"at": "2m", "fault": fault}, *runs))
    assert verdicts(lines) == [("payments", "run", "allow"), ("orders", "run", "allow")]
    assert len(quiet.refusals) == 1
    assert "ThrottlingException" in quiet.refusals[0]


@pytest.mark.contract("S7")
def test_with_faults_too_both_runtimes_give_the_same_lines(tmp_path: Path) -> None:
    timeline: list[dict[str, Any]] = [
        issue("1m"),
        {"at": "2m", "fault": {"service": "dynamodb", "kind": "down", "for": "1m"}},
        {"at": "2m", "run": "orders"},
        {"at": "3m", "fault": {"service": "central", "kind": "denied", "for": "1m"}},
        {"at": "3m", "run": "payments"},
        {"at": "4m", "fault": {"service": "health", "kind": "throttle"}},
        {"at": "15m", "run": "payments"},
        {"at": "15m", "retry": "orders"},
    ]
    one, other = (played(tmp_path, scenario(*timeline), runtime)[0] for runtime in ("inprocess", "processes"))
    assert [line["verdict"] for line in one] == ["block", None, "block", "block"]
    assert "answered 503" in one[0]["message"]
    assert [_without_ids(line) for line in one] == [_without_ids(line) for line in other]


@pytest.mark.contract("S5")
def test_the_same_scenario_gives_the_same_lines_but_for_ids(tmp_path: Path) -> None:
    data = scenario(issue("5m"), {"at": "6m", "run": "orders"}, {"at": "7m", "run": "payments"})
    one, other = (played(tmp_path, data)[0] for _ in range(2))
    assert [_without_ids(line) for line in one] == [_without_ids(line) for line in other]


def _without_ids(line: dict[str, Any]) -> str:
    text = repr({key: value for key, value in line.items() if key not in {"decision_id", "execution_id"}})
    return text.replace(str(line["decision_id"]), "ID").replace(line["execution_id"], "ID")


@pytest.mark.contract("D3")
def test_odd_events_are_read_like_any_other_and_stay_until_they_are_over(tmp_path: Path) -> None:
    one_segment = "arn:aws:health:us-east-1::event/AWS_RDS_OPERATIONAL_ISSUE_1"
    untold = issue("1m", f"{ISSUE}-2", startTime="0001-01-01T00:00:00Z")
    del untold["health"]["event"]["statusCode"]
    timeline = [issue("1m", one_segment, accounts=[ORDERS]), untold, {"at": "16m", "run": "orders"}]
    (line,), _ = played(tmp_path, scenario(*timeline))
    assert line["knowledge"]["as_of"] == "2026-03-02T12:16:00Z", "none of them keeps a poll from being complete (D13)"
    assert {reason["event"]["arn"] for reason in line["reasons"]} == {one_segment, f"{ISSUE}-2"}
