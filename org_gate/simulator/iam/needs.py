"""What a call needs: IAM actions, each on a resource. An operation's name is not always its action.

A service or an operation without an entry needs the action of its own name on ``*``: a policy that names a resource
then does not fit, which errs on the side of no.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from org_gate.simulator.base import Call
from org_gate.simulator.iam import arns
from org_gate.simulator.iam.stored import bucket_owner

ANY: Final = ("*",)


@dataclass(frozen=True, slots=True)
class Need:
    """``resources`` are the spellings of one resource's ARN; ``account`` is its owner's, None for the caller's."""

    action: str
    resources: tuple[str, ...] = ANY
    account: str | None = None
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)


_PREFIXES: Final = {
    "dynamodbstreams": "dynamodb",
    "stepfunctions": "states",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
}
_FREE: Final = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
_RENAMED: Final = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sqs", "SendMessageBatch"): "SendMessage",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sns", "PublishBatch"): "Publish",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "UploadPart"): "PutObject",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration",
    ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "DeleteBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetLifecycleConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutLifecycleConfiguration",
    ("s3", "DeleteBucketLifecycle"): "PutLifecycleConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "DeletePublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "DeleteBucketTagging"): "PutBucketTagging",
}


def needs(call: Call) -> tuple[Need, ...]:
    """All that have to be allowed for the call; none for the few calls that need no permission."""
    if (call.service, call.operation) in _FREE:
        return ()
    own = _OWN.get(call.service, _plain)
    return (*own(call), *_passed_roles(call))


def _action(call: Call) -> str:
    prefix = _PREFIXES.get(call.service, call.service)
    return f"{prefix}:{_RENAMED.get((call.service, call.operation), call.operation)}"


def _plain(call: Call) -> Iterator[Need]:
    find = arns.FINDERS.get(call.service)
    resources = (find(call) if find else ()) or ANY
    yield Need(_action(call), resources, arns.account_of(resources[0]), _keys(call))


_TRANSACTED: Final = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _dynamodb(call: Call) -> Iterator[Need]:
    """Transactions need the single items' actions; batches an action of their own on every table."""
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        pairs = [(kind, one["TableName"]) for item in call.params["TransactItems"] for kind, one in item.items() if one]
        for kind, table in dict.fromkeys(pairs):
            yield _on_table(call, f"dynamodb:{_TRANSACTED[kind]}", table)
    elif call.operation in ("BatchWriteItem", "BatchGetItem"):
        for table in call.params["RequestItems"]:
            yield _on_table(call, _action(call), table)
    else:
        yield from _plain(call)


def _on_table(call: Call, action: str, table: str) -> Need:
    arn = arns.table(call, table)
    return Need(action, (arn,), arns.account_of(arn))


def _s3(call: Call) -> Iterator[Need]:
    bucket = call.params.get("Bucket")
    if bucket is None:
        yield Need(_action(call))
        return
    names = [call.params.get("Key")]
    if call.operation == "DeleteObjects":
        names = [one["Key"] for one in call.params["Delete"]["Objects"]]
    for name in names:
        arn = f"arn:aws:s3:::{bucket}" + (f"/{name}" if name else "")
        yield Need(_action(call), (arn,), bucket_owner(bucket), _keys(call))
    source = call.params.get("CopySource")
    if source:
        path = str(source).partition("?")[0].lstrip("/")
        yield Need("s3:GetObject", (f"arn:aws:s3:::{path}",), bucket_owner(path.partition("/")[0]))


def _events(call: Call) -> Iterator[Need]:
    if call.operation != "PutEvents":
        yield from _plain(call)
        return
    buses = dict.fromkeys(entry.get("EventBusName") or "default" for entry in call.params["Entries"])
    for bus in buses:
        arn = arns.bus(call, bus)
        yield Need("events:PutEvents", (arn,), arns.account_of(arn))


_OWN: Final[Mapping[str, Callable[[Call], Iterator[Need]]]] = {"dynamodb": _dynamodb, "s3": _s3, "events": _events}

_PASSING: Final = {
    ("lambda", "CreateFunction"): ("Role", "lambda.amazonaws.com"),
    ("lambda", "UpdateFunctionConfiguration"): ("Role", "lambda.amazonaws.com"),
    ("cloudformation", "CreateStack"): ("RoleARN", "cloudformation.amazonaws.com"),
    ("cloudformation", "UpdateStack"): ("RoleARN", "cloudformation.amazonaws.com"),
    ("cloudformation", "CreateChangeSet"): ("RoleARN", "cloudformation.amazonaws.com"),
    ("events", "PutRule"): ("RoleArn", "events.amazonaws.com"),
}


def _passed_roles(call: Call) -> Iterator[Need]:
    """``iam:PassRole`` for a role that a call hands to a service."""
    name, service = _PASSING.get((call.service, call.operation), ("", ""))
    role = call.params.get(name)
    if call.service == "codepipeline" and call.operation in ("CreatePipeline", "UpdatePipeline"):
        role, service = call.params["pipeline"].get("roleArn"), "codepipeline.amazonaws.com"
    if role:
        yield Need("iam:PassRole", (role,), arns.account_of(role), {"iam:PassedToService": [service]})


_PARAMETER_KEYS: Final = {
    ("cloudwatch", "Namespace"): "cloudwatch:namespace",
    ("organizations", "ServicePrincipal"): "organizations:ServicePrincipal",
    ("s3", "Prefix"): "s3:prefix",
    ("sns", "Endpoint"): "sns:Endpoint",
    ("sns", "Protocol"): "sns:Protocol",
    ("sts", "ExternalId"): "sts:ExternalId",
    ("sts", "RoleSessionName"): "sts:RoleSessionName",
}


def _keys(call: Call) -> dict[str, Sequence[str]]:
    """The condition keys that come from parameters."""
    return {
        key: [str(call.params[name])]
        for (service, name), key in _PARAMETER_KEYS.items()
        if service == call.service and isinstance(call.params.get(name), str)
    }
