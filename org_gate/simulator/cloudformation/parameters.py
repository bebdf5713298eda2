"""What CloudFormation refuses of a stack's parameters. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from org_gate.simulator.cloudformation.template import TemplateError


def check_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Raises TemplateError for what is unknown, missing, or not as declared."""
    declared = template.get("Parameters") or {}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, slot in declared.items() if name not in given and "Default" not in slot]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in effective_parameters(template, given).items():
        _check_value(name, value, declared[name])


def effective_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Each declared parameter's value: what was given, else its default."""
    declared = template.get("Parameters") or {}
    return {name: str(given.get(name, slot.get("Default"))) for name, slot in declared.items()}


def _check_value(name: str, value: str, slot: Mapping[str, Any]) -> None:
    kind = slot.get("Type", "String")
    values = value.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else [value]
    for each in values:
        problem = _problem(each.strip() if len(values) > 1 else each, slot, is_number="Number" in kind)
        if problem is not None:
            raise TemplateError(f"Parameter '{name}' {slot.get('ConstraintDescription') or problem}")


def _problem(value: str, slot: Mapping[str, Any], *, is_number: bool) -> str | None:
    allowed = slot.get("AllowedValues")
    if allowed is not None and value not in [_text(each) for each in allowed]:
        return f"must be one of AllowedValues (it is {value!r})"
    pattern = slot.get("AllowedPattern")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        return f"must match pattern {pattern} (it is {value!r})"
    return _number_problem(value, slot) if is_number else _length_problem(value, slot)


def _length_problem(value: str, slot: Mapping[str, Any]) -> str | None:
    if len(value) < int(slot.get("MinLength", 0)):
        return f"must contain at least {slot['MinLength']} characters"
    if "MaxLength" in slot and len(value) > int(slot["MaxLength"]):
        return f"must contain at most {slot['MaxLength']} characters"
    return None


def _number_problem(value: str, slot: Mapping[str, Any]) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return f"must be a number (it is {value!r})"
    if "MinValue" in slot and number < float(slot["MinValue"]):
        return f"must be a number not less than {slot['MinValue']}"
    if "MaxValue" in slot and number > float(slot["MaxValue"]):
        return f"must be a number not greater than {slot['MaxValue']}"
    return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
