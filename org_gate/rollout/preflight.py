"""Whether a rollout can begin: every check, all findings at once, and what could not be looked at.

Reads only. A check that AWS refuses is a finding of its own, and the others go on; the same refusal is told once.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import boto3

from org_gate.inventory.errors import AwsRefusedError
from org_gate.inventory.settings import Settings
from org_gate.rollout.preflight_findings import Finding, Refusal, Severity, could_not_look, not_yet_seen, refusal_of
from org_gate.rollout.preflight_ground import Caller, Ground, ground_of
from org_gate.rollout.preflight_names import central_stacks, management_account, own_gate, stack_set
from org_gate.rollout.preflight_organization import (
    delegated_administrator,
    health_view,
    organization,
    trusted_access,
    waits_for_delegation,
    whose_credentials,
)
from org_gate.rollout.preflight_policies import organization_policies
from org_gate.rollout.preflight_quotas import lambda_concurrency, stack_set_quotas
from org_gate.rollout.preflight_rights import rights
from org_gate.rollout.preflight_settings import member_regions, ous_and_accounts, regions

_ORDER: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Check:
    """``of``: whose credentials see what it looks at. The central account sees most, the management account some."""

    subject: str
    look: Callable[[Ground], Iterable[Finding]]
    of: Callable[[Ground], bool]


def _anybody(_: Ground) -> bool:
    return True


def _administrators(ground: Ground) -> bool:
    return ground.described is not None and (ground.is_central or ground.is_management)


def _central(ground: Ground) -> bool:
    return ground.is_central


CHECKS: Final = (
    Check("whose credentials these are", whose_credentials, _anybody),
    Check("the organization", organization, _anybody),
    Check("trusted access of AWS Health and StackSets", trusted_access, _administrators),
    Check("the delegated administrator", delegated_administrator, _administrators),
    Check("AWS Health's organizational view and the support plan", health_view, _administrators),
    Check("the OUs and accounts of the settings", ous_and_accounts, _administrators),
    Check("the Regions of the central account", regions, _central),
    Check("the Regions of the member accounts", member_regions, _administrators),
    Check("policies of the organization", organization_policies, _administrators),
    Check("what these credentials may do", rights, _central),
    Check("quotas of StackSets", stack_set_quotas, _central),
    Check("Lambda's concurrency", lambda_concurrency, _central),
    Check("the central stacks and their names", central_stacks, _central),
    Check("the names of the central account's own gate", own_gate, _central),
    Check("the StackSet's name", stack_set, _administrators),
    Check("the management account's own gate", management_account, _administrators),
)


@dataclass(frozen=True, slots=True)
class Preflight:
    """``findings``: what stops first. ``seen`` and ``unseen``: what was looked at and what was not, by subject."""

    caller: Caller
    is_central: bool
    is_management: bool
    findings: tuple[Finding, ...]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]

    @property
    def stops(self) -> bool:
        """Whether a rollout cannot begin."""
        return any(finding.severity is Severity.STOPS for finding in self.findings)

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to do; notes ask for nothing."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)

    def data(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "account": self.caller.account,
            "arn": self.caller.arn,
            "is_central": self.is_central,
            "is_management": self.is_management,
            "findings": [finding.data() for finding in self.findings],
            "seen": list(self.seen),
            "unseen": list(self.unseen),
        }


def preflight(session: boto3.Session, settings: Settings, health_regions: Callable[[], tuple[str, ...]]) -> Preflight:
    """All that is found. ``health_regions``: where AWS Health answers, the likeliest first.

    Raises AwsRefusedError where the credentials do not work or nothing at all was answered.
    """
    ground = ground_of(session, settings, health_regions)
    findings: list[Finding] = []
    refused: dict[str, AwsRefusedError] = {}
    seen: list[str] = []
    for check in CHECKS:
        try:
            if check.of(ground):
                for finding in check.look(ground):
                    findings.append(finding)  # noqa: PERF402  what was found before a refusal stays
                seen.append(check.subject)
        except AwsRefusedError as error:
            refused[check.subject] = error
    if refused and len(seen) <= 1:
        raise next(iter(refused.values()))
    findings.extend(_not_looked_at(ground, refused))
    unseen = tuple(check.subject for check in CHECKS if check.subject not in seen)
    findings.sort(key=lambda finding: _ORDER.index(finding.severity))
    return Preflight(ground.caller, ground.is_central, _is_management(ground), tuple(findings), tuple(seen), unseen)


def _not_looked_at(ground: Ground, refused: dict[str, AwsRefusedError]) -> Iterator[Finding]:
    """One finding for each thing that AWS said, with all that it kept from being seen."""
    waiting = [subject for subject, error in refused.items() if waits_for_delegation(ground, error)]
    if waiting:
        yield not_yet_seen(waiting)
    by_answer: dict[Refusal, list[str]] = {}
    for subject, error in refused.items():
        if subject not in waiting:
            by_answer.setdefault(refusal_of(error), []).append(subject)
    for refusal, subjects in by_answer.items():
        yield could_not_look(subjects, refusal)


def _is_management(ground: Ground) -> bool:
    try:
        return ground.is_management
    except AwsRefusedError:
        return False
