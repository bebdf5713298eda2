"""G1: one Lambda `org-gate`, code inline, that a service-managed StackSet can roll out."""

import re
from typing import Any

import pytest
import yaml

from org_gate import __version__
from org_gate.rollout.render import MAX_TEMPLATE_BYTES, member_template
from tests.unit.rollout.templates import actions, properties, read, statements

pytestmark = pytest.mark.contract("G1")

TEMPLATE = member_template()
FUNCTION = properties(TEMPLATE, "AWS::Lambda::Function")["Gate"]


def test_it_fits_into_a_request() -> None:
    assert len(TEMPLATE.encode()) < MAX_TEMPLATE_BYTES
    assert TEMPLATE.isascii()


def test_it_is_plain_cloudformation() -> None:
    """No macro, transform or loop: a service-managed StackSet takes none."""
    tags = {token.value for token in yaml.scan(TEMPLATE) if isinstance(token, yaml.TagToken)}
    plain = {"AWSTemplateFormatVersion", "Description", "Parameters", "Mappings", "Conditions", "Resources", "Outputs"}
    assert set(read(TEMPLATE)) == plain
    known = ("Ref", "Sub", "GetAtt", "If", "Equals", "Not", "FindInMap")
    assert tags <= {("!", name) for name in known}
    assert "Fn::" not in TEMPLATE


def test_the_code_is_inline_and_untouched_by_cloudformation() -> None:
    code = FUNCTION["Code"]["ZipFile"]
    assert isinstance(code, str)
    defined: dict[str, Any] = {"__name__": "index"}
    exec(compile(code, "index.py", "exec"), defined)  # noqa: S102  the code under test, as Lambda would import it
    assert callable(defined["handler"])
    assert defined["VERSION"] == __version__ == read(TEMPLATE)["Outputs"]["Version"]["Value"]
    assert (FUNCTION["FunctionName"], FUNCTION["Handler"]) == ("org-gate", "index.handler")


def test_the_code_reads_the_environment_that_the_template_writes() -> None:
    written = {name for name in FUNCTION["Environment"]["Variables"] if name.startswith("ORG_GATE_")}
    assert written == set(re.findall(r'get\("(ORG_GATE_\w+)"', FUNCTION["Code"]["ZipFile"]))


def test_the_gate_may_do_what_it_does_and_nothing_else() -> None:
    by_action = {action: each for each in statements(TEMPLATE, "Role") for action in actions(each)}
    assert sorted(by_action) == [
        "codepipeline:GetJobDetails",
        "codepipeline:GetPipeline",
        "codepipeline:PutJobFailureResult",
        "codepipeline:PutJobSuccessResult",
        "health:DescribeEvents",
        "lambda:InvokeFunction",
        "lambda:InvokeFunctionUrl",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ]
    by_url, by_function = by_action["lambda:InvokeFunctionUrl"], by_action["lambda:InvokeFunction"]
    assert by_url["Resource"] == by_function["Resource"] == {"Ref": "CentralFunctionArns"}
    assert by_url["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}
    assert by_function["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
