"""What an operation of the StackSet wrote, told by its id.

CloudFormation lists with every gate the id of the operation that touched it last, and lets whoever begins an operation
choose the id. So an id that says what was written is a fingerprint at each gate that costs no call of its own: what
the set held then (template, parameters, tags), and which settings of the account were written. An operation that is
not ours (a new account's, a person's in the console) says nothing, and what it left there is written anew.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

PLAIN: Final = "plain"
"""The settings of a gate that has the set's own."""
UNKNOWN: Final = "unknown"
_LENGTH: Final = 12
_ID: Final = re.compile(r"^org-gate-([0-9a-f]{12}|unknown)-([0-9a-f]{12}|plain|unknown)-[0-9a-f]+$")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """``content`` is a digest of what the set held, ``settings`` one of the account's; each may be UNKNOWN."""

    content: str = UNKNOWN
    settings: str = UNKNOWN

    def operation_id(self, new_id: str) -> str:
        """An id for an operation that leaves this mark; ``new_id`` is of hex digits that nobody gave before."""
        return f"org-gate-{self.content}-{self.settings}-{new_id[:_LENGTH]}"


def mark_of(operation_id: str) -> Mark:
    """What the operation left, as far as its id says so."""
    found = _ID.match(operation_id)
    return Mark(*found.groups()) if found else Mark()


def digest(value: Any) -> str:
    """Of anything that JSON can hold; mappings in whatever order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def settings_mark(settings: Mapping[str, str]) -> str:
    """Of settings written into a gate; empty: the set's own."""
    return digest(dict(settings)) if settings else PLAIN
