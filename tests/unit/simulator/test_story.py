"""What a demo tells: of overrides, of what would not be done, and of what decided."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from org_gate.rollout.files import shipped
from org_gate.simulator.play import Asked
from org_gate.simulator.scenario import Scenario, read_scenario
from org_gate.simulator.story import Story
from tests.e2e.support import ISSUE, ORDERS, scenario, write

EVENT = {"service": "RDS", "region": "us-east-1"}


@pytest.fixture
def played(tmp_path: Path) -> Scenario:
    override = {"accounts": [ORDERS], "pipelines": ["ord*", "web"], "events": [ISSUE, "freeze:peak"], "for": "90m"}
    entries: list[dict[str, Any]] = [
        {"at": "1m", "override": {**override, "reason": "It mends\x1b this.", "ticket": "INC-1"}},
        {"at": "2m", "run": "orders"},
    ]
    return read_scenario(write(tmp_path, scenario(*entries)), shipped("config/policy.yaml"))


def told(scenario: Scenario) -> tuple[Story, StringIO]:
    text = StringIO()
    return Story(Console(file=text, width=200, soft_wrap=True), scenario), text


def test_an_override_is_told_with_whom_it_lets_pass_and_why(played: Scenario) -> None:
    story, text = told(played)
    story.happened(played.start, played.timeline[0])
    assert text.getvalue() == (
        "12:00:00  The platform team overrides AWS_RDS_OPERATIONAL_ISSUE_T1, freeze:peak for accounts 111122223333, "
        "pipelines ord*, web, for 1 h 30 min: It mends  this. (INC-1)\n"
    )


def test_an_override_that_is_refused_is_told_as_such(played: Scenario) -> None:
    story, text = told(played)
    story.refused(played.start, played.timeline[0], "Too long.")
    assert text.getvalue() == "12:00:00  Skipped: override. Too long.\n"


def reason(kind: str, verdict: str = "block", **fields: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("rule", "event", "freeze", "override_id"))
    return {"kind": kind, "verdict": verdict, "target": 0, **nothing, **fields}


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        ({"would_be": "block", "reasons": [reason("freeze", freeze={"name": "peak"})]}, "freeze peak"),
        (
            {
                "would_be": "block",
                "reasons": [
                    reason("event", rule="issues", event=EVENT),
                    reason("freeze", freeze={"name": "peak"}, override_id="o-1"),
                    reason("stale", "warn", target=None),
                ],
            },
            "issues: RDS us-east-1",
        ),
        (
            {
                "would_be": "warn",
                "reasons": [
                    reason("event", rule="issues", event=EVENT, override_id="o-1"),
                    reason("stale", "warn", target=None),
                    reason("hint", "warn"),
                ],
            },
            "issues: RDS us-east-1, overridden, stale",
        ),
        ({"would_be": "allow", "exempt": True, "reasons": [reason("freeze", freeze={"name": "peak"})]}, "exempt"),
        (
            {
                "would_be": "warn",
                "targets": [{"overridden": True}],
                "reasons": [reason("event", rule="local", event=EVENT)],
            },
            "local: RDS us-east-1, overridden",
        ),
    ],
)
def test_the_table_names_what_decided_and_what_was_lifted(played: Scenario, line: dict[str, Any], cell: str) -> None:
    decided = {"verdict": line["would_be"], "exempt": False, "targets": [{"overridden": False}]}
    whole = {**decided, "pipeline_result": "succeeded", **line}
    asked = Asked(played.start + timedelta(minutes=2), played.timeline[1], played.pipelines[0], whole)
    story, text = told(played)
    story.table([asked])
    assert text.getvalue().splitlines()[-2].split("│")[-2].strip() == cell


def later(trigger: str, result: str, verdict: str, **fields: Any) -> dict[str, Any]:
    """A line of ``decisions.jsonl`` that nobody made the gate write."""
    of = {"at": "2026-03-02T12:09:00Z", "pipeline_account": ORDERS, "pipeline_name": "orders", "summary": "So it is."}
    decided = {"verdict": verdict, "would_be": verdict, "exempt": False, "targets": [], "reasons": []}
    return {**of, **decided, "trigger": trigger, "pipeline_result": result, **fields}


@pytest.mark.parametrize(
    ("line", "says", "row"),
    [
        (later("hold", "succeeded", "allow"), "the end of its hold: allow", "hold"),
        (later("hold", "failed", "block"), "the end of its hold: block", "hold"),
        (later("resume", "succeeded", "warn"), "resumed by org-gate: warn", "resume"),
        (later("resume", "held", "block"), "resumed by org-gate: block, held", "resume"),
        (later("run", "succeeded", "allow"), "its stage is free: allow", None),
        (later("resume", "failed", "block", pipeline_name="made-by-hand"), "another Region), resumed", "resume"),
    ],
)
def test_what_goes_on_by_itself_is_told(played: Scenario, line: dict[str, Any], says: str, row: str | None) -> None:
    story, text = told(played)
    story.went_on(line)
    assert text.getvalue().startswith("12:09:00  ")
    assert says in text.getvalue()
    run = Asked(played.start + timedelta(minutes=10), played.timeline[1], played.pipelines[0], None, waits=True)
    story.table([run])
    rows = [[cell.strip() for cell in each.split("│")[1:-1]] for each in text.getvalue().splitlines() if "│" in each]
    assert [each[4] for each in rows] == ([row, "run"] if row else ["run"]), "in order of time; a run has its own row"
    assert rows[-1][5] == "waits for its stage"
