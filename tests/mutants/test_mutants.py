"""The machinery itself: which mutants there are, how survivors are compared, and that one is really put to tests."""

import json
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


THING = """
LIMIT = 1


def one() -> int:
    return 1


def limit() -> int:
    return LIMIT


def unseen() -> int:
    return 1
"""
TESTS_OF_THING = """
from lib.thing import limit, one


def test_one() -> None:
    assert one() == 1


def test_limit() -> None:
    assert limit() == 1
"""
SCRIPT = """
from pathlib import Path
from tests.mutants import trial, work
from tests.mutants.generate import mutants
from tests.mutants.warm import Killers

trial.TESTS, work.CODE = ("test_thing.py",), ("lib",)
run = work.Run(work.Digests(), Path("notes"), 2)
every = list(mutants("lib/thing.py", Path("lib/thing.py").read_text()))
survey = work.surveyed()
run.warmly(every, survey, Killers())
assert {one.place.function for one in run.left(every)} == {"(module)"}
run.freshly(run.left(every), survey, Killers())
assert not run.left(every)

Path("test_thing.py").write_text(Path("test_thing.py").read_text() + "\\n")
again = work.Run(work.Digests(), run.notes, 2)
assert len(again.left(every)) == len(every), "what killed is another"
Path("test_thing_too.py").write_text("")
Path("test_thing.py").write_text(Path("test_thing.py").read_text()[:-1])
trial.TESTS = ("test_thing*.py",)
more = work.Run(work.Digests(), run.notes, 2)
assert {one.place.function for one in more.left(every)} == {"unseen"}, "a new test is for the survivors"
"""


def test_changes_are_seen_by_the_tests_and_are_in_no_file(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "thing.py").write_text(THING)
    (tmp_path / "test_thing.py").write_text(TESTS_OF_THING)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, check=True)

    notes = [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]
    assert {(function, killed_by) for _, _, function, _, _, killed_by, _ in notes} == {
        ("(module)", "test_thing.py::test_limit"),
        ("one", "test_thing.py::test_one"),
        ("unseen", None),
    }
    assert (tmp_path / "lib" / "thing.py").read_text() == THING
