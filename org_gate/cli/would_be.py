"""``org-gate policy show --would-be``: what mode enforce would have blocked, counted by OU (D12).

The argument for turning enforcement on, or for not yet. A decision lies in the cell that took it, so all URLs are
counted; the span ends at each one's own time. Only reads.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, NoReturn, Self

import click

from org_gate.cli.output import print_json, problem_of, stop_unanswered
from org_gate.cli.reaching import connected
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError, NoAnswer, NoCredentials, Refused
from org_gate.model.times import describe_duration, format_time, parse_time
from org_gate.report.plain import count

NOT_IN_TREE: Final = "?"
_TRIES: Final = 3
_PAUSE_SECONDS: Final = 2


@dataclass
class _Counted:
    """Decisions, and those of them that enforce would have blocked; each once, but in every OU that it concerns."""

    asked: int = 0
    would_be: int = 0
    asked_by_ou: Counter[str] = field(default_factory=Counter)
    would_be_by_ou: Counter[str] = field(default_factory=Counter)

    def add(self, entry: dict[str, Any]) -> None:
        ous = set(entry["ous"]) or {NOT_IN_TREE}
        self.asked += 1
        self.asked_by_ou.update(ous)
        if entry["would_be"] == "block" and entry["verdict"] != "block":
            self.would_be += 1
            self.would_be_by_ou.update(ous)

    def add_all(self, other: "_Counted") -> None:
        self.asked += other.asked
        self.would_be += other.would_be
        self.asked_by_ou.update(other.asked_by_ou)
        self.would_be_by_ou.update(other.would_be_by_ou)

    def rows(self) -> list[tuple[str, int, int]]:
        """OU, asked, would have been blocked; where most would have been first."""
        rows = [(ou, asked, self.would_be_by_ou[ou]) for ou, asked in self.asked_by_ou.items()]
        return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


def show_would_be(surroundings: Surroundings, urls: Sequence[str], span: timedelta, output: str) -> int:
    """Prints the counts; the exit code. Ends the command where no URL can be counted."""
    whole, since, failed = _Counted(), "", dict[str, Refused | NoAnswer]()
    for url in urls:
        try:
            began, counted = _of_cell(surroundings, connected(surroundings, (url,)), span)
        except NoCredentials as error:
            stop_unanswered(error, output)
        except (Refused, NoAnswer) as error:
            failed[url] = error
            continue
        since = min(since or began, began)
        whole.add_all(counted)
    if not since:
        _stop(failed, output)
    if output == "json":
        print_json(_as_json(whole, since, failed))
    else:
        for line in _lines(whole, since, span):
            click.echo(line)
    for url, why in failed.items():
        click.echo(harmless(f"{url}: its decisions are not counted. {why}"), err=True)
    return max((why.exit_code for why in failed.values()), default=0)


def _of_cell(surroundings: Surroundings, api: DecisionApi, span: timedelta) -> tuple[str, _Counted]:
    """Since when, and the counts. Raises Refused, NoAnswer."""
    since = format_time(parse_time(api.status()["evaluated_at"]) - span)
    counted = _Counted()
    with _Progress() as progress:
        for page in _pages(surroundings, api, since):
            for entry in page:
                counted.add(entry)
            progress.tell(f"{counted.asked} decisions read")
    return since, counted


def _pages(surroundings: Surroundings, api: DecisionApi, since: str) -> Iterator[list[dict[str, Any]]]:
    after: str | None = None
    while True:
        page = _patiently(surroundings, partial(api.decisions, since=since, after=after))
        yield page["decisions"]
        after = page["next"]
        if after is None:
            return


def _patiently(surroundings: Surroundings, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """One page of many that throttles or stumbles is asked for again. Raises NoAnswer in the end."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except NoAnswer:
            surroundings.sleep(_PAUSE_SECONDS)
    return ask()


def _stop(failed: dict[str, Refused | NoAnswer], output: str) -> NoReturn:
    worst: ApiError = max(failed.values(), key=lambda error: error.exit_code)
    stop_unanswered(worst, output)


def _as_json(whole: _Counted, since: str, failed: dict[str, Refused | NoAnswer]) -> dict[str, Any]:
    return {
        "since": since,
        "asked": whole.asked,
        "would_have_been_blocked": whole.would_be,
        "ous": [
            {"ou": ou, "asked": asked, "would_have_been_blocked": would_be} for ou, asked, would_be in whole.rows()
        ],
        "not_counted": [
            {"url": url, "error": str(error), "problem": problem_of(error)} for url, error in failed.items()
        ],
    }


def _lines(whole: _Counted, since: str, span: timedelta) -> Iterator[str]:
    yield f"Since {since} ({describe_duration(span)}):"
    rows = [(_ou_name(ou), str(asked), str(would_be)) for ou, asked, would_be in whole.rows()]
    table = [("OU", "asked", "would have been blocked"), *rows, ("in all", str(whole.asked), str(whole.would_be))]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    for ou, asked, would_be in table:
        yield f"  {ou:<{widths[0]}}  {asked:>{widths[1]}}  {would_be:>{widths[2]}}"
    yield (
        f"Mode enforce everywhere would have blocked {count(whole.would_be, 'decision')} that went through. "
        "A decision that concerns several OUs is counted in each of them, and once in all."
    )


def _ou_name(ou: str) -> str:
    return {NOT_IN_TREE: "(not in the tree)", "": "(root)"}.get(ou) or harmless(ou)


class _Progress:
    """A line on stderr that is written over, only where stderr is a terminal; gone at the end."""

    def __enter__(self) -> Self:
        return self

    def tell(self, what: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{what}", err=True, nl=False)

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)
