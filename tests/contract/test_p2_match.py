"""P2: every field of ``match``, with its edges."""

from datetime import timedelta

import pytest

from org_gate.decision.match import conditions
from org_gate.policy.model import Match
from org_gate.policy.services import ServiceNames
from tests.unit.decision.builders import NOW, decided, event, policy

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def fits(match: dict[str, object], fields: dict[str, object], **more: object) -> bool:
    """Whether a rule with this match decides for an event with these fields."""
    rules = policy({"name": "r", "match": match, "verdict": "warn"}, **more)
    return bool(decided("/us-east-1", event(**fields), rules).reasons)


@pytest.mark.contract("P2")
@pytest.mark.parametrize(
    ("match", "fields", "expected"),
    [
        ({"categories": ["issue", "scheduledChange"]}, {"category": "scheduledChange"}, True),
        ({"categories": ["issue"]}, {"category": "scheduledChange"}, False),
        ({"statuses": ["upcoming"]}, {"status": "upcoming"}, True),
        ({"statuses": ["upcoming"]}, {"status": "open"}, False),
        ({"services": ["rds"]}, {"service": "RDS"}, True),
        ({"services": ["RDS"]}, {"service": "rds"}, True),
        ({"services": ["DB"]}, {"service": "RDS"}, True),
        ({"services": ["RDS"]}, {"service": "MULTIPLE_SERVICES"}, False),
        ({"services": ["MULTIPLE_SERVICES"]}, {"service": "MULTIPLE_SERVICES"}, True),
        ({"services": ["ECS"]}, {"service": "EC2"}, False),
        ({"regions": ["us-east-1"]}, {"region": "us-east-1"}, True),
        ({"regions": ["us-east-1"]}, {"region": "global"}, False),
        ({"regions": ["global"]}, {"region": "global"}, True),
        ({"scopes": ["PUBLIC"]}, {"scope": "PUBLIC"}, True),
        ({"scopes": ["ACCOUNT_SPECIFIC"]}, {"scope": "PUBLIC"}, False),
        ({"type_codes": ["AWS_*_ISSUE"]}, {"type_code": "AWS_RDS_OPERATIONAL_ISSUE"}, True),
        ({"type_codes": ["AWS_*"]}, {"type_code": "aws_rds"}, False),
        ({"type_codes": ["RDS"]}, {"type_code": "AWS_RDS"}, False),
        ({"type_codes": ["X", "AWS_RD[ST]"]}, {"type_code": "AWS_RDT"}, True),
        ({"availability_zones": ["USE1-az4"]}, {"availability_zone": "use1-AZ4"}, True),
        ({"availability_zones": ["use1-az4"]}, {"availability_zone": "use1-az5"}, False),
        ({"availability_zones": ["us-east-1a"]}, {"availability_zone": "use1-az5"}, True),
        ({"actionabilities": ["ACTION_REQUIRED"]}, {"actionability": "ACTION_REQUIRED"}, True),
        ({"actionabilities": ["ACTION_REQUIRED"]}, {"actionability": "INFORMATIONAL"}, False),
        ({"personas": ["SECURITY", "BILLING"]}, {"personas": ("OPERATIONS", "BILLING")}, True),
        ({"personas": ["SECURITY"]}, {"personas": ("OPERATIONS",)}, False),
        ({"starts_within": "1h"}, {"start": NOW + HOUR - SECOND}, True),
        ({"starts_within": "1h"}, {"start": NOW + HOUR}, False),
        ({"starts_within": "1h"}, {"start": NOW - HOUR}, True),
        ({"open_for_at_least": "1h"}, {"start": NOW - HOUR}, True),
        ({"open_for_at_least": "1h"}, {"start": NOW - HOUR + SECOND}, False),
        ({"updated_within": "1h"}, {"last_updated": NOW - HOUR + SECOND}, True),
        ({"updated_within": "1h"}, {"last_updated": NOW - HOUR}, False),
        ({"drill": True}, {"drill": True}, True),
        ({"drill": True}, {"drill": False}, False),
        ({"drill": False}, {"drill": True}, False),
        ({}, {"drill": True}, True),
        ({}, {"drill": False}, True),
    ],
)
def test_p2_fields(match: dict[str, object], fields: dict[str, object], expected: bool) -> None:  # noqa: FBT001  a table's column
    assert fits(match, fields, service_aliases={"db": "RDS"}, depends_on={"ECS": ["EC2"]}) is expected


@pytest.mark.contract("D7")
@pytest.mark.parametrize(
    ("match", "fields"),
    [
        ({"services": ["S3"]}, {"service": None}),
        ({"regions": ["sa-east-1"]}, {"region": ""}),
        ({"type_codes": ["X"]}, {"type_code": None}),
        ({"availability_zones": ["use1-az4"]}, {"availability_zone": None}),
        ({"starts_within": "1h"}, {"start": None}),
        ({"open_for_at_least": "1h"}, {"start": None}),
        ({"updated_within": "1h"}, {"last_updated": None}),
    ],
)
def test_d7_a_field_that_the_event_lacks_is_not_known(match: dict[str, object], fields: dict[str, object]) -> None:
    assert fits(match, fields)


EVERY_FIELD: dict[str, object] = {
    "categories": ["issue"],
    "statuses": ["open"],
    "scopes": ["PUBLIC"],
    "actionabilities": ["ACTION_REQUIRED"],
    "personas": ["SECURITY"],
    "type_codes": ["*"],
    "drill": True,
    "services": ["RDS"],
    "regions": ["us-east-1"],
    "availability_zones": ["use1-az4"],
    "starts_within": "1h",
    "open_for_at_least": "1h",
    "updated_within": "1h",
    "entities": ["*"],
}


@pytest.mark.contract("P2")
def test_p2_each_condition_goes_by_its_fields_name_and_what_is_left_out_asks_nothing() -> None:
    assert set(EVERY_FIELD) == set(Match.model_fields)

    def asked(fields: dict[str, object]) -> list[str]:
        return [name for name, _ in conditions(Match.model_validate(fields), ServiceNames({}), NOW)]

    of_event = [name for name in EVERY_FIELD if name != "entities"]
    assert asked(EVERY_FIELD) == of_event
    assert [asked({name: EVERY_FIELD[name]}) for name in of_event] == [[name] for name in of_event]
    assert asked({}) == asked({"entities": ["*"]}) == []


@pytest.mark.contract("D7")
@pytest.mark.parametrize(
    ("name", "fields", "doubt"),
    [
        ("categories", {"category": None}, "AWS Health did not tell its category"),
        ("categories", {"category": "odd"}, "this version has never heard of its category odd"),
        ("statuses", {"status": None}, "AWS Health did not tell its status"),
        ("statuses", {"status": "odd"}, "this version has never heard of its status odd"),
        ("scopes", {"scope": None}, "AWS Health did not tell its scope"),
        ("scopes", {"scope": "odd"}, "this version has never heard of its scope odd"),
        ("actionabilities", {"actionability": None}, "AWS Health did not tell its actionability"),
        ("actionabilities", {"actionability": "odd"}, "this version has never heard of its actionability odd"),
        ("personas", {"personas": ()}, "AWS Health did not tell its persona"),
        ("personas", {"personas": ("OPERATIONS", "odd", "strange")}, "this version has never heard of its persona odd"),
        ("type_codes", {"type_code": None}, "AWS Health did not tell its type code"),
        ("services", {"service": None}, "AWS Health did not tell its service"),
        ("regions", {"region": ""}, "AWS Health did not tell its Region"),
        ("availability_zones", {}, "AWS Health did not tell its zone"),
        (
            "availability_zones",
            {"availability_zone": "us-east-1a"},
            "its zone us-east-1a cannot be compared with use1-az4",
        ),
        ("starts_within", {"start": None}, "AWS Health did not tell its start"),
        ("open_for_at_least", {"start": None}, "AWS Health did not tell its start"),
        ("updated_within", {"last_updated": None}, "AWS Health did not tell its last update"),
        ("entities", {}, "no affected entity of account 111122223333 is known"),
    ],
)
def test_d7_why_it_is_not_known_whether_a_field_fits(name: str, fields: dict[str, object], doubt: str) -> None:
    rules = policy({"name": "r", "match": {name: EVERY_FIELD[name]}, "verdict": "warn"})
    (reason,) = decided("/us-east-1", event(**fields), rules).reasons
    assert f"Whether these fit is not known: rule r ({doubt})." in reason.explanation
