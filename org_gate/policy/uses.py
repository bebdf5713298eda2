"""What a policy needs to be known beyond the events themselves: the collector reads it only then.

Looks at every filter of the policy, wherever it stands. Judges nothing.
"""

from collections.abc import Iterator

from org_gate.policy.model import Policy, TargetFilter


def uses_tags(policy: Policy) -> bool:
    """Whether any target filter asks for the tags of an account (P3)."""
    return any(one.tags for one in target_filters(policy))


def uses_entities(policy: Policy) -> bool:
    """Whether any rule asks for affected entities (P2)."""
    return any(rule.match.entities for rule in policy.rules)


def target_filters(policy: Policy) -> Iterator[TargetFilter]:
    """Every target filter of the policy."""
    yield from (entry.targets for entry in policy.modes)
    yield from policy.exempt
    yield from (entry.may_ask_for for entry in policy.delegates)
    yield from (grant.targets for grant in policy.override_grants)
    yield from (rule.targets for rule in policy.rules)
    for freeze in policy.freezes:
        yield freeze.targets
        if freeze.excepted is not None:
            yield freeze.excepted
