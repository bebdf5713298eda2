"""The collector function: reads AWS Health for the whole organization, on its schedule and when told.

Every minute it polls; between polls AWS Health's notifications come in. *Now* is the time of the event that
invoked it (D17). It answers with a summary of what it did. What AWS Health or AWS Organizations cannot answer is
logged and counted, not raised: the next poll is the retry. A fault of the table is raised. Where what is known has
changed, the resumer is told, once for each poll.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from org_gate.central.budget import CONNECT_SECONDS, ENDLESS, READ_SECONDS, Budget
from org_gate.central.needs import needs_of
from org_gate.central.notices import TELLING, ChangeTopic
from org_gate.central.notifications import take_notification
from org_gate.central.poll import Limits, Poll, PollReport
from org_gate.central.settings import collector_settings
from org_gate.central.tags import TagsReport, refresh_tags
from org_gate.central.tree import FAILED, REFRESHED, UNFINISHED, TreeReport, refresh_tree
from org_gate.health.endpoints import candidate_regions
from org_gate.health.view import OrganizationView
from org_gate.model.times import age_seconds, describe_duration, format_time, parse_time
from org_gate.store import State, Store, StoreError

_BOUNDS: Final = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
_SCHEDULE: Final = "aws.events"
_SHOWN_ITEMS: Final = 20
_TABLE_FAILED: Final = (
    "The table did not do what was asked, so this run ends here. What it had stored stays, and the next poll reads the "
    "rest again. Decisions go on with what is known, if they can read the table, and count it as stale once it is "
    "older than the policy's max_age. Where this goes on: see the table's throttling and the collector's role."
)

_UNCLEAR_POLICY: Final = (
    "The published policy is one that this version does not understand, so nothing that only some policies need is "
    "read: neither tags nor affected entities. Update org-gate's central part, or publish a policy of this version."
)

logger = Logger(service="org-gate-collector")
metrics = Metrics(namespace="OrgGate", service="collector")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A schedule's event or a notification of AWS Health, and a summary of what came of it."""
    budget = Budget(lambda: context.get_remaining_time_in_millis() / 1000)
    try:
        return _measured(_collector().handle(event, budget))
    except StoreError:
        logger.exception(_TABLE_FAILED)
        raise


class Changes(Protocol):
    """Who hears that what is known has changed."""

    def tell(self, changed: str) -> None:
        """Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Collector:
    """``view`` is made anew for every poll, because AWS Health's active Region may change."""

    store: Store
    view: Callable[[Budget], OrganizationView]
    organizations: Any
    """A boto3 ``organizations`` client."""
    changes: Changes
    limits: Limits = field(default_factory=Limits)

    def handle(self, event: Mapping[str, Any], budget: Budget = ENDLESS) -> dict[str, Any]:
        """Raises StoreError, and ValueError where a schedule's event has no time."""
        if event.get("source") == _SCHEDULE:
            return self._poll(parse_time(event["time"]), str(event.get("id") or event["time"]), budget)
        return self._take_notification(event)

    def _poll(self, now: datetime, owner: str, budget: Budget) -> dict[str, Any]:
        if not self.store.states.take_lease(owner, now):
            logger.info("another poll is running, so this one does nothing")
            return {"poll": "skipped"}
        state = self.store.state()
        needs = needs_of(self.store, state)
        if needs.unclear:
            logger.warning("%s", _UNCLEAR_POLICY)
        report = Poll(self.view(budget), self.store, now, self.limits, budget=budget, needs=needs).run(state)
        state = self.store.state()
        _tell_poll(report, state, now)
        tree = refresh_tree(self.store, self.organizations, now, state.tree_at, budget)
        _tell_tree(tree)
        state = self.store.state() if tree.outcome == REFRESHED else state
        tags = refresh_tags(self.store, self.organizations, state, needs, budget)
        _tell_tags(tags)
        if report.changed or tree.changed or tags.changed:
            self.changes.tell("knowledge")
        return {
            "poll": "complete" if report.complete else "incomplete",
            "at": format_time(now),
            "full": report.full,
            "changed": report.changed,
            "failed": len(report.failed),
            "unreadable": len(report.unusable),
            "error": None if report.error is None else report.error.kind,
            "tree": tree.outcome,
            "tags": tags.outcome,
            "age_seconds": age_seconds(state.as_of, now),
        }

    def _take_notification(self, event: Mapping[str, Any]) -> dict[str, Any]:
        taken = take_notification(self.store, event)
        if taken.unreadable is not None:
            logger.error(
                "a notification could not be understood; it is kept, and the next poll looks at everything",
                reason=taken.unreadable,
            )
        if taken.changed:
            self.changes.tell("knowledge")
        return {
            "event": None if taken.key is None else taken.key._asdict(),
            "changed": int(taken.changed),
            "unreadable": int(taken.unreadable is not None),
        }


@cache
def _collector() -> Collector:
    """Once per process. How often botocore tries is its own environment's business."""
    settings = collector_settings(os.environ)
    return Collector(
        store=Store(boto3.client("dynamodb", config=_BOUNDS), settings.table),
        view=lambda budget: OrganizationView(_health_client, candidate_regions(), budget.may_ask),
        organizations=boto3.client("organizations", config=_BOUNDS),
        changes=ChangeTopic(boto3.client("sns", config=TELLING), settings.changes, logger),
    )


@cache
def _health_client(region: str) -> Any:
    return boto3.client("health", region_name=region, config=_BOUNDS)


def _tell_poll(report: PollReport, state: State, now: datetime) -> None:
    told: dict[str, Any] = {"complete": report.complete, "full": report.full_done, "changed": report.changed}
    if report.delayed:
        logger.info("put off to the next full look", items=report.delayed[:_SHOWN_ITEMS], of=len(report.delayed))
    items = [*report.failed, *report.unusable]
    if items:
        logger.warning(
            "AWS Health could not tell about some events; the next poll asks about them again",
            items=items[:_SHOWN_ITEMS],
            of=len(items),
        )
    if report.error is not None:
        told |= {"kind": report.error.kind, "operation": report.error.operation, "code": report.error.code}
    if report.complete and report.error is None:
        logger.info("polled", **told)
        return
    why = "Some events could not be read whole." if report.error is None else str(report.error)
    logger.warning("%s", f"{why} {_meaning(report, state, now)}", **told)


def _meaning(report: PollReport, state: State, now: datetime) -> str:
    """What it means for deployments."""
    if report.complete:
        return "All that changed was read, so decisions are not affected; the look at everything comes again."
    if state.as_of is None:
        return "AWS Health has not been read completely yet: until then decisions count as made on stale knowledge."
    age = describe_duration(now - state.as_of)
    return (
        f"What was read is stored. Decisions go on with what is known; it counts as of {format_time(state.as_of)}, "
        f"{age} ago, and as stale once that is longer than the policy's max_age."
    )


def _tell_tree(tree: TreeReport) -> None:
    if tree.error is not None:
        logger.warning("%s", tree.error, accounts=tree.accounts)
    elif tree.outcome == UNFINISHED:
        logger.info("the organization is not read through yet; the next poll goes on", accounts=tree.accounts)
    elif tree.outcome == REFRESHED:
        logger.info("organization tree read", accounts=tree.accounts, changed=tree.changed)


def _tell_tags(tags: TagsReport) -> None:
    if tags.error is not None:
        logger.warning("%s", tags.error, accounts=tags.accounts)
    elif tags.outcome == UNFINISHED:
        logger.info("not all accounts' tags are read yet; the next poll goes on", accounts=tags.accounts)
    elif tags.outcome == REFRESHED:
        logger.info("tags of accounts read", accounts=tags.accounts, changed=tags.changed)


def _measured(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary, after its numbers went out as metrics."""
    for name, value in _counts(summary).items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    if (age := summary.get("age_seconds")) is not None:
        metrics.add_metric(name="KnowledgeAgeSeconds", unit=MetricUnit.Seconds, value=age)
    metrics.flush_metrics()
    return summary


def _counts(summary: Mapping[str, Any]) -> dict[str, int]:
    if summary.get("poll") == "skipped":
        return {"PollSkipped": 1}
    counts = {"EventsChanged": summary["changed"], "Unreadable": summary["unreadable"]}
    if "poll" not in summary:
        return counts
    return counts | {
        "PollComplete": int(summary["poll"] == "complete"),
        "HealthErrors": int(summary["error"] is not None),
        "HealthItemsFailed": summary["failed"],
        "TreeRefreshFailed": int(summary["tree"] == FAILED),
    }
