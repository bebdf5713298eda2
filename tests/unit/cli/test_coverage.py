"""``org-gate coverage``: what it prints, for people and for machines, and how it ends."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from org_gate.cli.coverage_text import as_csv, as_json, coverage_lines
from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.report.coverage import AccountSeen, Coverage, PipelineSeen, Unread
from org_gate.report.coverage_stages import Standing
from tests.unit.inventory.test_coverage_reading import GATED, UNGATED, Accounts
from tests.unit.rollout.accounts import Aws
from tests.unit.rollout.organizations import instance, member, organization, settings

A = member(0)


def account(name: str, **given: Any) -> AccountSeen:
    return AccountSeen(account="111122223333", name=name, ou="Prod", **given)


def mixed() -> Coverage:
    late = PipelineSeen(
        "eu-west-1", "-web", Standing.LATE, "Gate", "the gate comes after a deployment: action D in stage D"
    )
    good = PipelineSeen("eu-west-1", "orders", Standing.GATED, "Gate", "")
    accounts = (
        account("orders", gates=("eu-west-1",), without_gate=("us-east-1",), pipelines=(good, late)),
        account('=HYPERLINK("x")', unread=(Unread("", "", "no way in"),)),
        account("old", left_out="it is suspended"),
    )
    return Coverage("o-1", ("eu-west-1", "us-east-1"), accounts)


def test_the_text_has_a_summary_shares_and_each_gap() -> None:
    assert list(coverage_lines(mixed())) == [
        "Organization o-1: 1 of 2 pipelines with a gate before they deploy (50 %); 1 of 2 accounts with a gate.",
        "Looked into 2 Regions. Something of 1 account could not be read: there may be more pipelines.",
        "",
        "  OU      accounts  with a gate  not all read  pipelines  gated  share",
        "  Prod           2            1             1          2      1   50 %",
        "  in all         2            1             1          2      1   50 %",
        "",
        "Accounts without any gate (1)",
        '  111122223333 =HYPERLINK("x") (Prod)',
        "",
        "Regions with pipelines and no gate (1)",
        "  111122223333 orders (Prod): us-east-1",
        "",
        "Pipelines that no gate protects (1)",
        "  111122223333 orders (Prod), eu-west-1, -web: the gate comes after a deployment: action D in stage D",
        "",
        "Could not be read, and count as not covered (1)",
        '  111122223333 =HYPERLINK("x") (Prod): no way in',
        "",
        "Left out, and not counted (1)",
        "  111122223333 old (Prod): it is suspended",
    ]


def test_the_csv_has_a_line_for_everything_and_no_formula() -> None:
    head, *rows = csv.reader(io.StringIO(as_csv(mixed())))
    assert head == ["finding", "account", "account_name", "ou", "region", "pipeline", "gate_stage", "detail"]
    assert [(row[0], row[2], row[5]) for row in rows] == [
        ("region without a gate", "orders", ""),
        ("gated", "orders", "orders"),
        ("late", "orders", "'-web"),
        ("account without a gate", '\'=HYPERLINK("x")', ""),
        ("not read", '\'=HYPERLINK("x")', ""),
        ("left out", "old", ""),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r\n=1", "＝1", "＠x", '"\n=1'])
def test_no_cell_begins_a_formula_or_a_line(name: str) -> None:
    text = as_csv(Coverage("o-1", (), (account(name, left_out="x"),)))
    assert len(text.splitlines()) == 2
    (_, row) = csv.reader(io.StringIO(text))
    assert not row[2].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"))


def test_the_json_has_shares_and_all_accounts() -> None:
    told = json.loads(json.dumps(as_json(mixed())))
    assert told["gaps"] is True
    assert told["total"] == {
        "ou": "",
        "accounts": 2,
        "with_gate": 1,
        "unread": 1,
        "pipelines": 2,
        "gated": 1,
        "percent": 50,
    }
    assert [each["left_out"] for each in told["accounts"]] == ["", "", "it is suspended"]
    assert told["accounts"][0]["pipelines"][1]["standing"] == "late"


def covered(tmp_path: Path, aws: Aws, *arguments: str) -> int:
    file = tmp_path / "org-gate.yaml"
    file.write_text(yaml.safe_dump(settings().model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    code: object
    try:
        code = run(["coverage", "--config", str(file), *arguments], Surroundings(aws=lambda: aws.session))
    except SystemExit as end:
        code = end.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize(
    ("pipelines", "locked", "code"),
    [({"orders": GATED}, set(), 0), ({"orders": UNGATED}, set(), 1), ({"orders": UNGATED}, {A}, 3)],
)
def test_how_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pipelines: dict[str, Any], locked: set[str], code: int
) -> None:
    accounts = Accounts({(A, "eu-west-1"): pipelines})
    accounts.locked |= locked
    aws = organization(1, [instance(A, "eu-west-1")], accounts.answers())
    assert covered(tmp_path, aws, "--format", "json") == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["gaps"] is (code == 1)
    assert printed.err == "", "progress is for terminals"


def test_a_region_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert covered(tmp_path, Aws({}), "--region", "eu-west-9") == 2
    assert "eu-west-9" in capsys.readouterr().err
