"""The policy in and out: from YAML, from JSON data, back to data, as a JSON Schema; and what is worth a warning.

Only ``load_policy`` needs PyYAML, and fetches it when called: the central functions read policies as data and
have no YAML parser in their package.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from org_gate.model.decision import Verdict
from org_gate.model.event import MULTIPLE_SERVICES
from org_gate.model.regions import KNOWN_REGIONS
from org_gate.policy.fields import duration_text
from org_gate.policy.mistakes import field_name, mistakes, nearest
from org_gate.policy.model import Match, Policy, Rule, TargetFilter
from org_gate.policy.services import ServiceNames

_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _SchemaAsWritten(GenerateJsonSchema):
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
    return {"$schema": _SCHEMA_DIALECT, **Policy.model_json_schema(schema_generator=_SchemaAsWritten)}


def problems_of(error: ValidationError) -> list[dict[str, str]]:
    """What is wrong with JSON data: ``field``, ``found``, ``expected`` and perhaps ``suggestion`` of each."""
    return [
        {"field": field_name(mistake.path), "found": mistake.found, "expected": mistake.expected}
        | ({"suggestion": mistake.suggestion} if mistake.suggestion else {})
        for mistake in mistakes(error)
    ]


def warnings(policy: Policy) -> list[str]:
    """What is allowed and yet probably not meant, one line each, in the order of the policy."""
    return [
        *_unknown_services(policy),
        *_unknown_regions(policy),
        *_blind_to_outages(policy),
        *_never_reached(policy.rules),
        *_exempting_all(policy),
    ]


def _unknown_services(policy: Policy) -> Iterator[str]:
    names = ServiceNames(policy.service_aliases)
    for field, codes in _services_named(policy):
        for code in codes:
            if not names.is_known(code):
                close = names.nearest(code)
                hint = f"; did you mean {close}?" if close else "; if AWS Health uses it, add it to service_aliases"
                yield f"{field}: {code} is not an AWS Health service code that this version knows{hint}"


def _services_named(policy: Policy) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "platform_services", policy.platform_services
    yield "global_services", policy.global_services
    for code, needed in policy.depends_on.items():
        yield f"depends_on.{code}", (code, *needed)
    yield "service_aliases", tuple(policy.service_aliases.values())
    for field, one in _filters(policy):
        yield f"{field}.services", one.services


def _filters(policy: Policy) -> Iterator[tuple[str, Match | TargetFilter]]:
    """Every filter with its field."""
    for index, entry in enumerate(policy.modes):
        yield f"modes[{index}].targets", entry.targets
    for index, filters in enumerate(policy.exempt):
        yield f"exempt[{index}]", filters
    for index, delegate in enumerate(policy.delegates):
        yield f"delegates[{index}].may_ask_for", delegate.may_ask_for
    for index, rule in enumerate(policy.rules):
        yield f"rules[{index}].match", rule.match
        yield f"rules[{index}].targets", rule.targets
    for index, freeze in enumerate(policy.freezes):
        yield f"freezes[{index}].targets", freeze.targets
        if freeze.excepted is not None:
            yield f"freezes[{index}].except", freeze.excepted


def _unknown_regions(policy: Policy) -> Iterator[str]:
    for field, one in _filters(policy):
        for region in one.regions:
            if region not in KNOWN_REGIONS:
                close = nearest(region, sorted(KNOWN_REGIONS))
                hint = f"; did you mean {close}?" if close else ""
                yield f"{field}.regions: {region} is not a Region that this version knows{hint}"


def _blind_to_outages(policy: Policy) -> Iterator[str]:
    names = ServiceNames(policy.service_aliases)
    for index, rule in enumerate(policy.rules):
        listed = names.all(rule.match.services)
        if rule.verdict is not Verdict.ALLOW and listed and MULTIPLE_SERVICES not in listed:
            yield (
                f"rules[{index}].match.services: rule {rule.name} lists services without {MULTIPLE_SERVICES}; "
                "AWS Health files the largest outages under that code, and this rule would not see them"
            )


def _never_reached(rules: tuple[Rule, ...]) -> Iterator[str]:
    last = next((rule for rule in rules if rule.match == Match() and rule.targets == TargetFilter()), None)
    if last is not None:
        for index in range(rules.index(last) + 1, len(rules)):
            yield (
                f"rules[{index}]: rule {rules[index].name} is never reached: rule {last.name} above it "
                "has no conditions and decides everything"
            )


def _exempting_all(policy: Policy) -> Iterator[str]:
    for index, filters in enumerate(policy.exempt):
        if filters == TargetFilter():
            yield f"exempt[{index}] has no conditions, so every deployment is always allowed"
    for index, freeze in enumerate(policy.freezes):
        if freeze.excepted == TargetFilter():
            yield f"freezes[{index}].except has no conditions, so freeze {freeze.name} never counts"
