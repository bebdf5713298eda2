from collections.abc import Iterator

import pytest

from tests.unit.central.collecting import World, world_on
from tests.unit.store.tables import moto_table


@pytest.fixture
def world() -> Iterator[World]:
    with moto_table() as client:
        yield world_on(client)
