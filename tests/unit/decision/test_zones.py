from dataclasses import replace

import pytest

from org_gate.decision.zones import Comparison, compare, zones_of
from tests.unit.decision.builders import USUAL_EVENT, policy

NAMES = ["us-east-1a", "us-gov-west-1b", "us-east-1-bos-1a", "us-east-1-wl1-bos-wlz-1"]
IDS = ["use1-az4", "USE1-AZ6", "usgw1-az1", "use1-bos1-az1", "use1-wl1-bos-wlz1"]
NEITHER = ["rack 7", "us-east-1", "use1-az", "xxus-east-1axx", "xxuse1-az4xx", "az4", ""]


@pytest.mark.parametrize("kind", [NAMES, IDS])
def test_two_of_one_kind_are_the_same_zone_or_are_not(kind: list[str]) -> None:
    for one in kind:
        for other in kind:
            expected = Comparison.SHARED if one == other else Comparison.DISTINCT
            assert compare([one], [other]) is compare([one.upper()], [other.lower()]) is expected


def test_of_two_kinds_or_of_none_nothing_is_told_unless_they_are_the_same() -> None:
    for one in NEITHER:
        assert compare([one], [one]) is Comparison.SHARED
        for other in (*NAMES, *IDS, "another"):
            assert compare([one], [other]) is compare([other], [one]) is Comparison.IMPOSSIBLE
    for name in NAMES:
        assert all(compare([name], [one]) is Comparison.IMPOSSIBLE for one in IDS)


def test_a_shared_one_counts_among_any_others_and_one_of_another_kind_spoils_the_rest() -> None:
    assert compare(["use1-az4", "rack 7"], ["us-east-1a", "USE1-AZ4"]) is Comparison.SHARED
    assert compare(["use1-az4", "us-east-1a"], ["use1-az6"]) is Comparison.IMPOSSIBLE
    assert compare(["use1-az4", "use1-az5"], ["use1-az6"]) is Comparison.DISTINCT


def test_an_events_zones_are_its_own_and_where_the_policy_says_so_those_of_its_text() -> None:
    by_field, by_text = policy(), policy(zones_from_text=True)
    told = replace(USUAL_EVENT, availability_zone="us-east-1a", text_zones=("use1-az4",))
    untold = replace(USUAL_EVENT, text_zones=("use1-az4",))
    assert [zones_of(told, one) for one in (by_field, by_text)] == [("us-east-1a",), ("us-east-1a", "use1-az4")]
    assert [zones_of(untold, one) for one in (by_field, by_text)] == [(), ("use1-az4",)]
