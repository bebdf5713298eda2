"""Service Quotas of what a rollout uses up, and Lambda's account settings (two ``base.OwnService``).

Quotas are AWS's defaults; a request for more is granted at once. Services or quotas that are not listed do not exist
here, and say so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from moto.awslambda.models import lambda_backends

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.paging import page_of

CONCURRENCY: Final = ("lambda", "L-B99A9384")
_CODE_STORAGE: Final = 80_530_636_800
_UNZIPPED: Final = 262_144_000
_ZIPPED: Final = 52_428_800


@dataclass(frozen=True, slots=True)
class _Quota:
    service: str
    code: str
    name: str
    value: float


_QUOTAS: Final = (
    _Quota("cloudformation", "L-0485CB21", "Stack count", 2_000),
    _Quota("cloudformation", "L-6A4B2F69", "Stack instance operations per administrator account", 10_000),
    _Quota("cloudformation", "L-C8225BA5", "Stack instances per stack set", 100_000),
    _Quota("cloudformation", "L-EC62D81A", "Stack sets per administrator account", 1_000),
    _Quota(*CONCURRENCY, "Concurrent executions", 1_000),
)
_NAMES: Final = {"cloudformation": "AWS CloudFormation", "lambda": "AWS Lambda"}


class ServiceQuotas:
    """For each account and Region."""

    def __init__(self) -> None:
        self._granted: dict[tuple[str, str, str], float] = {}
        self._handlers: dict[str, Callable[[Call], dict[str, Any]]] = {
            "GetAWSDefaultServiceQuota": self._default,
            "GetServiceQuota": self._one,
            "ListAWSDefaultServiceQuotas": self._defaults,
            "ListServiceQuotas": self._all,
            "RequestServiceQuotaIncrease": self._increase,
        }
        self.operations = frozenset(self._handlers)

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation. Raises AwsError."""
        return self._handlers[call.operation](call)

    def value(self, account: str, region: str, quota: tuple[str, str]) -> float:
        """What is in force. Raises KeyError for a quota that is not known."""
        known = {(one.service, one.code): one.value for one in _QUOTAS}
        return self._granted.get((account, region, quota[1]), known[quota])

    def _default(self, call: Call) -> dict[str, Any]:
        quota = _found(call)
        return {"Quota": _shape(call, quota, quota.value)}

    def _one(self, call: Call) -> dict[str, Any]:
        quota = _found(call)
        return {"Quota": _shape(call, quota, self._in_force(call, quota))}

    def _defaults(self, call: Call) -> dict[str, Any]:
        return _listed(call, [_shape(call, quota, quota.value) for quota in _of_service(call)])

    def _all(self, call: Call) -> dict[str, Any]:
        return _listed(call, [_shape(call, quota, self._in_force(call, quota)) for quota in _of_service(call)])

    def _increase(self, call: Call) -> dict[str, Any]:
        quota, wanted = _found(call), float(call.params["DesiredValue"])
        if wanted <= self._in_force(call, quota):
            message = f"The desired value must be more than {self._in_force(call, quota)}"
            raise AwsError("IllegalArgumentException", message)
        self._granted[call.caller.account, call.region, quota.code] = wanted
        shape = _shape(call, quota, wanted)
        kept = {name: shape[name] for name in ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "QuotaArn")}
        return {"RequestedQuota": {**kept, "Id": f"{quota.code}-{wanted:.0f}", "DesiredValue": wanted,
                                   "Status": "APPROVED"}}  # fmt: skip

    def _in_force(self, call: Call, quota: _Quota) -> float:
        return self.value(call.caller.account, call.region, (quota.service, quota.code))


class LambdaSettings:
    """How much of its quota an account's functions have reserved in a Region."""

    operations = frozenset({"GetAccountSettings"})

    def __init__(self, quotas: ServiceQuotas) -> None:
        self._quotas = quotas

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation."""
        account, region = call.caller.account, call.region
        functions = lambda_backends[account][region].list_functions()
        concurrency = int(self._quotas.value(account, region, CONCURRENCY))
        reserved = sum(int(function.reserved_concurrency or 0) for function in functions)
        return {
            "AccountLimit": {
                "TotalCodeSize": _CODE_STORAGE,
                "CodeSizeUnzipped": _UNZIPPED,
                "CodeSizeZipped": _ZIPPED,
                "ConcurrentExecutions": concurrency,
                "UnreservedConcurrentExecutions": max(0, concurrency - reserved),
            },
            "AccountUsage": {
                "TotalCodeSize": sum(int(function.code_size) for function in functions),
                "FunctionCount": len(functions),
            },
        }


def _of_service(call: Call) -> list[_Quota]:
    found = [quota for quota in _QUOTAS if quota.service == call.params["ServiceCode"]]
    if not found:
        raise AwsError("NoSuchResourceException", f"The simulator has no quotas of {call.params['ServiceCode']}.")
    return found


def _found(call: Call) -> _Quota:
    quota = next((one for one in _of_service(call) if one.code == call.params["QuotaCode"]), None)
    if quota is None:
        raise AwsError("NoSuchResourceException", f"The simulator has no quota {call.params['QuotaCode']}.")
    return quota


def _listed(call: Call, shapes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    part, more = page_of(
        call, sorted(shapes, key=lambda shape: str(shape["QuotaCode"])), "QuotaCode", "InvalidPaginationTokenException"
    )
    return {"Quotas": part, **more}


def _shape(call: Call, quota: _Quota, value: float) -> dict[str, Any]:
    arn = f"arn:aws:servicequotas:{call.region}:{call.caller.account}:{quota.service}/{quota.code}"
    return {
        "ServiceCode": quota.service,
        "ServiceName": _NAMES[quota.service],
        "QuotaArn": arn,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
