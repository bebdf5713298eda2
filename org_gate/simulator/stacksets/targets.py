"""Which accounts a deployment target means: those below its OUs at any depth, but for those StackSets leave out."""

from collections.abc import Mapping
from typing import Any

from org_gate.simulator.base import AwsError, OrgView


def targeted_accounts(org: OrgView, targets: Mapping[str, Any]) -> dict[str, str]:
    """The OU or root asked for, by account, in order of account; the management account never is among them.

    Suspended accounts are. Raises AwsError for a target that a service-managed StackSet does not take.
    """
    ous = targets.get("OrganizationalUnitIds") or []
    if not ous:
        raise AwsError("ValidationError", "OrganizationalUnitIds are required for a SERVICE_MANAGED stack set")
    below = {account: ou for ou in reversed(ous) for account in _below(org, ou)}
    below.pop(org.management, None)
    chosen = _filtered(below, targets)
    return {account: chosen[account] for account in sorted(chosen)}


def _below(org: OrgView, ou: str) -> tuple[str, ...]:
    try:
        return org.accounts_below(ou)
    except KeyError:
        raise AwsError("ValidationError", f"OrganizationalUnitIds: {ou} is not in the organization") from None


def _filtered(below: Mapping[str, str], targets: Mapping[str, Any]) -> dict[str, str]:
    kind = targets.get("AccountFilterType", "NONE")
    accounts = targets.get("Accounts") or []
    if accounts and kind == "NONE":
        raise AwsError("ValidationError", "AccountFilterType is required where Accounts are given with OUs")
    if kind == "INTERSECTION":
        return {account: ou for account, ou in below.items() if account in accounts}
    if kind == "DIFFERENCE":
        return {account: ou for account, ou in below.items() if account not in accounts}
    if kind == "UNION":
        return {**dict.fromkeys(accounts, ""), **below}
    return dict(below)
