"""On what grounds an event concerns a target, in words, and where to look for such events."""

from typing import Any

import pytest

from org_gate.decision.concern import places
from org_gate.decision.question import ask
from org_gate.model.event import Knowledge
from org_gate.model.request import Pipeline
from org_gate.model.sky import Places
from tests.unit.decision.builders import NOW, PROD, decided, event, policy, request


def grounds(target: str, fields: dict[str, Any], **written: Any) -> str:
    (reason,) = decided(target, event(**fields), policy({}, **written)).reasons
    return reason.explanation.partition("It concerns ")[2].partition(". ")[0].partition(": ")[2]


@pytest.mark.parametrize(
    ("target", "fields", "first"),
    [
        ("/us-east-1", {}, "it is in the target's Region"),
        ("/global", {"region": "global"}, "it is in the target's Region"),
        ("/us-east-1", {"region": "global"}, "it is in Region global, which counts everywhere"),
        ("/us-east-1", {"region": ""}, "its place or service is not told, so it counts everywhere"),
        (
            "/us-east-1",
            {"region": "eu-west-1", "service": None},
            "its place or service is not told, so it counts everywhere",
        ),
        (
            "/us-east-1",
            {"region": "eu-west-1", "service": "IAM"},
            "IAM is a global service, which counts everywhere",
        ),
    ],
)
def test_why_it_is_near(target: str, fields: dict[str, Any], first: str) -> None:
    assert grounds(target, fields).split("; ")[0] == first


@pytest.mark.parametrize(
    ("target", "service", "ground"),
    [
        ("/us-east-1", "S3", "the target lists no services, so all count"),
        ("/us-east-1/RDS", None, "its service is not told, so it counts"),
        ("/us-east-1/RDS", "rds", "RDS is one of the target's services"),
        ("/us-east-1/RDS", "MULTIPLE_SERVICES", "it affects many services"),
        ("/us-east-1/ECS", "EC2", "ECS depends on EC2"),
        ("/us-east-1/RDS", "STS", "STS is one of the services that every deployment needs"),
    ],
)
def test_why_its_service_counts(target: str, service: str | None, ground: str) -> None:
    assert grounds(target, {"service": service}, depends_on={"ECS": ["EC2"]}).split("; ")[2] == ground


@pytest.mark.parametrize(
    ("written", "zone", "texts", "ground"),
    [
        ("use1-az4", "use1-az4", (), "it is in a zone of the target's (zone use1-az4)"),
        ("use1-az4", "use1-az4", ("use1-az6",), "it is in a zone of the target's (zones use1-az4, use1-az6)"),
        ("us-east-1a", "use1-az4", (), "its zone use1-az4 cannot be compared with the target's, so it counts"),
    ],
)
def test_why_its_zone_counts(written: str, zone: str, texts: tuple[str, ...], ground: str) -> None:
    told = grounds(f"/us-east-1/RDS/{written}", {"availability_zone": zone, "text_zones": texts}, zones_from_text=True)
    assert told.split("; ")[3] == ground


def test_what_depends_on_a_service_under_two_of_its_names_depends_on_all_that_is_named() -> None:
    written = {"depends_on": {"ALB": ["EC2"], "ELASTICLOADBALANCING": ["ECR"]}}
    aliases = {"ALB": "ELASTICLOADBALANCING"}
    for service in ("EC2", "ECR"):
        decision = decided("/us-east-1/ALB", event(service=service), policy({}, **written, service_aliases=aliases))
        assert decision.verdict == "block"


def test_where_to_look_is_in_the_regions_of_all_targets_and_at_the_global_services_in_all_their_spellings() -> None:
    rules = policy(global_services=["dns", "IAM"], service_aliases={"dns": "ROUTE53"})
    asked = request(f"{PROD}/us-east-1", f"{PROD}/us-west-2", pipeline=Pipeline(name="p", region="eu-west-1"))
    assert places(asked, rules) == Places(
        frozenset({"us-east-1", "us-west-2", "eu-west-1"}), frozenset({"DNS", "ROUTE53", "IAM"})
    )


@pytest.mark.parametrize(
    ("code", "meant"), [("LAMDA", "knows (did you mean LAMBDA?), so events"), ("ZZZZZZZ", "knows, so events")]
)
def test_a_service_code_that_is_not_known_is_told_with_the_nearest_if_there_is_one(code: str, meant: str) -> None:
    (hint,) = decided(f"/us-east-1/{code}", ()).reasons
    assert f"{code} is not an AWS Health service code that this version {meant} of every service" in hint.explanation
    assert f" count for {PROD}/us-east-1/{code}. Write the code" in hint.explanation


def test_what_was_meant_is_looked_for_for_a_hundred_codes() -> None:
    """No decision shows more reasons, and each takes a while."""
    codes = "+".join(f"ELASTICLOADBALANCING{number:03}" for number in range(101))
    hints = ask(request(f"{PROD}/us-east-1/{codes}"), Knowledge(NOW, (), {}), policy(), NOW).hints
    assert ["did you mean" in hint.text for hint in hints] == [True] * 100 + [False]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (3, "rule r0 (AWS Health did not tell its status); rule r1 (AWS Health did not tell its status); rule r2 ("),
        (3, "rule r2 (AWS Health did not tell its status). The more severe"),
        (4, "rule r2 (AWS Health did not tell its status) and 1 more. The more severe"),
    ],
)
def test_three_doubtful_rules_are_named_and_the_others_counted(rules: int, told: str) -> None:
    unsure = [{"name": f"r{number}", "match": {"statuses": ["open"]}} for number in range(rules)]
    (reason,) = decided("/us-east-1", event(status=None), policy(*unsure)).reasons
    assert told in reason.explanation
