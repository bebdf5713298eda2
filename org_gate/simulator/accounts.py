"""The Region part of AWS Account Management (``base.OwnService``): which Regions an account has turned on.

Regions that AWS turns on for every account cannot be turned off. The others are on in the simulator's accounts until
somebody turns one off: a scenario may use any. Stacks cannot be in a Region that is off.
"""

from collections.abc import Callable
from typing import Any, Final

from org_gate.simulator.base import AwsError, Call, OrgView
from org_gate.simulator.moto_ground import ACCOUNT_PRINCIPAL
from org_gate.simulator.paging import page_of
from org_gate.simulator.regions import known_regions

_BY_DEFAULT: Final = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
"""The Regions from before March 2019."""


_Handler = Callable[[Call, str], dict[str, Any]]


class AccountRegions:
    """Also says, to other services, where an account can have anything (``base.RegionView``)."""

    def __init__(self, org: OrgView) -> None:
        self._org = org
        self._off: set[tuple[str, str]] = set()
        self._handlers: dict[str, _Handler] = {
            "DisableRegion": self._disable,
            "EnableRegion": self._enable,
            "GetRegionOptStatus": self._status,
            "ListRegions": self._list,
        }
        self.operations = frozenset(self._handlers)

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation. Raises AwsError."""
        account = self._account(call)
        region = call.params.get("RegionName")
        if region is not None and region not in known_regions():
            raise AwsError("ValidationException", f"{region} is no Region", 400)
        return self._handlers[call.operation](call, account)

    def is_enabled(self, account: str, region: str) -> bool:
        return (account, region) not in self._off

    def _list(self, call: Call, account: str) -> dict[str, Any]:
        wanted = call.params.get("RegionOptStatusContains")
        regions = [self._region(account, region) for region in sorted(known_regions())]
        found = [each for each in regions if not wanted or each["RegionOptStatus"] in wanted]
        part, more = page_of(call, found, "RegionName", "ValidationException")
        return {"Regions": part, **more}

    def _status(self, call: Call, account: str) -> dict[str, Any]:
        return self._region(account, call.params["RegionName"])

    def _disable(self, call: Call, account: str) -> dict[str, Any]:
        self._off.add((account, self._optional(call)))
        return {}

    def _enable(self, call: Call, account: str) -> dict[str, Any]:
        self._off.discard((account, self._optional(call)))
        return {}

    def _region(self, account: str, region: str) -> dict[str, str]:
        off = "DISABLED" if (account, region) in self._off else "ENABLED"
        return {"RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT" if region in _BY_DEFAULT else off}

    def _optional(self, call: Call) -> str:
        region = str(call.params["RegionName"])
        if region in _BY_DEFAULT:
            raise AwsError("ValidationException", f"{region} is on in every account; it cannot be turned on or off")
        return region

    def _account(self, call: Call) -> str:
        """The caller's own; another one for the management account and for a delegated administrator."""
        account, caller = call.params.get("AccountId"), call.caller.account
        if account is None:
            return caller
        may = caller == self._org.management or self._org.is_delegated(caller, ACCOUNT_PRINCIPAL)
        member = account in {one.id for one in self._org.accounts()} and account != self._org.management
        if not (may and member and self._org.has_trusted_access(ACCOUNT_PRINCIPAL)):
            raise AwsError(
                "AccessDeniedException",
                f"{call.caller.arn} cannot name the account {account}: only the management account can, or a delegated "
                f"administrator, with trusted access for {ACCOUNT_PRINCIPAL}, and only a member account",
                403,
            )
        return str(account)
