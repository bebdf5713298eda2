"""`make bench`: measures, prints a table, writes `bench-out/results.json`. Says which goals hold; fails for none.

`python -m tests.bench --only PART` measures one part and leaves the others' results as they are; `--large` measures
what takes too long for every run as well. `python -m tests.bench.document` makes a page of what is there.
"""

import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from time import perf_counter
from typing import Final

from tests.bench.measure import Result, heading, line
from tests.bench.parts import LARGE, PARTS, Part, Sizes
from tests.bench.runs import keep, written

DEFAULT: Final = Path("bench-out")


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    print(heading())  # noqa: T201  the table
    parts = [PARTS[key] for key in asked.only] or [*PARTS.values()]
    for part in [part for part in parts if part.key not in LARGE or asked.large or asked.only]:
        began = perf_counter()
        results = list(_printed(part))
        keep(part, results, perf_counter() - began, asked.folder)
    results = written(asked.folder)
    missed = sum(result.holds is False for result in results)
    print(f"\n{len(results)} results in {asked.folder}; {missed} goals missed")  # noqa: T201  likewise


def _printed(part: Part) -> Iterator[Result]:
    """What the functions print meanwhile, such as their metrics, is no part of the table."""
    table = sys.stdout
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        for result in part.run(Sizes()):
            print(line(result), file=table, flush=True)
            yield result


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m tests.bench", description="Measure org-gate on this machine.")
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT, help="where the results go")
    parser.add_argument("--only", action="append", default=[], choices=[*PARTS], help="this part; several are possible")
    parser.add_argument("--large", action="store_true", help="also what takes many minutes: " + ", ".join(LARGE))
    return parser


if __name__ == "__main__":
    logging.disable(logging.INFO)  # the functions' own
    main()
