from collections.abc import Iterator

import pytest

from tests.unit.store.tables import TableClient, fake_table, moto_table


@pytest.fixture
def client() -> Iterator[TableClient]:
    with moto_table() as found:
        yield found


@pytest.fixture(params=["moto", "fake"])
def either(request: pytest.FixtureRequest) -> Iterator[TableClient]:
    """A table of each kind in turn."""
    if request.param == "fake":
        yield fake_table()
    else:
        with moto_table() as found:
            yield found


@pytest.fixture
def quick() -> TableClient:
    return fake_table()
