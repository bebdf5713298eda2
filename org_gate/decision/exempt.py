"""Which requests are always allowed, whatever stands against them (D11)."""

from org_gate.decision.fit import Fit
from org_gate.decision.question import Question


def is_exempt(question: Question) -> bool:
    """Each given target (not D2's) surely fits one of ``exempt``; what is not known counts as not fitting (D7)."""
    filters = question.policy.exempt
    given = question.targets[: len(question.request.targets)]
    return all(any(question.fits(one, target).fit is Fit.YES for one in filters) for target in given)
