"""Variables in an action's configuration: ``#{namespace.name}``."""

import re
from collections.abc import Mapping
from typing import Final

from org_gate.simulator.pipelines.state import Execution

_VARIABLE: Final = re.compile(r"#\{([^{}.]+)\.([^{}]+)\}")


class UnresolvedVariableError(ValueError):
    """A variable that nothing has given a value."""


def resolved(configuration: Mapping[str, str], execution: Execution) -> dict[str, str]:
    """The configuration with the values of the execution. Raises UnresolvedVariableError."""
    known: dict[str, Mapping[str, str]] = {
        **execution.outputs,
        "codepipeline": {"PipelineExecutionId": execution.id},
        "variables": execution.variables,
    }

    def value(found: re.Match[str]) -> str:
        namespace, name = found.groups()
        if name not in known.get(namespace, {}):
            msg = f"The variable {found[0]} has no value in this execution"
            raise UnresolvedVariableError(msg)
        return known[namespace][name]

    return {key: _VARIABLE.sub(value, text) for key, text in configuration.items()}
