"""Who may do what at the decision API (A3): the central account all, an account its own and what it was given.

Raises problems that say what to do instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from org_gate.central.problems import Forbidden
from org_gate.decision.access import refused_targets
from org_gate.model.event import Knowledge
from org_gate.model.request import Request
from org_gate.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Rights:
    """Callers are verified account ids."""

    central_account: str

    def is_central(self, caller: str) -> bool:
        return caller == self.central_account

    def check_central(self, caller: str, what: str) -> None:
        """Raises Forbidden but for the central account."""
        if not self.is_central(caller):
            message = f"Account {caller} may not {what}: only the central account may. Use its credentials."
            raise Forbidden(message)

    def check_access(self, request: Request, knowledge: Knowledge, policy: Policy) -> None:
        """Raises Forbidden where a target is not the caller's to ask about; it names the entry to add."""
        refused = refused_targets(request, knowledge, policy, central_account=self.central_account)
        if refused:
            raise Forbidden(_missing_entry(request.caller, sorted({target.account for target in refused})))


def _missing_entry(caller: str, accounts: Sequence[str]) -> str:
    listed = ", ".join(f'"{account}"' for account in accounts)
    entry = f'{{account: "{caller}", may_ask_for: {{accounts: [{listed}]}}}}'
    return (
        f"Account {caller} may not ask about {', '.join(accounts)}. Ask with credentials of the account that is "
        f"deployed to; or have the platform team add this entry to delegates in the policy: {entry}"
    )
