"""D4 and D5: which events concern which targets."""

from datetime import timedelta

import pytest

from org_gate.decision.concern import concerning_events
from org_gate.model.event import Event
from tests.unit.decision.builders import DEV, NOW, PROD, decided, event, knowledge, policy, request

SECOND = timedelta(seconds=1)


def blocks(target: str, one: Event, **fields: object) -> bool:
    """Whether the event concerns the target: under a rule that blocks whatever concerns."""
    return any(reason.event == one for reason in decided(target, one, policy({}, **fields)).reasons)


@pytest.mark.contract("D4")
@pytest.mark.parametrize(
    ("one", "over"),
    [
        (event(status="closed"), True),
        (event(status="closed", end=NOW + SECOND), True),
        (event(status="open", end=NOW - SECOND), True),
        (event(status="open", end=NOW), True),
        (event(status="open", end=NOW + SECOND), False),
        (event(vanished=True), True),
        (event(status="upcoming"), False),
        (event(status=None), False),
        (event(status="CLOSED"), False),
    ],
)
def test_d4_what_is_over_concerns_nobody(one: Event, over: bool) -> None:  # noqa: FBT001  a table's column
    assert blocks("/us-east-1", one) is not over


@pytest.mark.contract("D5")
@pytest.mark.parametrize(
    ("target", "one", "concerns"),
    [
        ("/us-east-1", event(region="us-east-1"), True),
        ("/eu-west-1", event(region="us-east-1"), False),
        ("/eu-west-1", event(region="global"), True),
        ("/eu-west-1", event(region="us-east-1", service="IAM"), True),
        ("/eu-west-1", event(region="us-east-1", service="route53"), True),
        ("/global", event(region="global"), True),
        ("/global", event(region="us-east-1", service="CLOUDFRONT"), True),
        ("/global", event(region="us-east-1"), False),
        ("/global", event(region="us-east-1", service="MULTIPLE_SERVICES"), False),
        ("/eu-west-1", event(region=""), True),
        ("/eu-west-1", event(region="us-east-1", service=None), True),
    ],
)
def test_d5a_region(target: str, one: Event, concerns: bool) -> None:  # noqa: FBT001  a table's column
    assert blocks(target, one) is concerns


def test_d5a_global_services_are_the_policys_and_compared_in_their_one_spelling() -> None:
    aliases = {"service_aliases": {"DNS": "ROUTE53"}}
    assert blocks("/eu-west-1", event(service="ROUTE53"), global_services=["dns"], **aliases)
    assert not blocks("/eu-west-1", event(service="IAM"), global_services=["dns"], **aliases)


@pytest.mark.contract("D5")
@pytest.mark.parametrize(
    ("scope", "accounts", "lists_accounts", "concerns"),
    [
        ("PUBLIC", [], False, True),
        ("PUBLIC", [DEV], True, True),
        ("ACCOUNT_SPECIFIC", [PROD], True, True),
        ("ACCOUNT_SPECIFIC", [DEV], True, False),
        ("ACCOUNT_SPECIFIC", [], False, False),
        (None, [], False, True),
        (None, [], True, False),
        (None, [DEV], True, False),
        (None, [PROD], True, True),
        ("GALACTIC", [], False, True),
        ("GALACTIC", [DEV], True, False),
        ("NONE", [], False, True),
        ("NONE", [DEV], True, False),
    ],
)
def test_d5b_account(
    scope: str | None,
    accounts: list[str],
    lists_accounts: bool,  # noqa: FBT001  a table's column
    concerns: bool,  # noqa: FBT001  a table's column
) -> None:
    one = event(scope=scope, accounts=frozenset(accounts), lists_accounts=lists_accounts)
    assert blocks("/us-east-1", one) is concerns


@pytest.mark.contract("D5")
@pytest.mark.parametrize(
    ("services", "service", "concerns"),
    [
        ("", "RDS", True),
        ("RDS", "RDS", True),
        ("rds", "Rds", True),
        ("ECS", "RDS", False),
        ("ECS", "EC2", True),
        ("WEB", "EC2", True),
        ("WEB", "ECS", True),
        ("RDS", "EC2", False),
        ("EC2", "ECS", False),
        ("ECS", "S3", False),
        ("RDS", "STS", True),
        ("RDS", "MULTIPLE_SERVICES", True),
        ("RDS", None, True),
        ("RDS", "BRANDNEW", False),
        ("RDS+LAMBADA", "EC2", True),
    ],
)
def test_d5c_service(services: str, service: str | None, concerns: bool) -> None:  # noqa: FBT001  a table's column
    fields = {"depends_on": {"web": ["ec2"], "EC2": ["S3"]}, "service_aliases": {"WEB": "ECS"}}
    assert blocks(f"/us-east-1/{services}".rstrip("/"), event(service=service), **fields) is concerns


@pytest.mark.contract("D5")
@pytest.mark.parametrize("asked", ["LB", "alb", "ELASTICLOADBALANCING", "WEB"])
@pytest.mark.parametrize("told", ["Lb", "ALB", "ELASTICLOADBALANCING"])
def test_d5c_aliases_of_aliases_are_resolved_to_their_end_on_both_sides(asked: str, told: str) -> None:
    aliases = {"LB": "alb", "ALB": "ELASTICLOADBALANCING", "WEB": "EKS"}
    fields = {"service_aliases": aliases, "depends_on": {"EKS": ["lb"]}}
    assert blocks(f"/us-east-1/{asked}", event(service=told), **fields)
    assert not blocks("/us-east-1/RDS", event(service=told), **fields)


@pytest.mark.contract("D5")
def test_d5c_an_unknown_code_adds_a_hint_that_names_it() -> None:
    decision = decided("/us-east-1/RDS+LAMDA", (), policy({}))
    (hint,) = decision.reasons
    assert (hint.kind, hint.verdict, hint.rule, hint.target, hint.event) == ("hint", "warn", None, 0, None)
    assert "LAMDA" in hint.explanation
    assert "did you mean LAMBDA?" in hint.explanation
    assert decision.targets[0].target.services == ()
    assert decision.verdict == "warn"


@pytest.mark.contract("A5")
def test_a5_an_unknown_region_adds_a_hint() -> None:
    decision = decided("/eu-west-9/RDS", ())
    (hint,) = decision.reasons
    assert (hint.kind, hint.target) == ("hint", 0)
    assert "eu-west-9" in hint.explanation
    assert not decided("/global", ()).reasons


@pytest.mark.contract("D5")
@pytest.mark.parametrize(
    ("zones", "zone", "concerns"),
    [
        ("", "use1-az4", True),
        ("use1-az4", None, True),
        ("use1-az4", "USE1-AZ4", True),
        ("use1-az4", "use1-az6", False),
        ("use1-az6+use1-az4", "use1-az4", True),
        ("us-east-1a", "us-east-1A", True),
        ("us-east-1a", "us-east-1b", False),
        ("us-east-1a", "use1-az4", True),
        ("use1-az4", "us-east-1a", True),
        ("use1-az6+us-east-1a", "use1-az4", True),
        ("usw2-lax1-az1", "usw2-lax1-az2", False),
        ("us-west-2-lax-1a", "us-west-2-lax-1b", False),
        ("use1-az4", "somewhere", True),
    ],
)
def test_d5d_zone(zones: str, zone: str | None, concerns: bool) -> None:  # noqa: FBT001  a table's column
    target = f"/us-east-1/RDS/{zones}".rstrip("/")
    assert blocks(target, event(availability_zone=zone)) is concerns


def test_candidates_are_the_events_that_concern_any_target() -> None:
    own, other, gone = event(arn="b"), event(arn="a", region="eu-west-1"), event(arn="c", status="closed")
    elsewhere = event(arn="d", region="sa-east-1")
    asked = request("/us-east-1", "/eu-west-1", "/us-east-1/RDS")
    assert concerning_events(asked, knowledge(own, other, gone, elsewhere), policy(), NOW) == (other, own)
