"""The machinery itself: which mutants there are, how survivors are compared, and that one is really put to tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.accepted import Place, accepted, compared, entries

pytest.importorskip("mutmut", reason="`make mutants` installs it")

ROOT = Path(__file__).parents[2]
SAMPLE = '''
"""Prose is left alone."""

from functools import lru_cache

LIMIT: int = 3


@lru_cache(maxsize=8)
def small(number: int) -> bool:
    if number < 0:
        raise ValueError("this number is below zero")
    return number < LIMIT and number < LIMIT


class Box:
    @property
    def full(self) -> bool:
        return True
'''


def test_decorated_functions_module_constants_and_conditions_are_changed_and_prose_is_not() -> None:
    from tests.mutants.generate import mutants  # noqa: PLC0415  it needs mutmut

    found = list(mutants("some.py", SAMPLE))
    changes = {(one.place.function, one.place.change, one.nth) for one in found}
    assert changes >= {
        ("(module)", "- LIMIT: int = 3\n+ LIMIT: int = 4", 1),
        ("small", "- if number < 0:\n+ if not (number < 0):", 1),
        ("small", "- if number < 0:\n+ if number <= 0:", 1),
        ("small", "- return number < LIMIT and number < LIMIT\n+ return number <= LIMIT and number < LIMIT", 1),
        ("Box.full", "- return True\n+ return False", 1),
    }
    assert len({(one.place, one.nth) for one in found}) == len(found) == len({one.source for one in found})
    assert not any("XX" in one.source or "maxsize=9" in one.source for one in found)


def test_survivors_are_compared_by_what_changed_and_files_that_were_not_run_are_not_gone(tmp_path: Path) -> None:
    listed = tmp_path / "accepted.toml"
    known, gone, elsewhere = (
        Place("a.py", "f", '- "\\d"\n+ ""'),
        Place("a.py", "g", "- 1\n+ 2"),
        Place("b.py", "h", "- x"),
    )
    written = "\n".join(entries([known, gone, elsewhere]))
    listed.write_text(written.replace('reason = ""', 'reason = "the same"'))
    assert accepted(listed) == dict.fromkeys([known, gone, elsewhere], "the same")

    new = Place("a.py", "f", "- 3\n+ 4")
    found = compared([known, new, new], accepted(listed), ["a.py"])
    assert (found.unlisted, found.gone, found.holds) == ([new], [gone], False)
    assert compared([known, gone], accepted(listed), ["a.py"]).holds

    listed.write_text(written)
    with pytest.raises(ValueError, match="without a reason"):
        accepted(listed)


def test_a_change_is_seen_by_the_tests_and_is_in_no_file(tmp_path: Path) -> None:
    (tmp_path / "thing.py").write_text("def one() -> int:\n    return 1\n")
    (tmp_path / "test_thing.py").write_text(
        "from thing import one\n\n\ndef test_one() -> None:\n    assert one() == 1\n"
    )
    script = (
        "import sys; from pathlib import Path; from tests.mutants.trial import *; order = Order([], {});"
        "source = Path('thing.py').read_text().replace('1', sys.argv[1]);"
        "code = tested(Changed('thing.py', source), ['test_thing.py'], order, Path('log'));"
        "Path('said').write_text(f'{code} {order.failed}')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    said = []
    for number in ("1", "2"):
        subprocess.run([sys.executable, "-c", script, number], cwd=tmp_path, env=environment, check=True)
        said.append((tmp_path / "said").read_text())
    assert said == ["0 None", "1 test_thing.py::test_one"]
    assert (tmp_path / "thing.py").read_text() == "def one() -> int:\n    return 1\n"
