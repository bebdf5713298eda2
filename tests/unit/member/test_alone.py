"""The file stands alone: what CloudFormation and the Lambda runtime ask of it."""

import ast
import subprocess
import sys
from importlib.metadata import distribution, version
from pathlib import Path

from org_gate.member import gate

SOURCE = Path(gate.__file__)
RUNTIME = ("botocore", "jmespath", "python-dateutil", "six", "urllib3")
"""botocore and what it brings: all that may be importable besides the standard library."""


def test_cloudformation_can_carry_it() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    assert text.isascii()
    assert "\t" not in text
    assert "${" not in text


def test_it_imports_the_standard_library_and_botocore_alone() -> None:
    names = set()
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"botocore"}


def test_it_asks_no_clock() -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.Call)}
    assert not calls & {"datetime.now", "datetime.utcnow", "datetime.today", "time.time", "time.monotonic"}


def test_it_carries_the_projects_version() -> None:
    assert version("org-gate") == gate.VERSION


def test_it_runs_with_only_botocore_importable(tmp_path: Path) -> None:
    (tmp_path / "index.py").write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    for name in RUNTIME:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.suffix == ".py"} - {".."}:
            (tmp_path / top).symlink_to(str(found.locate_file(top)))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import index\n"
        "try: index.handler([], None)\n"
        "except ValueError as error: print(error)\n"
        "print([n for n in ('boto3', 'pydantic', 'org_gate') if n in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert "neither a CodePipeline job" in ran.stdout, ran.stderr
    assert ran.stdout.endswith("[]\n")
