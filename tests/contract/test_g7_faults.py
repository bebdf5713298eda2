"""G7, D13, D14, G6 under faults: whatever each call comes to, the job gets its one answer, in time, and a right one."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from org_gate.member import gate
from tests.unit.member import support
from tests.unit.member.faulty import AWS_FAULTS, CENTRAL, FRESH, HANGS, SHAPES, FaultyWorld, Script, Step
from tests.unit.member.support import NOW, SECRET, decision, issue, job_event

pytestmark = pytest.mark.contract("G7")

Data = dict[str, Any]

HOLD = {"on_block": "hold", "hold_for": "1h"}
AGES = ("garbled", None, 0, 3599, 3600, 90_000)
"""How long that hold has lasted, in seconds; None where it begins."""


def steps(whats: Sequence[str]) -> st.SearchStrategy[list[Step]]:
    seconds = st.sampled_from([0.0, 0.0, 0.1, 1.5, 4.0, HANGS])
    return st.lists(st.builds(Step, st.sampled_from(whats), seconds), min_size=1, max_size=4)


ASKED = ["ok"] * 8 + [*AWS_FAULTS, *(str(index) for index in range(len(SHAPES)))]
SCRIPTS = st.builds(
    Script,
    details=steps(ASKED),
    pipeline=steps(ASKED),
    central=steps([*["block", "stale block", "5xx"] * 5, *CENTRAL]),
    resolve=steps(["ok", "no"]),
    health=steps(ASKED),
    put=steps(["ok"] * 6 + ["taken, lost", "throttle", "5xx", "403", "reset", "raw reset", "unparsable"]),
)
SETTINGS = st.builds(
    support.settings,
    on_unknown=st.sampled_from(["block", "block", "warn", "allow"]),
    mode=st.sampled_from(["enforce", "enforce", "enforce", "warn", "shadow"]),
    urls=st.sampled_from([(support.CENTRAL,), (support.CENTRAL, support.STANDBY), ()]),
    platform_services=st.sampled_from([(), ("STS",)]),
)


class Case(NamedTuple):
    """``age``: see AGES; it counts where ``parameters`` ask for a hold."""

    script: Script
    settings: gate.Settings
    seconds: float
    local: list[Data]
    parameters: Data
    age: object


CASES = st.builds(
    Case,
    script=SCRIPTS,
    settings=SETTINGS,
    seconds=st.sampled_from([60, 30, 15, 9, 6, 5, 3]),
    local=st.sampled_from([[], [issue(service="MULTIPLE_SERVICES")]]),
    parameters=st.sampled_from([first | then for first in ({}, {"targets": ["/us-east-1"]}) for then in ({}, HOLD)]),
    age=st.sampled_from(AGES),
)


class Asked(NamedTuple):
    """What came of one invocation: what the job got (``held`` for a continuation), and what the gate returned."""

    world: FaultyWorld
    kind: str
    params: Data
    line: Data | None
    error: str


def asked(case: Case) -> Asked:
    world = FaultyWorld(case.script, case.settings, seconds=case.seconds)
    world.local = case.local
    going_on = None
    if case.parameters.get("on_block") and case.age is not None:
        began = NOW - timedelta(seconds=case.age) if isinstance(case.age, int) else None
        going_on = json.dumps({"since": gate.spelled(began)}) if began else "{"
    return invoked(world, case.parameters, going_on)


def invoked(world: FaultyWorld, parameters: Data, going_on: str | None) -> Asked:
    line, raised = None, ""
    try:
        line = gate.run(job_event(parameters, going_on), world.parts())
    except RuntimeError as error:
        raised = str(error)
    result, params = world.taken[0] if world.taken else ("none", {})
    return Asked(world, "held" if "continuationToken" in params else result, params, line, raised)


def found_out(world: FaultyWorld) -> bool:
    """Whether a source told all that it was asked."""
    return "health, whole" in world.told or any(f"central {name}" in world.told for name in FRESH)


@given(CASES)
@settings(max_examples=500, deadline=None)
def test_whatever_its_calls_come_to(case: Case) -> None:
    one = asked(case)
    is_one_answer_in_time(case, one)
    passes_nothing_that_could_not_be_found_out(case, one)
    stops_nothing_without_a_reason(case, one)
    holds_within_its_time(case, one)
    has_texts_that_fit_and_tell_no_secret(one)


def is_one_answer_in_time(case: Case, one: Asked) -> None:
    world = one.world
    assert world.left >= 0
    assert len(world.taken) <= 1
    assert all(put == world.puts[0] for put in world.puts)
    assert len(world.log) == 1
    if one.error:
        assert "took no answer" in one.error
        assert world.puts or case.seconds <= gate.PAUSE
        assert not world.taken or set(world.steps[world.steps.index("taken, lost") + 1 :]) <= {"hang"}
        gave_up = world.steps[-1] == "403" or len(world.puts) == gate.ANSWER_TRIES
        assert gave_up or world.left < gate.PAUSE * 2 ** len(world.puts)
    else:
        assert one.line is not None
        assert one.line.keys() == decision().keys()


def passes_nothing_that_could_not_be_found_out(case: Case, one: Asked) -> None:
    strict = case.settings.on_unknown == "block" and case.settings.mode == "enforce"
    if one.kind == "success" and strict:
        assert found_out(one.world) or "central watched 403" in one.world.told
        if not any(told.startswith("central ") for told in one.world.told):
            assert not case.local


def stops_nothing_without_a_reason(case: Case, one: Asked) -> None:
    if one.kind == "failure" and one.line and one.params["failureDetails"]["type"] == "JobFailed":
        assert {each["kind"] for each in one.line["reasons"] if each["verdict"] == "block"} & {"event", "unknown"}
        assert one.line["verdict"] == "block"
    if one.kind == "failure" and case.settings.mode != "enforce":
        heard = [told for told in one.world.told if told.startswith("central ")]
        assert heard, "an account that is only watched is stopped by central's word alone"


def holds_within_its_time(case: Case, one: Asked) -> None:
    if one.kind != "held":
        return
    assert case.parameters["on_block"] == "hold"
    assert case.age in (None, 0, 3599)
    assert "outputVariables" not in one.params
    assert len(one.params["continuationToken"]) <= 2048
    assert 0 <= one.params["executionDetails"]["percentComplete"] <= 99
    since = gate.moment(json.loads(one.params["continuationToken"])["since"])
    assert since is not None
    assert since <= one.world.now < since + timedelta(hours=1, seconds=case.seconds)
    assert one.line is None or one.line["verdict"] == "block"


def has_texts_that_fit_and_tell_no_secret(one: Asked) -> None:
    assert SECRET not in json.dumps([one.world.log, one.world.puts, one.line, one.error])
    details = one.params.get("failureDetails") or one.params.get("executionDetails") or {}
    assert len(details.get("message", "")) <= 5000
    assert len(details.get("summary", "")) <= 2048
    assert "None" not in details.get("message", "") + details.get("summary", "")


@given(st.lists(st.tuples(SCRIPTS, st.sampled_from(["kept"] * 6 + ["lost", "garbled"])), min_size=25, max_size=25))
@settings(max_examples=60, deadline=None)
def test_a_hold_ends_by_its_time_whatever_happens_to_its_askings(turns: list[tuple[Script, str]]) -> None:
    """Central blocks or is silent throughout; asked every 30 s, a token is kept, lost or garbled on its way."""
    now, began, going_on = NOW, NOW, None
    for script, fate in turns:
        central = [Step("block") if step.what in FRESH else step for step in script.central]
        stuck = replace(script, central=central, put=[Step("ok")])
        world = FaultyWorld(stuck, support.settings(), seconds=30, start=now)
        world.local = [issue()]
        one = invoked(world, {"on_block": "hold", "hold_for": "5m"}, going_on)
        if one.kind != "held":
            return
        going_on = {"kept": one.params["continuationToken"], "lost": None, "garbled": "{"}[fate]
        now += timedelta(seconds=30)
        began = now if fate == "lost" else began
        assert now - began <= timedelta(minutes=5, seconds=60)
