"""AWS's policy evaluation logic as a table: who asks, which policies there are, and what comes of it.

Each row is a sentence of the IAM user guide's pages on evaluation logic, boundaries, elements and operators.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from org_gate.simulator.base import Caller
from org_gate.simulator.iam.conditions import holds
from org_gate.simulator.iam.context import Context
from org_gate.simulator.iam.documents import Condition, statements
from org_gate.simulator.iam.evaluate import Question, Service, rule
from tests.unit.simulator.doors import CENTRAL, ORDERS

ROLE = f"arn:aws:iam::{ORDERS}:role/deploy"
SESSION = f"arn:aws:sts::{ORDERS}:assumed-role/deploy/s"
USER = f"arn:aws:iam::{ORDERS}:user/ann"
AS_ROLE = Caller(ORDERS, SESSION, "ASIA", "AROA:s", role_arn=ROLE)
AS_USER = Caller(ORDERS, USER, "AKIA", "AIDA", user_name="ann")
SNS = Service("sns.amazonaws.com")
ROOT = f"arn:aws:iam::{ORDERS}:root"
QUEUE = f"arn:aws:sqs:eu-west-1:{ORDERS}:Events"
Policy = list[dict[str, Any]]


def yes(*actions: str, **rest: Any) -> Policy:
    return [{"Effect": "Allow", "Action": list(actions) or "sqs:SendMessage", "Resource": "*", **rest}]


def no(**rest: Any) -> Policy:
    return [{**one, "Effect": "Deny"} for one in yes(**rest)]


def to(*principals: str, kind: str = "AWS", **rest: Any) -> Policy:
    return yes(Principal={kind: list(principals)}, **rest)


class Row(NamedTuple):
    says: str
    outcome: str
    identity: Policy | None = None
    resource: Policy | None = None
    boundary: Policy | None = None
    session: Policy | None = None
    who: Caller | Service = AS_ROLE
    owner: str = ORDERS
    must_trust: bool = False


ALLOWED, DENIED = "allowed", "denied"
EVERYTHING = yes("*")
OTHER = yes("sqs:ReceiveMessage")

ROWS = [
    Row("nothing said is a no", DENIED),
    Row("an identity policy is enough within the account", ALLOWED, yes()),
    Row("a resource policy is enough within the account", ALLOWED, resource=to(ROLE)),
    Row("one that names the account leaves it to identity policies", DENIED, resource=to(ROOT)),
    Row("it does so by the account's number as well", ALLOWED, yes(), to(ORDERS)),
    Row("everybody is somebody", ALLOWED, resource=yes(Principal="*")),
    Row("a deny in an identity policy wins", DENIED, yes() + no(), to(ROLE)),
    Row("a deny in the resource's policy wins", DENIED, yes(), no(Principal="*")),
    Row("a deny in the boundary wins", DENIED, yes(), to(SESSION), EVERYTHING + no()),
    Row("a deny in the session's policy wins", DENIED, yes(), to(SESSION), session=EVERYTHING + no()),
    Row("a deny of another action does not", ALLOWED, yes() + no(Action="sqs:DeleteQueue")),
    Row("a deny to somebody else does not", ALLOWED, yes(), no(Principal={"AWS": CENTRAL})),
    Row("another account's resource needs both sides: identity only", DENIED, yes(), owner=CENTRAL),
    Row("another account's resource needs both sides: resource only", DENIED, resource=to(ROLE), owner=CENTRAL),
    Row("another account's resource needs both sides: both", ALLOWED, yes(), to(ROLE), owner=CENTRAL),
    Row("the other side may name the account alone", ALLOWED, yes(), to(ROOT), owner=CENTRAL),
    Row("the other side has to name the right one", DENIED, yes(), to(CENTRAL), owner=CENTRAL),
    Row("a session named by the other side needs its own as well", DENIED, resource=to(SESSION), owner=CENTRAL),
    Row("a boundary grants nothing", DENIED, boundary=EVERYTHING),
    Row("a boundary lets through what it allows", ALLOWED, yes(), boundary=yes()),
    Row("a boundary stops what it does not allow", DENIED, EVERYTHING, boundary=OTHER),
    Row("a boundary stops what a resource gives to the role", DENIED, resource=to(ROLE), boundary=OTHER),
    Row("a boundary does not stop what a resource gives to the session", ALLOWED, resource=to(SESSION), boundary=OTHER),
    Row("a boundary does not stop what a resource gives to a user", ALLOWED, None, to(USER), OTHER, who=AS_USER),
    Row("a boundary of a user stops its own policies", DENIED, yes(), None, OTHER, who=AS_USER),
    Row("a boundary counts across accounts", DENIED, yes(), to(SESSION), OTHER, owner=CENTRAL),
    Row("a boundary and a session policy both count", DENIED, yes(), boundary=yes(), session=OTHER),
    Row("all three", ALLOWED, yes(), boundary=yes(), session=yes()),
    Row("a session policy grants nothing", DENIED, session=EVERYTHING),
    Row("a session policy stops what a resource gives to the role", DENIED, resource=to(ROLE), session=OTHER),
    Row("a session policy does not stop what it gives to the session", ALLOWED, resource=to(SESSION), session=OTHER),
    Row("an empty boundary stops everything", DENIED, yes(), boundary=[]),
    Row("a trust policy is needed even within the account", DENIED, yes(), must_trust=True),
    Row("a trust policy for the account needs the caller's own", DENIED, resource=to(ROOT), must_trust=True),
    Row("both of them", ALLOWED, yes(), to(ROOT), must_trust=True),
    Row("a trust policy for the role needs nothing else", ALLOWED, resource=to(ROLE), must_trust=True),
    Row("but what bounds the role", DENIED, resource=to(ROLE), boundary=OTHER, must_trust=True),
    Row("a service needs the resource's policy", DENIED, yes(), who=SNS),
    Row("a service needs nothing else", ALLOWED, resource=to("sns.amazonaws.com", kind="Service"), who=SNS),
    Row("another service is another", DENIED, resource=to("sqs.amazonaws.com", kind="Service"), who=SNS),
    Row("a caller is no service", DENIED, resource=to("sns.amazonaws.com", kind="Service")),
    Row("NotAction is all others", ALLOWED, [{"Effect": "Allow", "NotAction": "sqs:DeleteQueue", "Resource": "*"}]),
    Row("NotAction is not itself", DENIED, [{"Effect": "Allow", "NotAction": "sqs:Send*", "Resource": "*"}]),
    Row("Deny NotAction", DENIED, [*yes(), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]),
    Row("NotResource is all others", ALLOWED, [{"Effect": "Allow", "Action": "sqs:*", "NotResource": f"{QUEUE}2"}]),
    Row("NotResource is not itself", DENIED, [{"Effect": "Allow", "Action": "sqs:*", "NotResource": QUEUE}]),
    Row("NotPrincipal with Deny spares the named", ALLOWED, yes(), no(NotPrincipal={"AWS": [ROLE]})),
    Row("NotPrincipal with Deny hits the others", DENIED, yes(), no(NotPrincipal={"AWS": [CENTRAL]})),
    Row("actions know no case", ALLOWED, yes("SQS:sendMESSAGE")),
    Row("a wildcard in an action", ALLOWED, yes("sqs:Send*")),
    Row("one character", ALLOWED, yes("sqs:SendMessag?")),
    Row("one character is not none", DENIED, yes("sqs:SendMessage?")),
    Row("a wildcard may be the whole service", DENIED, yes("s*s:Receive*")),
    Row("resources know case", DENIED, yes(Resource=QUEUE.lower())),
    Row("a wildcard in a resource", ALLOWED, yes(Resource="arn:aws:sqs:*:*:Ev*")),
    Row("a wildcard does not reach over a colon", DENIED, yes(Resource="arn:aws:sqs:*:Events")),
    Row("one of several resources", ALLOWED, yes(Resource=["arn:aws:sqs:*:*:other", QUEUE])),
    Row("a condition that holds", ALLOWED, yes(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
    Row("one that does not", DENIED, yes(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-2"}})),
    Row("condition keys know no case", ALLOWED, yes(Condition={"StringEquals": {"AWS:principalorgid": "o-1"}})),
    Row("all operators have to hold", DENIED, yes(Condition={
        "StringEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:SecureTransport": "false"}})),
    Row("all keys of one have to hold", DENIED, yes(Condition={
        "StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:PrincipalAccount": CENTRAL}})),
    Row("any value is enough", ALLOWED, yes(Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-2", "o-1"]}})),
    Row("a deny that does not hold", ALLOWED, yes() + no(Condition={"Bool": {"aws:SecureTransport": "false"}})),
    Row("a missing key fails an allow", DENIED, yes(Condition={"StringEquals": {"aws:SourceAccount": ORDERS}})),
    Row("a missing key fits a negated one", ALLOWED, yes(Condition={"StringNotEquals": {"aws:SourceAccount": ORDERS}})),
    Row("so that a deny without IfExists hits", DENIED, yes() + no(
        Condition={"StringNotEquals": {"aws:SourceAccount": ORDERS}})),
    Row("a missing key fits IfExists", ALLOWED, yes(Condition={"StringEqualsIfExists": {"aws:SourceAccount": ORDERS}})),
    Row("IfExists looks where it exists", DENIED, yes(Condition={
        "StringEqualsIfExists": {"aws:PrincipalOrgID": "o-2"}})),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
def test_as_aws_evaluates(row: Row) -> None:
    context = Context({}).plus(
        {"aws:PrincipalOrgID": ["o-1"], "aws:PrincipalAccount": [ORDERS], "aws:SecureTransport": ["true"]}
    )
    ruling = rule(
        Question(
            principal=row.who,
            action="sqs:SendMessage",
            resources=(QUEUE,),
            resource_account=row.owner,
            context=context,
            identity=statements({"Statement": row.identity or []}, "identity"),
            boundary=_optional(row.boundary, "boundary"),
            session=_optional(row.session, "session"),
            resource_policy=_optional(row.resource, "resource"),
            must_trust=row.must_trust,
        )
    )
    assert ("allowed" if ruling.allowed else "denied") == row.outcome
    assert bool(ruling.why) is not ruling.allowed


def _optional(policy: Policy | None, name: str) -> Any:
    return None if policy is None else statements({"Statement": policy}, name)


def test_a_refusal_names_what_is_missing() -> None:
    question = Question(AS_ROLE, "sqs:SendMessage", (QUEUE,), ORDERS, Context({}))
    allowed = statements({"Statement": yes()}, "identity")
    bounded = Question(
        AS_ROLE, "sqs:SendMessage", (QUEUE,), ORDERS, Context({}), allowed, statements({"Statement": []}, "b")
    )
    assert rule(question).why == "because no identity-based policy allows the sqs:SendMessage action"
    assert rule(bounded).why == "because no permissions boundary allows the sqs:SendMessage action"


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", ["Prod"], ["prod"], False),
        ("StringEqualsIgnoreCase", ["Prod"], ["prod"], True),
        ("StringNotEqualsIgnoreCase", ["Prod"], ["prod"], False),
        ("StringNotEqualsIfExists", ["a"], [], True),
        ("StringNotEqualsIfExists", ["a"], ["a"], False),
        ("StringLike", ["Pr*"], ["prod"], False),
        ("StringLikeIfExists", ["pr*"], ["prod"], True),
        ("StringLikeIfExists", ["pr*"], ["dev"], False),
        ("StringLikeIfExists", ["pr*"], [], True),
        ("ArnLikeIfExists", ["arn:aws:iam::*:role/a"], [], True),
        ("ArnLike", ["arn:aws:iam::*:role/A"], ["arn:aws:iam::1:role/a"], False),
        ("Bool", ["True"], ["true"], True),
        ("BoolIfExists", ["true"], [], True),
        ("BoolIfExists", ["true"], ["false"], False),
        ("ForAnyValue:StringLike", ["o-1/r-*"], ["o-1/r-1/", "o-2/"], True),
        ("ForAnyValue:StringLike", ["o-1/r-*"], ["o-2/", "o-3/"], False),
        ("ForAnyValue:StringEqualsIfExists", ["a"], [], True),
        ("ForAllValues:StringLike", ["o-1/*"], ["o-1/a", "o-1/b"], True),
        ("ForAllValues:StringLike", ["o-1/*"], ["o-1/a", "o-2/b"], False),
        ("ForAllValues:StringLike", ["o-1/*"], [], True),
        ("Null", ["true"], ["x"], False),
        ("Null", ["false"], ["x"], True),
    ],
)
def test_operators_case_and_missing_keys(
    operator: str,
    wanted: Sequence[str],
    given: Sequence[str],
    expected: bool,  # noqa: FBT001  a test parameter
) -> None:
    context = Context({}).plus({"aws:PrincipalOrgPaths": given} if given else {})
    assert holds(Condition(operator, "aws:principalorgpaths", tuple(wanted)), context, "here") is expected
