"""Expected and actual lines in one form, as far as the contract fixes them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tests.e2e.oracle.decision import Decision, Reason
from tests.e2e.oracle.timeline import Expected
from tests.e2e.oracle.times import spelled

_MOST_REASONS = 100
Line = TypeVar("Line", bound=Mapping[str, Any])


def wanted(line: Expected) -> dict[str, Any]:
    form: dict[str, Any] = {
        "at": spelled(line.at),
        "who": (line.account, line.pipeline, line.trigger, line.attempt),
        "pipeline_result": line.result,
        "by_central": line.by_central,
        "verdict": None,
    }
    return form if line.decision is None else {**form, **_wanted_decision(line.decision, by_central=line.by_central)}


def _wanted_decision(decision: Decision, *, by_central: bool) -> dict[str, Any]:
    reasons = [_reason(reason) for reason in decision.reasons]
    return {
        "verdict": decision.verdict,
        "would_be": decision.would_be,
        "mode": decision.mode,
        "exempt": decision.exempt,
        "targets": [
            (aim.account, aim.region, sorted(aim.services), list(aim.zones), mode, overridden)
            for aim, mode, overridden in zip(decision.aims, decision.modes, decision.overridden, strict=True)
        ],
        "reasons": reasons[:_MOST_REASONS],
        "reasons_omitted": len(reasons[_MOST_REASONS:]),
        "source": decision.source,
        **(
            {"knowledge": (spelled(decision.as_of), decision.age, decision.stale), "policy_version": decision.version}
            if by_central
            else {}
        ),
    }


def _reason(reason: Reason) -> tuple[Any, ...]:
    freeze = None if reason.freeze is None else (reason.freeze[0], spelled(reason.freeze[1]))
    place = reason.kind, reason.verdict, reason.rule, reason.target, reason.event, freeze
    return *place, reason.lifted if _tells_its_override(*place[:3]) else None


def _tells_its_override(kind: str, verdict: str, rule: str | None) -> bool:
    """The gate knows no ids; and whether what allows can be lifted is left open."""
    return kind != "unknown" and rule != "local" and verdict != "allow"


def found(line: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """The same of an actual line; what its expectation leaves open is left out."""
    knowledge = line["knowledge"] or {}
    form = {
        "at": line["at"],
        "who": (line["pipeline_account"], line["pipeline_name"], line["trigger"], line["attempt"]),
        "pipeline_result": line["pipeline_result"],
        "by_central": line["decision_id"] is not None,
        "verdict": line["verdict"],
        "would_be": line["would_be"],
        "mode": line["mode"],
        "exempt": line["exempt"],
        "targets": [_target(target) for target in line["targets"]],
        "reasons": _once(map(_actual_reason, line["reasons"])),
        "reasons_omitted": line["reasons_omitted"],
        "source": knowledge.get("source"),
        "knowledge": (knowledge.get("as_of"), knowledge.get("age_seconds"), knowledge.get("stale")),
        "policy_version": line["policy_version"],
    }
    return {name: value for name, value in form.items() if name in like} | (
        {"source": None} if like.get("source", "") is None else {}
    )


def _target(target: Mapping[str, Any]) -> tuple[Any, ...]:
    services, zones = sorted(target["services"]), list(target["availability_zones"])
    return target["account"], target["region"], services, zones, target["mode"], target["overridden"]


def _actual_reason(reason: Mapping[str, Any]) -> tuple[Any, ...]:
    event = reason["event"]
    key = None if event is None else (event["arn"], event["region"])
    freeze = None if reason["freeze"] is None else (reason["freeze"]["name"], reason["freeze"]["to"])
    place = reason["kind"], reason["verdict"], reason["rule"], reason["target"], key, freeze
    return *place, reason["override_id"] is not None if _tells_its_override(*place[:3]) else None


def _once(reasons: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Several hints about one target may be told one by one or in one."""
    return list(dict.fromkeys(reasons))


def differences(expected: Sequence[Expected], lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """What differs, line by line; empty where all is as it must be."""
    wishes = _by_pipeline([wanted(line) for line in expected], lambda form: (form["at"], *form["who"][:3]))
    actuals = _by_pipeline(lines, _place_of)
    told = [
        f"line {number}: {name} is {actual.get(name)!r}, must be {value!r}; at {form['at']} {form['who']}"
        for number, (form, line) in enumerate(zip(wishes, actuals, strict=False))
        for actual in [found(line, form)]
        for name, value in form.items()
        if actual.get(name) != value
    ]
    if len(expected) != len(lines):
        told.append(f"{len(lines)} lines, must be {len(expected)}")
    return told


def _place_of(line: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return line["at"], line["pipeline_account"], line["pipeline_name"], line["trigger"]


_TURNS = {"hold": 1, "resume": 2}
_Place = Callable[[Line], tuple[str, str, str, str]]


def _by_pipeline(lines: Sequence[Line], place: _Place[Line]) -> list[Line]:
    """At each instant a pipeline's lines together, the pipelines in the order of their first ones.

    Left open: which of several holds is asked first at one instant, and whether an execution that was resumed meets
    its next gate before the next one is resumed.
    """
    together: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        together.setdefault(place(line)[:3], []).append(line)

    def order(group: list[Line]) -> tuple[str, int, tuple[str, ...]]:
        *who, trigger = place(group[0])
        return who[0], _TURNS.get(trigger, 0), tuple(who) if trigger == "hold" else ()

    return [line for group in sorted(together.values(), key=order) for line in group]
