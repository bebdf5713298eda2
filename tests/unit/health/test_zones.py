"""The zone ids that a description names."""

import pytest

from org_gate.health.zones import MOST, text_zones


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("Errors in a single Availability Zone (use1-az4) in the US-EAST-1 Region.", ("use1-az4",)),
        ("USE1-AZ4 and use1-az2, also Use1-Az4.", ("use1-az2", "use1-az4")),
        ("apne1-az1/apse2-az3;usgw1-az1:mec1-az2", ("apne1-az1", "apse2-az3", "mec1-az2", "usgw1-az1")),
        ("the Local Zone usw2-lax1-az1", ("usw2-lax1-az1",)),
        ("the Wavelength Zone use1-wl1-bos-wlz1", ("use1-wl1-bos-wlz1",)),
        ("- use1-az4\n-use1-az6\n- use1-az1-\n", ("use1-az1", "use1-az4", "use1-az6")),
        ("„use1-az4“–use1-az6…", ("use1-az4", "use1-az6")),
        ("us-east-1a and us-east-1-az4 are names", ()),
        ("the bucket logs--use1-az4--x-s3", ()),
        ("reuse1-az4 myuse1_use1-az4 use1-az4x use1-az400 cause1-az4-old x-use1-az4 éuse1-az4", ()),
        ("web01-az1 use1-bz4 use-az4 use1az4 az4", ()),
        ("", ()),
    ],
)
def test_zone_ids_are_found_and_nothing_else(text: str, zones: tuple[str, ...]) -> None:
    assert text_zones(text) == zones


def test_a_text_that_names_more_than_can_be_kept_tells_none() -> None:
    every = [f"us{way}{number}-az{zone}" for way in "news" for number in range(1, 10) for zone in range(1, 10)]
    assert len(text_zones(" ".join(every[:MOST]))) == MOST
    assert text_zones(" ".join(every[: MOST + 1])) == ()


def test_a_long_text_of_almost_zones_takes_no_time_to_speak_of() -> None:
    assert text_zones("use1-aaaa-" * 100_000 + " use1-az4") == ("use1-az4",)
