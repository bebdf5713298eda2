"""The table of the central account, for commands that read it with central credentials (C2)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import boto3

from org_gate.cli.rollout_settings import settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.inventory.settings import Settings
from org_gate.model.event import Event, EventKey
from org_gate.report import archive
from org_gate.rollout.outputs import read_outputs
from org_gate.store import Store

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_MIDNIGHT: Final = time()
_A_DAY: Final = timedelta(days=1)


class CentralTable(NamedTuple):
    """``name`` is what a person calls it."""

    store: Store
    name: str


def open_table(surroundings: Surroundings, config: Path, output: str = "text") -> CentralTable:
    """By the settings of the rollout: the home Region's. Ends the command where it cannot be found."""
    settings, session = settings_or_stop(config, output), surroundings.aws()
    with told(output):
        return table_of(session, settings)


def table_of(session: boto3.Session, settings: Settings) -> CentralTable:
    """The home Region's, as its stack tells it. Raises RolloutError."""
    region = settings.central.region
    cloudformation = session.client("cloudformation", region_name=region)
    table = read_outputs(cloudformation, settings.names.central_stack, region).table_name
    return CentralTable(Store(session.client("dynamodb", region_name=region), table), f"table {table} in {region}")


def records(store: Store, since: datetime | None, until: datetime | None) -> Iterator[dict[str, Any]]:
    """The decisions of ``[since, until)`` as they were put, the newest first. Raises StoreError."""
    return store.past.whole(since or _EARLIEST, until or _LATEST)


def events(store: Store, named: Iterable[EventKey], since: datetime | None, until: datetime | None) -> Iterator[Event]:
    """Those named, those open, and those whose record was written on a day of ``[since, until)``, each once.

    As they are known by now, with the accounts that they affect, in order of their ARNs. Raises StoreError.
    """
    found = {*named, *store.events.open()}
    for day in _days(store, since, until):
        found.update(store.past.seen(day))
    return archive.events(store, sorted(found))


def _days(store: Store, since: datetime | None, until: datetime | None) -> Iterator[date]:
    """What is "by now" is for the table to say, not for a clock: the same table always gives the same."""
    last = store.past.last_day()
    if last is None:
        return
    before = last + 2 * _A_DAY  # events are written after the last poll began, maybe past midnight
    if until is not None and until.date() < before:
        before = until.date() + (until.time() > _MIDNIGHT) * _A_DAY
    for day in store.past.days(before):
        if since is None or day >= since.date():
            yield day
