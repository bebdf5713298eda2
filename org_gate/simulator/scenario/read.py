"""From a scenario file to a checked scenario. All problems are raised at once, each with its place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from org_gate.policy.document import Document, DocumentError, Problem, read_document
from org_gate.policy.load import load_policy, policy_data, policy_from_data
from org_gate.simulator.scenario.checks import findings
from org_gate.simulator.scenario.model import Scenario


def read_scenario(file: Path, default_policy: Path) -> Scenario:
    """The scenario, every policy in it read and checked, paths replaced by the policy they name.

    Raises DocumentError with all problems, and OSError where the file itself cannot be read.
    """
    document = read_document(file.read_bytes(), str(file))
    scenario = _parse(document)
    problems = [document.problem(f.path, found=f.found, expected=f.expected) for f in findings(scenario)]
    policies = _Policies(document, file.parent)
    start = policies.read(scenario.policy if scenario.policy is not None else default_policy, ("policy",))
    published = {
        index: policies.read(entry.policy, ("timeline", index, "policy"))
        for index, entry in enumerate(scenario.timeline)
        if entry.policy is not None
    }
    problems += policies.problems
    if problems:
        raise DocumentError(problems)
    timeline = [
        entry.model_copy(update={"policy": published[index]}) if index in published else entry
        for index, entry in enumerate(scenario.timeline)
    ]
    return scenario.model_copy(update={"policy": start, "timeline": timeline})


def _parse(document: Document) -> Scenario:
    try:
        return Scenario.model_validate(document.data)
    except ValidationError as error:
        raise DocumentError(document.problems(error)) from error


class _Policies:
    """Reads the policies that a scenario names, and keeps what is wrong with them."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.problems: list[Problem] = []

    def read(self, policy: Mapping[str, Any] | str | Path, at: tuple[str | int, ...]) -> dict[str, Any]:
        """The policy as JSON-able data; empty where it had problems."""
        try:
            if isinstance(policy, Mapping):
                return policy_data(policy_from_data(policy))
            file = self._folder / policy
            return policy_data(load_policy(file.read_bytes(), str(file)))
        except ValidationError as error:
            self.problems += self._document.problems(error, prefix=at)
        except DocumentError as error:
            self.problems += error.problems
        except OSError as error:
            found = f"{policy} ({error})"
            self.problems.append(self._document.problem(at, found=found, expected="a policy file beside the scenario"))
        return {}
