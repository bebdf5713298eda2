"""Walks a scenario in S3's order and says which lines must come out (S2-S6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.e2e.oracle.decision import Decision, Question, Reason, View, decided, own_mode, refused
from tests.e2e.oracle.definition import GateAction
from tests.e2e.oracle.executions import Answer, Execution, Expected, Track, Traffic
from tests.e2e.oracle.gate import Gate, WrongParametersError, asked_for
from tests.e2e.oracle.overrides import Override
from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.sky import Central, Shown
from tests.e2e.oracle.times import seconds
from tests.e2e.oracle.waiting import Room

SHIPPED: Mapping[str, Any] = {
    "version": 1,
    "rules": [
        {"name": "drills", "match": {"drill": True}, "verdict": "block"},
        {
            "name": "open-issues",
            "match": {"categories": ["issue", "investigation"], "statuses": ["open"]},
            "verdict": "block",
        },
    ],
}
HEALTH_REGIONS = ("us-east-1", "us-east-2")


@dataclass
class Walk:
    """The state of everything while the timeline is walked."""

    data: Mapping[str, Any]
    start: int = field(init=False)
    shown: Shown = field(init=False)
    policy: Policy = field(init=False)
    central: Central = field(default_factory=Central)
    faults: list[tuple[Mapping[str, Any], int]] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    room: Room = field(default_factory=Room)

    def __post_init__(self) -> None:
        self.start = int(datetime.fromisoformat(self.data["start"]).timestamp())
        self.shown = Shown(self.start)
        self.policy = self.rolled_out = Policy(self.data.get("policy") or SHIPPED, 1)
        organization = self.data["organization"]
        self.accounts = {account["id"]: account for account in organization["accounts"]}
        management = organization.get("management", "100000000001")
        self.tree = {management: "", **{id_: account.get("ou", "") for id_, account in self.accounts.items()}}
        self.tracks = [Track(pipeline, self._has_gate(pipeline)) for pipeline in self.data["pipelines"]]
        self.traffic = Traffic(self._answer, self._settled)

    def lines(self) -> list[Expected]:
        """All lines, in order."""
        entries: dict[int, list[Mapping[str, Any]]] = {}
        for entry in self.data["timeline"]:
            entries.setdefault(self.start + seconds(str(entry["at"])), []).append(entry)
        end = max(entries, default=self.start) + seconds(str(self.data.get("tail", "1h")))
        expected: list[Expected] = []
        for now in range(self.start, end + 1):
            expected += self._instant(entries.get(now, []), now)
        return expected

    def _instant(self, entries: list[Mapping[str, Any]], now: int) -> Iterator[Expected]:
        looked_at = (now - self.start) % 60 == 0
        for entry in entries:
            looked_at |= self._by_aws_and_platform(entry, now)
        if (now - self.start) % 60 == 0:
            self._poll(now)
        for entry in entries:
            looked_at |= "deliver" in entry and self._delivered(entry["deliver"])
        for entry in entries:
            yield from self._pressed(entry, now)
        yield from self.traffic.ask_held(now)
        if looked_at:
            yield from self._look(now)

    def _delivered(self, deliver: Mapping[str, Any]) -> bool:
        """Whether anything was learnt."""
        event = self.shown.one(deliver["arn"], deliver.get("region"))
        assert event is not None
        before = self.central.events.get(event.key)
        if event.public or event.accounts:
            self.central.notified(event)
        return self.central.events.get(event.key) != before

    def _look(self, now: int) -> Iterator[Expected]:
        """All that wait; the table and the queues are taken to work in scenarios where somebody does."""
        for one in self.room.look(self.policy, lambda question: self._blocks(question, now), now):
            yield from self.traffic.retry(one.track, one.execution, now, "resume")

    def _blocks(self, question: Question, now: int) -> bool:
        """Decided by central without a gate: what ``local`` leaves to one is not known (D13)."""
        if self._refuses(question):
            return True
        decision = self._decided(question, now)
        if decision.stale and self.policy.default("on_stale") == "local":
            unknown = Reason("unknown", self.policy.default("on_unknown"), lifted=decision.all_overridden)
            decision = decision.with_reasons([unknown])
        return decision.verdict == "block"

    def _by_aws_and_platform(self, entry: Mapping[str, Any], now: int) -> bool:
        """Whether policy or overrides changed."""
        if "health" in entry:
            self.shown.show(entry["health"], now)
        elif "fault" in entry:
            self.faults.append((entry["fault"], now))
        elif "policy" in entry and not self._api_fault(now):
            self.policy = Policy(entry["policy"], self.policy.version + 1)
            return True
        elif "override" in entry and not self._api_fault(now):
            override = Override(entry["override"], now)
            self.overrides += [override] if override.acceptable(self.policy) else []
            return override.acceptable(self.policy)
        return False

    def _poll(self, now: int) -> None:
        if self._table_fault(now):
            return
        self.central.tree_known = True
        if not self._health_fault(self._central("account"), now):
            self.central.poll(self.shown, now)

    def _central(self, name: str) -> str:
        return str(self.data["central"][name])

    def _table_fault(self, now: int) -> bool:
        return bool(self._striking("dynamodb", self._central("region"), self._central("account"), now))

    def _api_fault(self, now: int) -> bool:
        """Whether the platform team, in the central account, gets an answer of the decision API."""
        return self._table_fault(now) or bool(
            self._striking("central", self._central("region"), self._central("account"), now)
        )

    def _health_fault(self, account: str, now: int) -> bool:
        """AWS Health has two endpoints; only where neither answers is there nothing to read."""
        return all(self._striking("health", region, account, now) for region in HEALTH_REGIONS)

    def _striking(self, service: str, region: str, account: str, now: int) -> list[str]:
        return [
            fault["kind"]
            for fault, since in self.faults
            if fault["service"] == service
            and fault.get("region", region) == region
            and fault.get("account", account) == account
            and ("for" not in fault or now < since + seconds(fault["for"]))
        ]

    def _pressed(self, entry: Mapping[str, Any], now: int) -> Iterator[Expected]:
        what = next((name for name in ("run", "retry", "stop") if name in entry), None)
        if what is None:
            return
        track = next(
            one
            for one in self.tracks
            if one.spec["name"] == entry[what] and entry.get("account", one.spec["account"]) == one.spec["account"]
        )
        if what == "run":
            yield from self.traffic.run(track, now)
        elif what == "retry":
            yield from self.traffic.retry(track, track.executions[-1] if track.executions else None, now)
        else:
            self.traffic.stop(track)

    def _has_gate(self, pipeline: Mapping[str, Any]) -> bool:
        """Never in the management account, nor in a suspended one (facts of service-managed StackSets)."""
        account = self.accounts.get(pipeline["account"])
        if (
            account is None
            or account.get("status") == "SUSPENDED"
            or pipeline["region"] not in self.data["gate_regions"]
        ):
            return False
        ous, path = self.data.get("gate_ous"), account.get("ou", "")
        return ous is None or any(path == ou or path.startswith(f"{ou}/") for ou in ous)

    def _settled(self, track: Track, execution: Execution, answer: Answer, now: int) -> None:
        self.room.asked(track, execution, answer.blocked, now)

    def _answer(self, track: Track, execution: Execution, action: GateAction, now: int) -> Answer:
        account, region, name = track.key
        gate = Gate(account, region, self.rolled_out, self.tree)
        try:
            wish = asked_for(action.parameters, account, action.behind)
        except WrongParametersError:
            return Answer(by_central=False, decision=None, passes=False)
        question = Question(account, region, name, wish.aims, action.stage)
        by_central, decision = self._found(gate, question, now)
        if decision is None:
            return Answer(by_central=by_central, decision=None, passes=self._lets_pass(gate, question, now))
        blocked = decision.verdict == "block"
        holds = blocked and now < execution.held_since + wish.hold_for
        fails = blocked and not holds and by_central and self._decided(question, now).verdict == "block"
        return Answer(by_central, decision, not blocked, holds, question if fails else None)

    def _found(self, gate: Gate, question: Question, now: int) -> tuple[bool, Decision | None]:
        """Whether central decided, and the decision that the gate acts on; None where it was refused one."""
        shown = None if self._health_fault(gate.account, now) else self.shown
        if self._refused_at_the_door(gate, question, now):
            return False, None
        if self._silent(gate.account, now):
            return False, gate.alone(question, shown, now)
        if self._refuses(question):
            return False, None
        decision = self._decided(question, now)
        if decision.stale and self.policy.default("on_stale") == "local":
            decision = gate.looked(decision, shown, now)
        return True, decision

    def _refused_at_the_door(self, gate: Gate, question: Question, now: int) -> bool:
        faults = self._striking("central", self._central("region"), gate.account, now)
        return faults[:1] == ["denied"] and not gate.exempt(question)

    def _silent(self, account: str, now: int) -> bool:
        return bool(self._striking("central", self._central("region"), account, now)) or self._table_fault(now)

    def _lets_pass(self, gate: Gate, question: Question, now: int) -> bool:
        """After a refusal. The front door's carries no mode of its own: that of the rollout counts."""
        if self._refused_at_the_door(gate, question, now):
            return gate.mode != "enforce"
        mode = own_mode(gate.account, gate.region, question.pipeline, self.policy, self._known_tree)
        return mode != "enforce"

    @property
    def _known_tree(self) -> Mapping[str, str]:
        return self.tree if self.central.tree_known else {}

    def _refuses(self, question: Question) -> bool:
        return refused(question, self.policy, self._known_tree, self._central("account"))

    def _decided(self, question: Question, now: int) -> Decision:
        in_force = [override for override in self.overrides if override.in_force(now)]
        view = View(self.policy, self._known_tree, question.pipeline, in_force, now)
        return decided(question, self.central, view)


def expected_lines(data: Mapping[str, Any]) -> list[Expected]:
    return Walk(data).lines()


__all__ = ["Expected", "Reason", "expected_lines"]
