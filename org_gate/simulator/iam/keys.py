"""What a call needs besides, where its table, topic or queue is encrypted with a key of the customer's.

DynamoDB, SNS and SQS use the key in the caller's name, so its own policies have to allow that, as the key's has to.
Nothing is asked for AWS's keys: their policies let in whoever may use the service.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.iam.arns import account_of
from org_gate.simulator.iam.needs import Need

_READ: Final = ("kms:Decrypt",)
_WRITE: Final = ("kms:GenerateDataKey", "kms:Decrypt")
_USES: Final[Mapping[str, tuple[str, ...]]] = {
    "sns:Publish": _WRITE,
    "sqs:SendMessage": _WRITE,
    "sqs:ReceiveMessage": _READ,
    **{
        f"dynamodb:{action}": _READ
        for action in ("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem")
    },
    **{f"dynamodb:{action}": _READ for action in ("Query", "Scan", "UpdateItem")},
}


def key_needs(need: Need) -> Iterator[Need]:
    """The uses of a customer's key that come with one action on one resource; mostly none."""
    actions = _USES.get(need.action, ())
    parts = need.resources[0].split(":")
    if not actions or len(parts) < 6:  # noqa: PLR2004  an ARN's six parts
        return
    service, region, account = parts[2:5]
    key = _customer_key(_key_of(service, region, account, parts[5]), region, account)
    if key is not None:
        for action in actions:
            yield Need(action, (key,), account_of(key), {"kms:ViaService": [f"{service}.{region}.amazonaws.com"]})


def _key_of(service: str, region: str, account: str, name: str) -> str | None:
    found: Any
    if service == "dynamodb":
        found = dynamodb_backends[account][region].tables.get(name.split("/")[1])
        return None if found is None else (found.sse_specification or {}).get("KMSMasterKeyId")
    if service == "sns":
        found = sns_backends[account][region].topics.get(f"arn:aws:sns:{region}:{account}:{name}")
    else:
        found = sqs_backends[account][region].queues.get(name)
    return None if found is None else found.kms_master_key_id


def _customer_key(given: str | None, region: str, account: str) -> str | None:
    """The key's ARN; None for one of AWS's, which an alias tells."""
    if not given or "alias/aws/" in given:
        return None
    name = given.rpartition("/")[2]
    aliases = kms_backends[account][region].list_aliases(name)
    if any(alias.alias_name.startswith("alias/aws/") for alias in aliases):
        return None
    return given if given.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{name}"
