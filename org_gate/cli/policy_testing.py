"""``org-gate policy test``: the example cases kept beside a policy, played (C1)."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from org_gate.cli.output import format_option, stop
from org_gate.cli.policy_cases import Outcome, played
from org_gate.cli.policy_files import cases_file, cases_or_stop, file_argument, name_of, policy_or_stop
from org_gate.cli.text import harmless
from org_gate.policy.cases import cases_name
from org_gate.report.plain import count

FAILED: Final = 1


@click.command(short_help="Play the example cases beside a policy.")
@file_argument()
@format_option
def test(file: Path, output: str) -> None:
    """Play the example cases that are kept beside the policy in FILE.

    Those of policy.yaml are in policy.cases.yaml. Each says what is asked, what is known, and the decision that is
    meant to come of it. Prints each case that comes out otherwise, with the reasons. Exits with 1 where one does,
    with 2 where the policy or the cases are not valid or there are none.
    """
    policy = policy_or_stop(file, output)
    beside = cases_file(file)
    if beside is None:
        there = cases_name(file.name)
        stop(f"There are no example cases beside {name_of(file)}: write some into {there}.", output=output)
    outcomes = played(cases_or_stop(beside, output), policy)
    failed = sum(not outcome.passed for outcome in outcomes)
    if output == "json":
        told = {"file": name_of(file), "cases_file": str(beside), "passed": len(outcomes) - failed, "failed": failed}
        click.echo(json.dumps(told | {"cases": [outcome.as_json() for outcome in outcomes]}, indent=2))
    else:
        for line in case_lines(outcomes):
            click.echo(line)
    sys.exit(FAILED if failed else 0)


def case_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Each case that came out otherwise, and how many there are."""
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        yield f"FAILED {harmless(outcome.case.name)}"
        for one in outcome.differences:
            yield f"  {one.what}: expected {harmless(one.expected)}, found {harmless(one.found)}"
        for reason in outcome.reasons or ("no event, no freeze and no staleness speaks against it",):
            yield f"  reason: {harmless(reason)}"
    if failed:
        yield f"{count(len(failed), 'case')} of {len(outcomes)} came out otherwise than expected."
    else:
        yield f"{count(len(outcomes), 'case')} came out as expected."
