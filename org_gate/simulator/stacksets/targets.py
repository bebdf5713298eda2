"""Which accounts a deployment target means: those below its OUs at any depth, but for those StackSets leave out."""

from collections.abc import Mapping
from typing import Any

from org_gate.simulator.base import AwsError, OrgView


def targeted_accounts(org: OrgView, targets: Mapping[str, Any], *, creating: bool = False) -> dict[str, str]:
    """The OU or root asked for, by account, in order of account; the management account never is among them.

    Suspended accounts are. Raises AwsError for a target that a service-managed StackSet does not take.
    """
    ous = targets.get("OrganizationalUnitIds") or []
    if not ous:
        raise AwsError("ValidationError", "OrganizationalUnitIds are required for a SERVICE_MANAGED stack set")
    kind = filter_of(targets)
    if creating and kind == "UNION":
        raise AwsError("ValidationError", "AccountFilterType UNION is not supported when instances are created")
    if kind != "NONE" and not targets.get("Accounts"):
        raise AwsError("ValidationError", f"AccountFilterType {kind} needs Accounts")
    below = {account: ou for ou in reversed(ous) for account in below_or_refused(org, ou)}
    chosen = _filtered(below, kind, targets.get("Accounts") or [])
    chosen.pop(org.management, None)
    return {account: chosen[account] for account in sorted(chosen)}


def filter_of(targets: Mapping[str, Any]) -> str:
    """How OUs and accounts go together; UNION where both are given and nothing is said."""
    return str(targets.get("AccountFilterType") or ("UNION" if targets.get("Accounts") else "NONE"))


def below_or_refused(org: OrgView, ou: str) -> tuple[str, ...]:
    """The accounts below an OU or root. Raises AwsError where there is no such."""
    try:
        return org.accounts_below(ou)
    except KeyError:
        raise AwsError("ValidationError", f"OrganizationalUnitIds: {ou} is not in the organization") from None


def active_below(org: OrgView, ou: str) -> frozenset[str]:
    """The accounts below an OU that can have stacks; none where it is gone."""
    try:
        below = org.accounts_below(ou)
    except KeyError:
        return frozenset()
    suspended = {account.id for account in org.accounts() if account.status != "ACTIVE"}
    return frozenset(below) - suspended - {org.management}


def _filtered(below: Mapping[str, str], kind: str, accounts: list[str]) -> dict[str, str]:
    if kind == "INTERSECTION":
        return {account: ou for account, ou in below.items() if account in accounts}
    if kind == "DIFFERENCE":
        return {account: ou for account, ou in below.items() if account not in accounts}
    if kind == "UNION":
        return {**dict.fromkeys(accounts, ""), **below}
    return dict(below)
