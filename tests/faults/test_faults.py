"""Each fault of the table, played on one organization, one after the other."""

from collections.abc import Iterator

import pytest

from tests.faults import around, dates, health, standby, way
from tests.faults.playing import IN_PROCESSES, PLAYS
from tests.faults.stage import Stage, stage
from tests.faults.table import BY_ID, RECORDS

PLAYERS = (around, dates, health, standby, way)
"""Imported for what they play."""


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """As the fault before left it."""
    with stage(tmp_path_factory.mktemp("faults")) as opened:
        yield opened


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.contract(BY_ID[name].clause)) for name in sorted(PLAYS)]
)
def test_it_ends_as_the_table_says(organization: Stage, name: str) -> None:
    organization.calm()
    PLAYS[name](organization, BY_ID[name])


def test_every_fault_of_the_table_is_played() -> None:
    assert sorted([*PLAYS, *IN_PROCESSES]) == sorted(record.id for record in RECORDS)
    assert {play.__module__ for play in PLAYS.values()} == {player.__name__ for player in PLAYERS}
