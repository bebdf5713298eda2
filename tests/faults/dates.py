"""Events whose dates are minutes or years off: what counts is what AWS Health lists as open."""

from datetime import timedelta

from org_gate.model.times import format_time
from tests.faults.playing import hold, plays
from tests.faults.stage import MINUTE, Stage
from tests.faults.table import Record

YEARS = timedelta(days=3_650)


@plays("dated-ahead-minutes", "dated-back-minutes")
def by_minutes(scene: Stage, record: Record) -> None:
    when = format_time(scene.now + (9 if record.id == "dated-ahead-minutes" else -9) * MINUTE)
    scene.show(startTime=when, lastUpdatedTime=when)
    line = scene.asks()
    scene.pass_minutes(4)
    hold(record, line, scene.rung())
    scene.skip_minutes(10, 5)  # past its date, so that its end is newer


@plays("dated-ahead-years")
def ahead_by_years(scene: Stage, record: Record) -> None:
    ahead = format_time(scene.now + YEARS)
    arn = scene.show(lastUpdatedTime=ahead)
    assert scene.asks()["verdict"] == "block"
    scene.pass_minutes(1)
    scene.close(arn)
    scene.pass_minutes(1)
    assert scene.asks()["verdict"] == "block", "what was said last by its date still stands"
    scene.pass_minutes(4)
    rung = scene.rung()
    scene.skip_minutes(record.seconds // 60 - 5, 5)
    hold(record, scene.asks("invoices"), rung)


@plays("dated-back-years")
def back_by_years(scene: Stage, record: Record) -> None:
    back = format_time(scene.now - YEARS)
    scene.here()
    scene.show(startTime=back, lastUpdatedTime=back)
    scene.pass_minutes(record.seconds // 60)
    hold(record, scene.asks(), scene.rung())
