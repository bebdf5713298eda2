import json
from typing import Any

import pytest

from org_gate.decision.engine import decide
from org_gate.decision.explain import explanation_json
from org_gate.model.decision import decision_json
from org_gate.model.event import Knowledge
from org_gate.model.request import Request, Target
from org_gate.policy.load import policy_from_data
from tests.unit.central.support import ME, NOW, RULES, issue
from tests.unit.cli.fake_cell import FIRST, SECOND, Bench

ID = "d-0123"


def explained(**fields: Any) -> dict[str, Any]:
    request, policy = Request(ME, (Target(ME, "us-east-1", ("RDS",)),)), policy_from_data(RULES)
    knowledge = Knowledge(NOW, (issue(**fields),), {})
    decision = decide(request, knowledge, policy, policy_version=1, now=NOW)
    explanation = explanation_json(request, knowledge, policy, policy_version=1, now=NOW)
    answer: dict[str, Any] = json.loads(
        json.dumps({"decision": decision_json(decision, ID), "explanation": explanation})
    )
    return answer


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    bench = Bench(capsys)
    bench.cells[SECOND].explanations[ID] = explained()
    return bench


def test_who_does_not_know_it_does_not_end_the_search(bench: Bench) -> None:
    code, out, err = bench.run("explain", ID)
    assert (code, err) == (0, "")
    assert "open-issues" in out
    assert ID in out
    bench.cells[FIRST].mood = "silent"
    assert bench.run("explain", ID)[0] == 0


def test_as_json_it_is_the_answer_of_the_api(bench: Bench) -> None:
    code, out, _ = bench.run("explain", ID, "--format", "json")
    assert (code, json.loads(out)) == (0, explained())


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("up", "up", 2),
        ("older", "up", 2),
        ("up", "silent", 3),
        ("silent", "up", 3),
        ("silent", "silent", 3),
        ("refusing", "silent", 2),
    ],
)
def test_it_is_unknown_only_where_all_say_so(bench: Bench, first: Any, second: Any, code: int) -> None:
    bench.cells[FIRST].mood, bench.cells[SECOND].mood = first, second
    for output in ("text", "json"):
        ended, out, err = bench.run("explain", "d-unknown", "--format", output)
        assert ended == code
        assert err
        assert json.loads(out)["error"] if output == "json" else not out


def test_what_is_no_explanation_is_no_answer(bench: Bench) -> None:
    bench.cells[SECOND].explanations[ID] = {"decision": {}, "explanation": {}}
    assert bench.run("explain", ID)[0] == 3


def test_what_strangers_wrote_cannot_move_the_cursor(bench: Bench) -> None:
    bench.cells[SECOND].explanations[ID] = explained(type_code="x\x1b[2J\u202ey\nALLOW")
    code, out, _ = bench.run("explain", ID)
    assert code == 0
    assert not {"\x1b", "\u202e"} & set(out)
    assert "\nALLOW" not in out
