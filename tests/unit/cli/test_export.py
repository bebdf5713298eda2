"""``org-gate export``: what the table holds, a line each, in the form that the backtest reads back."""

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from org_gate.cli.export import _opened, write
from org_gate.cli.main import run
from org_gate.health.merge import merge
from org_gate.health.reading import Reading, Source
from org_gate.model.event import Event, EventKey
from org_gate.report.exported import read_export, recorded_of
from org_gate.store import Store
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading
from tests.unit.decision.builders import NOW, PROD, event
from tests.unit.report.histories import at
from tests.unit.report.records import record
from tests.unit.store.tables import fake_table, store_on

ARN = event().arn


def keep(store: Store, arn: str, seconds: int, accounts: frozenset[str] = frozenset(), **values: str) -> None:
    """The collector's way: what AWS Health said of an event then."""
    told = {"service": "RDS", "scope": "ACCOUNT_SPECIFIC" if accounts else "PUBLIC", "status": "open", **values}
    reading = Reading(
        key=EventKey(arn, "us-east-1"), source=Source.API, last_updated=at(seconds), read_at=at(seconds), values=told
    )
    affected = SetReading(stamp="x", members={account: {} for account in accounts}, complete=True) if accounts else None
    store.events.save(
        reading.key, lambda held: merge(held, [reading]), now=at(seconds), belongings=Belongings(accounts=affected)
    )


def exported(
    store: Store, since: datetime | None = None, until: datetime | None = None
) -> tuple[list[Event], list[Any]]:
    file = io.StringIO()
    counted = write(store, file, since, until)
    events, decisions = read_export(file.getvalue().encode().splitlines(), "out")
    assert counted == (len(decisions), len(events))
    return events, decisions


def test_decisions_come_with_the_events_that_they_name_and_those_that_are_open() -> None:
    store = store_on(fake_table())
    keep(store, ARN, -10)
    keep(store, ARN, 600, status="closed", end="2026-03-02T12:10:00Z")
    keep(store, f"{ARN}2", 5, frozenset({PROD}))
    keep(store, f"{ARN}3", 5)
    keep(store, f"{ARN}3", 6, status="closed")
    records = [record(at(n), event(last_updated=at(-10)), number=n + 1) for n in range(3)]
    for one in records:
        store.put_decision(one)
    events, decisions = exported(store)
    assert decisions == [recorded_of(one) for one in reversed(records)]
    assert [(one.arn, one.status, one.accounts) for one in events] == [
        (ARN, "closed", frozenset()),
        (f"{ARN}2", "open", {PROD}),
    ]
    assert (events[0].end, events[0].last_updated) == (NOW + timedelta(minutes=10), at(600))


def test_of_the_time_asked_for() -> None:
    store = store_on(fake_table())
    for hour in range(4):
        store.put_decision(record(NOW + timedelta(hours=hour), number=hour + 1))
    _, decisions = exported(store, NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    assert [one.at for one in decisions] == [NOW + timedelta(hours=2), NOW + timedelta(hours=1)]


def test_what_strangers_wrote_stays_on_its_line() -> None:
    store = store_on(fake_table())
    odd = record(NOW)
    odd["request"]["source"] = "a\u2028b\nc\x1b"
    store.put_decision(odd)
    file = io.StringIO()
    write(store, file, None, None)
    (line,) = file.getvalue().splitlines()
    assert line.isascii()
    assert json.loads(line)["request"]["source"] == odd["request"]["source"]


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "past.jsonl"
    out.write_text("before")

    def half_way() -> None:
        with _opened(out) as file:
            file.write("half")
            message = "disk full"
            raise OSError(message)

    with pytest.raises(OSError, match="disk full"):
        half_way()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("past.jsonl", "before")]
    with _opened(out) as file:
        file.write("whole")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("past.jsonl", "whole")]


def test_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--from", "2026-01-02", "--to", "2026-01-01"]) == 2
    assert "--from has to be before --to" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        run(["export", "--config", "missing.yaml"])
    assert end.value.code == 2
