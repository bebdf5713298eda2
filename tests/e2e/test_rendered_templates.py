"""The templates by themselves, as docs/templates.md tells: the AWS CLI deploys them, with options.

A second cell stands in another Region of the central account, its gate in the management account, which no StackSet
reaches.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from org_gate.rollout.files import cache_folder
from org_gate.rollout.lambda_platform import this_machine
from org_gate.rollout.render import write_release
from tests.e2e.simulated import Simulated, simulated
from tests.e2e.support import CENTRAL, scenario, write

MANAGEMENT = "100000000001"
REGION = "us-west-2"
BUCKET = "code-of-the-second-cell"
BOUNDARY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NAMED = ("--capabilities", "CAPABILITY_NAMED_IAM")


@pytest.fixture(name="aws", scope="module")
def _aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("templates")
    with simulated(write(folder, scenario(tail="0m")), folder / "tmp", "--runtime", "inprocess") as ready:
        yield ready


@pytest.fixture(name="release", scope="module")
def _release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder, and the code in it."""
    folder = tmp_path_factory.mktemp("release")
    return folder, write_release(folder, this_machine(), cache_folder())


@pytest.fixture(name="cell", scope="module")
def _cell(aws: Simulated, release: tuple[Path, Path]) -> dict[str, str]:
    """The outputs of a cell with every option on."""
    folder, code = release
    key = aws.answer(CENTRAL, REGION, "kms", "create-key")["KeyMetadata"]["Arn"]
    bound(aws, CENTRAL)
    for arguments in (["mb", f"s3://{BUCKET}"], ["cp", str(code), f"s3://{BUCKET}/{code.name}"]):
        assert aws.aws(CENTRAL, REGION, "s3", *arguments).returncode == 0
    parameters = {
        "CodeBucket": BUCKET,
        "CodeKey": code.name,
        "OrganizationId": organization_id(aws),
        "KmsKeyArn": key,
        "PermissionsBoundary": "bounds/org-gate",
        "Tracing": "Active",
        "ApiReservedConcurrency": "50",
    }
    return created(aws, CENTRAL, "org-gate-second", folder / "central.yaml", parameters)


def bound(aws: Simulated, account: str) -> None:
    document = json.dumps(BOUNDARY)
    command = ["iam", "create-policy", "--path", "/bounds/", "--policy-name", "org-gate", "--policy-document", document]
    aws.answer(account, REGION, *command)


def organization_id(aws: Simulated) -> str:
    return str(aws.answer(MANAGEMENT, REGION, "organizations", "describe-organization")["Organization"]["Id"])


def created(aws: Simulated, account: str, name: str, file: Path, parameters: dict[str, str]) -> dict[str, str]:
    """The new stack's outputs."""
    listed = json.dumps([{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])
    told = ["--stack-name", name, "--template-body", f"file://{file}", "--parameters", listed]
    aws.answer(account, REGION, "cloudformation", "create-stack", *told, *NAMED, "--tags", "Key=team,Value=platform")
    (stack,) = aws.answer(account, REGION, "cloudformation", "describe-stacks", "--stack-name", name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(name="gate", scope="module")
def _gate(aws: Simulated, release: tuple[Path, Path], cell: dict[str, str]) -> dict[str, str]:
    """The outputs of the management account's gate, which asks that cell."""
    bound(aws, MANAGEMENT)
    parameters = {
        "CentralUrls": cell["DecisionUrl"],
        "CentralFunctionArns": cell["ApiFunctionArn"],
        "CentralAccount": CENTRAL,
        "OrganizationId": organization_id(aws),
        "OnUnknown": "block",
        "Mode": "enforce",
        "PermissionsBoundary": "bounds/org-gate",
    }
    return created(aws, MANAGEMENT, "org-gate-member", release[0] / "member.yaml", parameters)


def test_a_cell_stands_by_itself(aws: Simulated, cell: dict[str, str]) -> None:
    assert cell["DashboardName"] == f"org-gate-{REGION}"
    board = aws.answer(CENTRAL, REGION, "cloudwatch", "get-dashboard", "--dashboard-name", cell["DashboardName"])
    assert "${" not in board["DashboardBody"]
    shown = json.loads(board["DashboardBody"])["widgets"][0]["properties"]["alarms"]
    alarms = aws.answer(CENTRAL, REGION, "cloudwatch", "describe-alarms")["MetricAlarms"]
    assert sorted(shown) == sorted(alarm["AlarmArn"] for alarm in alarms)
    slow = next(alarm for alarm in alarms if alarm["AlarmName"] == "org-gate-api-slow")
    assert (slow["ExtendedStatistic"], slow["Threshold"]) == ("p99", 3000.0)


def test_its_gate_answers_a_person_of_the_central_account(aws: Simulated, gate: dict[str, str], tmp_path: Path) -> None:
    """Called by the read role, in an account that no StackSet reaches; the cell knows no policy yet and says so."""
    assert set(gate) == {"Version"}
    role = f"arn:aws:iam::{MANAGEMENT}:role/org-gate-read-{REGION}"
    taken = aws.answer(CENTRAL, REGION, "sts", "assume-role", "--role-arn", role, "--role-session-name", "test")
    session = {
        "AWS_ACCESS_KEY_ID": taken["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["Credentials"]["SessionToken"],
    }
    file = tmp_path / "answer.json"
    gate_arn = f"arn:aws:lambda:{REGION}:{MANAGEMENT}:function:org-gate"
    invoked = aws.aws(CENTRAL, REGION, "lambda", "invoke", "--function-name", gate_arn, str(file), **session)
    assert invoked.returncode == 0, invoked.stderr
    answer: Any = json.loads(file.read_text())
    assert answer["verdict"] in {"allow", "warn", "block"}, answer
    listed = aws.aws(CENTRAL, REGION, "codepipeline", "list-pipelines", **session)
    assert json.loads(listed.stdout) == {"pipelines": []}
    denied = aws.aws(CENTRAL, REGION, "lambda", "list-functions", **session)
    assert "AccessDenied" in denied.stderr


def test_every_role_is_bounded(aws: Simulated, cell: dict[str, str], gate: dict[str, str]) -> None:
    del cell, gate
    for account, names in ((CENTRAL, ("collector", "api", "resumer")), (MANAGEMENT, ("gate", "access", "read"))):
        for name in names:
            told = aws.answer(account, REGION, "iam", "get-role", "--role-name", f"org-gate-{name}-{REGION}")["Role"]
            boundary = told["PermissionsBoundary"]["PermissionsBoundaryArn"]
            assert boundary == f"arn:aws:iam::{account}:policy/bounds/org-gate"
