"""How a run ends: everything works again, time passes, and what is known is held against what there is.

After that nothing is open any more, and what surely waits has to go on by itself.
"""

from typing import Final

from tests.model.organization import CENTRAL, PIPELINES
from tests.model.policies import OPEN_ISSUES, Spec
from tests.model.world import World

A_WHILE: Final = 13 * 60
"""Longer than ``truth.CALM``."""
GO_ON: Final = 7 * 60
SOON: Final = Spec((OPEN_ISSUES,), settle=60)


def mend(world: World) -> None:
    """Nothing goes wrong any more."""
    world.faults.clear()
    world.queue.held_until = None
    world.queue.doubles = world.twice = False
    world.lost_polls = 0


def nothing_is_lost_or_invented(world: World) -> None:
    mend(world)
    world.advance(A_WHILE)
    status, told = world.cell.ask(CENTRAL, "GET", "/v1/events")
    assert status == 200, told
    world.judge.knows(told, world.now)


def what_waits_goes_on(world: World) -> None:
    """But where the resumer was refused its role, or a retry: then a person has to look first."""
    if not world.judge.waits:
        return
    refused = world.faults.number("resumer", "sts", "codepipeline") > 0
    end_everything(world)
    world.advance(GO_ON)
    stuck = {place for place in world.judge.waits if world.status(PIPELINES[place[0]]) == "Failed"}
    assert refused or not stuck, f"NEVER RESUMED by {world.now}: {stuck}"
    world.judge.seen["went on"] += not stuck


def end_everything(world: World) -> None:
    for key, snapshots in world.truth.shown.items():
        last = snapshots[-1]
        fields = {**last.fields, "statusCode": "closed", "lastUpdatedTime": world.now}
        if not last.over(world.now):
            world.show(fields, sorted(last.accounts))
        assert world.truth.present(key).over(world.now)
    for made in world.truth.made.values():
        world.end_made(made)
    assert world.publish(SOON)
