"""YAML that a person wrote, with the line and column of every key and value.

``read_document`` refuses what could be misread (a field given twice, more than one document, a merge key) and
turns whatever is wrong into ``Problem``s; ``Document.problems`` puts pydantic's errors in their places.
``load_document`` tells both at once. Serves any format of ours: nothing here knows a field of one. The only module
that imports PyYAML.

Values are those JSON has: texts, numbers, true and false, null, lists, mappings with text keys. A time stays the
text it is, so that the model that reads it can refuse one without an offset.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import yaml
from pydantic import ValidationError

from org_gate.policy.mistakes import Mistake, Path, field_name, mistakes, shown

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 100_000
"""With aliases written out: a few lines of them could stand for billions of values."""

_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_TAG}merge"
_SCALARS: Final = {
    f"{_TAG}null": yaml.constructor.SafeConstructor.construct_yaml_null,
    f"{_TAG}bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
    f"{_TAG}int": yaml.constructor.SafeConstructor.construct_yaml_int,
    f"{_TAG}float": yaml.constructor.SafeConstructor.construct_yaml_float,
}
_AS_WRITTEN: Final = frozenset({f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value"})
_PLAIN: Final = frozenset({f"{_TAG}map", f"{_TAG}seq"}) | _AS_WRITTEN | _SCALARS.keys()


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Counted from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, where it stands, and what would be right."""

    file: str
    line: int
    column: int
    field: str
    found: str
    expected: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.field}: found {self.found}; expected {self.expected}{hint}"


class DocumentError(ValueError):
    """A text that is not what it should be. ``problems`` has all that is wrong, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class _Spot:
    key: Place
    value: Place
    text: str | None
    """A plain scalar as it was written: ``0012`` is not the number that YAML makes of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """What ``read_document`` read. ``data`` is the top mapping."""

    name: str
    data: dict[str, Any]
    _spots: Mapping[Path, _Spot]

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where the value (or the key) at ``path`` stands; of what is not there, where its nearest parent does."""
        for length in range(len(path), -1, -1):
            spot = self._spots.get(path[:length])
            if spot is not None:
                return spot.key if of_key and length == len(path) else spot.value
        return Place(1, 1)

    def problem(
        self, path: Path, *, found: str, expected: str, suggestion: str | None = None, of_key: bool = False
    ) -> Problem:
        """A problem with what stands at ``path``."""
        place = self.place(path, of_key=of_key)
        return replace(_problem(self.name, place, path, found, expected), suggestion=suggestion)

    def problems(self, error: ValidationError, prefix: Path = ()) -> list[Problem]:
        """Pydantic's errors in order of place; ``prefix`` is the path of what was validated."""
        found = [self._told(mistake, prefix + mistake.path) for mistake in mistakes(error)]
        return sorted(found, key=lambda problem: (problem.line, problem.column))

    def _told(self, mistake: Mistake, path: Path) -> Problem:
        real = self._real(path)
        absent = path[-1:] if mistake.blames == "absence" else ()
        return self.problem(
            real + absent,
            found=self._as_written(real, mistake.found),
            expected=mistake.expected,
            suggestion=mistake.suggestion,
            of_key=mistake.blames == "key",
        )

    def _real(self, path: Path) -> Path:
        """What of the path is in the document: pydantic puts the names of a union's members between."""
        real: Path = ()
        for part in path:
            if (*real, part) in self._spots:
                real = (*real, part)
        return real

    def _as_written(self, path: Path, found: str) -> str:
        spot = self._spots.get(path)
        text = spot.text if spot is not None else None
        reread = found in {"true", "false"} or found.isdigit()
        return f"{text} (read as {found})" if reread and text not in {None, found} else found


_Built = TypeVar("_Built")


def load_document(text: str | bytes, name: str, build: Callable[[dict[str, Any]], _Built]) -> _Built:
    """What ``build`` makes of the one mapping in ``text``; it raises pydantic's ValidationError.

    Raises DocumentError with all that is wrong, in the writing and in the values.
    """
    document, problems = _read(text, name)
    places = {(problem.line, problem.column) for problem in problems}
    try:
        built = build(document.data)
    except ValidationError as error:
        # a value that could not be read is told once
        problems += [one for one in document.problems(error) if (one.line, one.column) not in places]
    if problems:
        raise DocumentError(problems)
    return built


def read_document(text: str | bytes, name: str) -> Document:
    """The one mapping in ``text``; ``name`` is what problems call the file. Raises DocumentError."""
    document, problems = _read(text, name)
    if problems:
        raise DocumentError(problems)
    return document


def written(data: Mapping[str, Any]) -> str:
    """JSON data as YAML that ``read_document`` reads back. Nothing in it can move a terminal's cursor."""
    text: str = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    if all(letter.isprintable() or letter == "\n" for letter in text):
        return text
    escaped: str = yaml.safe_dump(dict(data), sort_keys=False, default_flow_style=None, width=110)
    return escaped


def _read(text: str | bytes, name: str) -> tuple[Document, list[Problem]]:
    """The document, without what the problems are about. Raises DocumentError where nothing can be read."""
    node = _compose(_decoded(text, name), name)
    reader = _Reader(name)
    data = reader.value(node, (), Place(1, 1))
    return Document(name, data, reader.spots), reader.problems


def _decoded(text: str | bytes, name: str) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_at(text[: error.start].decode("utf-8", "replace"))
        found = f"a byte that is not UTF-8 (0x{text[error.start]:02x})"
        raise DocumentError([_problem(name, place, (), found, "a text in UTF-8")]) from None


def _compose(text: str, name: str) -> yaml.MappingNode:
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.reader.ReaderError as error:
        place = _place_at(text[: error.position])
        found = f"a character that YAML does not allow (#x{int(error.character):02x})"
        raise DocumentError([_problem(name, place, (), found, "text without control characters")]) from None
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax_problem(name, error)]) from None
    if len(nodes) > 1:
        place = _place(nodes[1])
        raise DocumentError([_problem(name, place, (), "a second document", "one document in a file")])
    if not nodes or not isinstance(nodes[0], yaml.MappingNode):
        found = "something else" if nodes else "nothing"
        place = _place(nodes[0]) if nodes else Place(1, 1)
        raise DocumentError([_problem(name, place, (), found, "a mapping of fields (name: value)")])
    return nodes[0]


class _Loader(yaml.SafeLoader):
    """Stops at a depth that a person does not write, before Python's own recursion limit does."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_DEPTH} levels", problem_mark=mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Reader:
    """Values out of YAML's nodes. Collects problems and goes on, so that all are told at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.spots: dict[Path, _Spot] = {}
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: Path, key: Place) -> Any:
        text = node.value if isinstance(node, yaml.ScalarNode) else None
        self.spots[path] = _Spot(key, _place(node), text)
        if len(path) > MAX_DEPTH or len(self.spots) > MAX_VALUES:
            found = "an alias that stands for too much, or for itself"
            raise DocumentError([*self.problems, self._refused(node, path[:1], found, "a smaller document")])
        if node.tag not in _PLAIN:
            self._refuse(node, path, f"the tag {node.tag}", "a plain value without a tag")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index), _place(item)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in values:
                found = f"the same field again (first on line {lines[key]})"
                self._refuse(key_node, (*path, key), found, "each field once")
                continue
            lines[key] = _place(key_node).line
            values[key] = self.value(value_node, (*path, key), _place(key_node))
        return values

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, path, "a list or mapping as the name of a field", "a text")
            return None
        if node.tag == _MERGE:
            self._refuse(node, path, "a merge key (<<)", "the fields themselves, written out")
            return None
        return self._text(node, path)

    def _text(self, node: yaml.Node, path: Path) -> str | None:
        r"""JSON escapes an emoji as two halves (``\ud83d\ude42``), and JSON is YAML: they are put together here."""
        try:
            return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._refuse(node, path, "half a character (a surrogate escape without its other half)", "whole characters")
            return None

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        construct = _SCALARS.get(node.tag)
        if construct is None or not isinstance(node, yaml.ScalarNode):
            return self._text(node, path)
        try:
            return construct(self._scalars, node)
        except (ValueError, LookupError):
            self._refuse(node, path, f"{shown(node.value)}, which is not what its tag says", "a plain value")
            return None

    def _refuse(self, node: yaml.Node, path: Path, found: str, expected: str) -> None:
        self.problems.append(self._refused(node, path, found, expected))

    def _refused(self, node: yaml.Node, path: Path, found: str, expected: str) -> Problem:
        return _problem(self.name, _place(node), path, found, expected)


def _syntax_problem(name: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
    found = f"{error.problem}" if error.context is None else f"{error.problem} ({error.context})"
    return _problem(name, place, (), found.removeprefix("found "), _expected_of_yaml(found))


def _expected_of_yaml(found: str) -> str:
    if r"'\t'" in found:
        return "spaces, not tabs"
    if "alias" in found:
        return 'valid YAML, with quotes around a text that begins with *, for example "*-failover"'
    if "cannot start any token" in found:
        return "valid YAML, with quotes around a text that begins so"
    return "valid YAML"


def _problem(name: str, place: Place, path: Path, found: str, expected: str) -> Problem:
    return Problem(
        file=name, line=place.line, column=place.column, field=field_name(path), found=found, expected=expected
    )


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _place_at(before: str) -> Place:
    return Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
