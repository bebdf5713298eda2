"""``org-gate backtest``: the shipped incidents, scenarios, exports and the table; for people and for machines."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from org_gate.cli.backtest_sources import Source, from_export, read_table
from org_gate.cli.export import write
from org_gate.cli.export_files import json_lines
from org_gate.cli.main import run
from org_gate.rollout.files import shipped
from tests.e2e.support import ORDERS, issue, scenario, update
from tests.unit.decision.builders import NOW, event
from tests.unit.report.histories import at
from tests.unit.report.kept import keep
from tests.unit.report.records import record
from tests.unit.report.worlds import DAY, START, World
from tests.unit.store.tables import fake_table, store_on

POLICY = str(shipped("config/policy.yaml"))
DOCUMENT = Path(__file__).parents[3] / "docs" / "backtest.md"


class Cli:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        try:
            code: object = run(["backtest", *arguments])
        except SystemExit as end:
            code = end.code
        printed = self._capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    def json(self, *arguments: str) -> dict[str, Any]:
        code, out, err = self(*arguments, "--format", "json")
        assert (code, err) == (0, "")
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def written(folder: Path, data: Any, name: str = "own.yaml") -> str:
    file = folder / name
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return str(file)


def export(folder: Path, *lines: dict[str, Any]) -> str:
    file = folder / "past.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(file)


def test_a_policy_alone_is_tried_on_the_incidents_that_ship(cli: Cli) -> None:
    code, out, err = cli(POLICY)
    assert (code, err) == (0, "")
    assert "2025-10-20 06:48  us-east-1       MULTIPLE_SERVICES         after 23 min" in out
    assert "passed: AWS Health did not show it yet (until 2021-12-07 16:22)" in out
    assert out.splitlines()[-1] == "Never blocked: eu-west-1, sa-east-1."


@pytest.mark.skipif(not DOCUMENT.exists(), reason="not a checkout")
def test_the_document_shows_what_it_prints(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = DOCUMENT.read_text("utf-8")
    policy = text.split("```yaml\n")[1].split("```")[0]
    shown = [block.split("```")[0] for block in text.split("```\n$ org-gate backtest ")[1:]]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "policy.yaml").write_bytes(Path(POLICY).read_bytes())
    (tmp_path / "careful.yaml").write_text(policy, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    told = [block.replace("\\\n", "").partition("\n") for block in shown]
    printed = [(command, output) for command, _, output in told if output]
    assert len(printed) == 2
    for command, output in printed:
        assert cli(*command.split()) == (0, output, "")


def test_it_says_the_same_twice(cli: Cli) -> None:
    assert cli(POLICY, "--against", POLICY) == cli(POLICY, "--against", POLICY)


def test_a_scenario_is_read_without_being_played(cli: Cli, tmp_path: Path) -> None:
    told = scenario(issue("10m", startTime="+4m"), update("2000d", statusCode="closed"))
    found = cli.json(POLICY, "--scenario", written(tmp_path, told), "--every", "1h")
    (one,) = found["incidents"]
    assert (one["began"], one["shown"], one["over"]) == (
        "2026-03-02T12:04:00Z",
        "2026-03-02T12:10:00Z",
        "2031-08-23T12:00:00Z",
    )
    assert {target["account"] for target in one["targets"]} == {"111122223333", "111122224444", "999988887777"}
    assert one["first_block"] == "2026-03-02T12:10:00Z"
    assert found["counts"]["block"] == one["blocked"] == 3 * (2000 * 24 - 1)  # the first was not shown yet


def test_an_older_update_of_a_scenario_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    late = update("20m", statusCode="closed", lastUpdatedTime="+5m")
    told = scenario(issue("10m"), late, update("40m", statusCode="closed"))
    (one,) = cli.json(POLICY, "--scenario", written(tmp_path, told))["incidents"]
    assert one["over"] == "2026-03-02T12:40:00Z"


def test_what_another_policy_changes_in_counts_and_cases(cli: Cli, tmp_path: Path) -> None:
    shadow = written(tmp_path, yaml.safe_load(Path(POLICY).read_text("utf-8")) | {"mode": "shadow"})
    arguments = [shadow, "--against", POLICY, "--from", "2021-12-07", "--to", "2021-12-08", "--region", "us-east-1"]
    code, out, _ = cli(*arguments)
    assert code == 0
    assert f"Instead of {POLICY}:" in out
    assert "  block → warn: 24 deployments" in out
    case = "2021-12-07 16:22 to 2021-12-07 22:22  111122223333/us-east-1  block → warn  24"
    assert f"  {case}  (rule open-issues → rule open-issues, mode shadow)" in out
    found = cli.json(*arguments)
    assert (found["counts_against"]["block"], found["counts"]["warn"]) == (24, 24)
    (one,) = found["differences"]
    assert (one["before"]["verdict"], one["after"]["verdict"], one["deployments"]) == ("block", "warn", 24)


def test_services_and_regions_of_the_deployments(cli: Cli) -> None:
    lambdas = cli.json(POLICY, "--region", "us-east-1", "--service", "LAMBDA")
    met = {one["began"][:10] for one in lambdas["incidents"] if one["blocked"]}
    assert met == {"2021-12-07", "2023-06-13", "2025-10-20"}
    code, out, _ = cli(POLICY, "--region", "sa-east-1")
    assert (code, "None of the events concerns these deployments." in out) == (0, True)
    assert "13 events of the history concern none of these deployments." in out


RECORDED = [
    {"kind": "decision", **record(at(0), event(last_updated=at(-60)))},
    {"kind": "decision", **record(at(30), number=2)},
    {"kind": "event", "arn": event().arn, "region": "us-east-1", "service": "RDS", "status": "closed",
     "scope": "PUBLIC", "last_updated": "2026-03-02T13:00:00Z"},
]  # fmt: skip


def test_recorded_decisions_of_an_export(cli: Cli, tmp_path: Path) -> None:
    warn = written(tmp_path, {"version": 1, "rules": [{"name": "w", "verdict": "warn"}]})
    past = export(tmp_path, *RECORDED)
    code, out, _ = cli(warn, "--export", past)
    assert code == 0
    assert "  as recorded: 1 blocked, 0 warned, 1 allowed" in out
    assert f"  with {warn}: 0 blocked, 1 warned, 1 allowed" in out
    assert "2026-03-02 12:00  111122223333 orders  111122223333/us-east-1/RDS  block → warn  (rule w)" in out
    found = cli.json(POLICY, "--export", past, "--against", warn)
    assert (found["counts"], found["counts_against"]) == (
        {"allow": 1, "warn": 0, "block": 1},
        {"allow": 1, "warn": 1, "block": 0},
    )
    (one,) = found["decisions"]
    assert (one["changed"], one["free_at"], one["pipeline"]["name"]) == (True, "2026-03-02T13:00:00Z", "orders")
    code, out, _ = cli(POLICY, "--export", past)
    assert "  held for 1 h in the middle, 1 h at most" in out
    assert "None comes out otherwise." in out


def test_only_those_of_the_time_asked_for(cli: Cli, tmp_path: Path) -> None:
    past = export(tmp_path, *RECORDED)
    found = cli.json(POLICY, "--export", past, "--from", "2026-03-02T12:00:30Z", "--to", "2026-03-03")
    assert sum(found["counts"].values()) == 1
    assert sum(cli.json(POLICY, "--export", past, "--to", "2026-03-02T13:00:00+01:00")["counts"].values()) == 0


def test_synthetic_deployments_on_an_export(cli: Cli, tmp_path: Path) -> None:
    found = cli.json(POLICY, "--export", export(tmp_path, *RECORDED), "--every", "10m")
    assert found["targets"] == [
        {"account": ORDERS, "region": "us-east-1", "services": [], "availability_zones": []},
    ]
    (one,) = found["incidents"]
    assert (one["shown"], one["over"]) == ("2026-03-02T11:59:00Z", "2026-03-02T13:00:00Z")


def test_bad_lines_of_an_export_are_told_with_their_place(cli: Cli, tmp_path: Path) -> None:
    past = export(tmp_path, RECORDED[0], {"kind": "decision"}, {"kind": "\x1b[2J"})
    code, out, err = cli(POLICY, "--export", past)
    assert (code, out) == (2, "")
    assert f"{past}:2:1: decision_id: found nothing" in err
    assert f"{past}:3:1: kind: found another kind of line" in err
    assert "is not valid, so nothing was tried." in err
    assert "\x1b" not in err
    code, out, _ = cli(POLICY, "--export", past, "--format", "json")
    assert (code, json.loads(out)["valid"]) == (2, False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("missing.yaml",), "missing.yaml: cannot be read"),
        ((POLICY, "--against", "missing.yaml"), "missing.yaml: cannot be read"),
        ((POLICY, "--scenario", "missing.yaml"), "missing.yaml: cannot be read"),
        ((POLICY, "--export", "missing.jsonl"), "missing.jsonl: cannot be read"),
        ((POLICY, "--scenario", POLICY), f"{POLICY}:"),
        ((POLICY, "--scenario", "a", "--export", "b"), "Give one past"),
        ((POLICY, "--export", "/dev/null", "--region", "eu-west-1"), "give --every too"),
        ((POLICY, "--export", "/dev/null", "--every", "5m"), "tells of nothing"),
        ((POLICY, "--from", "2030-01-01"), "tells of nothing after --from"),
        ((POLICY, "--from", "2021-12-07", "--to", "2021-12-07"), "--from has to be before --to"),
        ((POLICY, "--from", "2021-12-07T00:00:00"), "nor a time with an offset"),
        ((POLICY, "--every", "0m"), "is not a duration"),
        ((POLICY, "--account", "12"), "is not an account id"),
        ((POLICY, "--table", "--config", "missing.yaml"), "there is no such file"),
    ],
)
def test_wrong_use_ends_with_2_and_what_to_do(cli: Cli, arguments: Sequence[str], told: str) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_an_empty_export_is_no_mistake(cli: Cli) -> None:
    code, out, _ = cli(POLICY, "--export", "/dev/null")
    assert code == 0
    assert "There are no recorded decisions. Try synthetic deployments instead: --every 15m" in out


def test_it_needs_no_extra() -> None:
    """A newcomer sees the public incidents with org-gate alone."""
    program = "import sys; sys.modules['moto'] = None; from org_gate.cli.main import run; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "backtest", POLICY], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "2021-12-07" in done.stdout


def tabled(*records: dict[str, Any]) -> Source:
    store = store_on(fake_table())
    for one in records:
        store.put_decision(one)
    return read_table(store, "the table", None, None)


def test_the_table_gives_its_decisions_in_order_of_time() -> None:
    records = [record(NOW + timedelta(hours=n), event(), number=n + 1) for n in range(30)]
    found = tabled(*reversed(records))
    assert [one.decision_id for one in found.recorded] == [one["decision_id"] for one in records]
    assert (found.accounts, found.regions, found.unreadable) == ((ORDERS,), ("us-east-1",), 0)


def test_records_of_other_versions_are_counted() -> None:
    odd = record(NOW, event(), number=7)
    odd["events"] = [{"other": "form"}]
    found = tabled(record(NOW, event()), odd)
    assert (len(found.recorded), found.unreadable) == (1, 1)


def test_the_table_and_its_export_are_the_same_past(tmp_path: Path) -> None:
    """Events that no decision names are in both, with the accounts that they affect."""
    for seed, since, until in ((0, None, None), (1, START + DAY, None), (2, START + DAY, START + 3 * DAY)):
        store = World(seed, decisions=40).store
        file = tmp_path / f"{seed}.jsonl"
        with json_lines(file) as lines:
            write(store, lines, since, until)
        table, export = read_table(store, "it", since, until), from_export(file, "text")
        assert table.history == export.history
        assert table.recorded == tuple(sorted(export.recorded, key=lambda one: (one.at, one.decision_id)))
        assert (table.accounts, table.regions) == (export.accounts, export.regions)


def test_an_event_that_no_decision_names_is_part_of_the_tables_past() -> None:
    store = store_on(fake_table())
    keep(store, "arn:unseen", 0, frozenset({ORDERS}), start="2026-03-02T11:00:00Z", category="issue")
    keep(store, "arn:unseen", 600, frozenset({ORDERS}), status="closed", end="2026-03-02T12:10:00Z")
    store.put_decision(record(at(3600)))
    (found,) = read_table(store, "the table", None, None).history.events
    assert found.key.arn == "arn:unseen"
    assert {version.event.accounts for version in found.versions} == {frozenset({ORDERS})}
    assert found.over() == at(600)
