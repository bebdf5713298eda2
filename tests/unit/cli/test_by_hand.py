"""Overrides, drills and declared events have one way to be made, listed and ended: shown for all three."""

import json
from itertools import product
from typing import Any, NamedTuple

import pytest

from tests.unit.cli.fake_cell import FIRST, LATER, NOW, SECOND, WHO, Bench, FakeCell, Mood

THIRD = "https://ghi.lambda-url.us-east-1.on.aws"
ID = "0" * 31 + "1"


class Kind(NamedTuple):
    """How a kind of thing is called on the command line and in the API."""

    route: str
    field: str
    prefix: str
    make: tuple[str, ...]
    end: tuple[str, str]

    @property
    def first_id(self) -> str:
        return self.prefix + ID


COMMON = ("--for", "1h", "--reason", "it is fine")
KINDS = (
    Kind(
        "overrides",
        "overrides",
        "o-",
        ("override", "create", "--account", "111122223333", *COMMON),
        ("override", "revoke"),
    ),
    Kind("drills", "drills", "drill-", ("drill", "start", "--account", "111122223333", *COMMON), ("drill", "stop")),
    Kind(
        "declared-events",
        "declared_events",
        "declared-",
        ("event", "declare", "--service", "RDS", "--region", "us-east-1", *COMMON),
        ("event", "close"),
    ),
)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.route for kind in KINDS])
MOODS: tuple[Mood, ...] = ("up", "silent", "refusing", "older")


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(capsys)


def kept(bench: Bench, kind: Kind, url: str = FIRST) -> dict[str, Any]:
    return bench.cells[url].things[kind.route]


@each_kind
def test_it_is_made_everywhere_with_one_id_and_ended_everywhere_by_it(bench: Bench, kind: Kind) -> None:
    code, out, err = bench.run(*kind.make)
    assert (code, err) == (0, "")
    assert kind.first_id in out.splitlines()[0]
    assert all(f"{url}: " in out and LATER in out for url in (FIRST, SECOND))
    assert list(kept(bench, kind)) == list(kept(bench, kind, SECOND)) == [kind.first_id]
    assert {body["for"] for body in bench.bodies} == {"1h"}
    code, out, err = bench.run(*kind.end, kind.first_id)
    assert (code, err) == (0, "")
    assert out.count(WHO) == 2


@each_kind
@pytest.mark.parametrize("moods", list(product(MOODS, repeat=3)), ids="-".join)
def test_making_is_done_only_where_all_took_it(
    capsys: pytest.CaptureFixture[str], kind: Kind, moods: tuple[Mood, ...]
) -> None:
    bench = Bench(capsys, {url: FakeCell(mood) for url, mood in zip((FIRST, SECOND, THIRD), moods, strict=True)})
    code, out, err = bench.run(*kind.make)
    assert code == (3 if "silent" in moods else 2 if {"refusing", "older"} & set(moods) else 0)
    for (url, cell), mood in zip(bench.cells.items(), moods, strict=True):
        assert len(cell.asked) == 1
        assert (f"{url}: " in out) == (mood == "up")
        assert (f"{url}: " in err) == (mood != "up")
    assert (f"--id {kind.first_id}" in err) == ("silent" in moods)
    assert (" ".join(kind.end) in err) == (code == 3 or (code == 2 and "up" in moods))


@each_kind
@pytest.mark.parametrize("moods", list(product((*MOODS, "without"), repeat=2)), ids="-".join)
def test_ending_is_done_where_one_knew_it_and_no_other_may_still_have_it(
    capsys: pytest.CaptureFixture[str], kind: Kind, moods: tuple[Any, ...]
) -> None:
    bench = Bench(capsys)
    bench.run(*kind.make)
    for cell, mood in zip(bench.cells.values(), moods, strict=True):
        if mood == "without":
            cell.things[kind.route].clear()
        else:
            cell.mood = mood
    code, out, err = bench.run(*kind.end, kind.first_id)
    unknown = {"without", "older"}
    nowhere = set(moods) <= unknown
    assert code == (3 if "silent" in moods else 2 if "refusing" in moods or nowhere else 0)
    for url, mood in zip(bench.cells, moods, strict=True):
        told = out if mood == "up" or (mood in unknown and "up" in moods) else err
        assert f"{url}: " in told


@each_kind
def test_a_try_is_repeated_with_its_id_and_nothing_is_done_twice(bench: Bench, kind: Kind) -> None:
    bench.cells[SECOND].mood = "silent"
    assert bench.run(*kind.make)[0] == 3
    bench.cells[SECOND].mood = "up"
    code, out, err = bench.run(*kind.make, "--id", kind.first_id)
    assert (code, err) == (0, "")
    assert f"{FIRST}: has it already." in out
    assert list(kept(bench, kind, SECOND)) == [kind.first_id]
    assert bench.made == 1


@each_kind
def test_an_id_that_is_there_without_having_been_given_is_a_refusal(bench: Bench, kind: Kind) -> None:
    assert bench.run(*kind.make)[0] == 0
    bench.made = 0
    assert bench.run(*kind.make)[0] == 2


@each_kind
def test_what_was_not_announced_is_told(bench: Bench, kind: Kind) -> None:
    bench.cells[SECOND].announced = False
    code, _, err = bench.run(*kind.make)
    assert (code, FIRST in err) == (0, False)
    assert f"{SECOND}: took it, but did not announce it" in err


@each_kind
def test_json_is_all_there_is_on_stdout_whatever_happens(bench: Bench, kind: Kind) -> None:
    bench.cells[SECOND].mood = "silent"
    code, out, err = bench.run(*kind.make, "--format", "json")
    told = json.loads(out)
    assert (code, told["id"], told["done"], bool(err)) == (3, kind.first_id, False, True)
    assert [one["outcome"] for one in told["urls"]] == ["taken", "no_answer"]
    bench.cells[FIRST].mood = "refusing"
    told = json.loads(bench.run(*kind.end, kind.first_id, "--format", "json")[1])
    assert told["urls"][0]["problem"]["detail"] == "Add an entry to override_grants."
    bench.has_credentials = False
    for arguments in (kind.make, (*kind.end, kind.first_id), (kind.make[0], "list")):
        code, out, err = bench.run(*arguments, "--format", "json")
        assert (code, "credentials" in json.loads(out)["error"], "credentials" in err) == (3, True, True)


@each_kind
def test_those_that_hold_are_listed_and_with_all_the_others_too(bench: Bench, kind: Kind) -> None:
    group = kind.make[0]
    assert bench.run(group, "list")[1].startswith("No ")
    bench.run(*kind.make)
    code, out, _ = bench.run(group, "list")
    assert (code, kind.first_id in out, f"until {LATER}" in out, "it is fine" in out) == (0, True, True, True)
    bench.run(*kind.end, kind.first_id)
    assert kind.first_id not in bench.run(group, "list")[1]
    code, out, _ = bench.run(group, "list", "--all")
    assert (code, f"{NOW} by {WHO}" in out) == (0, True)
    kept(bench, kind)[kind.first_id].update(
        revoked_at=None, stopped_at=None, expires_at="2026-03-02T12:00:00Z", ends_at="2026-03-02T12:00:00Z"
    )
    assert f"{kind.first_id}  ended {NOW}" in bench.run(group, "list", "--all")[1]
    told = json.loads(bench.run(group, "list", "--all", "--format", "json")[1])
    assert len(told[kind.field]) == 1


@each_kind
def test_what_was_over_already_is_told_as_such(bench: Bench, kind: Kind) -> None:
    bench.run(*kind.make)
    bench.cells[SECOND].over = True
    code, out, _ = bench.run(*kind.end, kind.first_id)
    assert (code, f"{SECOND}: over already, since {LATER}." in out, "None" in out) == (0, True, False)


@each_kind
def test_of_an_api_that_does_not_say_what_time_it_is_nothing_is_said_to_hold(bench: Bench, kind: Kind) -> None:
    bench.run(*kind.make)
    bench.cells[FIRST].tells_time = False
    code, out, _ = bench.run(kind.make[0], "list", "--all")
    if kind.route == "overrides":  # which say it: without, it is another URL's turn
        assert (code, f"{kind.first_id}  holds until {LATER}" in out) == (0, True)
    else:
        assert (code, f"{kind.first_id}  until {LATER}" in out) == (0, True)


@each_kind
def test_lists_come_from_the_first_that_answers(bench: Bench, kind: Kind) -> None:
    bench.cells[FIRST].mood = "silent"
    assert bench.run(kind.make[0], "list")[0] == 0
    bench.cells[FIRST].mood = "refusing"
    assert bench.run(kind.make[0], "list")[0] == 2
    bench.cells[FIRST].mood = bench.cells[SECOND].mood = "silent"
    code, out, err = bench.run(kind.make[0], "list", "--format", "json")
    assert (code, "No decision API answered" in err, json.loads(out)["problem"]) == (3, True, None)


@each_kind
def test_what_strangers_wrote_cannot_move_the_cursor(bench: Bench, kind: Kind) -> None:
    bench.run(*kind.make)
    hostile = "a\x1b[2J\u202eb\nALLOW"
    for url in (FIRST, SECOND):
        one = kept(bench, kind, url)[kind.first_id]
        for field, value in one.items():
            if isinstance(value, str):
                one[field] = hostile
            elif isinstance(value, list):
                one[field] = [hostile]
        one.update(revoked_at=hostile, stopped_at=hostile)
    for arguments in ((kind.make[0], "list", "--all"), (*kind.end, kind.first_id)):
        code, out, _ = bench.run(*arguments)
        assert code == 0
        assert not {"\x1b", "\u202e"} & set(out)
        assert "\nALLOW" not in out


@each_kind
@pytest.mark.parametrize(
    "more",
    [
        ("--for", "an hour"),
        ("--for", "0h"),
        ("--reason", "  "),
        ("--account", "12"),
        ("--id", "o-1"),
        ("--id", "drill-../../x"),
    ],
)
def test_what_no_api_could_take_is_refused_before_it_is_sent(bench: Bench, kind: Kind, more: tuple[str, ...]) -> None:
    assert bench.run(*kind.make, *more)[0] == 2
    assert bench.run(*kind.end, "../policies/1")[0] == 2
    assert not any(cell.asked for cell in bench.cells.values())


def test_what_an_override_names_is_sent_as_it_was_said(bench: Bench) -> None:
    code, _, _ = bench.run(
        *("override", "create", "--account", "111122223333", "--account", "444455556666", "--pipeline", "orders-*"),
        *("--event", "freeze:peak", "--event", "arn:aws:health:x", "--ticket", "INC-1", "--for", "30m"),
        *("--reason", "why"),
    )
    assert code == 0
    assert bench.bodies[0] == {
        "id": f"o-{ID}",
        "accounts": ["111122223333", "444455556666"],
        "pipelines": ["orders-*"],
        "events": ["freeze:peak", "arn:aws:health:x"],
        "reason": "why",
        "ticket": "INC-1",
        "for": "30m",
    }
    bench.run("override", "create", "--pipeline", "orders", *COMMON)
    assert bench.bodies[2]["events"] == ["all"]
    assert not {"accounts", "ticket"} & set(bench.bodies[2])


def test_what_a_drill_and_an_event_name_is_sent_as_it_was_said(bench: Bench) -> None:
    bench.run("drill", "start", "--ou", "Workloads/**", "--region", "eu-west-1", "--service", "RDS", *COMMON)
    drill = {"ous": ["Workloads/**"], "regions": ["eu-west-1"], "services": ["RDS"]}
    assert bench.bodies[0] == drill | {"id": f"drill-{ID}", "reason": "it is fine", "for": "1h"}
    bench.run("drill", "start", "--public", *COMMON)
    assert bench.bodies[2]["public"] is True
    code, out, _ = bench.run("drill", "list")
    assert (code, out.count("DRILL"), "the whole organization" in out) == (0, 2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("override", "create"),
        ("override", "create", "--account", "111122223333", "--event", "peak-season"),
        ("drill", "start"),
        ("drill", "start", "--public", "--ou", "Workloads"),
        ("drill", "start", "--public", "--region", "nowhere"),
        ("event", "declare", "--service", "RDS"),
        ("event", "declare", "--region", "us-east-1"),
    ],
)
def test_what_is_left_out_or_contradicts_itself_is_wrong_use(bench: Bench, arguments: tuple[str, ...]) -> None:
    assert bench.run(*arguments, *COMMON)[0] == 2
    assert not any(cell.asked for cell in bench.cells.values())


def test_of_many_affected_accounts_a_few_are_shown(bench: Bench) -> None:
    bench.run("drill", "start", "--ou", "Workloads", *COMMON)
    kept(bench, KINDS[1])[f"drill-{ID}"]["accounts"] = [f"{number:012}" for number in range(800)]
    out = bench.run("drill", "list")[1]
    assert "000000000004 and 795 more, those of Workloads among them" in out
    kept(bench, KINDS[1])[f"drill-{ID}"]["accounts_omitted"] = 29_200
    assert "000000000004 and 29995 more" in bench.run("drill", "list")[1]


def test_of_an_override_the_accounts_that_are_not_shown_are_counted(bench: Bench) -> None:
    bench.run("override", "create", "--account", "111122223333", *COMMON)
    kept(bench, KINDS[0])[f"o-{ID}"]["accounts_omitted"] = 3
    assert "  accounts: 111122223333 and 3 more\n" in bench.run("override", "list")[1]
