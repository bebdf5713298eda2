"""``make mutants``: copies the project, has every mutant run there, and judges what survived.

    python -m tests.mutants [FILE ...]

Without files: all of org_gate/decision and org_gate/policy. Ends with 1 where a survivor is not in accepted.toml, or
one that is listed is gone. The copy and the notes of what was run are in .cache/mutants.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from tests.mutants.accepted import accepted, compared, entries
from tests.mutants.generate import wanted as is_wanted
from tests.mutants.work import Digests, Note, holding

ROOT: Final = Path(__file__).parents[2]
LISTED: Final = Path(__file__).with_name("accepted.toml")
FOLDER: Final = ROOT / ".cache" / "mutants"
COPIED: Final = ("org_gate", "tests", "config", "docs", "README.md", "CHANGELOG.md", "pyproject.toml")
PACKAGES: Final = ("org_gate/decision", "org_gate/policy")


def main(files: list[str]) -> int:
    copy = copied()
    every = [str(path.relative_to(copy)) for each in PACKAGES for path in sorted((copy / each).glob("*.py"))]
    wanted = files or [file for file in every if is_wanted(file)]
    notes = FOLDER / "notes.jsonl"
    subprocess.run([sys.executable, "-m", "tests.mutants.work", str(notes), *wanted], cwd=copy, check=True)
    os.chdir(copy)
    return told([note for note in holding(notes, Digests()).values() if note.file in wanted], wanted)


def copied() -> Path:
    """Others may go on editing meanwhile."""
    copy = FOLDER / "tree"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    return copy


def told(notes: list[Note], files: list[str]) -> int:
    survivors = [note.place for note in notes if note.killed_by is None]
    found = compared(survivors, accepted(LISTED), files)
    for title, places in (("Survived and not listed", found.unlisted), ("Listed and gone", found.gone)):
        if places:
            print(f"\n{title}:\n\n" + "\n".join(entries(places)))  # noqa: T201  what this is for
    by_file = Counter(note.file for note in notes)
    alive = Counter(place.file for place in survivors)
    for file in files:
        print(f"{file:<40} {by_file[file]:>5} mutants {alive[file]:>4} survived")  # noqa: T201  likewise
    print(  # noqa: T201  likewise
        f"{len(notes)} mutants, {len(notes) - len(survivors)} killed, {len(survivors)} survived; of these "
        f"{len(found.unlisted)} not listed; {len(found.gone)} listed and gone; "
        f"{sum(note.seconds for note in notes):,.0f} s of one core"
    )
    return 0 if found.holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
