"""Removing org-gate again: the gates first, then the central part, in an order that a later run can go on with.

Whether it may be removed, whoever runs it has been asked. What is not there any more is passed over.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

import boto3

from org_gate.inventory.errors import MembersError, StackError, asking_aws
from org_gate.inventory.installed import AS_ADMINISTRATOR, InstalledCell, InstalledGate, InstalledSet, read_stack_set
from org_gate.inventory.settings import Settings
from org_gate.rollout.operations import FAILED, OUS_PER_CALL, PREFERENCES, chunks, finished
from org_gate.rollout.removal import Found, Removable
from org_gate.rollout.waiting import Sleep, wait_for

Say = Callable[[str], None]
_MINUTES: Final = 30


def destroy(
    session: boto3.Session, settings: Settings, there: Removable, *, data: bool, say: Say, sleep: Sleep
) -> None:
    """Removes what is ``there``; tables and reports only with ``data``. Says each step when it is done.

    Raises RolloutError: MembersError where an account keeps its gate, StackError where a stack does not go. What comes
    later is not touched then, and the next run goes on there.
    """
    if there.gates is not None:
        cloudformation = session.client("cloudformation", region_name=settings.central.region)
        _remove_gates(cloudformation, settings.names.stack_set, there.gates, sleep)
        say(f"Removed {len(there.gates.gates)} gates and the StackSet {settings.names.stack_set}")
    for cell in there.cells:
        _remove_cell(session, settings.names.central_stack, cell, sleep)
        say(f"Removed the stack {settings.names.central_stack} in {cell.region}")
    for found in there.others:
        if found.is_data and not data:
            continue
        if found.kind == "bucket":
            _remove_bucket(session, settings.central.account, found)
        else:
            _remove_table(session, found)
        say(f"Removed the {found.kind} {found.name} in {found.region}")


def _remove_gates(cloudformation: Any, name: str, gates: InstalledSet, sleep: Sleep) -> None:
    _delete_instances(cloudformation, name, gates.gates.values(), sleep, retain=False)
    left = read_stack_set(cloudformation, name)
    if left is not None and left.gates:
        # What is left is in suspended accounts: nothing can be deleted there, but the StackSet can let go of it.
        _delete_instances(cloudformation, name, left.gates.values(), sleep, retain=True)
    with asking_aws(f"delete the StackSet {name}"):
        cloudformation.delete_stack_set(StackSetName=name, **AS_ADMINISTRATOR)


def _delete_instances(
    cloudformation: Any, name: str, gates: Collection[InstalledGate], sleep: Sleep, *, retain: bool
) -> None:
    regions = sorted({gate.region for gate in gates})
    operations = []
    for ous in chunks(sorted({gate.ou_id for gate in gates}), OUS_PER_CALL):
        with asking_aws(f"remove the gates from {', '.join(ous)}"):
            deleted = cloudformation.delete_stack_instances(
                StackSetName=name,
                **AS_ADMINISTRATOR,
                DeploymentTargets={"OrganizationalUnitIds": ous},
                Regions=regions,
                RetainStacks=retain,
                OperationPreferences=PREFERENCES,
            )
        operations.append(str(deleted["OperationId"]))
    results = finished(cloudformation, name, operations, sleep)
    failures = [result for result in results.values() if result.status in FAILED]
    if failures:
        raise MembersError(operations[-1], failures)


def _remove_cell(session: boto3.Session, name: str, cell: InstalledCell, sleep: Sleep) -> None:
    cloudformation = session.client("cloudformation", region_name=cell.region)
    with asking_aws(f"delete the stack {name} in {cell.region}"):
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=stack)

    def look() -> str | None:
        with asking_aws(f"read the stack {name} in {cell.region}"):
            # By its id a stack is told even when it is gone.
            status: str = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return None if status == "DELETE_IN_PROGRESS" else status

    status = wait_for(look, sleep, what=f"The deletion of {name} in {cell.region}", minutes=_MINUTES)
    if status != "DELETE_COMPLETE":
        msg = (
            f"The stack {name} in {cell.region} is {status}. See its events for what could not be deleted, mend that, "
            "and run again: it goes on from here."
        )
        raise StackError(msg)


def _remove_bucket(session: boto3.Session, account: str, found: Found) -> None:
    s3 = session.client("s3", region_name=found.region)
    owned = {"Bucket": found.name, "ExpectedBucketOwner": account}
    with asking_aws(f"delete the bucket {found.name}"):
        for page in s3.get_paginator("list_object_versions").paginate(**owned):
            there = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in there]
            if objects:
                s3.delete_objects(**owned, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(**owned)


def _remove_table(session: boto3.Session, found: Found) -> None:
    dynamodb = session.client("dynamodb", region_name=found.region)
    with asking_aws(f"delete the table {found.name} in {found.region}"):
        dynamodb.update_table(TableName=found.name, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=found.name)
