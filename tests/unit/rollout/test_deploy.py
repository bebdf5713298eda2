"""Deploying a cell: real S3, STS and Organizations calls against moto, CloudFormation by stubbed answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.stub import ANY
from moto import mock_aws

from org_gate.model.decision import Mode
from org_gate.policy.model import Policy
from org_gate.rollout.artifacts import upload
from org_gate.rollout.build import central_artifact
from org_gate.rollout.deploy import deploy_central, deploy_members, publish_policy
from org_gate.rollout.errors import AwsRefusedError, MismatchError, RolloutError
from org_gate.rollout.files import cache_folder
from org_gate.rollout.lambda_platform import this_machine
from org_gate.rollout.operations import NAME
from org_gate.rollout.organization import read_organization, topmost
from org_gate.rollout.spec import CentralOutputs, DeploymentSpec
from tests.unit.rollout.stubs import stubbed

ACCOUNT = "123456789012"  # whose moto takes every caller for
REGION = "eu-west-1"
BUCKET = f"org-gate-artifacts-{ACCOUNT}-{REGION}"
POLICY = Policy(version=1)
CELL = CentralOutputs(REGION, "https://abc.lambda-url.eu-west-1.on.aws/", "org-gate", "arn:aws:lambda:eu-west-1:1:f")


class Session(boto3.Session):
    """moto's AWS, but for CloudFormation, which a test brings."""

    def __init__(self, cloudformation: Any = None) -> None:
        super().__init__()
        self._cloudformation = cloudformation

    def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        if service_name == "cloudformation":
            return self._cloudformation
        return super().client(service_name, *args, **kwargs)  # type: ignore[call-overload]  # any service


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


def spec(**changes: Any) -> DeploymentSpec:
    values: dict[str, Any] = {
        "organization_id": "o-abcdefghij",
        "central_account": ACCOUNT,
        "central_region": REGION,
        "gate_regions": ("us-east-1", "eu-west-1"),
        "policy": POLICY,
        "platform": this_machine(),
    }
    return DeploymentSpec(**{**values, **changes})


def never(seconds: float) -> None:
    pytest.fail(f"waited {seconds} s for what is there already")


def test_a_cell_is_its_code_in_a_closed_bucket_and_a_stack_that_points_to_it() -> None:
    artifact = central_artifact(this_machine(), cache_folder())
    client, stub = stubbed("cloudformation")
    stub.add_client_error("describe_stacks", "ValidationError", "Stack with id org-gate-central does not exist")
    parameters = {
        "CodeBucket": BUCKET,
        "CodeKey": artifact.name,
        "OrganizationId": "o-abcdefghij",
        "MaxAttempts": "2",
    }
    stub.add_response(
        "create_stack",
        {"StackId": "arn"},
        {
            "StackName": "org-gate-central",
            "TemplateBody": ANY,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        },
    )
    outputs = {"DecisionUrl": CELL.decision_url, "TableName": "org-gate", "ApiFunctionArn": CELL.api_function_arn}
    done = {
        "StackName": "org-gate-central",
        "CreationTime": 0,
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    stub.add_response("describe_stacks", {"Stacks": [done]})

    assert deploy_central(Session(client), spec(), cache=cache_folder(), sleep=never) == CELL

    stub.assert_no_pending_responses()
    s3 = boto3.client("s3", region_name=REGION)
    assert s3.get_object(Bucket=BUCKET, Key=artifact.name)["Body"].read() == artifact.path.read_bytes()
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_same_code_is_uploaded_once(region: str) -> None:
    artifact = central_artifact(this_machine(), cache_folder())
    s3 = boto3.client("s3", region_name=region)
    for _ in range(2):
        bucket, key = upload(s3, artifact, account=ACCOUNT, region=region)
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [version["Key"] for version in versions] == [key]


def test_a_bucket_of_somebody_else_is_never_used() -> None:
    s3, stub = stubbed("s3")
    asked = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}
    stub.add_client_error("head_bucket", "403", http_status_code=403, expected_params=asked)
    with pytest.raises(MismatchError, match=f"{BUCKET} is not of account {ACCOUNT}"):
        upload(s3, central_artifact(this_machine(), cache_folder()), account=ACCOUNT, region=REGION)


def test_nothing_is_made_with_credentials_of_another_account() -> None:
    for deploy in (
        lambda wrong: deploy_central(Session(), wrong, cache=cache_folder(), sleep=never),
        lambda wrong: deploy_members(Session(), wrong, [CELL], sleep=never),
    ):
        with pytest.raises(MismatchError, match=f"of account {ACCOUNT}, the central account is 999988887777"):
            deploy(spec(central_account="999988887777"))
    assert boto3.client("s3", region_name=REGION).list_buckets()["Buckets"] == []


def test_gates_know_the_cells_and_what_the_policy_says_of_silence() -> None:
    boto3.client("organizations").create_organization(FeatureSet="ALL")
    client, stub = stubbed("cloudformation")
    stub.add_client_error("describe_stack_set", "StackSetNotFoundException")
    seen: list[dict[str, Any]] = []
    client.meta.events.register(
        "provide-client-params.cloudformation.CreateStackSet", lambda params, **_: seen.append(params)
    )
    stub.add_client_error("create_stack_set", "AccessDenied", "no")
    standby = CentralOutputs(
        "us-west-2", "https://def.lambda-url.us-west-2.on.aws/", "org-gate", "arn:aws:lambda:us-west-2:1:f"
    )
    shadow = Policy(version=1, mode=Mode.SHADOW, platform_services=("STS", "CODEPIPELINE"))
    with pytest.raises(AwsRefusedError, match=f"Could not create the StackSet {NAME}: AccessDenied"):
        deploy_members(Session(client), spec(policy=shadow), [CELL, standby], sleep=never)
    assert {each["ParameterKey"]: each["ParameterValue"] for each in seen[0]["Parameters"]} == {
        "CentralUrls": f"{CELL.decision_url},{standby.decision_url}",
        "CentralAccount": spec().central_account,
        "OrganizationId": spec().organization_id,
        "CentralFunctionArns": f"{CELL.api_function_arn},{standby.api_function_arn}",
        "OnUnknown": "allow",
        "Mode": "shadow",
        "ExemptPipelines": "{}",
        "PlatformServices": "STS,CODEPIPELINE",
        "MaxAttempts": "2",
    }


def test_accounts_are_found_at_any_depth_and_their_tags_only_where_asked_for() -> None:
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = root
    for name in ("Workloads", "Prod"):
        unit = client.create_organizational_unit(ParentId=unit, Name=name)["OrganizationalUnit"]["Id"]
    tags = [{"Key": "tier", "Value": "1"}]
    ids = [
        client.create_account(AccountName=f"a{number}", Email=f"a{number}@example.com", Tags=tags)[
            "CreateAccountStatus"
        ]["AccountId"]
        for number in range(2)
    ]
    client.move_account(AccountId=ids[0], SourceParentId=root, DestinationParentId=unit)
    found = {each: member.account for each, member in read_organization(client).members.items()}
    assert set(found) == {*ids, ACCOUNT}
    assert (found[ids[0]].ou_path, found[ids[1]].ou_path) == ("Workloads/Prod", "")
    assert (found[ids[0]].ou_ids[0], found[ids[0]].ou_ids[-1], len(found[ids[0]].ou_ids)) == (root, unit, 3)
    assert found[ids[0]].tags is None
    assert read_organization(client, tags=True).members[ids[0]].account.tags == {"tier": "1"}


def test_ou_paths_become_ids() -> None:
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]

    def unit(parent: str, name: str) -> str:
        made = client.create_organizational_unit(ParentId=parent, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    workloads, platform = unit(root, "Workloads"), unit(root, "Platform")
    production = unit(workloads, "Prod")
    ids = {"": root, "Workloads": workloads, "Platform": platform, "Workloads/Prod": production}
    organization = read_organization(client)
    for paths, expected in (
        (["Workloads", ""], [""]),
        (["Workloads/Prod", "Platform"], ["Platform", "Workloads/Prod"]),
        (["Workloads/Prod", "Workloads", "Workloads"], ["Workloads"]),
    ):
        assert [unit.id for unit in topmost(map(organization.unit, paths))] == [ids[path] for path in expected]
    with pytest.raises(MismatchError, match=r"no OU 'Workloads/prod': below Workloads there is Prod\."):
        organization.unit("Workloads/prod")
    with pytest.raises(MismatchError, match=r"directly below the root there is Platform, Workloads\."):
        organization.unit("Sandbox/Prod")


@contextmanager
def answering(status: int, content_type: str, body: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A decision API that gives one answer; its URL and the bodies it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/lambda-url/{REGION}/abc/", received
        server.shutdown()


def test_a_policy_is_published_to_every_cell_or_said_where_not() -> None:
    with (
        answering(201, "application/json", {"policy_version": 7}) as (url, received),
        answering(409, "application/problem+json", {"detail": "Somebody was faster."}) as (busy, _),
    ):
        cell = CentralOutputs(REGION, url, "org-gate", "arn")
        assert publish_policy(Session(), [cell], POLICY, "first") == 7
        assert received[0]["note"] == "first"
        assert Policy.model_validate(received[0]["policy"]) == POLICY
        with pytest.raises(
            RolloutError, match=rf"not in force everywhere.*\n  {busy.rstrip('/')}: .*Somebody was faster"
        ):
            publish_policy(Session(), [cell, CentralOutputs(REGION, busy, "org-gate", "arn")], POLICY, "second")
