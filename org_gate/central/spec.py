"""The API's OpenAPI document, made from its routes (and committed as ``docs/openapi.json``)."""

import json
from typing import Any, Final

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, SecurityScheme

from org_gate import __version__

_NOT_OURS: Final = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""Schemas that powertools adds for answers which we give as problems."""


def document(app: LambdaFunctionUrlResolver) -> str:
    """OpenAPI 3.1 as JSON text."""
    scheme: SecurityScheme = APIKey(
        name="Authorization",
        in_=APIKeyIn.header,
        description="AWS Signature Version 4, service lambda. The caller is the account that signed.",
    )
    made: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="org-gate decision API",
            version=__version__,
            description="Whether it is safe to deploy there now. Unknown fields of a request are ignored.",
            security_schemes={"sigv4": scheme},
            security=[{"sigv4": []}],
        )
    )
    for name in _NOT_OURS:
        made["components"]["schemas"].pop(name, None)
    for operations in made["paths"].values():
        for operation in operations.values():
            if _is_not_ours(operation["responses"].get("422")):
                del operation["responses"]["422"]
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _is_not_ours(response: object) -> bool:
    return any(name in json.dumps(response) for name in _NOT_OURS)
