"""The ground truth: what AWS Health showed and when, what people did, and what a deployment may therefore come to.

Written from the contract alone (D3-D6, D8-D10, D12, D13), without the product's decision. It does not predict a
decision. It knows two things about a question at a moment: what surely stands against it (`against`: known for longer
than the promised delay), and what may (`may_stand`: it was so at some time since the last that is surely known).

A change that AWS Health shows with the time at which it shows it is known after the next whole poll. One that is
``slow`` (its ``lastUpdatedTime`` lies well back, or did not move) is found by a look at everything, at least every five
minutes; that it is over may show by its being listed no longer, two such looks later.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.model.policies import GLOBAL_SERVICES, PLAIN, PLATFORM, Rule, Spec

Key = tuple[str, str]
"""ARN and Region."""
SEVERITY: Final = {"allow": 0, "warn": 1, "block": 2}
STATUSES: Final = ("open", "closed", "upcoming")
CATEGORIES: Final = ("issue", "accountNotification", "scheduledChange", "investigation")
FULL_LOOK: Final = timedelta(minutes=5)
CALM: Final = timedelta(minutes=12)
"""Of whole polls every minute, after which nothing is known any more that is not so."""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Aim:
    """A target: where a deployment goes; no services for all."""

    account: str
    region: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """An event as AWS Health showed it from then on. ``number`` orders what happens at one instant."""

    number: int
    at: datetime
    fields: Mapping[str, Any]
    accounts: frozenset[str]
    slow: bool = False

    @property
    def public(self) -> bool:
        """D5b."""
        scope = self.fields.get("eventScopeCode")
        return scope == "PUBLIC" or (scope != "ACCOUNT_SPECIFIC" and not self.accounts)

    def over(self, now: datetime) -> bool:
        """D4, by what it says."""
        end = self.fields.get("endTime")
        return self.fields.get("statusCode") == "closed" or (end is not None and end <= now)

    def told_by(self) -> set[str]:
        """The operations that tell what a list does not."""
        told = {"DescribeEventDetailsForOrganization"} if self.public or self.accounts else set()
        whose = self.fields.get("eventScopeCode") == "ACCOUNT_SPECIFIC"
        return told | ({"DescribeAffectedAccountsForOrganization"} if whose else set())

    @property
    def listed(self) -> bool:
        """By a look at everything."""
        return self.fields.get("statusCode") in {"open", "upcoming"}


@dataclass(frozen=True, order=True)
class Poll:
    """``at`` is its schedule's time, ``number`` what had happened when it began.

    ``whole``: nothing struck it; ``possible``: it may have been complete.
    """

    at: datetime
    number: int
    whole: bool
    possible: bool


@dataclass
class Lift:
    """An override (D10)."""

    id: str
    accounts: tuple[str, ...]
    pipelines: tuple[str, ...]
    events: tuple[str, ...]
    begins: datetime
    ends: datetime

    def in_force(self, now: datetime) -> bool:
        return self.begins <= now < self.ends

    def names(self, account: str, pipeline: str) -> bool:
        of_account = not self.accounts or account in self.accounts
        return of_account and (not self.pipelines or any(fnmatchcase(pipeline, glob) for glob in self.pipelines))


@dataclass
class Made:
    """A drill or a declared event: one issue for each Region and service, open until its end."""

    id: str
    accounts: frozenset[str]
    """None named: it is everybody's."""
    regions: tuple[str, ...]
    services: tuple[str, ...]
    begins: datetime
    ends: datetime

    def snapshots(self) -> Iterator[Snapshot]:
        scope = "ACCOUNT_SPECIFIC" if self.accounts else "PUBLIC"
        kind = {"eventTypeCategory": "issue", "statusCode": "open", "eventScopeCode": scope}
        for region in self.regions or ("global",):
            for service in self.services or ("MULTIPLE_SERVICES",):
                fields = {**kind, "arn": self.id, "region": region, "service": service, "endTime": self.ends}
                yield Snapshot(0, self.begins, fields, self.accounts)


@dataclass(frozen=True)
class Question:
    """What the gate of a pipeline asks; ``aims`` are the given ones and the pipeline's own ground (D2)."""

    pipeline: str
    account: str
    aims: tuple[Aim, ...]


@dataclass
class Truth:
    """Times come in; ``number`` grows with everything that happens."""

    policy: Spec = PLAIN
    number: int = 0
    shown: dict[Key, list[Snapshot]] = field(default_factory=dict)
    polls: list[Poll] = field(default_factory=list)
    lifts: dict[str, Lift] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    heard: dict[Key, int] = field(default_factory=dict)
    """The last snapshot that central surely was notified of in time."""
    read: set[tuple[int, str]] = field(default_factory=set)
    """By snapshot and AWS Health's operation, what some poll may have read."""

    # what happened

    def show(self, fields: Mapping[str, Any], accounts: Iterable[str], at: datetime, *, slow: bool) -> None:
        self.number += 1
        key = fields["arn"], fields["region"]
        told = {name: value for name, value in fields.items() if value is not None}
        self.shown.setdefault(key, []).append(Snapshot(self.number, at, told, frozenset(accounts), slow))

    def noticed(self, key: Key, number: int) -> None:
        """Central took all notifications of a snapshot; what it tells of that moment is the newest there was (D3)."""
        (one,) = [one for one in self.shown[key] if one.number == number]
        updated = one.fields["lastUpdatedTime"]
        older = [each.fields["lastUpdatedTime"] for each in self.shown[key] if each.number < number]
        if updated == one.at and all(each < updated for each in older):
            self.heard[key] = max(number, self.heard.get(key, 0))

    def polled(self, poll: Poll) -> None:
        self.polls = sorted([*self.polls, poll])

    # what is known of it

    def present(self, key: Key) -> Snapshot:
        return self.shown[key][-1]

    def unread(self) -> set[tuple[int, str]]:
        """What a poll still has to read before it is complete (D13), as ``read`` has it."""
        present = [snapshots[-1] for snapshots in self.shown.values()]
        wanted = {(one.number, operation) for one in present if not one.slow for operation in one.told_by()}
        return wanted - self.read

    def last_poll(self, *, whole: bool) -> Poll | None:
        """The last one that surely was complete, or that may have been."""
        return next((one for one in reversed(self.polls) if (one.whole if whole else one.possible)), None)

    def surely_stale(self, now: datetime) -> bool:
        poll = self.last_poll(whole=False)
        return poll is None or now - poll.at > self.policy.oldest

    def surely_fresh(self, now: datetime) -> bool:
        poll = self.last_poll(whole=True)
        return poll is not None and now - poll.at <= self.policy.oldest

    def surely_known(self, key: Key) -> Sequence[Snapshot]:
        """The last snapshot that surely is known, and all that came after it; nothing where none is.

        Known is what the last whole poll found, and at once what central was notified of.

        Nothing either where looks at everything may miss it since: then it may count as over (D4).
        """
        poll, heard = self.last_poll(whole=True), self.heard.get(key)
        snapshots = self.shown[key]
        sure = [place for place, one in enumerate(snapshots) if one.number == heard or _surely(one, poll)]
        known = snapshots[sure[-1] :] if sure else ()
        return () if any(one.slow and not one.listed for one in known) else known

    def possibly_known(self, key: Key) -> Sequence[Snapshot]:
        """All that may be known of an event: what it was when it surely was known last, and since."""
        poll = self.last_poll(whole=True)
        if any(one.slow for one in self.shown[key]):
            poll = self.calm_since()
        return _since(self.shown[key], max(0 if poll is None else poll.number, self.heard.get(key, 0)))

    def calm_since(self) -> Poll | None:
        """The last poll that was followed by whole polls every minute for long enough."""
        run: list[Poll] = []
        for poll in reversed(self.polls):
            if not poll.whole or (run and run[-1].at - poll.at > MINUTE):
                break
            run.append(poll)
        return next((poll for poll in run if run[0].at - poll.at >= CALM), None)

    # what stands against a deployment

    def against(self, question: Question, now: datetime) -> list[str]:
        """What surely blocks it in mode enforce, in words, apart from staleness."""
        if self.policy.exempts(question.pipeline):
            return []
        found = []
        for aim in question.aims:
            if self.policy.mode_of(aim.account) == "enforce":
                found += [what for name, what in self._surely(aim, now) if not self._lifted(aim, question, name, now)]
        return found

    def _surely(self, aim: Aim, now: datetime) -> Iterator[tuple[str, str]]:
        for key in self.shown:
            known = self.surely_known(key)
            if known and all(self.blocks(one, aim, now) for one in known):
                yield key[0], f"{key} blocks {aim} since {known[0].at:%H:%M:%S}"
        for made in self.made.values():
            if made.begins <= now and any(self.blocks(one, aim, now) for one in made.snapshots()):
                yield made.id, f"{made.id} blocks {aim}"
        if self.frozen(aim, now):
            yield "freeze:quiet", f"a freeze blocks {aim}"

    def frozen(self, aim: Aim, now: datetime) -> bool:
        """Whether a freeze blocks it (D8)."""
        freeze = self.policy.freeze
        if freeze is None or freeze.verdict != "block" or not freeze.begins <= now < freeze.ends:
            return False
        return freeze.accounts is None or aim.account in freeze.accounts

    def all_lifted(self, question: Question, now: datetime) -> bool:
        """Whether one override of everything names every target (D13)."""
        everything = [one for one in self.lifts.values() if one.in_force(now) and "all" in one.events]
        return any(all(one.names(aim.account, question.pipeline) for aim in question.aims) for one in everything)

    def _lifted(self, aim: Aim, question: Question, name: str, now: datetime) -> bool:
        lifts = [one for one in self.lifts.values() if one.in_force(now)]
        naming = [one for one in lifts if one.names(aim.account, question.pipeline)]
        return any("all" in one.events or name in one.events for one in naming)

    def may_stand(self, arn: str, region: str, aim: Aim, now: datetime) -> bool:
        """Whether an event may block a target now, by anything that may still be known of it."""
        for made in self.made.values():
            if made.id in arn:
                return any(self.blocks(one, aim, now) for one in made.snapshots())
        if (arn, region) not in self.shown:
            return False
        calm = self.calm_since()
        lately = _since(self.shown[arn, region], 0 if calm is None else calm.number)
        accounts = frozenset[str]().union(*(one.accounts for one in lately))
        possible = self.possibly_known((arn, region))
        wider = [replace(one, accounts=accounts) for one in possible]
        return any(
            self.blocks(one, aim, now) for one in (*possible, *wider, *self._without_accounts((arn, region), possible))
        )

    def _without_accounts(self, key: Key, possible: Sequence[Snapshot]) -> list[Snapshot]:
        """As they are before their accounts could be read: everybody's, if they tell no scope (D5) or were that."""
        poll, public = self.last_poll(whole=True), [one.number for one in self.shown[key] if one.public]
        unread = [one for one in possible if not _surely(one, poll)]
        were = [
            one
            for one in unread
            if not one.fields.get("eventScopeCode") or min(public, default=one.number) < one.number
        ]
        return [replace(one, fields={**one.fields, "eventScopeCode": None}, accounts=frozenset()) for one in were]

    # the contract about one event and one target

    def blocks(self, event: Snapshot, aim: Aim, now: datetime) -> bool:
        concerned = not event.over(now) and concerns(event, aim, self.policy)
        return concerned and ruling(self.policy, self.policy.rules, event, aim) == "block"

    def local(self, question: Question, now: datetime, *, cautious: bool = False, lifted: bool = True) -> list[Aim]:
        """The targets against which AWS Health, asked by the gate's account now, has an open issue (D13).

        ``cautious``: also where the account cannot tell whether an event is another account's too. ``lifted``: also
        what an override lifts: of everything, or of that event where central knew of it and said so.
        """
        issues = [
            one
            for one in (snapshots[-1] for snapshots in self.shown.values())
            if one.fields.get("eventTypeCategory") == "issue"
            and one.fields.get("statusCode") == "open"
            and not one.over(now)
            and (one.public or question.account in one.accounts)
        ]

        def stands(one: Snapshot, aim: Aim) -> bool:
            counts = lifted or not self._lifted(aim, question, str(one.fields["arn"]), now)
            return counts and _locally(one, aim, question.account, cautious)

        return [aim for aim in question.aims if any(stands(one, aim) for one in issues)]


def _surely(one: Snapshot, poll: Poll | None) -> bool:
    if poll is None or one.number > poll.number:
        return False
    return not one.slow or (one.listed and one.at <= poll.at - FULL_LOOK)


def _since(snapshots: Sequence[Snapshot], number: int) -> Sequence[Snapshot]:
    """The one that stood then, and those after it."""
    before = sum(one.number <= number for one in snapshots)
    return snapshots[max(0, before - 1) :]


def _locally(event: Snapshot, aim: Aim, account: str, cautious: bool) -> bool:  # noqa: FBT001  handed on
    here = event.fields["region"] in {aim.region, "global"}
    served = not aim.services or event.fields["service"] in {*aim.services, "MULTIPLE_SERVICES"}
    theirs = event.public or (cautious and event.fields.get("eventScopeCode") != "ACCOUNT_SPECIFIC")
    return here and served and (aim.account == account or theirs)


def concerns(event: Snapshot, aim: Aim, policy: Spec) -> bool:
    """D5; nothing in the model has zones."""
    service, region = event.fields["service"], event.fields["region"]
    if region not in {"global", aim.region} and service not in GLOBAL_SERVICES:
        return False
    if not (event.public or aim.account in event.accounts):
        return False
    needed = {one for named in aim.services for one in policy.depends_on.get(named, ())}
    return not aim.services or service in {*aim.services, *needed, *PLATFORM, "MULTIPLE_SERVICES"}


def ruling(policy: Spec, rules: Sequence[Rule], event: Snapshot, aim: Aim) -> str:
    """D6; where a fit is not known both ways are followed, and the more severe one stands (D7)."""
    if not rules:
        return policy.verdict
    rule, below = rules[0], rules[1:]
    fits = {
        _listed(rule.categories, event.fields.get("eventTypeCategory"), CATEGORIES),
        _listed(rule.statuses, event.fields.get("statusCode"), STATUSES),
        _listed(rule.services, event.fields["service"], None),
        _listed(rule.accounts, aim.account, None),
    }
    if "no" in fits:
        return ruling(policy, below, event, aim)
    if "unknown" not in fits:
        return rule.verdict
    return max(rule.verdict, ruling(policy, below, event, aim), key=SEVERITY.__getitem__)


def _listed(wanted: Sequence[str] | None, value: str | None, heard_of: Sequence[str] | None) -> str:
    if wanted is None:
        return "yes"
    if value is None or (heard_of is not None and value not in heard_of):
        return "unknown"
    return "yes" if value in wanted else "no"
