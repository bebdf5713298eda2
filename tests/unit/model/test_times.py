"""Times as the contract spells them, at the ends of the calendar too."""

from datetime import UTC, datetime

import pytest

from org_gate.model.times import format_time, parse_time, whole


@pytest.mark.contract("D3")
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
def test_a_year_has_four_digits_so_that_what_was_written_can_be_read_again(text: str) -> None:
    assert format_time(parse_time(text)) == text


def test_fractions_are_cut() -> None:
    assert format_time(datetime(2026, 3, 2, 12, 0, 0, 999_999, tzinfo=UTC)) == "2026-03-02T12:00:00Z"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_utc_has_no_year_for_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        parse_time(text)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        whole(datetime.fromisoformat(text))
