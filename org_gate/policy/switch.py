"""The off switch: a policy with a mode on top of all that it says about modes, and the way back. Pure.

A switch is an entry before all other ``modes``, so that it holds first, and is known by the note of its version: what
held before it is the newest version that was not made by a switch.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from org_gate.model.decision import Mode
from org_gate.policy.model import Policy, TargetFilter, TargetMode

NOTE: Final = "org-gate rollout mode "
"""How the notes of a switch's versions begin."""


def switched(policy: Policy, mode: Mode, ous: Sequence[str]) -> Policy:
    """With ``mode`` for all that is below these OUs; for everyone where none is given."""
    targets = TargetFilter(ous=tuple(ous)) if ous else TargetFilter()
    others = [each for each in policy.modes if each.targets != targets]
    return policy.model_copy(update={"modes": (TargetMode(targets=targets, mode=mode), *others)})


def general_mode(policy: Policy) -> Mode:
    """The mode of whoever no entry of ``modes`` names in particular: a switch for everyone counts, too."""
    everyone = (each.mode for each in policy.modes if each.targets == TargetFilter())
    return next(everyone, policy.mode)


def below(path: str) -> str:
    """The pattern for all accounts below an OU's path; an id stands for that already."""
    is_id = path.startswith(("ou-", "r-"))
    return path if is_id or path.endswith("**") else f"{path.strip('/')}/**"


def note_of(mode: str, ous: Sequence[str], why: str) -> str:
    """The note of a switch's version."""
    whom = ", ".join(ous) or "everyone"
    return f"{NOTE}{mode} for {whom}: {why}"[:1000]


def version_before(versions: Iterable[Mapping[str, Any]]) -> int | None:
    """Of ``version`` and ``note`` in any order: the one that held before the switches; None where none is on."""
    newest_first = sorted(versions, key=lambda each: -int(each["version"]))
    if not newest_first or not str(newest_first[0]["note"]).startswith(NOTE):
        return None
    return next((int(each["version"]) for each in newest_first if not str(each["note"]).startswith(NOTE)), None)
