"""The active Region is looked up, and a look-up that fails or hangs costs little."""

from threading import Event

from org_gate.health.endpoints import candidate_regions


def _aliases(*names: str) -> "list[str]":
    return list(names)


def test_where_the_lookup_tells_the_active_region_alone_is_asked() -> None:
    regions = candidate_regions(lambda name: _aliases("HEALTH.us-east-2.amazonaws.com", name))
    assert regions == ("us-east-2",)


def test_a_name_of_another_shape_is_not_believed() -> None:
    assert candidate_regions(lambda _name: _aliases("evil.example.com")) == ("us-east-1", "us-east-2")


def test_a_look_up_that_fails_leaves_the_fallbacks() -> None:
    def fails(_name: str) -> list[str]:
        raise OSError

    assert candidate_regions(fails) == ("us-east-1", "us-east-2")


def test_a_look_up_that_hangs_is_left_behind() -> None:
    released = Event()

    def hangs(_name: str) -> list[str]:
        released.wait()
        return []

    assert candidate_regions(hangs, timeout=0.01) == ("us-east-1", "us-east-2")
    released.set()
