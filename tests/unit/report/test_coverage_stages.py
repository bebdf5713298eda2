"""Where a gate stands in a pipeline's definition: examples, and what holds for any definition."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.report.coverage_stages import Standing, gate_place

Data = dict[str, Any]
KINDS = {
    "source": ("Source", "S3"),
    "build": ("Build", "CodeBuild"),
    "approval": ("Approval", "Manual"),
    "deploy": ("Deploy", "CloudFormation"),
    "lambda": ("Invoke", "Lambda"),
    "gate": ("Invoke", "Lambda"),
}


def action(kind: str, order: int | None = None, name: str = "") -> Data:
    category, provider = KINDS[kind]
    function = {"gate": "org-gate", "lambda": "org-gate-of-somebody"}.get(kind)
    return {
        "name": name or kind.title(),
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        **({} if order is None else {"runOrder": order}),
        **({} if function is None else {"configuration": {"FunctionName": function}}),
    }


def stage(name: str, *actions: Data, rules: tuple[str, ...] = ()) -> Data:
    """``rules`` are the functions of LambdaInvoke rules of its entry condition."""
    kind = {"category": "Rule", "owner": "AWS", "provider": "LambdaInvoke", "version": "1"}
    given_rules = [{"name": "R", "ruleTypeId": kind, "configuration": {"FunctionName": each}} for each in rules]
    entry = {"beforeEntry": {"conditions": [{"result": "FAIL", "rules": given_rules}]}} if rules else {}
    return {"name": name, "actions": list(actions), **entry}


def pipeline(*stages: Data) -> Data:
    return {"name": "orders", "stages": [stage("Source", action("source")), *stages]}


DEPLOY, GATE, BUILD = stage("Deploy", action("deploy")), stage("Gate", action("gate")), stage("Build", action("build"))


@pytest.mark.parametrize(
    ("definition", "standing", "of", "reason"),
    [
        (pipeline(GATE, DEPLOY), Standing.GATED, "Gate", ""),
        (pipeline(BUILD, stage("Ok", action("approval")), GATE, DEPLOY), Standing.GATED, "Gate", ""),
        (pipeline(stage("Deploy", action("gate"), action("deploy", 2))), Standing.GATED, "Deploy", ""),
        (pipeline(stage("Deploy", action("deploy"), rules=("org-gate",))), Standing.GATED, "Deploy", ""),
        (pipeline(GATE, stage("Apply", action("build"))), Standing.GATED, "Gate", ""),
        (pipeline(GATE, DEPLOY, stage("Again", action("gate"), action("deploy", 2))), Standing.GATED, "Gate", ""),
        (pipeline(DEPLOY), Standing.UNGATED, None, "no stage has a gate"),
        (
            pipeline(stage("Deploy", action("lambda"), action("deploy", 2))),
            Standing.UNGATED,
            None,
            "no stage has a gate",
        ),
        (pipeline(stage("Deploy", action("deploy"), rules=("other",))), Standing.UNGATED, None, "no stage has a gate"),
        (
            pipeline(stage("Dev", action("deploy", name="Stack")), GATE, DEPLOY),
            Standing.LATE,
            "Gate",
            "the gate comes after a deployment: action Stack in stage Dev",
        ),
        (
            pipeline(stage("Deploy", action("deploy", 1), action("gate", 2), action("build", 3))),
            Standing.LATE,
            "Deploy",
            "the gate comes after a deployment: action Deploy in stage Deploy",
        ),
        (
            pipeline(stage("Deploy", action("deploy"), action("gate"), action("build", 3))),
            Standing.LATE,
            "Deploy",
            "the gate comes beside a deployment, not before it: action Deploy in stage Deploy",
        ),
        (
            pipeline(DEPLOY, stage("Prod", action("deploy"), rules=("org-gate",))),
            Standing.LATE,
            "Prod",
            "the gate comes after a deployment: action Deploy in stage Deploy",
        ),
        (
            pipeline(BUILD, GATE),
            Standing.LATE,
            "Gate",
            "the gate comes last: nothing that could deploy stands after it",
        ),
    ],
)
def test_where_the_gate_stands(definition: Data, standing: Standing, of: str | None, reason: str) -> None:
    place = gate_place(definition)
    assert (place.standing, place.stage, place.reason) == (standing, of, reason)


def test_a_rule_that_is_asked_on_success_or_failure_is_no_gate() -> None:
    definition = pipeline(stage("Deploy", action("deploy"), rules=("org-gate",)))
    entry = definition["stages"][1].pop("beforeEntry")
    definition["stages"][1] |= {"onSuccess": entry, "onFailure": entry}
    assert gate_place(definition).standing is Standing.UNGATED


actions = st.builds(action, st.sampled_from(sorted(KINDS)), st.one_of(st.none(), st.integers(1, 3)))
stages = st.builds(
    lambda name, those, rules: stage(name, *those, rules=rules),
    st.sampled_from(["A", "B", "C"]),
    st.lists(actions, min_size=1, max_size=4),
    st.sampled_from([(), (), ("org-gate",), ("other",)]),
)
definitions = st.builds(lambda those: pipeline(*those), st.lists(stages, min_size=1, max_size=5))


@given(definitions)
def test_a_gate_in_front_protects_whatever_deploys(definition: Data) -> None:
    first, *others = definition["stages"]
    gated = {**definition, "stages": [first, stage("First", action("gate")), *others, DEPLOY]}
    assert gate_place(gated).standing is Standing.GATED


@given(definitions)
def test_nothing_is_gated_by_what_is_behind_a_deployment(definition: Data) -> None:
    first, *others = definition["stages"]
    late = {**definition, "stages": [first, stage("Early", action("deploy")), *others]}
    assert gate_place(late).standing is not Standing.GATED


@given(definitions)
def test_without_the_function_there_is_no_gate(definition: Data) -> None:
    without = copy.deepcopy(definition)
    for one in without["stages"]:
        one.pop("beforeEntry", None)
        one["actions"] = [each for each in one["actions"] if each["name"] != "Gate"] or [action("build")]
    place = gate_place(without)
    assert (place.standing, place.stage) == (Standing.UNGATED, None)


@given(definitions)
def test_one_more_gate_never_takes_a_gate_away(definition: Data) -> None:
    more = {**definition, "stages": [*definition["stages"], GATE]}
    assert (gate_place(definition).standing is Standing.GATED) <= (gate_place(more).standing is Standing.GATED)


@given(definitions)
def test_what_is_not_gated_says_why(definition: Data) -> None:
    place = gate_place(definition)
    assert bool(place.reason) == (place.standing is not Standing.GATED)
