"""``org-gate simulate``: the organization on this machine, until stopped (C1)."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path

import click

from org_gate.cli.scenario import read_or_exit, rollout_told, runtime_option, stoppable
from org_gate.simulator.live import keep_going
from org_gate.simulator.play import play
from org_gate.simulator.server import PortNotFreeError
from org_gate.simulator.story import Story, console_for
from org_gate.simulator.world import World, open_world


@click.command()
@click.option("--scenario", "scenario_file", type=click.Path(path_type=Path), required=True, help="The YAML file.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port on 127.0.0.1. Default: a free one.")
@click.option("--bare", is_flag=True, help="The organization before org-gate: nothing enabled, nothing rolled out.")
@click.option(
    "--pace",
    type=click.IntRange(1),
    help="Instances that a StackSet operation gets done each time it is looked at. Default: all of them at once.",
)
@runtime_option
def simulate(scenario_file: Path, port: int, runtime: str, *, bare: bool, pace: int | None) -> None:
    """Serve a simulated AWS organization until stopped (Ctrl-C or SIGTERM).

    Plays the scenario, then prints one JSON line with the endpoint, the accounts and their access keys, and goes on:
    its clock runs with the wall clock from the scenario's end.
    """
    scenario = read_or_exit(scenario_file)
    story = Story(console_for(stderr=True), scenario)
    with suppress(KeyboardInterrupt), stoppable(), rollout_told():
        try:
            _serve(
                partial(open_world, scenario, runtime=runtime, port=port, say=story.say, bare=bare, pace=pace), story
            )
        except PortNotFreeError as error:
            message = f"{error}. Nothing was started: give another --port, or none for a free one."
            raise click.UsageError(message) from error


def _serve(opening: Callable[[], AbstractContextManager[World]], story: Story) -> None:
    """Until KeyboardInterrupt."""
    with opening() as world:
        play(world, story)
        for failure in world.aws.door.failures:
            click.echo(f"The simulator could not do what the scenario needs; do not trust it: {failure}", err=True)
        click.echo(json.dumps(world.access()))
        keep_going(world)
