"""Preflight: policies of the organization (service and resource control policies) that forbid what is needed.

Reads policies, what they are attached to and their text: calls that grow with the number of policies, not with that
of accounts. A policy's text is a stranger's: what cannot be read is told, never guessed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from org_gate.inventory.errors import asking_aws
from org_gate.rollout.preflight_denials import Denial, Hits, denials, exempted, hits, is_about_regions
from org_gate.rollout.preflight_findings import Finding, Severity, Who, command, listed
from org_gate.rollout.preflight_ground import Ground
from org_gate.rollout.preflight_needs import Need, central_needs, member_needs, resource_needs

_SERVICE: Final = "SERVICE_CONTROL_POLICY"
_KINDS: Final = {_SERVICE: "service control policy", "RESOURCE_CONTROL_POLICY": "resource control policy"}
_CENTRAL: Final = "the central account"


@dataclass(frozen=True, slots=True)
class _Policy:
    kind: str
    id: str
    name: str
    content: str
    targets: tuple[str, ...]
    """Ids of roots, OUs and accounts."""
    attached: tuple[str, ...]
    """Their names, for people."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A statement that denies, or may deny, what somebody needs."""

    statement: Denial
    whom: str
    sure: bool
    needs: tuple[Need, ...]


def organization_policies(ground: Ground) -> Iterator[Finding]:
    """Deny statements that hit the central account or accounts that get a gate."""
    for kind in _KINDS:
        for policy in _policies(ground, kind):
            try:
                document = json.loads(policy.content)
            except ValueError:
                yield _unreadable(policy)
                continue
            yield from _findings(policy, document, [*_hits(ground, policy, document)])


def _findings(policy: _Policy, document: Mapping[str, Any], found: list[_Hit]) -> Iterator[Finding]:
    """One for each hit. Those of a policy that are as sure share one command: each mends all of them."""
    for hit in found:
        alike = [each for each in found if each.sure or not hit.sure]
        mended = document
        for each in alike:
            mended = exempted(mended, each.statement.index, each.needs)
        yield _finding(policy, hit, _update(policy, mended))


def _hits(ground: Ground, policy: _Policy, document: Mapping[str, Any]) -> Iterator[_Hit]:
    for statement in denials(document):
        for whom, needs in _asked(ground, policy):
            found = [(hits(statement.body, need, ground.tree.id), need) for need in needs]
            surely = tuple(need for hit, need in found if hit is Hits.YES)
            perhaps = tuple(need for hit, need in found if hit is Hits.PERHAPS)
            if surely or perhaps:
                yield _Hit(statement, whom, bool(surely), surely or perhaps)


def _asked(ground: Ground, policy: _Policy) -> Iterator[tuple[str, list[Need]]]:
    """Whom the policy reaches, in words, and what they need; one account stands for all that get a gate."""
    targets = set(policy.targets)
    central = ground.tree.members.get(ground.central)
    if central is not None and policy.kind == _SERVICE and targets & {ground.central, *central.account.ou_ids}:
        management = ground.tree.management
        yield _CENTRAL, [*central_needs(ground.settings, management, ground.caller)]
    reached = [one.account.id for one in ground.members if targets & {one.account.id, *one.account.ou_ids}]
    if reached:
        needs = member_needs if policy.kind == _SERVICE else resource_needs
        yield f"accounts that get a gate ({len(reached)}: {listed(reached, 3)})", [*needs(ground.settings, reached[0])]


def _finding(policy: _Policy, hit: _Hit, update: str) -> Finding:
    actions = sorted({need.action for need in hit.needs})
    regions = sorted({need.region for need in hit.needs})
    purposes = listed(sorted({need.purpose for need in hit.needs}))
    denies = "denies" if hit.sure else "may deny, by conditions that cannot be judged from here,"
    if is_about_regions(hit.statement.body):
        mend = f"Add {', '.join(regions)} to the Regions of that statement, or take them out of the settings."
    else:
        mend = f"Leave {listed(sorted({need.exempt for need in hit.needs}))} out of that statement."
    change = "The command gives the policy the same text with all such changes: read it before you run it."
    return Finding(
        code="organization-policy" if hit.sure else "organization-policy-perhaps",
        severity=Severity.STOPS if hit.sure else Severity.WARNS,
        found=f"The {_KINDS[policy.kind]} {policy.name!r} ({policy.id}, attached to {listed(policy.attached, 3)}), "
        f"statement {hit.statement.name!r}, {denies} {listed(actions)} in {listed(regions)} to {hit.whom}.",
        means=f"Forbidden: {purposes}." if hit.sure else f"Where the conditions hold, forbidden: {purposes}.",
        mend=f"{mend} {change}" if hit.sure else f"Look at the conditions. If they hold: {mend} {change}",
        who=Who.MANAGEMENT,
        commands=(update,),
    )


def _unreadable(policy: _Policy) -> Finding:
    return Finding(
        code="organization-policy-unreadable",
        severity=Severity.WARNS,
        found=f"The text of the {_KINDS[policy.kind]} {policy.name!r} ({policy.id}) is not JSON.",
        means="Whether it forbids something that is needed is not known.",
        mend="Look at it.",
        who=Who.MANAGEMENT,
        commands=(command("aws", "organizations", "describe-policy", "--policy-id", policy.id),),
    )


def _update(policy: _Policy, document: Mapping[str, Any]) -> str:
    text = json.dumps(document, separators=(",", ":"))
    return command("aws", "organizations", "update-policy", "--policy-id", policy.id, "--content", text)


def _policies(ground: Ground, kind: str) -> Iterator[_Policy]:
    """Those that are attached to something; AWS's own only allow."""
    organizations = ground.client("organizations")
    with asking_aws("read the organization's policies"):
        pages = organizations.get_paginator("list_policies").paginate(Filter=kind)
        own = [each for page in pages for each in page["Policies"] if not each.get("AwsManaged", False)]
        for each in own:
            targets = [*_targets(organizations, each["Id"])]
            if targets:
                content = organizations.describe_policy(PolicyId=each["Id"])["Policy"]["Content"]
                ids, names = zip(*targets, strict=True)
                yield _Policy(kind, each["Id"], each["Name"], content, ids, names)


def _targets(organizations: Any, policy: str) -> Iterable[tuple[str, str]]:
    pages = organizations.get_paginator("list_targets_for_policy").paginate(PolicyId=policy)
    return [(each["TargetId"], each.get("Name") or each["TargetId"]) for page in pages for each in page["Targets"]]
