"""Whether a resource lets an AWS service in: by the statements of its own policy.

Only Allow statements that name the service, the action and, where they have the condition, the source; what else a
policy may say is the IAM evaluator's, for calls that people and functions make.
"""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any


def lets_in(statements: Iterable[Mapping[str, Any]], service: str, action: str, source_arn: str) -> bool:
    """``service`` is a principal such as ``events.amazonaws.com``, ``action`` such as ``lambda:InvokeFunction``."""
    return any(
        statement.get("Effect", "Allow") == "Allow"
        and _names_service(statement.get("Principal"), service)
        and _names_action(statement.get("Action"), action)
        and _source_fits(statement.get("Condition") or {}, source_arn)
        for statement in statements
    )


def lets_account_in(statements: Iterable[Mapping[str, Any]], account: str) -> bool:
    """For event buses: whether an account may put events. A condition counts as met."""
    return any(_names_account(statement.get("Principal"), account) for statement in statements)


def statements_of(policy: str | None) -> list[dict[str, Any]]:
    """The statements of a policy document; none where there is no policy."""
    if not policy:
        return []
    statements = json.loads(policy).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _names_service(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    return isinstance(principal, Mapping) and (
        service in _listed(principal.get("Service")) or "*" in _listed(principal.get("AWS"))
    )


def _names_account(principal: Any, account: str) -> bool:
    if principal == "*":
        return True
    named = _listed(principal.get("AWS")) if isinstance(principal, Mapping) else []
    return any(name in {"*", account} or f"::{account}:" in name for name in named)


def _names_action(actions: Any, action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(actions))


def _source_fits(condition: Mapping[str, Any], source_arn: str) -> bool:
    account = source_arn.split(":")[4]
    for operator, pairs in condition.items():
        for key, wanted in pairs.items():
            actual = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}.get(key.lower())
            if actual is None or not any(_fits(operator, actual, pattern) for pattern in _listed(wanted)):
                return False
    return True


def _fits(operator: str, actual: str, pattern: str) -> bool:
    return fnmatchcase(actual, pattern) if operator.endswith("Like") or operator == "ArnEquals" else actual == pattern


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
