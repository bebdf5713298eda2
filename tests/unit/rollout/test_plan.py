"""Plans of the central part, and plans as people and machines read them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from org_gate.inventory.errors import MismatchError
from org_gate.inventory.settings import Reports, Settings
from org_gate.policy.load import policy_from_data
from org_gate.rollout.plan_cells import CellFacts, plan_cell, plan_policy
from org_gate.rollout.plan_json import plan_data
from org_gate.rollout.plan_model import Action
from org_gate.rollout.plan_text import plan_lines
from org_gate.rollout.plan_warnings import cell_warnings, report_warnings
from org_gate.rollout.render import central_template, member_template
from org_gate.rollout.wishes import TO_COME, central_wish, member_wish
from org_gate.simulator.cloudformation.template import read_template
from tests.unit.rollout.planning import HOME, PARTS, POLICY, Known, newer, organization, settings

A, B = "111111111111", "222222222222"
FIRST = policy_from_data(POLICY)
ARN = "arn:aws:sns:eu-west-1:999988887777:alarms"


def rolled_out() -> Known:
    known = Known(organization({A: "Prod", B: "Dev"}))
    for _ in range(2):
        known.carry_out(known.plan(settings()))
    return known


def test_the_templates_take_every_parameter_that_is_given_them() -> None:
    everything = settings(
        central={"account": "999988887777", "region": HOME, "alarm_topic": ARN, "api_reserved_concurrency": 5},
        permissions_boundary="bound",
    )
    cell = central_wish(everything, PARTS, "o-abcdefghij", HOME)
    gate = member_wish(everything, PARTS, "o-abcdefghij", FIRST, [None])
    for wish, template in ((cell, central_template()), (gate, member_template())):
        declared = read_template(template)["Parameters"]
        assert wish.parameters.keys() <= declared.keys()
        needed = {name for name, parameter in declared.items() if "Default" not in parameter}
        assert needed <= wish.parameters.keys()


def test_each_cell_has_the_topic_of_its_region_and_home_alone_the_key() -> None:
    away = ARN.replace(HOME, "us-west-2")
    key = "arn:aws:kms:eu-west-1:999988887777:key/1234abcd"
    standby = {"standby": ["us-west-2", "us-east-2"], "standby_alarm_topics": [away], "tracing": True}
    central = {"account": "999988887777", "region": HOME, "alarm_topic": ARN, "kms_key": key, **standby}
    wanted = settings(central=central)
    cells = {each: central_wish(wanted, PARTS, "o-1", each).parameters for each in wanted.central.regions}
    assert [each["AlarmTopicArn"] for each in cells.values()] == [ARN, away, ""]
    assert [each["KmsKeyArn"] for each in cells.values()] == [key, "", ""]
    assert {each["Tracing"] for each in cells.values()} == {"Active"}
    assert cells["us-west-2"]["CodeBucket"] == "org-gate-artifacts-999988887777-us-west-2"


def test_a_standby_whose_alarms_nobody_hears_is_named_where_homes_are_heard() -> None:
    both = {"account": "999988887777", "region": HOME, "standby": ["us-west-2"]}
    (told,) = cell_warnings(settings(central={**both, "alarm_topic": ARN}), [])
    assert told.startswith("Nobody hears the alarms of the standby in us-west-2: ")
    heard = {"alarm_topic": ARN, "standby_alarm_topics": [ARN.replace(HOME, "us-west-2")]}
    for more in ({}, heard):
        assert [*cell_warnings(settings(central={**both, **more}), [])] == []


def test_home_alone_makes_reports_and_only_where_it_is_to() -> None:
    both = {"account": "999988887777", "region": HOME, "standby": ["us-west-2"]}
    told = settings(central=both, reports={"schedule": "rate(1 day)", "since": "30d", "ou": "Prod"})
    home, standby = (central_wish(told, PARTS, "o-1", region).parameters for region in (HOME, "us-west-2"))
    assert (home["ReportSchedule"], standby["ReportSchedule"]) == ("rate(1 day)", "")
    assert (home["ReportSince"], home["ReportOu"]) == ("30d", "Prod")
    off = settings(reports={"enabled": False})
    assert central_wish(off, PARTS, "o-1", HOME).parameters["ReportSchedule"] == ""


def test_the_reporter_is_told_where_gates_are_to_be_as_far_as_it_can_be() -> None:
    told = settings(gates={"regions": [HOME], "without": {"accounts": [A]}})
    given = central_wish(told, PARTS, "o-1", HOME).parameters["CoverageSettings"]
    assert Settings.model_validate_json(given).gates == told.gates
    many = settings(gates={"regions": [HOME], "without": {"accounts": [f"{number:012d}" for number in range(300)]}})
    assert central_wish(many, PARTS, "o-1", HOME).parameters["CoverageSettings"] == ""
    assert [warning for warning in report_warnings(many) if "coverage" in warning]
    assert not [*report_warnings(told), *report_warnings(many.model_copy(update={"reports": Reports(enabled=False)}))]


def test_a_report_on_an_ou_that_is_not_there_stops_the_plan() -> None:
    known = Known(organization({A: "Prod", B: "Dev"}))
    with pytest.raises(MismatchError, match="no OU 'Test'"):
        known.plan(settings(reports={"ou": "Test"}))


@pytest.mark.parametrize("schedule", ["daily", "rate(0 days)", "cron(0 6 * * ?)", "rate(1 day", ""])
def test_a_schedule_that_eventbridge_would_not_take_is_refused(schedule: str) -> None:
    with pytest.raises(ValidationError, match="schedule of EventBridge"):
        settings(reports={"schedule": schedule})


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, ()),
        ({"template": "other"}, ("template",)),
        ({"tags": {"team": "a"}}, ("tags",)),
        ({"code": "new.zip"}, ("code",)),
        ({"status": "UPDATE_ROLLBACK_COMPLETE"}, ()),
        ({"status": "UPDATE_IN_PROGRESS"}, ("its status (UPDATE_IN_PROGRESS)",)),
    ],
)
def test_a_cell_is_touched_only_for_what_differs(changes: dict[str, Any], differs: tuple[str, ...]) -> None:
    known = rolled_out()
    installed = known.cell.installed
    assert installed is not None
    facts = replace(known.cell, installed=replace(installed, status=changes.get("status", installed.status)))
    wish = central_wish(settings(), replace(PARTS, code=changes.get("code", PARTS.code)), "o-abcdefghij", HOME)
    wish = replace(wish, template=changes.get("template", wish.template), tags=changes.get("tags", wish.tags))
    plan = plan_cell(wish, facts)
    assert (plan.action, plan.differs) == (Action.UPDATE if differs else Action.KEEP, differs)


def test_the_policy_that_is_published_counts_and_the_first_one_only_where_there_is_none() -> None:
    other = policy_from_data({"version": 1, "mode": "warn"})
    new, empty = CellFacts("us-west-2"), CellFacts(HOME, version=0)
    published = CellFacts(HOME, version=7, policy=other)
    silent = CellFacts(HOME, silent="no answer")
    assert plan_policy(FIRST, (empty, new)).publish_to == (HOME, "us-west-2")
    found = plan_policy(FIRST, (published, new))
    assert (found.policy, found.publish_to) == (other, ("us-west-2",))
    assert plan_policy(FIRST, (silent, new)).policy is None
    assert plan_policy(FIRST, (silent, replace(published, region="us-west-2"))).policy == other


def test_gates_are_not_planned_by_a_policy_that_nobody_tells() -> None:
    known = rolled_out()
    known.cell = replace(known.cell, silent="it failed (500)")
    plan = known.plan(settings())
    assert (plan.stack_set, plan.waves, plan.is_done) == (None, (), False)
    assert any("it failed (500)" in warning for warning in plan.warnings)
    assert "Gates: not known, as no cell tells its policy" in list(plan_lines(plan))


def test_people_read_counts_first_and_few_lines_however_many_accounts() -> None:
    homes = {f"{number:012}": f"Unit{number % 40}" for number in range(2, 2_002)}
    lines = list(plan_lines(Known(organization(homes)).plan(settings())))
    assert lines[1:3] == [
        "Cells: 1 of 1 to create or update",
        "Gates: 4000 to create, 0 to update, 0 to write settings into, 0 to remove, 0 as they are; 2000 accounts",
    ]
    assert len(lines) < 40
    assert any("and 28 more OUs with 1400 accounts" in line for line in lines)


def test_nothing_to_do_is_said_in_the_second_line() -> None:
    known = rolled_out()
    known.cell = replace(known.cell, version=1, policy=FIRST)
    plan = known.plan(settings())
    assert plan.is_done
    assert list(plan_lines(plan))[1] == (
        "Nothing to do: all 4 gates of 2 accounts and the central part are as they are to be."
    )


def test_machines_read_every_gate() -> None:
    known = rolled_out()
    plan = known.plan(settings(), {**POLICY, "mode": "warn"}, newer())
    data = json.loads(json.dumps(plan_data(plan)))
    assert data["stack_set"]["action"] == "update"
    assert "template" in data["stack_set"]["differs"]
    (wave,) = data["waves"]
    assert wave["update"] == [
        {"account": account, "region": region} for account in (A, B) for region in (HOME, "us-east-1")
    ]
    assert data["central"]["cells"][0]["region"] == HOME
    assert not data["nothing_to_do"]


def test_what_only_the_cells_can_tell_is_said_to_come() -> None:
    plan = Known(organization({A: "Prod"})).plan(settings())
    assert plan.stack_set is not None
    assert plan.stack_set.wish.parameters["CentralUrls"] == TO_COME
