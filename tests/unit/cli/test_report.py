"""``org-gate report``: what it reads and writes, what it says where something cannot be read, and how it ends."""

import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.report.model import Report
from org_gate.store import StoreUnavailableError
from tests.unit.inventory.test_coverage_reading import UNGATED, Accounts
from tests.unit.report.worlds import DAY, END, START, World
from tests.unit.rollout.accounts import Answer, Aws, refused
from tests.unit.rollout.organizations import instance, member, organization, settings
from tests.unit.store.tables import TABLE

A = member(0)
NOW = END + timedelta(milliseconds=700)


def stack(*_: Any) -> Any:
    told = {"DecisionUrl": "https://a", "TableName": TABLE, "ApiFunctionArn": "arn"}
    outputs = [{"OutputKey": name, "OutputValue": value} for name, value in told.items()]
    return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}


class Account(Aws):
    """An AWS whose table is a world's."""

    def __init__(self, world: World, answers: Mapping[str, Answer]) -> None:
        super().__init__(answers)
        self._world = world
        self.asked: list[str] = []

    def client(self, service: str, *, region_name: str, **more: Any) -> Any:
        if service != "dynamodb":
            return super().client(service, region_name=region_name, **more)
        self.asked.append(region_name)
        return self._world.client


class Reporting:
    """``run`` gives the exit code; files are in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(3)
        accounts = Accounts({(A, "eu-west-1"): {"orders": UNGATED}})
        answers = organization(1, [instance(A, "eu-west-1")], accounts.answers()).answers
        self.aws = Account(self.world, {**answers, "cloudformation.describe_stacks": stack})
        self.config = folder / "org-gate.yaml"
        written = settings().model_dump(mode="json", exclude_defaults=True)
        self.config.write_text(yaml.safe_dump(written), encoding="utf-8")

    def run(self, *arguments: str) -> int:
        surroundings = Surroundings(aws=lambda: self.aws.session, now=lambda: NOW)
        try:
            code: object = run(["report", "--config", str(self.config), *arguments], surroundings)
        except SystemExit as end:
            code = end.code
        return cast("int", code)


@pytest.fixture
def reporting(tmp_path: Path) -> Reporting:
    return Reporting(tmp_path)


def test_json_on_stdout_is_the_report_and_nothing_else(
    reporting: Reporting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reporting.run("--format", "json", "--since", "7d") == 0
    printed = capsys.readouterr()
    report = Report.model_validate_json(printed.out)
    assert printed.err == "", "progress is for terminals"
    scope = report.meta.scope
    assert (scope.since, scope.until, report.meta.generated_at) == (START, END, END)
    assert (report.meta.region, report.meta.organization) == ("eu-west-1", "o-1")
    assert report.coverage is not None
    assert report.coverage.total.pipelines == 1
    assert reporting.aws.asked == ["eu-west-1"]


@pytest.mark.parametrize(("output", "begins"), [("html", "<!doctype html>"), ("md", "# AWS health"), ("json", "{")])
def test_each_format_is_written_to_its_file(
    reporting: Reporting, capsys: pytest.CaptureFixture[str], output: str, begins: str
) -> None:
    out = reporting.folder / "new" / f"report.{output}"
    assert reporting.run("--format", output, "--out", str(out), "--no-coverage") == 0
    assert out.read_text(encoding="utf-8").lower().startswith(begins.lower())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"Wrote {out}: ")
    assert [file.name for file in out.parent.iterdir()] == [out.name]


def test_csv_is_a_folder_or_a_zip_file(reporting: Reporting) -> None:
    out = reporting.folder / "tables"
    assert reporting.run("--format", "csv", "--out", str(out)) == 0
    assert reporting.run("--format", "csv", "--out", str(out.with_suffix(".zip"))) == 0
    with zipfile.ZipFile(out.with_suffix(".zip")) as archive:
        assert archive.namelist() == sorted(file.name for file in out.iterdir())
    assert {"decisions.csv", "events.csv", "gaps.csv"} <= {file.name for file in out.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "since", "until"),
    [
        ((), END - 30 * DAY, END),
        (("--since", "2d"), END - 2 * DAY, END),
        (("--from", "2026-03-03", "--to", "2026-03-05T12:00:00+02:00"), START + DAY, START + 3.4166666666666667 * DAY),
        (("--since", "1d", "--to", "2026-03-05"), START + 2 * DAY, START + 3 * DAY),
    ],
)
def test_the_range(
    reporting: Reporting, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], since: Any, until: Any
) -> None:
    assert reporting.run("--format", "json", "--no-coverage", *arguments) == 0
    scope = Report.model_validate_json(capsys.readouterr().out).meta.scope
    assert (scope.since, scope.until) == (since, until)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--since", "1d", "--from", "2026-03-03"), "give one of them"),
        (("--to", "2027-01-01"), "not come yet"),
        (("--from", "2026-03-05", "--to", "2026-03-05"), "is not before"),
        (("--from", "2026-03-05T00:00:00"), "nor a time with an offset"),
        (("--from", "yesterday"), "'yesterday' is neither a day, as in 2026-03-02"),
        (("--since", "0d"), "0d"),
        (("--format", "csv"), "--out"),
        (("--ou", "Nowhere", "--no-coverage"), "'Nowhere'"),
    ],
)
def test_wrong_use_ends_with_2(
    reporting: Reporting, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert reporting.run("--format", "md", *arguments) == 2
    assert says in capsys.readouterr().err


def test_what_cannot_be_read_beside_the_table_is_left_out_and_said(
    reporting: Reporting, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(*_: Any) -> Any:
        raise refused("AccessDenied", "You may not.")

    reporting.aws.answers["organizations.describe_organization"] = denied
    assert reporting.run("--format", "json") == 0
    printed = capsys.readouterr()
    report = Report.model_validate_json(printed.out)
    assert (report.coverage, report.meta.organization) == (None, None)
    assert [line.split(".")[0] for line in printed.err.splitlines()] == [
        "Coverage is left out of the report",
        "The report has no names of accounts",
    ]


def test_no_coverage_asks_no_account_and_has_names(reporting: Reporting, capsys: pytest.CaptureFixture[str]) -> None:
    assert reporting.run("--format", "json", "--no-coverage") == 0
    report = Report.model_validate_json(capsys.readouterr().out)
    assert (report.coverage, report.meta.organization) == (None, "o-1")
    assert reporting.aws.entered == []


def test_a_table_that_cannot_be_read_ends_with_3_and_writes_nothing(
    reporting: Reporting, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_operation: str) -> None:
        raise StoreUnavailableError("query", "AccessDenied", "You may not.")

    reporting.world.client.before = fails
    out = reporting.folder / "report.md"
    assert reporting.run("--format", "md", "--out", str(out)) == 3
    assert "there is no report" in capsys.readouterr().err
    assert not out.exists()


def test_a_cell_that_is_not_there_ends_with_3(reporting: Reporting, capsys: pytest.CaptureFixture[str]) -> None:
    reporting.aws.answers["cloudformation.describe_stacks"] = lambda *_: {"Stacks": [{"StackStatus": "x"}]}
    assert reporting.run("--format", "json") == 3
    assert "org-gate-central" in json.loads(capsys.readouterr().out)["error"]


def test_a_file_that_cannot_be_written_ends_with_3(reporting: Reporting, capsys: pytest.CaptureFixture[str]) -> None:
    (reporting.folder / "there").write_text("x")
    assert reporting.run("--format", "md", "--no-coverage", "--out", str(reporting.folder / "there" / "x.md")) == 3
    assert "could not be written" in capsys.readouterr().err


def test_a_scope_limits_the_report(reporting: Reporting, capsys: pytest.CaptureFixture[str]) -> None:
    ou = next(account.ou_path for account in reporting.world.accounts if account.ou_path)
    assert reporting.run("--format", "json", "--no-coverage", "--ou", ou) == 0
    report = Report.model_validate_json(capsys.readouterr().out)
    assert report.meta.scope.ou == ou
    assert report.decisions.ous.rows[0].path == ou
