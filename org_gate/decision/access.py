"""About whose accounts a caller may ask (A3, A4, ``delegates``)."""

from org_gate.decision.fit import Fit
from org_gate.decision.question import resolve
from org_gate.decision.targets import target_fits
from org_gate.model.event import Knowledge
from org_gate.model.request import Request, Target
from org_gate.policy.model import Policy
from org_gate.policy.services import ServiceNames


def refused_targets(
    request: Request, knowledge: Knowledge, policy: Policy, *, central_account: str
) -> tuple[Target, ...]:
    """The targets the caller may not ask about, as they were given.

    Its own account and the central account's questions need no leave. What is not known counts as not fitting (D7).
    """
    if request.caller == central_account:
        return ()
    names = ServiceNames(policy.service_aliases)
    grants = [entry.may_ask_for for entry in policy.delegates if entry.account == request.caller]

    def may_ask(target: Target) -> bool:
        resolved = resolve(target, names)
        answers = (target_fits(grant, resolved, request.pipeline, knowledge.accounts, names) for grant in grants)
        return target.account == request.caller or any(answer.fit is Fit.YES for answer in answers)

    return tuple(target for target in request.targets if not may_ask(target))
