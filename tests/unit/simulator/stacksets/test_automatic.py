"""Automatic deployment: accounts that come, move, close and leave."""

import pytest
from moto.sqs.models import sqs_backends

from tests.unit.simulator.lambdas.deployed import ACCOUNT, CENTRAL, OTHER, REGION, SUSPENDED
from tests.unit.simulator.stacksets.admin import AUTOMATIC, MANAGED, US, Admin, p, queues, template

NEW = "222233334444"
CURRENT = ("CURRENT", "SUCCEEDED")


@pytest.fixture(name="rolled_out")
def _rolled_out(admin: Admin) -> Admin:
    admin.create(**AUTOMATIC)
    admin.deploy("ou-prod", regions=(REGION, US))
    return admin


@pytest.mark.parametrize("ou", ["ou-prod", "ou-deep"])
def test_an_account_that_comes_gets_its_instances_by_an_operation_of_its_own(rolled_out: Admin, ou: str) -> None:
    rolled_out.moves(NEW, "r-0001")
    assert (NEW, US) not in rolled_out.instances()
    rolled_out.moves(NEW, ou)
    assert {region for account, region in rolled_out.instances() if account == NEW} == {REGION, US}
    assert (queues(NEW), queues(NEW, US)) == ({"q": 0}, {"q": 0})
    assert rolled_out.operations() == [("CREATE", "SUCCEEDED"), ("CREATE", "SUCCEEDED")]
    latest = rolled_out("ListStackSetOperations")["Summaries"][0]["OperationId"]
    assert set(rolled_out.results(latest)) == {(NEW, REGION), (NEW, US)}
    listed = rolled_out("ListStackInstances", StackInstanceAccount=NEW)["Summaries"]
    assert {each["OrganizationalUnitId"] for each in listed} == {"ou-prod"}


@pytest.mark.parametrize("parent", ["ou-dev", "r-0001", None])
def test_one_that_moves_out_or_leaves_loses_them(rolled_out: Admin, parent: str | None) -> None:
    rolled_out.moves(ACCOUNT, parent)
    assert set(rolled_out.instances()) == {(OTHER, REGION), (OTHER, US)}
    assert (queues(ACCOUNT), queues(OTHER)) == ({}, {"q": 0})
    assert rolled_out.operations()[0] == ("DELETE", "SUCCEEDED")


def test_one_that_closes_loses_them(rolled_out: Admin) -> None:
    rolled_out.closes(ACCOUNT)
    assert set(rolled_out.instances()) == {(OTHER, REGION), (OTHER, US)}


def test_stacks_are_left_where_the_set_says_so(rolled_out: Admin) -> None:
    rolled_out.update(AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True})
    rolled_out.moves(ACCOUNT, "ou-dev")
    assert (ACCOUNT, REGION) not in rolled_out.instances()
    assert queues(ACCOUNT) == {"q": 0}


def test_moved_between_targets_it_keeps_its_stack_and_gets_the_regions_of_the_other(rolled_out: Admin) -> None:
    rolled_out.deploy("ou-dev", regions=(US, "eu-central-1"))
    before = sqs_backends[ACCOUNT][US].queues["q"]
    rolled_out.moves(ACCOUNT, "ou-dev")
    assert {region for account, region in rolled_out.instances() if account == ACCOUNT} == {US, "eu-central-1"}
    assert sqs_backends[ACCOUNT][US].queues["q"] is before
    assert rolled_out.operations()[:2] == [("CREATE", "SUCCEEDED"), ("DELETE", "SUCCEEDED")]
    listed = rolled_out("ListStackInstances", StackInstanceAccount=ACCOUNT)["Summaries"]
    assert {each["OrganizationalUnitId"] for each in listed} == {"ou-dev"}


def test_moved_below_one_target_nothing_happens(rolled_out: Admin) -> None:
    rolled_out.moves(ACCOUNT, "ou-deep")
    assert rolled_out.operations() == [("CREATE", "SUCCEEDED")]


def test_it_is_off_unless_asked_for_and_does_not_catch_up(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    admin.moves(NEW, "ou-prod")
    admin.update(**AUTOMATIC)
    admin.moves("222233335555", "ou-prod")
    assert {account for account, _ in admin.instances()} == {ACCOUNT, OTHER, "222233335555"}


def test_newcomers_get_the_sets_own_parameters_and_no_filter_keeps_them_out(admin: Admin) -> None:
    admin.create(Parameters=[p("Name", "q"), p("Delay", "1")], **AUTOMATIC)
    targets = {"OrganizationalUnitIds": ["ou-prod"], "AccountFilterType": "INTERSECTION", "Accounts": [OTHER]}
    admin("CreateStackInstances", DeploymentTargets=targets, Regions=[REGION], ParameterOverrides=[p("Delay", "2")])
    admin.moves(NEW, "ou-prod")
    assert (queues(OTHER), queues(NEW), queues(ACCOUNT)) == ({"q": 2}, {"q": 1}, {})


@pytest.mark.parametrize(("regions", "left"), [((REGION,), {US}), ((REGION, US), set())])
def test_an_ou_whose_instances_were_deleted_is_no_target_any_more(
    rolled_out: Admin, regions: tuple[str, ...], left: set[str]
) -> None:
    rolled_out.delete("r-0001", regions=regions)
    summaries = rolled_out("ListStackSetAutoDeploymentTargets")["Summaries"]
    assert summaries == ([{"OrganizationalUnitId": "ou-prod", "Regions": sorted(left)}] if left else [])
    rolled_out.moves(NEW, "ou-prod")
    assert {region for account, region in rolled_out.instances() if account == NEW} == left


def test_single_accounts_that_were_taken_out_leave_the_target(rolled_out: Admin) -> None:
    rolled_out.delete("ou-prod", AccountFilterType="INTERSECTION", Accounts=[OTHER])
    assert rolled_out("ListStackSetAutoDeploymentTargets")["Summaries"] == [
        {"OrganizationalUnitId": "ou-prod", "Regions": sorted((REGION, US))}
    ]


def test_the_management_account_and_suspended_ones_get_nothing(admin: Admin) -> None:
    admin.create(**AUTOMATIC)
    admin.deploy("ou-deep")
    admin.moves(admin.org.management, "ou-deep")
    admin.moves(SUSPENDED, "ou-deep")
    assert set(admin.instances()) == {(OTHER, REGION)}


def test_it_waits_for_what_runs_even_without_managed_execution(patient: Admin) -> None:
    patient.create(**AUTOMATIC)
    started = patient.start("ou-prod")
    patient.moves(NEW, "ou-prod")
    assert patient.operations()[0] == ("CREATE", "QUEUED")
    assert patient.status(started) == "SUCCEEDED"
    assert patient.operations() == [("CREATE", "SUCCEEDED"), ("CREATE", "SUCCEEDED")]
    assert patient.instances()[NEW, REGION] == CURRENT


def test_one_that_left_before_its_turn_gets_nothing(patient: Admin) -> None:
    patient.create(**AUTOMATIC, **MANAGED)
    started = patient.start("ou-prod", regions=(REGION, US))
    patient.moves(NEW, "ou-prod")
    patient.moves(NEW, None)
    while patient.status(started) != "SUCCEEDED":
        pass
    while any(status not in ("SUCCEEDED", "FAILED") for _, status in patient.operations()):
        pass
    assert {account for account, _ in patient.instances()} == {ACCOUNT, OTHER}
    assert queues(NEW) == {}


def test_one_that_fails_does_not_keep_the_others_from_theirs(rolled_out: Admin) -> None:
    sqs_backends[NEW][REGION].create_queue("q", DelaySeconds=9)
    rolled_out.update(TemplateBody=template(VisibilityTimeout=77))
    rolled_out.moves(NEW, "ou-prod")
    assert rolled_out.instances()[NEW, REGION] == ("OUTDATED", "FAILED")
    assert rolled_out.instances()[NEW, US] == CURRENT
    assert rolled_out.operations()[0] == ("CREATE", "FAILED")


def test_without_organizations_access_nothing_follows(rolled_out: Admin) -> None:
    rolled_out.org.trusted = False
    rolled_out.moves(NEW, "ou-prod")
    rolled_out.org.trusted = True
    assert (NEW, REGION) not in rolled_out.instances()
    assert (CENTRAL, REGION) not in rolled_out.instances()
