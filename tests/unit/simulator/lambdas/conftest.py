"""Runners over an empty moto."""

from collections.abc import Iterator

import pytest

from org_gate.simulator.base import SimClock
from org_gate.simulator.lambdas.inprocess import InProcessRunner
from org_gate.simulator.lambdas.processes import ProcessRunner
from tests.unit.simulator.lambdas.deployed import aws

__all__ = ["aws"]

ENDPOINT = "http://127.0.0.1:1"  # nothing listens there: no function of these tests calls AWS


@pytest.fixture
def processes(aws: SimClock) -> Iterator[ProcessRunner]:
    del aws
    runner = ProcessRunner(ENDPOINT)
    yield runner
    runner.close()


@pytest.fixture(params=["processes", "inprocess"])
def runner(request: pytest.FixtureRequest, aws: SimClock) -> Iterator[ProcessRunner | InProcessRunner]:
    del aws
    made = ProcessRunner(ENDPOINT) if request.param == "processes" else InProcessRunner(ENDPOINT)
    yield made
    made.close()
