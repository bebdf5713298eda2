"""The decision itself, pure: one action on one resource by one principal, against all policies that have a say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from org_gate.simulator.base import Caller
from org_gate.simulator.iam.conditions import holds
from org_gate.simulator.iam.context import Context
from org_gate.simulator.iam.documents import Statement
from org_gate.simulator.iam.matching import arn_matches, expanded, wildcard


@dataclass(frozen=True, slots=True)
class Service:
    """An AWS service as the one who asks, such as ``events.amazonaws.com``."""

    principal: str


Principal = Caller | Service


@dataclass(frozen=True, slots=True)
class Question:
    """``resources`` are the spellings of one resource; a policy may use any. None means: no such policy exists.

    ``must_trust``: the resource policy has to allow even within the account (a role's trust policy, a key's).
    """

    principal: Principal
    action: str
    resources: tuple[str, ...]
    resource_account: str
    context: Context
    identity: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] | None = None
    session: tuple[Statement, ...] | None = None
    resource_policy: tuple[Statement, ...] | None = None
    must_trust: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """``statements`` are those that made it so: the allowing ones, or the denying one; ``why`` is for a person."""

    allowed: bool
    statements: tuple[Statement, ...]
    why: str = ""


class Grant(IntEnum):
    """How far a resource policy's principal element reaches the caller."""

    NONE = 0
    ACCOUNT = 1
    """It names the caller's account, whose own policies have to allow as well."""
    DIRECT = 2
    """It names the role, or everybody."""
    ITSELF = 3
    """It names this very session or user: within the account neither boundary nor session policy narrows that."""


def rule(question: Question) -> Ruling:
    """Allowed or not. Raises UnsupportedPolicyError where a policy that applies goes beyond this evaluator."""
    identity = _fitting(question.identity, question)
    boundary, session = (None if one is None else _fitting(one, question) for one in _limits(question))
    granted = {
        statement: grant
        for statement in _fitting(question.resource_policy or (), question)
        if (grant := reach(statement, question.principal)) is not Grant.NONE
    }
    for statement in (*identity, *(boundary or ()), *(session or ()), *granted):
        if not statement.allow:
            return Ruling(allowed=False, statements=(statement,), why=f"with an explicit deny in {statement.place}")
    if not _is_named_itself(question, granted):
        for limit, name in ((boundary, "permissions boundary"), (session, "session policy")):
            if limit is not None and not limit:
                why = f"because no {name} allows the {question.action} action"
                return Ruling(allowed=False, statements=(), why=why)
    return _allowing(question, identity, granted, (*(boundary or ()), *(session or ())))


def _limits(question: Question) -> tuple[tuple[Statement, ...] | None, ...]:
    return question.boundary, question.session


def _is_named_itself(question: Question, granted: Mapping[Statement, Grant]) -> bool:
    own = isinstance(question.principal, Caller) and question.principal.account == question.resource_account
    return own and Grant.ITSELF in granted.values()


def _allowing(
    question: Question,
    identity: tuple[Statement, ...],
    granted: Mapping[Statement, Grant],
    limits: tuple[Statement, ...],
) -> Ruling:
    strongest = max(granted.values(), default=Grant.NONE)
    used = (*identity, *limits, *granted)
    if isinstance(question.principal, Service):
        enough = strongest >= Grant.DIRECT
    elif question.principal.account != question.resource_account:
        enough = bool(identity) and strongest is not Grant.NONE
    elif question.must_trust:
        enough = strongest >= Grant.DIRECT or (strongest is Grant.ACCOUNT and bool(identity))
    else:
        enough = bool(identity) or strongest >= Grant.DIRECT
    if enough:
        return Ruling(allowed=True, statements=used)
    return Ruling(allowed=False, statements=(), why=_missing(question, identity, strongest))


def _missing(question: Question, identity: tuple[Statement, ...], strongest: Grant) -> str:
    foreign = isinstance(question.principal, Service) or question.principal.account != question.resource_account
    if (foreign or question.must_trust) and strongest is Grant.NONE:
        return f"because no resource-based policy allows the {question.action} action"
    if identity:
        return f"because the resource-based policy does not allow the {question.action} action"
    return f"because no identity-based policy allows the {question.action} action"


def _fitting(statements: Iterable[Statement], question: Question) -> tuple[Statement, ...]:
    return tuple(one for one in statements if _fits(one, question))


def _fits(statement: Statement, question: Question) -> bool:
    named = any(wildcard(action, question.action, ignore_case=True) for action in statement.actions)
    if named == statement.negated_actions:
        return False
    if statement.principals is not None and reach(statement, question.principal) is Grant.NONE:
        return False
    if _covers(statement, question) == statement.negated_resources:
        return False
    return all(holds(condition, question.context, statement.place) for condition in statement.conditions)


def _covers(statement: Statement, question: Question) -> bool:
    patterns = [expanded(one, question.context, statement.place) for one in statement.resources]
    return any(
        arn_matches(pattern, resource) for pattern in patterns if pattern is not None for resource in question.resources
    )


def reach(statement: Statement, principal: Principal) -> Grant:
    """How far the statement's principals reach this one."""
    named = max((_reach(kind, value, principal) for kind, value in statement.principals or ()), default=Grant.NONE)
    if not statement.negated_principals:
        return named
    return Grant.NONE if named is not Grant.NONE else Grant.DIRECT


_ANYBODY: Final = "*"


def _reach(kind: str, value: str, principal: Principal) -> Grant:
    if isinstance(principal, Service):
        return Grant.DIRECT if (kind, value) in (("Service", principal.principal), ("AWS", _ANYBODY)) else Grant.NONE
    if kind != "AWS":
        return Grant.NONE
    if value == principal.arn:
        return Grant.ITSELF
    if value in (_ANYBODY, principal.role_arn):
        return Grant.DIRECT
    if value in (principal.account, f"arn:aws:iam::{principal.account}:root"):
        return Grant.ACCOUNT
    return Grant.NONE
