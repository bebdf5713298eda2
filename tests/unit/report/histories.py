"""Short ways to write histories, and what deciding at every single step says of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from org_gate.model.event import Event, Knowledge
from org_gate.model.request import Request
from org_gate.policy.model import Policy
from org_gate.report.backtest import Outcome, decided
from org_gate.report.backtest_history import History, Version, history_of
from tests.unit.decision.builders import ACCOUNTS, NOW

SECOND = timedelta(seconds=1)


def at(seconds: int) -> datetime:
    return NOW + seconds * SECOND


def history(*versions: tuple[int, Event]) -> History:
    """Versions by the seconds after NOW from which they were shown."""
    return history_of((Version(at(since), event) for since, event in versions), ACCOUNTS)


def step_by_step(
    request: Request, past: History, policy: Policy, begin: datetime, end: datetime, *, every: timedelta = SECOND
) -> list[tuple[datetime, Outcome]]:
    """The naive way: everything known, decided anew at each step."""
    found, moment = [], begin
    while moment < end:
        knowledge = Knowledge(moment, past.known(moment), past.accounts)
        found.append((moment, decided(request, knowledge, policy, moment)))
        moment += every
    return found


def verdicts(found: Iterable[tuple[datetime, Outcome]]) -> str:
    """A letter a step: a(llow), w(arn), b(lock)."""
    return "".join(outcome.verdict.value[0] for _, outcome in found)
