from pathlib import Path

import pytest

from org_gate.policy.services import SERVICE_CODES, ServiceNames

COLLECTED = Path(__file__).parents[4] / "shared" / "data" / "health_services.txt"


def test_a_code_is_brought_to_upper_case_and_one_alias_is_resolved() -> None:
    names = ServiceNames({"alb": "Elasticloadbalancing", "WEB": "ALB"})
    assert names.canonical("Alb") == "ELASTICLOADBALANCING"
    assert names.canonical("web") == "ALB"
    assert names.all(["rds", "RDS", "alb"]) == {"RDS", "ELASTICLOADBALANCING"}


def test_known_are_shipped_codes_and_aliases() -> None:
    names = ServiceNames({"web": "NEWSERVICE"})
    assert [names.is_known(code) for code in ("rds", "Web", "NEWSERVICE", "")] == [True, True, False, False]
    assert names.nearest("lamda") == "LAMBDA"
    assert names.nearest("zzzzzzz") is None


def test_every_shipped_code_is_in_its_one_spelling() -> None:
    assert all(code == code.upper() for code in SERVICE_CODES)


@pytest.mark.skipif(
    not COLLECTED.exists(), reason="the collected codes are not beside this checkout: health_services.txt"
)
def test_every_collected_code_is_shipped() -> None:
    collected = {line for line in COLLECTED.read_text().splitlines() if line and not line.startswith("#")}
    assert collected <= SERVICE_CODES
