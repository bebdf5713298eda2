"""The service-managed StackSet that puts the gate into every account, driven by the delegated administrator.

Accounts come up with the set's own parameters, which have to be those that suit an account nobody knows; accounts
that are to have others get them right after.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from org_gate.rollout.errors import InstanceResult, MembersError, asking_aws
from org_gate.rollout.operations import (
    AS_ADMINISTRATOR,
    FAILED,
    NAME,
    OUS_PER_CALL,
    PREFERENCES,
    SUSPENDED,
    Instances,
    chunks,
    detailed_status,
    finished,
)
from org_gate.rollout.overrides import Member, write_overrides
from org_gate.rollout.stack import CAPABILITIES, as_parameters
from org_gate.rollout.waiting import Sleep


def deploy_stack_set(
    cloudformation: Any,
    template: str,
    parameters: Mapping[str, str],
    *,
    members: Iterable[Member],
    ou_ids: Sequence[str],
    regions: Sequence[str],
    sleep: Sleep,
) -> tuple[InstanceResult, ...]:
    """Every account below the OUs gets the gate in every Region, and each of ``members`` its own parameters.

    Gives what it came to, where there was something to do, in order of account and Region. Raises MembersError once
    all is done that could be done.
    """
    wanted = {"TemplateBody": template, "Parameters": as_parameters(parameters), "Capabilities": CAPABILITIES}
    found = _found(cloudformation)
    before = {} if found is None else _instances(cloudformation)
    operations = [*_update_or_create(cloudformation, wanted, found, before)]
    missing = _missing(before, ou_ids, regions)
    operations += [_create_instances(cloudformation, chunk, regions) for chunk in chunks(missing, OUS_PER_CALL)]
    results = finished(cloudformation, operations, sleep)
    overriding = write_overrides(cloudformation, members, parameters, before=before, new=results, ou_ids=ou_ids)
    results |= finished(cloudformation, overriding, sleep)
    failures = [result for result in results.values() if result.status in FAILED]
    if failures:
        raise MembersError([*operations, *overriding][-1], failures)
    return tuple(results[place] for place in sorted(results))


def _found(cloudformation: Any) -> Mapping[str, Any] | None:
    with asking_aws(f"read the StackSet {NAME}"):
        try:
            found: Mapping[str, Any] = cloudformation.describe_stack_set(**AS_ADMINISTRATOR)["StackSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "StackSetNotFoundException":
                return None
            raise
    return found


def _instances(cloudformation: Any) -> Instances:
    with asking_aws(f"list the instances of {NAME}"):
        pages = cloudformation.get_paginator("list_stack_instances").paginate(**AS_ADMINISTRATOR)
        return {(each["Account"], each["Region"]): each for page in pages for each in page["Summaries"]}


def _update_or_create(
    cloudformation: Any, wanted: Mapping[str, Any], found: Mapping[str, Any] | None, instances: Instances
) -> Iterator[str]:
    """The id of the update's operation; none where the StackSet is new and so has no instances, or is as wanted."""
    wanted = {
        **wanted,
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "ManagedExecution": {"Active": True},
        "Description": "The gate of org-gate, in every account and Region where pipelines run.",
    }
    if found is None:
        with asking_aws(f"create the StackSet {NAME}"):
            cloudformation.create_stack_set(**AS_ADMINISTRATOR, **wanted)
    elif not _is_as(wanted, found) or any(map(_is_behind, instances.values())):
        with asking_aws(f"update the StackSet {NAME}"):
            update = cloudformation.update_stack_set(**AS_ADMINISTRATOR, **wanted, OperationPreferences=PREFERENCES)
        yield update["OperationId"]


def _is_as(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whatever the order in which CloudFormation lists the parameters, and whether it names those left out."""
    others = [name for name in wanted if name != "Parameters"]
    same = all(found.get(name) == wanted[name] for name in others)
    return same and _by_key(wanted).items() <= _by_key(found).items()


def _by_key(stack_set: Mapping[str, Any]) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack_set.get("Parameters", ())}


def _is_behind(instance: Mapping[str, Any]) -> bool:
    """Whether it has to be tried again. A suspended account would only be skipped again."""
    return instance.get("Status") != "CURRENT" and detailed_status(instance) != SUSPENDED


def _missing(instances: Instances, ou_ids: Sequence[str], regions: Sequence[str]) -> list[str]:
    """The OUs that lack instances in some Region: new ones, and old ones when a Region was added."""
    there = {(each.get("OrganizationalUnitId"), region) for (_, region), each in instances.items()}
    return [ou for ou in ou_ids if any((ou, region) not in there for region in regions)]


def _create_instances(cloudformation: Any, ou_ids: list[str], regions: Sequence[str]) -> str:
    with asking_aws(f"roll the gate out into {', '.join(ou_ids)}"):
        created = cloudformation.create_stack_instances(
            **AS_ADMINISTRATOR,
            DeploymentTargets={"OrganizationalUnitIds": ou_ids},
            Regions=list(regions),
            OperationPreferences=PREFERENCES,
        )
    operation: str = created["OperationId"]
    return operation
