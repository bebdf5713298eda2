"""Whether an override may be made at all (D10, ``override_grants``): what the policy asks of it, and of its maker.

The central account may override anything; any other only itself, and only as far as a grant surely lets it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final, Literal

from org_gate.decision.fit import Fit
from org_gate.decision.targets import target_fits
from org_gate.decision.words import plain
from org_gate.model.event import GLOBAL, Account
from org_gate.model.override import Override
from org_gate.model.request import Target
from org_gate.policy.fields import duration_text
from org_gate.policy.model import OverrideGrant, Policy
from org_gate.policy.services import ServiceNames

_GLOB: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Refusal:
    """``invalid``: nobody may make such an override; ``forbidden``: this account may not. ``detail``: what to do."""

    kind: Literal["invalid", "forbidden"]
    detail: str


def override_refusal(
    override: Override, account: Account | None, policy: Policy, *, central_account: str
) -> Refusal | None:
    """None where it may be made. ``account`` is its maker in the organization tree; None where it is not there."""
    wrong = _wrong(override, policy)
    if wrong is not None:
        return Refusal("invalid", wrong)
    if override.account == central_account:
        return None
    forbidden = _not_its_own(override) or _not_granted(override, account, policy)
    return None if forbidden is None else Refusal("forbidden", forbidden)


def _wrong(override: Override, policy: Policy) -> str | None:
    """What is wrong with it whoever makes it."""
    if not (override.accounts or override.pipelines):
        return "The override names neither accounts nor pipelines, so it would lift nothing. Name one or both."
    if _length(override) > policy.max_override:
        return (
            f"The override lasts {duration_text(_length(override))}; the policy's max_override is "
            f"{duration_text(policy.max_override)}. Ask for at most that, and make another one when it is over."
        )
    return _wrong_ticket(override.ticket, policy.override_ticket)


def _wrong_ticket(ticket: str | None, wanted: str) -> str | None:
    if not wanted or (ticket and fnmatchcase(ticket, wanted)):
        return None
    found = f"The ticket {plain(ticket)} does not look like one" if ticket else "The override has no ticket"
    return f"{found}; the policy's override_ticket asks for one like {plain(wanted)}. Name the ticket it is for."


def _not_its_own(override: Override) -> str | None:
    if set(override.accounts) == {override.account}:
        return None
    return (
        f"Account {plain(override.account)} may override for itself only: accounts has to name it, and no other. "
        "Whatever else has to be lifted the platform team overrides, from the central account."
    )


def _not_granted(override: Override, account: Account | None, policy: Policy) -> str | None:
    """That it is within ``max_override`` is known already."""
    granted = [grant.longest for grant in _fitting(override, account, policy)]
    if any(_length(override) <= longest for longest in granted):
        return None
    if granted:
        return (
            f"Account {plain(override.account)} may override for itself for at most {duration_text(max(granted))}, and "
            f"asks for {duration_text(_length(override))}. Ask for less, or have the platform team override."
        )
    unknown = "" if account else ", which is not in the organization tree that was read,"
    return (
        f"The policy lets account {plain(override.account)}{unknown} make no such override. Have the platform team "
        f"override, or add this entry to override_grants in the policy: {_entry(override)}"
    )


def _entry(override: Override) -> str:
    return json.dumps({"targets": {"accounts": [override.account]}, "max": duration_text(_length(override))})


def _fitting(override: Override, account: Account | None, policy: Policy) -> Iterable[OverrideGrant]:
    """Those that surely fit; what is not known counts as not fitting (D7)."""
    accounts = {} if account is None else {account.id: account}
    names = ServiceNames(policy.service_aliases)
    target = Target(override.account, GLOBAL)
    for grant in policy.override_grants:
        wanted = grant.targets
        if wanted.regions or not _within(override.pipelines, wanted.pipelines):
            continue  # an override names no Region (and no service, which the target shows)
        whose = wanted.model_copy(update={"pipelines": ()})
        if target_fits(whose, target, None, accounts, names).fit is Fit.YES:
            yield grant


def _within(pipelines: tuple[str, ...], granted: tuple[str, ...]) -> bool:
    """Whether the grant surely lets all pipelines that the override may mean; one that names none means all."""
    if not granted:
        return True
    return bool(pipelines) and all(_is_granted(pipeline, granted) for pipeline in pipelines)


def _is_granted(pipeline: str, granted: tuple[str, ...]) -> bool:
    is_name = _GLOB.isdisjoint(pipeline)
    return pipeline in granted or (is_name and any(fnmatchcase(pipeline, glob) for glob in granted))


def _length(override: Override) -> timedelta:
    return override.expires_at - override.created_at
