"""The off switch as a policy, and what held before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.model.decision import Mode
from org_gate.policy.load import policy_from_data
from org_gate.policy.model import Policy, TargetFilter, TargetMode
from org_gate.policy.switch import NOTE, below, general_mode, note_of, switched, version_before

POLICY = policy_from_data({"version": 1, "modes": [{"targets": {"ous": ["Dev/**"]}, "mode": "shadow"}]})


def modes(policy: Policy) -> list[tuple[tuple[str, ...], str]]:
    return [(each.targets.ous, each.mode.value) for each in policy.modes]


def test_a_switch_comes_before_everything_and_once() -> None:
    off = switched(POLICY, Mode.SHADOW, [])
    assert off.modes[0] == TargetMode(targets=TargetFilter(), mode=Mode.SHADOW)
    assert modes(off) == [((), "shadow"), (("Dev/**",), "shadow")]
    assert modes(switched(off, Mode.ENFORCE, [])) == [((), "enforce"), (("Dev/**",), "shadow")]
    assert modes(switched(off, Mode.WARN, ["Dev/**"])) == [(("Dev/**",), "warn"), ((), "shadow")]
    assert off.model_copy(update={"modes": POLICY.modes}) == POLICY, "nothing else changes"


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("Workloads/Dev", "Workloads/Dev/**"), ("Dev/", "Dev/**"), ("Dev/**", "Dev/**"), ("ou-ab12-11111111",) * 2],
)
def test_an_ou_stands_for_all_below_it(path: str, pattern: str) -> None:
    assert below(path) == pattern


def test_a_switch_is_known_by_its_note() -> None:
    notes = ["first", "second", note_of("shadow", [], "it blocks too much"), note_of("warn", ["Dev/**"], "less")]
    versions = [{"version": number, "note": note} for number, note in enumerate(notes, 1)]
    assert version_before(versions) == 2
    assert version_before([*versions, {"version": 5, "note": "a new file"}]) is None
    assert version_before(versions[2:]) is None
    assert version_before([]) is None
    assert notes[2] == "org-gate rollout mode shadow for everyone: it blocks too much"


def test_the_general_mode_is_of_whoever_is_not_named() -> None:
    assert general_mode(POLICY) is Mode.ENFORCE
    assert general_mode(switched(POLICY, Mode.SHADOW, [])) is Mode.SHADOW
    assert general_mode(switched(POLICY, Mode.SHADOW, ["Prod/**"])) is Mode.ENFORCE


@given(st.lists(st.booleans(), min_size=1), st.randoms())
def test_what_held_before_is_the_newest_that_is_no_switch(switches: list[bool], order: object) -> None:
    versions = [{"version": number, "note": NOTE if on else "file"} for number, on in enumerate(switches)]
    before = version_before(sorted(versions, key=lambda _: order.random()))  # type: ignore[attr-defined]
    files = [number for number, on in enumerate(switches) if not on]
    assert before == (files[-1] if switches[-1] and files else None)
