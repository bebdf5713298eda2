"""Short ways to write events, targets, knowledge and policies in tests of the decision."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from org_gate.decision.engine import decide
from org_gate.model.decision import Decision
from org_gate.model.event import Account, Event, Knowledge
from org_gate.model.override import Override
from org_gate.model.request import Pipeline, Request, Target, parse_short_target
from org_gate.model.synthetic import SyntheticEvent, events_of
from org_gate.policy.load import policy_from_data
from org_gate.policy.model import Policy

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PROD = "111122223333"
DEV = "444455556666"
STRANGER = "777788889999"
"""Not in the organization tree."""

ACCOUNTS = {
    PROD: Account(PROD, "Workloads/Prod", ("r-root", "ou-root-workloads", "ou-root-prod")),
    DEV: Account(DEV, "Workloads/Dev/Team", ("r-root", "ou-root-workloads", "ou-root-dev", "ou-root-team")),
}


USUAL_EVENT = Event(
    arn="arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/1",
    region="us-east-1",
    service="RDS",
    type_code="AWS_RDS_OPERATIONAL_ISSUE",
    category="issue",
    status="open",
    scope="PUBLIC",
    start=NOW - timedelta(hours=1),
    last_updated=NOW - timedelta(minutes=5),
)


def event(**fields: Any) -> Event:
    """An open public issue of RDS in us-east-1 for an hour, but for what is said."""
    return replace(USUAL_EVENT, **fields)


USUAL_OVERRIDE = Override(
    id="o-1",
    events=("all",),
    reason="The rollback has to go out.",
    account=PROD,
    who=f"arn:aws:sts::{PROD}:assumed-role/Dev/anna",
    created_at=NOW - timedelta(minutes=5),
    expires_at=NOW + timedelta(minutes=55),
)


def override(**fields: Any) -> Override:
    """Of everything, made five minutes ago for an hour, but for what is said; names nobody by itself."""
    return replace(USUAL_OVERRIDE, **fields)


USUAL_SYNTHETIC = SyntheticEvent(
    id="drill-1",
    kind="drill",
    public=True,
    reason="Does the gate hold?",
    who="arn:aws:sts::999988887777:assumed-role/Platform/ben",
    created_at=NOW - timedelta(minutes=5),
    ends_at=NOW + timedelta(minutes=25),
)


def synthetic(**fields: Any) -> tuple[Event, ...]:
    """The events of a public drill everywhere and of all services, but for what is said."""
    return tuple(events_of(replace(USUAL_SYNTHETIC, **fields), frozenset({PROD, DEV, STRANGER})))


def policy(*rules: Mapping[str, object], **fields: Any) -> Policy:
    """A policy of these rules; rules without a verdict block, and without a name are named by their place."""
    written = [{"name": f"rule-{index}", "verdict": "block", **rule} for index, rule in enumerate(rules)]
    return policy_from_data({"version": 1, "rules": written, **fields})


BLOCK_ALL = policy({})


def knowledge(*events: Event, as_of: datetime | None = NOW, overrides: Iterable[Override] = ()) -> Knowledge:
    return Knowledge(as_of, events, ACCOUNTS, tuple(overrides))


def request(*targets: str, caller: str = PROD, pipeline: Pipeline | None = None) -> Request:
    return Request(caller, tuple(parse_short_target(target, caller) for target in targets), pipeline)


def decided(
    asked: Request | str,
    events: Event | Iterable[Event],
    rules: Policy = BLOCK_ALL,
    *,
    now: datetime = NOW,
    as_of: datetime | None = NOW,
    overrides: Iterable[Override] = (),
) -> Decision:
    """The decision of a request (or of one target in its short form)."""
    known = knowledge(*((events,) if isinstance(events, Event) else events), as_of=as_of, overrides=overrides)
    asked = request(asked) if isinstance(asked, str) else asked
    return decide(asked, known, rules, policy_version=7, now=now)


def target(text: str) -> Target:
    return parse_short_target(text, PROD)
