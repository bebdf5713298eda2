"""Where a backtest's past comes from: a scenario file, an export, or the table of the central account.

Each becomes a history, with the deployments that were recorded, if any. Whatever cannot be read ends the command.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

import click
from pydantic import ValidationError

from org_gate.cli.central_table import events, open_table, records
from org_gate.cli.output import print_json, stop
from org_gate.cli.policy_files import as_json
from org_gate.cli.rollout_settings import COULD_NOT
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.model.event import Event
from org_gate.policy.document import DocumentError
from org_gate.report.backtest_history import History
from org_gate.report.backtest_recorded import history_from
from org_gate.report.exported import Recorded, read_export, recorded_of
from org_gate.report.plain import count
from org_gate.rollout.files import shipped
from org_gate.store import Store
from org_gate.store.errors import StoreError

SHIPPED: Final = "config/scenarios/incidents-2020-2026.yaml"
_A_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``accounts`` and ``regions`` are where deployments go by default, in order."""

    name: str
    history: History
    recorded: tuple[Recorded, ...] = ()
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    unreadable: int = 0
    """Recorded decisions that another version of org-gate kept in a form that this one does not read."""

    @property
    def begin(self) -> datetime | None:
        """The first moment that it tells of; None where it tells of none."""
        moments = [event.began for event in self.history.events] + [one.at for one in self.recorded]
        return min(moments, default=None)

    @property
    def end(self) -> datetime | None:
        """A minute after the last moment that it tells of."""
        shown = [event.versions[-1].since for event in self.history.events]
        ends = [over for event in self.history.events if (over := event.over()) is not None]
        last = max([*shown, *ends, *(one.at for one in self.recorded)], default=None)
        return None if last is None else last + _A_MINUTE


def from_scenario(file: Path | None, output: str) -> Source:
    """The history of a scenario file; None: the incidents that ship. Ends the command where it is not valid."""
    from org_gate.cli import backtest_scenario  # noqa: PLC0415  PyYAML and botocore's models: only where it is asked for

    path = shipped(SHIPPED) if file is None else file
    try:
        scenario = backtest_scenario.read(path)
    except OSError as error:
        stop(f"{path}: cannot be read ({error.strerror or error}); give the path of a scenario file", output=output)
    except DocumentError as error:
        _stop_invalid(str(path), error, output)
    return Source(
        name=f"the public AWS incidents of 2020 to 2026 ({SHIPPED})" if file is None else str(path),
        history=backtest_scenario.history(scenario),
        accounts=backtest_scenario.accounts(scenario),
        regions=tuple(scenario.gate_regions),
    )


def from_export(file: Path, output: str) -> Source:
    """Ends the command with what is wrong, line by line, where it is no export."""
    try:
        with file.open("rb") as lines:
            told, recorded = read_export(lines, str(file))
    except OSError as error:
        stop(f"{file}: cannot be read ({error.strerror or error}); give the path of an export", output=output)
    except DocumentError as error:
        _stop_invalid(str(file), error, output)
    return _recorded(str(file), recorded, told)


def from_table(
    surroundings: Surroundings, config: Path, since: datetime | None, until: datetime | None, output: str
) -> Source:
    """The decisions of that time, with credentials of the central account. Ends the command where that fails."""
    table = open_table(surroundings, config, output)
    try:
        return read_table(table.store, table.name, since, until)
    except StoreError as error:
        stop(str(error), COULD_NOT, output=output)


def read_table(store: Store, name: str, since: datetime | None, until: datetime | None) -> Source:
    """Raises StoreError."""
    recorded: list[Recorded] = []
    unreadable = 0
    for record in records(store, since, until):
        try:
            recorded.append(recorded_of(record))
        except ValidationError:
            unreadable += 1
    named = {event.key for one in recorded for event in one.knowledge.events}
    found = list(events(store, named, since, until))
    return _recorded(name, sorted(recorded, key=lambda one: (one.at, one.decision_id)), found, unreadable)


def _recorded(name: str, recorded: Sequence[Recorded], told: Sequence[Event], unreadable: int = 0) -> Source:
    targets = [target for one in recorded for target in one.request.targets]
    history = history_from(recorded, told)
    return Source(
        name=name,
        history=history,
        recorded=tuple(recorded),
        accounts=tuple(sorted({target.account for target in targets} or history.accounts)),
        regions=tuple(sorted({target.region for target in targets} | {event.key.region for event in history.events})),
        unreadable=unreadable,
    )


def _stop_invalid(name: str, error: DocumentError, output: str) -> NoReturn:
    if output == "json":
        print_json({"file": name, "valid": False, "problems": as_json(error.problems)})
    for problem in error.problems:
        click.echo(harmless(problem), err=True)
    stop(f"{count(len(error.problems), 'problem')}: {name} is not valid, so nothing was tried.")
