"""What those who play faults share: who plays which record, and the holding of what came to that record."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from org_gate.member import gate
from tests.faults.alarms import TEMPLATE, alarms
from tests.faults.stage import Stage
from tests.faults.table import Record
from tests.unit.member import support
from tests.unit.member.faulty import FaultyWorld, Script, Step

Play = Callable[[Stage, Record], None]
IN_PROCESSES: Final = ("api-cold", "api-killed")
"""The records that ``test_processes`` plays, where functions have processes of their own."""
PLAYS: Final[dict[str, Play]] = {}
"""How each record is played on the stage; filled as the modules that play them are imported."""


def plays(*ids: str) -> Callable[[Play], Play]:
    """The function plays these records, and holds what comes of it to the record that it is given."""

    def noted(play: Play) -> Play:
        PLAYS.update(dict.fromkeys(ids, play))
        return play

    return noted


def hold(record: Record, line: Mapping[str, Any], rung: Mapping[str, int]) -> None:
    """The outcome is as the record says."""
    came = {"verdict": line["verdict"], "result": line["pipeline_result"], "alarms": dict(rung)}
    assert came == {"verdict": record.verdict, "result": record.result, "alarms": dict(record.alarms)}, came
    assert record.says is not None
    assert record.says in line["message"], line["message"]


def gate_seconds(central: Iterable[Step] | None = None, health: Iterable[Step] | None = None) -> int:
    """How long a gate with two central URLs takes to answer its job, in its own simulated seconds, rounded up."""
    script = Script(central=[*(central or [Step("allow")])], health=[*(health or [Step("ok")])])
    known = support.settings(urls=(support.CENTRAL, support.STANDBY))
    world = FaultyWorld(script, known, seconds=30)
    gate.run(support.job_event({"targets": ["/us-east-1"]}), world.parts())
    assert len(world.taken) == 1
    return -int(-(30 - world.left) // 1)


def defined() -> set[str]:
    """The names of the alarms that a cell has."""
    return {alarm.name for alarm in alarms(TEMPLATE.read_text(encoding="utf-8"))}
