"""``org-gate backtest``: a policy tried on the past before it holds up the future (C1, C2)."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

import click

from org_gate.cli import backtest_recorded, backtest_synthetic, parameters
from org_gate.cli.backtest_sources import Source, from_export, from_scenario, from_table
from org_gate.cli.counting import Counting
from org_gate.cli.output import format_option, print_json, stop
from org_gate.cli.policy_files import file_argument, name_of, policy_or_stop
from org_gate.cli.rollout_settings import config_option
from org_gate.cli.surroundings import Surroundings
from org_gate.model.request import Target
from org_gate.policy.model import Policy
from org_gate.report.backtest import Span, Steps
from org_gate.report.backtest_compare import differences
from org_gate.report.backtest_incidents import Synthetic, courses, incidents
from org_gate.report.backtest_recorded import replayed

Between = tuple[datetime | None, datetime | None]
Where = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Accounts, Regions and services."""


class _Tried(NamedTuple):
    """The policy, and the one it is compared with."""

    policy: Policy
    name: str
    other: Policy | None = None
    other_name: str | None = None


_QUARTER: Final = timedelta(minutes=15)
_FILE: Final = click.Path(path_type=Path)


@click.command(short_help="Try a policy on past incidents or recorded decisions.")
@file_argument()
@click.option("--scenario", type=_FILE, metavar="FILE", help="The past: what AWS Health shows in this scenario.")
@click.option("--export", "exported", type=_FILE, metavar="FILE", help="The past: an export, as JSON Lines.")
@click.option("--table", is_flag=True, help="The past: what the table of the central account holds.")
@config_option
@click.option(
    "--against", type=_FILE, metavar="OTHER", help="Another policy: what changes from that one to the one tried."
)
@click.option(
    "--every",
    type=parameters.DurationType(),
    metavar="DURATION",
    help="Synthetic deployments: one so often (15m) to each account and Region. Default: the recorded decisions of an "
    "export or the table; 15m with a scenario.",
)
@click.option(
    "--from", "since", type=parameters.MomentType(), metavar="TIME", help="Where to begin. Default: with the past."
)
@click.option(
    "--to",
    "until",
    type=parameters.MomentType(),
    metavar="TIME",
    help="Where to end, not included. Default: with the past.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    callback=parameters.accounts,
    metavar="ID",
    help="Where synthetic deployments go; repeatable. Default: all accounts of that past.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    callback=parameters.regions,
    metavar="REGION",
    help="The Regions that they go to; repeatable. Default: all of that past.",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    metavar="SERVICE",
    help="What they touch, as AWS Health names it (ECS, RDS); repeatable. Default: all services.",
)
@format_option
@click.pass_context
def backtest(
    ctx: click.Context,
    *,
    file: Path,
    scenario: Path | None,
    exported: Path | None,
    table: bool,
    config: Path,
    against: Path | None,
    every: timedelta | None,
    since: datetime | None,
    until: datetime | None,
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    services: tuple[str, ...],
    output: str,
) -> None:
    """Try the policy in FILE on the past: which deployments it would have blocked, when, and how long.

    Without more, the past is that of the public AWS incidents of 2020 to 2026, which ships with org-gate. Decisions
    are made by the same engine as in central; what is known of AWS Health counts as fresh.

    \b
      org-gate backtest policy.yaml
      org-gate backtest policy.yaml --against config/policy.yaml --region us-east-1 --service ECS
      org-gate backtest policy.yaml --table --from 2026-01-01

    --table needs credentials of the central account, and finds the table by the settings of the rollout. Exits with 0
    whatever comes out, with 2 where a file is not valid, with 3 where the past could not be read.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    _check((scenario is not None) + (exported is not None) + table, since, until)
    tried = _tried(file, against, output)
    if table:
        source = from_table(ctx.obj or Surroundings(), config, since, until, output)
    else:
        source = from_scenario(scenario, output) if exported is None else from_export(exported, output)
    where = accounts, regions, services
    if every is None and (table or exported is not None):
        _tell(_recorded(source, tried, (since, until), where), output)
    else:
        _tell(_synthetic(source, tried, _asked(source, every or _QUARTER, (since, until), where, output)), output)


def _check(pasts: int, since: datetime | None, until: datetime | None) -> None:
    """Raises click.UsageError."""
    if pasts > 1:
        raise click.UsageError("Give one past: --scenario, --export or --table.")
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--from has to be before --to.")


def _tried(file: Path, against: Path | None, output: str) -> _Tried:
    """Ends the command where a policy is not valid."""
    policy = policy_or_stop(file, output)
    if against is None:
        return _Tried(policy, name_of(file))
    return _Tried(policy, name_of(file), policy_or_stop(against, output), name_of(against))


def _tell(told: backtest_recorded.Told | backtest_synthetic.Told, output: str) -> None:
    if output == "json":
        print_json(told.as_json())
        return
    for line in told.lines():
        click.echo(line)


def _recorded(source: Source, tried: _Tried, between: Between, where: Where) -> backtest_recorded.Told:
    """Raises click.UsageError where somebody says where: it is the recorded ones that are decided again."""
    if any(where):
        raise click.UsageError("--account, --region and --service are for synthetic deployments: give --every too.")
    since, until = between
    decisions = [
        one for one in source.recorded if (since is None or one.at >= since) and (until is None or one.at < until)
    ]
    end = source.end or datetime.max.replace(tzinfo=UTC)
    return backtest_recorded.Told(
        policy=tried.name,
        against=tried.other_name,
        source=source.name,
        unreadable=source.unreadable,
        replayed=list(replayed(decisions, source.history, tried.policy, end)),
        others=[] if tried.other is None else list(replayed(decisions, source.history, tried.other, end)),
    )


def _asked(source: Source, every: timedelta, between: Between, where: Where, output: str) -> Synthetic:
    """Ends the command where there is nowhere or no time to deploy in."""
    begin, end = between[0] or source.begin, between[1] or source.end
    if begin is None or end is None:
        stop(f"{source.name} tells of nothing: give --from and --to, or another past.", output=output)
    if begin >= end:
        stop(f"{source.name} tells of nothing after --from or before --to.", output=output)
    accounts, regions, services = where
    targets = tuple(
        Target(account, region, services)
        for account, region in product(accounts or source.accounts, regions or source.regions)
    )
    if not targets:
        stop(f"{source.name} names no account or Region: give --account and --region.", output=output)
    return Synthetic(targets=targets, steps=Steps(begin, every), begin=begin, end=end)


def _synthetic(source: Source, tried: _Tried, asked: Synthetic) -> backtest_synthetic.Told:
    found = _courses(asked, source, tried.policy)
    found_other = {} if tried.other is None else _courses(asked, source, tried.other)
    return backtest_synthetic.Told(
        policy=tried.name,
        against=tried.other_name,
        source=source.name,
        asked=asked,
        incidents=incidents(asked, source.history, tried.policy, found),
        found=found,
        found_against=found_other,
        differences=[] if tried.other is None else differences(found_other, found, asked.steps),
    )


def _courses(asked: Synthetic, source: Source, policy: Policy) -> dict[Target, list[Span]]:
    found: dict[Target, list[Span]] = {}
    with Counting("Trying the policy", "places") as counting:
        for target, course in courses(asked, source.history, policy):
            found[target] = course
            counting.tell(len(found), len(asked.targets))
    return found
