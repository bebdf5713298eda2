"""``org-gate demo``: the main job in the simulator, start to end (S5, S6)."""

import sys
from pathlib import Path
from tempfile import TemporaryFile

import click

from org_gate.cli.main import COULD_NOT_FIND_OUT
from org_gate.cli.scenario import read_or_exit, rollout_told, runtime_option, shipped_scenario, stoppable
from org_gate.inventory.errors import RolloutError
from org_gate.simulator.play import Asked, play
from org_gate.simulator.report import write_report
from org_gate.simulator.story import Story, console_for
from org_gate.simulator.world import World, open_world
from org_gate.store.errors import StoreError


@click.command()
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(path_type=Path),
    default=None,
    help="The YAML file to play. Default: the shipped morning of 2025-10-20.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-out"),
    show_default=True,
    help="Where decisions.jsonl, report.html and report.json go.",
)
@runtime_option
def demo(scenario_file: Path | None, out: Path, runtime: str) -> None:
    """Play an organization, its incidents and its pipelines, start to end.

    Deploys org-gate into a simulated AWS organization on this machine, tells what happens, and writes one line for
    each decision to decisions.jsonl, and the organization health report beside it. Exits with 2 where the scenario is
    not valid, and with 1 where a run did not give the verdict that the scenario states for it.
    """
    scenario = read_or_exit(scenario_file or shipped_scenario())
    _make(out)
    story = Story(console_for(), scenario)
    with stoppable(), rollout_told(), open_world(scenario, runtime=runtime, say=story.say) as world:
        asked = play(world, story)
        file = out / "decisions.jsonl"
        file.write_text(world.aws.recorder.jsonl(), encoding="utf-8")
        reported = _reported(world, out)
    story.message(asked)
    story.table(asked)
    story.say(f"{len(world.aws.recorder.lines)} decisions in {file}; functions ran in: {_RUNTIME_WORDS[runtime]}")
    story.say(reported)
    for lost in world.aws.delivery.given_up[:1]:
        story.say(f"{len(world.aws.delivery.given_up)} invocations were given up; the first: {lost.what}: {lost.why}")
    for failure in world.aws.door.failures:
        click.echo(f"The simulator could not do what it was asked; do not trust this run: {failure}", err=True)
    sys.exit(COULD_NOT_FIND_OUT if world.aws.door.failures else _told(story, asked))


def _make(folder: Path) -> None:
    """Before anything is played: nobody wants to hear of it after minutes. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return
    except OSError as error:
        message = f"Nothing can be written to {folder} ({error.strerror}). Name another folder with --out."
        raise click.UsageError(message) from error


def _reported(world: World, out: Path) -> str:
    """What became of the report: at the end of some scenarios nothing can be read."""
    try:
        write_report(world, out)
    except (RolloutError, StoreError) as error:
        return f"There is no report on it: {error}"
    return f"The organization health report is in {out / 'report.html'}"


_RUNTIME_WORDS = {"processes": "Lambda runtime processes", "inprocess": "this process (inprocess)"}


def _told(story: Story, asked: list[Asked]) -> int:
    stated = [one for one in asked if one.entry.expect is not None]
    wrong = [one for one in stated if not one.as_stated]
    if wrong:
        names = ", ".join(f"{one.pipeline.name} at {one.at:%H:%M:%S}" for one in wrong)
        story.say(f"{len(wrong)} of {len(stated)} stated verdicts differ: {names}")
        return 1
    if stated:
        story.say(f"All {len(stated)} stated verdicts came out as stated.")
    return 0
