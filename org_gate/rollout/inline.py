"""The gate's code as it goes inline into a template: what Python does not need is left out, line for line.

CloudFormation takes 51,200 bytes in a request, and the file is written for people: comments, docstrings, the
annotations of functions, three of four spaces of indentation and those beside operators and commas go. Lines stay where
they are, so that a line number in a gate's log is one of ``org_gate/member/gate.py``.
"""

import ast
import io
import keyword
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

_HEADER: Final = "# org_gate/member/gate.py, line for line, without what is for its readers."
_STEP: Final = 4
"""Spaces that the formatter indents by; one is enough for Python."""


def inlined(code: str) -> str:
    """The same program. Raises ValueError where a line would not survive CloudFormation."""
    _check(code)
    code = _without_annotations(code)
    lines = code.splitlines()
    for row, column in _comments(code):
        lines[row] = lines[row][:column].rstrip()
    for node, alone in _docstrings(ast.parse(code)):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        kept = lines[first][: node.col_offset] + "pass" if alone else ""
        lines[first : last + 1] = [kept, *[""] * (last - first)]
    lines[0] = lines[0] or _HEADER
    return "\n".join(map(_thin, _tight("\n".join(lines)).splitlines())).rstrip()


def _without_annotations(code: str) -> str:
    lines = code.splitlines()
    for row, first, last in sorted(_annotations(ast.parse(code)), reverse=True):
        lines[row] = lines[row][:first] + lines[row][last:]
    return "\n".join(lines)


def _annotations(tree: ast.AST) -> Iterator[tuple[int, int, int]]:
    """Where functions are annotated: row, first and last column. Those that take several lines stay."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield from _in_a_line(node.annotation, node.col_offset + len(node.arg), node.lineno)
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield from _in_a_line(node.returns, node.returns.col_offset - len(" -> "), node.returns.lineno)


def _in_a_line(annotation: ast.expr, first: int, row: int) -> Iterator[tuple[int, int, int]]:
    if annotation.end_lineno == row and annotation.end_col_offset is not None:
        yield row - 1, first, annotation.end_col_offset


def _tight(code: str) -> str:
    """Without the spaces beside operators and commas; those inside strings stay."""
    lines = code.splitlines()
    for before, after in reversed(list(pairwise(_outside_f_strings(code)))):
        row = before.end[0] - 1
        if row == after.start[0] - 1 and _may_touch(before, after):
            lines[row] = lines[row][: before.end[1]] + lines[row][after.start[1] :]
    return "\n".join(lines)


def _may_touch(before: tokenize.TokenInfo, after: tokenize.TokenInfo) -> bool:
    """Between words a space is needed; beside a word of Python's own it helps whoever reads."""
    if _is_python(before.string) or (_is_python(after.string) and before.string in ")]}"):
        return False
    return tokenize.OP in {before.type, after.type}


def _is_python(word: str) -> bool:
    return keyword.iskeyword(word) or keyword.issoftkeyword(word)


def _outside_f_strings(code: str) -> Iterator[tokenize.TokenInfo]:
    """An f-string is one token up to Python 3.11, and its parts from 3.12 on: the same bytes come of both."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = tokenize.tok_name[token.type]
        depth -= kind == "FSTRING_END"
        if depth == 0:
            yield token
        depth += kind == "FSTRING_START"


def _thin(line: str) -> str:
    code = line.lstrip(" ")
    return " " * ((len(line) - len(code)) // _STEP) + code


def _check(code: str) -> None:
    for number, line in enumerate(code.splitlines(), start=1):
        if not line.isascii() or "\t" in line:
            msg = f"the gate's code, line {number}: only ASCII without tabs survives inline in CloudFormation: {line!r}"
            raise ValueError(msg)


def _comments(code: str) -> Iterator[tuple[int, int]]:
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0] - 1, token.start[1]


def _docstrings(tree: ast.AST) -> Iterator[tuple[ast.Expr, bool]]:
    """Statements that are nothing but a string; with each, whether its block holds nothing else."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            found = [each for each in body if _is_text(each)]
            yield from ((each, len(found) == len(body) and not isinstance(node, ast.Module)) for each in found)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
