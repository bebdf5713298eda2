"""The mutants of a module: its source with one small change each, by mutmut's operators and one of our own.

mutmut's own runner leaves out decorated functions and whatever stands at a module's top level, which are pydantic's
validators and the tables here; so its operators are used without it. Left out is what cannot change a verdict:
annotations, docstrings, prose (texts with a space in them), and how results are cached or printed. Reaches no test.
"""

import difflib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, Final

import libcst as cst
from mutmut.mutation.mutators import mutation_operators

from tests.mutants.accepted import Place

_DECLARATIONS: Final = {"dataclass", "lru_cache", "cache"}
"""Decorators whose arguments change no result."""
_SKIPPED: Final = (cst.Annotation, cst.Import, cst.ImportFrom)
MODULE: Final = "(module)"
LEFT_OUT: Final = (
    *("org_gate/decision/explain*.py", "org_gate/decision/summary.py", "org_gate/decision/words.py"),
    *("org_gate/policy/cases.py", "org_gate/policy/diff.py", "org_gate/policy/warnings.py"),
    *("org_gate/policy/document.py", "org_gate/policy/load.py", "org_gate/policy/mistakes.py"),
)
"""Modules whose mutants change no verdict, nor which values a policy may hold; why is in docs/mutants.md."""
WORDED: Final = {
    "org_gate/decision/reasons.py": {
        *("_event_reason", "_freeze_reason", "_frozen_text", "_ruling_text", "_rule_text"),
        *("_doubts_text", "_stale_text"),
    }
}
"""Functions that do no more than put a reason into words."""


def wanted(file: str) -> bool:
    return not any(fnmatch(file, one) for one in LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A place, of which there may be several: line numbers are nowhere."""

    place: Place
    nth: int
    """From 1, among equal changes of one function."""
    source: str
    """The whole module, changed."""


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """In the source's order. Raises libcst's ParserSyntaxError where it is no Python."""
    module = cst.parse_module(source)
    pieces = [module.code_for_node(statement) for statement in module.body]
    head = "".join(module.code_for_node(one) for one in module.header)
    seen: Counter[tuple[str, str]] = Counter()
    for index, statement in enumerate(module.body):
        for node, function in _nodes(statement, MODULE):
            if function in WORDED.get(file, ()):
                continue
            for changed in _changed(node):
                piece = module.code_for_node(statement.deep_replace(node, changed))
                whole = head + "".join([*pieces[:index], piece, *pieces[index + 1 :]])
                if piece == pieces[index] or not _compiles(whole):
                    continue
                change = _change(pieces[index], piece)
                seen[function, change] += 1
                yield Mutant(Place(file, function, change), seen[function, change], whole)


def _nodes(node: Any, scope: str) -> Iterator[tuple[Any, str]]:
    """Each node that may be changed, and the function it is in."""
    if isinstance(node, _SKIPPED) or any(one(node) for one in (_is_prose, _is_declaration, _is_cast, _is_enum)):
        return
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        scope = node.name.value if scope == MODULE else f"{scope}.{node.name.value}"
    yield node, scope
    for child in node.children:
        yield from _nodes(child, scope)


def _changed(node: Any) -> Iterator[Any]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from (changed for changed in operator(node) if _prose_given(changed) == _prose_given(node))
    if isinstance(node, cst.If | cst.CompIf):
        yield node.with_changes(test=_negated(node.test), **_spaced(node))


def _negated(test: Any) -> Any:
    bracketed = test.with_changes(lpar=[cst.LeftParen(), *test.lpar], rpar=[*test.rpar, cst.RightParen()])
    return cst.UnaryOperation(operator=cst.Not(), expression=bracketed)


def _spaced(node: Any) -> dict[str, Any]:
    name = "whitespace_before_test"
    return {name: cst.SimpleWhitespace(" ")} if hasattr(node, name) else {}


def _is_prose(node: Any) -> bool:
    match node:
        case cst.SimpleString() | cst.FormattedStringText():
            return " " in node.value
        case cst.FormattedString():
            return any(map(_is_prose, node.parts))
        case cst.ConcatenatedString():
            return _is_prose(node.left) or _is_prose(node.right)
    return False


def _prose_given(node: Any) -> int:
    """How many arguments of a call are prose."""
    return sum(_is_prose(one.value) for one in node.args) if isinstance(node, cst.Call) else 0


def _is_declaration(node: Any) -> bool:
    if not isinstance(node, cst.Decorator):
        return False
    called = node.decorator.func if isinstance(node.decorator, cst.Call) else node.decorator
    return isinstance(called, cst.Name) and called.value in _DECLARATIONS


def _is_cast(node: Any) -> bool:
    """It says a type and does nothing."""
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "cast"


def _is_enum(node: Any) -> bool:
    """A plain one: its members are what they are, whatever their values."""
    return isinstance(node, cst.ClassDef) and any(getattr(base.value, "value", "") == "Enum" for base in node.bases)


def _compiles(source: str) -> bool:
    try:
        compile(source, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def _change(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in list(lines)[2:] if not line.startswith("@@"))
