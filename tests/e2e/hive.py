"""Athena's table definitions, as far as the documented ones go: read, held against lines, said in DuckDB's words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SCALARS: Final = {"string": "VARCHAR", "bigint": "BIGINT", "boolean": "BOOLEAN"}
_PYTHON: Final[Mapping[str, type]] = {"string": str, "bigint": int, "boolean": bool}
_TOKEN: Final = re.compile(r"\s*(`[^`]+`|[a-z_0-9]+|[<>:,])")
RESERVED: Final = frozenset(
    """all alter and array as authorization between bigint binary boolean both by case cashe cast char column conf
    constraint commit create cross cube current current_date current_timestamp cursor database date dayofweek decimal
    delete describe distinct div double drop else end exchange exists extended external extract false fetch float floor
    following for foreign from full function grant group grouping having if import in inner insert int integer intersect
    interval into is join lateral left less like local macro map more none not null numeric of on only or order out
    outer over partialscan partition percent preceding precision preserve primary procedure range reads reduce regexp
    references revoke right rlike rollback rollup row rows select set smallint start table tablesample then time
    timestamp to transform trigger true truncate unbounded union uniquejoin update user using utc_timestamp values
    varchar views when where window with""".split()  # noqa: SIM905  words of AWS's list
)
"""What Athena reserves in table definitions."""


@dataclass(frozen=True, slots=True)
class Scalar:
    name: str

    @property
    def duck(self) -> str:
        return SCALARS[self.name]


@dataclass(frozen=True, slots=True)
class Array:
    of: "Type"

    @property
    def duck(self) -> str:
        return f"{self.of.duck}[]"


@dataclass(frozen=True, slots=True)
class Struct:
    fields: dict[str, "Type"]

    @property
    def duck(self) -> str:
        fields = (f'"{name}" {kind.duck}' for name, kind in self.fields.items())
        return f"STRUCT({', '.join(fields)})"


Type = Scalar | Array | Struct


@dataclass(frozen=True, slots=True)
class Definition:
    """``unquoted`` are all names that stand without backticks."""

    name: str
    columns: Struct
    unquoted: frozenset[str]
    serde: str
    location: str
    properties: dict[str, str]


def read_definition(statement: str) -> Definition:
    found = re.fullmatch(
        r"CREATE EXTERNAL TABLE IF NOT EXISTS (\S+) \((.*?)\n\)\nPARTITIONED BY \(day string\)\n"
        r"ROW FORMAT SERDE '(.*?)'\nSTORED AS TEXTFILE\nLOCATION '(.*?)'\nTBLPROPERTIES \((.*)\n\)",
        statement.strip(),
        re.DOTALL,
    )
    assert found, statement
    name, columns, serde, location, properties = found.groups()
    tokens = _tokens(columns)
    read = _fields(tokens, end="", between="")
    assert not tokens
    pairs = dict(re.findall(r"'(.*?)' = '(.*?)'", properties))
    return Definition(name, read, frozenset(_names(columns)), serde, location, pairs)


def _names(columns: str) -> Iterator[str]:
    """Without backticks, before a colon or at the beginning of a line."""
    yield from re.findall(r"(?<!`)\b([a-z_0-9]+): ", columns)
    yield from re.findall(r"^  ([a-z_0-9]+) ", columns, re.MULTILINE)


def _tokens(text: str) -> list[str]:
    """The last first."""
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match, text[place : place + 40]
        found.append(match[1])
        place = match.end()
    return found[::-1]


def _fields(tokens: list[str], *, end: str, between: str) -> Struct:
    fields: dict[str, Type] = {}
    while True:
        name = tokens.pop().strip("`")
        if between:
            assert tokens.pop() == between
        assert name not in fields, name
        fields[name] = _type(tokens)
        if not tokens or tokens[-1] == end:
            return Struct(fields)
        assert tokens.pop() == ","


def _type(tokens: list[str]) -> Type:
    word = tokens.pop()
    if word in SCALARS:
        return Scalar(word)
    assert tokens.pop() == "<"
    found: Type = Array(_type(tokens)) if word == "array" else _fields(tokens, end=">", between=":")
    assert word in {"array", "struct"}
    assert tokens.pop() == ">"
    return found


def misfits(kind: Type, value: Any, path: str = "") -> Iterator[str]:
    """Where a value of a line is nothing of its column's kind; every field has to be there."""
    match kind, value:
        case _, None:
            return
        case Array(of), list():
            for one in value:
                yield from misfits(of, one, path)
        case Struct(fields), dict():
            yield from (f"{path}.{name}: not in the line" for name in fields if name not in value)
            for name, field in fields.items():
                yield from misfits(field, value.get(name), f"{path}.{name}".lstrip("."))
        case Scalar(name), _ if type(value) is _PYTHON[name]:
            return
        case _:
            yield f"{path}: {value!r} is no {kind.duck}"


def left_out(kind: Type, value: Any, path: str = "") -> Iterator[str]:
    """What a line has and its table has not."""
    match kind, value:
        case Array(of), list():
            for one in value:
                yield from left_out(of, one, path)
        case Struct(fields), dict():
            for name, one in value.items():
                inner = f"{path}.{name}".lstrip(".")
                if name in fields:
                    yield from left_out(fields[name], one, inner)
                else:
                    yield inner


def never(kind: Type, values: list[Any], path: str = "") -> Iterator[str]:
    """What no line tells anything in: a column of another name would not be noticed."""
    there = [value for value in values if value is not None]
    if not there:
        yield path
        return
    match kind:
        case Array(of):
            yield from never(of, [one for value in there for one in value], path)
        case Struct(fields):
            for name, field in fields.items():
                yield from never(field, [value.get(name) for value in there], f"{path}.{name}".lstrip("."))
