"""An organization that changes, and what it is set up with, by AWS's APIs as any client calls them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from org_gate.simulator.cloudformation.strict import strict_stacks
from org_gate.simulator.governance import govern
from org_gate.simulator.health.service import HealthService
from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL
from tests.unit.simulator.doors import CENTRAL, MANAGEMENT, ORDERS, REGION, Doors, Keys, allow, opened, trusting

ADMIN: dict[str, Any] = {"StackSetName": "gates", "CallAs": "DELEGATED_ADMIN"}
QUEUE = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}}})


@pytest.fixture(name="doors")
def _doors() -> Iterator[Doors]:
    """Nothing is enabled in it."""
    with strict_stacks(), opened(administrator=None) as doors:
        govern(doors.door, doors.clock, doors.org)
        doors.door.register("health", HealthService(doors.clock, doors.org))
        yield doors


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def organizations(doors: Doors) -> Any:
    return doors.client("organizations", MANAGEMENT)


def enable(doors: Doors) -> None:
    doors.client("cloudformation", MANAGEMENT).activate_organizations_access()
    doors.client("health", MANAGEMENT, "us-east-1").enable_health_service_access_for_organization()
    for principal in (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL):
        organizations(doors).register_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=principal)


def ou(doors: Doors, *names: str) -> str:
    parent = doors.org.root_id
    for name in names:
        below = organizations(doors).list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
        parent = next(each["Id"] for each in below if each["Name"] == name)
    return parent


def roll_out(doors: Doors, parent: str) -> Any:
    """A StackSet with automatic deployment; the administrator's client."""
    client = doors.client("cloudformation", CENTRAL)
    client.create_stack_set(
        **ADMIN, TemplateBody=QUEUE, PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
    )  # fmt: skip
    targets = {"OrganizationalUnitIds": [parent]}
    client.create_stack_instances(**ADMIN, DeploymentTargets=targets, Regions=[REGION])
    return client


def accounts_of(client: Any) -> set[str]:
    return {each["Account"] for each in client.list_stack_instances(**ADMIN)["Summaries"]}


def create(doors: Doors, name: str, **params: Any) -> str:
    status = organizations(doors).create_account(AccountName=name, Email=f"{name}@example.com", **params)
    request = status["CreateAccountStatus"]["Id"]
    told = organizations(doors).describe_create_account_status(CreateAccountRequestId=request)["CreateAccountStatus"]
    assert (told["State"], told["AccountId"]) == ("SUCCEEDED", status["CreateAccountStatus"]["AccountId"])
    return str(told["AccountId"])


def assumed(doors: Doors, account: str, role: str = "OrganizationAccountAccessRole") -> Keys:
    return doors.session(MANAGEMENT, f"arn:aws:iam::{account}:role/{role}")


def test_a_new_account_can_be_used_through_its_access_role(doors: Doors) -> None:
    account = create(doors, "newcomer", Tags=[{"Key": "tier", "Value": "2"}])
    keys = assumed(doors, account)
    assert doors.client("sts", keys).get_caller_identity()["Account"] == account
    doors.client("sqs", keys).create_queue(QueueName="own")
    assert doors.client("sqs", account).get_queue_url(QueueName="own")["QueueUrl"].endswith(f"{account}/own")
    assert organizations(doors).list_tags_for_resource(ResourceId=account)["Tags"] == [{"Key": "tier", "Value": "2"}]
    assert doors.client("iam", assumed(doors, create(doors, "other", RoleName="Own"), "Own")).list_roles()["Roles"]


def test_new_accounts_have_the_same_ids_in_every_run_and_are_listed_once(doors: Doors) -> None:
    made = [create(doors, name) for name in ("one", "two", "three")]
    assert len(set(made)) == 3
    pages = organizations(doors).get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 1})
    listed = [account["Id"] for page in pages for account in page["Accounts"]]
    assert listed[-3:] == made
    with opened(administrator=None) as again:
        govern(again.door, again.clock, again.org)
        assert [create(again, name) for name in ("one", "two", "three")] == made


def test_stacks_follow_accounts_that_come_move_and_close(doors: Doors) -> None:
    enable(doors)
    workloads, shop, platform = ou(doors, "Workloads"), ou(doors, "Workloads", "Prod", "Shop"), ou(doors, "Platform")
    client = roll_out(doors, workloads)
    account = create(doors, "newcomer")
    assert account not in accounts_of(client)

    organizations(doors).move_account(AccountId=account, SourceParentId=doors.org.root_id, DestinationParentId=shop)
    assert account in accounts_of(client)
    assert doors.client("sqs", account).list_queues()["QueueUrls"]
    organizations(doors).move_account(AccountId=account, SourceParentId=shop, DestinationParentId=platform)
    assert account not in accounts_of(client)
    assert "QueueUrls" not in doors.client("sqs", account).list_queues()
    organizations(doors).move_account(AccountId=account, SourceParentId=platform, DestinationParentId=workloads)
    assert accounts_of(client) >= {account, ORDERS}
    organizations(doors).close_account(AccountId=account)
    organizations(doors).remove_account_from_organization(AccountId=ORDERS)
    assert accounts_of(client).isdisjoint({account, ORDERS})
    with pytest.raises(ClientError) as raised:
        doors.client("organizations", ORDERS).list_accounts()
    assert code(raised) == "AWSOrganizationsNotInUseException"


@pytest.mark.parametrize(
    ("operation", "params", "wanted"),
    [
        ("move_account", {"AccountId": ORDERS, "SourceParentId": "r-none", "DestinationParentId": "r-none"},
         "SourceParentNotFoundException"),
        ("move_account", {"AccountId": "000000000000", "SourceParentId": "r-none", "DestinationParentId": "r-none"},
         "AccountNotFoundException"),
        ("close_account", {"AccountId": MANAGEMENT}, "ConstraintViolationException"),
        ("remove_account_from_organization", {"AccountId": MANAGEMENT}, "MasterCannotLeaveOrganizationException"),
        ("remove_account_from_organization", {"AccountId": CENTRAL}, "ConstraintViolationException"),
        ("register_delegated_administrator", {"AccountId": ORDERS, "ServicePrincipal": "ram.amazonaws.com"},
         "ConstraintViolationException"),
        ("disable_aws_service_access", {"ServicePrincipal": HEALTH_PRINCIPAL}, "ConstraintViolationException"),
        ("describe_effective_policy", {"PolicyType": "TAG_POLICY"}, "EffectivePolicyNotFoundException"),
    ],
)  # fmt: skip
def test_what_organizations_does_not_allow(doors: Doors, operation: str, params: dict[str, str], wanted: str) -> None:
    enable(doors)
    with pytest.raises(ClientError) as raised:
        getattr(organizations(doors), operation)(**params)
    assert code(raised) == wanted


def test_an_account_closes_once(doors: Doors) -> None:
    organizations(doors).close_account(AccountId=ORDERS)
    with pytest.raises(ClientError) as raised:
        organizations(doors).close_account(AccountId=ORDERS)
    assert code(raised) == "AccountAlreadyClosedException"


def test_a_policy_that_would_have_to_be_merged_fails_loudly(doors: Doors) -> None:
    organizations(doors).create_policy(Name="tags", Description="-", Type="TAG_POLICY", Content='{"tags": {}}')
    with pytest.raises(ClientError, match="does not merge policies"):
        organizations(doors).describe_effective_policy(PolicyType="TAG_POLICY")


def test_only_the_management_account_changes_it(doors: Doors) -> None:
    enable(doors)
    for account in (CENTRAL, ORDERS):
        with pytest.raises(ClientError, match="AccessDenied"):
            doors.client("organizations", account).create_account(AccountName="x", Email="x@example.com")


def test_stack_sets_need_their_own_activation_and_a_registration(doors: Doors) -> None:
    central, management = doors.client("cloudformation", CENTRAL), doors.client("cloudformation", MANAGEMENT)
    made = {"TemplateBody": QUEUE, "PermissionModel": "SERVICE_MANAGED"}
    with pytest.raises(ClientError, match="not a delegated administrator"):
        central.create_stack_set(**ADMIN, **made)
    assert management.describe_organizations_access()["Status"] == "DISABLED"
    assert management.list_stack_sets()["Summaries"] == []
    organizations(doors).enable_aws_service_access(ServicePrincipal=STACKSETS_PRINCIPAL)
    organizations(doors).register_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=STACKSETS_PRINCIPAL)
    with pytest.raises(ClientError, match="enable organizations access"):
        central.create_stack_set(**ADMIN, **made)
    with pytest.raises(ClientError) as raised:
        central.activate_organizations_access()
    assert code(raised) == "InvalidOperationException"
    management.activate_organizations_access()
    assert central.describe_organizations_access(CallAs="DELEGATED_ADMIN")["Status"] == "ENABLED"
    central.create_stack_set(**ADMIN, **made)


def test_access_of_stack_sets_is_taken_back_after_the_administrators(doors: Doors) -> None:
    enable(doors)
    management = doors.client("cloudformation", MANAGEMENT)
    with pytest.raises(ClientError, match="deregister all delegated administrators"):
        management.deactivate_organizations_access()
    organizations(doors).deregister_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=STACKSETS_PRINCIPAL)
    management.deactivate_organizations_access()
    assert management.describe_organizations_access()["Status"] == "DISABLED"
    services = organizations(doors).list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert [service["ServicePrincipal"] for service in services] == [HEALTH_PRINCIPAL]


def test_the_health_view_is_for_administrators_and_once_it_is_enabled(doors: Doors) -> None:
    def ask(account: str) -> None:
        doors.client("health", account, "us-east-1").describe_events_for_organization()

    management = doors.client("health", MANAGEMENT, "us-east-1")
    with pytest.raises(ClientError, match="view of the organization is not enabled"):
        ask(MANAGEMENT)
    with pytest.raises(ClientError, match="neither the management account nor registered"):
        ask(CENTRAL)
    enable(doors)
    ask(CENTRAL)
    status = management.describe_health_service_status_for_organization()
    assert status["healthServiceAccessStatusForOrganization"] == "ENABLED"
    with pytest.raises(ClientError, match="only the management account"):
        doors.client("health", CENTRAL, "us-east-1").describe_health_service_status_for_organization()
    organizations(doors).deregister_delegated_administrator(AccountId=CENTRAL, ServicePrincipal=HEALTH_PRINCIPAL)
    with pytest.raises(ClientError, match="nor registered"):
        ask(CENTRAL)
    management.disable_health_service_access_for_organization()
    with pytest.raises(ClientError, match="not enabled"):
        ask(MANAGEMENT)


def test_without_trusted_access_there_is_no_health_view(doors: Doors) -> None:
    management = doors.client("health", MANAGEMENT, "us-east-1")
    management.enable_health_service_access_for_organization()
    organizations(doors).disable_aws_service_access(ServicePrincipal=HEALTH_PRINCIPAL)
    status = management.describe_health_service_status_for_organization()
    assert status["healthServiceAccessStatusForOrganization"] == "DISABLED"


def test_policies_of_the_organization_can_be_read(doors: Doors) -> None:
    client, parent = organizations(doors), ou(doors, "Workloads")
    content = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "lambda:*Url*", "Resource": "*"}]}
    )
    made = client.create_policy(Name="no-urls", Description="-", Type="SERVICE_CONTROL_POLICY", Content=content)
    policy_id = made["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=policy_id, TargetId=parent)
    enable(doors)
    reader = doors.client("organizations", CENTRAL)
    listed = reader.list_policies_for_target(TargetId=parent, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert {policy["Name"] for policy in listed} == {"FullAWSAccess", "no-urls"}
    assert json.loads(reader.describe_policy(PolicyId=policy_id)["Policy"]["Content"]) == json.loads(content)
    assert [each["TargetId"] for each in reader.list_targets_for_policy(PolicyId=policy_id)["Targets"]] == [parent]
    everything = reader.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert {policy["Name"] for policy in everything} >= {"FullAWSAccess", "no-urls"}


def test_regions_of_an_account_can_be_read_and_turned_off(doors: Doors) -> None:
    own = doors.client("account", ORDERS)
    pages = own.get_paginator("list_regions").paginate(PaginationConfig={"PageSize": 7})
    regions = {each["RegionName"]: each["RegionOptStatus"] for page in pages for each in page["Regions"]}
    assert (regions["us-east-1"], regions["me-central-1"]) == ("ENABLED_BY_DEFAULT", "ENABLED")
    own.disable_region(RegionName="me-central-1")
    assert own.get_region_opt_status(RegionName="me-central-1")["RegionOptStatus"] == "DISABLED"
    off = own.list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
    assert [each["RegionName"] for each in off] == ["me-central-1"]
    with pytest.raises(ClientError, match="on in every account"):
        own.disable_region(RegionName="us-east-1")
    management = doors.client("account", MANAGEMENT)
    with pytest.raises(ClientError, match="AccessDenied"):
        management.get_region_opt_status(AccountId=ORDERS, RegionName="me-central-1")
    organizations(doors).enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    asked = management.get_region_opt_status(AccountId=ORDERS, RegionName="me-central-1")
    assert asked["RegionOptStatus"] == "DISABLED"
    organizations(doors).register_delegated_administrator(AccountId=CENTRAL, ServicePrincipal="account.amazonaws.com")
    told = doors.client("account", CENTRAL).get_region_opt_status(AccountId=ORDERS, RegionName="me-central-1")
    assert told["RegionOptStatus"] == "DISABLED"
    management.enable_region(AccountId=ORDERS, RegionName="me-central-1")
    assert own.get_region_opt_status(RegionName="me-central-1")["RegionOptStatus"] == "ENABLED"


def test_quotas_and_what_is_left_of_them(doors: Doors) -> None:
    quotas, functions = doors.client("service-quotas", CENTRAL), doors.client("lambda", CENTRAL)
    assert quotas.get_service_quota(ServiceCode="cloudformation", QuotaCode="L-C8225BA5")["Quota"]["Value"] == 100_000
    listed = quotas.list_service_quotas(ServiceCode="lambda")["Quotas"]
    assert [(each["QuotaCode"], each["QuotaName"]) for each in listed] == [("L-B99A9384", "Concurrent executions")]
    assert functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 1_000
    quotas.request_service_quota_increase(ServiceCode="lambda", QuotaCode="L-B99A9384", DesiredValue=1_500)
    limit = functions.get_account_settings()["AccountLimit"]
    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (1_500, 1_500)
    default = quotas.get_aws_default_service_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")
    assert default["Quota"]["Value"] == 1_000
    for service, quota in (("ec2", "L-1216C47A"), ("lambda", "L-00000000")):
        with pytest.raises(ClientError) as raised:
            quotas.get_service_quota(ServiceCode=service, QuotaCode=quota)
        assert code(raised) == "NoSuchResourceException"


def test_what_a_role_may_is_simulated_by_the_evaluator_itself(doors: Doors) -> None:
    root = trusting(f"arn:aws:iam::{CENTRAL}:root")
    condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    bounded = {**allow("s3:GetObject", resource="arn:aws:s3:::kept/*")}
    bounded["Statement"].append({"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"})
    bounded["Statement"].append({"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": condition})
    role = doors.role(CENTRAL, "reader", bounded, root)
    iam = doors.client("iam", CENTRAL)

    def decisions(*actions: str, **params: Any) -> list[str]:
        asked = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=list(actions), **params)
        return [result["EvalDecision"] for result in asked["EvaluationResults"]]

    kept = ["arn:aws:s3:::kept/x", "arn:aws:s3:::other/x"]
    assert decisions("s3:GetObject", "s3:DeleteObject", ResourceArns=kept) == [
        "allowed", "implicitDeny", "explicitDeny", "explicitDeny",
    ]  # fmt: skip
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string"}
    for region, wanted in (("us-east-1", "allowed"), ("eu-west-1", "implicitDeny")):
        assert decisions("sqs:SendMessage", ContextEntries=[{**entry, "ContextKeyValues": [region]}]) == [wanted]
    user = f"arn:aws:iam::{CENTRAL}:user/administrator"
    asked = iam.simulate_principal_policy(PolicySourceArn=user, ActionNames=["sqs:SendMessage"], MaxItems=1)
    assert asked["EvaluationResults"][0]["EvalDecision"] == "allowed"
    with pytest.raises(ClientError) as raised:
        iam.simulate_principal_policy(PolicySourceArn=f"{role}-not", ActionNames=["sqs:SendMessage"])
    assert code(raised) == "NoSuchEntity"
    with pytest.raises(ClientError, match="NotSimulated"):
        decisions("sqs:SendMessage", ResourcePolicy="{}")


def test_the_reads_are_judged_like_every_call(doors: Doors) -> None:
    role = doors.role(
        CENTRAL, "reader", allow("servicequotas:GetServiceQuota"), trusting(f"arn:aws:iam::{CENTRAL}:root")
    )
    keys = doors.session(CENTRAL, role)
    doors.client("service-quotas", keys).get_service_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")
    for service, operation, params in (
        ("service-quotas", "list_service_quotas", {"ServiceCode": "lambda"}),
        ("account", "list_regions", {}),
        ("lambda", "get_account_settings", {}),
        ("cloudformation", "describe_organizations_access", {}),
        ("iam", "simulate_principal_policy", {"PolicySourceArn": role, "ActionNames": ["sqs:SendMessage"]}),
    ):
        with pytest.raises(ClientError, match=r"not authorized|AccessDenied"):
            getattr(doors.client(service, keys), operation)(**params)
