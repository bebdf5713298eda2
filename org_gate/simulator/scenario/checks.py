"""What pydantic cannot see: whether the parts of a scenario fit each other. Each finding has its path.

Pure but for the policy files it reads; plays nothing.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from org_gate.policy.mistakes import shown
from org_gate.simulator.health.events import EventBook, HealthUpdate, HealthUpdateError
from org_gate.simulator.pipelines.declaration import refused_declaration
from org_gate.simulator.scenario.definition import GATE_FUNCTION, Path, gate_actions, parameters_text
from org_gate.simulator.scenario.model import (
    Entry,
    HealthSpec,
    OrganizationSpec,
    PipelineSpec,
    Scenario,
    event_fields,
)

MAX_PARAMETERS: Final = 1_000


class Finding(NamedTuple):
    """One thing that does not fit: where, what was found, what was expected."""

    path: Path
    found: str
    expected: str


def findings(scenario: Scenario) -> list[Finding]:
    """All that does not fit, in no particular order."""
    return [
        *_organization(scenario),
        *_central(scenario),
        *_gate_ous(scenario),
        *_pipelines(scenario),
        *_declarations(scenario),
        *_pipeline_entries(scenario),
        *_health_entries(scenario),
    ]


def ou_paths(organization: OrganizationSpec) -> dict[str, None]:
    """The paths of all OUs, parents before children. Raises TypeError where the nesting is not names."""
    return dict.fromkeys(_walk(organization.ous, ""))


def _walk(level: object, prefix: str) -> Iterator[str]:
    if level is None:
        return
    if not isinstance(level, dict):
        msg = f"{prefix or 'ous'} has {level!r} where the names of OUs are expected, each with its own OUs or {{}}"
        raise TypeError(msg)
    for name, below in level.items():
        path = f"{prefix}/{name}" if prefix else str(name)
        yield path
        yield from _walk(below, path)


def _organization(scenario: Scenario) -> Iterator[Finding]:
    organization = scenario.organization
    try:
        paths = ou_paths(organization)
    except TypeError as error:
        yield Finding(("organization", "ous"), "something else", str(error))
        return
    ids = Counter([organization.management, *(account.id for account in organization.accounts)])
    for index, account in enumerate(organization.accounts):
        if ids[account.id] > 1:
            yield Finding(("organization", "accounts", index, "id"), account.id, "an id that no other account has")
        if account.ou and account.ou not in paths:
            known = ", ".join(paths) or "none"
            yield Finding(("organization", "accounts", index, "ou"), account.ou, f"one of the OUs: {known}")


def _central(scenario: Scenario) -> Iterator[Finding]:
    statuses = {account.id: account.status for account in scenario.organization.accounts}
    if statuses.get(scenario.central.account) != "ACTIVE":
        expected = "an active account of the organization, not the management account"
        yield Finding(("central", "account"), scenario.central.account, expected)


def _gate_ous(scenario: Scenario) -> Iterator[Finding]:
    try:
        paths = ou_paths(scenario.organization)
    except TypeError:
        return
    for index, path in enumerate(scenario.gate_ous or []):
        if path not in paths:
            yield Finding(("gate_ous", index), path, f"one of the OUs: {', '.join(paths) or 'none'}")


def _pipelines(scenario: Scenario) -> Iterator[Finding]:
    known = {scenario.organization.management, *(account.id for account in scenario.organization.accounts)}
    seen = Counter((p.account, p.region, p.name) for p in scenario.pipelines)
    for index, pipeline in enumerate(scenario.pipelines):
        if pipeline.account not in known:
            yield Finding(("pipelines", index, "account"), pipeline.account, "an account of the organization")
        if seen[pipeline.account, pipeline.region, pipeline.name] > 1:
            yield Finding(("pipelines", index, "name"), pipeline.name, "a name once for each account and Region")


def _declarations(scenario: Scenario) -> Iterator[Finding]:
    """What CodePipeline would not create, and parameters that no gate could take."""
    for index, pipeline in enumerate(scenario.pipelines):
        path, definition = ("pipelines", index), pipeline.definition
        yield from _parameters(pipeline, path)
        if definition is not None and definition.get("name", pipeline.name) != pipeline.name:
            expected = f"the name that the scenario gives this pipeline, {pipeline.name}, or none"
            yield Finding((*path, "definition", "name"), shown(definition["name"]), expected)
        for refused in refused_declaration(pipeline.declaration):
            place = (*path, "definition", *refused.path) if definition is not None else path
            yield Finding(place, "a pipeline that CodePipeline refuses", refused.message)


def _parameters(pipeline: PipelineSpec, path: Path) -> Iterator[Finding]:
    own, given = (*path, "user_parameters"), pipeline.user_parameters
    if given is not None:
        yield from _too_long(parameters_text(given), own)
    if pipeline.definition is None:
        return
    gates = list(gate_actions(pipeline.definition))
    if given is not None and not gates:
        expected = f"a gate in the definition to take them: a Lambda action with FunctionName {GATE_FUNCTION}"
        yield Finding(own, shown(given), expected)
    if given is not None and any("UserParameters" in gate.configuration for gate in gates):
        yield Finding(own, "both", "user_parameters in one place, here or in the definition")
    for gate in gates:
        text = gate.configuration.get("UserParameters")
        if isinstance(text, str):
            yield from _too_long(text, (*path, "definition", *gate.path, "UserParameters"))


def _too_long(text: str, path: Path) -> Iterator[Finding]:
    if len(text) > MAX_PARAMETERS:
        expected = f"at most {MAX_PARAMETERS}: CodePipeline takes no more (G2)"
        yield Finding(path, f"UserParameters of {len(text)} characters", expected)


def _pipeline_entries(scenario: Scenario) -> Iterator[Finding]:
    for index, entry in enumerate(scenario.timeline):
        if entry.pipeline_name is None:
            continue
        try:
            scenario.pipeline(entry.pipeline_name, entry.account)
        except ValueError as error:
            field = "run" if entry.run else "retry" if entry.retry else "stop"
            yield Finding(("timeline", index, field), entry.pipeline_name, str(error))


def _health_entries(scenario: Scenario) -> Iterator[Finding]:
    """Rehearsed in the order in which they will be played."""
    book = EventBook()
    for index, entry in sorted(enumerate(scenario.timeline), key=lambda pair: pair[1].at):
        try:
            _rehearse(scenario, entry, book)
        except HealthUpdateError as error:
            what = "health" if entry.health is not None else "deliver"
            yield Finding(("timeline", index, what), "an event that does not fit", str(error))


def _rehearse(scenario: Scenario, entry: Entry, book: EventBook) -> None:
    if entry.health is not None:
        book.show(health_update(scenario, entry.health), scenario.start + entry.at)
    elif entry.deliver is not None:
        book.one(entry.deliver.arn, entry.deliver.region)


def health_update(scenario: Scenario, spec: HealthSpec) -> HealthUpdate:
    """An entry as AWS Health's simulator takes it, times absolute."""
    entities = None
    if spec.entities is not None:
        entities = [
            {
                name: scenario.moment(value) if name == "lastUpdatedTime" else value
                for name, value in entity.model_dump(exclude_unset=True).items()
            }
            for entity in spec.entities
        ]
    return HealthUpdate(
        event=event_fields(scenario, spec),
        description=spec.description,
        affected_accounts=spec.affectedAccounts,
        entities=entities,
    )
