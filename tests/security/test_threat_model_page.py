"""docs/threat-model.md says what is: each threat names a test that is there, and each control it names exists."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from tests.unit.rollout.templates import read

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| .* \| .* \| .*`tests/", line)]
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
CONTROLS = sorted(set(re.findall(r"`(org_gate(?:\.\w+)+)`", PAGE)))
RESOURCES = sorted(set(re.findall(r"`(stacksets/rendered/\w+\.yaml): (\w+)`", PAGE)))


@cache
def defined(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("node", TESTS)
def test_each_test_that_it_names_is_there(node: str) -> None:
    file, _, name = node.partition("::")
    assert not name or name in defined(file)
    assert any(each.startswith("test_") for each in defined(file))


@pytest.mark.parametrize("control", CONTROLS)
def test_each_control_that_it_names_is_there(control: str) -> None:
    parts = control.split(".")
    module = next(count for count in range(len(parts), 0, -1) if is_module(parts[:count]))
    found: object = import_module(".".join(parts[:module]))
    for name in parts[module:]:
        found = getattr(found, name)


def is_module(parts: list[str]) -> bool:
    path = ROOT.joinpath(*parts)
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize(("file", "resource"), RESOURCES)
def test_each_resource_that_it_names_is_there(file: str, resource: str) -> None:
    assert resource in read((ROOT / file).read_text(encoding="utf-8"))["Resources"]


def test_every_threat_has_its_test_and_no_row_is_half() -> None:
    tables = re.findall(r"^\| threat \| control \| test \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert rows == ROWS
    assert len(rows) >= 30


def test_all_tests_about_security_are_on_the_page_or_fuzz() -> None:
    """A threat that has a test here has a row there."""
    there = {
        f"tests/security/{path.name}::{name}"
        for path in Path(__file__).parent.glob("test_threats_*.py")
        for name in defined(f"tests/security/{path.name}")
        if name.startswith("test_")
    }
    files = {node.partition("::")[0] for node in TESTS}
    assert {node.partition("::")[0] for node in there} <= files
