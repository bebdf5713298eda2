"""Resource ARNs of calls, for the services that the templates' policies name resources of.

Each finder gives the spellings of the one resource that a call is about; nothing where it is about none.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from org_gate.simulator.base import Call
from org_gate.simulator.iam.stored import role_arn

_ACCOUNT: Final = re.compile(r"[0-9]{12}")


def account_of(arn: str) -> str | None:
    """The account in an ARN; None where it has none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 5 and _ACCOUNT.fullmatch(parts[4]) else None  # noqa: PLR2004  an ARN's six parts


def table(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else _arn(call, "dynamodb", f"table/{name}")


def bus(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else _arn(call, "events", f"event-bus/{name}")


def _arn(call: Call, service: str, resource: str, account: str | None = None, region: str | None = None) -> str:
    where = call.region if region is None else region
    return f"arn:aws:{service}:{where}:{account or call.caller.account}:{resource}"


def _dynamodb(call: Call) -> tuple[str, ...]:
    name = call.params.get("TableName") or call.params.get("ResourceArn")
    if not name:
        return ()
    arn = table(call, name)
    index = call.params.get("IndexName")
    return (f"{arn}/index/{index}",) if index else (arn,)


def _lambda(call: Call) -> tuple[str, ...]:
    name = call.params.get("FunctionName") or call.params.get("Resource")
    if not name:
        uuid = call.params.get("UUID")
        return (_arn(call, "lambda", f"event-source-mapping:{uuid}"),) if uuid else ()
    qualifier = call.params.get("Qualifier")
    arn = name if name.startswith("arn:") else _arn(call, "lambda", f"function:{_bare_function(name)}", _owner(name))
    return (f"{arn}:{qualifier}",) if qualifier else (arn,)


def _bare_function(name: str) -> str:
    """``NAME``, ``NAME:QUALIFIER`` or ``ACCOUNT:function:NAME``."""
    return name.partition(":function:")[2] or name


def _owner(name: str) -> str | None:
    account = name.partition(":function:")[0]
    return account if _ACCOUNT.fullmatch(account) else None


def _sqs(call: Call) -> tuple[str, ...]:
    url = call.params.get("QueueUrl")
    if url:
        parts = urlsplit(url).path.strip("/").split("/")
        account = parts[0] if len(parts) > 1 and _ACCOUNT.fullmatch(parts[0]) else None
        return (_arn(call, "sqs", parts[-1], account),)
    name = call.params.get("QueueName")
    return (_arn(call, "sqs", name, call.params.get("QueueOwnerAWSAccountId")),) if name else ()


def _sns(call: Call) -> tuple[str, ...]:
    arn = call.params.get("TopicArn") or call.params.get("TargetArn") or call.params.get("ResourceArn")
    if arn:
        return (arn,)
    subscription = call.params.get("SubscriptionArn")
    if subscription:
        return (str(subscription).rpartition(":")[0],)
    return (_arn(call, "sns", call.params["Name"]),) if call.params.get("Name") else ()


def _events(call: Call) -> tuple[str, ...]:
    given = str(call.params.get("EventBusName") or "default").rpartition("/")[2]
    rule = call.params.get("Rule") or (call.params.get("Name") if "Rule" in call.operation else None)
    if rule:
        return (_arn(call, "events", f"rule/{rule}" if given == "default" else f"rule/{given}/{rule}"),)
    name = call.params.get("EventBusName") or call.params.get("Name")
    return (bus(call, str(name)),) if name else ()


def _cloudformation(call: Call) -> tuple[str, ...]:
    stack_set = call.params.get("StackSetName")
    if stack_set:
        bare = str(stack_set).partition(":")[0]
        return (_arn(call, "cloudformation", f"stackset/{bare}:*"),)
    name = call.params.get("StackName")
    if not name:
        return ()
    return (name,) if str(name).startswith("arn:") else (_arn(call, "cloudformation", f"stack/{name}/*"),)


def _codepipeline(call: Call) -> tuple[str, ...]:
    pipeline = call.params.get("pipeline") or {}
    name: Any = call.params.get("pipelineName") or call.params.get("name") or pipeline.get("name")
    if not name:
        return ()
    stage, action = call.params.get("stageName"), call.params.get("actionName")
    return (_arn(call, "codepipeline", "/".join(part for part in (name, stage, action) if part)),)


def _logs(call: Call) -> tuple[str, ...]:
    name = call.params.get("logGroupName")
    if not name:
        return ()
    group = _arn(call, "logs", f"log-group:{name}")
    stream = call.params.get("logStreamName")
    return (f"{group}:log-stream:{stream}",) if stream else (f"{group}:log-stream:", group)


def _iam(call: Call) -> tuple[str, ...]:
    params = call.params
    if params.get("PolicySourceArn"):
        return (params["PolicySourceArn"],)
    if params.get("PolicyArn") and not params.get("RoleName"):
        return (params["PolicyArn"],)
    if params.get("RoleName"):
        return (role_arn(call.caller.account, params["RoleName"]),)
    for name, kind in (("UserName", "user"), ("GroupName", "group"), ("PolicyName", "policy")):
        if params.get(name):
            return (_arn(call, "iam", f"{kind}/{params[name]}", region=""),)
    return ()


def _sts(call: Call) -> tuple[str, ...]:
    return (call.params["RoleArn"],) if call.params.get("RoleArn") else ()


def _ssm(call: Call) -> tuple[str, ...]:
    name = call.params.get("Name") or call.params.get("Path")
    return (_arn(call, "ssm", f"parameter/{str(name).lstrip('/')}"),) if name else ()


def _cloudwatch(call: Call) -> tuple[str, ...]:
    name = call.params.get("AlarmName")
    return (_arn(call, "cloudwatch", f"alarm:{name}"),) if name else ()


FINDERS: Final[Mapping[str, Callable[[Call], tuple[Any, ...]]]] = {
    "cloudformation": _cloudformation,
    "cloudwatch": _cloudwatch,
    "codepipeline": _codepipeline,
    "dynamodb": _dynamodb,
    "events": _events,
    "iam": _iam,
    "lambda": _lambda,
    "logs": _logs,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
}
