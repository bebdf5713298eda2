"""``org-gate rollout mode``: the off switch, central and for everyone or some OUs, and the way back (C1).

It publishes a version of the policy, so that it holds within seconds, has who and why on record, and touches no
account. What a gate says when nothing central answers is written into the gate, and stays.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from org_gate.cli import policy_cells
from org_gate.cli.output import format_option, stop
from org_gate.cli.policy_show import with_defaults
from org_gate.cli.reaching import url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.client.api import DecisionApi
from org_gate.model.decision import Mode
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.policy.switch import below, note_of, switched, version_before

BACK: Final = "policy"
_STRICT: Final = Mode.ENFORCE.value


@click.command(short_help="The off switch: shadow (or enforce) for everyone or some OUs, within a minute.")
@click.argument("mode", type=click.Choice([*(mode.value for mode in Mode), BACK]))
@click.option(
    "--ou",
    "ous",
    multiple=True,
    metavar="PATH",
    help="Only for accounts below this OU (Workloads/Dev), or with this id; repeatable. Default: everyone.",
)
@click.option("--note", "why", required=True, metavar="TEXT", help="Why, for those who read it later.")
@click.option("--yes", is_flag=True, help="Do it without asking. What only lets more through is never asked about.")
@format_option
@url_option(required=True, what="switched, all of them")
@click.pass_context
def mode(
    ctx: click.Context, *, mode: str, ous: tuple[str, ...], why: str, yes: bool, output: str, urls: tuple[str, ...]
) -> None:
    """Switch the mode, centrally, whatever the policy says: within a minute, for everyone or some OUs.

    \b
      shadow   nothing is blocked any more; decisions say what would have been
      warn     the same, and people are warned
      enforce  what is blocked stops
      policy   back to what held before the switches

    It publishes a version of the policy with this mode before all its others; every gate asks central, so no account
    is touched. Publishing a policy file ends a switch, too. A gate that reaches nothing central still goes by the
    mode that the last rollout wrote into it.

    Exits with 2 where it was refused, with 3 where a URL did not answer.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    if mode == BACK and ous:
        raise click.UsageError("`policy` takes all switches back; leave --ou out.")
    patterns = tuple(map(below, ous))
    wanted = _back(output) if mode == BACK else _switch(Mode(mode), patterns, output)
    looked = policy_cells.look(ctx.obj or Surroundings(), urls, wanted, output)
    for line in policy_cells.changes(looked):
        click.echo(line, err=output == "json")
    certain = yes or mode not in {BACK, _STRICT}
    sys.exit(policy_cells.publish(looked, note_of(mode, patterns, why), None, yes=certain, output=output))


def _switch(mode: Mode, patterns: tuple[str, ...], output: str) -> policy_cells.Wanted:
    def wanted(_api: DecisionApi, present: Mapping[str, Any]) -> dict[str, Any]:
        if present["policy"] is None:
            stop("No policy has been published yet, so there is nothing to switch: nothing is blocked.", output=output)
        before = policy_from_data(with_defaults(present["policy"], output))
        return policy_data(switched(before, mode, patterns))

    return wanted


def _back(output: str) -> policy_cells.Wanted:
    def wanted(api: DecisionApi, present: Mapping[str, Any]) -> dict[str, Any]:
        before = version_before(present["policies"])
        found = present["policy"] if before is None else api.policy(before)["policy"]
        return with_defaults(found or {"version": 1}, output)

    return wanted
