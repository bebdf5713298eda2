"""P3 and P4: target filters, OU paths and globs."""

from collections.abc import Mapping

import pytest

from org_gate.decision.targets import ou_fits, target_conditions
from org_gate.model.event import Account
from org_gate.model.request import Pipeline
from org_gate.policy.model import TargetFilter
from org_gate.policy.services import ServiceNames
from tests.unit.decision.builders import DEV, PROD, decided, event, policy, request, target


@pytest.mark.contract("P4")
@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("Workloads/Prod/**", "Workloads/Prod", True),
        ("Workloads/Prod/**", "Workloads/Prod/EU/Shop", True),
        ("Workloads/Prod/**", "Workloads/Production", False),
        ("Workloads/Prod/**", "Workloads", False),
        ("Workloads/*", "Workloads/Prod", True),
        ("Workloads/*", "Workloads/Prod/EU", False),
        ("Workloads/*", "Workloads", False),
        ("Workloads/P*d", "Workloads/Prod", True),
        ("Workloads/P?od", "Workloads/Prod", True),
        ("Workloads/[A-P]rod", "Workloads/Prod", True),
        ("workloads/prod", "Workloads/Prod", False),
        ("Prod", "Workloads/Prod", False),
        ("**/Prod", "Workloads/Prod", True),
        ("**/Prod", "Prod", True),
        ("**/Prod/**", "A/B/Prod/C/D", True),
        ("A/**/Z", "A/Z", True),
        ("A/**/Z", "A/B/C/Z", True),
        ("A/**/Z", "A/B/C", False),
        ("A/**/A", "A", False),
        ("A/**/A/**", "A/B", False),
        ("A/**/A", "A/A", True),
        ("**", "", True),
        ("**", "A/B", True),
        ("", "", True),
        ("", "A", False),
        ("*", "", False),
        ("/".join(["**"] * 40 + ["x"]), "/".join(["a"] * 400), False),
    ],
)
def test_p4_ou_paths(pattern: str, path: str, expected: bool) -> None:  # noqa: FBT001  a table's column
    assert ou_fits(pattern, Account(PROD, path, ("r-root",))) is expected


@pytest.mark.contract("P4")
@pytest.mark.parametrize(
    ("entry", "expected"),
    [("r-root", True), ("ou-root-workloads", True), ("ou-root-prod", True), ("ou-root-dev", False), ("r-other", False)],
)
def test_p4_ids_stand_for_the_ou_and_all_below(entry: str, expected: bool) -> None:  # noqa: FBT001  a table's column
    account = Account(PROD, "ou-root-dev/Prod", ("r-root", "ou-root-workloads", "ou-root-prod"))
    assert ou_fits(entry, account) is expected


@pytest.mark.contract("P3")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, True),
        ({"accounts": [PROD]}, True),
        ({"accounts": [DEV]}, False),
        ({"ous": ["Workloads/Dev/**", "Workloads/Prod"]}, True),
        ({"ous": ["Workloads/Dev/**"]}, False),
        ({"regions": ["us-east-1"]}, True),
        ({"regions": ["eu-west-1"]}, False),
        ({"services": ["S3", "db"]}, True),
        ({"services": ["S3"]}, False),
        ({"pipelines": ["web-*", "orders-*"]}, True),
        ({"pipelines": ["orders"]}, False),
        ({"accounts": [PROD], "regions": ["eu-west-1"]}, False),
        ({"accounts": [PROD], "services": ["RDS"]}, True),
    ],
)
def test_p3_all_fields_any_entry(filters: dict[str, list[str]], expected: bool) -> None:  # noqa: FBT001  a table's column
    rules = policy({"targets": filters}, service_aliases={"DB": "RDS"})
    asked = request("/us-east-1/rds", pipeline=Pipeline(name="orders-prod"))
    assert bool(decided(asked, event(), rules).reasons) is expected


@pytest.mark.contract("P3")
def test_p3_each_condition_goes_by_its_fields_name_and_what_is_left_out_asks_nothing() -> None:
    every: dict[str, object] = {
        "accounts": [PROD],
        "ous": ["**"],
        "tags": {"tier": ["1"]},
        "regions": ["us-east-1"],
        "services": ["RDS"],
        "pipelines": ["*"],
    }
    assert list(every) == list(TargetFilter.model_fields)

    def asked(fields: Mapping[str, object]) -> list[str]:
        wanted = TargetFilter.model_validate(fields)
        return [name for name, _ in target_conditions(wanted, target("/us-east-1"), None, {}, ServiceNames({}))]

    assert asked(every) == list(every)
    assert [asked({name: value}) for name, value in every.items()] == [[name] for name in every]
    assert asked({}) == []
