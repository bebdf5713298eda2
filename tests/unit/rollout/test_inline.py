import ast
from pathlib import Path

import pytest

import org_gate
from org_gate.rollout.inline import inlined

GATE = (Path(org_gate.__file__).parent / "member" / "gate.py").read_text()

CODE = '''"""About it.

More."""

import os  # used


# alone
class Empty(Exception):
    """Only this."""


class Record:
    """Fields."""

    name: str
    """What it is called."""


def text(one: int, *more: str, key: dict[str, int] | None = None, **rest: object) -> str:
    """Doc."""
    value = "# no comment"  # a comment
    return value + """
# no comment either
"""
'''


def _as_python_runs_it(code: str) -> list[tuple[int | None, str]]:
    """The program but for docstrings and the annotations of functions, with its line numbers."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [each for each in body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]  # those with a body may be given another
    nodes = [node for node in ast.walk(tree) if not isinstance(node, ast.Pass)]
    return [(getattr(node, "lineno", None), ast.dump(node)) for node in nodes]


@pytest.mark.parametrize("code", [CODE, GATE], ids=["example", "gate"])
def test_the_program_and_its_line_numbers_stay(code: str) -> None:
    assert _as_python_runs_it(inlined(code)) == _as_python_runs_it(code)


def test_comments_and_docstrings_are_gone() -> None:
    lines = inlined(CODE).splitlines()
    assert lines[0].startswith("# org_gate/member/gate.py")
    assert "import os" in lines
    assert [line for line in lines[1:] if '"""' in line or "#" in line] == [
        ' value="# no comment"',
        ' return value+"""',
        "# no comment either",
        '"""',
    ]
    assert "def text(one,*more,key=None,**rest):" in lines
    assert lines[lines.index("class Empty(Exception):") + 1] == " pass"


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("x = (1, -2) if y == 3 else not z", "x=(1,-2) if y==3 else not z"),
        ("return - x , [ a for a in (b, * c) if a ]", "return -x,[a for a in (b,*c) if a]"),
        ("y = lambda a, *, b=1 : {**a, 'b': b}", "y=lambda a,*,b=1:{**a,'b':b}"),
        ('x = "a = b, c" "d" % y', 'x="a = b, c" "d"%y'),
        ('x = f"a = {b + c!r:>{d + 1}}, {e , g}" + h', 'x=f"a = {b + c!r:>{d + 1}}, {e , g}"+h'),
    ],
)
def test_spaces_beside_operators_go_but_not_in_strings_nor_where_words_would_meet(written: str, left: str) -> None:
    assert inlined(f"def g(x):\n    {written}\n").splitlines()[-1] == f" {left}"


@pytest.mark.parametrize("line", ['x = "\N{EN DASH}"', "if x:\ty = 1"])
def test_what_cloudformation_would_spoil_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2: only ASCII without tabs"):
        inlined(f"import os\n{line}\n")
