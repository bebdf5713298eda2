"""Mistakes in fields among themselves: where they are said to be, and that other mistakes do not hide them."""

import pytest

from org_gate.policy.document import DocumentError
from org_gate.policy.load import load_policy


def places(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(DocumentError) as caught:
        load_policy(text, "p.yaml")
    return [(problem.line, problem.column, problem.field) for problem in caught.value.problems]


def test_an_alias_that_is_wrong_is_wrong_in_its_name() -> None:
    text = """\
version: 1
service_aliases:
  db: RDS
  DB: EC2
  multiple_services: RDS
  x: y
  y: x
"""
    assert places(text) == [
        (4, 3, "service_aliases.DB"),
        (5, 3, "service_aliases.multiple_services"),
        (6, 3, "service_aliases.x"),
        (7, 3, "service_aliases.y"),
    ]


def test_aliases_of_a_wrong_shape_are_told_once_and_hide_no_other() -> None:
    text = """\
version: 1
service_aliases:
  a: 7
  x: X
  X: y
"""
    assert places(text) == [(3, 6, "service_aliases.a"), (5, 3, "service_aliases.X")]
    assert places("version: 1\nservice_aliases: [RDS]\n") == [(2, 18, "service_aliases")]


def test_names_of_a_wrong_shape_are_told_once_and_hide_no_other() -> None:
    text = """\
version: 1
rules:
  - {name: 7, verdict: block}
  - {name: 7, verdict: block}
  - x
  - {verdict: block}
  - {verdict: block}
  - {name: a, verdict: block}
  - {name: a, verdict: block}
  - {name: a, verdict: block}
"""
    assert places(text) == [
        (3, 12, "rules[0].name"),
        (4, 12, "rules[1].name"),
        (5, 5, "rules[2]"),
        (6, 5, "rules[3].name"),
        (7, 5, "rules[4].name"),
        (9, 12, "rules[6].name"),
        (10, 12, "rules[7].name"),
    ]
    assert places("version: 1\nrules: {name: a}\n") == [(2, 8, "rules")]
