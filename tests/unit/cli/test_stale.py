from typing import Any

import pytest

from org_gate.cli.stale import without_gate
from tests.unit.client.support import decision

HINT = {"kind": "hint", "verdict": "warn", "rule": None, "target": 0, "explanation": "x"}
EVENT = HINT | {"kind": "event", "verdict": "block", "rule": "open-issues"}


def stale(on_unknown: str, on_stale: str = "local", age: int | None = 1200) -> dict[str, Any]:
    knowledge = decision()["knowledge"]
    return {
        "knowledge": knowledge | {"stale": True, "on_stale": on_stale, "on_unknown": on_unknown, "age_seconds": age}
    }


@pytest.mark.parametrize("on_unknown", ["allow", "warn", "block"])
def test_local_counts_as_on_unknown(on_unknown: str) -> None:
    taken = without_gate(decision("allow", **stale(on_unknown)))
    assert (taken["verdict"], taken["would_be"]) == (on_unknown, on_unknown)
    assert [(reason["kind"], reason["verdict"], reason["target"]) for reason in taken["reasons"]] == [
        ("unknown", on_unknown, None),
    ]
    assert "20 min" in taken["reasons"][0]["explanation"]
    assert ("20 min" in taken["summary"]) is (on_unknown != "allow")


def test_a_worse_verdict_stands_and_so_does_its_summary() -> None:
    answer = decision("block", **stale("warn"))
    taken = without_gate(answer)
    assert (taken["verdict"], taken["summary"]) == ("block", answer["summary"])


@pytest.mark.parametrize("on_stale", ["allow", "warn", "block"])
def test_what_central_has_counted_itself_is_left(on_stale: str) -> None:
    answer = decision("warn", **stale("block", on_stale))
    assert without_gate(answer) == answer
    assert without_gate(decision()) == decision()


@pytest.mark.parametrize("mode", ["warn", "shadow"])
def test_modes_make_it_a_warning(mode: str) -> None:
    taken = without_gate(decision("allow", mode=mode, **stale("block")))
    assert (taken["verdict"], taken["would_be"]) == ("warn", "block")
    assert taken["reasons"][0]["verdict"] == "block"


def test_an_exempt_request_is_allowed_still() -> None:
    taken = without_gate(decision("allow", exempt=True, **stale("block")))
    assert (taken["verdict"], taken["would_be"]) == ("allow", "allow")
    assert taken["reasons"][0]["kind"] == "unknown"


def test_an_override_of_every_target_lifts_it() -> None:
    target = decision()["targets"][0]
    lifted = without_gate(decision("allow", targets=[target | {"overridden": True}], **stale("block")))
    assert (lifted["verdict"], lifted["would_be"]) == ("warn", "warn")
    half = [target | {"overridden": True}, target]
    assert without_gate(decision("allow", targets=half, **stale("block")))["verdict"] == "block"


def test_reasons_keep_their_order_and_their_number() -> None:
    taken = without_gate(decision("block", reasons=[EVENT, HINT], **stale("warn")))
    assert [reason["kind"] for reason in taken["reasons"]] == ["event", "unknown", "hint"]
    full = without_gate(decision("block", reasons=[EVENT] * 100, reasons_omitted=2, **stale("block")))
    assert (len(full["reasons"]), full["reasons_omitted"]) == (100, 3)


def test_never_read_is_told_as_such() -> None:
    assert "never" in without_gate(decision("allow", **stale("block", age=None)))["summary"]
