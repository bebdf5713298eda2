"""The explanation agrees with the decision over random worlds, and stays small and harmless."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given

from org_gate.decision.engine import decide
from org_gate.decision.explain import explanation_json, explanation_text
from org_gate.decision.explain_filters import listed
from org_gate.model.decision import Decision, decision_json
from tests.unit.decision.builders import DEV, NOW, PROD, event, knowledge, override, policy, request
from tests.unit.decision.oracle import over
from tests.unit.decision.test_engine_against_oracle import QUICK, THOROUGH, World, engine, worlds

SEVERITY = ["allow", "warn", "block"]
STRICTNESS = ["shadow", "warn", "enforce"]
Json = dict[str, Any]


def explained(world: World) -> Json:
    """As it comes over the wire."""
    told = explanation_json(world.request, world.knowledge, world.policy, policy_version=1, now=world.now)
    data: Json = json.loads(json.dumps(told))
    return data


def severest(ways: list[tuple[str, Any]], order: list[str]) -> tuple[str, Any]:
    """The first of equals."""
    return max(ways, key=lambda way: order.index(way[0]))


def by_the_trail(pair: Json) -> tuple[str, str | None]:
    """D6, D7: what follows from the rules as they are told, read from top to bottom."""
    ways = [(rule["verdict"], rule["rule"]) for rule in pair["rules"] if rule["fit"] != "no"]
    if not pair["rules"] or pair["rules"][-1]["fit"] != "yes":
        ways.append((pair["default"], None))
    return severest(ways, SEVERITY)


def reasons_told(explanation: Json) -> Iterator[tuple[Any, ...]]:
    for pair in explanation["events"]:
        if pair["verdict"] != "allow" or pair["rule"] is not None:
            name = (pair["event"]["arn"], pair["event"]["region"])
            yield "event", pair["verdict"], pair["rule"], pair["target"], name, pair["override_id"]
    for freeze in explanation["freezes"]:
        for one in freeze["targets"]:
            if one["holds"]:
                yield "freeze", freeze["verdict"], None, one["target"], (freeze["name"], ""), one["override_id"]
    for index, target in enumerate(explanation["targets"]):
        for _ in target["hints"]:
            yield "hint", "warn", None, index, ("", ""), None


def reasons_given(decision: Decision) -> Iterator[tuple[Any, ...]]:
    for one in decision.reasons:
        if one.kind != "stale":
            name = one.event.key if one.event else (one.freeze.name if one.freeze else "", "")
            yield one.kind, one.verdict.value, one.rule, one.target, tuple(name), one.override_id


@THOROUGH
@given(worlds)
def test_what_is_told_is_what_was_decided(world: World) -> None:
    explanation, decision = explained(world), engine(world)

    assert decision.reasons_omitted == explanation["events_omitted"] == 0
    assert sorted(reasons_told(explanation), key=str) == sorted(reasons_given(decision), key=str)
    for pair in explanation["events"]:
        assert by_the_trail(pair) == (pair["verdict"], pair["rule"])
        assert all(rule["fit"] != "yes" for rule in pair["rules"][:-1])
        assert all(bool(rule["why"]) == (rule["fit"] != "yes") for rule in pair["rules"])
    assert explanation["verdict"] == decision.verdict.value
    assert explanation["would_be"] == decision.would_be.value
    assert all(bool(freeze["why"]) != freeze["in_force"] for freeze in explanation["freezes"])


@QUICK
@given(worlds)
def test_the_verdict_follows_from_what_is_told(world: World) -> None:
    """D9-D12, from the explanation's own parts."""
    explanation, decision = explained(world), engine(world)

    verdict = would_be = "allow"
    stale = [
        (one.kind, one.verdict.value, None, None, None, one.override_id)
        for one in decision.reasons
        if one.kind == "stale"
    ]
    modes = [mode_told(world, target) for target in explanation["targets"]]
    strictest = severest([(mode, None) for mode in modes], STRICTNESS)[0]
    for _, said, _, at, _, lifted in [*reasons_told(explanation), *stale]:
        mode = strictest if at is None else modes[at]
        weight = "warn" if said == "block" and lifted else said
        would_be = severest([(would_be, None), (weight, None)], SEVERITY)[0]
        weight = "warn" if weight == "block" and mode != "enforce" else weight
        verdict = severest([(verdict, None), (weight, None)], SEVERITY)[0]
    exempt = all(one["entry"] is not None for one in explanation["exempt"]["targets"])
    told = ("allow", "allow") if exempt else (verdict, would_be)

    assert explanation["exempt"]["exempt"] == exempt == decision.exempt
    assert (explanation["verdict"], explanation["would_be"]) == told
    assert [target["mode"] for target in explanation["targets"]] == modes
    if explanation["leading"] and not exempt:
        assert explanation["leading"]["counts_as"] == explanation["verdict"]


def mode_told(world: World, target: Json) -> str:
    """D12 from the entries told; the named entry is one that gives the mode."""
    ways = [(one["mode"], one["entry"]) for one in target["modes"] if one["fit"] != "no"]
    if not any(one["fit"] == "yes" for one in target["modes"]):
        ways.append((world.policy.mode.value, None))
    mode, entry = severest(ways, STRICTNESS)
    assert target["mode_entry"] == entry
    return mode


@QUICK
@given(worlds)
def test_every_known_event_is_told_or_counted(world: World) -> None:
    explanation = explained(world)
    told = {(pair["event"]["arn"], pair["event"]["region"]) for pair in explanation["events"]}
    counts = explanation["events_left_out"]
    assert len(told) + sum(counts.values()) == len(world.sky)
    assert counts["over"] == sum(over(one, world.now) for one in world.sky)


@QUICK
@given(worlds)
def test_an_override_as_told_lets_it_through(world: World) -> None:
    explanation = explained(world)
    if explanation["lift"] is None:
        assert explanation["verdict"] != "block"
        return
    accounts, events = tuple(explanation["lift"]["accounts"]), tuple(explanation["lift"]["events"])
    made = override(
        id="o-more", accounts=accounts, events=events, created_at=world.now, expires_at=world.now + timedelta(hours=1)
    )
    after = engine(replace(world, overrides=(*world.overrides, made)))
    assert (explanation["verdict"], after.verdict.value) == ("block", "warn")


@QUICK
@given(worlds)
def test_the_words_are_lines_of_printable_text_and_start_with_the_verdict(world: World) -> None:
    decision = engine(world)
    lines = explanation_text(explained(world), decision_json(decision, "d-1"))
    assert lines[0].startswith(decision.verdict.value.upper())
    assert lines[1].startswith("What to do: ")
    assert all(line.isprintable() for line in lines)
    assert not any(strange in line for line in lines for strange in ("None", "{", "<", "Fit.", "datetime"))


@QUICK
@given(worlds)
def test_the_same_is_told_whatever_the_order_of_events_and_overrides(world: World) -> None:
    turned = replace(world, sky=world.sky[::-1], overrides=world.overrides[::-1])
    assert json.dumps(explained(turned)) == json.dumps(explained(world))


def test_a_large_incident_gives_a_small_explanation() -> None:
    many = [event(arn=f"arn:aws:health:us-east-1::event/RDS/x/{index:05}") for index in range(400)]
    strict = [{"match": {"services": [f"S{index}"]}, "targets": {"tags": {"tier": ["1"]}}} for index in range(60)]
    doubtful = [{"targets": {"tags": {"tier": ["1"]}}, "verdict": "warn"} for _ in range(20)]
    rules = policy(*strict, *doubtful, {"name": "last"})
    asked, known = request(f"{PROD}/us-east-1", f"{DEV}/us-east-1"), knowledge(*many)

    told = explanation_json(asked, known, rules, policy_version=7, now=NOW)
    decision = decide(asked, known, rules, policy_version=7, now=NOW)
    lines = explanation_text(told, decision_json(decision, "d-1"))

    assert (len(told["events"]), told["events_omitted"]) == (200, 600)
    assert len(json.dumps(told)) < 2_000_000
    assert all(pair["rules"][-1]["rule"] == "last" for pair in told["events"])
    assert {len(pair["rules"]) + pair["rules_omitted"] for pair in told["events"]} == {81}
    assert told["reasons"] == {"allow": 0, "warn": 0, "block": 800}
    assert len(lines) < 500


def test_many_accounts_give_a_command_of_a_few_and_the_number_of_the_others() -> None:
    accounts = [f"{index:012}" for index in range(1, 31)]
    asked, known = request(*(f"{account}/us-east-1" for account in accounts)), knowledge(event())
    told = explanation_json(asked, known, policy({}), policy_version=7, now=NOW)
    lines = explanation_text(told, decision_json(decide(asked, known, policy({}), policy_version=7, now=NOW), "d-1"))
    assert told["lift"]["accounts"] == accounts
    (command,) = [line for line in lines if line.startswith("If it cannot wait")]
    assert command.count("--account 0") == 10
    assert command.endswith("(and --account for 20 more, named in --format json)")


def test_what_still_blocks_is_told_where_much_is_lifted() -> None:
    lifted = [event(arn=f"arn:{index:03}") for index in range(250)]
    known = knowledge(
        *lifted,
        event(arn="arn:zzz"),
        overrides=[override(accounts=(PROD,), events=tuple(one.arn for one in lifted))],
    )
    told = explanation_json(request(f"{PROD}/us-east-1"), known, policy({}), policy_version=7, now=NOW)
    first, second = told["events"][:2]
    assert (first["event"]["arn"], first["counts_as"], second["counts_as"]) == ("arn:zzz", "block", "warn")
    assert told["leading"]["named"] == "arn:zzz"
    assert told["lift"] == {"accounts": [PROD], "events": ["arn:zzz"], "reasons": 1}
    (shown,) = told["overrides"]["known"]
    assert (len(shown["lifts"]), shown["lifts_omitted"]) == (20, 230)


def test_what_strangers_wrote_cannot_move_the_cursor_or_run_a_command() -> None:
    evil = "arn:x\x1b[2J\u202e\n$(reboot)'`id`"
    known = knowledge(event(arn=evil, service="R\x1bDS", type_code="T\n" * 5_000), overrides=[override(who="a\x1bb")])
    rules = policy({"match": {"type_codes": ["AWS_*"]}}, {"name": "all"})
    told = explanation_json(request(f"{PROD}/us-east-1"), known, rules, policy_version=7, now=NOW)
    decision = decide(request(f"{PROD}/us-east-1"), known, rules, policy_version=7, now=NOW)
    lines = explanation_text(told, decision_json(decision, "d-\x1b"))
    assert all(line.isprintable() and len(line) < 1_500 for line in lines)
    (command,) = [line for line in lines if line.startswith("If it cannot wait")]
    assert """--event 'arn:x [2J $(reboot)'"'"'`id`' --reason""" in command


def test_long_lists_are_cut() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b or c"
    assert listed(["a", "b"], "and") == "a and b"
    assert listed(list("abcdefg")) == "a, b, c, d, e or 2 more"
    assert listed(["", "b"]) == '"" or b'
