"""Details and affected accounts of listed events, in steps small enough to be stored one by one.

It asks AWS Health and hands on; it stores nothing. What AWS Health will not tell about one event is noted in
``failed`` and left to the next poll. A fault that would strike the next event as well (throttled, denied, no time
left) is raised, after all that was read has been handed on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Final

from org_gate.health.errors import HealthError, HealthRefusedError, HealthUnreachableError
from org_gate.health.reading import Reading
from org_gate.health.view import AffectedAccounts, Details, Failed, OrganizationView, Wanted
from org_gate.model.event import EventKey

STEP: Final = 10
"""Events of one step: one call's worth of details."""
STEP_ACCOUNTS: Final = 2000
"""Affected accounts after which a step is full, however few its events are."""
PATIENCE: Final = 5
"""How many calls about single events may go unanswered before the fault is taken for one that strikes them all."""
DETAIL_TRIES: Final = 3
ACCOUNT_SPECIFIC: Final = "ACCOUNT_SPECIFIC"


@dataclass(frozen=True, slots=True)
class Question:
    """A listed event whose details are to be read; its affected accounts as well, unless it is ``public``."""

    listed: Reading
    public: bool
    accounts: Sequence[str] | None = None
    """A few of them, where all were read for this update already."""


@dataclass(frozen=True, slots=True)
class Enriched:
    """What was read of one listed event; ``detail`` and ``affected`` are None where nothing could be."""

    listed: Reading
    detail: Reading | None = None
    details_read: bool = False
    """Also where there is nobody to ask for them."""
    affected: AffectedAccounts | None = None


@dataclass(slots=True)
class _Step:
    """Events that are read together, and what came of it."""

    questions: list[Question] = field(default_factory=list)
    affected: dict[EventKey, AffectedAccounts] = field(default_factory=dict)
    details: dict[EventKey, Reading] = field(default_factory=dict)
    read: set[EventKey] = field(default_factory=set)

    def full(self) -> bool:
        return (
            len(self.questions) >= STEP or sum(len(found.accounts) for found in self.affected.values()) > STEP_ACCOUNTS
        )

    def enriched(self) -> Iterator[Enriched]:
        for question in self.questions:
            key = question.listed.key
            yield Enriched(question.listed, self.details.get(key), key in self.read, self.affected.get(key))


class Enricher:
    """For the length of one poll, that of ``now``."""

    def __init__(self, view: OrganizationView, now: datetime) -> None:
        self._view = view
        self._now = now
        self._patience = PATIENCE
        self.failed: list[str] = []
        """A line for each event that AWS Health could not tell about."""

    def enriched(self, questions: Sequence[Question]) -> Iterator[Enriched]:
        """Each of them, in their order. After a fault the rest comes as it was listed, then the HealthError."""
        waiting = questions
        while waiting:
            step, fault = self._step(waiting)
            waiting = waiting[len(step.questions) :]
            yield from step.enriched()
            if fault is not None:
                yield from (Enriched(question.listed) for question in waiting)
                raise fault

    def accounts(self, key: EventKey, failed: list[str]) -> AffectedAccounts | None:
        """A complete reading; None, and a line in ``failed``, where AWS Health would not tell about this event."""
        try:
            return self._view.accounts(key.arn)
        except HealthRefusedError as error:
            failed.append(_line(key, f"affected accounts: {error.code}"))
        except HealthUnreachableError as error:
            self._bear(error)
            failed.append(_line(key, f"affected accounts: {error.code}"))
        return None

    def _step(self, waiting: Sequence[Question]) -> tuple[_Step, HealthError | None]:
        step = _Step()
        try:
            for question in waiting:
                if step.full():
                    break
                step.questions.append(question)
                self._read_accounts(step, question)
            self._read_details(step)
        except HealthError as error:
            return step, error
        return step, None

    def _read_accounts(self, step: _Step, question: Question) -> None:
        if question.public or question.accounts is not None:
            return
        if (found := self.accounts(question.listed.key, self.failed)) is not None:
            step.affected[question.listed.key] = found

    def _read_details(self, step: _Step) -> None:
        """Where no account that was affected before can tell, those that are now are read, and asked."""
        failures = self._try_details(step, step.questions)
        unread = [each for each in step.questions if each.accounts and each.listed.key not in step.read]
        again = [replace(question, accounts=None) for question in unread]
        for question in again:
            self._read_accounts(step, question)
        failures |= self._try_details(step, again)
        self.failed += [_line(key, failures[key]) for key in sorted(failures.keys() - step.read)]

    def _try_details(self, step: _Step, questions: Sequence[Question]) -> dict[EventKey, str]:
        """Of an account-specific event by another account where one's fail; what AWS Health said of those that did."""
        asked = {
            question.listed.key: options
            for question in questions
            if (options := self._who_to_ask(step, question)) is not None
        }
        step.read.update(key for key, options in asked.items() if not options)
        failures: dict[EventKey, str] = {}
        for attempt in range(DETAIL_TRIES):
            wanted = {
                key: Wanted(key.arn, options[attempt])
                for key, options in asked.items()
                if key not in step.read and attempt < len(options)
            }
            if wanted:
                failures |= self._take_details(step, wanted)
        return failures

    def _take_details(self, step: _Step, wanted: Mapping[EventKey, Wanted]) -> dict[EventKey, str]:
        """What AWS Health said where it told nothing. One answer may be of several Regions' events."""
        answer = self._ask(list(wanted.values()))
        step.details |= {reading.key: reading for reading in answer.readings}
        answered = {reading.key.arn for reading in answer.readings}
        failed = {Wanted(item.arn, item.account): item.error for item in answer.failed}
        for key, asking in wanted.items():
            if key in step.details or (key.arn in answered and asking not in failed):
                step.read.add(key)
        return {key: failed.get(asking, "no answer") for key, asking in wanted.items() if key not in step.read}

    def _ask(self, wanted: Sequence[Wanted]) -> Details:
        """Where a whole call is refused, one by one: one bad ARN must not cost nine others their details."""
        try:
            return self._view.details(wanted, self._now)
        except HealthRefusedError as error:
            if len(wanted) > 1:
                return _joined([self._ask([one]) for one in wanted])
            return _untold(wanted, error)
        except HealthUnreachableError as error:
            self._bear(error)
            return _untold(wanted, error)

    def _who_to_ask(self, step: _Step, question: Question) -> Sequence[str | None] | None:
        """The accounts to name in a question for details, None for none; empty where there is nobody to name.

        None as a whole where the accounts could not be read. Every poll begins with another account, so that a few
        that cannot tell do not stand in the way for ever.
        """
        listed = question.listed
        if question.public:
            return [None]
        found = step.affected.get(listed.key)
        accounts = question.accounts if found is None else sorted(found.accounts)
        if accounts:
            first = int(self._now.timestamp()) // 60 * DETAIL_TRIES % len(accounts)
            return [*accounts[first:], *accounts[:first]][:DETAIL_TRIES]
        if accounts is None:
            return None
        return [] if listed.values.get("scope") == ACCOUNT_SPECIFIC else [None]

    def _bear(self, error: HealthUnreachableError) -> None:
        """Raises it where there were too many."""
        if self._patience == 0:
            raise error
        self._patience -= 1


def _joined(answers: Sequence[Details]) -> Details:
    return Details(
        tuple(chain.from_iterable(answer.readings for answer in answers)),
        tuple(chain.from_iterable(answer.failed for answer in answers)),
    )


def _untold(wanted: Sequence[Wanted], error: HealthError) -> Details:
    return Details((), tuple(Failed(one.arn, one.account, error.code) for one in wanted))


def _line(key: EventKey, what: str) -> str:
    return f"{key.arn} in {key.region}: {what}"
