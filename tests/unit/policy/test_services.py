from pathlib import Path

import pytest

from org_gate.policy.services import SERVICE_CODES, ServiceNames, resolved_aliases

COLLECTED = Path(__file__).parents[4] / "shared" / "data" / "health_services.txt"


def test_a_code_is_brought_to_upper_case_and_aliases_are_resolved_to_their_end() -> None:
    names = ServiceNames({"alb": "Elasticloadbalancing", "WEB": "ALB", "SITE": "web", "RDS": "rds"})
    assert [names.canonical(code) for code in ("Alb", "web", "Site")] == ["ELASTICLOADBALANCING"] * 3
    assert names.canonical("rds") == "RDS"
    assert names.all(["rds", "RDS", "alb"]) == {"RDS", "ELASTICLOADBALANCING"}


def test_the_spellings_of_a_code_are_all_that_come_to_it() -> None:
    names = ServiceNames({"alb": "Elasticloadbalancing", "WEB": "ALB", "names": "Route53", "rds": "RDS"})
    assert names.spellings(["web", "rds"]) == {"ELASTICLOADBALANCING", "ALB", "WEB", "RDS"}
    assert names.spellings([]) == frozenset()


def test_aliases_that_lead_round_in_a_circle_end_nowhere() -> None:
    aliases = {"A": "b", "B": "C", "c": "A", "D": "A", "E": "F", "F": "EC2", "G": "G"}
    nowhere = dict.fromkeys("ABCD")
    assert resolved_aliases(aliases) == {**nowhere, "E": "EC2", "F": "EC2", "G": "G"}


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
