"""What is measured: an organization's open events, a policy and a question about them, the same in every run.

Events *here* may concern the question: they are public in its Regions, or of its accounts. Events *elsewhere* cannot:
other accounts', or public in other Regions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Literal

from org_gate.model.event import Account, Event, Knowledge
from org_gate.model.request import Pipeline, Request, Target
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.policy.model import Policy

SEED: Final = 20_260_302
NOW: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HERE: Final = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
ELSEWHERE: Final = ("ap-south-1", "ap-east-1", "sa-east-1", "af-south-1", "ca-central-1", "me-south-1", "eu-north-1")
SERVICES: Final = ("EC2", "RDS", "LAMBDA", "ECS", "S3", "SQS", "SNS", "DYNAMODB", "KINESIS", "ELASTICACHE", "EKS")
ACCOUNTS: Final = tuple(f"1{number:011d}" for number in range(1000))
ASKED: Final = ACCOUNTS[:10]
CATEGORIES: Final = ("issue", "issue", "scheduledChange", "accountNotification")

Where = Literal["of other accounts", "public in other Regions"]


@dataclass(frozen=True, slots=True)
class World:
    """One question, and all that its decision is taken from."""

    request: Request
    knowledge: Knowledge
    policy: Policy

    @property
    def data(self) -> dict[str, Any]:
        """The policy as it is written."""
        return policy_data(self.policy)


def world(here: int, elsewhere: int, where: Where, *, rules: int, targets: int) -> World:
    events = (*events_here(here), *events_elsewhere(elsewhere, where))
    tree = {name: Account(name, f"Workloads/Team{name[-1]}", ("r-root", f"ou-team-{name[-1]}")) for name in ASKED}
    return World(question(targets), Knowledge(NOW, events, tree), policy(rules))


def mixed_world(events: int, *, rules: int, targets: int) -> World:
    """A tenth of the events is public, in any Region; the others are of the organization's accounts."""
    random = Random(SEED)  # noqa: S311  the same in every run is what is wanted
    everywhere = HERE + ELSEWHERE
    found = tuple(
        _event(random, number, random.choice(everywhere), None if number % 10 == 0 else random.choice(ACCOUNTS))
        for number in range(events)
    )
    empty = world(0, 0, "of other accounts", rules=rules, targets=targets)
    return World(empty.request, Knowledge(NOW, found, empty.knowledge.accounts), empty.policy)


def events_here(number: int) -> Iterator[Event]:
    """Half of them public, half of an account that is asked about."""
    random = Random(SEED)  # noqa: S311  the same in every run is what is wanted
    for index in range(number):
        yield _event(random, index, random.choice(HERE), random.choice(ASKED) if index % 2 else None)


def events_elsewhere(number: int, where: Where, start: int = 0) -> Iterator[Event]:
    random = Random(SEED + start)  # noqa: S311  the same in every run is what is wanted
    for index in range(start, number):
        if where == "of other accounts":
            account = random.choice(ACCOUNTS[len(ASKED) :])
            yield _event(random, 1_000_000 + index, random.choice(HERE), account)
        else:
            yield _event(random, 2_000_000 + index, random.choice(ELSEWHERE), None)


def question(targets: int) -> Request:
    random = Random(SEED)  # noqa: S311  the same in every run is what is wanted
    asked = tuple(
        Target(ASKED[index % len(ASKED)], HERE[index % len(HERE)], tuple(random.sample(SERVICES, 2)))
        for index in range(targets)
    )
    return Request(ASKED[0], asked, Pipeline("orders", HERE[0]))


def policy(rules: int) -> Policy:
    """Most of its rules are about something else, as in a policy that has grown; the last one decides."""
    random = Random(SEED)  # noqa: S311  the same in every run is what is wanted
    written: list[dict[str, Any]] = [_rule(random, index) for index in range(rules - 1)]
    written.append({"name": "issues", "verdict": "block", "match": {"categories": ["issue"]}})
    return policy_from_data({"version": 1, "platform_services": ["STS", "IAM"], "rules": written})


def _rule(random: Random, index: int) -> dict[str, Any]:
    match = [
        {"type_codes": [f"AWS_{random.choice(SERVICES)}_MAINTENANCE_{index}*"]},
        {"services": random.sample(SERVICES, 2), "starts_within": "1h", "statuses": ["upcoming"]},
        {"categories": ["accountNotification"], "regions": [random.choice(ELSEWHERE)]},
        {"services": ["GLACIER", "WORKMAIL"], "categories": ["issue"]},
    ][index % 4]
    targets = [{}, {"ous": [f"Workloads/Team{index % 20}/**"]}, {"pipelines": ["web-*"]}][index % 3]
    return {"name": f"rule-{index}", "verdict": "warn", "match": match, "targets": targets}


def _event(random: Random, number: int, region: str, account: str | None) -> Event:
    service = random.choice(SERVICES)
    return Event(
        arn=f"arn:aws:health:{region}::event/{service}/AWS_{service}_OPERATIONAL_ISSUE/{number}",
        region=region,
        service=service,
        type_code=f"AWS_{service}_OPERATIONAL_ISSUE",
        category=random.choice(CATEGORIES),
        status="open",
        scope="PUBLIC" if account is None else "ACCOUNT_SPECIFIC",
        start=NOW - timedelta(minutes=random.randint(1, 600)),
        last_updated=NOW - timedelta(minutes=random.randint(0, 60)),
        accounts=frozenset() if account is None else frozenset({account}),
        lists_accounts=account is not None,
    )
