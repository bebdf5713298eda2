"""What the project promises of itself: locks, dependencies with a reason, a Makefile that explains itself."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"

pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").exists(), reason="not a checkout")


def _pins(lock: str) -> dict[str, set[str]]:
    """Versions by package; several where an environment marker chooses."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (REQUIREMENTS / lock).read_text(), re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


@pytest.mark.parametrize(
    "lock", ["app.txt", "parquet.txt", "lambda.txt", "runtime.txt", "simulator.txt", "dev.txt", "rie.txt"]
)
def test_locks_are_hashed_and_name_no_address(lock: str) -> None:
    text = (REQUIREMENTS / lock).read_text()
    requirements = re.split(r"\n(?=[a-z])", text)[1:]
    assert requirements
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert not re.search(r"https?://|file:|@ |--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("lock", ["app.txt", "parquet.txt", "lambda.txt", "runtime.txt", "simulator.txt"])
def test_locks_agree_on_versions(lock: str) -> None:
    """The tests judge what the demo and the functions run on."""
    every = _pins("dev.txt")
    differing = {
        name: (versions, every[name]) for name, versions in _pins(lock).items() if every.get(name, versions) != versions
    }
    assert differing == {}


def test_locks_ask_for_what_the_package_asks_for() -> None:
    """They are installed without dependencies: what is missing in one would be missing where org-gate runs."""
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = whole["project"]["optional-dependencies"]
    built_with = {re.sub("[^a-z].*", "", name) for name in whole["build-system"]["requires"]}
    assert _asked("app.in") == {*whole["project"]["dependencies"]} | {
        line for line in _asked("app.in") if re.sub("[^a-z].*", "", line) in built_with
    }
    assert built_with <= {re.sub("[^a-z].*", "", line) for line in _asked("app.in")}
    assert _asked("simulator.in") - {"-r app.in"} >= {*extras["simulator"]}
    assert _asked("parquet.in") == {*extras["parquet"]}


def _asked(file: str) -> set[str]:
    lines = (REQUIREMENTS / file).read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_each_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "decisions" / "002-dependencies.md").read_text()
    explained = {
        name for row in re.findall(r"^\| ([a-z0-9, -]+) \|", reasons, re.MULTILINE) for name in row.split(", ")
    }
    asked = {
        name
        for file in REQUIREMENTS.glob("*.in")
        for name in re.findall(r"^([a-z0-9._-]+)", file.read_text(), re.MULTILINE)
        if not name.startswith("-")
    }
    assert asked == explained - {"package"}


def test_make_alone_lists_every_target_for_people() -> None:
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    done = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True, check=True)
    assert [line.split()[1] for line in done.stdout.splitlines()] == targets


def test_an_old_python_is_told_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    done = subprocess.run(
        ["make", "-C", tmp_path, ".venv/bin/pip", f"PYTHON={old}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "org-gate needs Python 3.11 or later" in done.stderr
    assert "make PYTHON=" in done.stderr
    assert not (tmp_path / ".venv").exists()
