"""A session whose answers a test gives by operation; what is asked is checked against nothing but that."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

CENTRAL, MANAGEMENT, MEMBER, ROOT, OU = "999988887777", "100000000001", "111122223333", "r-abcd", "ou-abcd-12345678"
HEALTH, STACKSETS = "health.amazonaws.com", "member.org.stacksets.cloudformation.amazonaws.com"
ADMINISTRATOR = f"arn:aws:sts::{CENTRAL}:assumed-role/deployer/session"


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def not_allowed(action: str) -> ClientError:
    """As AWS says that a policy is missing."""
    text = f"User: {ADMINISTRATOR} is not authorized to perform: {action} because no identity-based policy allows it"
    return refused("AccessDeniedException", text)


def ready() -> dict[str, Any]:
    """What AWS answers in an organization that lacks nothing. A function is called with the arguments."""
    enabled = [{"RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for region in ("eu-west-1", "us-east-1")]
    quotas = [
        ("Stack instances per stack set", 100_000, "L-INSTANCES"),
        ("Stack instance operations per administrator account", 10_000, "L-OPERATIONS"),
    ]
    status = {"healthServiceAccessStatusForOrganization": "ENABLED"}
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    return {
        "sts.get_caller_identity": {"Account": CENTRAL, "Arn": ADMINISTRATOR},
        "organizations.describe_organization": {
            "Organization": {"Id": "o-exampleorgid", "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL"}
        },
        "organizations.list_roots": {"Roots": [{"Id": ROOT}]},
        "organizations.list_organizational_units_for_parent": lambda ParentId: {  # noqa: N803  AWS's spelling
            "OrganizationalUnits": [{"Id": OU, "Name": "Workloads"}] if ParentId == ROOT else []
        },
        "organizations.list_accounts_for_parent": lambda ParentId: {  # noqa: N803  AWS's spelling
            "Accounts": [_account(MANAGEMENT), _account(CENTRAL)] if ParentId == ROOT else [_account(MEMBER)]
        },
        "organizations.list_aws_service_access_for_organization": {
            "EnabledServicePrincipals": [{"ServicePrincipal": HEALTH}, {"ServicePrincipal": STACKSETS}]
        },
        "organizations.list_delegated_services_for_account": {
            "DelegatedServices": [{"ServicePrincipal": HEALTH}, {"ServicePrincipal": STACKSETS}]
        },
        "organizations.list_policies": {"Policies": []},
        "health.describe_events_for_organization": {"events": []},
        "health.describe_health_service_status_for_organization": status,
        "cloudformation.describe_organizations_access": {"Status": "ENABLED"},
        "cloudformation.describe_stacks": refused("ValidationError", "Stack with id x does not exist"),
        "cloudformation.describe_stack_set": refused("StackSetNotFoundException"),
        "account.list_regions": {"Regions": enabled},
        "iam.get_role": _role,
        "iam.simulate_principal_policy": lambda ActionNames, **_: {  # noqa: N803  AWS's spelling
            "EvaluationResults": [{"EvalActionName": each, "EvalDecision": "allowed"} for each in ActionNames]
        },
        "service-quotas.list_service_quotas": {
            "Quotas": [{"QuotaName": name, "Value": float(value), "QuotaCode": code} for name, value, code in quotas]
        },
        "lambda.get_account_settings": {"AccountLimit": limit},
        "lambda.get_function_concurrency": refused("ResourceNotFoundException"),
        "lambda.get_function": refused("ResourceNotFoundException"),
        "dynamodb.describe_table": refused("ResourceNotFoundException"),
        "s3.head_bucket": refused("404"),
        "logs.describe_log_groups": {"logGroups": []},
    }


def _account(account: str) -> dict[str, str]:
    return {"Id": account, "Name": f"account {account}", "Status": "ACTIVE"}


def _role(RoleName: str) -> dict[str, Any]:  # noqa: N803  AWS's spelling
    if RoleName != "deployer":
        raise refused("NoSuchEntity")
    return {"Role": {"Arn": f"arn:aws:iam::{CENTRAL}:role/platform/deployer"}}


class FakeSession:
    """Stands for a ``boto3.Session``. Keeps what was asked."""

    region_name = "eu-west-1"

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def client(self, service: str, region_name: str) -> "FakeClient":
        return FakeClient(self, service, region_name)


class FakeClient:
    def __init__(self, session: FakeSession, service: str, region: str) -> None:
        self._session = session
        self._service = service
        self._region = region

    def __getattr__(self, operation: str) -> Any:
        return lambda **arguments: self._answer(operation, arguments)

    def get_paginator(self, operation: str) -> "FakePaginator":
        return FakePaginator(self, operation)

    def _answer(self, operation: str, arguments: dict[str, Any]) -> Any:
        name = f"{self._service}.{operation}"
        self._session.asked.append((name, self._region, arguments))
        answer = self._session.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if callable(answer) else answer


class FakePaginator:
    def __init__(self, client: FakeClient, operation: str) -> None:
        self._client = client
        self._operation = operation

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        yield getattr(self._client, self._operation)(**arguments)
