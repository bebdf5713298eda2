"""Random scenarios, the same for the same seed: many pipelines, events and runs in one small organization.

What the contract leaves open is not generated: see the notes where something is held back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Any

from tests.e2e.oracle.generated_freezes import fixed, recurring
from tests.e2e.oracle.generated_incidents import incident, resume
from tests.e2e.oracle.generated_pipelines import Definitions
from tests.e2e.oracle.times import moment, seconds, spelled

STARTS = (
    "2026-03-02T12:00:00Z",
    "2026-03-02T23:30:30+01:00",
    "2025-12-31T23:20:00Z",
    "2026-03-29T00:20:00Z",
    "2026-10-25T00:25:00Z",
    "2028-02-29T09:40:00Z",
)
"""Among them the two nights in which Europe's clocks change, and the day that few years have."""
SECONDS = 45 * 60
"""How long things happen; times are mostly quarters of a minute."""
_LAST = SECONDS // 15
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
SERVICES = (
    "EC2",
    "RDS",
    "ECS",
    "LAMBDA",
    "S3",
    "IAM",
    "ROUTE53",
    "STS",
    "CODEPIPELINE",
    "MULTIPLE_SERVICES",
    "APIGATEWAY",
)
ZONES = ("us-east-1a", "us-east-1b", "use1-az1", "USE1-AZ4", "euw1-az2", "eu-west-1c")
OUS: Mapping[str, Any] = {
    "Workloads": {"Prod": {"Shop": {"EU": {}}}, "Dev": {}},
    "Platform": {},
    "Sandbox": {"Old stuff": {}},
}
PATHS = ("Workloads", "Workloads/Prod", "Workloads/Prod/Shop", "Workloads/Prod/Shop/EU", "Workloads/Dev", "Platform")
CENTRAL = "999988887777"
MANAGEMENT = "100000000001"
STRANGER = "123123123123"
_ALL_FAULTY = (*["health"] * 4, "central", "central", "dynamodb", "sts", "sns", "sqs")
OPEN = {"name": "open", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"}
MALFORMED = (
    '{"targets": [',
    '["targets"]',
    '{"targets": "111122220000/us-east-1"}',
    '{"target": []}',
    {"targets": ["us-east-1"]},
    {"targets": ["11112222000/us-east-1"]},
    {"targets": ["111122220000/useast1"]},
    {"targets": [{"account": "111122220000"}]},
    {"targets": [{"region": "us-east-1", "service": ["EC2"]}]},
    {"targets": [{"region": "us-east-1", "services": "EC2"}]},
    {"targets": [{"account": 111122220000, "region": "us-east-1"}]},
    {"on_block": "maybe"},
    {"targets": ["111122220000/us-east-1/EC2+"]},
    {"on_block": "hold", "hold_for": "24h"},
    {"on_block": "hold", "hold_for": "0m"},
    {"on_block": "fail", "hold_for": 90},
)


def scenario(seed: int) -> dict[str, Any]:
    """A scenario in the contract's format."""
    rng = Random(seed)  # noqa: S311  repeatable, and no secret
    return _Maker(rng, rng.choice(list(Kind))).scenario()


class Kind(Enum):
    """What a scenario tries; what is left open in one is held back in it alone."""

    FAULTS = auto()
    """Everything may fail, and nobody is resumed: what a fault of the resumer's own calls delays is left open."""
    CROWD = auto()
    """Executions supersede each other, and no wave is too small: whether one that is skipped counts is left open."""
    WAVES = auto()
    """Small waves, so each pipeline runs once, and central is there."""

    @property
    def faulty(self) -> tuple[str, ...]:
        return {Kind.FAULTS: _ALL_FAULTY, Kind.CROWD: _ALL_FAULTY[:6], Kind.WAVES: ("health",)}[self]


@dataclass
class _Maker:
    rng: Random
    kind: Kind
    start: str = ""
    accounts: list[dict[str, Any]] = field(default_factory=list)
    arns: list[str] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    """Seconds from the start at which a freeze or an override begins or ends."""
    outages: list[tuple[int, int]] = field(default_factory=list)
    """From when to when there are incidents."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def some(self, values: Any, most: int = 3) -> list[Any]:
        return self.rng.sample(list(values), self.rng.randint(1, min(most, len(values))))

    @property
    def _waits(self) -> bool:
        """Whether somebody who is blocked is resumed, so that many should be."""
        return self.kind is not Kind.FAULTS

    def scenario(self) -> dict[str, Any]:
        self.start = self.rng.choice(STARTS)
        self._accounts()
        waves = self.kind is Kind.WAVES
        pipelines = [self._pipeline(number) for number in range(self.rng.randint(8, 24 if waves else 16))]
        policy = {"policy": self._policy()} if self.kind is not Kind.CROWD or self.chance(0.85) else {}
        self._happenings()
        for _ in range(self.rng.randint(0, 5)):
            self._override(self.rng.choice(pipelines)["account"])
        self._presses(pipelines)
        self.timeline.sort(key=lambda entry: int(str(entry["at"]).rstrip("s")))
        self.timeline = [*_possible(self.timeline)]
        data: dict[str, Any] = {
            "start": self.start,
            "organization": {"ous": OUS, "accounts": self.accounts},
            "central": {"account": CENTRAL, "region": self.rng.choice(REGIONS)},
            "gate_regions": list(REGIONS[:2]),
            "pipelines": pipelines,
            "timeline": self.timeline,
            **policy,
        }
        if self.chance(0.9):
            data["tail"] = self.rng.choice(("0m", "5m", "10m", "901s", *["20m"] * 4 * self._waits))
        if self.chance(0.6):
            data["gate_ous"] = [self.rng.choice(PATHS[:2]), *self.some(("Platform", "Sandbox", "Workloads/Dev"))]
        return data

    def _presses(self, pipelines: list[dict[str, Any]]) -> None:
        edges = [edge + off for edge in self.edges for off in self.some((-1, 0, 1)) if 0 <= edge + off <= SECONDS]
        if self.kind is Kind.WAVES:
            for pipeline, at in zip(pipelines, self._times_in_outages(len(pipelines)), strict=True):
                self._press("run", pipeline, at)
            for at in self.some(range(SECONDS), 8):
                self._press("retry", self.rng.choice(pipelines), at)
            return
        often = self._times_in_outages(20) if self._waits else []
        for at in [*often, *(self.rng.randint(0, _LAST) * 15 for _ in range(self.rng.randint(20, 40))), *edges]:
            what = self.rng.choice((*["run"] * 13, *["retry"] * 5, *["stop"] * 2))
            self._press(what, self.rng.choice(pipelines), at)

    def _times_in_outages(self, number: int) -> list[int]:
        """Each once."""
        times = {at for begin, end in self.outages for at in range(begin, min(end, SECONDS))}
        return self.rng.sample(sorted(times), number)

    def _accounts(self) -> None:
        paths = [*PATHS, "Sandbox/Old stuff", "", self.rng.choice(PATHS), self.rng.choice(PATHS)]
        self.accounts = [
            {"id": f"1111222{number:05}", "name": f"account-{number}", **({"ou": path} if path else {})}
            for number, path in enumerate(paths)
        ]
        for account in self.accounts:
            if self.chance(0.1):
                account["status"] = "SUSPENDED"
        self.accounts.append({"id": CENTRAL, "name": "platform", "ou": "Platform"})

    @property
    def ids(self) -> list[str]:
        return [account["id"] for account in self.accounts]

    def _pipeline(self, number: int) -> dict[str, Any]:
        account = MANAGEMENT if self.chance(0.03) else self.rng.choice(self.ids)
        region = "ap-southeast-2" if self.chance(0.05) else self.rng.choice(REGIONS[:2])
        name = self.rng.choice(("orders", "web", "orders-failover", "Data.Load", "x_y@z")) + (
            f"-{number}" if number else ""
        )
        pipeline: dict[str, Any] = {"name": name, "account": account, "region": region}
        if self.chance(0.6):
            twice = self.kind is Kind.FAULTS
            made = Definitions(self.rng, account, self.ids, REGIONS, lambda: self._wanted(account), twice).make()
            return pipeline | {"definition": made}
        wanted = self._wanted(account)
        return pipeline if wanted is None else pipeline | {"user_parameters": wanted}

    def _wanted(self, account: str) -> Any:
        """UserParameters, or None."""
        if self.chance(0.02 if self._waits else 0.06):
            return self.rng.choice(MALFORMED)
        return self._parameters(account) if self.chance(0.75) else None

    def _parameters(self, account: str) -> dict[str, Any]:
        parameters: dict[str, Any] = {}
        if self.chance(0.35):
            parameters["on_block"] = "hold"
            if self.chance(0.8):
                parameters["hold_for"] = self.rng.choice(("1s", "30s", "31s", "100s", "5m", "10m", "31m", "1h", "23h"))
        if self.chance(0.5):
            parameters["targets"] = [self._target(account) for _ in range(self.rng.randint(1, 4))]
        if self.chance(0.2):
            parameters.setdefault("on_block", "fail")
        if self.chance(0.2):
            parameters |= {"pipeline": "orders-failover", "stage": "Nowhere"}
        if self.chance(0.2):
            parameters["execution_id"] = "#{codepipeline.PipelineExecutionId}"
        return parameters

    def _target(self, own: str) -> str | dict[str, Any]:
        account = own if self.chance(0.93) else self.rng.choice([*self.ids, STRANGER])
        region = self.rng.choice(
            (*REGIONS, *REGIONS[:2], "global", "xx-nowhere-1") if self.chance(0.3) else REGIONS[:2]
        )
        services = [self._code() for _ in range(self.rng.randint(0, 3))]
        zones = self.some(ZONES, 2) if self.chance(0.35) else []
        if self.chance(0.5):
            parts = [account, region, "+".join(services), "+".join(zones)]
            return "/".join(parts[: 4 if zones else 3 if services else 2])
        target: dict[str, Any] = {"region": region}
        target |= {"account": account} if account != own or self.chance(0.5) else {}
        target |= {"services": services} if services or self.chance(0.3) else {}
        return target | ({"availability_zones": zones} if zones or self.chance(0.3) else {})

    def _code(self) -> str:
        if self.chance(0.04):
            return self.rng.choice(("NOTASERVICE", "Ecz"))
        code = self.rng.choice((*SERVICES[:9], "ALB", "DYNAMODB") if self.chance(0.1) else SERVICES[:6])
        return code.lower() if self.chance(0.2) else code

    # The policy

    def _policy(self) -> dict[str, Any]:
        policy: dict[str, Any] = {
            "version": 1,
            "rules": [self._rule(number) for number in range(self.rng.randint(0, 6))],
        }
        if self._waits or self.chance(0.5):
            # Where it stands first it decides, and many wait.
            first = self._waits and self.chance(0.7)
            policy["rules"].insert(0 if first else len(policy["rules"]), OPEN)
        if self.chance(0.1 if self._waits else 0.25):
            policy["mode"] = self.rng.choice(("warn", "shadow", "enforce"))
        policy["defaults"] = self._defaults()
        policy["resume"] = {"enabled": False} if self.kind is Kind.FAULTS else self._resume()
        # ALB is no service code, so a target may name it only where it is an alias.
        policy["service_aliases"] = {"ALB": "ELASTICLOADBALANCING"} | ({"lb": "EC2"} if self.chance(0.3) else {})
        if self.chance(0.4):
            policy["depends_on"] = {"ECS": ["EC2", "alb"], "lambda": ["S3"], "RDS": ["EC2"]}
        if self.chance(0.3):
            policy["platform_services"] = self.rng.choice(([], ["CODEPIPELINE"], ["STS", "S3", "alb"]))
        if self.chance(0.3):
            policy["global_services"] = self.rng.choice(([], ["iam", "S3"], ["ROUTE53"]))
        if self.chance(0.6):
            policy["delegates"] = [
                {"account": self.rng.choice(self.ids), "may_ask_for": self._targets()}
                for _ in range(self.rng.randint(1, 6))
            ]
        return policy | self._exceptions()

    def _resume(self) -> dict[str, Any]:
        return resume(self.rng, waves=self.kind is Kind.WAVES)

    def _exceptions(self) -> dict[str, Any]:
        """All of the policy that is not about events."""
        options: dict[str, tuple[float, Callable[[], Any]]] = {
            "modes": (0.15 if self._waits else 0.4, lambda: [self._mode() for _ in range(self.rng.randint(1, 3))]),
            "exempt": (0.25, lambda: [self._targets() for _ in range(self.rng.randint(1, 2))]),
            "freezes": (
                0.5,
                lambda: [self._freeze(number) for number in range(self.rng.randint(1, 3))],
            ),
            "max_override": (0.4, lambda: self.rng.choice(("30m", "1h", "2h"))),
        }
        return {name: make() for name, (probability, make) in options.items() if self.chance(probability)}

    def _mode(self) -> dict[str, Any]:
        return {"targets": self._targets(), "mode": self.rng.choice(("shadow", "warn", "enforce"))}

    def _defaults(self) -> dict[str, Any]:
        options = {
            "verdict": ("allow", "allow", "warn", "block"),
            "on_stale": ("local", "block", "warn", "allow"),
            "on_unknown": ("block", "warn", "allow"),
            "max_age": ("10m", "5m", "90s", "2m", "20s", "1h"),
        }
        return {name: self.rng.choice(values) for name, values in options.items() if self.chance(0.4)}

    def _rule(self, number: int) -> dict[str, Any]:
        rule: dict[str, Any] = {
            "name": f"rule-{number}",
            "verdict": self.rng.choice(("allow", "warn", "block", "block")),
        }
        if self.chance(0.9):
            rule["match"] = self._match()
        if self.chance(0.5):
            rule["targets"] = self._targets()
        if self.chance(0.3):
            rule["why"] = "Because of <b>history</b>."
        return rule

    def _match(self) -> dict[str, Any]:
        options: dict[str, Callable[[], Any]] = {
            "categories": lambda: self.some(("issue", "accountNotification", "scheduledChange", "investigation")),
            "statuses": lambda: self.some(("open", "upcoming", "closed")),
            "services": lambda: self.some((*SERVICES, "alb", "rds"), 5),
            "regions": lambda: self.some((*REGIONS, "global")),
            "scopes": lambda: self.some(("PUBLIC", "ACCOUNT_SPECIFIC", "NONE"), 2),
            "type_codes": lambda: self.some(("AWS_*_ISSUE", "*RDS*", "AWS_EC2_?PERATIONAL_ISSUE", "aws_*", "[A-Z]*")),
            "availability_zones": lambda: self.some(ZONES),
            "actionabilities": lambda: self.some(("ACTION_REQUIRED", "ACTION_MAY_BE_REQUIRED", "INFORMATIONAL"), 2),
            "personas": lambda: self.some(("OPERATIONS", "SECURITY", "BILLING"), 2),
            "starts_within": lambda: self.rng.choice(("10m", "2h", "1d", "30s")),
            "open_for_at_least": lambda: self.rng.choice(("5m", "30m", "2h")),
            "updated_within": lambda: self.rng.choice(("5m", "10m", "1h")),
            "drill": lambda: self.chance(0.3),
        }
        return {name: options[name]() for name in self.some(options, 3)}

    def _targets(self) -> dict[str, Any]:
        options: dict[str, Callable[[], Any]] = {
            "accounts": lambda: self.some(self.ids, 5),
            "ous": lambda: self.some(
                ("Workloads/**", "Workloads/Prod", "Workloads/*", "**", "", "**/Shop/**", "*", "Sandbox/Old*")
            ),
            "regions": lambda: self.some((*REGIONS, "global")),
            "services": lambda: self.some((*SERVICES, "alb"), 5),
            "pipelines": lambda: self.some(("*-failover*", "orders*", "web-?", "*", "data.*")),
        }
        return {name: options[name]() for name in self.some(options, 2)}

    def _freeze(self, number: int) -> dict[str, Any]:
        edge = self._edge()
        lasts = self.rng.choice((90, 600, 2_700, 28_800, 82_800))
        begin = edge if self.chance(0.5) else edge - lasts
        times = recurring(self.rng, begin, lasts) if self.chance(0.6) else fixed(begin, lasts)
        freeze = {"name": f"freeze-{number}", **times}
        if "rrule" in times and self.chance(0.2):
            freeze["to"] = spelled(self._edge())
        if self.chance(0.5):
            freeze["targets"] = self._targets()
        if self.chance(0.3):
            freeze["except"] = self._targets()
        return freeze | ({"verdict": self.rng.choice(("warn", "block"))} if self.chance(0.5) else {})

    def _edge(self) -> int:
        """A time in the scenario at which something begins or ends; somebody will ask just then."""
        at = self.rng.randint(1, SECONDS // 15) * 15 + self.rng.choice((-1, 0, 0, 1))
        self.edges.append(at)
        return moment(self.start, 0) + at

    # What happens

    def _override(self, account: str) -> None:
        at = self.rng.randint(0, _LAST - 20)
        lasts = self.rng.choice(("90s", "5m", "20m", "29m", "1h", "61m", "5h"))
        whose: dict[str, Any] = {}
        if self.chance(0.6):
            whose["accounts"] = sorted({account, *self.some(self.ids, 5)})
        if self.chance(0.5):
            whose["pipelines"] = self.some(("*-failover*", "orders*", "web-?", "*", "[a-z]*", "*-[0-5]"))
        freezes = [f"freeze:freeze-{number}" for number in range(3)]
        events = ["all"] if self.chance(0.5) else self.some([*self.arns, *self.arns, *freezes, *freezes[:1] * 2], 4)
        override = {**whose, "events": events, "reason": "It mends <b>this</b>.", "for": lasts}
        self._add(at, {"override": override})
        self.edges += [at * 15, at * 15 + seconds(lasts)]

    def _happenings(self) -> None:
        for number in range(self.rng.randint(1, 3) if self._waits else self.rng.randint(3, 9)):
            self._event(number)
        for number in range(self.rng.randint(2, 4) if self._waits else 0):
            entries = list(incident(self.rng, number, self.rng.choice(REGIONS[:2])))
            self.outages.append((entries[0][0], max(entries[0][0] + 120, entries[-1][0])))
            for at, health in entries:
                if at <= SECONDS:
                    self.timeline.append({"at": f"{at}s", "health": health})
        for _ in range(self.rng.randint(0, 4)):
            self._fault()
        for _ in range(self.rng.randint(0, 2)):
            self._add(self.rng.randint(1, _LAST), {"policy": self._policy()})

    def _add(self, quarter: int, entry: dict[str, Any]) -> None:
        self.timeline.append({"at": f"{quarter * 15}s", **entry})

    def _fault(self) -> None:
        service = self.rng.choice(self.kind.faulty)
        kinds = ("down", "throttle", "denied") if service != "central" or self.chance(0.3) else ("down", "throttle")
        fault: dict[str, Any] = {"service": service, "kind": self.rng.choice(kinds)}
        if self.chance(0.4):
            fault["account"] = CENTRAL if self.chance(0.5) else self.rng.choice(self.ids)
        if self.chance(0.3):
            # One endpoint of AWS Health that is gone has another; what one that refuses means is left open.
            fault |= {"region": self.rng.choice(REGIONS)} | ({"kind": "down"} if service == "health" else {})
        if self.chance(0.85):
            fault["for"] = f"{self.rng.randint(1, 100) * 15}s"
        self._add(self.rng.randint(0, _LAST - 20), {"fault": fault})

    def _event(self, number: int) -> None:
        service = self.rng.choice(SERVICES)
        region = "global" if self.chance(0.12) else self.rng.choice(REGIONS[:2])
        code = f"AWS_{service}_{self.rng.choice(('OPERATIONAL_ISSUE', 'OPERATIONAL_NOTIFICATION', 'MAINTENANCE'))}"
        arn = f"arn:aws:health:{region}::event/{service}/{code}/{number}"
        if self.chance(0.15):
            arn = f"arn:aws:health:{region}::event/{code}_{number}"
        fields = {"arn": arn, "service": service, "eventTypeCode": code, "region": region, **self._new_fields()}
        health: dict[str, Any] = {
            "event": fields,
            "description": self.rng.choice(("", "Bad <b>news</b> 🙂\x85", "use1-az4")),
        }
        if fields.get("eventScopeCode") != "PUBLIC" and self.chance(0.9):
            health["affectedAccounts"] = self._affected(health)
        self.arns.append(arn)
        first = self.rng.randint(0, _LAST - 40)
        twins = [region]
        if self.chance(0.12) and region != "global":
            # Its affected accounts are the same in both Regions: AWS Health names them by ARN alone.
            twins = list(REGIONS[:2])
        for twin in twins:
            self._add(first, {"health": {**health, "event": {**fields, "region": twin}}})
        if self.chance(0.4):
            self._add(first + self.rng.randint(0, 3), {"deliver": {"arn": arn, "region": self.rng.choice(twins)}})
        self._updates(arn, twins, first, health)

    def _affected(self, health: Mapping[str, Any]) -> list[str]:
        """Without the central account where the scope does not say that others do not see the event."""
        whole = health["event"].get("eventScopeCode") == "ACCOUNT_SPECIFIC"
        return self.some(self.ids if whole else [id_ for id_ in self.ids if id_ != CENTRAL], 5)

    def _new_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "eventTypeCategory": self.rng.choice(
                ("issue", "issue", "issue", "scheduledChange", "investigation", "brandNew")
            ),
            "statusCode": self.rng.choice((*["open"] * 7, "upcoming", "closed", "paused")),
            "eventScopeCode": self.rng.choice(("PUBLIC", "PUBLIC", "ACCOUNT_SPECIFIC", "NONE", "GALACTIC")),
            "startTime": self.rng.choice(("+0m", "+5m", "+90m", "2026-03-02T10:00:00Z", "+3d")),
            "actionability": self.rng.choice(("ACTION_REQUIRED", "INFORMATIONAL", "MAYBE")),
            "personas": self.rng.choice((["OPERATIONS"], ["SECURITY", "BILLING"], ["ROBOTS"], [])),
        }
        optional = {"eventTypeCategory": 0.95, "statusCode": 0.95, "eventScopeCode": 0.9, "startTime": 0.9}
        kept = {name: value for name, value in fields.items() if self.chance(optional.get(name, 0.3))}
        if self.chance(0.25):
            kept["availabilityZone"] = self.rng.choice(ZONES)
        if self.chance(0.15):
            kept["endTime"] = self.rng.choice(("+0m", "+30m", "+2d"))
        if self.chance(0.15) and kept.get("statusCode") in ("open", "upcoming"):
            # Late arrivals of a status that a full look does not ask for are left open.
            kept["lastUpdatedTime"] = self.rng.choice(("+0m", "2025-11-01T00:00:00Z", "+3h"))
        return kept

    def _updates(self, arn: str, regions: list[str], first: int, health: Mapping[str, Any]) -> None:
        at = first
        for _ in range(self.rng.randint(0, 4)):
            at += self.rng.randint(1, 60)
            if at > _LAST:
                return
            change = self._change(at)
            more = {}
            if "affectedAccounts" in health and "lastUpdatedTime" not in change and self.chance(0.4):
                more["affectedAccounts"] = self._affected(health)
            for region in regions if more else self.some(regions):
                self._add(at, {"health": {"event": {"arn": arn, "region": region, **change}, **more}})
            if self.chance(0.25):
                self._add(at + self.rng.randint(0, 2), {"deliver": {"arn": arn, "region": self.rng.choice(regions)}})

    def _change(self, at: int) -> dict[str, Any]:
        return self.rng.choice(
            (
                {"statusCode": "closed", "endTime": f"+{at * 15}s"},
                {"statusCode": "closed"},
                {"statusCode": "open", "endTime": None},
                {"statusCode": "open"},
                {"endTime": f"+{max(0, at * 15 - 60)}s"},
                {"endTime": f"+{at * 15 + 300}s"},
                {"availabilityZone": self.rng.choice(ZONES)},
                {"startTime": f"+{at * 15}s", "statusCode": "upcoming"},
                {"statusCode": "resolved-ish"},
                {"statusCode": "closed", "lastUpdatedTime": "2025-12-01T00:00:00Z"},
                {"eventTypeCategory": "accountNotification"},
                {"personas": ["BILLING", "WIZARDS"]},
            )
        )

    def _press(self, what: str, pipeline: Mapping[str, Any], at: int) -> None:
        self.timeline.append({"at": f"{at}s", what: pipeline["name"], "account": pipeline["account"]})


def _possible(timeline: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Without retries of what was stopped: whether CodePipeline takes them is left open."""
    stopped: set[tuple[str, str]] = set()
    for entry in timeline:
        name = next((entry[what] for what in ("run", "retry", "stop") if what in entry), "")
        pipeline = entry.get("account", ""), name
        if "stop" in entry:
            stopped.add(pipeline)
        elif "run" in entry:
            stopped.discard(pipeline)
        if "retry" not in entry or pipeline not in stopped:
            yield entry
