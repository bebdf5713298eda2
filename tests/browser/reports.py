"""Reports to look at: usual, empty, large, and one where every text is a stranger's."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from org_gate.report.model import (
    AccountRow,
    Bucket,
    ComingRow,
    Coverage,
    DecisionRow,
    Decisions,
    EventRow,
    Events,
    Exceptions,
    Freshness,
    GapRow,
    HeatCell,
    Meta,
    Now,
    OuRow,
    Outcomes,
    OverrideRow,
    Part,
    PipelineRow,
    Policy,
    PolicyChange,
    RegionOutcomes,
    Report,
    ResourceRow,
    Rows,
    RuleOutcomes,
    RuleRow,
    Scope,
    ServiceOutcomes,
    ShareRow,
    Spread,
    SyntheticRow,
    Timeline,
    Timings,
    WaitingRow,
    Word,
)

SINCE: Final = datetime(2026, 3, 1, tzinfo=UTC)
DAYS: Final = 30
UNTIL: Final = SINCE + timedelta(days=DAYS)
REGIONS: Final = ("us-east-1", "eu-west-1", "ap-southeast-2", "global")
SERVICES: Final = ("EC2", "RDS", "LAMBDA", "MULTIPLE_SERVICES")
OUS: Final = ("", "Platform", "Workloads", "Workloads/Dev", "Workloads/Prod")
_VERDICTS: Final[tuple[Word, ...]] = ("allow", "allow", "warn", "block")


def empty() -> Report:
    """A cell that was set up a minute ago."""
    fresh = Freshness(
        as_of=None, age_seconds=None, stale=True, max_age_seconds=None, full_look_at=None, tree_at=None
    )  # fmt: skip
    return Report(
        meta=Meta(
            org_gate="1.2.3", generated_at=UNTIL, scope=Scope(since=SINCE, until=UNTIL), region="eu-west-1", accounts=0
        ),
        now=Now(freshness=fresh),
        decisions=Decisions(),
        events=Events(timeline=Timeline(bucket_seconds=86_400)),
        exceptions=Exceptions(),
        policy=Policy(version=0),
    )


def report(accounts: int = 40, events: int = 60, decisions: int = 300) -> Report:
    """An organization with something in every section; always the same."""
    dice = Random(7)  # noqa: S311  a report that is the same each time
    ids = [f"{111_000_000_000 + 7919 * place}" for place in range(accounts)]
    ou_of = {account: dice.choice(OUS[1:]) for account in ids}
    told = [_event(place, ids, dice, is_open=place < max(events // 10, 1)) for place in range(events)]
    made = [_decision(place, ids, told, dice) for place in range(decisions)]
    total = _outcomes(made)
    return Report(
        meta=Meta(
            org_gate="1.2.3", generated_at=UNTIL, scope=Scope(since=SINCE, until=UNTIL), organization="o-example1",
            region="eu-west-1", accounts=accounts,
        ),
        now=_now(told, ids),
        decisions=Decisions(
            total=total,
            ous=Rows[OuRow](rows=tuple(_ou(path, ids, ou_of, made) for path in OUS)),
            accounts=Rows[AccountRow](rows=tuple(_accounts(ids, ou_of, told, made))),
            pipelines=Rows[PipelineRow](rows=(
                PipelineRow(account=ids[0], region="eu-west-1", name="orders", outcomes=total, last_at=UNTIL),
            )),
            rules=Rows[RuleOutcomes](rows=(
                RuleOutcomes(kind="event", name="open-issues", outcomes=_outcomes([one for one in made if one.rules])),
                RuleOutcomes(kind="stale", name=None, outcomes=Outcomes()),
            )),
            services=Rows[ServiceOutcomes](rows=(ServiceOutcomes(service="RDS", outcomes=total),)),
            regions=Rows[RegionOutcomes](rows=(RegionOutcomes(region="eu-west-1", outcomes=total),)),
            timings=Timings(to_resume=Spread(count=3, least=60, median=3600, p90=4000, most=90_000)),
            rows=Rows[DecisionRow](rows=tuple(made), rows_omitted=17),
        ),
        events=_events(told, made),
        coming=Rows[ComingRow](rows=tuple(_coming(place, told, ids) for place in range(min(6, events)))),
        exceptions=_exceptions(ids),
        coverage=_coverage(ids),
        policy=_policy(),
    )  # fmt: skip


def _event(place: int, ids: list[str], dice: Random, *, is_open: bool) -> EventRow:
    service, region = dice.choice(SERVICES), dice.choice(REGIONS)
    start = SINCE + timedelta(minutes=dice.randrange(DAYS * 1400))
    hit = tuple(sorted(dice.sample(ids, min(len(ids), 5)))) if place % 2 else ()
    code = f"AWS_{service}_OPERATIONAL_ISSUE"
    return EventRow(
        id=place, arn=f"arn:aws:health:{region}::event/{service}/{code}/{code}_{place:05d}", region=region,
        service=service, type_code=code, category="issue" if place % 3 else "accountNotification",
        status="open" if is_open else "closed", scope="ACCOUNT_SPECIFIC" if hit else "PUBLIC", public=not hit,
        start=start, end=None if is_open else start + timedelta(hours=5), last_updated=start, open=is_open,
        description="We are investigating increased error rates.\n[10:05 PM PST] It is over.", account_count=len(hit),
        accounts=hit, resource_count=2 * len(hit), blocked=place % 4, warned=1, blocked_deployments=place % 4,
        first_block=start + timedelta(minutes=7), seconds_to_first_block=420,
    )  # fmt: skip


def _decision(place: int, ids: list[str], told: list[EventRow], dice: Random) -> DecisionRow:
    verdict, account = _VERDICTS[place % 4], dice.choice(ids)
    found = told[place % len(told)]
    reasons: dict[str, Any] = {}
    if verdict != "allow":
        reasons = {"rules": ("open-issues",), "services": (found.service or "",), "events": (found.id,)}
    return DecisionRow(
        id=f"d-{place:06d}", at=SINCE + timedelta(minutes=dice.randrange(DAYS * 1440)), account=account,
        accounts=(account,), regions=(dice.choice(REGIONS),), pipeline=f"pipeline-{place % 9}",
        pipeline_region="eu-west-1", stage="Gate", execution_id=f"e-{place}", verdict=verdict, would_be=verdict,
        mode="enforce", exempt=False, held=verdict == "block" and place % 8 == 3, stale=False,
        summary=f"The summary of {verdict} number {place}.", outcome="resumed" if place % 8 == 7 else None,
        policy_version=3, **reasons,
    )  # fmt: skip


def _outcomes(made: list[DecisionRow]) -> Outcomes:
    verdicts = [one.verdict for one in made]
    return Outcomes(
        decisions=len(made), allowed=verdicts.count("allow"), warned=verdicts.count("warn"),
        blocked=verdicts.count("block"), held=sum(one.held for one in made),
        resumed=sum(one.outcome == "resumed" for one in made),
    )  # fmt: skip


def _now(told: list[EventRow], ids: list[str]) -> Now:
    hitting = tuple(one.id for one in told if one.open)
    fresh = Freshness(
        as_of=UNTIL, age_seconds=31, stale=False, max_age_seconds=300, full_look_at=UNTIL, tree_at=UNTIL
    )  # fmt: skip
    waiting = WaitingRow(
        account=ids[0], region="eu-west-1", pipeline="orders", stage="Gate", execution_id="e-1", decision_id="d-1",
        since=UNTIL - timedelta(minutes=20),
    )  # fmt: skip
    return Now(
        freshness=fresh, warnings=("The tree is three days old: new accounts count as unknown.",),
        open_events=len(hitting), hitting=hitting, waiting=Rows[WaitingRow](rows=(waiting,)),
    )  # fmt: skip


def _within(account: str, path: str, ou_of: dict[str, str]) -> bool:
    return not path or f"{ou_of[account]}/".startswith(f"{path}/")


def _ou(path: str, ids: list[str], ou_of: dict[str, str], made: list[DecisionRow]) -> OuRow:
    inside = {account for account in ids if _within(account, path, ou_of)}
    return OuRow(
        path=path, accounts=len(inside), direct_accounts=sum(ou_of[account] == path for account in inside), events=3,
        outcomes=_outcomes([one for one in made if one.account in inside]),
    )  # fmt: skip


def _accounts(ids: list[str], ou_of: dict[str, str], told: list[EventRow], made: list[DecisionRow]) -> list[AccountRow]:
    hit: dict[str, list[EventRow]] = {}
    asked: dict[str, list[DecisionRow]] = {}
    for event in told:
        for account in event.accounts:
            hit.setdefault(account, []).append(event)
    for one in made:
        asked.setdefault(one.account, []).append(one)
    return [
        AccountRow(
            id=account, name=f"team-{place}", ou=ou_of[account], outcomes=_outcomes(asked.get(account, [])),
            event_count=len(hit.get(account, [])), open_event_count=sum(one.open for one in hit.get(account, [])),
            events=tuple(one.id for one in hit.get(account, []))[:20],
        )
        for place, account in enumerate(ids)
    ]  # fmt: skip


def _events(told: list[EventRow], made: list[DecisionRow]) -> Events:
    cells: dict[tuple[str, str | None], list[EventRow]] = {}
    for one in told:
        cells.setdefault((one.region, one.service), []).append(one)
    resources = tuple(
        ResourceRow(event=one.id, account=account, value=f"i-0{one.id:05d}", status="IMPAIRED")
        for one in told
        for account in one.accounts
    )
    heat = tuple(
        HeatCell(region=region, service=service, events=len(of), open=sum(one.open for one in of), blocked=1)
        for (region, service), of in sorted(cells.items(), key=lambda cell: -len(cell[1]))
    )
    return Events(
        total=len(told),
        by_category={name: sum(one.category == name for one in told) for name in ("issue", "accountNotification")},
        account_specific=sum(not one.public for one in told), resources=len(resources),
        timeline=Timeline(bucket_seconds=86_400, buckets=tuple(_bucket(day, told, made) for day in range(DAYS))),
        heat=Rows[HeatCell](rows=heat), rows=Rows[EventRow](rows=tuple(told)),
        resource_rows=Rows[ResourceRow](rows=resources[:3000], rows_omitted=max(0, len(resources) - 3000)),
    )  # fmt: skip


def _bucket(day: int, told: list[EventRow], made: list[DecisionRow]) -> Bucket:
    start = SINCE + timedelta(days=day)
    end = start + timedelta(days=1)
    verdicts = [one.verdict for one in made if start <= one.at < end]
    begun = [one.start for one in told if one.start and start <= one.start < end]
    return Bucket(
        start=start, events_started=len(begun), events_open=len(begun) + 2, allowed=verdicts.count("allow"),
        warned=verdicts.count("warn"), blocked=verdicts.count("block"),
    )  # fmt: skip


def _coming(place: int, told: list[EventRow], ids: list[str]) -> ComingRow:
    return ComingRow(
        event=None if place == 1 else told[place].id, arn=f"arn:aws:health:eu-west-1::event/RDS/X/{place}",
        region="eu-west-1", service="RDS", type_code="AWS_RDS_MAINTENANCE_SCHEDULED",
        start=UNTIL + timedelta(days=9 * place, hours=4), end=None, seconds_left=(9 * place * 24 + 4) * 3600,
        actionability="ACTION_REQUIRED", public=False, account_count=2, accounts=tuple(ids[:2]), resource_count=1,
        resources=("db-orders",),
    )  # fmt: skip


def _exceptions(ids: list[str]) -> Exceptions:
    override = OverrideRow(
        id="o-1", account=ids[0], who="jane", reason="It carries the fix", ticket="OPS-12", accounts=(ids[0],),
        pipelines=("*",), events=("all",), created_at=SINCE, expires_at=SINCE + timedelta(hours=1), revoked_at=None,
        revoked_by=None, in_force=False, used=2,
    )  # fmt: skip
    drill = SyntheticRow(
        id="s-1", kind="drill", who="joe", reason="Quarterly drill", public=True, account_count=0, ous=("Workloads",),
        regions=("eu-west-1",), services=(), created_at=SINCE, ends_at=SINCE + timedelta(hours=1), stopped_at=None,
        stopped_by=None, in_force=False, blocked=4,
    )  # fmt: skip
    return Exceptions(overrides=Rows[OverrideRow](rows=(override,)), drills=Rows[SyntheticRow](rows=(drill,)))


def _coverage(ids: list[str]) -> Coverage:
    share = ShareRow(ou="Workloads/Prod", accounts=9, with_gate=8, unread=0, pipelines=20, gated=18, percent=90)
    gap = GapRow(
        kind="pipeline without a gate", account=ids[1], name="team-1", ou="Workloads/Prod", region="eu-west-1",
        pipeline="legacy", detail="No stage calls the gate.",
    )  # fmt: skip
    return Coverage(
        regions=("eu-west-1",), gates=70, outdated=1, missing=2, total=share, ous=Rows[ShareRow](rows=(share,)),
        gaps=Rows[GapRow](rows=(gap,)),
    )  # fmt: skip


def _policy() -> Policy:
    change = PolicyChange(version=3, at=SINCE, who="jane", note="Block", changes=("rules.open-issues: warn -> block",))
    return Policy(
        version=3, mode="enforce", published_at=SINCE, published_by="jane", note="Block",
        changes=Rows[PolicyChange](rows=(change,)), never_matched=("drills",),
        rules=Rows[RuleRow](rows=(RuleRow(name="drills", verdict="block", matched=0),
                                  RuleRow(name="open-issues", verdict="block", matched=150))),
    )  # fmt: skip


def poisoned(part: Any, text: str) -> Any:
    """The same report with another text in every field that takes any text."""
    if isinstance(part, Part):
        kept = {name for name, field in type(part).model_fields.items() if "Literal" in repr(field.annotation)}
        changed = {name: poisoned(getattr(part, name), text) for name in type(part).model_fields if name not in kept}
        return part.model_copy(update=changed)
    if isinstance(part, tuple):
        return tuple(poisoned(one, text) for one in part)
    if isinstance(part, dict):
        return dict.fromkeys([text], sum(part.values()))
    return text if isinstance(part, str) else part
