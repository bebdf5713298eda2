"""S2–S6: what a scenario's entries do, seen in the lines that come out."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from org_gate.rollout.files import shipped
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, SANDBOX, issue, played, scenario, update, verdicts


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


def override(at: str, **fields: Any) -> dict[str, Any]:
    """An ``override`` entry of everything, for an hour."""
    return {"at": at, "override": {"events": ["all"], "reason": "It mends this.", "for": "1h", **fields}}


@pytest.mark.contract("S1, D10")
def test_an_override_lets_pass_whom_it_names_and_as_long_as_it_lasts(tmp_path: Path) -> None:
    timeline = [
        issue("5m", region="global"),
        {"at": "6m", "run": "orders"},
        override("7m", accounts=[ORDERS], pipelines=["ord*"], **{"for": "10m"}),
        {"at": "7m", "retry": "orders"},
        {"at": "7m", "run": "payments"},
        {"at": "1019s", "run": "orders"},
        {"at": "1020s", "run": "orders"},
    ]
    lines, quiet = played(tmp_path, scenario(*timeline))
    assert [(line["pipeline_name"], line["verdict"], line["would_be"]) for line in lines] == [
        ("orders", "block", "block"),
        ("orders", "warn", "warn"),
        ("payments", "block", "block"),
        ("orders", "warn", "warn"),
        ("orders", "block", "block"),
    ]
    lifted = lines[1]["reasons"][0]
    assert (lifted["verdict"], lifted["override_id"][:2]) == ("block", "o-"), "a reason keeps its own verdict"
    assert [target["overridden"] for target in lines[1]["targets"]] == [True, True]
    assert [target["overridden"] for target in lines[2]["targets"]] == [False, False]
    assert quiet.refusals == []


@pytest.mark.contract("S2, D10")
def test_an_override_that_the_api_refuses_is_reported_and_skipped(tmp_path: Path) -> None:
    timeline = [
        issue("5m"),
        override("6m"),
        override("6m", accounts=[ORDERS], **{"for": "5h"}),
        {"at": "6m", "run": "orders"},
        {"at": "7m", "fault": {"service": "central", "kind": "down", "for": "1m"}},
        override("7m", accounts=[ORDERS]),
        {"at": "8m", "retry": "orders"},
    ]
    lines, quiet = played(tmp_path, scenario(*timeline))
    assert [line["verdict"] for line in lines] == ["block", "block"]
    nobody, too_long, unreachable = quiet.refusals
    assert "pipelines" in nobody
    assert "4h" in too_long.replace("4 h", "4h")
    assert "No decision API answered" in unreachable


@pytest.mark.contract("S3")
def test_within_an_instant_policies_and_overrides_come_in_file_order(tmp_path: Path) -> None:
    brief = {"version": 1, "max_override": "30m", "rules": []}
    late = [override("5m", accounts=[ORDERS]), {"at": "5m", "policy": brief}]
    assert played(tmp_path, scenario(*late))[1].refusals == []
    assert len(played(tmp_path, scenario(*late[::-1]))[1].refusals) == 1


@pytest.mark.contract("D13")
def test_where_the_gate_looks_for_itself_an_override_of_all_lifts_what_it_finds(tmp_path: Path) -> None:
    timeline = [
        {"at": "90s", "fault": {"service": "health", "kind": "down", "account": CENTRAL}},
        issue("5m"),
        {"at": "12m", "run": "orders"},
        override("13m", accounts=[ORDERS], **{"for": "10m"}),
        {"at": "13m", "retry": "orders"},
        {"at": "14m", "fault": {"service": "health", "kind": "down", "account": ORDERS, "for": "2m"}},
        {"at": "14m", "run": "orders"},
        {"at": "23m", "run": "orders"},
    ]
    lines, _ = played(tmp_path, scenario(*timeline))
    assert [(line["verdict"], line["reasons"][0]["kind"], line["reasons"][0]["rule"]) for line in lines] == [
        ("block", "event", "local"),
        ("warn", "event", "local"),
        ("warn", "unknown", None),
        ("block", "event", "local"),
    ]
    assert {line["knowledge"]["stale"] for line in lines} == {True}
    assert [line["reasons"][0]["verdict"] for line in lines] == ["block"] * 4, "a reason keeps its own verdict"


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


@pytest.mark.contract("D8, D10, D11, D12")
def test_the_platform_teams_night_goes_as_it_says(tmp_path: Path) -> None:
    night = yaml.safe_load(shipped("config/scenarios/night.yaml").read_text("utf-8"))
    lines, quiet = played(tmp_path, night)
    stated = [entry for entry in night["timeline"] if "expect" in entry]
    asked = [line for line in lines if line["trigger"] in {"run", "retry"}]
    assert [line["verdict"] for line in asked] == [entry["expect"] for entry in stated]
    resumed = [(line["pipeline_name"], line["verdict"]) for line in lines if line["trigger"] == "resume"]
    assert resumed == [("orders-hotfix", "allow")]
    assert {line["would_be"] for line in lines if line["pipeline_name"] == "web"} == {"allow", "block"}
    assert [(line["exempt"], line["decision_id"] is None) for line in lines if "failover" in line["pipeline_name"]] == [
        (True, False),
        (True, True),
    ], "by central, and by the gate alone"
    assert len(quiet.refusals) == 1
