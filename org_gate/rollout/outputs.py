"""What a central stack says of itself: where it answers, and how its parts are called."""

from dataclasses import dataclass
from typing import Any

from org_gate.inventory.errors import StackError
from org_gate.inventory.installed import read_cell


@dataclass(frozen=True, slots=True)
class CentralOutputs:
    """The outputs of the stack in a Region that others rely on."""

    region: str
    decision_url: str
    table_name: str
    api_function_arn: str


def read_outputs(cloudformation: Any, name: str, region: str) -> CentralOutputs:
    """Of a stack that is there. Raises StackError where it does not tell them, AwsRefusedError."""
    cell = read_cell(cloudformation, name, region)
    try:
        told = {} if cell is None else cell.outputs
        return CentralOutputs(region, told["DecisionUrl"], told["TableName"], told["ApiFunctionArn"])
    except KeyError as error:
        msg = f"The stack {name} in {region} does not tell its {error.args[0]}: it is not finished. Run apply again."
        raise StackError(msg) from error
