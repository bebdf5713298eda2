"""Which operation wrote a gate last, where a look for drift came after it and left its own id there.

Reads only, and only where there are such gates: the list of operations, then what the latest of them came to, page by
page, until every gate is accounted for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from org_gate.inventory.errors import asking_aws
from org_gate.inventory.installed import AS_ADMINISTRATOR, InstalledSet, Place
from org_gate.rollout.marks import Mark, mark_of

_LOOKS: Final = "DETECT_DRIFT"


def with_last_writes(cloudformation: Any, name: str, found: InstalledSet) -> InstalledSet:
    """The set, each gate with the operation that wrote it last. Raises AwsRefusedError."""
    strange = {place for place, gate in found.gates.items() if mark_of(gate.last_operation) == Mark()}
    if not strange:
        return found
    operations = _operations(cloudformation, name)
    looked = {operation for operation, action in operations.items() if action == _LOOKS}
    hidden = {place for place in strange if found.gates[place].last_operation in looked}
    wrote: dict[Place, str] = {}
    for operation, action in operations.items():
        if hidden <= wrote.keys():
            break
        if action != _LOOKS:
            for place in _touched(cloudformation, name, operation):
                wrote.setdefault(place, operation)
    gates = {
        place: replace(gate, last_operation=wrote.get(place, "")) if place in hidden else gate
        for place, gate in found.gates.items()
    }
    return InstalledSet(found.described, gates)


def _operations(cloudformation: Any, name: str) -> Mapping[str, str]:
    """Their actions by id, the newest first."""
    with asking_aws(f"list the operations of {name}"):
        pages = cloudformation.get_paginator("list_stack_set_operations").paginate(
            StackSetName=name, **AS_ADMINISTRATOR
        )
        return {each["OperationId"]: each["Action"] for page in pages for each in page["Summaries"]}


def _touched(cloudformation: Any, name: str, operation: str) -> Iterator[Place]:
    with asking_aws(f"read what the operation {operation} came to"):
        pages = cloudformation.get_paginator("list_stack_set_operation_results").paginate(
            StackSetName=name, OperationId=operation, **AS_ADMINISTRATOR
        )
        for page in pages:
            yield from ((each["Account"], each["Region"]) for each in page["Summaries"])
