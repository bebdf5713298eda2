"""Writes ``docs/reliability.md`` out of the records: ``python -m tests.faults.document docs/reliability.md``."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from org_gate.member import gate
from tests.faults.table import EVENT, QUESTION, RECORDS, Record

_MINUTE: Final = 60
_INTRODUCTION: Final = f"""# What happens when something fails

For whoever has to know, before it happens, what the gate does on its worst day. Everything below is generated from
tests that play each fault on a whole organization (`tests/faults`) and hold what comes of it to this page.

## The worst day, in plain words

**Central is asked first, and never waited for.** A gate asks the home cell, then each standby: up to \
{gate.CALL_SECONDS} seconds for each, and no more than {gate.CENTRAL_SHARE:.0%} of its own time for all of them. A \
lost connection or a 5xx is tried once more. Whatever comes, CodePipeline gets its answer before the function ends.

**Where nothing central answers, the gate looks for itself**, into AWS Health in its own account. An open issue in a
target's Region blocks; if there is none, the deployment goes on. What only central knows is missing then: the policy's
rules, freezes, overrides, and what is specific to other accounts.

**Where AWS Health cannot be asked either**, the policy's `on_unknown` decides, as the last rollout wrote it into the
gate: `block` unless you chose another. An account whose mode is not `enforce` is never stopped by this.

**Central that answers may know old things.** It says how old. Once that is more than `max_age` (10 minutes unless you
chose another), `on_stale` decides; by default the gate looks for itself as well. So an event that opens just after AWS
Health stopped answering central is missed for up to `max_age`, and no longer. What was known before stays known.

**Nothing needs a person to recover.** The next minute's poll is the retry; it reads what was missed. Deployments that
were blocked go on once nothing blocks them. What a person should look at rings an alarm.

**What nothing can help:** a Region that is down takes its own alarms with it, and a gate that cannot sign cannot
speak. That is why a gate says in each message and log line by what it decided: central, or its own look.

## Each fault

*Outcome* is of the deployment that was played: where an event is the point, one that the open event concerns. *How
soon* is simulated time: of the gate's own seconds, where it counts from the question; else of the organization's.
*Alarm* is what rings in the home cell while deployments ask every minute, and how long after the fault, worked out of
the metrics that the functions emitted and the alarms of `stacksets/rendered/central.yaml`. CloudWatch may take a few
minutes longer where data points are missing. What to do about each alarm: [runbook](runbook.md). Clauses in brackets
are the names by which the tests know what is promised.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, *_sections()]
    return "\n".join(parts)


def _sections() -> Iterator[str]:
    for group, records in groupby(RECORDS, key=lambda record: record.group):
        yield f"### {group}\n"
        yield "| what fails | what the deployment sees | outcome | how soon | alarm |\n|---|---|---|---|---|"
        yield from map(_row, records)
        yield ""


def _row(record: Record) -> str:
    outcome = f"{record.verdict or 'no verdict'}, job {record.result or 'not answered'}"
    cells = (record.fails, f"{record.sees} ({record.clause})", outcome, _soon(record), _alarms(record))
    return f"| {' | '.join(cells)} |"


def _soon(record: Record) -> str:
    if record.since == QUESTION:
        return f"within {record.seconds} s" if record.seconds else "at once"
    if not record.seconds:
        return "with the next poll" if record.since == EVENT else f"with the next poll after {record.since}"
    return f"{record.seconds // _MINUTE} min after {record.since}"


def _alarms(record: Record) -> str:
    if not record.alarms:
        return f"none: {record.silent}"
    return "; ".join(f"`{name}` after {minutes} min" for name, minutes in sorted(record.alarms.items()))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
