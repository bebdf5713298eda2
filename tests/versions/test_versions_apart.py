"""Old gates go on working with the new central, and new gates with an old central: a rollout takes its time."""

import json
from pathlib import Path
from typing import Any

import pytest

from org_gate import __version__
from tests.versions.exchange import FOLDER, PRESENT, acted_on, central, exchange, lacks, shape

VERSIONS = sorted(FOLDER.glob("*.json"))
AHEAD = {"since_a_later_version": {"deep": [1]}, "another": "word"}


def recorded(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told


def test_the_present_version_is_recorded() -> None:
    assert PRESENT in VERSIONS, "a new version was made: python -m tests.versions"
    assert shape(recorded(PRESENT)) == shape(exchange()), "what gate and central say has changed: a new version"


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.stem)
def test_central_answers_a_gate_of_that_version_with_all_that_it_knew(file: Path) -> None:
    told = recorded(file)
    assert all(body["gate"]["version"] == file.stem for body in told["asked"].values()), "each names its version"
    for case, body in told["asked"].items():
        got = central().request("POST", "/v1/decisions", body)
        assert got.status == 200
        assert got.body["reasons"]
        assert lacks(got.body, told["answered"][case]) == []
    assert lacks(central().request("GET", "/v1/status").body, told["status"]) == []


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.stem)
@pytest.mark.parametrize("verdict", ["allow", "block"])
def test_the_gate_understands_central_of_that_version(file: Path, verdict: str) -> None:
    for answer in recorded(file)["answered"].values():
        how, told = acted_on({**answer, "verdict": verdict, "would_be": verdict, "mode": "enforce"})
        assert how == ("success" if verdict == "allow" else "failure")
        assert answer["decision_id"] in json.dumps(told)


def test_what_a_later_version_says_more_is_ignored_on_both_sides() -> None:
    told = recorded(PRESENT)
    body = next(iter(told["asked"].values()))
    got = central().request("POST", "/v1/decisions", {**body, **AHEAD, "gate": {**body["gate"], **AHEAD}})
    assert got.status == 200
    answer = next(iter(told["answered"].values()))
    ahead = {**answer, **AHEAD, "knowledge": {**answer["knowledge"], **AHEAD}, "verdict": "allow"}
    assert acted_on(ahead)[0] == "success"


def test_a_field_that_is_gone_is_noticed() -> None:
    assert lacks({"a": {}, "c": [{"e": "x"}]}, {"a": {"b": 1}, "c": [{"d": 1, "e": 2}], "f": None}) == [
        "/a/b",
        "/c[]/d",
        "/c[]/e",
        "/f",
    ]
    assert __version__ in {file.stem for file in VERSIONS}
