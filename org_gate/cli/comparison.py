"""What a policy would have changed: recorded decisions decided again by the decision API, told in words.

Only an argument, never a condition: where there is nothing to compare with, that is said, and publishing goes on.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi
from org_gate.client.errors import NoAnswer, Refused
from org_gate.report.plain import count

LAST: Final = 500
_LISTED: Final = 20
_OLDER: Final = "this decision API is of an older version that cannot do it"
_NO_SUCH_ROUTE: Final = frozenset({404, 405})


def comparison_lines(url: str, api: DecisionApi, policy: Mapping[str, Any]) -> Iterator[str]:
    """What would have changed at a URL, or why that cannot be said. Raises NoCredentials."""
    where = harmless(url)
    try:
        found = api.compare_policy(policy, LAST)
    except Refused as error:
        yield _not_compared(where, _OLDER if error.status in _NO_SUCH_ROUTE else str(error))
    except NoAnswer as error:
        yield _not_compared(where, "; ".join(attempt.why for attempt in error.attempts))
    else:
        yield from _told(where, found)


def _not_compared(where: str, why: str) -> str:
    return f"{where}: recorded decisions were not compared, which hinders nothing: {harmless(why.rstrip('.'))}."


def _told(where: str, found: Mapping[str, Any]) -> Iterator[str]:
    changed = found["changed"]
    number = len(changed) + found["changed_omitted"]
    if found.get("unreadable"):
        kept = count(found["unreadable"], "recorded decision")
        yield f"{where}: {kept} could not be compared: another version of org-gate kept what is in them."
    if found.get("not_reached"):
        yield f"{where}: there was no time to compare {count(found['not_reached'], 'older decision')}."
    elif not found["compared"]:
        yield f"{where}: there are no recorded decisions to compare with."
    if not found["compared"]:
        return
    last = f"{where}: of the last {count(found['compared'], 'decision')}, by the events recorded with them"
    if not number:
        yield f"{last}, none would change."
        return
    yield f"{last}, {'this 1' if number == 1 else f'these {number}'} would change:"
    for one in changed[:_LISTED]:
        yield f"  {_change(one)}"
    left = number - len(changed[:_LISTED])
    if left:
        yield f"  and {left} more"


def _change(one: Mapping[str, Any]) -> str:
    who = f"{harmless(one['account'])} {_pipeline(one.get('pipeline'))}".rstrip()
    turned = f"{_verdict(one['before'])} → {_verdict(one['after'])}"
    return f"{harmless(one['at'])} {who}: {turned}. {harmless(one['because'])} [{harmless(one['decision_id'])}]"


def _pipeline(pipeline: object) -> str:
    """By its name: an object as a decision has it, or the name alone; nothing where none asked."""
    name = pipeline.get("name") if isinstance(pipeline, Mapping) else pipeline
    return harmless(name) if name else ""


def _verdict(side: Mapping[str, Any]) -> str:
    """What was done and, where the mode softened it, what enforce would have said."""
    if side["would_be"] == side["verdict"]:
        return str(side["verdict"])
    return f"{side['verdict']} (enforce: {side['would_be']})"
