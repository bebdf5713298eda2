"""The collector function: reads AWS Health for the whole organization, on its schedule and when told.

Every minute it polls; between polls AWS Health's notifications come in. *Now* is the time of the event that
invoked it (D17). It answers with a summary of what it did. What AWS Health or AWS Organizations cannot answer is
logged and counted, not raised: the next poll is the retry. A fault of the table is raised.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from org_gate.central.notifications import take_notification
from org_gate.central.organization import TreeError, read_organization
from org_gate.central.poll import Limits, Poll, PollReport
from org_gate.central.settings import collector_settings
from org_gate.health.endpoints import candidate_regions
from org_gate.health.view import OrganizationView
from org_gate.model.times import format_time, parse_time
from org_gate.store import Store

TREE_EVERY: Final = timedelta(hours=1)
_HEALTH_TIMEOUTS: Final = Config(connect_timeout=3, read_timeout=10)
_SCHEDULE: Final = "aws.events"

logger = Logger(service="org-gate-collector")
metrics = Metrics(namespace="OrgGate", service="collector")


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A schedule's event or a notification of AWS Health, and a summary of what came of it."""
    return _measured(_collector().handle(event))


@dataclass(frozen=True, slots=True)
class Collector:
    """``view`` is made anew for every poll, because AWS Health's active Region may change."""

    store: Store
    view: Callable[[], OrganizationView]
    organizations: Any
    """A boto3 ``organizations`` client."""
    limits: Limits = field(default_factory=Limits)

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Raises StoreError, and ValueError where a schedule's event has no time."""
        if event.get("source") == _SCHEDULE:
            return self._poll(parse_time(event["time"]), owner=str(event.get("id") or event["time"]))
        return self._take_notification(event)

    def _poll(self, now: datetime, owner: str) -> dict[str, Any]:
        if not self.store.states.take_lease(owner, now):
            logger.info("another poll is running, so this one does nothing")
            return {"poll": "skipped"}
        report = Poll(self.view(), self.store, now, self.limits).run()
        _tell_poll(report)
        tree = self._refresh_tree(now)
        return {
            "poll": "complete" if report.complete else "incomplete",
            "at": format_time(now),
            "full": report.full,
            "changed": report.changed,
            "failed": len(report.failed),
            "unreadable": len(report.unusable),
            "error": None if report.error is None else report.error.kind,
            "tree": tree,
            "age_seconds": self._age(now),
        }

    def _refresh_tree(self, now: datetime) -> str:
        """Hourly. A tree that could not be read whole leaves the last one, and is read again by the next poll."""
        tree_at = self.store.state().tree_at
        if tree_at is not None and now - tree_at < TREE_EVERY:
            return "kept"
        try:
            accounts = read_organization(self.organizations)
        except TreeError as error:
            logger.warning(str(error))
            return "failed"
        changed = self.store.accounts.refresh(accounts)
        self.store.states.commit_tree(now)
        logger.info("organization tree read", accounts=len(accounts), changed=changed)
        return "refreshed"

    def _age(self, now: datetime) -> int | None:
        as_of = self.store.state().as_of
        return None if as_of is None else max(0, int((now - as_of).total_seconds()))

    def _take_notification(self, event: Mapping[str, Any]) -> dict[str, Any]:
        taken = take_notification(self.store, event)
        if taken.unreadable is not None:
            logger.error(
                "a notification could not be understood; it is kept, and the next poll looks at everything",
                reason=taken.unreadable,
            )
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
        store=Store(boto3.client("dynamodb"), settings.table),
        view=lambda: OrganizationView(_health_client, candidate_regions()),
        organizations=boto3.client("organizations"),
    )


@cache
def _health_client(region: str) -> Any:
    return boto3.client("health", region_name=region, config=_HEALTH_TIMEOUTS)


def _tell_poll(report: PollReport) -> None:
    for item in (*report.failed, *report.unusable):
        logger.warning("AWS Health could not tell about an event; the next poll asks again", item=item)
    if report.error is not None:
        logger.warning(str(report.error), kind=report.error.kind, operation=report.error.operation)
    logger.info("polled", complete=report.complete, full=report.full, changed=report.changed)


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
        "TreeRefreshFailed": int(summary["tree"] == "failed"),
    }
