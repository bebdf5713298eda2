"""One organization for all tests that speak to it from outside."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.simulated import Simulated, simulated
from tests.e2e.support import ORDERS, PAYMENTS, issue, scenario, write

PREFIX = "arn:aws:health"
PUBLIC = f"{PREFIX}:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_P1"
SPECIFIC = f"{PREFIX}:us-east-1::event/EC2/AWS_EC2_INSTANCE_ISSUE/AWS_EC2_INSTANCE_ISSUE_S1"
GLOBAL = f"{PREFIX}:global::event/CLOUDFRONT/AWS_CLOUDFRONT_OPERATIONAL_ISSUE/AWS_CLOUDFRONT_OPERATIONAL_ISSUE_G1"
ZONAL = f"{PREFIX}:eu-west-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_Z1"
CLOSED = f"{PREFIX}:eu-west-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_C1"


def busy_morning() -> dict[str, Any]:
    """An event of each kind; `orders` is blocked, `payments` is not."""
    specific = issue("3m", SPECIFIC, accounts=[ORDERS, PAYMENTS], service="EC2", eventTypeCode="AWS_EC2_INSTANCE_ISSUE")
    specific["health"]["entities"] = [
        {"accountId": ORDERS, "entityValue": "i-0abc", "statusCode": "IMPAIRED"},
        {"accountId": PAYMENTS, "entityValue": "i-0def"},
    ]
    everywhere = issue("4m", GLOBAL, region="global", service="CLOUDFRONT", eventTypeCode="AWS_CLOUDFRONT_API_ISSUE")
    zonal = issue("5m", ZONAL, region="eu-west-1", service="EC2", availabilityZone="euw1-az1")
    return scenario(
        issue("1m", CLOSED, region="eu-west-1", statusCode="closed", endTime="+1m"),
        issue("2m", PUBLIC),
        specific,
        everywhere,
        zonal,
        {"at": "6m", "run": "orders", "expect": "block"},
        {"at": "6m", "run": "payments", "expect": "allow"},
        pipelines=[
            {"name": "orders", "account": ORDERS, "region": "us-east-1"},
            {
                "name": "payments",
                "account": PAYMENTS,
                "region": "eu-west-1",
                "user_parameters": {"targets": [f"{PAYMENTS}/eu-west-1/S3"]},
            },
        ],
    )


@pytest.fixture(scope="session")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """Its functions run in its own process: quicker. What runs in processes of their own has its own tests."""
    folder = tmp_path_factory.mktemp("simulated")
    with simulated(write(folder, busy_morning()), folder / "tmp", "--runtime", "inprocess") as ready:
        yield ready
