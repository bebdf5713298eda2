"""The gate's code as it goes inline into a template: without comments and docstrings, line for line.

CloudFormation takes 51,200 bytes in a request, and the file is written for people. Lines stay where they are, so
that a line number in a gate's log is one of ``org_gate/member/gate.py``.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from typing import Final

_HEADER: Final = "# org_gate/member/gate.py, line for line, without its comments and docstrings."


def inlined(code: str) -> str:
    """The same program. Raises ValueError where a line would not survive CloudFormation."""
    _check(code)
    lines = code.splitlines()
    for row, column in _comments(code):
        lines[row] = lines[row][:column].rstrip()
    for node, alone in _docstrings(ast.parse(code)):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        kept = lines[first][: node.col_offset] + "pass" if alone else ""
        lines[first : last + 1] = [kept, *[""] * (last - first)]
    lines[0] = lines[0] or _HEADER
    return "\n".join(lines).rstrip()


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
