"""The policy in and out: from YAML, from JSON data, back to data, as a JSON Schema.

Only ``load_policy`` needs PyYAML, and fetches it when called: the central functions read policies as data and
have no YAML parser in their package.
"""

from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from org_gate.policy.fields import duration_text
from org_gate.policy.mistakes import field_name, mistakes
from org_gate.policy.model import Policy

_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class SchemaAsWritten(GenerateJsonSchema):
    """Defaults as a person writes them; none for what cannot be written as it is when left out."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("default", ...) is None or (described.get("default") == [] and "minItems" in described):
            del described["default"]
        return described

    def encode_default(self, dft: Any) -> Any:
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def load_policy(text: str | bytes, name: str) -> Policy:
    """The policy in a YAML text; ``name`` is what problems call the file. Raises ``document.DocumentError``."""
    from org_gate.policy.document import load_document  # noqa: PLC0415  needs PyYAML (see above)

    return load_document(text, name, policy_from_data)


def policy_from_data(data: object) -> Policy:
    """The policy in JSON data. Raises ``pydantic.ValidationError``; ``problems_of`` tells it in words."""
    return Policy.model_validate(data)


def policy_data(policy: Policy) -> dict[str, Any]:
    """JSON data that ``policy_from_data`` reads back. Defaults are written out, so that later ones change nothing."""
    return policy.model_dump(mode="json")


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of the policy, for editors."""
    return {"$schema": _SCHEMA_DIALECT, **Policy.model_json_schema(schema_generator=SchemaAsWritten)}


def problems_of(error: ValidationError) -> list[dict[str, str]]:
    """What is wrong with JSON data: ``field``, ``found``, ``expected`` and perhaps ``suggestion`` of each."""
    return [
        {"field": field_name(mistake.path), "found": mistake.found, "expected": mistake.expected}
        | ({"suggestion": mistake.suggestion} if mistake.suggestion else {})
        for mistake in mistakes(error)
    ]
