"""docs/rollout.md, 'The settings': its examples are valid, and every field that there is stands in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from org_gate.inventory.settings import Central, Gates, Settings, load_settings

if TYPE_CHECKING:
    from pydantic import BaseModel

PAGE = (Path(__file__).parents[3] / "docs" / "rollout.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## The settings\n")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
ROWS = re.findall(r"^\| `([\w.]+)` \|", SECTION, re.MULTILINE)


def fields() -> Iterator[str]:
    """As the page names them: those of the two larger parts one by one."""
    parts: dict[str, type[BaseModel]] = {"central": Central, "gates": Gates}
    for name in Settings.model_fields:
        if name in parts:
            yield from (f"{name}.{inner}" for inner in parts[name].model_fields)
        elif name != "version":
            yield name


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(example: str) -> None:
    assert load_settings(example, "rollout.md").version == 1


def test_the_large_example_leaves_nothing_out() -> None:
    settings = load_settings(EXAMPLES[1], "rollout.md")
    for part in (settings, settings.central, settings.gates, settings.gates.without, settings.names, settings.reports):
        assert part.model_fields_set == set(type(part).model_fields)


def test_every_field_has_its_row() -> None:
    assert list(fields()) == ROWS
