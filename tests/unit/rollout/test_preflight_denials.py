"""Whether a Deny statement hits a need: yes, no or perhaps; and the same statement with what is needed left out."""

from typing import Any

import pytest

from org_gate.rollout.preflight_denials import Hits, denials, exempted, hits, is_about_regions
from org_gate.rollout.preflight_needs import Need

ORGANIZATION = "o-exampleorgid"
NEED = Need(
    action="lambda:CreateFunctionUrlConfig",
    resource="arn:aws:lambda:eu-west-1:999988887777:function:org-gate-api",
    principal="arn:aws:iam::999988887777:role/deployer",
    exempt="arn:aws:iam::*:role/deployer",
    region="eu-west-1",
    purpose="make the functions",
)


def deny(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", **elements}


def when(operator: str, key: str, *values: str) -> dict[str, Any]:
    return deny(Condition={operator: {key: list(values)}})


def without(statement: dict[str, Any], element: str) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != element}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (deny(), Hits.YES),
        (deny(Action="lambda:*"), Hits.YES),
        (deny(Action=["s3:*", "LAMBDA:createfunctionurlconfig"]), Hits.YES),
        (deny(Action="lambda:Create?unctionUrlConfig"), Hits.YES),
        (deny(Action="lambda:CreateFunction"), Hits.NO),
        (without(deny(NotAction=["lambda:*"]), "Action"), Hits.NO),
        (without(deny(NotAction=["iam:*"]), "Action"), Hits.YES),
        (deny(Resource="arn:aws:lambda:*:*:function:org-gate-*"), Hits.YES),
        (deny(Resource="arn:aws:lambda:*:*:function:ORG-GATE-*"), Hits.NO),
        (deny(Resource="arn:aws:s3:::secret/*"), Hits.NO),
        (without(deny(NotResource="arn:aws:lambda:*"), "Resource"), Hits.NO),
        (deny(Principal="*"), Hits.YES),
        (deny(Principal={"AWS": "*"}), Hits.YES),
        (deny(Principal={"AWS": "arn:aws:iam::999988887777:root"}), Hits.PERHAPS),
        (when("StringNotEquals", "aws:RequestedRegion", "eu-west-1", "eu-central-1"), Hits.NO),
        (when("StringNotEquals", "AWS:requestedregion", "eu-central-1"), Hits.YES),
        (when("StringNotLike", "aws:RequestedRegion", "eu-*"), Hits.NO),
        (when("StringEquals", "aws:RequestedRegion", "eu-*"), Hits.NO),
        (when("StringLike", "aws:RequestedRegion", "eu-*"), Hits.YES),
        (when("StringEqualsIgnoreCase", "aws:RequestedRegion", "EU-WEST-1"), Hits.YES),
        (when("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/deployer"), Hits.NO),
        (when("ArnNotLikeIfExists", "aws:PrincipalArn", "arn:aws:iam::*:role/other"), Hits.YES),
        (when("StringNotEqualsIfExists", "aws:PrincipalOrgID", ORGANIZATION), Hits.NO),
        (when("StringNotEquals", "aws:ResourceOrgID", "o-someotherone"), Hits.YES),
        (when("BoolIfExists", "aws:PrincipalIsAWSService", "true"), Hits.NO),
        (when("Bool", "aws:PrincipalIsAWSService", "false"), Hits.YES),
        (when("StringNotEquals", "aws:PrincipalTag/team", "platform"), Hits.PERHAPS),
        (when("ForAnyValue:StringLike", "aws:RequestedRegion", "*"), Hits.PERHAPS),
        (when("Null", "aws:RequestedRegion", "false"), Hits.PERHAPS),
        (
            deny(
                Condition={
                    "StringNotEquals": {"aws:PrincipalTag/team": "x", "aws:RequestedRegion": "eu-west-1"},
                }
            ),
            Hits.NO,
        ),
    ],
)
def test_hits(statement: dict[str, Any], expected: Hits) -> None:
    assert hits(statement, NEED, ORGANIZATION) is expected


def test_a_deny_for_certain_roles_does_not_hit_an_assumption_of_others() -> None:
    needed = Need(
        action="sts:AssumeRole",
        resource="arn:aws:iam::*:role/org-gate-access-*",
        principal="arn:aws:iam::999988887777:role/org-gate-resumer-eu-west-1",
        exempt="",
        region="eu-west-1",
        purpose="",
    )
    assert hits(deny(Resource="arn:aws:iam::*:role/OrganizationAccountAccessRole"), needed, ORGANIZATION) is Hits.NO
    assert hits(deny(Resource="arn:aws:iam::*:role/*"), needed, ORGANIZATION) is Hits.YES


def test_only_denials_count_and_have_a_name() -> None:
    document = {"Statement": [{"Effect": "Allow"}, deny(Sid="Named"), deny()]}
    assert [denial.name for denial in denials(document)] == ["Named", "number 3"]
    assert [denial.name for denial in denials({"Statement": deny()})] == ["number 1"]


@pytest.mark.parametrize(
    "statement",
    [
        deny(),
        when("StringNotEquals", "aws:RequestedRegion", "eu-central-1"),
        when("StringNotLike", "aws:requestedRegion", "us-*"),
        when("ArnNotLike", "aws:PrincipalARN", "arn:aws:iam::*:role/other"),
        when("Bool", "aws:PrincipalIsAWSService", "false"),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_the_mended_statement_leaves_the_need_alone_and_is_otherwise_as_it_was(
    statement: dict[str, Any],
    is_list: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    before = {"Version": "2012-10-17", "Statement": [deny(Sid="other"), statement] if is_list else statement}
    after = exempted(before, 1 if is_list else 0, [NEED])
    changed = after["Statement"][-1] if is_list else after["Statement"]
    assert hits(statement, NEED, ORGANIZATION) is Hits.YES
    assert hits(changed, NEED, ORGANIZATION) is Hits.NO
    assert {name: value for name, value in changed.items() if name != "Condition"} == {
        name: value for name, value in statement.items() if name != "Condition"
    }
    if is_list:
        assert after["Statement"][0] == deny(Sid="other")


def test_a_statement_about_regions_gets_regions() -> None:
    statement = when("StringNotEquals", "aws:RequestedRegion", "eu-central-1")
    assert is_about_regions(statement)
    assert not is_about_regions(deny())
    changed = exempted({"Statement": statement}, 0, [NEED])["Statement"]
    assert changed["Condition"] == {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}
