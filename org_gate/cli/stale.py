"""A decision as a caller without a gate has to take it (D13, D14).

Where central's knowledge is stale and the policy says ``local``, a gate would ask AWS Health in its own account. A
command line has no such place to ask: for it, ``local`` counts as ``on_unknown``. Pure.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from org_gate.model.decision import KINDS, MAX_REASONS, Mode, OnStale, Verdict
from org_gate.model.times import describe_duration

_DONE: Final = {Verdict.ALLOW: "Allowed", Verdict.WARN: "Allowed with a warning", Verdict.BLOCK: "Blocked"}


def without_gate(decision: Mapping[str, Any]) -> dict[str, Any]:
    """The decision (A2); stale knowledge left to ``local`` adds a reason of kind ``unknown`` and its verdict."""
    knowledge = decision["knowledge"]
    if not knowledge["stale"] or knowledge.get("on_stale") != OnStale.LOCAL:
        return dict(decision)
    on_unknown = Verdict(knowledge["on_unknown"])
    return dict(decision) | _verdicts(decision, on_unknown) | _reasons(decision, on_unknown)


def _verdicts(decision: Mapping[str, Any], on_unknown: Verdict) -> dict[str, Any]:
    """What the one more reason makes of the verdicts: nothing where the request is exempt (D11)."""
    if decision["exempt"]:
        return {}
    would_be = _at_most_warn(on_unknown) if _all_overridden(decision) else on_unknown
    counted = _at_most_warn(would_be) if decision["mode"] in {Mode.WARN, Mode.SHADOW} else would_be
    before = Verdict(decision["verdict"])
    verdict = _worse(before, counted)
    return {
        "verdict": verdict.value,
        "would_be": _worse(Verdict(decision["would_be"]), would_be).value,
        "summary": decision["summary"] if verdict is before else f"{_DONE[verdict]}: {_why(decision)}.",
    }


def _reasons(decision: Mapping[str, Any], on_unknown: Verdict) -> dict[str, Any]:
    """The reasons with the one more, in D15's order and number."""
    unknown = {
        "kind": "unknown",
        "verdict": on_unknown.value,
        "rule": None,
        "target": None,
        "event": None,
        "freeze": None,
        "override_id": None,
        "explanation": (
            f"Not found out: {_why(decision)}. The policy says {on_unknown.value} then. Ask again later; if it stays "
            "so, the platform team looks at the collector."
        ),
    }
    reasons = sorted([*decision["reasons"], unknown], key=_rank)
    omitted = max(0, len(reasons) - MAX_REASONS)
    return {"reasons": reasons[:MAX_REASONS], "reasons_omitted": decision["reasons_omitted"] + omitted}


def _rank(reason: Mapping[str, Any]) -> tuple[int, int]:
    """The rest of D15's order holds already: sorting is stable, and there is one unknown reason."""
    severity = Verdict(reason["verdict"]).severity
    kind = reason["kind"]
    return -severity, KINDS.index(kind) if kind in KINDS else len(KINDS)


def _all_overridden(decision: Mapping[str, Any]) -> bool:
    """D13: unknown is lifted by an override that names every target."""
    return bool(decision["targets"]) and all(target.get("overridden") is True for target in decision["targets"])


def _why(decision: Mapping[str, Any]) -> str:
    age = decision["knowledge"].get("age_seconds")
    if age is None:
        return "org-gate has never read AWS Health completely, so nobody knows whether it is safe"
    old = describe_duration(timedelta(seconds=age))
    return f"what org-gate knows of AWS Health is {old} old, so nobody knows whether it is safe"


def _at_most_warn(verdict: Verdict) -> Verdict:
    return Verdict.WARN if verdict is Verdict.BLOCK else verdict


def _worse(one: Verdict, other: Verdict) -> Verdict:
    return max(one, other, key=lambda verdict: verdict.severity)
