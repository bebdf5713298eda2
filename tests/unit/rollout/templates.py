"""Reading rendered templates in tests: CloudFormation's short forms as plain data."""

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    pass


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    msg = f"{suffix} of a mapping is in no template of ours"
    raise TypeError(msg)


_Loader.add_multi_constructor("!", _short_form)


def read(template: str) -> dict[str, Any]:
    """The template's sections, ``!Ref X`` as ``{"Ref": "X"}``."""
    data = yaml.load(template, Loader=_Loader)  # noqa: S506  a SafeLoader that knows CloudFormation's tags
    assert isinstance(data, dict)
    return data


def properties(template: str, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of one type, by logical id."""
    found = read(template)["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


def statements(template: str, role: str) -> list[dict[str, Any]]:
    """The statements of a role's inline policies, those of options too."""
    policies = properties(template, "AWS::IAM::Role")[role]["Policies"]
    listed = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    return [statement["Fn::If"][1] if "Fn::If" in statement else statement for statement in listed]


def actions(statement: dict[str, Any]) -> list[str]:
    named = statement["Action"]
    return [named] if isinstance(named, str) else named
