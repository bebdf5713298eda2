"""``org-gate coverage``: which accounts, Regions and pipelines have no gate, as shares by OU (C1)."""

import sys
from pathlib import Path
from typing import Final

import click

from org_gate.cli.counting import Counting
from org_gate.cli.coverage_text import as_csv, as_json, coverage_lines
from org_gate.cli.output import print_json
from org_gate.cli.rollout_settings import COULD_NOT, config_option, settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.inventory.coverage_reading import read_coverage
from org_gate.model.regions import KNOWN_REGIONS
from org_gate.report.coverage import Coverage

_GAPS: Final = 1


def _known(_ctx: click.Context, _param: click.Parameter, regions: tuple[str, ...]) -> tuple[str, ...]:
    strange = [region for region in regions if region not in KNOWN_REGIONS]
    if strange:
        raise click.BadParameter(f"{', '.join(strange)}: no such Region is known; write one as in eu-west-1")
    return regions


@click.command(short_help="Which accounts, Regions and pipelines have no gate.")
@config_option
@click.option(
    "--region",
    "regions",
    multiple=True,
    callback=_known,
    metavar="REGION",
    help="A Region to look into; repeatable. Default: all that CodePipeline is in.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="For people, as JSON, or as CSV with a line for each pipeline, gap, and thing that could not be read.",
)
@click.pass_context
def coverage(ctx: click.Context, *, config: Path, regions: tuple[str, ...], output: str) -> None:
    """Which accounts have no gate, which Regions have pipelines and no gate, which pipelines have no gate stage.

    Looks into every account of the settings through the read-only role that its gate's stack leaves there. What could
    not be read is told, and never counts as covered. With credentials of the central account.

    Exits with 0 where nothing is open, with 1 where there are gaps, with 3 where there are none that could be seen
    but something could not be read.
    """
    settings = settings_or_stop(config, output)
    surroundings = ctx.obj or Surroundings()
    with told(output), Counting("Looking into accounts", "accounts") as counting:
        found = read_coverage(surroundings.aws(), settings, regions=regions, told=counting.tell)
    if output == "json":
        print_json(as_json(found))
    elif output == "csv":
        click.echo(as_csv(found), nl=False)
    else:
        for line in coverage_lines(found):
            click.echo(line)
    sys.exit(_code(found))


def _code(found: Coverage) -> int:
    if found.has_gaps:
        return _GAPS
    return COULD_NOT if any(True for _ in found.not_read()) else 0
