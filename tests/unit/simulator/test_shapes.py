"""A call's parameters are held to botocore's model, what its own check leaves out included."""

import re
from typing import Any

import pytest

from org_gate.simulator.base import AwsError
from org_gate.simulator.shapes import service_model, validate
from org_gate.simulator.wire import Operation


def _check(operation: str, service: str = "health", **params: Any) -> None:
    validate(Operation(service, operation, "json", params, service_model(service).operation_model(operation)))


def test_a_list_may_be_as_long_as_the_model_says_and_no_longer() -> None:
    _check("DescribeEventsForOrganization", filter={"regions": ["us-east-1"] * 10})
    with pytest.raises(AwsError, match=r"'filter\.regions' .* length less than or equal to 10") as error:
        _check("DescribeEventsForOrganization", filter={"regions": ["us-east-1"] * 11})
    assert error.value.code == "ValidationException"


def test_numbers_enums_and_patterns_are_held() -> None:
    with pytest.raises(AwsError, match="value less than or equal to 100"):
        _check("DescribeEventsForOrganization", maxResults=101)
    with pytest.raises(AwsError, match="enum value set"):
        _check("DescribeEventsForOrganization", filter={"eventStatusCodes": ["opened"]})
    with pytest.raises(AwsError, match="regular expression"):
        _check("GetPipeline", service="codepipeline", name="no spaces")


def test_a_pattern_that_is_let_go_is_not_held_but_the_length_is() -> None:
    _check("DescribeAffectedAccountsForOrganization", eventArn="arn:aws:health:us-east-1::event/one-segment")
    with pytest.raises(AwsError, match="length"):
        _check("DescribeAffectedAccountsForOrganization", eventArn="a" * 1601)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(AwsError, match=r"^ValidationException: 3 validation errors detected"):
        _check("DescribeEventsForOrganization", maxResults=101, filter={"services": ["x" * 31]})


@pytest.mark.parametrize("service", ["health", "codepipeline"])
def test_every_pattern_of_the_models_we_use_is_one_that_python_reads(service: str) -> None:
    model = service_model(service)
    patterns = [model.shape_for(name).metadata.get("pattern") for name in model.shape_names]
    assert [re.compile(pattern) for pattern in patterns if pattern]
