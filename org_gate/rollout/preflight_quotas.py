"""Preflight: whether the accounts' quotas are large enough for what the settings ask.

Reads only. Quotas of CloudFormation are found by their names, and their codes come with them; how many functions run
at once is what Lambda itself says.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.inventory.errors import asking_aws
from org_gate.rollout.preflight_findings import Finding, Severity, Who, command
from org_gate.rollout.preflight_ground import Ground

_INSTANCES: Final = "Stack instances per stack set"
_OPERATIONS: Final = "Stack instance operations per administrator account"
_CONCURRENT: Final = ("lambda", "L-B99A9384")
"""Service and code of the quota of functions that run at once."""
_UNRESERVED: Final = 100
"""What Lambda keeps for the functions that reserve nothing."""
_ACCOUNTS_PER_EXECUTION: Final = 20
"""An answer takes well under a second: one account in twenty at the same moment is a large burst."""
_LEAST: Final = 50


def stack_set_quotas(ground: Ground) -> Iterator[Finding]:
    """Instances of one StackSet, and operations on instances at the same time."""
    wanted = len(ground.members) * len(ground.settings.gates.regions)
    quotas = _quotas(ground)
    instances, operations = quotas.get(_INSTANCES), quotas.get(_OPERATIONS)
    if instances is not None and wanted > instances["Value"]:
        yield _too_small(ground, instances, wanted, Severity.STOPS, "The StackSet cannot hold all gates.")
    if operations is not None and wanted > operations["Value"]:
        means = "A rollout to all at once would fail in part; in waves of fewer accounts each it is not reached."
        yield _too_small(ground, operations, wanted, Severity.WARNS, means)


def lambda_concurrency(ground: Ground) -> Iterator[Finding]:
    """In each central Region: enough for so many accounts, and enough left to reserve."""
    members = len(ground.members_if_seen)
    need = max(_LEAST, math.ceil(members / _ACCOUNTS_PER_EXECUTION))
    for region in ground.settings.central.regions:
        functions = ground.client("lambda", region)
        with asking_aws(f"read Lambda's limits in {region}"):
            limit = functions.get_account_settings()["AccountLimit"]
        total = limit["ConcurrentExecutions"]
        if total < need:
            yield Finding(
                code="lambda-concurrency",
                severity=Severity.WARNS,
                found=f"Account {ground.central} may run {total} functions at once in {region}; for "
                f"{members} accounts it should be {need}.",
                means="Gates that ask in a burst are throttled, and decide by what they see locally.",
                mend="Ask for more (usual: 1,000).",
                who=Who.CENTRAL,
                commands=(_increase(*_CONCURRENT, 1000, region),),
            )
        reserved = ground.settings.central.api_reserved_concurrency
        if reserved is not None:
            yield from _reservation(ground, region, reserved, limit)


def _reservation(ground: Ground, region: str, reserved: int, limit: dict[str, int]) -> Iterator[Finding]:
    before = _reserved_already(ground.client("lambda", region))
    left = limit["UnreservedConcurrentExecutions"] + before - reserved
    if left < _UNRESERVED:
        yield Finding(
            code="reserved-concurrency",
            severity=Severity.STOPS,
            found=f"central.api_reserved_concurrency {reserved} leaves {left} of {limit['ConcurrentExecutions']} "
            f"executions unreserved in {region}; Lambda keeps {_UNRESERVED}.",
            means="The central stack would fail.",
            mend="Take central.api_reserved_concurrency out of the settings or lower it, or ask for more executions.",
            who=Who.CENTRAL,
            commands=(_increase(*_CONCURRENT, limit["ConcurrentExecutions"] + _UNRESERVED - left, region),),
        )


def _reserved_already(functions: Any) -> int:
    """What an installed decision API has reserved before."""
    with asking_aws("read what the decision API reserves"):
        try:
            answer = functions.get_function_concurrency(FunctionName="org-gate-api")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return 0
            raise
    reserved: int = answer.get("ReservedConcurrentExecutions", 0)
    return reserved


def _quotas(ground: Ground) -> dict[str, Any]:
    with asking_aws("read the quotas of CloudFormation"):
        pager = ground.client("service-quotas", ground.home).get_paginator("list_service_quotas")
        pages = pager.paginate(ServiceCode="cloudformation")
        return {each["QuotaName"]: each for page in pages for each in page["Quotas"]}


def _too_small(ground: Ground, quota: dict[str, Any], wanted: int, severity: Severity, means: str) -> Finding:
    members, regions = len(ground.members), len(ground.settings.gates.regions)
    return Finding(
        code="quota",
        severity=severity,
        found=f"{quota['QuotaName']}: the quota is {quota['Value']:.0f}, and {members} accounts in {regions} Regions "
        f"make {wanted}.",
        means=means,
        mend="Ask for more, or leave OUs or Regions out.",
        who=Who.CENTRAL,
        commands=(_increase("cloudformation", quota["QuotaCode"], wanted, ground.home),),
    )


def _increase(service: str, code: str, desired: int, region: str) -> str:
    asking = command("aws", "service-quotas", "request-service-quota-increase", "--region", region)
    return f"{asking} --service-code {service} --quota-code {code} --desired-value {desired}"
