"""Each check of the preflight against answers that AWS could give, one of them other than in an organization that is
ready: the right finding, no other that stops, and what could not be looked at."""

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ConnectTimeoutError

from org_gate.inventory.errors import AwsRefusedError
from org_gate.inventory.settings import load_settings
from org_gate.rollout.preflight import CHECKS, Preflight, preflight
from org_gate.rollout.preflight_findings import Finding, Severity, Who
from org_gate.rollout.preflight_names import FUNCTIONS, GATE, TABLE
from org_gate.rollout.render import central_template, member_template
from tests.unit.rollout.fake_aws import (
    ADMINISTRATOR,
    CENTRAL,
    HEALTH,
    MANAGEMENT,
    MEMBER,
    OU,
    ROOT,
    STACKSETS,
    FakeSession,
    not_allowed,
    ready,
    refused,
)

if TYPE_CHECKING:
    import boto3

SETTINGS = f'{{central: {{account: "{CENTRAL}", region: eu-west-1}}, gates: {{regions: [eu-west-1, us-east-1]}}}}'
RESERVING = SETTINGS.replace("region: eu-west-1}", "region: eu-west-1, api_reserved_concurrency: 100}")
AS_MANAGEMENT = {"sts.get_caller_identity": {"Account": MANAGEMENT, "Arn": f"arn:aws:iam::{MANAGEMENT}:user/admin"}}


def looked(changed: dict[str, Any] | None = None, settings: str = SETTINGS) -> Preflight:
    session = FakeSession({**ready(), **(changed or {})})
    return preflight(
        cast("boto3.Session", session), load_settings(settings, "org-gate.yaml"), lambda: ("us-east-1", "us-east-2")
    )


def wrong(found: Preflight) -> list[Finding]:
    return [finding for finding in found.findings if finding.severity is not Severity.NOTE]


def only(changed: dict[str, Any], settings: str = SETTINGS) -> Finding:
    (finding,) = wrong(looked(changed, settings))
    return finding


def organization(**changed: str) -> dict[str, Any]:
    described = ready()["organizations.describe_organization"]["Organization"] | changed
    return {"organizations.describe_organization": {"Organization": described}}


def trusting(*principals: str) -> dict[str, Any]:
    services = [{"ServicePrincipal": principal} for principal in principals]
    return {"organizations.list_aws_service_access_for_organization": {"EnabledServicePrincipals": services}}


def stack(status: str, description: str = "org-gate 1.2.3, one cell") -> dict[str, Any]:
    found = {"StackName": "org-gate-central", "StackStatus": status, "Description": description}
    return {"cloudformation.describe_stacks": {"Stacks": [found]}}


def regions(**states: str) -> dict[str, Any]:
    """Of the central account. Others have what all have, and lack what the central account has opted in to."""

    def answer(AccountId: str | None = None) -> dict[str, Any]:  # noqa: N803  AWS's spelling
        own = {"eu-west-1": "ENABLED_BY_DEFAULT", "us-east-1": "ENABLED_BY_DEFAULT"}
        own |= {name.replace("_", "-"): state for name, state in states.items()}
        others = {name: "DISABLED" if state == "ENABLED" else "ENABLED_BY_DEFAULT" for name, state in own.items()}
        told = others if AccountId else own
        return {"Regions": [{"RegionName": name, "RegionOptStatus": state} for name, state in told.items()]}

    return {"account.list_regions": answer}


def limit(total: int, unreserved: int) -> dict[str, Any]:
    limits = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved}
    return {"lambda.get_account_settings": {"AccountLimit": limits}}


def quota(name: str, value: float) -> dict[str, Any]:
    return {"service-quotas.list_service_quotas": {"Quotas": [{"QuotaName": name, "Value": value, "QuotaCode": "L-1"}]}}


STATUS = "health.describe_health_service_status_for_organization"
EVENTS = "health.describe_events_for_organization"
SERVICES = "organizations.list_delegated_services_for_account"
ACCESS = "cloudformation.describe_organizations_access"
PLAN = refused("SubscriptionRequiredException")
NO_VIEW = refused("AccessDeniedException", "organizational view is not enabled")


def test_nothing_is_missing() -> None:
    found = looked()
    assert found.is_clean
    assert found.is_central
    assert found.unseen == ()
    assert len(found.seen) == len(CHECKS)


@pytest.mark.parametrize(
    ("changed", "code", "who"),
    [
        (organization(FeatureSet="CONSOLIDATED_BILLING"), "all-features", Who.MANAGEMENT),
        (trusting(STACKSETS), "health-trusted-access", Who.MANAGEMENT),
        (trusting(HEALTH), "stacksets-trusted-access", Who.MANAGEMENT),
        ({ACCESS: {"Status": "DISABLED"}}, "stacksets-trusted-access", Who.MANAGEMENT),
        ({EVENTS: PLAN}, "support-plan", Who.MANAGEMENT),
        ({EVENTS: NO_VIEW}, "health-view", Who.MANAGEMENT),
        (regions(eu_west_1="DISABLED"), "region-disabled", Who.CENTRAL),
        (regions(us_east_1="ENABLING"), "region-disabled", Who.CENTRAL),
        (quota("Stack instances per stack set", 1), "quota", Who.CENTRAL),
        (stack("ROLLBACK_FAILED"), "stack-state", Who.CENTRAL),
        (stack("DELETE_FAILED"), "stack-state", Who.CENTRAL),
        (stack("UPDATE_ROLLBACK_FAILED"), "stack-state", Who.CENTRAL),
        (stack("CREATE_COMPLETE", "somebody's"), "not-ours", Who.YOU),
        ({"cloudformation.describe_stack_set": {"StackSet": {"TemplateBody": "x"}}}, "not-ours", Who.YOU),
    ],
)  # fmt: skip
def test_what_stops_is_found_and_stops_alone(changed: dict[str, Any], code: str, who: Who) -> None:
    finding = only(changed)
    assert (finding.code, finding.severity, finding.who) == (code, Severity.STOPS, who)
    assert finding.found.endswith(".")
    assert finding.means
    assert finding.mend
    assert all(shlex.split(line)[0] == "aws" for line in finding.commands)


def test_a_stack_that_was_only_begun_has_nothing_in_it_and_is_not_anybodys() -> None:
    begun = {"StackName": "org-gate-central", "StackStatus": "REVIEW_IN_PROGRESS"}
    assert looked({"cloudformation.describe_stacks": {"Stacks": [begun]}}).is_clean


def test_a_table_that_an_earlier_installation_left_is_taken_over() -> None:
    found = looked({"dynamodb.describe_table": {"Table": {}}})
    assert found.is_clean
    assert "table-kept" in [finding.code for finding in found.findings]


def test_a_bucket_of_reports_is_taken_over_where_it_is_ours_and_stops_where_it_is_not() -> None:
    found = looked({"s3.head_bucket": {"BucketRegion": "eu-west-1"}})
    assert found.is_clean
    assert "reports-kept" in [finding.code for finding in found.findings]
    finding = only({"s3.head_bucket": refused("403")})
    assert finding.code == "name-taken"
    assert f"org-gate-reports-{CENTRAL}-eu-west-1" in finding.found
    assert looked({"s3.head_bucket": refused("SlowDown")}).unseen != ()


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_of_ours_that_is_well_is_no_finding(status: str) -> None:
    assert looked(stack(status)).is_clean


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (limit(10, 10), "lambda-concurrency"),
        (stack("UPDATE_IN_PROGRESS"), "stack-state"),
        (stack("ROLLBACK_COMPLETE"), "stack-state"),
        (quota("Stack instance operations per administrator account", 1), "quota"),
        ({"organizations.list_policies": not_allowed("organizations:ListPolicies")}, "not-looked-at"),
        ({"iam.simulate_principal_policy": not_allowed("iam:SimulatePrincipalPolicy")}, "not-looked-at"),
        ({EVENTS: refused("ThrottlingException")}, "not-looked-at"),
        ({EVENTS: not_allowed("health:DescribeEventsForOrganization")}, "not-looked-at"),
    ],
)  # fmt: skip
def test_what_warns_does_not_stop(changed: dict[str, Any], code: str) -> None:
    found = looked(changed)
    assert [(finding.code, finding.severity) for finding in wrong(found)] == [(code, Severity.WARNS)]
    assert not found.stops
    assert not found.is_clean


def test_a_refusal_names_the_action_and_is_told_once_and_the_others_go_on() -> None:
    denied = not_allowed("organizations:ListRoots")
    finding = only({"organizations.list_roots": denied})
    assert "the OUs and accounts of the settings, the Regions" not in finding.found
    assert "the OUs and accounts of the settings" in finding.found
    assert "policies of the organization" not in finding.found, "there are none to hold against accounts"
    assert finding.mend == "Allow these credentials organizations:ListRoots, and run again."
    found = looked({"organizations.list_roots": denied})
    assert "the OUs and accounts of the settings" in found.unseen
    assert "the Regions of the central account" in found.seen


def test_no_organization() -> None:
    gone = refused("AWSOrganizationsNotInUseException")
    answers = {name: gone for name in ready() if name.startswith("organizations.")}
    found = looked(answers)
    assert found.findings[0].code == "no-organization"
    assert [finding.code for finding in found.findings if finding.severity is Severity.STOPS] == ["no-organization"]


def test_without_delegation_both_registrations_are_inferred_with_what_comes_first() -> None:
    plain = refused("AccessDeniedException", "You don't have permissions to access this resource.")
    answers = {
        name: plain
        for name in ready()
        if name.startswith("organizations.") and name != "organizations.describe_organization"
    }
    as_administrator = refused("ValidationError", "Account used is not a delegated administrator")
    found = looked({**answers, "cloudformation.describe_stack_set": as_administrator})
    health, stacksets = wrong(found)
    assert (health.code, stacksets.code) == ("health-delegated-administrator", "stacksets-delegated-administrator")
    assert "inferred" in health.found
    assert [line.split()[2] for line in health.commands] == [
        "enable-aws-service-access",
        "enable-health-service-access-for-organization",
        "register-delegated-administrator",
    ]
    assert [line.split()[2] for line in stacksets.commands] == [
        "activate-organizations-access",
        "register-delegated-administrator",
    ]
    assert [finding.code for finding in found.findings if finding.severity is Severity.NOTE] == ["not-yet-seen"]
    assert "the Regions of the central account" in found.seen


def test_one_registration_that_is_missing_is_seen_directly() -> None:
    finding = only({SERVICES: {"DelegatedServices": [{"ServicePrincipal": STACKSETS}]}})
    assert finding.code == "health-delegated-administrator"
    assert "inferred" not in finding.found
    assert finding.commands == (
        f"aws organizations register-delegated-administrator --account-id {CENTRAL} --service-principal {HEALTH}",
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({STATUS: {"healthServiceAccessStatusForOrganization": "DISABLED"}}, "health-view"),
        ({STATUS: {"healthServiceAccessStatusForOrganization": "PENDING"}}, "health-view"),
        ({STATUS: PLAN}, "support-plan"),
        ({SERVICES: refused("AccountNotRegisteredException")}, "health-delegated-administrator"),
        ({ACCESS: {"Status": "DISABLED_PERMANENTLY"}}, "stacksets-trusted-access"),
    ],
)  # fmt: skip
def test_the_management_account_looks_directly(changed: dict[str, Any], code: str) -> None:
    found = looked({**AS_MANAGEMENT, **changed})
    assert wrong(found)[0].code == code
    assert "inferred" not in wrong(found)[0].found
    assert found.is_management
    assert "the central stacks and their names" in found.unseen


def test_health_is_asked_where_it_answers() -> None:
    answers = ready()
    session = FakeSession(answers)
    silent = [ConnectTimeoutError(endpoint_url="https://health.us-east-1.amazonaws.com")]

    def answer(**_: Any) -> Any:
        if silent:
            raise silent.pop()
        return {"events": []}

    session.answers = {**answers, "health.describe_events_for_organization": answer}
    found = preflight(cast("boto3.Session", session), load_settings(SETTINGS, "x"), lambda: ("us-east-1", "us-east-2"))
    assert found.is_clean
    assert [region for name, region, _ in session.asked if name.startswith("health.")] == ["us-east-1", "us-east-2"]


def test_nothing_can_be_found_out_without_credentials() -> None:
    with pytest.raises(AwsRefusedError, match="ExpiredToken"):
        looked({"sts.get_caller_identity": refused("ExpiredToken")})


def test_rights_that_are_missing_come_by_purpose_with_one_policy_for_all() -> None:
    def answer(ActionNames: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803  AWS's spelling
        denied = {"iam:CreateRole", "lambda:CreateFunctionUrlConfig"}
        results = [(name, "implicitDeny" if name in denied else "allowed") for name in ActionNames]
        return {"EvaluationResults": [{"EvalActionName": name, "EvalDecision": said} for name, said in results]}

    first, second = wrong(looked({"iam.simulate_principal_policy": answer}))
    assert first.code == second.code == "rights"
    assert first.found == f"{ADMINISTRATOR} may not make the functions in eu-west-1: lambda:CreateFunctionUrlConfig."
    assert second.found == f"{ADMINISTRATOR} may not make the functions' roles: iam:CreateRole."
    assert first.commands == second.commands
    words = shlex.split(first.commands[0])
    assert words[:5] == ["aws", "iam", "put-role-policy", "--role-name", "deployer"]
    statements = json.loads(words[-1])["Statement"]
    assert [each["Action"] for each in statements] == [["lambda:CreateFunctionUrlConfig"], ["iam:CreateRole"]]


def test_the_role_is_simulated_with_its_path() -> None:
    session = FakeSession(ready())
    preflight(cast("boto3.Session", session), load_settings(SETTINGS, "x"), lambda: ("us-east-1",))
    sources = {arguments["PolicySourceArn"] for name, _, arguments in session.asked if "simulate" in name}
    assert sources == {f"arn:aws:iam::{CENTRAL}:role/platform/deployer"}


def test_a_permission_set_is_not_changed_in_the_account() -> None:
    name = "AWSReservedSSO_Platform_0123456789abcdef"
    denied = {"EvaluationResults": [{"EvalActionName": "s3:CreateBucket", "EvalDecision": "explicitDeny"}]}
    caller = {"Account": CENTRAL, "Arn": f"arn:aws:sts::{CENTRAL}:assumed-role/{name}/me"}
    found = wrong(looked({"sts.get_caller_identity": caller, "iam.simulate_principal_policy": denied}))
    assert {finding.commands for finding in found} == {()}
    assert f"permission set of {name}" in found[0].mend


def test_reserving_more_than_there_is() -> None:
    finding = only(limit(150, 150), RESERVING)
    assert finding.code == "reserved-concurrency"
    assert "leaves 50 of 150" in finding.found
    assert "--desired-value 200" in finding.commands[0]


def test_what_is_reserved_already_is_not_counted_twice() -> None:
    has = {"lambda.get_function_concurrency": {"ReservedConcurrentExecutions": 100}}
    assert looked({**limit(250, 150), **has}, RESERVING).is_clean


def test_regions_to_opt_in_to_cost_a_look_at_each_account() -> None:
    opted = SETTINGS.replace("[eu-west-1, us-east-1]", "[eu-south-1]")
    finding = only(regions(eu_south_1="ENABLED"), opted)
    assert (finding.code, finding.severity) == ("member-region-disabled", Severity.WARNS)
    assert finding.commands == (f"aws account enable-region --account-id {MEMBER} --region-name eu-south-1",)


def test_others_cost_none() -> None:
    session = FakeSession(ready())
    preflight(cast("boto3.Session", session), load_settings(SETTINGS, "x"), lambda: ("us-east-1",))
    assert [arguments for name, _, arguments in session.asked if name == "account.list_regions"] == [{}]


def test_its_calls_do_not_grow_with_the_accounts() -> None:
    def many(ParentId: str) -> dict[str, Any]:  # noqa: N803  AWS's spelling
        first = [CENTRAL, MANAGEMENT] if ParentId == ROOT else []
        ids = [*first, *(str(2 * 10**11 + number) for number in range(2000 if ParentId == OU else 0))]
        return {"Accounts": [{"Id": each, "Name": each, "Status": "ACTIVE"} for each in ids]}

    few, lots = FakeSession(ready()), FakeSession({**ready(), "organizations.list_accounts_for_parent": many})
    for session in (few, lots):
        preflight(cast("boto3.Session", session), load_settings(SETTINGS, "x"), lambda: ("us-east-1",))
    assert len(few.asked) == len(lots.asked)


def test_rights_of_the_management_account_are_not_those_of_whoever_rolls_out() -> None:
    url = {"Effect": "Deny", "Action": "lambda:CreateFunctionUrlConfig", "Resource": "*"}
    answers = policy("SERVICE_CONTROL_POLICY", url, CENTRAL)
    assert [finding.code for finding in wrong(looked(answers))] == ["organization-policy"]
    assert wrong(looked({**AS_MANAGEMENT, **answers})) == []


def policy(kind: str, statement: dict[str, Any], target: str) -> dict[str, Any]:
    def listed(Filter: str) -> dict[str, Any]:  # noqa: N803  AWS's spelling
        return {"Policies": [{"Id": "p-1", "Name": "rule\n", "AwsManaged": False}] if Filter == kind else []}

    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return {
        "organizations.list_policies": listed,
        "organizations.list_targets_for_policy": {"Targets": [{"TargetId": target, "Name": "Somewhere"}]},
        "organizations.describe_policy": {"Policy": {"Content": content}},
    }


NO_ASSUMING = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}


@pytest.mark.parametrize(
    ("kind", "target", "whom"),
    [
        ("RESOURCE_CONTROL_POLICY", OU, f"accounts that get a gate (1: {MEMBER})"),
        ("SERVICE_CONTROL_POLICY", CENTRAL, "the central account"),
    ],
)
def test_a_policy_counts_where_it_is_attached(kind: str, target: str, whom: str) -> None:
    found = wrong(looked(policy(kind, NO_ASSUMING, target)))
    assert {finding.code for finding in found} == {"organization-policy"}
    assert found[0].found.split(" to ")[-1] in {f"{whom}.", f"accounts that get a gate (1: {CENTRAL})."}
    assert "sts:AssumeRole" in found[0].found


def test_a_policy_that_lets_our_organization_be_is_no_finding() -> None:
    perimeter = {**NO_ASSUMING, "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorgid"}}}
    assert looked(policy("RESOURCE_CONTROL_POLICY", perimeter, ROOT)).is_clean


def test_the_mended_policy_is_clean() -> None:
    finding = wrong(looked(policy("RESOURCE_CONTROL_POLICY", NO_ASSUMING, OU)))[0]
    (statement,) = json.loads(shlex.split(finding.commands[0])[-1])["Statement"]
    assert looked(policy("RESOURCE_CONTROL_POLICY", statement, OU)).is_clean


def test_one_command_mends_all_statements_of_a_policy() -> None:
    no_urls = {"Effect": "Deny", "Action": "lambda:*FunctionUrl*", "Resource": "*"}
    no_roles = {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*"}
    statements = [no_urls, no_roles]
    answers = policy("SERVICE_CONTROL_POLICY", {}, ROOT)
    answers["organizations.describe_policy"] = {"Policy": {"Content": json.dumps({"Statement": statements})}}
    found = wrong(looked(answers))
    assert len(found) == 4, "two statements, each for the central account and for the others"
    ((line,),) = {finding.commands for finding in found}
    answers["organizations.describe_policy"] = {"Policy": {"Content": shlex.split(line)[-1]}}
    assert looked(answers).is_clean


def test_a_policy_whose_text_is_not_json() -> None:
    answers = policy("SERVICE_CONTROL_POLICY", {}, ROOT)
    answers["organizations.describe_policy"] = {"Policy": {"Content": "{"}}
    assert only(answers).code == "organization-policy-unreadable"


def test_the_management_accounts_gate_is_a_note_until_it_is_there() -> None:
    (note,) = looked().findings
    assert note.commands == ("org-gate rollout apply --management",)
    there = {**AS_MANAGEMENT, **stack("CREATE_COMPLETE")}
    assert [finding.code for finding in looked(AS_MANAGEMENT).findings] == ["management-credentials", note.code]
    assert [finding.code for finding in looked(there).findings] == ["management-credentials"]


def test_the_central_accounts_own_gate_has_names_too() -> None:
    found = wrong(looked({"iam.get_role": {"Role": {"Arn": f"arn:aws:iam::{CENTRAL}:role/x"}}}))
    roles = [finding.found.split(" in ")[0].removeprefix("There is a role ") for finding in found]
    central = [f"{name}-eu-west-1" for name in FUNCTIONS]
    assert roles == central + [f"{name}-{region}" for region in ("eu-west-1", "us-east-1") for name in GATE]
    assert found[0].commands[1] == "aws iam delete-role --role-name org-gate-api-eu-west-1"


def test_names_that_are_looked_for_are_the_templates() -> None:
    template, member = central_template(), member_template()
    roles = sorted(re.findall(r"RoleName: !Sub (\S+)-\$\{AWS::Region\}\n", member))
    assert roles == list(GATE)
    assert f"TableName: {TABLE}\n" in template
    for name in FUNCTIONS:
        assert f"FunctionName: {name}\n" in template
        assert f"LogGroupName: /aws/lambda/{name}\n" in template
        assert f"RoleName: !Sub {name}-${{AWS::Region}}\n" in template
    assert template.count("FunctionName: org-gate-") == len(FUNCTIONS)
