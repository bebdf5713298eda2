"""`org-gate simulate --bare`: an organization in which nothing is enabled, set up by the AWS CLI as its pages say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from org_gate.rollout.files import shipped
from org_gate.simulator.play import play
from org_gate.simulator.scenario import read_scenario
from org_gate.simulator.world import open_world
from tests.e2e.simulated import Simulated, simulated
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, Quiet, issue, scenario, write

MANAGEMENT = "100000000001"
HOME, HEALTH = "eu-west-1", "us-east-1"
OUTSIDE = (MANAGEMENT, HOME)
"""Where no StackSet goes."""
HEALTH_PRINCIPAL = "health.amazonaws.com"
STACKSETS_PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
ADMIN = ["--stack-set-name", "gates", "--call-as", "DELEGATED_ADMIN"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"RoleName": {"Fn::Sub": "gate-${AWS::Region}"}, "AssumeRolePolicyDocument": TRUST}
TEMPLATE = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": ROLE}}}


@pytest.fixture(name="bare", scope="module")
def _bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("bare")
    file = write(folder, scenario(issue("1m"), {"at": "2m", "run": "orders"}))
    with simulated(file, folder / "tmp", "--bare", "--pace", "2", "--runtime", "inprocess") as ready:
        yield ready


def organizations(bare: Simulated, *arguments: str) -> Any:
    return bare.answer(MANAGEMENT, HEALTH, "organizations", *arguments)


def stack_sets(bare: Simulated, command: str, *arguments: str) -> Any:
    return bare.answer(CENTRAL, HOME, "cloudformation", command, *ADMIN, *arguments)


@pytest.mark.contract("C1")
def test_there_is_no_decision_api_and_nothing_of_org_gates(bare: Simulated) -> None:
    assert set(bare.ready) == {"endpoint", "management", "central", "accounts"}
    assert bare.ready["central"] == {"account": CENTRAL, "region": HOME, "decision_url": None}
    for account, region in ((CENTRAL, HOME), (ORDERS, HEALTH)):
        stacks = bare.answer(account, region, "cloudformation", "list-stacks")["StackSummaries"]
        assert not [stack for stack in stacks if "org-gate" in stack["StackName"]]
        assert bare.answer(account, region, "lambda", "list-functions") == {"Functions": []}
    assert bare.answer(ORDERS, HEALTH, "codepipeline", "list-pipelines")["pipelines"][0]["name"] == "orders"
    ran = bare.answer(ORDERS, HEALTH, "codepipeline", "list-pipeline-executions", "--pipeline-name", "orders")
    assert [each["status"] for each in ran["pipelineExecutionSummaries"]] == ["Failed"]
    seen = bare.answer(ORDERS, HEALTH, "health", "describe-events")["events"]
    assert [event["arn"] for event in seen] == [ISSUE]


def test_it_is_set_up_rolled_out_and_follows_the_organization(bare: Simulated) -> None:
    nothing = bare.refusal(CENTRAL, HEALTH, "health", "describe-events-for-organization")
    assert "AccessDeniedException" in nothing
    refused = bare.refusal(CENTRAL, HOME, "cloudformation", "list-stack-sets", "--call-as", "DELEGATED_ADMIN")
    assert "not a delegated administrator" in refused
    assert organizations(bare, "list-aws-service-access-for-organization")["EnabledServicePrincipals"] == []
    assert organizations(bare, "list-delegated-administrators")["DelegatedAdministrators"] == []

    bare.answer(MANAGEMENT, HEALTH, "health", "enable-health-service-access-for-organization")
    bare.answer(MANAGEMENT, HOME, "cloudformation", "activate-organizations-access")
    for principal in (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL):
        organizations(bare, "enable-aws-service-access", "--service-principal", principal)
        register = ["register-delegated-administrator", "--account-id", CENTRAL, "--service-principal", principal]
        organizations(bare, *register)
    assert bare.answer(CENTRAL, HEALTH, "health", "describe-events-for-organization")["events"][0]["arn"] == ISSUE

    automatic = "Enabled=true,RetainStacksOnAccountRemoval=false"
    stack_sets(
        bare, "create-stack-set", "--template-body", json.dumps(TEMPLATE), "--permission-model", "SERVICE_MANAGED",
        "--capabilities", "CAPABILITY_NAMED_IAM", "--auto-deployment", automatic,
    )  # fmt: skip
    root = organizations(bare, "list-roots")["Roots"][0]["Id"]
    taken = ["create-role", "--role-name", f"gate-{HEALTH}", "--assume-role-policy-document"]
    bare.answer(PAYMENTS, HEALTH, "iam", *taken, json.dumps(TRUST))
    wide = "FailureTolerancePercentage=50,MaxConcurrentPercentage=100,ConcurrencyMode=SOFT_FAILURE_TOLERANCE"
    started = stack_sets(
        bare, "create-stack-instances", "--deployment-targets", f"OrganizationalUnitIds={root}",
        "--regions", HOME, HEALTH, "--operation-preferences", wide,
    )["OperationId"]  # fmt: skip
    busy = bare.refusal(CENTRAL, HOME, "cloudformation", "detect-stack-set-drift", *ADMIN)
    assert "OperationInProgressException" in busy
    statuses: list[str] = []
    while not statuses or statuses[-1] == "RUNNING":
        told = stack_sets(bare, "describe-stack-set-operation", "--operation-id", started)["StackSetOperation"]
        statuses.append(told["Status"])
    assert statuses == ["RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"], "eight instances, two at each look"
    assert told["StatusDetails"] == {"FailedStackInstancesCount": 1}
    failed = ["--filters", "Name=DETAILED_STATUS,Values=FAILED"]
    (one,) = stack_sets(bare, "list-stack-instances", *failed)["Summaries"]
    assert (one["Account"], one["Region"], one["Status"]) == (PAYMENTS, HEALTH, "OUTDATED")
    assert one["StatusReason"].startswith("Role: ")

    made = organizations(bare, "create-account", "--account-name", "newcomer", "--email", "newcomer@example.com")
    account = made["CreateAccountStatus"]["AccountId"]
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    keys = bare.answer(MANAGEMENT, HOME, "sts", "assume-role", "--role-arn", role, "--role-session-name", "me")
    own = {
        "AWS_ACCESS_KEY_ID": keys["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["Credentials"]["SessionToken"],
    }
    statuses = []
    while not statuses or "RUNNING" in statuses:
        listed = stack_sets(bare, "list-stack-set-operations")["Summaries"]
        statuses = [each["Status"] for each in listed]
    stacks = json.loads(bare.aws(MANAGEMENT, HOME, "cloudformation", "list-stacks", **own).stdout)
    assert [stack["StackStatus"] for stack in stacks["StackSummaries"]] == ["CREATE_COMPLETE"]


def test_what_a_preflight_reads_is_there(bare: Simulated) -> None:
    for service, *command in (
        ("organizations", "list-policies", "--filter", "SERVICE_CONTROL_POLICY"),
        ("organizations", "describe-organization"),
        ("account", "list-regions"),
        ("account", "get-region-opt-status", "--region-name", "eu-south-1"),
        ("service-quotas", "list-service-quotas", "--service-code", "cloudformation"),
        ("service-quotas", "get-service-quota", "--service-code", "lambda", "--quota-code", "L-B99A9384"),
        ("lambda", "get-account-settings"),
        ("cloudformation", "describe-organizations-access"),
        ("cloudformation", "list-stack-sets"),
        ("cloudformation", "list-stacks"),
        ("s3api", "list-buckets"),
        ("health", "describe-health-service-status-for-organization"),
        ("iam", "simulate-principal-policy", "--action-names", "cloudformation:CreateStackSet",
         "--policy-source-arn", f"arn:aws:iam::{MANAGEMENT}:user/administrator"),
    ):  # fmt: skip
        assert bare.answer(MANAGEMENT, HOME, service, *command)


def test_change_sets_and_resources_of_stacks(bare: Simulated) -> None:
    named = ["--stack-name", "own"]
    bare.answer(
        *OUTSIDE, "cloudformation", "create-change-set", *named, "--change-set-name", "first",
        "--change-set-type", "CREATE", "--template-body", json.dumps(TEMPLATE),
        "--capabilities", "CAPABILITY_NAMED_IAM",
    )  # fmt: skip
    changes = bare.answer(*OUTSIDE, "cloudformation", "describe-change-set", *named, "--change-set-name", "first")
    assert [change["ResourceChange"]["Action"] for change in changes["Changes"]] == ["Add"]
    bare.answer(*OUTSIDE, "cloudformation", "execute-change-set", *named, "--change-set-name", "first")
    resources = bare.answer(*OUTSIDE, "cloudformation", "describe-stack-resources", *named)["StackResources"]
    assert [(each["LogicalResourceId"], each["PhysicalResourceId"]) for each in resources] == [("Role", f"gate-{HOME}")]


def test_entries_that_need_a_decision_api_are_skipped_and_the_others_play(tmp_path: Path) -> None:
    data = scenario(
        issue("1m"),
        {"at": "2m", "override": {"accounts": [ORDERS], "events": ["all"], "reason": "r", "for": "1h"}},
        {"at": "3m", "deliver": {"arn": ISSUE}},
        {"at": "4m", "fault": {"service": "health", "kind": "down", "for": "1m"}},
        {"at": "5m", "run": "orders"},
        {"at": "6m", "retry": "orders"},
    )
    quiet = Quiet()
    checked = read_scenario(write(tmp_path, data), shipped("config/policy.yaml"))
    with open_world(checked, runtime="inprocess", say=lambda _: None, bare=True) as opened:
        asked = play(opened, quiet)
        assert opened.aws.door.failures == []
        assert opened.access()["central"]["decision_url"] is None
    assert len(quiet.refusals) == 1
    assert "no decision API" in quiet.refusals[0]
    assert [(one.line, one.refused) for one in asked] == [(None, None), (None, None)]
