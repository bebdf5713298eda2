"""Walks a scenario in S3's order and says which lines must come out (S2-S6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.e2e.oracle.decision import Decision, Question, Reason, View, decided, own_mode, refused
from tests.e2e.oracle.gate import Gate, WrongParametersError, asked_for
from tests.e2e.oracle.overrides import Override
from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.sky import Central, Shown
from tests.e2e.oracle.times import seconds

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


@dataclass(frozen=True)
class Expected:
    """One line of ``decisions.jsonl``; ``decision`` is None where there is no verdict."""

    at: int
    account: str
    pipeline: str
    trigger: str
    attempt: int
    result: str
    by_central: bool
    decision: Decision | None


@dataclass
class _Run:
    attempt: int
    failed: bool


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
    latest: dict[tuple[str, str, str], _Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.start = int(datetime.fromisoformat(self.data["start"]).timestamp())
        self.shown = Shown(self.start)
        self.policy = self.rolled_out = Policy(self.data.get("policy") or SHIPPED, 1)
        organization = self.data["organization"]
        self.accounts = {account["id"]: account for account in organization["accounts"]}
        management = organization.get("management", "100000000001")
        self.tree = {management: "", **{id_: account.get("ou", "") for id_, account in self.accounts.items()}}

    def lines(self) -> list[Expected]:
        """All lines, in order."""
        entries: dict[int, list[Mapping[str, Any]]] = {}
        for entry in self.data["timeline"]:
            entries.setdefault(self.start + seconds(str(entry["at"])), []).append(entry)
        last = max(entries, default=self.start)
        instants = sorted({*entries, *range(self.start, last + 1, 60)})
        return [line for now in instants for line in self._instant(entries.get(now, []), now)]

    def _instant(self, entries: list[Mapping[str, Any]], now: int) -> Iterator[Expected]:
        for entry in entries:
            self._by_aws_and_platform(entry, now)
        if (now - self.start) % 60 == 0:
            self._poll(now)
        for entry in entries:
            if "deliver" in entry:
                event = self.shown.one(entry["deliver"]["arn"], entry["deliver"].get("region"))
                assert event is not None
                if event.public or event.accounts:
                    self.central.notified(event)
        for entry in entries:
            if "run" in entry or "retry" in entry:
                yield from self._pressed(entry, now)

    def _by_aws_and_platform(self, entry: Mapping[str, Any], now: int) -> None:
        if "health" in entry:
            self.shown.show(entry["health"], now)
        elif "fault" in entry:
            self.faults.append((entry["fault"], now))
        elif "policy" in entry and not self._api_fault(now):
            self.policy = Policy(entry["policy"], self.policy.version + 1)
        elif "override" in entry and not self._api_fault(now):
            override = Override(entry["override"], now)
            self.overrides += [override] if override.acceptable(self.policy) else []

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
        trigger = "run" if "run" in entry else "retry"
        pipeline = next(
            p
            for p in self.data["pipelines"]
            if p["name"] == entry[trigger] and entry.get("account", p["account"]) == p["account"]
        )
        key = (pipeline["account"], pipeline["region"], pipeline["name"])
        before = self.latest.get(key)
        if trigger == "retry" and (before is None or not before.failed):
            return
        run = _Run(1 if trigger == "run" or before is None else before.attempt + 1, failed=True)
        self.latest[key] = run
        if not self._has_gate(pipeline):
            return
        by_central, decision, succeeds = self._answer(pipeline, now)
        run.failed = not succeeds
        result = "succeeded" if succeeds else "failed"
        yield Expected(now, key[0], key[2], trigger, run.attempt, result, by_central, decision)

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

    def _answer(self, pipeline: Mapping[str, Any], now: int) -> tuple[bool, Decision | None, bool]:
        """Whether central decided, the decision, and whether the job succeeds."""
        account, region = pipeline["account"], pipeline["region"]
        gate = Gate(account, region, self.rolled_out, self.tree)
        try:
            aims = asked_for(pipeline.get("user_parameters"), account, region)
        except WrongParametersError:
            return False, None, False
        question = Question(account, region, pipeline["name"], aims)
        shown = None if self._health_fault(account, now) else self.shown
        faults = self._striking("central", self._central("region"), account, now)
        if faults and faults[0] == "denied" and not gate.exempt(question):
            # The front door's refusal carries no mode of its own: that of the rollout counts.
            return False, None, gate.mode != "enforce"
        if faults or self._table_fault(now):
            alone = gate.alone(question, shown, now)
            return False, alone, alone.verdict != "block"
        tree = self.tree if self.central.tree_known else {}
        if refused(question, self.policy, tree, self._central("account")):
            return False, None, own_mode(account, region, question.pipeline, self.policy, tree) != "enforce"
        in_force = [override for override in self.overrides if override.in_force(now)]
        decision = decided(question, self.central, View(self.policy, tree, question.pipeline, in_force, now))
        if decision.stale and self.policy.default("on_stale") == "local":
            decision = gate.looked(decision, shown, now)
        return True, decision, decision.verdict != "block"


def expected_lines(data: Mapping[str, Any]) -> list[Expected]:
    return Walk(data).lines()


__all__ = ["Expected", "Reason", "expected_lines"]
