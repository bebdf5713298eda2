"""The report's shape: its JSON Schema is the one that ships, and describes what it holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from org_gate.report.as_json import as_json
from org_gate.report.build import build
from org_gate.report.model import Report, report_schema
from tests.unit.report.worlds import World

SCHEMA = Path(__file__).parents[3] / "config" / "report.schema.json"
REGENERATE = (
    "config/report.schema.json is not what the model says; write it again with: .venv/bin/python -c "
    "'import json; from org_gate.report.model import report_schema; print(json.dumps(report_schema(), indent=2))'"
    " > config/report.schema.json"
)


def test_the_shipped_schema_is_fresh() -> None:
    assert json.loads(SCHEMA.read_text()) == report_schema(), REGENERATE


def test_the_schema_takes_reports_and_refuses_what_is_none() -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    world = World(1)
    data = json.loads(as_json(build(world.reader(), world.options())))
    validator.validate(data)
    assert not validator.is_valid({**data, "more": 1})
    assert not validator.is_valid({name: value for name, value in data.items() if name != "meta"})
    data["decisions"]["total"]["blocked"] = -1
    assert not validator.is_valid(data)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_report_as_json_is_read_back_as_the_same(seed: int) -> None:
    world = World(seed)
    report = build(world.reader(), world.options())
    assert Report.model_validate_json(as_json(report)) == report


def test_every_part_is_described() -> None:
    parts: dict[str, Any] = report_schema()["$defs"]
    assert [name for name, part in parts.items() if not (part.get("description") or name.startswith("Rows_"))] == []
