import pytest

from org_gate.decision.words import event_text, plain, target_text
from org_gate.model.request import Pipeline
from tests.unit.decision.builders import NOW, decided, event, policy, request, target

HOSTILE = "RDS\x1b[31m\r\nFORGED line\u202e\u2028\x00"


def test_plain_is_one_printable_line_of_bounded_length() -> None:
    assert plain(HOSTILE) == "RDS [31m FORGED line"
    assert plain("x" * 500) == "x" * 120 + "…"


def test_nothing_unprintable_reaches_a_person() -> None:
    rules = policy(
        {"match": {"statuses": ["open"], "availability_zones": ["use1-az4"]}, "why": f"{HOSTILE} again"},
    )
    one = event(
        service=HOSTILE, category=HOSTILE, status=HOSTILE, type_code=HOSTILE, scope=HOSTILE, availability_zone=HOSTILE
    )
    asked = request(f"/us-east-1/{HOSTILE}/{HOSTILE}", pipeline=Pipeline(name=HOSTILE, region="eu-west-1"))
    decision = decided(asked, one, rules)
    assert len(decision.reasons) == 2
    for text in (decision.summary, *(reason.explanation for reason in decision.reasons)):
        assert text.isprintable()
        assert "FORGED" in text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z"),
        ({"drill": True}, "DRILL: RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z"),
        (
            {"declared": True},
            (
                "RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z, "
                "declared by the platform team (AWS Health has not posted it)"
            ),
        ),
        (
            {"category": "scheduledChange", "status": "upcoming", "start": NOW, "end": NOW},
            "RDS in us-east-1: scheduled change, upcoming from 2026-03-02T12:00:00Z until 2026-03-02T12:00:00Z",
        ),
        (
            {"service": None, "region": "", "category": None, "status": None, "start": None},
            "an unnamed service in an unnamed Region: event of an untold category, status not told, start not told",
        ),
    ],
)
def test_event_text(fields: dict[str, object], text: str) -> None:
    assert event_text(event(**fields)) == text


def test_target_text_is_the_short_form() -> None:
    for text in ("111122223333/us-east-1", "111122223333/us-east-1/ECS+RDS", "111122223333/us-east-1//use1-az4"):
        assert target_text(target(text)) == text


def test_summaries() -> None:
    rules = policy({"name": "fine", "match": {"services": ["S3"]}, "verdict": "allow"}, defaults={"verdict": "block"})
    fine, bad = event(arn="a", service="S3"), event(arn="b")
    assert decided("/us-east-1", (), rules).summary == (
        "Allowed: nothing that is known of AWS Health stands against it."
    )
    assert decided("/us-east-1", fine, rules).summary == (
        "Allowed: rules of the policy allow what concerns it, 1 event."
    )
    assert decided("/us-east-1", (fine, bad), rules).summary == (
        "Blocked: RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z (the policy's default), and 1 more reason."
    )
    assert decided("/eu-west-9", (), rules).summary.startswith(
        "Allowed with a warning: eu-west-9 is not a Region that this version knows"
    )
