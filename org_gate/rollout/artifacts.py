"""The bucket of a cell that holds the functions' code, and the way of a zip or a large template into it.

The bucket's name can be guessed, so every call names the owner it must have.
"""

import hashlib
from typing import Any

from botocore.exceptions import ClientError

from org_gate.inventory.errors import MismatchError, asking_aws
from org_gate.rollout.build import Artifact


def bucket_name(account: str, region: str) -> str:
    return f"org-gate-artifacts-{account}-{region}"


def reports_bucket_name(account: str, region: str) -> str:
    """Of the bucket that the cell's stack makes for its reporter."""
    return f"org-gate-reports-{account}-{region}"


def upload(s3: Any, artifact: Artifact, *, account: str, region: str) -> tuple[str, str]:
    """Bucket and key of the artifact in the cell's bucket, which is made where it is missing."""
    bucket = bucket_name(account, region)
    owned = {"Bucket": bucket, "ExpectedBucketOwner": account}
    with asking_aws(f"prepare the bucket {bucket}"):
        if not _exists(s3.head_bucket, **owned):
            _create(s3, bucket, region)
        _secure(s3, owned)
    with asking_aws(f"upload the functions' code to {bucket}"):
        if not _exists(s3.head_object, **owned, Key=artifact.name):
            s3.put_object(**owned, Key=artifact.name, Body=artifact.path.read_bytes())
    return bucket, artifact.name


def upload_template(s3: Any, template: str, *, account: str, region: str) -> str:
    """The URL of a template that is too large for a request, in the cell's bucket (which is there already)."""
    body = template.encode()
    bucket, key = bucket_name(account, region), f"{hashlib.sha256(body).hexdigest()}.template.yaml"
    with asking_aws(f"upload a template to {bucket}"):
        s3.put_object(Bucket=bucket, ExpectedBucketOwner=account, Key=key, Body=body)
    return f"https://{bucket}.s3.{region}.amazonaws.com/{key}"


def _create(s3: Any, bucket: str, region: str) -> None:
    # us-east-1 is the one Region that S3 does not let us name.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **place)


def _secure(s3: Any, owned: dict[str, str]) -> None:
    """Each time, not only at creation: a run that was cut short is mended by the next."""
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(**owned, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(**owned, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(**owned, VersioningConfiguration={"Status": "Enabled"})


def _exists(head: Any, **names: str) -> bool:
    try:
        head(**names)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:  # noqa: PLR2004  HTTP's own number
            return False
        if status == 403:  # noqa: PLR2004  likewise
            msg = (
                f"The bucket {names['Bucket']} is not of account {names['ExpectedBucketOwner']}, or these credentials "
                "may not read it. Nothing was deployed. Give them s3:ListBucket and s3:GetObject, or look whose it is."
            )
            raise MismatchError(msg) from error
        raise
    return True
