import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from org_gate.central.routes import METHODS
from org_gate.central.serving import app
from org_gate.central.spec import document
from tests.unit.central.support import Api, FakeStore

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def made() -> str:
    return document(app)


def test_the_committed_document_is_fresh(made: str) -> None:
    refresh = "python -m org_gate.central.routes > docs/openapi.json"
    assert COMMITTED.read_text(encoding="utf-8") == made, f"docs/openapi.json is old; make it anew: {refresh}"


def test_it_is_valid_openapi_and_served(made: str) -> None:
    spec: dict[str, Any] = json.loads(made)
    validate(spec)
    assert spec["openapi"].startswith("3.1")
    reply = Api(FakeStore()).request("GET", "/openapi.json")
    assert reply.body == spec


def test_the_methods_told_with_405_are_the_documents(made: str) -> None:
    documented = {
        re.sub(r"\{[a-z_]+\}", "[^/]+", path): {method.upper() for method in operations}
        for path, operations in json.loads(made)["paths"].items()
    }
    assert documented == {path: set(methods) for path, methods in METHODS.items()}


def test_every_refusal_is_a_problem_and_every_answer_has_a_schema(made: str) -> None:
    for path, operations in json.loads(made)["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                kind = "application/json" if status == "200" else "application/problem+json"
                assert list(response["content"]) == [kind], (path, status)
