"""A reader that makes up an organization of any size as it is asked, and holds next to nothing of it."""

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from org_gate.model.event import Account, EventKey
from org_gate.model.override import Override
from org_gate.model.record import EventRecord, Stamped
from org_gate.model.synthetic import Kind, SyntheticEvent
from org_gate.model.times import format_time
from org_gate.model.waiting import Waiting
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.report.build import Options
from org_gate.store.about import About, Ground
from org_gate.store.past import Affected, CameOf, PastDecision
from org_gate.store.state import State
from tests.unit.report.worlds import END, POLICY, REGIONS, START, WHO

SERVICES = tuple(f"SERVICE{number}" for number in range(60))
VERDICTS = ("allow",) * 14 + ("warn",) * 2 + ("block",) * 4


class LargeReader:
    """Half of the events are public, the others affect accounts of their own; each entity belongs to one of these."""

    def __init__(
        self, *, accounts: int, events: int, entities: int, decisions: int, text: str = "Words. " * 30
    ) -> None:
        self._accounts = {
            f"{number:012d}": Account(f"{number:012d}", f"Workloads/Unit{number % 200}", ("r-1", "ou-1", "ou-2"))
            for number in range(accounts)
        }
        self._names = list(self._accounts)
        self._events, self._entities, self._decisions, self._text = events, entities, decisions, text

    def options(self, **more: Any) -> Options:
        told: dict[str, Any] = {"since": START, "until": END, "now": END, "version": "1", "region": "eu-west-1"}
        return Options(**(told | {"names": {name: f"name of {name}" for name in self._names}} | more))

    def state(self) -> State:
        return State(as_of=END, full_at=END, tree_at=END, policy_version=1)

    def policies(self) -> list[dict[str, Any]]:
        policy = policy_data(policy_from_data(POLICY))
        return [{"version": 1, "at": format_time(START), "who": WHO, "note": "", "policy": policy}]

    def accounts(self) -> Mapping[str, Account]:
        return self._accounts

    def events(self, since: datetime, until: datetime) -> Iterator[EventRecord]:
        for number in range(self._events):
            start = since + (until - since) * (number % 1000) / 1000
            values: dict[str, str | None] = {
                "service": SERVICES[number % len(SERVICES)],
                "category": ("issue", "scheduledChange", "accountNotification")[number % 3],
                "status": "closed" if number % 4 else "open",
                "scope": "PUBLIC" if number % 2 else "ACCOUNT_SPECIFIC",
                "type_code": f"AWS_SERVICE_TYPE_{number % 90}",
                "start": format_time(start),
                "last_updated": format_time(start + timedelta(hours=5)),
            }
            fields = {name: Stamped(value, "") for name, value in values.items()}
            yield EventRecord(
                key=self._key(number), fields=fields, lists_accounts=number % 2 == 0, lists_entities=number % 2 == 0
            )

    def texts(self, wanted: Iterable[EventKey]) -> Mapping[EventKey, str]:
        return dict.fromkeys(wanted, self._text)

    def affected(self, key: EventKey) -> Iterator[str]:
        chance = random.Random(key.arn)  # noqa: S311  the same each time
        return iter(sorted(chance.sample(self._names, min(len(self._names), 200))))

    def entities(self, key: EventKey) -> Iterator[Affected]:
        accounts = list(self.affected(key))
        for number in range(self._entities * 2 // self._events):
            account = accounts[number % len(accounts)]
            yield Affected(account, f"arn:aws:ec2:eu-west-1:{account}:instance/i-{number:017x}", "IMPAIRED")

    def decisions(self, since: datetime, until: datetime) -> Iterator[PastDecision]:
        chance = random.Random(0)  # noqa: S311  the same world each time, nothing secret
        for number in range(self._decisions):
            at = (until - (until - since) * (number + 1) / (self._decisions + 1)).replace(microsecond=0)
            yield self._decision(number, at, chance)

    def _decision(self, number: int, at: datetime, chance: random.Random) -> PastDecision:
        verdict: Any = chance.choice(VERDICTS)
        account, region = chance.choice(self._names), chance.choice(REGIONS)
        grounds = tuple(
            Ground("event", verdict, verdict == "block", "open-issues", SERVICES[one % 60], *self._key(one), None)
            for one in (chance.sample(range(self._events), 2) if verdict != "allow" else ())
        )
        return PastDecision(
            id=f"d-{number:032x}",
            at=at,
            account=account,
            pipeline=f"pipeline-{number % 5}",
            pipeline_region=region,
            stage="Gate",
            execution_id=f"{chance.getrandbits(64):016x}",
            verdict=verdict,
            would_be=verdict,
            mode="enforce",
            exempt=False,
            summary="Blocked: an open issue of EC2 in eu-west-1 since 12:00.",
            policy_version=1,
            about=About(((account, region),), grounds, "hold" if number % 3 == 0 else "fail", stale=False),
            came_of=CameOf("resumed", at + timedelta(minutes=9)) if verdict == "block" and number % 3 else None,
        )

    def waiting(self) -> Iterable[Waiting]:
        return ()

    def overrides(self) -> Iterable[Override]:
        return ()

    def synthetic(self, kind: Kind) -> Iterable[SyntheticEvent]:  # noqa: ARG002  there are none of either kind
        return ()

    def _key(self, number: int) -> EventKey:
        region = REGIONS[number % len(REGIONS)]
        service = SERVICES[number % len(SERVICES)]
        return EventKey(f"arn:aws:health:{region}::event/{service}/AWS_{service}_ISSUE/A_{number:08d}", region)
