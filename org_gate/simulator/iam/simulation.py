"""IAM's policy simulation (``base.OwnService``): what a user's or role's own policies say, without doing anything.

As in AWS, resource policies have no say in it unless they are passed, which is not simulated.
"""

from collections.abc import Mapping
from typing import Any, Final

from moto.iam.models import iam_backends

from org_gate.simulator.base import AwsError, Call, Caller
from org_gate.simulator.iam.evaluate import Ruling
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.iam.needs import Need

_NOT_SIMULATED: Final = (
    "CallerArn",
    "PermissionsBoundaryPolicyInputList",
    "PolicyExclusionList",
    "PolicyInputList",
    "ResourceHandlingOption",
    "ResourceOwner",
    "ResourcePolicy",
)
_PAGE: Final = 100


class PolicySimulation:
    """Answers by the evaluator that judges the calls themselves."""

    operations = frozenset({"SimulatePrincipalPolicy"})

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation. Raises AwsError."""
        params = call.params
        beyond = [name for name in _NOT_SIMULATED if params.get(name)]
        if beyond:
            raise AwsError("NotSimulated", f"The simulator does not have {', '.join(beyond)} here.", 501)
        caller = _source(call.caller.account, params["PolicySourceArn"])
        pairs = [
            (action, resource) for action in params["ActionNames"] for resource in params.get("ResourceArns") or ["*"]
        ]
        start, size = int(params.get("Marker") or 0), int(params.get("MaxItems") or _PAGE)
        results = [self._result(caller, call, *pair) for pair in pairs[start : start + size]]
        if start + size < len(pairs):
            return {"EvaluationResults": results, "IsTruncated": True, "Marker": str(start + size)}
        return {"EvaluationResults": results, "IsTruncated": False}

    def _result(self, caller: Caller, call: Call, action: str, resource: str) -> dict[str, Any]:
        need = Need(action, (resource,), None, _context_keys(call.params))
        try:
            ruling = self._guard.simulate(caller, need, call.region)
        except ValueError as error:
            raise AwsError("NotSimulated", f"The simulator's evaluator: {error}", 501) from error
        matched = [{"SourcePolicyId": one.policy, "SourcePolicyType": "IAM Policy"} for one in ruling.statements]
        return {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _decision(ruling),
            "MatchedStatements": matched,
            "MissingContextValues": [],
        }


def _decision(ruling: Ruling) -> str:
    if ruling.allowed:
        return "allowed"
    return "explicitDeny" if ruling.statements else "implicitDeny"


def _context_keys(params: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        entry["ContextKeyName"]: [str(value) for value in entry.get("ContextKeyValues") or []]
        for entry in params.get("ContextEntries") or []
    }


def _source(account: str, arn: str) -> Caller:
    """The user or role, as if it called. Raises AwsError where the account has no such."""
    backend = iam_backends[account]["aws"]
    user = next((one for one in backend.users.values() if one.arn == arn), None)
    if user is not None:
        return Caller(account, arn, "", str(user.id), user_name=str(user.name))
    role = next((one for one in backend.roles.values() if one.arn == arn), None)
    if role is not None:
        session = f"arn:aws:sts::{account}:assumed-role/{role.name}/simulated"
        return Caller(account, session, "", f"{role.id}:simulated", role_arn=arn)
    raise AwsError("NoSuchEntity", f"The user or role {arn} is not in account {account}", 404)
