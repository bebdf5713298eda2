"""``org-gate rollout status``: what it prints, for people and for machines."""

import json
from typing import Any

from org_gate.cli.rollout_status import as_json
from org_gate.cli.rollout_status_text import status_lines
from org_gate.rollout.status import Standing, Status
from tests.unit.rollout.test_status import cell, gate, status


def text(found: Status, *, every: bool = False) -> str:
    return "\n".join(status_lines(found, every=every))


def mixed(**changes: Any) -> Status:
    known: dict[str, Any] = {
        "cells": (
            cell(age_seconds=31, mode="enforce", waiting=2),
            cell("eu-central-1", trouble="it did not answer in time", version=None, stack="UPDATE_ROLLBACK_COMPLETE"),
        ),
    }
    gates = (
        gate(1),
        gate(2, Standing.FAILED, cause="the account is suspended", said="Account\nsuspended", version="0.9.0"),
        gate(2, Standing.FAILED, cause="the account is suspended", said="Account\nsuspended", region="us-east-1"),
        gate(3, Standing.MISSING, cause="none is there", ou="", version=None),
        gate(4, ou="Dev", drift="DRIFTED"),
    )
    return status(*gates, **{**known, **changes})


def test_the_text_has_a_summary_cells_ous_and_what_needs_attention() -> None:
    assert text(mixed()).splitlines() == [
        "Organization o-1: 2 of 5 gates up to date; 4 gates need attention, 1 central stack needs attention.",
        "",
        "Central",
        "  Region        is       stack                     version",
        "  eu-west-1     home     CREATE_COMPLETE           1.0.0",
        "  eu-central-1  standby  UPDATE_ROLLBACK_COMPLETE  not known",
        "  eu-west-1: it answers; its knowledge is 31 s old; policy version 3, mode enforce; 2 deployments waiting",
        "  eu-central-1: no answer: it did not answer in time",
        "  The cells that answer have the same policy.",
        "",
        "Gates (StackSet org-gate-member, version 1.0.0; drift never looked for)",
        "  OU      gates  current  failed  missing",
        "  (root)      1        0       0        1",
        "  Dev         1        1       0        0",
        "  Prod        3        1       2        0",
        "  in all      5        2       2        1",
        "",
        "Needs attention",
        "  2 gates failed: the account is suspended",
        "    000000000002 a2 (Prod): eu-west-1 (now 0.9.0), us-east-1 (now 1.0.0)",
        "      CloudFormation: Account\\nsuspended",
        "  1 gate missing: none is there",
        "    000000000003 a3 (root): eu-west-1",
        "  1 gate changed by hand: what is in the account is not what the stack made; `apply` alone does not undo it",
        "    000000000004 a4 (Dev): eu-west-1",
    ]


def test_where_all_is_well_nothing_needs_attention() -> None:
    told = text(status(gate(1)))
    assert told.startswith("Organization o-1: 1 of 1 gate up to date; no gate needs attention, no central stack needs")
    assert "Needs attention" not in told


def test_all_lists_every_gate() -> None:
    told = text(mixed(), every=True)
    assert "Every gate" in told
    assert "000000000001  a1    Prod    eu-west-1  current  1.0.0      not checked" in told


def test_of_many_accounts_the_first_are_shown_and_the_others_counted() -> None:
    many = status(*(gate(number, Standing.FAILED, cause="x") for number in range(25)))
    assert "    and 5 more accounts (--all lists them)" in text(many)
    assert "more account" not in text(many, every=True)


def test_cells_that_decide_differently_are_shouted_about() -> None:
    differ = status(gate(1), cells=(cell(), cell("eu-central-1", policy={"version": 1, "mode": "shadow"})))
    assert "The cells have DIFFERENT policies" in text(differ)


def test_versions_that_differ_are_explained() -> None:
    assert "`org-gate rollout apply` upgrades" in text(status(gate(1), own_version="2.0.0"))
    assert "Installed are versions 0.9.0, 1.0.0, as in the middle of an upgrade" in text(status(set_version="0.9.0"))
    assert "this is org-gate 0.9.0: use the newer one" in text(status(gate(1), own_version="0.9.0"))


def test_stale_and_new_knowledge_are_told() -> None:
    assert "its knowledge is 40 min old, which is STALE" in text(status(cells=(cell(age_seconds=2400, stale=True),)))
    assert "it has not read AWS Health yet; no policy is published" in text(
        status(cells=(cell(stale=True, policy_version=0),))
    )


def test_without_a_stack_set_it_is_said() -> None:
    told = text(status(set_status=None, set_version=None))
    assert "there is no StackSet org-gate-member: `org-gate rollout apply` makes it" in told
    assert "none, and none wanted" in told


def test_the_json_is_complete() -> None:
    told = json.loads(json.dumps(as_json(mixed())))
    assert (told["findings"], told["cells_agree"], told["is_behind"]) == (True, True, False)
    assert [each["is_well"] for each in told["cells"]] == [True, False]
    assert all("policy" not in each for each in told["cells"])
    assert told["gates"][1] == {
        "account": "000000000002",
        "name": "a2",
        "ou": "Prod",
        "region": "eu-west-1",
        "standing": "failed",
        "version": "0.9.0",
        "cause": "the account is suspended",
        "said": "Account\nsuspended",
        "drift": "NOT_CHECKED",
    }
    assert told["causes"][0] == {"standing": "failed", "cause": "the account is suspended", "gates": 2}
    assert told["ous"][2]["by_standing"]["failed"] == 2
