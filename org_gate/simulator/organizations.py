"""What AWS Organizations does beyond moto's (``base.OwnService``): an organization that changes, and its rules.

Accounts are made with ids that are the same in each run, can be used at once, and leave as AWS lets them; trusted
access and delegated administrators hang together. Whoever follows the organization is told of every change.
"""

from collections.abc import Callable
from datetime import UTC
from typing import Any, Final

from moto.core.exceptions import ServiceException

from org_gate.simulator.base import AwsError, Call, SimClock
from org_gate.simulator.organization import Organization

_MOST_ADMINISTRATORS: Final = 5
_MERGED_POLICIES: Final = "DescribeEffectivePolicy"


class Organizations:
    """``changed`` is called after accounts came, moved or left. Who may call is ``Organization``'s to say."""

    def __init__(self, clock: SimClock, organization: Organization, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._organization = organization
        self._changed = changed
        self._handlers: dict[str, Callable[[Call], dict[str, Any]]] = {
            "CloseAccount": self._close,
            "CreateAccount": self._create,
            _MERGED_POLICIES: self._effective_policy,
            "DisableAWSServiceAccess": self._disable_access,
            "MoveAccount": self._move,
            "RegisterDelegatedAdministrator": self._register,
            "RemoveAccountFromOrganization": self._remove,
        }
        self.operations = frozenset(self._handlers)

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation. Raises AwsError."""
        if self._organization.backend_account(call, "json") != self._organization.management:
            raise AwsError("NotSimulated", "The simulator has one organization that can change.", 501)
        try:
            return self._handlers[call.operation](call)
        except ServiceException as error:
            raise AwsError(str(error.code), str(error.message)) from error

    def _create(self, call: Call) -> dict[str, Any]:
        made = self._organization.create_account(call.params, self._clock.now())
        self._changed()
        at = made.create_time.replace(tzinfo=UTC)
        return {
            "CreateAccountStatus": {
                "Id": made.create_account_status_id,
                "AccountName": made.name,
                "State": "SUCCEEDED",
                "RequestedTimestamp": at,
                "CompletedTimestamp": at,
                "AccountId": made.id,
            }
        }

    def _move(self, call: Call) -> dict[str, Any]:
        params = call.params
        source = self._member(params["AccountId"])
        if source != params["SourceParentId"]:
            message = "We can't find a source root or OU with the ParentId that you specified."
            raise AwsError("SourceParentNotFoundException", message)
        if not self._organization.has_parent(params["DestinationParentId"]):
            message = "We can't find the destination container (a root or OU) with the ParentId that you specified."
            raise AwsError("DestinationParentNotFoundException", message)
        if source == params["DestinationParentId"]:
            raise AwsError("DuplicateAccountException", "That account is already present in the specified destination.")
        self._organization.move_account(params["AccountId"], params["DestinationParentId"])
        self._changed()
        return {}

    def _close(self, call: Call) -> dict[str, Any]:
        account = call.params["AccountId"]
        self._member(account)
        if account == self._organization.management:
            raise AwsError("ConstraintViolationException", "You cannot close the management account.")
        self._organization.close_account(account)
        self._changed()
        return {}

    def _remove(self, call: Call) -> dict[str, Any]:
        account = call.params["AccountId"]
        self._member(account)
        if account == self._organization.management:
            message = "You cannot remove the management account from the organization."
            raise AwsError("MasterCannotLeaveOrganizationException", message)
        if self._organization.is_administrator(account):
            message = "You cannot remove a delegated administrator from the organization: deregister it first."
            raise AwsError("ConstraintViolationException", message)
        self._organization.remove_account(account)
        self._changed()
        return {}

    def _register(self, call: Call) -> dict[str, Any]:
        principal = call.params["ServicePrincipal"]
        if not self._organization.has_trusted_access(principal):
            message = f"You must enable trusted access for {principal} before you register a delegated administrator."
            raise AwsError("ConstraintViolationException", message)
        others = self._organization.delegated_for(principal)
        if len(others) >= _MOST_ADMINISTRATORS:
            message = f"There are {len(others)} delegated administrators for {principal} already."
            raise AwsError("ConstraintViolationException", message)
        self._organization.register_administrator(call.params["AccountId"], principal)
        return {}

    def _disable_access(self, call: Call) -> dict[str, Any]:
        principal = call.params["ServicePrincipal"]
        administrators = self._organization.delegated_for(principal)
        if administrators:
            message = f"{principal} has delegated administrators ({', '.join(administrators)}): deregister them first."
            raise AwsError("ConstraintViolationException", message)
        self._organization.disable_trusted_access(principal)
        return {}

    def _effective_policy(self, call: Call) -> dict[str, Any]:
        kind = call.params["PolicyType"]
        if self._organization.has_policies(kind):
            raise AwsError("NotSimulated", f"The simulator does not merge policies of the type {kind}.", 501)
        raise AwsError("EffectivePolicyNotFoundException", "There is no effective policy of that type.")

    def _member(self, account: str) -> str:
        """Its root or OU."""
        parent = self._organization.parent_of(account)
        if parent is None:
            raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
        return parent
