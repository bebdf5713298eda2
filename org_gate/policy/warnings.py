"""What is allowed in a policy and yet probably not meant: each with its field, and what to do about it.

A warning is never false: where it is not sure that something is odd, nothing is said. Knows no clock, so a freeze that
is over is no news here. Judges no deployment.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from org_gate.model.decision import Mode, Verdict
from org_gate.model.event import MULTIPLE_SERVICES
from org_gate.model.regions import KNOWN_REGIONS
from org_gate.policy.coverage import always_known, can_meet, rule_covers, targets_cover
from org_gate.policy.fields import duration_text
from org_gate.policy.mistakes import nearest
from org_gate.policy.model import Freeze, Match, Policy, Rule, TargetFilter, TargetMode
from org_gate.policy.services import ServiceNames

_ANY: Final = TargetFilter()
_CALLERS_WORD: Final = "which is the caller's word: name accounts or ous beside it"


def warnings(policy: Policy) -> list[str]:
    """One line each: the field, what is odd about it, what to do."""
    names = ServiceNames(policy.service_aliases)
    return [
        *_unknown_services(policy, names),
        *_unknown_regions(policy),
        *_modes(policy, names),
        *_exempt(policy),
        *_delegates(policy),
        *_grants(policy),
        *_resume(policy),
        *_rules(policy, names),
        *_freezes(policy, names),
    ]


class _Named(NamedTuple):
    """A filter and its field."""

    field: str
    filter: Match | TargetFilter


def _filters(policy: Policy) -> Iterator[_Named]:
    """Every filter with its field."""
    for index, entry in enumerate(policy.modes):
        yield _Named(f"modes[{index}].targets", entry.targets)
    for index, filters in enumerate(policy.exempt):
        yield _Named(f"exempt[{index}]", filters)
    for index, delegate in enumerate(policy.delegates):
        yield _Named(f"delegates[{index}].may_ask_for", delegate.may_ask_for)
    for index, grant in enumerate(policy.override_grants):
        yield _Named(f"override_grants[{index}].targets", grant.targets)
    for index, rule in enumerate(policy.rules):
        yield _Named(f"rules[{index}].match", rule.match)
        yield _Named(f"rules[{index}].targets", rule.targets)
    for index, freeze in enumerate(policy.freezes):
        yield _Named(f"freezes[{index}].targets", freeze.targets)
        if freeze.excepted is not None:
            yield _Named(f"freezes[{index}].except", freeze.excepted)


def _unknown_services(policy: Policy, names: ServiceNames) -> Iterator[str]:
    for field, codes in _services_named(policy):
        unknown = [code for code in codes if not names.is_known(code)]
        for code in unknown:
            close = names.nearest(code)
            hint = f"; did you mean {close}?" if close else "; if AWS Health uses it, add it to service_aliases"
            yield f"{field}: {code} is not an AWS Health service code that this version knows{hint}"
        if field.startswith("rules[") and codes and len(unknown) == len(codes):
            yield f"{field}: no service code of this rule is known, so it may never decide; mend the codes"


def _services_named(policy: Policy) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "platform_services", policy.platform_services
    yield "global_services", policy.global_services
    for code, needed in policy.depends_on.items():
        yield f"depends_on.{code}", (code, *needed)
    yield "service_aliases", tuple(policy.service_aliases.values())
    for field, one in _filters(policy):
        yield f"{field}.services", one.services


def _unknown_regions(policy: Policy) -> Iterator[str]:
    for field, one in _filters(policy):
        for region in one.regions:
            if region not in KNOWN_REGIONS:
                close = nearest(region, sorted(KNOWN_REGIONS))
                hint = f"; did you mean {close}?" if close else ""
                yield f"{field}.regions: {region} is not a Region that this version knows{hint}"


def _modes(policy: Policy, names: ServiceNames) -> Iterator[str]:
    for index, entry in enumerate(policy.modes):
        field = f"modes[{index}]"
        if entry.targets == _ANY and entry.mode is not Mode.ENFORCE:
            yield (
                f"{field} has no conditions, so nothing is blocked but what an entry above it enforces, and `mode` "
                "never counts; if that is meant, set `mode` instead"
            )
        covered = list(_never_counts(field, entry, policy.modes[:index], names))
        yield from covered
        strictest = max(mode.strictness for mode in (*(one.mode for one in policy.modes[index:]), policy.mode))
        if not covered and _by_name_alone(entry.targets) and entry.mode.strictness < strictest:
            yield f"{field}.targets.pipelines: the mode is made softer by the name of a pipeline, {_CALLERS_WORD}"


def _never_counts(field: str, entry: TargetMode, above: Sequence[TargetMode], names: ServiceNames) -> Iterator[str]:
    """Where it is not known whether the upper one fits, the stricter of both counts (D7)."""
    covering = [one for one in above if targets_cover(one.targets, entry.targets, names)]
    if any(one.mode.strictness >= entry.mode.strictness or always_known(one.targets) for one in covering):
        yield f"{field} never counts: an entry above it fits all that it fits; move it up, or take it out"
    elif covering:
        yield (
            f"{field} counts only where it is not known whether an entry above it fits, for that fits all that it "
            "fits; move it up, or take it out"
        )


def _exempt(policy: Policy) -> Iterator[str]:
    for index, filters in enumerate(policy.exempt):
        if filters == _ANY:
            yield f"exempt[{index}] has no conditions, so every deployment is always allowed"
        if _by_name_alone(filters):
            yield f"exempt[{index}].pipelines: a pipeline is exempt by its name, {_CALLERS_WORD}"


def _delegates(policy: Policy) -> Iterator[str]:
    for index, delegate in enumerate(policy.delegates):
        if delegate.may_ask_for == _ANY:
            yield (
                f"delegates[{index}].may_ask_for has no conditions, so account {delegate.account} may ask about every "
                "account; name accounts or ous"
            )


def _grants(policy: Policy) -> Iterator[str]:
    for index, grant in enumerate(policy.override_grants):
        field, targets = f"override_grants[{index}]", grant.targets
        if targets == _ANY:
            yield (f"{field}.targets has no conditions, so every account may override for itself; name accounts or ous")
        if _by_name_alone(targets):
            yield f"{field}.targets.pipelines: overrides are granted by the name of a pipeline, {_CALLERS_WORD}"
        for what, named in (("regions", targets.regions), ("services", targets.services)):
            if named:
                yield f"{field}.targets.{what}: an override names no {what}, so this grants nothing; leave them out"
        if grant.longest > policy.max_override:
            yield (
                f"{field}.max: {duration_text(grant.longest)} is beyond max_override, so overrides last "
                f"{duration_text(policy.max_override)} at most all the same; lower it, or raise max_override"
            )


def _resume(policy: Policy) -> Iterator[str]:
    settle, within = policy.resume.settle, policy.resume.within
    if policy.resume.enabled and within < settle:
        yield (
            f"resume.within: {duration_text(within)} is shorter than resume.settle, {duration_text(settle)}, so "
            "nothing ever goes on by itself; make it longer, or say enabled: false"
        )


def _rules(policy: Policy, names: ServiceNames) -> Iterator[str]:
    for index, rule in enumerate(policy.rules):
        field = f"rules[{index}]"
        covered = list(_never_decides(field, rule, policy.rules[:index], names))
        yield from covered
        yield from _odd_match(field, rule, names)
        below = [one.verdict for one in policy.rules[index + 1 :] if can_meet(rule, one, names)]
        severest = max(verdict.severity for verdict in (*below, policy.defaults.verdict))
        if not covered and _by_name_alone(rule.targets) and rule.verdict.severity < severest:
            yield (
                f"{field}.targets.pipelines: rule {rule.name} softens what is below it by the name of a pipeline, "
                f"{_CALLERS_WORD}"
            )


def _never_decides(field: str, rule: Rule, above: Sequence[Rule], names: ServiceNames) -> Iterator[str]:
    """Where it is not known whether the upper one fits, both speak, and the more severe stands (D7)."""
    covering = [one for one in above if rule_covers(one, rule, names)]
    sure = next((one for one in covering if _silences(one, rule)), None)
    if sure is not None:
        yield (
            f"{field}: rule {rule.name} never decides: rule {sure.name} above it fits all that it fits; move it up, or "
            "take it out"
        )
    elif covering:
        yield (
            f"{field}: rule {rule.name} decides only where it is not known whether rule {covering[0].name} above it "
            "fits, for that fits all that it fits; move it up, or take it out"
        )


def _silences(upper: Rule, lower: Rule) -> bool:
    return upper.verdict.severity >= lower.verdict.severity or always_known(upper.match, upper.targets)


def _odd_match(field: str, rule: Rule, names: ServiceNames) -> Iterator[str]:
    listed = names.all(rule.match.services)
    if rule.verdict is not Verdict.ALLOW and listed and MULTIPLE_SERVICES not in listed:
        yield (
            f"{field}.match.services: rule {rule.name} lists services without {MULTIPLE_SERVICES}; AWS Health files "
            "the largest outages under that code, and this rule would not see them"
        )
    if rule.match.entities and not rule.match.scopes and rule.verdict is Verdict.BLOCK:
        yield (
            f"{field}.match.entities: PUBLIC events mostly list no entities, so that it is not known whether rule "
            f"{rule.name} fits them, and they block; add scopes: [ACCOUNT_SPECIFIC], if that is not meant"
        )
    if {*rule.match.statuses} == {"closed"}:
        yield (
            f"{field}.match.statuses: closed events are over and concern nobody, so rule {rule.name} decides only "
            "where a status is not known; name open or upcoming"
        )


def _freezes(policy: Policy, names: ServiceNames) -> Iterator[str]:
    for index, freeze in enumerate(policy.freezes):
        if freeze.excepted is not None:
            yield from _excepted(f"freezes[{index}].except", freeze, freeze.excepted, names)


def _excepted(field: str, freeze: Freeze, excepted: TargetFilter, names: ServiceNames) -> Iterator[str]:
    if excepted == _ANY:
        yield f"{field} has no conditions, so freeze {freeze.name} never counts; name what is free"
    elif targets_cover(excepted, freeze.targets, names):
        yield (
            f"{field} fits all targets of freeze {freeze.name}, so that it counts only where that is not known; name "
            "what is free"
        )
    if _by_name_alone(excepted):
        yield f"{field}.pipelines: a pipeline is free by its name, {_CALLERS_WORD}"


def _by_name_alone(filters: TargetFilter) -> bool:
    """A pipeline whose account nothing is said about: any may call one so."""
    return bool(filters.pipelines) and not (filters.accounts or filters.ous or filters.tags)
