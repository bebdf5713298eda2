"""Reading where the rollout stands: cells and their APIs, the StackSet and its instances, the organization.

Its calls grow with pages of accounts and instances; single gates are only called where CloudFormation does not say
which version they have, and no more of them than a person would look at. Reads only, but for the drift detection that
somebody asks for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import boto3

from org_gate import __version__
from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError
from org_gate.inventory.errors import RolloutError, asking_aws
from org_gate.inventory.installed import AS_ADMINISTRATOR, InstalledCell, InstalledSet, read_cell, read_stack_set
from org_gate.inventory.members import Told, nobody
from org_gate.inventory.organization import read_organization
from org_gate.inventory.settings import Settings
from org_gate.inventory.targets import gate_scope
from org_gate.model.times import text_if_any
from org_gate.rollout.status import CellStatus, GateStatus, Standing, Status, gates_of
from org_gate.rollout.test_call import check_gates
from org_gate.rollout.waiting import Sleep, wait_for

MOST_CALLED: Final = 200
"""Gates whose version is asked of themselves."""
_DRIFT_MINUTES: Final = 120
_DONE: Final = ("SUCCEEDED", "FAILED", "STOPPED")
_UNSURE: Final = (Standing.OUTDATED, Standing.FAILED, Standing.UNDER_WAY)

Connect = Callable[[Sequence[str]], DecisionApi]
"""The decision API at these URLs, with the central account's credentials. Raises ApiError where there are none."""


def read_status(
    session: boto3.Session, settings: Settings, connect: Connect, *, own_version: str = __version__, told: Told = nobody
) -> Status:
    """``session`` is the central account's. ``told`` hears how many accounts were called. Raises RolloutError."""
    region, names = settings.central.region, settings.names
    organization = read_organization(session.client("organizations", region_name=region))
    installed = read_stack_set(session.client("cloudformation", region_name=region), names.stack_set)
    gates = gates_of(organization, settings, gate_scope(organization, settings.gates), installed)
    return Status(
        organization=organization.id,
        own_version=own_version,
        set_name=names.stack_set,
        set_status=installed.described["Status"] if installed else None,
        set_version=installed.version if installed else None,
        drift_checked=_drift_checked(installed),
        cells=tuple(_cell(session, settings, each, connect) for each in settings.central.regions),
        gates=tuple(_with_versions(session, region, gates, told)),
    )


def detect_drift(session: boto3.Session, settings: Settings, sleep: Sleep) -> None:
    """Has CloudFormation look at every gate, and waits until it has. Raises RolloutError."""
    name = settings.names.stack_set
    cloudformation = session.client("cloudformation", region_name=settings.central.region)
    with asking_aws(f"start a drift detection of the StackSet {name}"):
        operation = cloudformation.detect_stack_set_drift(
            StackSetName=name,
            OperationPreferences={"RegionConcurrencyType": "PARALLEL", "MaxConcurrentPercentage": 25}
            | {"FailureTolerancePercentage": 100},
            **AS_ADMINISTRATOR,
        )["OperationId"]

    def look() -> str | None:
        with asking_aws(f"read the drift detection of {name}"):
            described = cloudformation.describe_stack_set_operation(
                StackSetName=name, OperationId=operation, **AS_ADMINISTRATOR
            )["StackSetOperation"]
        return str(described["Status"]) if described["Status"] in _DONE else None

    status = wait_for(look, sleep, what=f"The drift detection {operation}", minutes=_DRIFT_MINUTES)
    if status != "SUCCEEDED":
        msg = f"The drift detection {operation} ended as {status}; what is known of drift may be old. Run again."
        raise RolloutError(msg)


def _drift_checked(installed: InstalledSet | None) -> str | None:
    """When drift was last looked at, None for never."""
    details = installed.described.get("StackSetDriftDetectionDetails", {}) if installed else {}
    return text_if_any(details.get("LastDriftCheckTimestamp"))


def _with_versions(
    session: boto3.Session, region: str, gates: Sequence[GateStatus], told: Told
) -> Iterable[GateStatus]:
    unsure = [each.place for each in gates if each.version is None and each.standing in _UNSURE]
    current = [each.place for each in gates if each.standing is Standing.CURRENT]
    called = check_gates(session, unsure[:MOST_CALLED], region=region, doors=current, told=told)
    versions = {(each.account, each.region): each.version for each in called}
    return (replace(each, version=each.version or versions.get(each.place)) for each in gates)


def _cell(session: boto3.Session, settings: Settings, region: str, connect: Connect) -> CellStatus:
    name = settings.names.central_stack
    cell = read_cell(session.client("cloudformation", region_name=region), name, region)
    is_home = region == settings.central.region
    if cell is None:
        missing = f"there is no stack {name}: `org-gate rollout apply` makes it"
        return CellStatus(region=region, is_home=is_home, stack=None, version=None, url=None, trouble=missing)
    return CellStatus(
        region=region,
        is_home=is_home,
        stack=cell.status,
        version=cell.version,
        url=cell.outputs.get("DecisionUrl"),
        **_api(cell, connect),
    )


def _api(cell: InstalledCell, connect: Connect) -> dict[str, Any]:
    """What the cell's API tells of itself, or the trouble with it."""
    url = cell.outputs.get("DecisionUrl")
    if url is None:
        return {"trouble": "its stack tells no URL of a decision API (output DecisionUrl)"}
    try:
        api = connect([url])
        status, policies = api.status(), api.policies()
    except (ApiError, ValueError) as error:
        return {"trouble": str(error)}
    told = {name: status.get(name) for name in ("as_of", "age_seconds", "stale", "mode", "policy_version", "waiting")}
    return {**told, "trouble": "", "api_version": status.get("version"), "policy": policies["policy"]}
