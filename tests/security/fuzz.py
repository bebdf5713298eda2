"""What the fuzzers throw at whatever reads what strangers wrote, and how long they do it.

A few dozen examples a parser in `make test`, the same ones every time; ORG_GATE_FUZZ=N throws N others at each. Here
are inputs alone: what has to hold of what is read stands in each test.
"""

import copy
import json
import os
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES: Final = int(os.environ.get("ORG_GATE_FUZZ", "0"))

NASTY: Final = (
    "",
    " ",
    "\x00",
    "a\nb\r\nc",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe",
    "\u2028\u2029",
    "\ud800",
    "\U0010ffff",
    "=HYPERLINK(0)",
    "</script><script>",
    "${jndi:x}",
    "{{7*7}}",
    "%s%n",
    "../../x",
    "[" * 3000,
    "9" * 5000,
    "x" * 5000,
    "*a" * 40 + "b",
    "NaN",
    "1e999",
    "-1",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-03-02T12:00:00",
    "Mon, 99 Foo 99999 99:99:99 +9999",
    "arn:aws:health:::event/",
    "111122223333\n",
    "٣" * 12,
)
"""Texts that have broken parsers, here or elsewhere."""

DEEP: Final = ("[" * 100_000, '{"a":' * 100_000)
"""Nested beyond what Python reads. Not among what hypothesis throws: while it runs, Python takes far deeper ones."""

TEXTS: Final = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
NUMBERS: Final = st.one_of(
    st.integers(-2, 3),
    st.sampled_from([2**31, 2**53 + 1, 2**63, 10**30, -(10**18), 1e308, float("inf"), float("nan")]),
    st.floats(),
)
LEAVES: Final = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES: Final[st.SearchStrategy[Any]] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
"""Whatever JSON can say, and what Python's reader takes for JSON."""


def fuzzed(quick: int) -> settings:
    """So many examples in `make test`, always the same; ORG_GATE_FUZZ others otherwise."""
    return settings(
        max_examples=EXAMPLES or quick,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


@st.composite
def mangled(draw: st.DrawFn, document: Any, most: int = 3) -> Any:
    """A good document with up to so many of its parts taken away, replaced, doubled or renamed."""
    spoiled = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, most))):
        spoiled = _spoiled(draw, spoiled)
    return spoiled


@st.composite
def retold(draw: st.DrawFn, document: Any) -> Any:
    """A document of the same shape with other words here and there: all that who wrote them could choose."""
    match document:
        case dict():
            return {key: draw(retold(value)) for key, value in document.items()}
        case list():
            return [draw(retold(value)) for value in document]
        case str():
            return draw(TEXTS) if draw(st.integers(0, 4)) == 0 else document
        case _:
            return document


@st.composite
def broken_text(draw: st.DrawFn, text: str) -> str | bytes:
    """A good text with a piece cut out, put in or doubled; now and then as bytes of another encoding."""
    for _ in range(draw(st.integers(0, 3))):
        first, last = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        piece = draw(st.one_of(TEXTS, st.just(text[first:last] * 2), st.just("")))
        text = text[:first] + piece + text[min(last, first + 40) :]
    encoding = draw(st.sampled_from(["", "", "utf-8", "utf-16", "latin-1"]))
    return text.encode(encoding, "replace") if encoding else text


def as_json(value: Any) -> str:
    """As the sender of a hostile document writes it: NaN and halves of characters included."""
    return json.dumps(value)


def _spoiled(draw: st.DrawFn, node: Any) -> Any:
    """The node with one part of it spoiled, or another node in its place."""
    if not isinstance(node, dict | list) or not node or draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    keys: list[Any] = [*node] if isinstance(node, dict) else [*range(len(node))]
    key = draw(st.sampled_from(keys))
    match draw(st.sampled_from(["deeper", "deeper", "deeper", "remove", "double"])):
        case "deeper":
            node[key] = _spoiled(draw, node[key])
        case "remove":
            del node[key]
        case _ if isinstance(node, list):
            node.append(copy.deepcopy(node[key]))
        case _:
            node[draw(TEXTS)] = copy.deepcopy(node[key])
    return node
