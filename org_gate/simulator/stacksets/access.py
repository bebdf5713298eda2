"""Who may work with service-managed StackSets: trusted access, and who says so on a call."""

from typing import Any, Final

from org_gate.simulator.base import AwsError, Call, OrgView

PRINCIPAL: Final = "member.org.stacksets.cloudformation.amazonaws.com"


class OrganizationsAccess:
    """StackSets' access to the organization. It has to be activated here: trusted access alone is not enough."""

    def __init__(self, org: OrgView) -> None:
        self._org = org
        self._active = False

    def is_given(self) -> bool:
        return self._active and self._org.has_trusted_access(PRINCIPAL)

    def activate(self, call: Call) -> dict[str, Any]:
        """Enables trusted access as well, as AWS does. Raises AwsError unless the management account asks."""
        self._check_management(call)
        self._org.enable_trusted_access(PRINCIPAL)
        self._active = True
        return {}

    def deactivate(self, call: Call) -> dict[str, Any]:
        """Raises AwsError unless the management account asks, or while there are delegated administrators."""
        self._check_management(call)
        if any(self._org.is_delegated(account.id, PRINCIPAL) for account in self._org.accounts()):
            message = "You must deregister all delegated administrators before you deactivate organizations access"
            raise AwsError("InvalidOperationException", message)
        self._org.disable_trusted_access(PRINCIPAL)
        self._active = False
        return {}

    def describe(self, call: Call) -> dict[str, Any]:
        self._check_caller(call)
        return {"Status": "ENABLED" if self.is_given() else "DISABLED"}

    def check(self, call: Call) -> None:
        """Raises AwsError where the caller may not work with them."""
        self._check_caller(call)
        if not self.is_given():
            message = "You must enable organizations access to operate a service managed stack set"
            raise AwsError("ValidationError", message)

    def _check_caller(self, call: Call) -> None:
        as_administrator = call.params.get("CallAs", "SELF") == "DELEGATED_ADMIN"
        if as_administrator and not self._org.is_delegated(call.caller.account, PRINCIPAL):
            raise AwsError("ValidationError", "Account used is not a delegated administrator")
        if not as_administrator and call.caller.account != self._org.management:
            message = "You must be the management account or delegated admin account of an organization"
            raise AwsError("ValidationError", f"{message} before operating a SERVICE_MANAGED stack set")

    def _check_management(self, call: Call) -> None:
        if call.caller.account != self._org.management:
            message = "Only the management account of the organization can change its access for StackSets"
            raise AwsError("InvalidOperationException", message)
