"""Operations take their time: they run, wait for each other, are stopped, and go on for whoever looks next."""

from typing import Any

import pytest

from org_gate.simulator.base import AwsError
from tests.unit.simulator.lambdas.deployed import ACCOUNT, OTHER, REGION
from tests.unit.simulator.stacksets.admin import MANAGED, US, Admin, p, queues, template

CREATED = ("CURRENT", "SUCCEEDED")


def test_each_look_gets_one_instance_further(patient: Admin) -> None:
    patient.create()
    started = patient.start("ou-prod")
    assert patient.instances() == {(ACCOUNT, REGION): ("OUTDATED", "RUNNING"), (OTHER, REGION): ("OUTDATED", "PENDING")}
    first = patient.operation(started)
    assert (first["Status"], "EndTimestamp" in first) == ("RUNNING", False)
    assert patient.instances() == {(ACCOUNT, REGION): CREATED, (OTHER, REGION): ("OUTDATED", "RUNNING")}
    assert (queues(ACCOUNT), queues(OTHER)) == ({"q": 0}, {})
    assert patient.results(started) == {(ACCOUNT, REGION): ("SUCCEEDED", ""), (OTHER, REGION): ("SUCCEEDED", "")}
    last = patient.operation(started)
    assert (last["Status"], "EndTimestamp" in last) == ("SUCCEEDED", True)


def test_it_goes_on_whoever_looks(patient: Admin) -> None:
    """A client that was killed has left it running: the next one finds it in the list."""
    patient.create()
    patient.start("ou-prod")
    assert patient.operations() == [("CREATE", "RUNNING")]
    assert patient.operations() == [("CREATE", "SUCCEEDED")]


def test_without_managed_execution_a_second_one_is_refused_while_one_runs(patient: Admin) -> None:
    patient.create()
    started = patient.start("ou-prod")
    for refused in (
        lambda: patient.start("ou-dev"),
        patient.update,
        lambda: patient.delete("ou-prod"),
        lambda: patient("DetectStackSetDrift"),
        lambda: patient("DeleteStackSet"),
    ):
        with pytest.raises(AwsError, match=f"OperationInProgressException.*{started}"):
            refused()
    while patient.status(started) == "RUNNING":
        pass
    assert patient.operation(patient.update())["Action"] == "UPDATE"


def test_managed_execution_queues_what_conflicts_and_runs_the_rest_beside(patient: Admin) -> None:
    patient.create(**MANAGED)
    first = patient.start("ou-prod", regions=(REGION, US))
    conflicting = patient.delete("ou-deep", regions=(US,))
    beside = patient.start("r-0001", regions=("eu-central-1",))
    behind = patient.start("ou-deep", regions=("eu-central-1",))
    assert patient.operations() == [
        ("CREATE", "QUEUED"), ("CREATE", "RUNNING"), ("DELETE", "QUEUED"), ("CREATE", "RUNNING"),
    ]  # fmt: skip
    while patient.status(first) == "RUNNING":
        assert patient.status(conflicting) == "QUEUED"
    while "RUNNING" in {patient.status(each) for each in (conflicting, beside, behind)}:
        pass
    assert {status for _, status in patient.operations()} == {"SUCCEEDED"}
    assert (OTHER, US) not in patient.instances()
    assert patient.instances()[OTHER, "eu-central-1"] == CREATED


def test_an_update_waits_for_all_and_changes_the_set_when_its_turn_comes(patient: Admin) -> None:
    patient.create(**MANAGED)
    first = patient.start("ou-deep", regions=(REGION, US))
    update = patient.update(TemplateBody=template(VisibilityTimeout=77))
    assert patient.status(update) == "QUEUED"
    assert patient("DescribeStackSet")["StackSet"]["TemplateBody"] == template()
    assert patient.status(first) == "SUCCEEDED"
    assert patient("DescribeStackSet")["StackSet"]["TemplateBody"] == template(VisibilityTimeout=77)
    assert patient.instances()[OTHER, US] == ("OUTDATED", "PENDING")


def test_execution_settings_hold_while_operations_are_under_way(patient: Admin) -> None:
    patient.create(**MANAGED)
    patient.start("ou-prod")
    with pytest.raises(AwsError, match="InvalidOperationException"):
        patient.update(ManagedExecution={"Active": False})
    patient.update(**MANAGED)


def test_a_stopped_operation_ends_what_runs_and_cancels_what_waits(patient: Admin) -> None:
    patient.create()
    started = patient.start("ou-prod", regions=(REGION, US))
    patient("StopStackSetOperation", OperationId=started)
    assert patient.operations() == [("CREATE", "STOPPED")]
    results = patient.results(started)
    assert results[ACCOUNT, REGION] == ("SUCCEEDED", "")
    assert {status for place, (status, _) in results.items() if place != (ACCOUNT, REGION)} == {"CANCELLED"}
    assert patient.instances()[OTHER, US] == ("OUTDATED", "CANCELLED")
    with pytest.raises(AwsError, match="InvalidOperationException"):
        patient("StopStackSetOperation", OperationId=started)
    again = patient.start("ou-prod", regions=(REGION, US))
    while patient.status(again) == "RUNNING":
        pass
    assert set(patient.instances().values()) == {CREATED}


def test_stopping_shows_until_those_that_run_have_ended(patient: Admin) -> None:
    patient.create()
    two = {"MaxConcurrentCount": 2, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}
    started = patient.start("r-0001", OperationPreferences=two)
    patient("StopStackSetOperation", OperationId=started)
    assert patient.status(started) == "STOPPING"
    assert patient.status(started) == "STOPPED"


def test_a_queued_operation_can_be_stopped_before_it_began(patient: Admin) -> None:
    patient.create(**MANAGED)
    patient.start("ou-prod")
    waiting = patient.delete("ou-prod")
    patient("StopStackSetOperation", OperationId=waiting)
    assert patient.status(waiting) == "STOPPED"
    assert patient.results(waiting) == {}


def test_preferences_that_contradict_are_refused(admin: Admin) -> None:
    admin.create()
    with pytest.raises(AwsError, match="not both"):
        admin.start("ou-prod", OperationPreferences={"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 1})


def test_results_can_be_filtered_by_status(admin: Admin) -> None:
    admin.create()
    started = admin.start("ou-prod")
    filters = [{"Name": "OPERATION_RESULT_STATUS", "Values": "FAILED"}]
    assert admin("ListStackSetOperationResults", OperationId=started, Filters=filters)["Summaries"] == []


def test_overrides_of_a_queued_operation_are_written_when_it_begins(patient: Admin) -> None:
    patient.create(Parameters=[p("Name", "q"), p("Delay", "1")], **MANAGED)
    first = patient.start("ou-deep")
    targets = {"OrganizationalUnitIds": ["ou-deep"]}
    given: dict[str, Any] = {"DeploymentTargets": targets, "Regions": [REGION], "ParameterOverrides": [p("Delay", "2")]}
    second = patient("UpdateStackInstances", **given)["OperationId"]
    assert patient.status(first) == "SUCCEEDED"
    assert queues(OTHER) == {"q": 1}
    assert patient.status(second) == "SUCCEEDED"
    shown = patient("DescribeStackInstance", StackInstanceAccount=OTHER, StackInstanceRegion=REGION)["StackInstance"]
    assert shown["ParameterOverrides"] == [p("Delay", "2")]
