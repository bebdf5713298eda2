"""P3 `tags`, P2 `entities` and D5d `zones_from_text`: what is read only where a policy asks for it."""

from dataclasses import replace
from typing import Any

import pytest

from org_gate.decision.engine import decide
from org_gate.model.event import Event, Knowledge
from org_gate.policy.model import Policy
from org_gate.policy.uses import uses_entities, uses_tags
from tests.unit.decision.builders import ACCOUNTS, DEV, NOW, PROD, STRANGER, decided, event, policy, request

TAGGED = ACCOUNTS | {PROD: replace(ACCOUNTS[PROD], tags={"tier": "1", "team": ""})}


def rule_of(asks: str, one: Event, rules: Policy) -> str | None:
    """Which rule decides; of two both of which may, a doubt is in the explanation."""
    known = Knowledge(NOW, (one,), TAGGED)
    (reason,) = decide(request(asks), known, rules, policy_version=1, now=NOW).reasons
    return f"{reason.rule}?" if "not known" in reason.explanation else reason.rule


def fits(filters: dict[str, Any], asks: str, *, field: str = "targets", **fields: Any) -> str | None:
    rules = policy({"name": "it", "verdict": "block", field: filters}, {"name": "not", "verdict": "warn"})
    return rule_of(asks, event(**fields), rules)


@pytest.mark.contract("P3")
@pytest.mark.parametrize(
    ("tags", "account", "expected"),
    [
        ({"tier": ["1"]}, PROD, "it"),
        ({"tier": ["2", "1"]}, PROD, "it"),
        ({"tier": ["2"]}, PROD, "not"),
        ({"tier": ["1"], "team": [""]}, PROD, "it"),
        ({"tier": ["1"], "team": ["a"]}, PROD, "not"),
        ({"Tier": ["1"]}, PROD, "not"),
        ({"tier": ["*"]}, PROD, "not"),
        ({"absent": [""]}, PROD, "not"),
        ({"tier": ["1"]}, DEV, "it?"),  # not read
        ({"tier": ["1"]}, STRANGER, "it?"),  # not in the tree
    ],
)
def test_p3_all_keys_any_value(tags: dict[str, list[str]], account: str, expected: str) -> None:
    assert fits({"tags": tags}, f"{account}/us-east-1") == expected


@pytest.mark.contract("P2")
@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["i-*"], "it"),
        (["vol-?", "i-0ab[c]"], "it"),
        (["vol-*"], "not"),
        (["I-*"], "not"),
        (["0abc"], "not"),
        (["db-1"], "not"),  # another account's
    ],
)
def test_p2_entities_are_those_of_the_targets_account(globs: list[str], expected: str) -> None:
    entities = {PROD: ("arn:x", "i-0abc"), DEV: ("db-1",)}
    assert fits({"entities": globs}, f"{PROD}/us-east-1", field="match", entities=entities) == expected


@pytest.mark.contract("D7")
@pytest.mark.parametrize("entities", [{}, {PROD: ()}, {DEV: ("i-0abc",)}])
def test_p2_no_known_entity_of_the_account_is_not_known(entities: dict[str, tuple[str, ...]]) -> None:
    assert fits({"entities": ["i-*"]}, f"{PROD}/us-east-1", field="match", entities=entities) == "it?"


@pytest.mark.contract("P2")
def test_p2_one_event_may_fit_one_account_and_not_the_next() -> None:
    rules = policy({"name": "it", "match": {"entities": ["i-*"]}}, {"name": "below", "verdict": "warn"})
    one = event(entities={PROD: ("i-1",), DEV: ("vol-1",)})
    reasons = decided(request(f"{PROD}/us-east-1", f"{DEV}/us-east-1"), one, rules).reasons
    assert [(reason.target, reason.rule) for reason in reasons] == [(0, "it"), (1, "below")]


@pytest.mark.contract("D5")
@pytest.mark.parametrize(
    ("zone", "text_zones", "asked", "from_text", "concerns"),
    [
        (None, ("use1-az4",), "use1-az4", True, True),
        (None, ("use1-az4",), "use1-az6", True, False),
        (None, ("use1-az4",), "use1-az6", False, True),
        (None, ("use1-az4", "use1-az6"), "USE1-AZ6", True, True),
        (None, ("use1-az4",), "us-east-1a", True, True),  # cannot be compared
        (None, (), "use1-az6", True, True),
        ("us-east-1a", ("use1-az4",), "us-east-1b", False, False),
        ("us-east-1a", ("use1-az4",), "us-east-1b", True, True),
        ("use1-az4", ("use1-az6",), "use1-az6", True, True),
        ("use1-az4", ("use1-az6",), "use1-az6", False, False),
    ],
)
def test_d5_zones_of_the_text_count_where_the_policy_says_so(
    zone: str | None,
    text_zones: tuple[str, ...],
    asked: str,
    from_text: bool,  # noqa: FBT001  a table's column
    concerns: bool,  # noqa: FBT001  a table's column
) -> None:
    one = event(availability_zone=zone, text_zones=text_zones)
    rules = policy({}, zones_from_text=from_text)
    assert bool(decided(f"/us-east-1//{asked}", one, rules).reasons) is concerns
    match = policy({"name": "it", "match": {"availability_zones": [asked]}}, zones_from_text=from_text)
    assert bool(decided("/us-east-1", one, match).reasons) is concerns


TAGS = {"tags": {"tier": ["1"]}}


@pytest.mark.parametrize(
    ("fields", "tags"),
    [
        ({}, False),
        ({"rules": [{"name": "a", "verdict": "warn", "targets": TAGS}]}, True),
        ({"modes": [{"targets": TAGS, "mode": "warn"}]}, True),
        ({"exempt": [TAGS]}, True),
        ({"delegates": [{"account": DEV, "may_ask_for": TAGS}]}, True),
        (
            {"freezes": [{"name": "f", "from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z", "targets": TAGS}]},
            True,
        ),
        (
            {"freezes": [{"name": "f", "from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z", "except": TAGS}]},
            True,
        ),
    ],
)
def test_what_a_policy_uses(fields: dict[str, Any], tags: bool) -> None:  # noqa: FBT001  a table's column
    rules = policy(*fields.pop("rules", ()), **fields)
    assert (uses_tags(rules), uses_entities(rules)) == (tags, False)
    assert uses_entities(policy({"match": {"entities": ["i-*"]}}))
