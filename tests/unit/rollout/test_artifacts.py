"""The bucket of a cell: real S3 calls against moto."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from org_gate.inventory.errors import MismatchError
from org_gate.rollout.artifacts import upload, upload_template
from org_gate.rollout.build import central_artifact
from org_gate.rollout.files import cache_folder
from org_gate.rollout.lambda_platform import this_machine
from tests.unit.rollout.stubs import stubbed

ACCOUNT = "123456789012"  # whose moto takes every caller for
REGION = "eu-west-1"
BUCKET = f"org-gate-artifacts-{ACCOUNT}-{REGION}"


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


def test_the_code_lies_in_a_closed_bucket() -> None:
    artifact = central_artifact(this_machine(), cache_folder())
    s3 = boto3.client("s3", region_name=REGION)
    assert upload(s3, artifact, account=ACCOUNT, region=REGION) == (BUCKET, artifact.name)
    assert s3.get_object(Bucket=BUCKET, Key=artifact.name)["Body"].read() == artifact.path.read_bytes()
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]


def test_a_large_template_lies_beside_it_by_its_content() -> None:
    s3 = boto3.client("s3", region_name=REGION)
    upload(s3, central_artifact(this_machine(), cache_folder()), account=ACCOUNT, region=REGION)
    url = upload_template(s3, "{}", account=ACCOUNT, region=REGION)
    host, _, key = url.removeprefix("https://").partition("/")
    assert host == f"{BUCKET}.s3.{REGION}.amazonaws.com"
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"{}"
    assert upload_template(s3, "{ }", account=ACCOUNT, region=REGION) != url


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
