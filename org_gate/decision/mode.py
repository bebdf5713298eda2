"""What the mode makes of a verdict (D12)."""

from org_gate.model.decision import Mode, Verdict
from org_gate.policy.model import Policy


def mode_of(policy: Policy) -> Mode:
    """The mode of every target, and so of the decision."""
    return policy.mode


def counted(verdict: Verdict, mode: Mode) -> Verdict:
    """A reason's verdict as it counts: at most ``warn`` unless the mode is ``enforce``."""
    if mode is not Mode.ENFORCE and verdict is Verdict.BLOCK:
        return Verdict.WARN
    return verdict
