"""``org-gate simulate``: the organization on this machine, until stopped (C1)."""

import json
import signal
import threading
from pathlib import Path

import click

from org_gate.cli.scenario import RUNTIMES, read_or_exit
from org_gate.simulator.live import keep_going
from org_gate.simulator.play import play
from org_gate.simulator.story import Story, console_for
from org_gate.simulator.world import open_world


@click.command()
@click.option("--scenario", "scenario_file", type=click.Path(path_type=Path), required=True, help="The YAML file.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port on 127.0.0.1. Default: a free one.")
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    default=RUNTIMES[0],
    show_default=True,
    help="Where the functions run: in Lambda runtime processes of their own, or in this process.",
)
def simulate(scenario_file: Path, port: int, runtime: str) -> None:
    """Serve a simulated AWS organization until stopped (Ctrl-C or SIGTERM).

    Plays the scenario, then prints one JSON line with the endpoint, the accounts and their access keys, and goes on:
    its clock runs with the wall clock from the scenario's end.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    scenario = read_or_exit(scenario_file)
    story = Story(console_for(stderr=True), scenario)
    with open_world(scenario, runtime=runtime, port=port, say=story.say) as world:
        play(world, story)
        click.echo(json.dumps(world.access()))
        keep_going(world, stop)
