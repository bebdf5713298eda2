from datetime import UTC, datetime, timedelta

import pytest

from org_gate.simulator.delivery.schedule import first_due

GRID = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("expression", "after_seconds", "due_seconds"),
    [
        ("rate(1 minute)", 0, 0),
        ("rate(1 minute)", 1, 60),
        ("rate(1 minute)", 60, 60),
        ("rate(5 minutes)", 301, 600),
        ("rate(2 hours)", 1, 7200),
        ("rate(1 day)", 1, 86400),
        ("cron(0 12 * * ? *)", 0, 0),
        ("cron(0 12 * * ? *)", 1, 86400),
        ("cron(0/15 * * * ? *)", 1, 900),
        ("cron(30 8 ? * MON-FRI *)", 1, 86400 - 12600),
        ("cron(0 0 1 APR ? 2026)", 1, 29 * 86400 + 43200),
        ("cron(0 12 ? * 7,1 *)", 0, 5 * 86400),
    ],
)
def test_when_it_is_due(expression: str, after_seconds: int, due_seconds: int) -> None:
    assert first_due(expression, GRID, GRID + timedelta(seconds=after_seconds)) == GRID + timedelta(seconds=due_seconds)


def test_a_year_that_is_over_never_comes_again() -> None:
    assert first_due("cron(0 12 * * ? 2020)", GRID, GRID) is None


@pytest.mark.parametrize(
    "expression", ["rate(0 minutes)", "every minute", "cron(61 * * * ? *)", "cron(0 12 L * ? *)", "cron(0 12 * * ?)"]
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"cron|schedule"):
        first_due(expression, GRID, GRID)
