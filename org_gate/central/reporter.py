"""The reporter function: makes the organization health report on its schedule, and keeps the history by day.

*Now* is the time of the event that invoked it (D17); a person who invokes it gives ``time`` as well, and may say
``since`` and ``ou``. The report comes first, then people are told, then as many days of history are kept as there is
time for; the next run goes on. What is not the report's core (account names, coverage) is left out where it cannot be
read in time. Everything else that goes wrong is raised: Lambda tries once more, and an alarm rings. Nothing that
deployments wait for depends on it, and nothing is written to the function's disk.
"""

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import BaseModel, ValidationError

from org_gate import __version__
from org_gate.central import metrics
from org_gate.central.announce import Announcer, TopicAnnouncer
from org_gate.central.budget import Budget
from org_gate.central.notices import TELLING
from org_gate.central.reporting import PAGE, File, files_of, notice_of, tables
from org_gate.central.reporting_shelf import ARCHIVE, LATEST, S3, Shelf, dated, folder
from org_gate.central.settings import ReporterSettings, reporter_settings
from org_gate.inventory.errors import RolloutError
from org_gate.inventory.known import Known, read_known
from org_gate.inventory.settings import Settings
from org_gate.model.times import format_time
from org_gate.policy.fields import Duration, Moment
from org_gate.report.archive import KINDS, key, lines, pack
from org_gate.report.build import Options, build
from org_gate.report.reading import TableReader
from org_gate.store import Store

SERVICE: Final = "reporter"
_COVERAGE_SECONDS: Final = 600
"""Looking into accounts stops when less than this is left."""
_ARCHIVE_SECONDS: Final = 120
"""No further day of history is begun when less than this is left."""
_SETTLED: Final = timedelta(hours=1)
"""A day is over for the archive when it has been over for so long: what was under way at midnight is stored."""
_TABLE: Final = Config(connect_timeout=2, read_timeout=10)
_FAILED: Final = (
    "The report was not made. Deployments are not affected, and the latest report stays as it was. The error says what "
    "to mend; then invoke this function again, or wait for its next time."
)

logger = Logger(service="org-gate-reporter")


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A schedule's event, or a person's ``{"time": ..., "since": "30d", "ou": "Workloads"}``; tells what was made."""
    try:
        return _reporter().handle(event, Budget(lambda: context.get_remaining_time_in_millis() / 1000))
    except Exception:
        logger.exception(_FAILED)
        raise


class OutOfTimeError(RolloutError):
    """Looking into the accounts takes longer than a function may run."""


class _Asked(BaseModel):
    """Of an event only this is looked at."""

    time: Moment
    since: Duration | None = None
    ou: str | None = None


@dataclass(frozen=True, slots=True)
class Reporter:
    """``known`` reads names and coverage as far as the budget goes."""

    store: Store
    shelf: Shelf
    people: Announcer
    known: Callable[[Budget], Known]
    settings: ReporterSettings

    def handle(self, event: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
        """Raises StoreError, UnknownOuError, ValueError for an event that says nothing useful, and what S3 refuses."""
        options = self._options(_asked(event), budget)
        report = self._made(options)
        kept = self._archived(options.now, budget)
        metrics.count("ReportsMade", 1, service=SERVICE)
        metrics.count("DaysArchived", kept, service=SERVICE)
        return {"report": report, "at": format_time(options.now), "days_archived": kept}

    def _options(self, asked: _Asked, budget: Budget) -> Options:
        known = self.known(budget)
        return Options(
            since=asked.time - (asked.since or self.settings.since),
            until=asked.time,
            now=asked.time,
            ou=asked.ou or self.settings.ou,
            version=__version__,
            region=self.settings.region,
            organization=known.organization,
            names=known.names,
            coverage=known.coverage,
        )

    def _made(self, options: Options) -> str:
        """Where the report is. ``latest`` changes once all of it is there; then people are told."""
        reader = TableReader(self.store)
        report = build(reader, options)
        files = [*files_of(report), tables(reader, options)]
        shelf = folder(options.ou)
        place = shelf + dated(options.now)
        for each in (place, f"{shelf}{LATEST}/"):
            self._put(each, files)
        address, link = self.shelf.address(place), self.shelf.link(place + PAGE)
        account = self.settings.central_account
        self.people.announce(notice_of(report, account=account, link=link, place=address))
        logger.info("report made", place=place, events=report.events.total, decisions=report.decisions.total.decisions)
        return address

    def _put(self, place: str, files: list[File]) -> None:
        for file in files:
            self.shelf.put(place + file.name, file.body, file.content_type)

    def _archived(self, now: datetime, budget: Budget) -> int:
        """How many days of history were added."""
        there, added = set(self.shelf.archived()), 0
        for day in self.store.past.days((now - _SETTLED).date()):
            missing = [kind for kind in KINDS if key(kind, day) not in there]
            if missing and budget.seconds_left() < _ARCHIVE_SECONDS:
                logger.info("no time for more of the history; the next run goes on", next_day=day.isoformat())
                break
            for kind in missing:
                packed = io.BytesIO()
                pack(lines(self.store, kind, day), packed)
                self.shelf.put(ARCHIVE + key(kind, day), packed.getvalue(), "application/gzip")
            added += bool(missing)
        return added


def _asked(event: Mapping[str, Any]) -> _Asked:
    try:
        return _Asked.model_validate(event)
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        msg = (
            f'This is no order for a report ({why}). Send {{"time": "2026-03-02T06:00:00Z", "since": "7d", "ou": "…"}}.'
        )
        raise ValueError(msg) from None


@cache
def _reporter() -> Reporter:
    """Once per process. How often botocore tries is its own environment's business."""
    settings = reporter_settings(os.environ)
    session = boto3.session.Session()
    return Reporter(
        store=Store(session.client("dynamodb", config=_TABLE), settings.table),
        shelf=Shelf(session.client("s3", config=S3), settings.bucket, settings.central_account),
        people=TopicAnnouncer(session.client("sns", config=TELLING), settings.topic),
        known=partial(_known, session, settings.coverage),
        settings=settings,
    )


def _known(session: boto3.Session, coverage: str, budget: Budget) -> Known:
    """Of the Regions that gates are to be in; nothing where the function was not told of them."""
    if not coverage:
        return Known()
    settings = Settings.model_validate_json(coverage)

    def told(done: int, of: int) -> None:
        if budget.seconds_left() < _COVERAGE_SECONDS:
            msg = f"There was time for {done} of {of} accounts only; `org-gate report` takes as long as it needs."
            raise OutOfTimeError(msg)

    return read_known(session, settings, say=logger.warning, regions=settings.gates.regions, told=told)
