"""The AWS CLI against `org-gate simulate`, with the credentials that it prints: what works, and what AWS refuses."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import CLOSED, GLOBAL, PUBLIC, SPECIFIC, ZONAL
from tests.e2e.simulated import Simulated
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, SANDBOX

MANAGEMENT = "100000000001"
HOME = "eu-west-1"
HEALTH = "us-east-1"
STACK_SET = "org-gate-member"


def arns(answer: Any) -> list[str]:
    return [event["arn"] for event in answer["events"]]


@pytest.mark.contract("C1")
def test_the_line_has_what_a_client_needs_and_nothing_else(organization: Simulated) -> None:
    ready = organization.ready
    assert set(ready) == {"endpoint", "management", "central", "accounts"}
    assert ready["endpoint"].startswith("http://127.0.0.1:")
    assert ready["management"] == MANAGEMENT
    assert set(ready["central"]) == {"account", "region", "decision_url"}
    assert (ready["central"]["account"], ready["central"]["region"]) == (CENTRAL, HOME)
    assert ready["central"]["decision_url"].startswith(ready["endpoint"])
    assert set(ready["accounts"]) == {MANAGEMENT, CENTRAL, ORDERS, PAYMENTS, SANDBOX}
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert all(set(credentials) == keys for credentials in ready["accounts"].values())


def test_the_organization_view_lists_all_events_the_newest_first(organization: Simulated) -> None:
    answer = organization.answer(CENTRAL, HEALTH, "health", "describe-events-for-organization")
    assert arns(answer) == [ZONAL, GLOBAL, SPECIFIC, PUBLIC, CLOSED]
    assert not [event for event in answer["events"] if "availabilityZone" in event], "only details have it"


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("services=RDS,eventStatusCodes=open", [PUBLIC]),
        ("regions=eu-west-1,global", [ZONAL, GLOBAL, CLOSED]),
        (f"awsAccountIds={ORDERS},services=EC2,regions=us-east-1", [SPECIFIC]),
        ('{"lastUpdatedTime": {"from": "2026-03-02T12:04:00Z"}}', [ZONAL, GLOBAL]),
        ("entityValues=i-0def", [SPECIFIC]),
    ],
)
def test_filters_choose(organization: Simulated, chosen: str, found: list[str]) -> None:
    answer = organization.answer(CENTRAL, HEALTH, "health", "describe-events-for-organization", "--filter", chosen)
    assert arns(answer) == found


def test_pages_go_on_where_the_last_one_ended(organization: Simulated) -> None:
    command = ["health", "describe-events-for-organization", "--page-size", "1", "--max-items", "2"]
    seen: list[str] = []
    token: list[str] = []
    while True:
        page = organization.answer(CENTRAL, HEALTH, *command, *token)
        seen += arns(page)
        if "NextToken" not in page:
            break
        token = ["--starting-token", page["NextToken"]]
    assert seen == [ZONAL, GLOBAL, SPECIFIC, PUBLIC, CLOSED]


def test_affected_accounts_and_their_entities(organization: Simulated) -> None:
    affected = ["health", "describe-affected-accounts-for-organization", "--event-arn"]
    assert organization.answer(CENTRAL, HEALTH, *affected, SPECIFIC) == {
        "affectedAccounts": [ORDERS, PAYMENTS],
        "eventScopeCode": "ACCOUNT_SPECIFIC",
    }
    assert organization.answer(CENTRAL, HEALTH, *affected, PUBLIC) == {
        "affectedAccounts": [],
        "eventScopeCode": "PUBLIC",
    }
    wanted = [f"eventArn={SPECIFIC},awsAccountId={account}" for account in (ORDERS, PAYMENTS, SANDBOX)]
    command = ["health", "describe-affected-entities-for-organization", "--organization-entity-filters"]
    entities = organization.answer(CENTRAL, HEALTH, *command, *wanted)
    assert [(e["awsAccountId"], e["entityValue"], e.get("statusCode")) for e in entities["entities"]] == [
        (ORDERS, "i-0abc", "IMPAIRED"),
        (PAYMENTS, "i-0def", None),
    ]
    assert [(failed["awsAccountId"], failed["eventArn"]) for failed in entities["failedSet"]] == [(SANDBOX, SPECIFIC)]


def test_details_that_cannot_be_given_are_failures_of_their_own(organization: Simulated) -> None:
    """A PUBLIC event is asked for without an account, an account-specific one with one that it affects."""
    answer = organization.answer(
        CENTRAL,
        HEALTH,
        *("health", "describe-event-details-for-organization", "--organization-event-detail-filters"),
        *(f"eventArn={ZONAL}", f"eventArn={PUBLIC},awsAccountId={ORDERS}"),
        *(f"eventArn={SPECIFIC},awsAccountId={ORDERS}", f"eventArn={SPECIFIC}", f"eventArn={PUBLIC[:-1]}9"),
    )
    told = [(item["event"]["arn"], item.get("awsAccountId")) for item in answer["successfulSet"]]
    assert told == [(ZONAL, None), (SPECIFIC, ORDERS)]
    assert answer["successfulSet"][0]["event"]["availabilityZone"] == "euw1-az1"
    assert answer["successfulSet"][1]["eventDescription"] == {"latestDescription": "Something is wrong."}
    failed = [(item["eventArn"], item.get("awsAccountId"), item["errorName"]) for item in answer["failedSet"]]
    assert failed == [
        (PUBLIC, ORDERS, "EventNotFoundException"),
        (SPECIFIC, None, "EventNotFoundException"),
        (f"{PUBLIC[:-1]}9", None, "EventNotFoundException"),
    ]


def test_a_member_sees_its_own_view_and_not_the_organizations(organization: Simulated) -> None:
    assert SPECIFIC in arns(organization.answer(ORDERS, HEALTH, "health", "describe-events"))
    assert SPECIFIC not in arns(organization.answer(SANDBOX, HEALTH, "health", "describe-events"))
    command = ["health", "describe-event-details", "--event-arns", PUBLIC, SPECIFIC]
    details = organization.answer(SANDBOX, HEALTH, *command)
    assert [item["event"]["arn"] for item in details["successfulSet"]] == [PUBLIC]
    assert [item["eventArn"] for item in details["failedSet"]] == [SPECIFIC]
    told = organization.refusal(ORDERS, HEALTH, "health", "describe-events-for-organization")
    assert "(AccessDeniedException) when calling the DescribeEventsForOrganization operation" in told


def test_only_the_management_account_asks_for_the_status_of_the_view(organization: Simulated) -> None:
    command = ["health", "describe-health-service-status-for-organization"]
    status = organization.answer(MANAGEMENT, HEALTH, *command)
    assert status == {"healthServiceAccessStatusForOrganization": "ENABLED"}
    assert "AccessDeniedException" in organization.refusal(CENTRAL, HEALTH, *command)


@pytest.mark.parametrize("arguments", [("sts", "get-caller-identity"), ("health", "describe-events"), ("s3", "ls")])
def test_a_wrong_secret_is_refused(organization: Simulated, arguments: tuple[str, ...]) -> None:
    told = organization.refusal(ORDERS, HEALTH, *arguments, AWS_SECRET_ACCESS_KEY="wrong")  # noqa: S106  it is wrong
    assert "does not match the signature you provided" in told


def test_the_stack_set_is_there_for_whom_it_is(organization: Simulated) -> None:
    """The delegated administrator says as whom it calls, every time."""
    command = ["cloudformation", "list-stack-instances", "--stack-set-name", STACK_SET]
    delegated = ["--call-as", "DELEGATED_ADMIN"]
    instances = organization.answer(CENTRAL, HOME, *command, *delegated)["Summaries"]
    assert {(one["Account"], one["Region"]) for one in instances} == {
        (account, region) for account in (ORDERS, PAYMENTS, CENTRAL) for region in ("us-east-1", "eu-west-1")
    }
    assert {one["StackInstanceStatus"]["DetailedStatus"] for one in instances} == {"SUCCEEDED"}
    assert organization.answer(MANAGEMENT, HOME, *command)["Summaries"] == instances
    assert "StackSetNotFoundException" in organization.refusal(CENTRAL, HOME, *command)
    assert "not a delegated administrator" in organization.refusal(ORDERS, HOME, *command, *delegated)
    described = organization.answer(
        CENTRAL, HOME, "cloudformation", "describe-stack-set", "--stack-set-name", STACK_SET, *delegated
    )["StackSet"]
    assert described["PermissionModel"] == "SERVICE_MANAGED"
    assert described["AutoDeployment"]["Enabled"] is True


def gate_state(organization: Simulated, account: str, region: str, pipeline: str) -> tuple[str, dict[str, Any]]:
    """The execution that the gate's stage had last, and the gate's action."""
    command = ["codepipeline", "get-pipeline-state", "--name", pipeline]
    gate = organization.answer(account, region, *command)["stageStates"][1]
    return gate["latestExecution"]["pipelineExecutionId"], gate["actionStates"][0]["latestExecution"]


def test_a_pipelines_state_says_what_the_gate_said(organization: Simulated) -> None:
    _, action = gate_state(organization, ORDERS, "us-east-1", "orders")
    assert action["status"] == "Failed"
    assert action["errorDetails"]["code"] == "JobFailed"
    assert "(rule open-issues)" in action["errorDetails"]["message"]
    assert action["externalExecutionId"].startswith("d-")
    told = organization.refusal(PAYMENTS, "us-east-1", "codepipeline", "get-pipeline-state", "--name", "orders")
    assert "PipelineNotFoundException" in told


def test_a_started_pipeline_asks_its_gate(organization: Simulated) -> None:
    command = ["codepipeline", "start-pipeline-execution", "--name", "payments"]
    started = organization.answer(PAYMENTS, HOME, *command)["pipelineExecutionId"]
    for _ in range(60):
        execution, action = gate_state(organization, PAYMENTS, HOME, "payments")
        if execution == started and action["status"] != "InProgress":
            break
    assert (execution, action["status"]) == (started, "Succeeded")
    executions = organization.answer(
        PAYMENTS, HOME, "codepipeline", "list-pipeline-executions", "--pipeline-name", "payments", "--max-items", "1"
    )["pipelineExecutionSummaries"]
    assert [(one["pipelineExecutionId"], one["trigger"]["triggerType"]) for one in executions] == [
        (started, "StartPipelineExecution")
    ]


def test_functions_are_where_they_were_rolled_out(organization: Simulated) -> None:
    command = ["lambda", "list-functions", "--query", "Functions[].FunctionName"]
    central = ["org-gate", "org-gate-api", "org-gate-collector", "org-gate-reporter", "org-gate-resumer"]
    assert sorted(organization.answer(CENTRAL, HOME, *command)) == central
    assert organization.answer(ORDERS, "us-east-1", *command) == ["org-gate"]
    assert organization.answer(SANDBOX, HOME, *command) == []


def test_who_is_in_the_organization(organization: Simulated) -> None:
    identity = organization.answer(ORDERS, HOME, "sts", "get-caller-identity")
    assert identity["Account"] == ORDERS
    command = ["organizations", "list-accounts", "--query", "Accounts[].Id"]
    everybody = {MANAGEMENT, CENTRAL, ORDERS, PAYMENTS, SANDBOX}
    assert set(organization.answer(MANAGEMENT, HOME, *command)) == everybody
    assert set(organization.answer(CENTRAL, HOME, *command)) == everybody
    assert "AccessDeniedException" in organization.refusal(ORDERS, HOME, *command)


def test_the_table_and_the_bucket_are_the_central_accounts(organization: Simulated) -> None:
    command = ["dynamodb", "scan", "--table-name", "org-gate", "--query", "Items[].pk.S"]
    keys = organization.answer(CENTRAL, HOME, *command)
    assert f"ACCOUNT#{ORDERS}" in keys
    assert "ResourceNotFoundException" in organization.refusal(ORDERS, HOME, *command)
    listed = organization.aws(CENTRAL, HOME, "s3", "ls")
    buckets = [line.split()[-1] for line in listed.stdout.splitlines()]
    assert buckets == [f"org-gate-{name}-{CENTRAL}-{HOME}" for name in ("artifacts", "reports")]
    groups = organization.answer(CENTRAL, HOME, "logs", "describe-log-groups", "--query", "logGroups[].logGroupName")
    assert "/aws/lambda/org-gate-api" in groups


def test_what_is_not_simulated_says_so_at_once(organization: Simulated) -> None:
    told = organization.refusal(CENTRAL, HEALTH, "support", "describe-severity-levels")
    assert "(NotSimulated)" in told


@pytest.mark.contract("A1")
def test_anonymous_requests_get_403(organization: Simulated) -> None:
    told = organization.aws(ORDERS, HOME, "--no-sign-request", "sts", "get-caller-identity")
    assert "MissingAuthenticationToken" in told.stderr


def test_files_go_into_a_bucket_and_come_back(organization: Simulated) -> None:
    text = json.dumps({"made": "by a test"})
    file = organization.temporary / "file.json"
    file.write_text(text, encoding="utf-8")
    for arguments in (["mb", "s3://files-of-orders"], ["cp", str(file), "s3://files-of-orders/a/b c.json"]):
        assert organization.aws(ORDERS, HOME, "s3", *arguments).returncode == 0
    assert organization.aws(ORDERS, HOME, "s3", "cp", "s3://files-of-orders/a/b c.json", "-").stdout == text
