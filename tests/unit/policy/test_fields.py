"""Values of a policy that do not come as YAML: models take times and durations as they are in Python, too."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from org_gate.policy.load import policy_from_data, problems_of
from org_gate.policy.model import Defaults, Freeze, Match, Policy, TargetFilter

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


@pytest.mark.parametrize(
    ("written", "example"), [("Pacific/Auklnd", "Pacific/Auckland"), ("nowhere at all", "Europe/Berlin")]
)
def test_a_time_zone_is_refused_with_the_one_that_was_probably_meant(written: str, example: str) -> None:
    freeze = {"name": "a", "from": "2026-11-26T00:00:00Z", "to": "2026-11-27T00:00:00Z", "timezone": written}
    with pytest.raises(ValidationError) as caught:
        Freeze.model_validate(freeze)
    (problem,) = problems_of(caught.value)
    assert problem["expected"] == f"the IANA name of a time zone, for example '{example}'"


def test_what_is_no_mapping_is_refused_and_a_model_is_taken_as_it_is() -> None:
    freeze = Freeze.model_validate({"name": "a", "from": BEGIN, "to": "2026-11-27T00:00:00Z"})
    policy = policy_from_data({"version": 1, "freezes": [freeze]})
    assert Freeze.model_validate(freeze) == policy.freezes[0] == freeze
    assert policy_from_data(policy) == policy
    for model in (Freeze, Policy):
        for value in (None, 7, "rules", ["rules"]):
            with pytest.raises(ValidationError):
                model.model_validate(value)


def test_what_a_filter_leaves_out_is_an_empty_list_or_nothing() -> None:
    lists: tuple[str, ...] = (
        "categories",
        "statuses",
        "services",
        "regions",
        "scopes",
        "type_codes",
        "availability_zones",
    )
    lists += ("actionabilities", "personas", "entities")
    times = ("starts_within", "open_for_at_least", "updated_within", "drill")
    assert dict(Match()) == dict.fromkeys(lists, ()) | dict.fromkeys(times)
    assert dict(TargetFilter()) == {
        "accounts": (),
        "ous": (),
        "tags": {},
        "regions": (),
        "services": (),
        "pipelines": (),
    }


def test_in_python_times_and_durations_stay_what_they_are() -> None:
    freeze = Freeze.model_validate({"name": "a", "from": BEGIN, "rrule": "FREQ=DAILY", "duration": "1h"})
    dumped = freeze.model_dump()
    assert (dumped["from"], dumped["duration"]) == (freeze.start, timedelta(hours=1))
    assert Defaults().model_dump()["max_age"] == timedelta(minutes=10)
    written = freeze.model_dump(mode="json")
    assert (written["from"], written["duration"]) == ("2026-11-26T00:00:00Z", "1h")
