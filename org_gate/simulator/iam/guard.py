"""The way into the evaluator: may this caller make this call, may this service do this to that resource.

Every answer is entered in the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from org_gate.simulator.base import Call, Caller, SimClock
from org_gate.simulator.iam import stored
from org_gate.simulator.iam.arns import account_of
from org_gate.simulator.iam.context import Context
from org_gate.simulator.iam.documents import Statement
from org_gate.simulator.iam.evaluate import Principal, Question, Ruling, Service, rule
from org_gate.simulator.iam.keys import key_needs
from org_gate.simulator.iam.ledger import Ledger, Use
from org_gate.simulator.iam.needs import Need, needs
from org_gate.simulator.organization import Organization

_URL_KEYS: Final = {"lambda:FunctionUrlAuthType": ["AWS_IAM"], "lambda:InvokedViaFunctionUrl": ["true"]}
_URL_ACTIONS: Final = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
"""A Function URL needs both (facts of October 2025)."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Who may not do what; ``message`` is as AWS words it."""

    message: str


class Guard:
    """Judges calls by the policies in moto. Raises UnsupportedPolicyError where one goes beyond the evaluator."""

    def __init__(self, clock: SimClock, organization: Organization, ledger: Ledger) -> None:
        self._clock = clock
        self._organization = organization
        self.ledger = ledger

    def judge(self, call: Call) -> Denial | None:
        """None where all that the call needs is allowed."""
        for need in (each for own in needs(call) for each in (own, *key_needs(own))):
            denial = self._ask(call.caller, need, call.region)
            if denial is not None:
                return denial
        return None

    def judge_url(self, caller: Caller, region: str, function_arn: str) -> Denial | None:
        """For a call of a Function URL with AWS_IAM."""
        for action in _URL_ACTIONS:
            keys = {**_URL_KEYS, "lambda:FunctionArn": [function_arn]}
            denial = self._ask(caller, Need(action, (function_arn,), account_of(function_arn), keys), region)
            if denial is not None:
                return denial
        return None

    def allows_service(
        self,
        service_principal: str,
        action: str,
        resource: str,
        *,
        source_arn: str | None = None,
        source_account: str | None = None,
    ) -> bool:
        """Whether a resource's policy lets a service in, such as ``events.amazonaws.com`` to a function or a queue.

        For ``sts:AssumeRole`` on a role: whether the service may take it on.
        """
        sources = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account}
        keys = {name: [value] for name, value in sources.items() if value is not None}
        need = Need(action, (resource,), account_of(resource), keys)
        return self._ask(Service(service_principal), need, (*resource.split(":"), "", "", "", "")[3]) is None

    def allows_account(self, account: str, action: str, resource: str) -> bool:
        """Whether a resource lets an account in whose own policies have nothing against it; its own always."""
        root = Caller(account, f"arn:aws:iam::{account}:root", "", account)
        return self._ask(root, Need(action, (resource,), account_of(resource)), resource.split(":")[3]) is None

    def allows_role(self, role_arn: str, action: str, resource: str, *, region: str, session: str) -> bool:
        """Whether a role may, as a service that took it on asks (Lambda polls a queue as the function's role)."""
        account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
        caller = Caller(account, arn, "", f"{name}:{session}", role_arn=role_arn)
        return self._ask(caller, Need(action, (resource,), account_of(resource)), region) is None

    def simulate(self, caller: Caller, need: Need, region: str) -> Ruling:
        """What the caller's own policies say, and no others; it is not entered in the ledger.

        Raises ValueError for a condition key that the evaluator does not know.
        """
        question = Question(
            principal=caller,
            action=need.action,
            resources=need.resources,
            resource_account=caller.account,
            context=self._context(caller, region, caller.account, need.keys),
            identity=stored.identity_statements(caller),
            boundary=stored.boundary_statements(caller),
        )
        return rule(question)

    def _ask(self, principal: Principal, need: Need, region: str) -> Denial | None:
        owner = need.account or (principal.account if isinstance(principal, Caller) else "")
        question = Question(
            principal=principal,
            action=need.action,
            resources=need.resources,
            resource_account=owner,
            context=self._context(principal, region, owner, need.keys),
            identity=stored.identity_statements(principal) if isinstance(principal, Caller) else (),
            boundary=stored.boundary_statements(principal) if isinstance(principal, Caller) else None,
            session=stored.session_statements(principal) if isinstance(principal, Caller) else None,
            resource_policy=_resource_policy(need),
            must_trust=need.action.startswith("sts:AssumeRole") or need.resources[0].startswith("arn:aws:kms:"),
        )
        ruling = rule(question)
        self._enter(principal, need, ruling)
        if ruling.allowed:
            return None
        who = principal.arn if isinstance(principal, Caller) else principal.principal
        on = f" on resource: {need.resources[0]}"
        return Denial(f"User: {who} is not authorized to perform: {need.action}{on} {ruling.why}")

    def _context(self, principal: Principal, region: str, owner: str, keys: Mapping[str, Sequence[str]]) -> Context:
        now = self._clock.now()
        common = {
            "aws:CurrentTime": [now.strftime("%Y-%m-%dT%H:%M:%SZ")],
            "aws:EpochTime": [str(int(now.timestamp()))],
            "aws:RequestedRegion": [region],
            "aws:SecureTransport": ["true"],  # what AWS would see; here it is http on this machine
            "aws:ResourceAccount": [owner] if owner else [],
            "aws:ResourceOrgID": [self._organization.id] if self._organization.is_member(owner) else [],
        }
        who = self._caller_keys(principal) if isinstance(principal, Caller) else _service_keys(principal)
        return Context({}).plus({**common, **who, **keys})

    def _caller_keys(self, caller: Caller) -> dict[str, Sequence[str]]:
        path = self._organization.path_of(caller.account)
        return {
            "aws:PrincipalAccount": [caller.account],
            "aws:PrincipalArn": [caller.role_arn or caller.arn],
            "aws:PrincipalIsAWSService": ["false"],
            "aws:PrincipalOrgID": [] if path is None else [self._organization.id],
            "aws:PrincipalOrgPaths": [] if path is None else [path],
            "aws:PrincipalType": ["AssumedRole" if caller.role_arn else "User"],
            "aws:userid": [caller.user_id],
            "aws:username": [caller.user_name] if caller.user_name else [],
            "aws:ViaAWSService": ["false"],
        }

    def _enter(self, principal: Principal, need: Need, ruling: Ruling) -> None:
        who = (principal.role_arn or principal.arn) if isinstance(principal, Caller) else principal.principal
        places = [(one.policy, one.label) for one in ruling.statements] or [("", "")]
        for policy, label in places:
            self.ledger.add(Use(who, policy, label, need.action, need.resources[0], ruling.allowed))


def _service_keys(service: Service) -> dict[str, Sequence[str]]:
    return {"aws:PrincipalIsAWSService": ["true"], "aws:PrincipalServiceName": [service.principal]}


def _resource_policy(need: Need) -> tuple[Statement, ...] | None:
    if need.action == "iam:PassRole":
        return None  # a trust policy says who takes a role on, not who passes it
    if need.resources[0].startswith("arn:aws:iam:") and not need.action.startswith("sts:"):
        return None
    return stored.resource_statements(need.resources[0])
