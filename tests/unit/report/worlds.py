"""Random organizations over a week, recorded in a table as the central part records them; the engine decides."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from org_gate.central.records import decision_record
from org_gate.decision.concern import concerning_events
from org_gate.decision.engine import decide
from org_gate.model.decision import decision_json
from org_gate.model.event import Account, EventKey
from org_gate.model.override import Override
from org_gate.model.record import EventRecord, Stamped
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.synthetic import Kind, SyntheticEvent
from org_gate.model.times import format_time
from org_gate.policy.load import policy_from_data
from org_gate.report.build import Options
from org_gate.report.reading import TableReader
from org_gate.store import Store, keys
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading
from tests.unit.store.tables import TableClient, fake_table, store_on

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = START + 7 * DAY
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
SERVICES = ("RDS", "EC2", "ECS", "LAMBDA", "MULTIPLE_SERVICES")
OUS = {"": "r-1", "Workloads": "ou-1", "Workloads/Prod": "ou-2", "Workloads/Dev": "ou-3", "Platform": "ou-4"}
WHO = "arn:aws:iam::111122223333:user/ada"
POLICY: dict[str, Any] = {
    "version": 1,
    "modes": [{"targets": {"ous": ["Workloads/Dev/**"]}, "mode": "shadow"}],
    "exempt": [{"pipelines": ["*-failover"]}],
    "rules": [
        {"name": "harmless", "match": {"services": ["LAMBDA"]}, "verdict": "allow"},
        {"name": "drills", "match": {"drill": True}, "verdict": "block"},
        {"name": "open-issues", "match": {"categories": ["issue", "investigation"], "statuses": ["open"]},
         "verdict": "block"},
        {"name": "changes", "match": {"categories": ["scheduledChange"], "starts_within": "2d"}, "verdict": "warn"},
        {"name": "never", "match": {"type_codes": ["NOTHING_IS_CALLED_SO"]}, "verdict": "warn"},
    ],
    "freezes": [
        {"name": "night", "from": "2026-03-04T00:00:00Z", "to": "2026-03-04T06:00:00Z",
         "targets": {"ous": ["Platform/**"]}, "verdict": "block"},
    ],
}  # fmt: skip


class World:
    """One organization and its table. The same seed makes the same one."""

    def __init__(self, seed: int, decisions: int = 120, events: int = 25) -> None:
        self.chance = random.Random(seed)  # noqa: S311  a test's chance is to be the same again
        self.client: TableClient = fake_table()
        self.store: Store = store_on(self.client)
        self.accounts = self._accounts()
        self.store.accounts.refresh(self.accounts)
        self.store.states.commit_tree(START)
        self._publish(START - DAY, POLICY, "the first")
        self._events: list[EventKey] = []
        self._moments = sorted(self._moment() for _ in range(decisions + events))
        wanted = self.chance.sample(range(decisions + events), events)
        for number, moment in enumerate(self._moments):
            if number in wanted:
                self._open_event(len(self._events), moment)
            else:
                self._decide(number, moment)
            self._something_else(number, moment)
        self.store.states.commit_poll(END - timedelta(minutes=3), full=True)

    def options(self, **more: Any) -> Options:
        told: dict[str, Any] = {
            "since": START, "until": END, "now": END, "version": "1.2.3", "region": "eu-west-1",
            "organization": "o-abc", "names": {account.id: f"name of {account.id}" for account in self.accounts},
        }  # fmt: skip
        return Options(**(told | more))

    def reader(self) -> TableReader:
        return TableReader(store_on(self.client))

    def _accounts(self) -> list[Account]:
        paths = [self.chance.choice(list(OUS)) for _ in range(self.chance.randint(3, 12))]
        return [Account(f"{number:012d}", path, _ids(path)) for number, path in enumerate(paths, start=1)]

    def _moment(self) -> datetime:
        return START - DAY + timedelta(seconds=self.chance.randrange(int(8 * DAY.total_seconds())))

    def _publish(self, now: datetime, data: dict[str, Any], note: str) -> None:
        self.store.publish_policy(data, who=WHO, note=note, now=now, expected_version=None)

    def _open_event(self, number: int, now: datetime) -> None:
        region = self.chance.choice((*REGIONS, "global"))
        key = EventKey(f"arn:aws:health:{region}::event/X/Y/{number}", region)
        category = self.chance.choice(("issue", "issue", "investigation", "scheduledChange", "accountNotification"))
        start = now + self.chance.choice((-3, -1, 0, 20)) * HOUR
        values = {
            "service": self.chance.choice(SERVICES),
            "category": category,
            "status": "upcoming" if start > now else "open",
            "scope": self.chance.choice(("PUBLIC", "ACCOUNT_SPECIFIC", "ACCOUNT_SPECIFIC", None)),
            "type_code": "AWS_X_Y",
            "start": format_time(start),
            "end": format_time(now + 9 * DAY) if self.chance.random() < 0.2 else None,
        }
        affected = self.chance.sample(self.accounts, self.chance.randint(0, len(self.accounts)))
        members: dict[str, dict[str, Any]] = {account.id: {} for account in affected}
        entities = {
            keys.entity(account.id, value): {"account": account.id, "value": value, "status": "IMPAIRED"}
            for account in affected
            for value in (f"i-{number}-{place}" for place in range(self.chance.randint(0, 3)))
        }
        stamp = f"{format_time(now)}|1|"
        self.store.events.save(
            key,
            _set(key, now, values),
            now=now,
            belongings=Belongings(
                accounts=SetReading(members, stamp, complete=True),
                entities=SetReading(entities, stamp, complete=True),
                text=(f"Something is wrong with {number}.", stamp),
            ),
        )
        self._events.append(key)

    def _something_else(self, number: int, now: datetime) -> None:
        chance = self.chance.random()
        if chance < 0.12 and self._events:
            key = self.chance.choice(self._events)
            how = self.chance.choice(({"status": "closed"}, {"end": format_time(now)}, {"type_code": "AWS_X_Z"}))
            self.store.events.save(key, _set(key, now, how), now=now)
        elif chance < 0.2:
            self._override(number, now)
        elif chance < 0.24:
            self._drill(number, now)
        elif chance < 0.26:
            self._publish(now, {**POLICY, "max_override": f"{number % 4 + 4}h"}, f"change {number}")
        elif chance < 0.45:
            self._resume(now)

    def _override(self, number: int, now: datetime) -> None:
        account = self.chance.choice(self.accounts).id
        name = f"o-{number:032x}"
        self.store.overrides.create(Override(
            id=name, accounts=(account,), events=("all",), reason="It has to go out.", account=account, who=WHO,
            created_at=now, expires_at=now + 4 * HOUR,
        ))  # fmt: skip
        if self.chance.random() < 0.3:
            self.store.overrides.revoke(name, WHO, now + HOUR)

    def _drill(self, number: int, now: datetime) -> None:
        kind: Kind = "drill" if self.chance.random() < 0.5 else "declared"
        self.store.synthetic.create(SyntheticEvent(
            id=f"{kind}-{number:032x}", kind=kind, public=True, regions=(self.chance.choice(REGIONS),),
            reason="Why not", who=WHO, created_at=now, ends_at=now + 6 * HOUR,
        ))  # fmt: skip

    def _resume(self, now: datetime) -> None:
        for waiting in self.store.waiting.still()[:1]:
            self.store.waiting.done(
                waiting, self.chance.choice(("resumed", "resumed", "skipped", "given_up")), "so", now
            )

    def _decide(self, number: int, now: datetime) -> None:
        caller = self.chance.choice([*(account.id for account in self.accounts), "999999999999"])
        region = self.chance.choice(REGIONS)
        others = self.chance.sample(self.accounts, self.chance.randint(0, min(2, len(self.accounts))))
        targets = tuple(Target(account, region, self.chance.choice(((), ("RDS",), ("ECS", "EC2"))))
                        for account in (caller, *(other.id for other in others)))  # fmt: skip
        run = f"e-{self.chance.randint(1, 6)}"
        name = self.chance.choice(("web", "orders", "db-failover"))
        pipeline = Pipeline(name, region, "Gate", "Check", run) if self.chance.random() < 0.85 else None
        request = Request(caller, targets, pipeline, None)
        gate = {"version": "1", "on_block": self.chance.choice(("fail", "fail", "hold"))} if pipeline else None
        if self.chance.random() < 0.8:
            self.store.states.commit_poll(now, full=True)
        state = self.store.state()
        version, policy = self.store.policy(state)
        knowledge = self.store.knowledge(request.accounts, state)
        decision = decide(request, knowledge, policy, policy_version=version, now=now)
        answer = decision_json(decision, f"d-{number:032x}")
        candidates = concerning_events(request, knowledge, policy, now)
        self.store.put_decision(decision_record(request, knowledge, candidates, answer, revision=1, gate=gate))


def _ids(path: str) -> tuple[str, ...]:
    parts = path.split("/") if path else []
    return tuple(OUS["/".join(parts[:depth])] for depth in range(len(parts) + 1))


def _set(key: EventKey, now: datetime, values: dict[str, Any]) -> Callable[[EventRecord | None], EventRecord]:
    stamp = f"{format_time(now)}|1|"
    told = {**values, "last_updated": format_time(now)}

    def change(found: EventRecord | None) -> EventRecord:
        record = found or EventRecord(key=key)
        return replace(
            record, fields={**record.fields, **{name: Stamped(value, stamp) for name, value in told.items()}}
        )

    return change


policy_from_data(POLICY)  # a mistake in it is to be told here
