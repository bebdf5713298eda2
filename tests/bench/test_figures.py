"""That the benches of reports, backtests, resumptions, load and costs work, at sizes that measure nothing.

No time is judged here; counts are exact, and the page of costs is held to them.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from math import ceil
from pathlib import Path

import pytest

from tests.bench import costs, load, prices, replays, reports, resumes
from tests.bench.costs import SIZES, document, month_of
from tests.bench.counts import Used, counted
from tests.bench.measure import Result
from tests.bench.metered import MeteredDynamoDb
from tests.unit.store.tables import TABLE

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def _named(results: list[Result], part: str) -> list[Result]:
    return [one for one in results if part in one.name]


def test_the_report_is_measured_in_processes_of_their_own() -> None:
    tiny = reports.Organization(accounts=20, events=10, entities=100, decisions=50)
    results = list(reports.large(tiny, ("html",)))
    assert [one.holds for one in results if one.goal] == [True, True, True]
    assert all(one.value > 0 for one in results)


@pytest.mark.parametrize("kind", reports.RENDERINGS)
def test_each_rendering_is_written(kind: str, tmp_path: Path) -> None:
    tiny = reports.Organization(accounts=20, events=10, entities=100, decisions=50)
    reports._KINDS[kind](tiny.reader(), tmp_path / "out.zip")
    assert (tmp_path / "out.zip").stat().st_size > 0


def test_the_floor_writes_every_row_once(tmp_path: Path) -> None:
    tiny = reports.Organization(accounts=20, events=10, entities=100, decisions=50)
    reports._floor(tiny.reader(), tmp_path / "rows")
    rows = (tmp_path / "rows").read_text(encoding="utf-8").splitlines()
    entities = 10 * (100 * 2 // 10)
    assert len(rows) == 1 + 1 + 20 + 10 * 2 + entities + 50


def test_backtests_are_measured_against_deciding_at_every_step() -> None:
    assert {one.unit for one in replays.recorded(20)} == {"ms", "1/s"}
    assert [one.holds for one in replays.history(1, timedelta(hours=12))] == [None, True, None]


def test_every_deployment_goes_on_once_in_as_many_waves_as_the_policy_asks() -> None:
    results = list(resumes.storms(25, 10))
    assert [one.holds for one in results[:3]] == [True, True, True]
    assert results[0].value == resumes.SETTLE + 3
    (retried,) = _named(results, "stages retried")
    assert retried.value == 1


def test_a_check_reads_what_it_needs_and_nothing_twice() -> None:
    results = list(load.api(accounts=40, checks=20))
    assert all(one.holds for one in results if one.goal)
    (again,) = _named(results, "nothing changed")
    assert again.value == 1


def test_a_collector_of_many_events_asks_once_where_nothing_changed() -> None:
    results = list(load.collector(events=20, accounts=40))
    first, unchanged, *_ = _named(results, "calls to AWS Health")
    assert (first.value > 10, unchanged.value) == (True, 1)


def test_the_meter_bills_by_published_rules() -> None:
    table = MeteredDynamoDb()
    key = {"pk": {"S": "A"}, "sk": {"S": "B"}}

    def used() -> tuple[int, int]:
        read, written = table.meter.reads, table.meter.writes
        table.meter.clear()
        return read, written

    table.get_item(TableName=TABLE, Key=key)
    assert used() == (1, 0), "nothing there is a unit"
    table.put_item(TableName=TABLE, Item={**key, "body": {"S": "x" * 2500}})
    assert used() == (0, ceil(2500 / 1024))
    put = {"Put": {"TableName": TABLE, "Item": {**key, "body": {"S": "x"}}}}
    table.transact_write_items(TransactItems=[put])
    assert used() == (0, 2 * 3), "the larger of before and after, twice"
    table.put_item(TableName=TABLE, Item={**key, "body": {"S": "x" * 5000}})
    used()
    table.query(TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": key["pk"]})
    assert used() == (2, 0)


def test_what_a_month_comes_to_adds_up() -> None:
    count = counted(20, 6)
    assert count.poll.health == 1
    assert isinstance(count.check, Used)
    month = month_of(SIZES[0], count)
    twice = month_of(replace(SIZES[0], checks_a_day=2 * SIZES[0].checks_a_day), count)
    more = twice.used["write units"] - month.used["write units"]
    assert more == pytest.approx(SIZES[0].checks * count.check.writes, rel=0.05)
    assert sum(month.dollars(*parts) for parts in costs._LINES.values()) == pytest.approx(month.dollars(*prices.PRICES))
    assert twice.dollars("S3 GB") == month.dollars("S3 GB")


def test_the_page_of_costs_says_what_the_code_uses_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), f"make it anew: {costs.COMMAND}"
