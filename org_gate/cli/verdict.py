"""A decision as a person, a log or GitHub reads it: one decision in, lines out. Pure but for the terminal's colour.

Reads the JSON form (A2), as it came over the wire: what strangers wrote in it is made harmless here.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from org_gate.cli.text import harmless, styled
from org_gate.model.times import describe_duration

_GITHUB_LEVEL: Final = {"block": "error", "warn": "warning", "allow": "notice"}
_GITHUB_ANNOTATIONS: Final = 9
"""Of reasons: GitHub shows ten of a level for a step, and the first is the verdict."""


def text_lines(decision: Mapping[str, Any]) -> Iterator[str]:
    """For people: what to do first, then why, then how well it is known."""
    verdict = decision["verdict"]
    yield f"{styled(verdict.upper(), verdict)}  {harmless(decision['summary'])}"
    for reason in decision["reasons"]:
        yield f"  - {_reason(decision, reason)}"
    if decision["reasons_omitted"]:
        yield f"  - and {decision['reasons_omitted']} more reasons"
    yield f"  {_judged(decision)}"
    yield f"  {_known(decision['knowledge'])}"
    yield f"  decision {harmless(decision['decision_id'])}, policy version {decision['policy_version']}"


def github_lines(decision: Mapping[str, Any]) -> Iterator[str]:
    """Workflow commands of GitHub Actions: the verdict as one annotation, each reason as another."""
    verdict = decision["verdict"]
    known = _known(decision["knowledge"])
    message = f"{harmless(decision['summary'])}\n{known}\ndecision {harmless(decision['decision_id'])}"
    yield github_command(verdict, f"org-gate: {verdict}", message)
    for reason in decision["reasons"][:_GITHUB_ANNOTATIONS]:
        level = reason["verdict"] if verdict == "block" else "warn"
        yield github_command(level, f"org-gate: {harmless(reason.get('kind'))}", _reason(decision, reason))


def github_command(verdict: str, title: str, message: str) -> str:
    """One annotation, escaped as GitHub's own toolkit documents it."""
    level = _GITHUB_LEVEL.get(verdict, "error")
    return f"::{level} title={_property(title)}::{_data(message)}"


def github_outputs(decision: Mapping[str, Any]) -> Iterator[str]:
    """Lines of the file in which a step of GitHub Actions says what it found."""
    yield f"verdict={harmless(decision['verdict'])}"
    yield f"decision-id={harmless(decision['decision_id'])}"


def _reason(decision: Mapping[str, Any], reason: Mapping[str, Any]) -> str:
    rule = f" (rule {harmless(reason['rule'])})" if reason.get("rule") else ""
    where = _target_of(decision, reason.get("target"))
    event = reason.get("event") or {}
    arn = f" [{harmless(event['arn'])}]" if event.get("arn") else ""
    return f"{harmless(reason.get('verdict'))}{rule}{where}: {harmless(reason.get('explanation'))}{arn}"


def _target_of(decision: Mapping[str, Any], index: object) -> str:
    targets = decision["targets"]
    if not isinstance(index, int) or not 0 <= index < len(targets):
        return ""
    target = targets[index]
    parts = [target.get("account"), target.get("region"), "+".join(map(str, target.get("services") or []))]
    return f" at {harmless('/'.join(str(part) for part in parts if part))}"


def _judged(decision: Mapping[str, Any]) -> str:
    """Why the verdict may be milder than the reasons."""
    said = f"mode {harmless(decision['mode'])}"
    if decision["would_be"] != decision["verdict"]:
        said += f": in mode enforce this would be {decision['would_be']}"
    return f"{said}; exempt by the policy" if decision["exempt"] else said


def _known(knowledge: Mapping[str, Any]) -> str:
    age = knowledge.get("age_seconds")
    if not isinstance(age, int):
        return "AWS Health was never read completely"
    old = f"AWS Health as of {harmless(knowledge.get('as_of'))}, {describe_duration(timedelta(seconds=age))} ago"
    return f"{old}: too old to rely on" if knowledge["stale"] else old


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
