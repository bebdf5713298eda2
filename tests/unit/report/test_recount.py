"""The report's numbers are those of a plain recount of the table's items, on random organizations."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from org_gate.model.times import parse_time
from org_gate.report.build import build
from org_gate.report.build_bounds import PAGE
from org_gate.report.model import Outcomes, Report, Spread
from tests.unit.report.recount import Recount, accounts_of, at, blocking, hour, rules, services
from tests.unit.report.worlds import DAY, END, START, World

SEEDS = range(12)
HALF = {"since": START + 2 * DAY, "until": START + 5 * DAY}
WHOLE = {"since": START, "until": END}


SPANS = ((WHOLE, None), (HALF, None), (WHOLE, "Workloads"))


@pytest.fixture(params=[(seed, *span) for seed in SEEDS for span in SPANS], scope="module")
def both(request: pytest.FixtureRequest) -> tuple[Report, Recount]:
    seed, span, ou = request.param
    world = World(seed)
    if ou is not None and not any(account.ou_path.startswith(ou) for account in world.accounts):
        pytest.skip("no account in that OU")
    report = build(world.reader(), world.options(**span, ou=ou))
    return report, Recount(world.client, **span, now=END, ou=ou)


def test_decisions_in_all(both: tuple[Report, Recount]) -> None:
    report, recount = both
    assert report.decisions.total.model_dump() == recount.outcomes()
    assert {row.id for row in report.decisions.rows.rows} == {record["decision_id"] for record in recount.decisions}


def test_decisions_by_everything(both: tuple[Report, Recount]) -> None:
    report, recount = both
    told = report.decisions
    accounts = {row.id: row.outcomes for row in told.accounts.rows if row.outcomes.decisions}
    assert dumped(accounts) == recount.values(lambda record: filter(recount.inside, accounts_of(record)))
    ous = {row.path: row.outcomes for row in told.ous.rows if row.outcomes.decisions}
    assert dumped(ous) == recount.values(
        lambda record: (ou for each in accounts_of(record) for ou in recount.ous_of(each))
    )
    assert dumped({(row.kind, row.name): row.outcomes for row in told.rules.rows}) == recount.values(rules)
    assert dumped({row.service: row.outcomes for row in told.services.rows}) == recount.values(services)
    regions = recount.values(lambda record: {target["region"] for target in record["decision"]["targets"]})
    assert dumped({row.region: row.outcomes for row in told.regions.rows}) == regions
    assert dumped({(row.account, row.region, row.name): row.outcomes for row in told.pipelines.rows}) == recount.values(
        lambda record: (
            [(record["caller"], pipeline["region"], pipeline["name"])]
            if (pipeline := record["request"]["pipeline"])
            else []
        )
    )


def test_events_and_what_they_hit(both: tuple[Report, Recount]) -> None:
    report, recount = both
    rows = {(row.arn, row.region): row for row in report.events.rows.rows}
    assert set(rows) == set(recount.events)
    assert report.events.total == len(recount.events)
    for key, row in rows.items():
        blocked = recount.blocked_by(key)
        runs = {
            (record["caller"], pipeline["region"], pipeline["name"], pipeline["execution_id"])
            for record in blocked
            if (pipeline := record["request"]["pipeline"])
        }
        assert (row.open, row.public) == (recount.is_open(key), recount.is_public(key))
        assert (row.account_count, row.accounts) == (len(recount.accounts(key)), tuple(recount.accounts(key)))
        assert row.resource_count == len(recount.members(key, "ENTITY#"))
        assert (row.blocked, row.warned) == (len(blocked), len(recount.warned_by(key)))
        assert (row.blocked_deployments, row.first_block) == (len(runs), recount.first_block(key))
        assert row.description == f"Something is wrong with {row.arn.rsplit('/', 1)[1]}."


def test_accounts_and_ous_by_events(both: tuple[Report, Recount]) -> None:
    report, recount = both
    for row in report.decisions.accounts.rows:
        hit = [key for key in recount.events if row.id in recount.accounts(key)]
        assert row.event_count == len(hit)
        assert row.open_event_count == sum(map(recount.is_open, hit))
        places = {report.events.rows.rows[place].arn for place in row.events}
        assert len(row.events) == len(places) == min(len(hit), PAGE.within)
        assert places <= {arn for arn, _region in hit}
    specific = [key for key in recount.events if not recount.is_public(key)]
    assert report.events.account_specific == len(specific)
    for ou in report.decisions.ous.rows:
        hit = [key for key in specific if any(ou.path in recount.ous_of(each) for each in recount.accounts(key))]
        assert ou.events == len(hit)
        assert ou.accounts == sum(ou.path in recount.ous_of(account) for account in recount.ou_of)
    resources = [(key, item["account"], item["value"]) for key in specific for item in recount.members(key, "ENTITY#")]
    told, events = report.events.resource_rows, report.events.rows.rows
    shown = [((events[row.event].arn, events[row.event].region), row.account, row.value) for row in told.rows]
    assert set(shown) <= set(resources)
    assert len(shown) + told.rows_omitted == len(resources)
    for key in specific:
        those = [resource for resource in resources if resource[0] == key]
        assert sum(each[0] == key for each in shown) == min(len(those), PAGE.within)


def test_how_long_things_took(both: tuple[Report, Recount]) -> None:
    report, recount = both
    timings = report.decisions.timings
    assert timings.start_to_first_block == spread(recount.to_first_block())
    assert timings.held == spread(recount.held())
    assert timings.to_resume == spread(recount.to_resume())


def test_timeline_and_heat(both: tuple[Report, Recount]) -> None:
    report, recount = both
    timeline = report.events.timeline
    length = timedelta(seconds=timeline.bucket_seconds)
    for bucket in timeline.buckets:
        here = [record for record in recount.decisions if hour(at(record["at"]), length) == bucket.start]
        verdicts = [record["decision"]["verdict"] for record in here]
        counts = (bucket.allowed, bucket.warned, bucket.blocked)
        assert counts == tuple(verdicts.count(verdict) for verdict in ("allow", "warn", "block"))
    starts = [at(item["facts"]["start"]) for item in recount.events.values()]
    within = [start for start in starts if report.meta.scope.since <= start < report.meta.scope.until]
    assert sum(bucket.events_started for bucket in timeline.buckets) == len(within)
    cells = {(item["region"], item["facts"]["service"]) for item in recount.events.values()}
    assert {(row.region, row.service) for row in report.events.heat.rows} == cells
    for row in report.events.heat.rows:
        within_cell = {
            key
            for key, item in recount.events.items()
            if (key[1], item["facts"]["service"]) == (row.region, row.service)
        }
        assert (row.events, row.open) == (len(within_cell), sum(map(recount.is_open, within_cell)))
        assert row.blocked == sum(bool(blocking(record) & within_cell) for record in recount.decisions)


def test_what_people_did_and_the_policy(both: tuple[Report, Recount]) -> None:
    report, recount = both
    used = recount.used()
    assert {row.id: row.used for row in report.exceptions.overrides.rows if row.used} == dict(used)
    for row in (*report.exceptions.drills.rows, *report.exceptions.declared.rows):
        hits = [
            record for record in recount.decisions if any(arn.endswith(f"/{row.id}") for arn, _ in blocking(record))
        ]
        assert row.blocked == len(hits)
    matched = recount.values(rules)
    for rule in report.policy.rules.rows:
        assert rule.matched == matched.get(("event", rule.name), {"decisions": 0})["decisions"]
    assert "never" in report.policy.never_matched
    versions = [item for (pk, _sk), item in recount.items.items() if pk == "POLICY"]
    changed = {int(item["version"]) for item in versions if recount.since <= parse_time(item["at"]) < recount.until}
    assert {row.version for row in report.policy.changes.rows} == changed


def test_who_waits(both: tuple[Report, Recount]) -> None:
    report, recount = both
    waiting = {
        item["decision_id"]
        for (pk, _sk), item in recount.items.items()
        if pk.startswith("WAITING#") and item["ended_as"] == "" and recount.inside(item["deployment"][0])
    }
    assert {row.decision_id for row in report.now.waiting.rows} == waiting


def dumped(outcomes: Mapping[Any, Outcomes]) -> dict[Any, dict[str, int]]:
    return {key: value.model_dump() for key, value in outcomes.items()}


def spread(found: list[int]) -> Spread:
    if not found:
        return Spread()
    last = len(found) - 1
    return Spread(
        count=len(found), least=found[0], median=found[last // 2], p90=found[last * 9 // 10], most=found[last]
    )
