"""The modules that play faults are no test modules by their names; their assertions are shown all the same."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.faults.{name}" for name in ("around", "dates", "health", "playing", "standby", "way"))
)
