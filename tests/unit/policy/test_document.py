import json
from itertools import pairwise
from typing import Literal

import pytest
from pydantic import BaseModel

from org_gate.policy.document import DocumentError, Place, Problem, read_document
from org_gate.policy.fields import AccountId, Moment
from org_gate.policy.mistakes import Strict


def problems(text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        read_document(text, "f.yaml")
    return caught.value.problems


def only(text: str | bytes) -> tuple[int, int, str]:
    (problem,) = problems(text)
    assert "\n" not in str(problem)
    return problem.line, problem.column, problem.found


def test_every_key_and_value_has_its_place() -> None:
    document = read_document("a: 1\nb:\n  - {c: x, d: [y, z]}\n", "f.yaml")
    assert document.data == {"a": 1, "b": [{"c": "x", "d": ["y", "z"]}]}
    assert document.place(("a",)) == Place(1, 4)
    assert document.place(("b", 0, "d", 1)) == Place(3, 19)
    assert document.place(("b", 0, "d"), of_key=True) == Place(3, 12)
    assert document.place(("b", 0, "nothing", "here")) == Place(3, 5)


def test_values_are_those_of_json_and_a_time_stays_text() -> None:
    document = read_document("{t: 2026-03-02T12:00:00Z, d: 2026-03-02, n: ~, y: yes, 7: 1.5, on: '1'}", "f.yaml")
    assert document.data == {"t": "2026-03-02T12:00:00Z", "d": "2026-03-02", "n": None, "y": True, "7": 1.5, "on": "1"}


def test_an_anchor_may_be_used_again() -> None:
    assert read_document("a: &x [1]\nb: *x\n", "f.yaml").data == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "nothing"),
        ("# only a comment\n", (1, 1), "nothing"),
        ("- 1\n", (1, 1), "something else"),
        ("a: 1\n---\nb: 2\n", (3, 1), "second document"),
        ("a: 1\nb: [1\n", (3, 1), "expected"),
        ("a:\n\t- b\n", (2, 1), r"\t"),
        ("a: 1\nb: \x07\n", (2, 4), "#x07"),
        (b"a: 1\nb: \xff\n", (2, 4), "0xff"),
        ("a: *nowhere\n", (1, 4), "undefined alias"),
        ("a: &a [*a]\n", (1, 4), "alias"),
        ("a: !!python/object/apply:os.system [x]\n", (1, 4), "python/object"),
        ("a: 0x_\n", (1, 4), "0x_"),
        ("a: !!bool maybe\n", (1, 4), "maybe"),
        ("? [a, b]\n: 1\n", (1, 3), "name of a field"),
        ("<<: {a: 1}\n", (1, 1), "merge key"),
        ("[" * 5000, (1, 101), "levels"),
        ("{a: " * 5000, (1, 398), "levels"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_place(text: str | bytes, place: tuple[int, int], words: str) -> None:
    line, column, found = only(text)
    assert (line, column) == place
    assert words in found


def test_a_few_aliases_cannot_stand_for_billions_of_values() -> None:
    names = "abcdefghij"
    rows = [f"{later}: &{later} [{','.join([f'*{name}'] * 10)}]" for name, later in pairwise(names)]
    text = "\n".join(["a: &a [1,1,1,1,1,1,1,1,1,1]", *rows])
    assert "stands for too much" in only(text)[2]


def test_all_repeated_fields_are_told_at_once_in_order_of_place() -> None:
    found = problems("a: 1\na: 2\nb: {c: 1, c: 2}\n<<: {}\n")
    assert [(problem.line, problem.field) for problem in found] == [(2, "a"), (3, "b.c"), (4, "document")]
    assert str(found[0]) == ("f.yaml:2:1: a: found the same field again (first on line 1); expected each field once")


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Zoo(Strict):
    keeper: AccountId
    opened: Moment
    animals: list[Cat | Dog]


def zoo_problems(text: str, prefix: tuple[str, ...] = ()) -> list[str]:
    document = read_document(text, "zoo.yaml")
    data = document.data
    for name in prefix:
        data = data[name]
    with pytest.raises(ValueError, match="validation error") as caught:
        Zoo.model_validate(data)
    return [str(problem) for problem in document.problems(caught.value, prefix)]  # type: ignore[arg-type]


def test_a_models_errors_stand_where_they_were_written() -> None:
    text = "keper: x\nkeeper: 000000000012\nopened: 2026-03-02T12:00:00\nanimals: []\n"
    unknown, account, time = zoo_problems(text)
    assert unknown == (
        "zoo.yaml:1:1: keper: found an unknown field; expected one of keeper, opened, animals (did you mean keeper?)"
    )
    assert account.startswith("zoo.yaml:2:9: keeper: found 000000000012 (read as 10); expected 12 digits in quotes")
    assert time.startswith("zoo.yaml:3:9: opened: found '2026-03-02T12:00:00'; expected a time with an offset")


def test_a_missing_field_stands_at_its_parent_and_a_prefix_is_named() -> None:
    text = 'zoo:\n  keeper: "111122223333"\n  opened: 2026-03-02T12:00:00+01:00\n'
    assert zoo_problems(text, ("zoo",)) == [
        "zoo.yaml:2:3: zoo.animals: found nothing; expected a value: this field is required"
    ]


def test_the_members_of_a_union_are_not_part_of_the_field() -> None:
    text = 'keeper: "111122223333"\nopened: 2026-03-02T12:00:00Z\nanimals:\n  - {kind: cat, lives: many}\n'
    lines = zoo_problems(text)
    assert "zoo.yaml:4:12: animals[0].kind: found 'cat'; expected 'dog'" in lines
    assert "zoo.yaml:4:24: animals[0].lives: found 'many'; expected a whole number" in lines


def test_an_emoji_in_two_escapes_as_json_writes_it_is_one_character() -> None:
    assert read_document(json.dumps({"why": "🙂"}), "it.json").data == {"why": "🙂"}


@pytest.mark.parametrize(("text", "place"), [('why: "x\\uD800"', "1:6"), ('"\\uDE42": 1', "1:1")])
def test_half_a_character_is_refused_at_its_place(text: str, place: str) -> None:
    with pytest.raises(DocumentError, match=rf"^it\.yaml:{place}: .*half a character"):
        read_document(text, "it.yaml")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("a: [*-failover]", True), ("a: [*]", True), ("a: [**]", True), ("a: [@x]", True), ("a: [1", False)],
)
def test_what_yaml_wants_quotes_around_is_told(text: str, quoted: bool) -> None:  # noqa: FBT001  a case of the table
    (problem,) = problems(text)
    assert ("with quotes around" in problem.expected) is quoted
