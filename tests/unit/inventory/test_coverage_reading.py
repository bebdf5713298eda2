"""What is read of accounts, and what is told of those that cannot be."""

from collections.abc import Mapping
from typing import Any

import pytest

from org_gate.inventory.coverage_reading import MANAGEMENT, NOT_HERE, read_coverage
from org_gate.report.coverage import AccountSeen, Coverage, Unread
from org_gate.report.coverage_stages import Standing
from tests.unit.report.test_coverage_stages import BUILD, DEPLOY, GATE, pipeline
from tests.unit.rollout.accounts import Answer, Aws, credentials, refused
from tests.unit.rollout.organizations import (
    MANAGEMENT as MANAGEMENT_ACCOUNT,
)
from tests.unit.rollout.organizations import (
    failed,
    instance,
    member,
    no_stack_set,
    organization,
    settings,
)

GATED, UNGATED = pipeline(BUILD, GATE, DEPLOY), pipeline(DEPLOY)
A, B = member(0), member(1)


class Accounts:
    """Pipelines by account and Region, and the Regions with the gate's function."""

    def __init__(self, pipelines: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        self.pipelines = pipelines
        self.functions: set[tuple[str, str]] = set()
        self.locked = {MANAGEMENT_ACCOUNT}

    def answers(self, **changed: Answer) -> dict[str, Answer]:
        return {
            "sts.assume_role": self._enter,
            "codepipeline.list_pipelines": self._list,
            "codepipeline.get_pipeline": self._get,
            "lambda.get_function_configuration": self._function,
            **{name.replace("__", "."): answer for name, answer in changed.items()},
        }

    def _enter(self, _whose: str, _region: str, params: Mapping[str, Any]) -> Any:
        if params["RoleArn"].split(":")[4] in self.locked:
            raise refused("AccessDenied")
        return credentials(params)

    def _list(self, whose: str, region: str, _params: Mapping[str, Any]) -> Any:
        names = [{"name": name} for name in self.pipelines.get((whose, region), {})]
        return iter([{"pipelines": names[:1]}, {"pipelines": names[1:]}])

    def _get(self, whose: str, region: str, params: Mapping[str, Any]) -> Any:
        return {"pipeline": self.pipelines[whose, region][params["name"]]}

    def _function(self, whose: str, region: str, params: Mapping[str, Any]) -> Any:
        assert params == {"FunctionName": "org-gate"}
        if (whose, region) not in self.functions:
            raise refused("ResourceNotFoundException")
        return {}


def seen(aws: Aws, **gates: Any) -> dict[str, AccountSeen]:
    return {each.account: each for each in coverage(aws, **gates).accounts}


def coverage(aws: Aws, **gates: Any) -> Coverage:
    return read_coverage(aws.session, settings(**gates))


def test_pipelines_of_all_regions_are_told_and_how_they_stand() -> None:
    accounts = Accounts({(A, "eu-west-1"): {"web": UNGATED, "orders": GATED}, (A, "us-east-1"): {"late": GATED}})
    aws = organization(1, [instance(A, "eu-west-1")], accounts.answers())
    found = coverage(aws)
    assert found.regions == ("eu-west-1", "us-east-1")
    one = found.accounts[-1]
    assert [(each.region, each.name, each.standing, each.stage) for each in one.pipelines] == [
        ("eu-west-1", "orders", Standing.GATED, "Gate"),
        ("eu-west-1", "web", Standing.UNGATED, None),
        ("us-east-1", "late", Standing.GATED, "Gate"),
    ]
    assert (one.gates, one.without_gate, one.unread) == (("eu-west-1",), ("us-east-1",), ())
    assert aws.calls["sts.assume_role"] == 1 + 2, "once for A; the management account by each gate Region's role"


def test_an_instance_that_is_up_to_date_has_its_gate_of_others_the_account_is_asked() -> None:
    accounts = Accounts({})
    accounts.functions = {(A, "us-east-1")}
    aws = organization(
        2,
        [instance(A, "eu-west-1"), *(instance(each, "us-east-1", **failed("x")) for each in (A, B))],
        accounts.answers(),
    )
    found = seen(aws)
    assert found[A].gates == ("eu-west-1", "us-east-1"), "an update failed: the gate before is still there"
    assert found[B].gates == (), "it never came up"


def test_a_gate_that_is_there_and_not_as_the_stack_set_has_it_is_outdated() -> None:
    accounts = Accounts({})
    accounts.functions = {(A, "us-east-1"), (A, "ap-south-1")}
    instances = [
        instance(A, "eu-west-1"),
        instance(A, "us-east-1", **failed("x")),
        instance(A, "eu-north-1", **failed("x")),
    ]
    found = read_coverage(organization(1, instances, accounts.answers()).session, settings())
    (seen,) = (each for each in found.accounts if each.account == A)
    assert (seen.gates, seen.outdated) == (("eu-west-1", "us-east-1"), ("us-east-1",))


def test_a_gate_by_a_stack_of_its_own_counts_even_in_the_management_account() -> None:
    accounts = Accounts({(MANAGEMENT_ACCOUNT, "us-east-1"): {"base": GATED}})
    accounts.locked, accounts.functions = set(), {(MANAGEMENT_ACCOUNT, "us-east-1")}
    found = seen(organization(0, [], accounts.answers()))[MANAGEMENT_ACCOUNT]
    assert (found.left_out, found.gates, len(found.pipelines)) == ("", ("us-east-1",), 1)


def test_who_is_left_out_is_told_why_and_not_entered() -> None:
    accounts = Accounts({})
    aws = organization(3, [instance(A, "eu-west-1")], accounts.answers(), suspended=[B])
    found = seen(aws, without={"accounts": [member(2)]})
    assert {account: each.left_out for account, each in found.items()} == {
        MANAGEMENT_ACCOUNT: MANAGEMENT,
        A: "",
        B: "it is suspended",
        member(2): NOT_HERE,
    }
    assert aws.calls["sts.assume_role"] == 1 + 2, "A, and the management account by each gate Region's role"


def test_an_account_that_lets_nobody_in_is_not_read_and_has_the_gates_that_are_sure() -> None:
    accounts = Accounts({(A, "eu-west-1"): {"orders": GATED}})
    accounts.locked |= {A}
    found = coverage(
        organization(1, [instance(A, "eu-west-1"), instance(A, "us-east-1", **failed("x"))], accounts.answers())
    )
    one = found.accounts[-1]
    assert (one.gates, one.pipelines) == (("eu-west-1",), ())
    (unread,) = one.unread
    assert unread.cause.startswith("its role org-gate-read-REGION does not let you in")
    assert (found.total.unread, found.total.gated, found.total.percent) == (1, 0, None)


def test_what_is_refused_inside_is_told_and_the_rest_is_read() -> None:
    accounts = Accounts({(A, "eu-west-1"): {"orders": GATED, "web": GATED}})

    def get(whose: str, region: str, params: Mapping[str, Any]) -> Any:
        if params["name"] == "web":
            raise refused("ThrottlingException")
        return {"pipeline": accounts.pipelines[whose, region]["orders"]}

    def names(whose: str, region: str, params: Mapping[str, Any]) -> Any:
        if region == "us-east-1":
            raise refused("AccessDeniedException", "explicit deny in a service control policy")
        return accounts._list(whose, region, params)

    answers = accounts.answers(codepipeline__get_pipeline=get, codepipeline__list_pipelines=names)
    found = seen(organization(1, [instance(A, "eu-west-1"), instance(A, "us-east-1")], answers))[A]
    assert [each.name for each in found.pipelines] == ["orders"]
    assert found.unread == (
        Unread("eu-west-1", "web", "it cannot be read: AWS is busy (ThrottlingException); run again in a minute"),
        Unread(
            "us-east-1",
            "",
            "its pipelines cannot be listed: a service control policy of the organization forbids it "
            "(AccessDeniedException)",
        ),
    )


@pytest.mark.aws_unverified("a Region that an account has not enabled answers UnrecognizedClientException")
def test_a_region_that_the_account_has_not_enabled_has_no_pipelines() -> None:
    accounts = Accounts({})

    def names(whose: str, region: str, params: Mapping[str, Any]) -> Any:
        if region == "us-east-1" or whose == B:
            raise refused("UnrecognizedClientException")
        return accounts._list(whose, region, params)

    aws = organization(
        2, [instance(each, "eu-west-1") for each in (A, B)], accounts.answers(codepipeline__list_pipelines=names)
    )
    found = seen(aws)
    assert found[A].unread == ()
    assert [each.region for each in found[B].unread] == ["eu-west-1", "us-east-1"], "no Region answers: something else"


def test_before_anything_is_rolled_out_every_account_has_no_gate_and_no_role_is_tried() -> None:
    aws = organization(2, [], {"cloudformation.describe_stack_set": no_stack_set})
    found = coverage(aws)
    assert [each.account for each in found.without_any_gate()] == [A, B]
    assert all(lost.cause == "no stack of a gate is there, and so no role to read with" for _, lost in found.not_read())
    assert aws.entered == []


def test_regions_can_be_named() -> None:
    accounts = Accounts({(A, "eu-west-1"): {"orders": UNGATED}})
    aws = organization(1, [instance(A, "eu-west-1")], accounts.answers())
    found = read_coverage(aws.session, settings(), regions=["us-east-1", "us-east-1"])
    assert found.regions == ("us-east-1",)
    assert found.accounts[-1].pipelines == ()
