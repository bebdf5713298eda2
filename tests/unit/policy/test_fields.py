"""Values of a policy that do not come as YAML: models take times and durations as they are in Python, too."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from org_gate.policy.load import problems_of
from org_gate.policy.model import Defaults, Freeze, TargetFilter

BEGIN = datetime(2026, 11, 26, 1, 0, 0, 5, timezone(timedelta(hours=1)))


def test_a_time_is_brought_to_utc_and_whole_seconds() -> None:
    freeze = Freeze.model_validate({"name": "a", "from": BEGIN, "to": "2026-11-27T00:00:00Z"})
    assert (freeze.start, freeze.start.tzinfo) == (datetime(2026, 11, 26, tzinfo=UTC), UTC)


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValidationError, match="offset"):
        Freeze.model_validate({"name": "a", "from": BEGIN.replace(tzinfo=None), "to": "2026-11-27T00:00:00Z"})


def test_a_duration_is_taken_as_it_is() -> None:
    assert Defaults.model_validate({"max_age": timedelta(seconds=7)}).max_age == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("value", "reads_as_a_number"), [(111122223333, True), (True, False), ("11112222333", False), ("x", False)]
)
def test_an_account_id_that_was_read_as_a_number_is_told_why(value: object, reads_as_a_number: bool) -> None:  # noqa: FBT001  a column of the table
    with pytest.raises(ValidationError) as caught:
        TargetFilter.model_validate({"accounts": [value]})
    (problem,) = problems_of(caught.value)
    assert problem["expected"].startswith("12 digits in quotes")
    assert ("YAML reads them as a number" in problem["expected"]) is reads_as_a_number
