"""An empty moto on the simulated clock."""

from tests.unit.simulator.lambdas.deployed import aws

__all__ = ["aws"]
