"""A plan as JSON: complete, gate by gate."""

from collections.abc import Iterable
from typing import Any

from org_gate.inventory.installed import Place
from org_gate.rollout.plan_model import CellPlan, Does, Plan, SetPlan, Step, WavePlan


def plan_data(plan: Plan) -> dict[str, Any]:
    """JSON-able. Templates are left out: they are the version's."""
    return {
        "version": plan.version,
        "nothing_to_do": plan.is_done,
        "central": {
            "account": plan.account,
            "cells": [_cell(cell) for cell in plan.cells],
            "policy": {"source": plan.policy.source, "publish_to": list(plan.policy.publish_to)},
        },
        "stack_set": None if plan.stack_set is None else _set(plan.stack_set),
        "waves": [_wave(wave) for wave in plan.waves],
        "remove": {
            "gates": _places(place for step in plan.removals for place in step.places),
            "ous_losing_all": list(plan.losing),
        },
        "warnings": list(plan.warnings),
    }


def _cell(cell: CellPlan) -> dict[str, Any]:
    return {
        "region": cell.region,
        "stack": cell.wish.name,
        "action": cell.action.value,
        "differs": list(cell.differs),
        "installed_version": cell.installed,
        "parameters": dict(cell.wish.parameters),
        "tags": dict(cell.wish.tags),
    }


def _set(plan: SetPlan) -> dict[str, Any]:
    return {
        "name": plan.wish.name,
        "action": plan.action.value,
        "differs": [*plan.differs, *(["automatic deployment"] if plan.auto else [])],
        "installed_version": plan.installed,
        "parameters": dict(plan.wish.parameters),
        "tags": dict(plan.wish.tags),
    }


def _wave(wave: WavePlan) -> dict[str, Any]:
    return {
        "name": wave.name,
        "accounts": wave.accounts,
        "create": _places(wave.places(Does.CREATE)),
        "update": _places(wave.places(Does.UPDATE)),
        "write_settings": _settings(step for step in wave.steps if step.settings),
        "keep": _places(wave.keep),
        "operations": len(wave.steps),
    }


def _settings(steps: Iterable[Step]) -> list[dict[str, Any]]:
    written = {place: dict(step.settings) for step in steps for place in step.places}
    return [{**_place(place), "parameters": written[place]} for place in sorted(written)]


def _places(places: Iterable[Place]) -> list[dict[str, str]]:
    return [_place(place) for place in sorted(set(places))]


def _place(place: Place) -> dict[str, str]:
    return {"account": place[0], "region": place[1]}
