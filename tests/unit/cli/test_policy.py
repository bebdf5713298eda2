import io
import json
from pathlib import Path

import pytest

from tests.unit.cli.support import Shell

WRONG = "version: 1\nmode: enforced\nrulez: []\n"
BLIND = "version: 1\nrules:\n  - {name: db, match: {services: [RDS]}, verdict: block}\n"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys, [])


def test_all_problems_come_with_place_and_mend(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(WRONG)
    code, out, _ = shell.run("policy", "validate", str(file))
    assert code == 2
    assert f"{file}:2:7: mode: found 'enforced'" in out
    assert "did you mean rules?" in out
    assert "2 problems" in out


def test_json_has_the_same(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(WRONG)
    code, out, err = shell.run("policy", "validate", str(file), "--format", "json")
    told = json.loads(out)
    assert (code, err, told["valid"]) == (2, "", False)
    assert [(one["line"], one["column"], one["field"]) for one in told["problems"]] == [(2, 7, "mode"), (3, 1, "rulez")]


def test_a_warning_does_not_make_it_invalid(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(BLIND)
    code, out, _ = shell.run("policy", "validate", str(file))
    assert code == 0
    assert "MULTIPLE_SERVICES" in out
    assert "valid policy, with 1 warning" in out


def test_a_dash_reads_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    code, out, _ = shell.run("policy", "validate", "-")
    assert code == 2
    assert "standard input:2:7" in out


@pytest.mark.parametrize("kind", ["missing", "directory", "too large"])
def test_what_cannot_be_read_is_told_and_ends_with_2(shell: Shell, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "policy.yaml"
    if kind == "directory":
        file.mkdir()
    elif kind == "too large":
        file.write_bytes(b"#" * 1024 * 1025)
    code, out, err = shell.run("policy", "validate", str(file))
    assert (code, out) == (2, "")
    assert str(file) in err


@pytest.mark.parametrize("text", [b"", b"- a\n", b"\xff\xfe\x00", b"version: [1\n", b"a: &a [*a]\n"])
def test_what_is_no_policy_at_all_is_a_problem_and_no_crash(shell: Shell, tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(text)
    code, out, err = shell.run("policy", "validate", str(file))
    assert (code, err) == (2, "")
    assert out.startswith(f"{file}:")


def test_names_in_a_policy_cannot_move_the_cursor(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('version: 1\n"\\e[2Jx\\u202e": 1\n', encoding="utf-8")
    _, out, _ = shell.run("policy", "validate", str(file))
    assert not {"\x1b", "\u202e"} & set(out)
