import pytest

from org_gate.policy.timezones import time_zone


def test_a_zone_goes_by_its_name() -> None:
    assert time_zone("Europe/Berlin").key == str(time_zone("Europe/Berlin")) == "Europe/Berlin"


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError) as caught:
        time_zone("Europe/Berln")
    assert caught.value.args == ("Europe/Berln",)
