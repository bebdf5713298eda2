"""The home Region goes down and comes back: who decides when, and who resumes what was blocked meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.around import resumed
from tests.faults.playing import gate_seconds, hold, plays
from tests.faults.stage import HOME, MINUTE, STANDBY, Stage
from tests.faults.table import Record
from tests.unit.member.faulty import Step


@contextmanager
def home_down(scene: Stage, minutes: int) -> Iterator[None]:
    """While the standby runs, which has read AWS Health once before."""
    scene.schedules(STANDBY, on=True)
    try:
        scene.pass_minutes(1)
        scene.began = scene.now
        for service in ("central", "dynamodb"):
            scene.fault(service, "down", minutes, region=HOME)
        yield
    finally:
        scene.schedules(STANDBY, on=False)


@plays("standby-takes-over")
def takes_over(scene: Stage, record: Record) -> None:
    with home_down(scene, 9):
        arn = scene.show()
        line = scene.asks()
        scene.pass_minutes(5, "invoices")
        hold(record, line, scene.rung())
        assert scene.rung(STANDBY) == {}
        scene.close(arn)
        assert line["execution_id"] in {one["execution_id"] for one in resumed(scene.pass_minutes(4))}
    assert gate_seconds([Step("5xx"), Step("5xx"), Step("block")]) == record.seconds


@plays("home-comes-back")
def comes_back(scene: Stage, record: Record) -> None:
    with home_down(scene, 60):
        scene.here()
        scene.show()
        scene.world.clock.advance_to(scene.began + 59 * MINUTE)
        assert scene.asks()["decision_id"] is not None
        scene.pass_minutes(1)
        scene.began, asked = scene.now, len(scene.front.asked)
        line = scene.asks()
        scene.pass_minutes(5)
        hold(record, line, scene.rung())
    assert scene.front.asked[asked:] == [HOME]
    assert line["knowledge"]["age_seconds"] == record.seconds
