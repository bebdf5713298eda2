"""What is refused before anything is made."""

import json
from typing import Any

import pytest

from org_gate.simulator.cloudformation.parameters import check_parameters
from org_gate.simulator.cloudformation.strict import checked_template
from org_gate.simulator.cloudformation.template import (
    TemplateError,
    check_capabilities,
    check_size,
    read_template,
    references,
)

QUEUE = {"Type": "AWS::SQS::Queue"}


def template(**more: Any) -> str:
    return json.dumps({"Resources": {"Q": QUEUE}, **more})


def with_resource(**fields: Any) -> str:
    return template(Resources={"Q": QUEUE, "X": {"Type": "AWS::SQS::Queue", **fields}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "neither YAML nor JSON"),
        ("[]", "unsupported structure"),
        ("{}", "At least one Resources member"),
        (template(Resource={}), r"properties \[Resource\]"),
        (template(Transform="AWS::Serverless-2016-10-31"), "Transforms and macros"),
        (template(Resources={"Fn::ForEach::X": []}), "Transforms and macros"),
        (with_resource(Properties={"QueueName": {"Fn::Cidr": []}}), "unsupported intrinsic function Fn::Cidr"),
        (with_resource(Type="AWS::SQS::Kju"), r"Unrecognized resource types: \[AWS::SQS::Kju\]"),
        (with_resource(Type="Custom::Thing"), r"Unrecognized resource types: \[Custom::Thing\]"),
        (with_resource(Type=None), "must contain a Type"),
        (with_resource(Propertys={}), "'Propertys' of X"),
        (with_resource(Properties={"QueueName": {"Ref": "Nobody"}}), r"\[Nobody\] in the Resources block"),
        (with_resource(Properties={"QueueName": {"Fn::Sub": "a-${Nobody.Arn}"}}), r"\[Nobody\] in the Resources"),
        (with_resource(Properties={"QueueName": {"Fn::GetAtt": ["Nobody", "Arn"]}}), r"\[Nobody\]"),
        (with_resource(DependsOn="Nobody"), r"\[Nobody\]"),
        (with_resource(Condition="Never"), "condition dependency Never"),
        (template(Outputs={"O": {"Value": {"Ref": "Nobody"}}}), r"\[Nobody\] in the Outputs block"),
        (with_resource(Type="AWS::Lambda::Url", Properties={"AuthType": "NONE"}), "TargetFunctionArn"),
        (with_resource(Type="AWS::Lambda::Url", Properties={"Auth": "NONE"}), "unsupported property Auth of"),
    ],
)
def test_a_template_that_cannot_be_taken_says_why(body: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        checked_template(body, {})


def test_short_forms_and_pseudo_parameters_are_understood() -> None:
    body = (
        "Parameters: {P: {Type: String, Default: x}}\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n"
        "    Properties: {QueueName: !Sub 'q-${P}-${AWS::Region}-${!literal}'}\n"
        "Outputs: {Arn: {Value: !GetAtt Q.Arn}, Own: {Value: !Sub ['${A}${Q.QueueName}', {A: !Ref P}]}}\n"
    )
    found = set(references(checked_template(body, {})))
    assert found == {("P", None), ("AWS::Region", None), ("Q", "Arn"), ("Q", "QueueName")}


def test_a_body_is_measured_in_bytes() -> None:
    check_size("x" * 51_200)
    with pytest.raises(TemplateError, match="less than or equal to 51200"):
        check_size("ü" * 25_601)


@pytest.mark.parametrize(
    ("properties", "given", "wanted"),
    [
        ({}, [], "CAPABILITY_IAM"),
        ({"RoleName": "r"}, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
        ({}, ["CAPABILITY_IAM"], None),
        ({"RoleName": "r"}, ["CAPABILITY_NAMED_IAM"], None),
    ],
)
def test_iam_needs_to_be_acknowledged(properties: dict[str, str], given: list[str], wanted: str | None) -> None:
    read = read_template(template(Resources={"R": {"Type": "AWS::IAM::Role", "Properties": properties}}))
    if wanted is None:
        check_capabilities(read, given)
    else:
        with pytest.raises(TemplateError, match=rf"\[{wanted}\]") as raised:
            check_capabilities(read, given)
        assert raised.value.code == "InsufficientCapabilitiesException"


SLOTS = {
    "Free": {"Type": "String", "Default": ""},
    "Mode": {"Type": "String", "AllowedValues": ["enforce", "warn"]},
    "Days": {"Type": "Number", "AllowedValues": [1, 7], "Default": 7},
    "Id": {"Type": "String", "AllowedPattern": "^o-[a-z0-9]{10}$", "Default": "o-abcdefghij"},
    "Some": {"Type": "String", "MinLength": 1, "MaxLength": 3, "Default": "x"},
    "Many": {"Type": "CommaDelimitedList", "AllowedPattern": "[a-z]+", "Default": "a,b"},
    "Size": {"Type": "Number", "MinValue": 2, "MaxValue": 4, "Default": 3},
    "Said": {"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "must be an a", "Default": "a"},
}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"\[Mode\] must have values"),
        ({"Mode": "warn", "Other": "x"}, r"\[Other\] do not exist in the template"),
        ({"Mode": "shadow"}, "'Mode' must be one of AllowedValues"),
        ({"Mode": "warn", "Days": "8"}, "'Days' must be one of AllowedValues"),
        ({"Mode": "warn", "Id": "o-abcdefghij\n"}, "'Id' must match pattern"),
        ({"Mode": "warn", "Some": ""}, "at least 1"),
        ({"Mode": "warn", "Some": "four"}, "at most 3"),
        ({"Mode": "warn", "Many": "a,B"}, "'Many' must match pattern"),
        ({"Mode": "warn", "Size": "many"}, "must be a number"),
        ({"Mode": "warn", "Size": "1"}, "not less than 2"),
        ({"Mode": "warn", "Size": "5"}, "not greater than 4"),
        ({"Mode": "warn", "Said": "b"}, "'Said' must be an a"),
    ],
)
def test_a_parameter_that_is_not_as_declared_is_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        check_parameters({"Parameters": SLOTS}, given)


def test_parameters_as_declared_pass() -> None:
    check_parameters({"Parameters": SLOTS}, {"Mode": "warn", "Days": "1", "Free": "", "Many": "x, y"})
