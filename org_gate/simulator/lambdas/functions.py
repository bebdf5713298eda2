"""A deployed function as moto's registry has it, frozen at the moment of an invocation.

Reads moto; changes nothing. The key says when a running instance is still the deployed function: any change of
code, environment, timeout, role or handler is a new instance, as in Lambda.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

LAMBDA: Final = "lambda.amazonaws.com"
_SESSION_SECONDS: Final = 43_200

InstanceKey = tuple[str, str, str, int, int, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """What is needed to run it. ``timeout`` is in seconds, ``memory`` in MB, ``code`` the zip."""

    account: str
    region: str
    name: str
    handler: str
    role: str
    timeout: int
    memory: int
    environment: Mapping[str, str]
    code_sha: str
    code: bytes = field(repr=False)

    @property
    def arn(self) -> str:
        partition = get_partition(self.region)
        return f"arn:{partition}:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def key(self) -> InstanceKey:
        environment = tuple(sorted(self.environment.items()))
        return (self.arn, self.code_sha, self.handler, self.timeout, self.memory, self.role, environment)


class RoleNotUsableError(Exception):
    """Lambda cannot assume the function's role: it is gone, or does not trust Lambda."""


def deployed_function(account: str, region: str, name: str) -> DeployedFunction:
    """The function by name or ARN. Raises KeyError where there is none."""
    try:
        found = lambda_backends[account][region].get_function(name)
    except UnknownFunctionException as error:
        raise KeyError(f"no function {name} in account {account}, Region {region}") from error
    return DeployedFunction(
        account=found.account_id,
        region=found.region,
        name=found.function_name,
        handler=found.handler,
        role=found.role,
        timeout=int(found.timeout),
        memory=int(found.memory_size),
        environment={key: str(value) for key, value in found.environment_vars.items()},
        code_sha=found.code_sha_256,
        code=found.code_bytes,
    )


def role_credentials(function: DeployedFunction) -> dict[str, str]:
    """The environment variables of a session of the function's role. Raises RoleNotUsableError."""
    _check_trust(function)
    backend = sts_backends[function.account][get_partition(function.region)]
    session = backend.assume_role(
        region_name=function.region,
        role_session_name=function.name,
        role_arn=function.role,
        policy=None,
        duration=_SESSION_SECONDS,
        external_id=None,
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


def _check_trust(function: DeployedFunction) -> None:
    name = function.role.rsplit("/", 1)[-1]
    try:
        role = iam_backends[function.account][get_partition(function.region)].get_role(name)
    except NotFoundException as error:
        raise RoleNotUsableError(f"{function.name}'s role {function.role} does not exist") from error
    statements = _listed(_document(role.assume_role_policy_document).get("Statement"))
    if not any(_trusts_lambda(statement) for statement in statements):
        raise RoleNotUsableError(f"{function.name}'s role {function.role} does not trust {LAMBDA} (sts:AssumeRole)")


def _trusts_lambda(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    return (
        statement.get("Effect") == "Allow" and LAMBDA in services and "sts:AssumeRole" in _listed(statement["Action"])
    )


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text if text.lstrip().startswith("{") else unquote(text))
    return document


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
