"""The evaluator by itself: no moto, no HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from org_gate.simulator.base import Caller
from org_gate.simulator.iam.conditions import holds
from org_gate.simulator.iam.context import Context
from org_gate.simulator.iam.documents import Condition, UnsupportedPolicyError, statements
from org_gate.simulator.iam.evaluate import Question, Ruling, Service, rule
from org_gate.simulator.iam.matching import arn_matches
from tests.unit.simulator.doors import CENTRAL, ORDERS

ROLE = f"arn:aws:iam::{ORDERS}:role/gate"
CALLER = Caller(ORDERS, f"arn:aws:sts::{ORDERS}:assumed-role/gate/s", "ASIA", "AROA:s", role_arn=ROLE)
QUEUE = f"arn:aws:sqs:eu-west-1:{ORDERS}:events"


def context(**keys: str | Sequence[str]) -> Context:
    named = {name.replace("__", ":"): value for name, value in keys.items()}
    return Context({}).plus({name: [value] if isinstance(value, str) else value for name, value in named.items()})


def asked(  # noqa: PLR0917  each argument is one side of the question
    identity: list[dict[str, Any]] | None = None,
    resource: list[dict[str, Any]] | None = None,
    owner: str = ORDERS,
    session: list[dict[str, Any]] | None = None,
    principal: Caller | Service = CALLER,
    where: Context | None = None,
    *,
    must_trust: bool = False,
) -> Ruling:
    return rule(
        Question(
            principal=principal,
            action="sqs:SendMessage",
            resources=(QUEUE,),
            resource_account=owner,
            context=where or context(),
            identity=statements({"Statement": identity or []}, "identity"),
            session=None if session is None else statements({"Statement": session}, "session"),
            resource_policy=None if resource is None else statements({"Statement": resource}, "resource"),
            must_trust=must_trust,
        ),
    )


def may(effect: str = "Allow", **rest: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sqs:*", "Resource": "*", **rest}


def let(principal: Any, **rest: Any) -> dict[str, Any]:
    return may(Principal=principal, **rest)


@pytest.mark.parametrize(
    ("identity", "resource", "owner", "allowed"),
    [
        (None, None, ORDERS, False),
        ([may()], None, ORDERS, True),
        ([may(Action="sqs:sendmessage")], None, ORDERS, True),
        ([may(Action="sqs:Receive*")], None, ORDERS, False),
        ([may(Resource=QUEUE)], None, ORDERS, True),
        ([may(Resource=f"arn:aws:sqs:*:{CENTRAL}:*")], None, ORDERS, False),
        ([may(), may("Deny")], None, ORDERS, False),
        ([may()], [let("*", Effect="Deny")], ORDERS, False),
        ([{"Effect": "Allow", "NotAction": "sqs:SendMessage", "Resource": "*"}], None, ORDERS, False),
        ([{"Effect": "Allow", "Action": "sqs:*", "NotResource": QUEUE}], None, ORDERS, False),
        (None, [let({"AWS": ROLE})], ORDERS, True),
        (None, [let({"AWS": CALLER.arn})], ORDERS, True),
        (None, [let({"AWS": f"arn:aws:iam::{ORDERS}:root"})], ORDERS, False),
        (None, [let({"AWS": ROLE})], CENTRAL, False),
        ([may()], None, CENTRAL, False),
        ([may()], [let({"AWS": ORDERS})], CENTRAL, True),
        ([may()], [let(ORDERS)], CENTRAL, True),
        ([may()], [let({"AWS": "222233334444"})], CENTRAL, False),
        ([may()], [let({"Service": "sns.amazonaws.com"})], CENTRAL, False),
    ],
)
def test_who_may(
    identity: list[dict[str, Any]] | None,
    resource: list[dict[str, Any]] | None,
    owner: str,
    allowed: bool,  # noqa: FBT001  a test parameter
) -> None:
    assert asked(identity, resource, owner).allowed is allowed


def test_a_trust_policy_has_to_allow_even_within_the_account() -> None:
    assert not asked([may()], None, must_trust=True).allowed
    assert not asked(None, [let({"AWS": ORDERS})], must_trust=True).allowed
    assert asked([may()], [let({"AWS": ORDERS})], must_trust=True).allowed
    assert asked(None, [let({"AWS": ROLE})], must_trust=True).allowed


def test_a_session_policy_only_narrows() -> None:
    assert asked([may()], session=[may()]).allowed
    assert not asked([may()], session=[may(Action="sqs:ReceiveMessage")]).allowed
    assert not asked(None, session=[may()]).allowed


def test_a_service_needs_the_resource_policy_alone() -> None:
    sns = Service("sns.amazonaws.com")
    from_topic = {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:999988887777:*"}}
    policy = [let({"Service": "sns.amazonaws.com"}, Condition=from_topic)]
    near = context(aws__sourcearn="arn:aws:sns:eu-west-1:999988887777:news")
    far = context(aws__sourcearn="arn:aws:sns:eu-west-1:222233334444:news")
    assert asked(resource=policy, principal=sns, where=near).allowed
    assert not asked(resource=policy, principal=sns, where=far).allowed
    assert not asked(resource=policy, principal=Service("events.amazonaws.com"), where=near).allowed


def test_the_ruling_names_the_statements_that_made_it() -> None:
    ruling = asked([may(Sid="First"), may(Sid="Other", Action="s3:*"), may()])
    assert [one.label for one in ruling.statements] == ["First", "#2"]
    denied = asked([may(), may("Deny", Sid="Never")])
    assert denied.why == "with an explicit deny in identity, statement Never"


@pytest.mark.parametrize(
    ("operator", "values", "given", "expected"),
    [
        ("StringEquals", ["o-1", "o-2"], "o-2", True),
        ("StringEquals", ["o-*"], "o-1", False),
        ("StringEquals", ["o-1"], None, False),
        ("StringEqualsIfExists", ["o-1"], None, True),
        ("StringEqualsIgnoreCase", ["O-1"], "o-1", True),
        ("StringNotEquals", ["o-1"], "o-2", True),
        ("StringNotEquals", ["o-1", "o-2"], "o-2", False),
        ("StringNotEquals", ["o-1"], None, True),
        ("StringNotLike", ["o-*"], "o-2", False),
        ("StringLike", ["o-?"], "o-1", True),
        ("ArnLike", ["arn:aws:iam::*:role/org-gate-*"], "arn:aws:iam::111122223333:role/org-gate-x", True),
        ("ArnEquals", ["arn:aws:iam::*:role/a"], "arn:aws:iam::1:b:role/a", False),
        ("ArnNotLike", ["arn:aws:iam::*:role/a"], "arn:aws:iam::1:role/b", True),
        ("Bool", ["true"], "true", True),
        ("Bool", ["true"], "false", False),
        ("Bool", ["true"], None, False),
        ("Null", ["true"], None, True),
        ("Null", ["false"], None, False),
        ("ForAnyValue:StringEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAllValues:StringEquals", ["a"], ["b", "a"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["b", "a"], True),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
        ("ForAllValues:StringNotEquals", ["a"], ["a", "b"], False),
    ],
)
def test_operators(operator: str, values: list[str], given: str | list[str] | None, expected: bool) -> None:  # noqa: FBT001  a test parameter
    where = context() if given is None else context(aws__principalorgid=given)
    assert holds(Condition(operator, "aws:principalorgid", tuple(values)), where, "here") is expected


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (may(Condition={"NumericLessThan": {"aws:EpochTime": "1"}}), "NumericLessThan"),
        (may(Condition={"ForSomeValues:StringEquals": {"aws:userid": "1"}}), "ForSomeValues"),
        (may(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}), "aws:sourcevpc"),
        (may(Resource="arn:aws:sqs:*:*:${aws:PrincipalTag/team}"), "aws:principaltag/team"),
        (may(Bogus=1), "Bogus"),
        (may("Perhaps"), "Perhaps"),
        ({"Effect": "Allow", "Resource": "*"}, "Action or NotAction"),
        (let({"CanonicalUser": "x"}), "CanonicalUser"),
    ],
)
def test_what_is_not_known_fails_by_name(statement: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedPolicyError, match=named):
        asked([statement])


def test_variables_are_filled_in_and_stand_for_themselves() -> None:
    own: list[Mapping[str, Any]] = [may(Resource="arn:aws:sqs:*:${aws:PrincipalAccount}:events")]
    assert asked([dict(one) for one in own], where=context(aws__principalaccount=ORDERS)).allowed
    assert not asked([dict(one) for one in own], where=context(aws__principalaccount=CENTRAL)).allowed
    assert not asked([dict(one) for one in own]).allowed
    assert not asked([dict(one) for one in own], where=context(aws__principalaccount="*")).allowed


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("*", QUEUE, True),
        ("arn:aws:sqs:*:*:*", QUEUE, True),
        ("arn:aws:sqs:*:events", QUEUE, False),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", True),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/a", False),
        ("arn:aws:logs:*:*:log-group:/x:*", "arn:aws:logs:eu-west-1:1:log-group:/x:log-stream:s", True),
        ("arn:aws:dynamodb:*:*:table/[ab]", "arn:aws:dynamodb:eu-west-1:1:table/a", False),
    ],
)
def test_arns(pattern: str, arn: str, expected: bool) -> None:  # noqa: FBT001  a test parameter
    assert arn_matches(pattern, arn) is expected
