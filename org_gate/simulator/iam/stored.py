"""Where moto keeps policies: of users and roles, of sessions, and of resources. Reads only."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends

from org_gate.simulator.base import Caller
from org_gate.simulator.iam.documents import Statement, UnsupportedPolicyError, statements

_LAMBDA_KEYS: Final = {
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}
"""Properties of a permission that AWS makes conditions of and moto leaves as they are."""
_ALL: Final = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


def identity_statements(caller: Caller) -> tuple[Statement, ...]:
    """Of all policies, inline and attached, of a user (and its groups), or of a session's role."""
    backend = iam_backends[caller.account]["aws"]
    if caller.role_arn is not None:
        role = _role(caller.role_arn)
        return () if role is None else tuple(_of(role))
    if caller.user_name is None:
        return statements(_ALL, "the account's root user")
    groups = backend.get_groups_for_user(caller.user_name)
    return tuple(one for owner in (backend.get_user(caller.user_name), *groups) for one in _of(owner))


def boundary_statements(caller: Caller) -> tuple[Statement, ...] | None:
    """Of the permissions boundary of a session's role, or of a user; None where it has none."""
    backend = iam_backends[caller.account]["aws"]
    user = None if caller.user_name is None else backend.get_user(caller.user_name)
    owner = user if caller.role_arn is None else _role(caller.role_arn)
    arn = getattr(owner, "permissions_boundary_arn", None)
    if not arn:
        return None
    if arn not in backend.managed_policies:
        raise UnsupportedPolicyError(f"the simulator does not know {arn}, the permissions boundary of {caller.arn}")
    return statements(_current(backend.managed_policies[arn]), f"permissions boundary {arn}")


def session_statements(caller: Caller) -> tuple[Statement, ...] | None:
    """Of the policy that an AssumeRole passed; None where it passed none."""
    if caller.role_arn is None:
        return None
    session = sts_backends[caller.account]["aws"].get_assumed_role_from_access_key(caller.access_key_id)
    policy = None if session is None else session.policy
    return statements(policy, f"the session policy of {caller.arn}") if policy else None


def resource_statements(arn: str) -> tuple[Statement, ...] | None:
    """Of the policy of a function, queue, topic, event bus, bucket, object, key or role; None where it has none."""
    parts = (*arn.split(":", 5), "", "", "", "", "", "")[:6]
    find = _FINDERS.get(parts[2])
    document = None if find is None else find(parts[4], parts[3], parts[5])
    return statements(document, f"the resource policy of {arn}") if document else None


def bucket_owner(bucket: str) -> str | None:
    """The account of a bucket: its ARN does not tell."""
    found = s3_backends.bucket_accounts.get(bucket)
    return None if found is None else str(found[1])


def role_arn(account: str, name: str) -> str:
    """With its path, where the role is there."""
    roles = iam_backends[account]["aws"].roles.values()
    found = next((role.arn for role in roles if role.name == name), None)
    return str(found or f"arn:aws:iam::{account}:role/{name}")


def _of(owner: Any) -> Iterator[Statement]:
    for name, document in owner.policies.items():
        yield from statements(document, f"inline policy {name} of {owner.arn}")
    for policy in owner.managed_policies.values():
        yield from statements(_current(policy), f"managed policy {policy.arn}")


def _current(policy: Any) -> Any:
    return next(version.document for version in policy.versions if version.is_default)


def _role(arn: str) -> Any:
    account = arn.split(":")[4]
    return next((role for role in iam_backends[account]["aws"].roles.values() if role.arn == arn), None)


def _trust(account: str, _region: str, name: str) -> Any:
    role = _role(f"arn:aws:iam::{account}:{name}")
    return None if role is None else role.assume_role_policy_document


def _function(account: str, region: str, name: str) -> Mapping[str, Any] | None:
    function_name = name.split(":")[1]
    for function in lambda_backends[account][region].list_functions():
        if function.function_name == function_name:
            found = [_permission(one) for one in function.policy.statements]
            return {"Statement": found} if found else None
    return None


def _permission(raw: Mapping[str, Any]) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {name: dict(keys) for name, keys in raw.get("Condition", {}).items()}
    for name, (operator, key) in _LAMBDA_KEYS.items():
        if name in raw:
            conditions.setdefault(operator, {})[key] = raw[name]
    kept = ("Sid", "Effect", "Principal", "Action", "Resource")
    return {name: raw[name] for name in kept if name in raw} | {"Condition": conditions}


def _queue(account: str, region: str, name: str) -> Any:
    queue = sqs_backends[account][region].queues.get(name)
    return None if queue is None else queue.policy


def _topic(account: str, region: str, name: str) -> Any:
    topic = sns_backends[account][region].topics.get(f"arn:aws:sns:{region}:{account}:{name}")
    return None if topic is None else topic.policy


def _bus(account: str, region: str, name: str) -> Any:
    bus = events_backends[account][region].event_buses.get(name.removeprefix("event-bus/"))
    return None if bus is None else bus.policy


def _bucket(_account: str, _region: str, name: str) -> Any:
    bucket = name.partition("/")[0]
    owner = bucket_owner(bucket)
    policy = None if owner is None else s3_backends[owner]["aws"].buckets[bucket].policy
    return policy.decode() if isinstance(policy, bytes) else policy


def _key(account: str, region: str, name: str) -> Any:
    key = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    return None if key is None else key.policy


_FINDERS: Final[Mapping[str, Callable[[str, str, str], Any]]] = {
    "lambda": _function,
    "sqs": _queue,
    "sns": _topic,
    "events": _bus,
    "s3": _bucket,
    "iam": _trust,
    "kms": _key,
}
