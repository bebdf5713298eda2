"""An empty moto on the simulated clock, and the delegated administrator."""

from collections.abc import Iterator

import pytest

from org_gate.simulator.base import SimClock
from org_gate.simulator.cloudformation.strict import strict_stacks
from tests.unit.simulator.lambdas.deployed import aws
from tests.unit.simulator.stacksets.admin import Admin

__all__ = ["aws"]


@pytest.fixture
def admin(aws: SimClock) -> Iterator[Admin]:
    """Whose operations are over at once."""
    with strict_stacks():
        yield Admin(aws)


@pytest.fixture
def patient(aws: SimClock) -> Iterator[Admin]:
    """Whose operations get one instance done at each look."""
    with strict_stacks():
        yield Admin(aws, pace=1)
