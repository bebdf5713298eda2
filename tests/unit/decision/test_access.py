import pytest

from org_gate.decision.access import refused_targets
from org_gate.model.request import Pipeline, Request, parse_short_target
from tests.unit.decision.builders import DEV, PROD, STRANGER, knowledge, policy

CENTRAL = "999988887777"


def refused(
    caller: str, *targets: str, may_ask_for: dict[str, list[str]] | None = None, pipeline: Pipeline | None = None
) -> list[str]:
    """The accounts that ``caller`` may not ask about; DEV is the delegate."""
    grants = [] if may_ask_for is None else [{"account": DEV, "may_ask_for": may_ask_for}]
    asked = Request(caller, tuple(parse_short_target(target) for target in targets), pipeline)
    rules = policy(delegates=grants, service_aliases={"DB": "RDS"})
    return [target.account for target in refused_targets(asked, knowledge(), rules, central_account=CENTRAL)]


def test_an_account_may_ask_about_itself_and_no_other() -> None:
    assert refused(PROD, f"{PROD}/us-east-1", f"{DEV}/us-east-1", f"{STRANGER}/us-east-1") == [DEV, STRANGER]


def test_the_central_account_may_ask_about_any() -> None:
    assert refused(CENTRAL, f"{PROD}/us-east-1", f"{STRANGER}/us-east-1") == []


@pytest.mark.contract("D7")
@pytest.mark.parametrize(
    ("may_ask_for", "target", "expected"),
    [
        ({}, f"{PROD}/us-east-1", []),
        ({"ous": ["Workloads/**"]}, f"{PROD}/us-east-1", []),
        ({"ous": ["Workloads/Dev/**"]}, f"{PROD}/us-east-1", [PROD]),
        ({"ous": ["**"]}, f"{STRANGER}/us-east-1", [STRANGER]),
        ({"accounts": [STRANGER]}, f"{STRANGER}/us-east-1", []),
        ({"services": ["RDS"]}, f"{PROD}/us-east-1/db", []),
        ({"services": ["RDS"]}, f"{PROD}/us-east-1", [PROD]),
        ({"services": ["RDS"]}, f"{PROD}/us-east-1/RDS+NONSENSE", [PROD]),
        ({"pipelines": ["deploy-*"]}, f"{PROD}/us-east-1", [PROD]),
    ],
)
def test_a_delegate_may_ask_where_its_filter_surely_fits(
    may_ask_for: dict[str, list[str]], target: str, expected: list[str]
) -> None:
    assert refused(DEV, target, may_ask_for=may_ask_for) == expected
    assert refused(PROD, f"{DEV}/us-east-1", may_ask_for=may_ask_for) == [DEV]


def test_a_delegates_pipeline_counts() -> None:
    asks = Pipeline(name="deploy-all")
    assert refused(DEV, f"{PROD}/us-east-1", may_ask_for={"pipelines": ["deploy-*"]}, pipeline=asks) == []
