from collections.abc import Iterator

import pytest

from tests.unit.store.tables import TableClient, moto_table


@pytest.fixture
def client() -> Iterator[TableClient]:
    with moto_table() as found:
        yield found
