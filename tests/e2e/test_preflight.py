"""`rollout preflight` in an organization that lacks things, one by one; and its own commands, run until it is clean."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from org_gate.inventory.settings import Settings, load_settings
from org_gate.rollout.files import shipped
from org_gate.rollout.preflight import Preflight, preflight
from org_gate.rollout.preflight_findings import Finding, Severity, Who
from org_gate.simulator.scenario import read_scenario
from org_gate.simulator.world import World, open_world
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, scenario, write

MANAGEMENT = "100000000001"
HOME, STANDBY = "eu-west-1", "eu-central-1"
HEALTH = "health.amazonaws.com"
STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"
SETTINGS = f"""
central: {{account: "{CENTRAL}", region: {HOME}, standby: [{STANDBY}]}}
gates: {{regions: [us-east-1, {HOME}], ous: [Workloads, Platform]}}
"""
OPT_IN = "eu-south-1"


def settings(text: str = SETTINGS) -> Settings:
    return load_settings(text, "org-gate.yaml")


def looked(world: World, text: str = SETTINGS, account: str = CENTRAL, **changed: Any) -> Preflight:
    session = world.sessions.session(account, HOME)
    given = settings(text)
    return preflight(session, given.model_copy(update=changed), lambda: ("us-east-1",))


def codes(found: Preflight, *severities: Severity) -> list[str]:
    return [finding.code for finding in found.findings if finding.severity in severities]


def stops(found: Preflight) -> list[str]:
    return codes(found, Severity.STOPS)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[World]:
    """Before anybody did anything for org-gate."""
    checked = read_scenario(write(tmp_path, scenario()), shipped("config/policy.yaml"))
    with open_world(checked, runtime="inprocess", say=lambda _: None, bare=True) as opened:
        yield opened
        assert opened.aws.door.failures == []


@pytest.fixture
def ready(bare: World) -> World:
    """After the management account's ten minutes."""
    management = bare.sessions
    management.client("health", MANAGEMENT, "us-east-1").enable_health_service_access_for_organization()
    management.client("cloudformation", MANAGEMENT, HOME).activate_organizations_access()
    organizations = management.client("organizations", MANAGEMENT, "us-east-1")
    organizations.enable_aws_service_access(ServicePrincipal=HEALTH)
    for principal in (HEALTH, STACKSETS):
        organizations.register_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=principal)
    return bare


def organizations(world: World) -> Any:
    return world.sessions.client("organizations", MANAGEMENT, "us-east-1")


def no_delegate(world: World, principal: str) -> None:
    organizations(world).deregister_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=principal)


def control_policy(world: World, statement: dict[str, Any], target: str, kind: str = "SERVICE_CONTROL_POLICY") -> str:
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = organizations(world).create_policy(Content=content, Description="a rule", Name="a-rule", Type=kind)
    policy: str = made["Policy"]["PolicySummary"]["Id"]
    organizations(world).attach_policy(PolicyId=policy, TargetId=target)
    return policy


def root(world: World) -> str:
    found: str = organizations(world).list_roots()["Roots"][0]["Id"]
    return found


def test_nothing_is_missing(ready: World) -> None:
    found = looked(ready)
    assert codes(found, Severity.STOPS, Severity.WARNS) == []
    assert found.is_clean
    assert found.unseen == ()
    assert codes(found, Severity.NOTE) == ["management-account"]


def test_the_management_account_sees_what_only_it_can_and_says_what_it_cannot(ready: World) -> None:
    found = looked(ready, account=MANAGEMENT)
    assert found.is_management
    assert stops(found) == []
    assert codes(found, Severity.NOTE) == ["management-credentials", "management-account"]
    assert "the central stacks and their names" in found.unseen
    assert "the delegated administrator" in found.seen


def test_another_account_is_told_which_it_should_be(ready: World) -> None:
    found = looked(ready, account=ORDERS)
    assert stops(found) == ["wrong-account"]
    assert CENTRAL in found.findings[0].found
    assert ORDERS in found.findings[0].found


Take = Callable[[World], object]


def disable(principal: str) -> Take:
    return lambda world: organizations(world).disable_aws_service_access(ServicePrincipal=principal)


def deregister_and_disable(world: World) -> None:
    no_delegate(world, HEALTH)
    disable(HEALTH)(world)


def the_view(world: World) -> None:
    world.sessions.client("health", MANAGEMENT, "us-east-1").disable_health_service_access_for_organization()
    organizations(world).enable_aws_service_access(ServicePrincipal=HEALTH)


def a_role(world: World) -> None:
    iam = world.sessions.client("iam", CENTRAL, "us-east-1")
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="org-gate-api-eu-west-1", AssumeRolePolicyDocument=json.dumps(trust))
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for name in ("one", "two"):
        iam.put_role_policy(RoleName="org-gate-api-eu-west-1", PolicyName=name, PolicyDocument=json.dumps(allow))


def a_log_group(world: World) -> None:
    world.sessions.client("logs", CENTRAL, STANDBY).create_log_group(logGroupName="/aws/lambda/org-gate-collector")


TEMPLATE = "Description: somebody's\nResources: {Q: {Type: 'AWS::SQS::Queue'}}"


def a_stack(world: World) -> None:
    client = world.sessions.client("cloudformation", CENTRAL, HOME)
    client.create_stack(StackName="org-gate-central", TemplateBody=TEMPLATE)


def a_stack_set(world: World) -> None:
    client = world.sessions.client("cloudformation", CENTRAL, HOME)
    client.create_stack_set(
        StackSetName="org-gate-member",
        TemplateBody=TEMPLATE,
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": False},
        CallAs="DELEGATED_ADMIN",
    )


def no_rights(world: World) -> None:
    denial = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "lambda:CreateFunctionUrlConfig", "Resource": "*"}],
    }
    world.sessions.client("iam", CENTRAL, "us-east-1").put_user_policy(
        UserName="administrator", PolicyName="cut", PolicyDocument=json.dumps(denial)
    )


MISSING: dict[str, tuple[Take, str]] = {
    "AWS Health's registration": (lambda world: no_delegate(world, HEALTH), "health-delegated-administrator"),
    "StackSets' registration": (lambda world: no_delegate(world, STACKSETS), "stacksets-delegated-administrator"),
    "AWS Health's view": (the_view, "health-view"),
    "a free role": (a_role, "name-taken"),
    "a free log group in the standby": (a_log_group, "name-taken"),
    "a free stack": (a_stack, "not-ours"),
    "a free StackSet": (a_stack_set, "not-ours"),
    "a right": (no_rights, "rights"),
}


@pytest.mark.parametrize("missing", MISSING)
def test_what_is_missing_is_found_and_stops_alone(ready: World, missing: str) -> None:
    take, code = MISSING[missing]
    take(ready)
    found = looked(ready)
    assert set(stops(found)) == {code}
    told = next(finding for finding in found.findings if finding.code == code)
    assert told.means
    assert told.mend


NOBODY = "[Workloads], without: {ous: [Workloads/Prod, Workloads/Dev]}"
SETTINGS_WRONG: dict[str, tuple[str, list[str]]] = {
    "OUs and accounts": (
        SETTINGS.replace("[Workloads, Platform]", "[Workloads, Nowhere, Workloads/Stage]")
        + 'waves: [{name: first, accounts: ["123456789012"]}]',
        ["no-such-ou", "no-such-ou", "no-such-account"],
    ),
    "no account at all": (
        SETTINGS.replace("[Workloads, Platform]", "[Workloads], without: {ous: [Workloads/Prod, Workloads/Dev]}"),
        ["no-accounts"],
    ),
    "a Region that is none": (SETTINGS.replace(STANDBY, "eu-west-9"), ["no-such-region"]),
    "the management account as central": (SETTINGS.replace(CENTRAL, MANAGEMENT), ["central-is-management"]),
}


@pytest.mark.parametrize("wrong", SETTINGS_WRONG)
def test_settings_that_name_what_is_not_there(ready: World, wrong: str) -> None:
    text, expected = SETTINGS_WRONG[wrong]
    account = MANAGEMENT if "management" in wrong else CENTRAL
    found = looked(ready, text, account)
    assert [code for code in stops(found) if "delegated" not in code] == expected


def test_a_wave_of_nobody_is_a_warning(ready: World) -> None:
    found = looked(ready, SETTINGS + "waves: [{name: canary, ous: [Sandbox]}]")
    assert codes(found, Severity.STOPS, Severity.WARNS) == ["empty-wave"]


def test_a_region_that_an_account_has_to_opt_in_to(ready: World) -> None:
    for account in (CENTRAL, PAYMENTS):
        ready.sessions.client("account", account, "us-east-1").disable_region(RegionName=OPT_IN)
    text = SETTINGS.replace(STANDBY, OPT_IN).replace("us-east-1,", f"us-east-1, {OPT_IN},")
    found = looked(ready, text)
    assert stops(found) == ["region-disabled"]
    assert codes(found, Severity.WARNS) == ["member-regions-unseen"]


def test_quotas_that_are_too_small(ready: World) -> None:
    reserved = SETTINGS.replace(f"region: {HOME}", f"region: {HOME}, api_reserved_concurrency: 950")
    assert stops(looked(ready, reserved)) == ["reserved-concurrency", "reserved-concurrency"]


REGIONS_ONLY = {
    "Sid": "OnlyTheseRegions",
    "Effect": "Deny",
    "NotAction": ["iam:*", "organizations:*", "health:*"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": [HOME, STANDBY]}},
}
NO_URLS = {"Sid": "NoUrls", "Effect": "Deny", "Action": ["lambda:*FunctionUrl*"], "Resource": "*"}
PERHAPS = {
    "Effect": "Deny",
    "Action": "iam:Create*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "platform"}},
}


def test_a_policy_that_forbids_function_urls_names_itself(ready: World) -> None:
    policy = control_policy(ready, NO_URLS, root(ready))
    found = looked(ready)
    assert stops(found) == ["organization-policy", "organization-policy"]
    central, members = (finding.found for finding in found.findings if finding.severity is Severity.STOPS)
    assert all(
        f"'a-rule' ({policy}, attached to Root), statement 'NoUrls', denies" in each for each in (central, members)
    )
    assert "denies lambda:CreateFunctionUrlConfig, lambda:InvokeFunctionUrl in eu-central-1, eu-west-1" in central
    assert "lambda:InvokeFunctionUrl" in members
    assert "to accounts that get a gate (3: " in members


def test_a_policy_of_an_ou_without_gates_is_nobodys_business(ready: World) -> None:
    sandbox = organizations(ready).list_organizational_units_for_parent(ParentId=root(ready))["OrganizationalUnits"]
    control_policy(ready, NO_URLS, next(each["Id"] for each in sandbox if each["Name"] == "Sandbox"))
    assert looked(ready).is_clean


def test_a_condition_that_cannot_be_judged_is_a_perhaps(ready: World) -> None:
    control_policy(ready, PERHAPS, root(ready))
    found = looked(ready)
    assert stops(found) == []
    assert codes(found, Severity.WARNS) == ["organization-policy-perhaps", "organization-policy-perhaps"]


AS_IT_IS = 'aws() { "$PYTHON" -m awscli --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }; '
"""The CLI's first version takes AWS Health's endpoint from no environment, and its script no path with a space."""


class Cli:
    """The AWS CLI, aimed at the simulator."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder

    def run(self, line: str, account: str) -> None:
        key, secret = self.world.organization.access_keys[account]
        binaries = Path(sys.executable).parent
        environment = {
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.world.aws.server.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": HOME,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            ["bash", "-c", f"{AS_IT_IS}{line}"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"

    def follow(self, finding: Finding) -> None:
        for line in finding.commands:
            self.run(line, MANAGEMENT if finding.who is Who.MANAGEMENT else CENTRAL)


def followed(world: World, folder: Path) -> list[list[str]]:
    """What each round found, once all commands of the round before were run; the last round found nothing."""
    cli, rounds = Cli(world, folder), list[list[str]]()
    while True:
        found = looked(world)
        wrong = [finding for finding in found.findings if finding.severity is not Severity.NOTE]
        if not wrong:
            return rounds
        rounds.append([finding.code for finding in wrong])
        assert len(rounds) < 6, rounds
        for finding in wrong:
            assert finding.commands, finding
            cli.follow(finding)


def test_the_commands_lead_from_nothing_to_a_clean_preflight(bare: World, tmp_path: Path) -> None:
    assert followed(bare, tmp_path) == [["health-delegated-administrator", "stacksets-delegated-administrator"]]


def test_the_ten_minutes_of_the_page_are_enough(bare: World, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "rollout.md").read_text(encoding="utf-8")
    block = page.partition("The management account's ten minutes.")[2].partition("```console\n")[2].partition("```")[0]
    lines = [line.removeprefix("$ ").replace("CENTRAL", CENTRAL) for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        Cli(bare, tmp_path).run(line, MANAGEMENT)
    assert looked(bare).is_clean


def test_the_commands_mend_what_is_in_the_way(ready: World, tmp_path: Path) -> None:
    control_policy(ready, REGIONS_ONLY, root(ready))
    a_log_group(ready)
    a_role(ready)
    no_view_and_one_registration(ready)
    rounds = followed(ready, tmp_path)
    assert "organization-policy" in rounds[0]
    assert "name-taken" in rounds[0]


def no_view_and_one_registration(world: World) -> None:
    the_view(world)
    no_delegate(world, STACKSETS)
