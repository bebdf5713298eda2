"""How each gate and cell stands, and what follows for the whole."""

from dataclasses import replace
from typing import Any

import pytest

from org_gate.rollout.status import CellStatus, GateStatus, Standing, Status

POLICY = {"version": 1, "rules": []}


def cell(region: str = "eu-west-1", **changes: Any) -> CellStatus:
    known: dict[str, Any] = {
        "region": region,
        "is_home": region == "eu-west-1",
        "stack": "CREATE_COMPLETE",
        "version": "1.0.0",
        "url": f"https://abc.lambda-url.{region}.on.aws/",
        "trouble": "",
        "stale": False,
        "policy_version": 3,
        "policy": POLICY,
    }
    return CellStatus(**{**known, **changes})


def gate(number: int, standing: Standing = Standing.CURRENT, **changes: Any) -> GateStatus:
    known: dict[str, Any] = {"account": f"{number:012}", "name": f"a{number}", "ou": "Prod", "region": "eu-west-1"}
    return GateStatus(**{**known, "standing": standing, "version": "1.0.0", **changes})


def status(*gates: GateStatus, **changes: Any) -> Status:
    known: dict[str, Any] = {
        "organization": "o-1",
        "own_version": "1.0.0",
        "set_name": "org-gate-member",
        "set_status": "ACTIVE",
        "set_version": "1.0.0",
        "drift_checked": None,
        "cells": (cell(), cell("eu-central-1", policy_version=9)),
        "gates": gates,
    }
    return Status(**{**known, **changes})


def test_all_well() -> None:
    found = status(gate(1), gate(2, Standing.SUSPENDED))
    assert not found.has_findings
    assert found.cells_agree, "cells number their versions for themselves"
    assert found.causes() == ()


@pytest.mark.parametrize(
    "standing", [Standing.FAILED, Standing.OUTDATED, Standing.MISSING, Standing.OUT_OF_SCOPE, Standing.UNDER_WAY]
)
def test_gates_that_are_not_as_they_should_be_are_findings(standing: Standing) -> None:
    assert status(gate(1), gate(2, standing)).has_findings


@pytest.mark.parametrize(
    "changes",
    [
        {"stack": None, "trouble": "there is none"},
        {"stack": "UPDATE_ROLLBACK_COMPLETE"},
        {"trouble": "no answer"},
        {"stale": True},
        {"policy_version": 0},
        {"policy": {"version": 1, "mode": "shadow"}},
        {"version": "0.9.0"},
    ],
)
def test_cells_that_are_not_as_they_should_be_are_findings(changes: dict[str, Any]) -> None:
    assert status(gate(1), cells=(cell(), replace(cell("eu-central-1"), **changes))).has_findings


def test_a_cell_that_does_not_answer_disagrees_with_nobody() -> None:
    assert status(cells=(cell(), cell("eu-central-1", trouble="no answer", policy=None))).cells_agree
    assert not status(cells=(cell(), cell("eu-central-1", policy={"version": 1}))).cells_agree


def test_a_gate_that_was_changed_by_hand_is_a_finding() -> None:
    found = status(gate(1), gate(2, drift="DRIFTED"), gate(3, drift="IN_SYNC"))
    assert found.has_findings
    assert [each.account for each in found.drifted()] == ["000000000002"]


@pytest.mark.parametrize(
    ("own", "behind"), [("1.0.0", False), ("1.0.1", True), ("1.10.0", True), ("0.9.0", False), ("2.0", True)]
)
def test_what_is_installed_is_behind_an_org_gate_that_is_newer(own: str, behind: bool) -> None:  # noqa: FBT001  a table
    found = status(gate(1), own_version=own)
    assert found.is_behind is behind
    assert found.has_findings is behind


def test_a_stack_set_of_another_version_than_central_is_in_the_middle_of_an_upgrade() -> None:
    found = status(gate(1), set_version="0.9.0")
    assert found.versions == ("0.9.0", "1.0.0")
    assert found.has_findings
    assert status(set_version=None, set_status=None).versions == ("1.0.0",)


def test_causes_are_grouped_the_worst_first_and_what_most_have_before_others() -> None:
    found = status(
        gate(1, Standing.MISSING, cause="none"),
        gate(2, Standing.FAILED, cause="scp"),
        gate(3, Standing.FAILED, cause="role"),
        gate(4, Standing.FAILED, cause="role"),
    )
    assert [(standing, cause, len(gates)) for standing, cause, gates in found.causes()] == [
        (Standing.FAILED, "role", 2),
        (Standing.FAILED, "scp", 1),
        (Standing.MISSING, "none", 1),
    ]


def test_counts_by_ou() -> None:
    dev, prod = status(gate(1), gate(2, Standing.FAILED), gate(3, ou="Dev")).ous
    assert (dev.ou, dev.gates, dev.by_standing[Standing.CURRENT]) == ("Dev", 1, 1)
    assert (prod.ou, prod.gates, prod.by_standing[Standing.CURRENT], prod.by_standing[Standing.FAILED]) == (
        "Prod",
        2,
        1,
        1,
    )
