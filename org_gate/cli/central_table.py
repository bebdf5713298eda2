"""The table of the central account, for commands that read it with central credentials (C2)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from org_gate.cli.rollout_settings import settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.rollout.outputs import read_outputs
from org_gate.store import Store

_PAGE: Final = 500
_READ_AT_ONCE: Final = 50


class CentralTable(NamedTuple):
    """``name`` is what a person calls it."""

    store: Store
    name: str


def open_table(surroundings: Surroundings, config: Path, output: str = "text") -> CentralTable:
    """By the settings of the rollout: the home Region's. Ends the command where it cannot be found."""
    settings = settings_or_stop(config, output)
    region, session = settings.central.region, surroundings.aws()
    with told(output):
        cloudformation = session.client("cloudformation", region_name=region)
        table = read_outputs(cloudformation, settings.names.central_stack, region).table_name
    return CentralTable(Store(session.client("dynamodb", region_name=region), table), f"table {table} in {region}")


def records(store: Store, since: datetime | None, until: datetime | None) -> Iterator[dict[str, Any]]:
    """The decisions of ``[since, until)`` as they were put, the newest first. Raises StoreError."""
    after: str | None = None
    while True:
        page, after = store.decisions(None, None, since, until, after, _PAGE)
        ids = [entry["decision_id"] for entry in page]
        for first in range(0, len(ids), _READ_AT_ONCE):
            yield from store.several_decisions(ids[first : first + _READ_AT_ONCE])
        if after is None:
            return
