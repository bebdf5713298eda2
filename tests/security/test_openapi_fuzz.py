"""schemathesis against the API's own document (A2-A4): what is answered is what it says, for good and for bad.

Each operation is asked by a member account and by the central account, in requests that fit its schemas and in such
that do not. No 5xx, every status and content type is documented, every body fits its schema, what does not fit its
schema is refused, and what is refused has written nothing.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.security.fuzz import fuzzed
from tests.security.wsgi_api import WsgiApi
from tests.unit.central.support import CENTRAL, ME


def document() -> Any:
    """What is committed, but for signatures: these are the front door's to look at, which is not here."""
    written = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
    del written["security"], written["components"]["securitySchemes"]
    read = schemathesis.openapi.from_dict(written)
    read.app = WsgiApi(CENTRAL)  # what is asked is given with each request
    return read


# Not `positive_data_acceptance`: more is asked of a request than a schema can say (a reason that says something, the
# ARN of an event, another account's `delegates` entry).
CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    allow_header_conformance,
]

DOCUMENT: Final = document()
OPERATIONS: Final = {
    operation.label: operation for operation in (found.ok() for found in DOCUMENT.get_all_operations())
}
CAN_BE_WRONG: Final = [
    label
    for label, one in OPERATIONS.items()
    if one.body or one.query or any(path.definition["schema"]["type"] != "string" for path in one.path_parameters)
]
"""Every request to the others fits: any text may stand in their paths, and there is nothing else."""


@pytest.mark.contract("A4")
@pytest.mark.parametrize("caller", [ME, CENTRAL], ids=["member", "central"])
@pytest.mark.parametrize("label", OPERATIONS)
def test_requests_that_fit_the_document(label: str, caller: str) -> None:
    play(label, caller, GenerationMode.POSITIVE)


@pytest.mark.contract("A4")
@pytest.mark.parametrize("label", CAN_BE_WRONG)
def test_requests_that_do_not_fit_the_document(label: str) -> None:
    play(label, CENTRAL, GenerationMode.NEGATIVE)


def play(label: str, caller: str, mode: GenerationMode) -> None:
    """Now and then the id in a path is one of something that is there."""
    api = WsgiApi(caller)
    made = api.made() if caller == CENTRAL else {}
    operation = OPERATIONS[label]

    @fuzzed(12)
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(app=api, checks=CHECKS)
        assert api.faults == []

    ask()
    assert api.asked
    for name in made.keys() & {parameter.name for parameter in operation.path_parameters}:
        case = operation.Case(path_parameters={name: made[name]})
        assert case.call_and_validate(app=api, checks=CHECKS).status_code == 200
    assert api.faults == []
