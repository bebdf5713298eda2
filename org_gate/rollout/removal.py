"""What there is to remove of org-gate, and what is left of it: read from AWS, as data. Removes nothing.

In the central account everything has a name that is known; in the member accounts there is only what the StackSet made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import boto3

from org_gate.inventory.errors import asking_aws, is_there
from org_gate.inventory.installed import InstalledCell, InstalledSet, read_cell, read_stack_set
from org_gate.inventory.settings import Settings
from org_gate.rollout.artifacts import bucket_name, reports_bucket_name

TABLE: Final = "org-gate"
_LOGS: Final = "/aws/lambda/org-gate-"


class Found(NamedTuple):
    """A thing of org-gate's in the central account. ``kind`` is in words: stack, table, bucket, log group.

    ``is_data`` is what a removal leaves unless it is told otherwise.
    """

    kind: str
    region: str
    name: str
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Removable:
    """Everything of org-gate's that was found. ``others`` are what the stacks do not remove by themselves."""

    gates: InstalledSet | None
    cells: tuple[InstalledCell, ...]
    others: tuple[Found, ...]

    @property
    def is_nothing(self) -> bool:
        return self.gates is None and not self.cells and not self.others


def read_removable(session: boto3.Session, settings: Settings) -> Removable:
    """Raises AwsRefusedError."""
    names, home = settings.names, settings.central.region
    cells = [
        read_cell(session.client("cloudformation", region_name=region), names.central_stack, region)
        for region in settings.central.regions
    ]
    gates = read_stack_set(session.client("cloudformation", region_name=home), names.stack_set)
    others = tuple(found for region in settings.central.regions for found in _others(session, settings, region))
    return Removable(gates, tuple(cell for cell in cells if cell is not None), others)


def left_over(session: boto3.Session, settings: Settings) -> list[Found]:
    """What is there still, in order. Raises AwsRefusedError."""
    there = read_removable(session, settings)
    stack_set = [] if there.gates is None else [Found("StackSet", settings.central.region, settings.names.stack_set)]
    stacks = [Found("stack", cell.region, settings.names.central_stack) for cell in there.cells]
    logs = [found for region in settings.central.regions for found in _logs(session, region)]
    return [*stack_set, *stacks, *there.others, *logs]


def _others(session: boto3.Session, settings: Settings, region: str) -> Iterator[Found]:
    account = settings.central.account
    s3, dynamodb = session.client("s3", region_name=region), session.client("dynamodb", region_name=region)
    with asking_aws(f"look for the buckets and the table in {region}"):
        for bucket, is_data in ((bucket_name(account, region), False), (reports_bucket_name(account, region), True)):
            if is_there(partial(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner=account)):
                yield Found("bucket", region, bucket, is_data)
        if is_there(partial(dynamodb.describe_table, TableName=TABLE)):
            yield Found("table", region, TABLE, is_data=True)


def _logs(session: boto3.Session, region: str) -> Sequence[Found]:
    with asking_aws(f"look for log groups in {region}"):
        paginator = session.client("logs", region_name=region).get_paginator("describe_log_groups")
        pages = paginator.paginate(logGroupNamePrefix=_LOGS)
        return [Found("log group", region, each["logGroupName"]) for page in pages for each in page["logGroups"]]
