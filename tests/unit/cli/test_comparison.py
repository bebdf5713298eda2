from typing import Any

import pytest
from botocore.credentials import Credentials

from org_gate.cli.comparison import comparison_lines
from org_gate.client.api import DecisionApi
from org_gate.client.transport import Reply, Unreachable
from tests.unit.client.support import FIRST, Wire, json_reply, problem


def change(number: int = 1, **fields: Any) -> dict[str, Any]:
    whole = {
        "decision_id": f"d-{number}",
        "at": "2026-03-02T12:00:00Z",
        "account": "111122223333",
        "pipeline": "orders",
        "before": {"verdict": "allow", "would_be": "allow"},
        "after": {"verdict": "warn", "would_be": "block"},
        "because": "rule open-issues",
    }
    return whole | fields


def found(*changed: dict[str, Any], compared: int = 500, omitted: int = 0, **more: Any) -> Reply:
    told = {"compared": compared, "policy_version": 3, "changed": list(changed), "changed_omitted": omitted}
    return json_reply(told | more)


def lines(answer: Reply | Unreachable) -> list[str]:
    wire = Wire([answer])
    told = list(comparison_lines(FIRST, DecisionApi([FIRST], Credentials("a", "b"), transport=wire), {"version": 1}))
    assert wire.body(0) == {"policy": {"version": 1}, "last": 500}
    return told


def test_what_would_change_is_told_with_who_and_why() -> None:
    assert lines(found(change(), change(2, pipeline=None))) == [
        f"{FIRST}: of the last 500 decisions, by the events recorded with them, these 2 would change:",
        "  2026-03-02T12:00:00Z 111122223333 orders: allow → warn (enforce: block). rule open-issues [d-1]",
        "  2026-03-02T12:00:00Z 111122223333: allow → warn (enforce: block). rule open-issues [d-2]",
    ]
    told = lines(found(change(pipeline={"name": "web", "region": "eu-west-1"})))
    assert "this 1 would change" in told[0]
    assert "111122223333 web:" in told[1]


def test_at_most_twenty_are_listed_and_the_rest_is_counted() -> None:
    told = lines(found(*(change(number) for number in range(25)), omitted=100))
    assert (len(told), told[-1]) == (22, "  and 105 more")
    assert "these 125 would change" in told[0]
    assert lines(found(change(), omitted=2))[-1] == "  and 2 more"


def test_nothing_to_tell_is_told() -> None:
    assert lines(found(compared=1)) == [
        f"{FIRST}: of the last 1 decision, by the events recorded with them, none would change."
    ]
    assert lines(found(compared=0)) == [f"{FIRST}: there are no recorded decisions to compare with."]


def test_what_could_not_be_read_is_counted() -> None:
    told = lines(found(compared=0, unreadable=3))
    assert "3 recorded decisions could not be compared" in told[0]
    assert "unreadable" not in "".join(lines(found(unreadable=0)))


def test_what_there_was_no_time_for_is_counted() -> None:
    told = lines(found(compared=1, not_reached=7))
    assert told[0] == f"{FIRST}: there was no time to compare 7 older decisions."
    assert "of the last 1 decision" in told[1]
    assert len(lines(found(compared=0, not_reached=7))) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (problem(404, "No such path."), "older version"),
        (problem(405, "Not with POST."), "older version"),
        (problem(403, "For the central account alone."), "For the central account alone."),
        (Unreachable("it did not answer in time"), "did not answer in time."),
        (json_reply({"changed": "x"}), "no answer of a decision API"),
    ],
)
def test_what_cannot_be_compared_is_told_and_hinders_nothing(answer: Reply | Unreachable, why: str) -> None:
    (told,) = lines(answer)
    assert "were not compared, which hinders nothing" in told
    assert why in told
    assert ".." not in told


def test_what_strangers_wrote_cannot_move_the_cursor() -> None:
    hostile = "a\x1b[2J\u202eb\nALLOW"
    told = lines(found(change(because=hostile, pipeline=hostile, account=hostile, at=hostile, decision_id=hostile)))
    assert len(told) == 2
    assert not {"\x1b", "\u202e", "\n"} & set("".join(told))
