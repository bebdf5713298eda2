"""Pieces of sentences that explanations and summaries are made of.

What comes from AWS Health or from a caller is brought to printable text of bounded length first: an explanation
ends on terminals, in chats and in CodePipeline's console.
"""

from typing import Final

from org_gate.model.decision import FreezeMark, Verdict
from org_gate.model.event import Event
from org_gate.model.override import Override
from org_gate.model.request import Target
from org_gate.model.times import format_time

_LONGEST: Final = 120
_CATEGORIES: Final = {
    "issue": "issue",
    "investigation": "investigation",
    "scheduledChange": "scheduled change",
    "accountNotification": "account notification",
}


def plain(text: str, longest: int = _LONGEST) -> str:
    """One line of printable characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def sentence(text: str) -> str:
    """With a full stop, where it has no end yet."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def target_text(target: Target) -> str:
    """The short form (D1)."""
    parts = [target.account, target.region, "+".join(target.services), "+".join(target.availability_zones)]
    return plain("/".join(parts).rstrip("/"))


def event_text(event: Event) -> str:
    """``RDS in us-east-1: issue, open since 2026-03-02T12:04:00Z``; what AWS Health did not say is marked."""
    service = plain(event.service) if event.service else "an unnamed service"
    region = plain(event.region) if event.region else "an unnamed Region"
    drill = "DRILL: " if event.drill else ""
    declared = ", declared by the platform team (AWS Health has not posted it)" if event.declared else ""
    return f"{drill}{service} in {region}: {_category(event)}, {_course(event)}{declared}"


def freeze_text(freeze: FreezeMark) -> str:
    """``freeze peak-season from 2026-11-26T00:00:00Z until 2026-12-01T00:00:00Z``."""
    return f"freeze {plain(freeze.name)} from {format_time(freeze.start)} until {format_time(freeze.end)}"


def lifted_text(override: Override, verdict: Verdict) -> str:
    """What an override makes of a reason with this verdict: whose it is, until when it holds, and why."""
    ticket = f" (ticket {plain(override.ticket)})" if override.ticket else ""
    until = format_time(override.expires_at)
    lifts = verdict is Verdict.BLOCK
    does = f"lifts it until {until}, so it counts as a warning" if lifts else f"names it as well, until {until}"
    why = sentence(plain(override.reason, 500))
    return f"Override {plain(override.id)} of {plain(override.who, 200)} {does}{ticket}: {why}"


def _category(event: Event) -> str:
    if event.category is None:
        return "event of an untold category"
    return _CATEGORIES.get(event.category, plain(event.category))


def _course(event: Event) -> str:
    status = plain(event.status) if event.status else "status not told"
    since = "from" if event.status == "upcoming" else "since"
    start = f" {since} {format_time(event.start)}" if event.start else ", start not told"
    end = f" until {format_time(event.end)}" if event.end else ""
    return f"{status}{start}{end}"
