"""A notice in the forms of SNS: plain text for mail, Amazon Q Developer's custom notification for chat and machines.

Everything is text of other people's making as far as this module knows: it is brought to printable lines of bounded
length, links in it are broken (but for the notice's own), and what chats take for formatting, mentions or links is
replaced by letters that look alike. Attributes let subscribers filter; their lists are bounded, so that a message
always fits.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, Literal

from org_gate.decision.words import plain

Severity = Literal["info", "warning", "critical"]
LONGEST_SUBJECT: Final = 99
_LONGEST_TITLE: Final = 250
_LONGEST_DESCRIPTION: Final = 4000
_LONGEST_TEXT: Final = 6000
_LONGEST_LINE: Final = 600
_MOST_STEPS: Final = 5
_LONGEST_VALUE: Final = 300
_MOST_RELATED: Final = 10
_ACCOUNTS_BYTES, _OUS_BYTES, _TAGS_BYTES = 32_000, 15_000, 15_000
"""Together with five texts of these lengths, in characters of four bytes, it fits SNS's 256 KB."""
_ASCII_FROM, _ASCII_TO = " ", "~"
_DRILL: Final = "DRILL: "
_ALIKE: Final = str.maketrans(
    {
        "<": "‹",
        ">": "›",
        "&": "＆",
        "@": "＠",
        "`": "'",
        "*": "∗",
        "~": "∼",
        "[": "［",
        "]": "］",
        "|": "｜",
        "\\": "＼",
    }
)
_LOOSE_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""One within a word is no formatting to anybody."""
_LINK: Final = re.compile(r"(?i)\b(?:(?<=[a-z]):(?=//)|(?<=www)\.|(?<=mailto):)")
_DOMAIN: Final = re.compile(r"(?<=\w)\.(?=[A-Za-z]{2,}\b)")
"""Chats make links of bare names of hosts, too."""
_GAP: Final = "\N{ZERO WIDTH SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. ``accounts`` are those concerned: whose deployments, or whoever made the change."""

    kind: str
    severity: Severity
    subject: str
    lines: tuple[str, ...]
    accounts: tuple[str, ...]
    ous: tuple[str, ...] = ()
    """Paths of the OUs they are in."""
    tags: tuple[str, ...] = ()
    """Their tags, as ``key=value``."""
    drill: bool = False
    thread: str = ""
    """What has the same is one thread in a chat."""
    next_steps: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    """What it is about: events, decisions, overrides."""
    link: str = ""
    """An address of our own making, to be clicked: the one text that is left as it is."""


def publication(notice: Notice) -> dict[str, Any]:
    """What ``sns:Publish`` takes besides the topic."""
    text = _mail(notice)
    chat = json.dumps(_custom_notification(notice), ensure_ascii=False)
    forms = {"default": text, "email": text, "https": chat, "lambda": chat, "sqs": chat}
    return {
        "Subject": subject_of(notice),
        "Message": json.dumps(forms, ensure_ascii=False),
        "MessageStructure": "json",
        "MessageAttributes": _attributes(notice),
    }


def subject_of(notice: Notice) -> str:
    """Printable ASCII, as SNS asks."""
    text = _marked(notice, plain(notice.subject, LONGEST_SUBJECT))
    return "".join(letter if _ASCII_FROM <= letter <= _ASCII_TO else "?" for letter in text)[:LONGEST_SUBJECT]


def harmless(text: str) -> str:
    """For a chat: nobody is mentioned, nothing is formatted, nothing can be clicked."""
    unlinked = _DOMAIN.sub(f".{_GAP}", _unlinked(text))
    return _LOOSE_UNDERSCORE.sub("＿", unlinked.translate(_ALIKE))


def _unlinked(text: str) -> str:
    return _LINK.sub(lambda found: found[0] + _GAP, text)


def _marked(notice: Notice, text: str) -> str:
    return _DRILL + text if notice.drill and not text.startswith(_DRILL) else text


def _mail(notice: Notice) -> str:
    steps = ["", "What to do:", *(f"- {_line(step)}" for step in notice.next_steps)] if notice.next_steps else []
    text = _clipped(_marked(notice, "\n".join([*map(_line, notice.lines), *steps])), _LONGEST_TEXT)
    return f"{text}\n\n{notice.link}\n" if notice.link else f"{text}\n"


def _custom_notification(notice: Notice) -> dict[str, Any]:
    """Its fields and limits are Amazon Q Developer's (docs/notifications.md)."""
    title = harmless(_marked(notice, plain(notice.subject, _LONGEST_TITLE)))
    text = "\n".join(harmless(_line(line)) for line in notice.lines)
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title[:_LONGEST_TITLE],
            "description": _described(_marked(notice, text), notice.link),
            "nextSteps": [harmless(_line(step)) for step in notice.next_steps[:_MOST_STEPS]],
            "keywords": ["org-gate", notice.kind, notice.severity, *(["drill"] if notice.drill else [])],
        },
        "metadata": {
            "threadId": notice.thread or notice.kind,
            "summary": title[:_LONGEST_TITLE],
            "eventType": notice.kind,
            "relatedResources": [plain(one, _LONGEST_VALUE) for one in notice.related[:_MOST_RELATED]],
            "additionalContext": {
                "kind": notice.kind,
                "severity": notice.severity,
                "drill": "true" if notice.drill else "false",
                "accounts": ",".join(notice.accounts[:_MOST_RELATED]),
            },
        },
    }


def _described(text: str, link: str) -> str:
    """A link that is cut short leads nowhere, so the text makes room for it; one that is too long is left to mails."""
    room = _LONGEST_DESCRIPTION - len(link) - 2
    if not link or room < _LONGEST_LINE:
        return _clipped(text, _LONGEST_DESCRIPTION)
    return f"{_clipped(text, room)}\n\n{link}"


def _attributes(notice: Notice) -> dict[str, Any]:
    """Six at most: a queue that gets messages raw takes no more than ten."""
    plainly = {"kind": notice.kind, "severity": notice.severity, "drill": "true" if notice.drill else "false"}
    lists = {
        "account": _bounded(notice.accounts, _ACCOUNTS_BYTES),
        "ou": _bounded(notice.ous, _OUS_BYTES),
        "tags": _bounded(notice.tags, _TAGS_BYTES),
    }
    return {name: {"DataType": "String", "StringValue": value} for name, value in plainly.items()} | {
        name: {"DataType": "String.Array", "StringValue": json.dumps(values, ensure_ascii=False)}
        for name, values in lists.items()
        if values
    }


def _bounded(values: Sequence[str], most_bytes: int) -> list[str]:
    """The first of them, each once, as many as fit."""
    found = list(dict.fromkeys(value[:_LONGEST_VALUE] for value in values if value))
    sizes = accumulate(len(json.dumps(value, ensure_ascii=False).encode()) + 2 for value in found)
    return [value for value, size in zip(found, sizes, strict=True) if size <= most_bytes]


def _line(text: str) -> str:
    return _unlinked(plain(text, _LONGEST_LINE))


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
