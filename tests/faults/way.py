"""The way to the decision API fails: no answer, a late one, a refusal, or something that is none."""

import http.client
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from tests.faults.playing import gate_seconds, hold, plays
from tests.faults.stage import GATES, HOME, ORDERS, STANDBY, Stage
from tests.faults.table import Record
from tests.serving import Reply
from tests.unit.member.faulty import HANGS, Step

HTML = Reply(200, {"Content-Type": "text/html"}, b"<html><body>Welcome to the hotel's network</body></html>")
_NO_ANSWERS: Final[dict[str, tuple[str | Reply, Step]]] = {
    "url-unreachable": ("lost", Step("reset")),
    "url-garbage": (HTML, Step("HTML")),
}


def both(scene: Stage, behaviour: str | Reply) -> None:
    scene.front.behaves |= {HOME: behaviour, STANDBY: behaviour}


@plays("url-unreachable", "url-garbage")
def no_answer_of_ours(scene: Stage, record: Record) -> None:
    behaviour, step = _NO_ANSWERS[record.id]
    scene.show()
    both(scene, behaviour)
    line = scene.asks()
    scene.pass_minutes(4, "orders")
    hold(record, line, scene.rung())
    assert gate_seconds([step]) == record.seconds


@plays("url-slow")
def slow(scene: Stage, record: Record) -> None:
    """Played with a gate that has less time, so that the test takes less; the seconds are the real one's."""
    scene.show()
    both(scene, "slow")
    functions = scene.client("lambda", ORDERS, GATES)
    functions.update_function_configuration(FunctionName="org-gate", Timeout=11)
    try:
        line = scene.asks()
    finally:
        functions.update_function_configuration(FunctionName="org-gate", Timeout=30)
        scene.front.released.set()
    for _ in range(4):
        scene.pass_minutes(1)
        knock(scene)
    scene.pass_minutes(1)
    hold(record, line, scene.rung())
    assert gate_seconds([Step("allow", HANGS)]) == record.seconds


def knock(scene: Stage) -> None:
    """Somebody else asks, whose answer is as late."""
    told = urlsplit(scene.front.url(scene.world.cell().decision_url))
    connection = http.client.HTTPConnection(told.netloc, timeout=5)
    with suppress(TimeoutError):
        connection.request("GET", told.path + "v1/status")
        connection.getresponse().read()
    connection.close()


@plays("url-403")
def turned_away(scene: Stage, record: Record) -> None:
    scene.fault("central", "denied", 5)
    line = scene.asks()
    scene.pass_minutes(5, "orders")
    hold(record, line, scene.rung())
    assert line["reasons"] == []
    assert gate_seconds([Step("door")]) == record.seconds


@plays("api-out-of-concurrency")
def out_of_concurrency(scene: Stage, record: Record) -> None:
    scene.show()
    scene.fault("central", "throttle", 5)
    line = scene.asks()
    scene.pass_minutes(5, "orders")
    hold(record, line, scene.rung())
    assert gate_seconds([Step("throttle")]) == record.seconds
