"""One metric of the central functions, as a line of their logs (EMF)."""

from typing import Final

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE: Final = "OrgGate"


def count(name: str, number: int = 1, **dimensions: str) -> None:
    """``number`` of what ``name`` says, by ``dimensions``."""
    with single_metric(name=name, unit=MetricUnit.Count, value=number, namespace=NAMESPACE) as metric:
        for dimension, value in dimensions.items():
            metric.add_dimension(name=dimension, value=value)
