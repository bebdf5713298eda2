"""One decision as the API takes it, against a plain scan: every target with every event, then rule after rule."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from org_gate.decision.concern import concerning_events
from org_gate.decision.engine import decide
from org_gate.model.decision import Decision
from tests.bench.measure import Result, at_most, milliseconds, shown
from tests.bench.worlds import NOW, Where, World, world
from tests.unit.decision.oracle import Said, say


def decided(asked: World) -> Decision:
    """What ``central.desk`` does between reading the table and writing the record."""
    candidates = concerning_events(asked.request, asked.knowledge, asked.policy, NOW)
    concerned = replace(asked.knowledge, events=candidates)
    return decide(asked.request, concerned, asked.policy, policy_version=1, now=NOW)


def plain_scan(asked: World) -> float:
    """In milliseconds."""
    data = asked.data
    _check_alike(decided(asked), _scanned(asked, data))
    return milliseconds(lambda: _scanned(asked, data), repeats=1)


def growth(where: Where, sizes: tuple[int, ...], *, here: int, rules: int, targets: int) -> Iterator[Result]:
    """The engine given everything there is, which in service it is not: see ``table``."""
    for size in sizes:
        asked = world(here, size, where, rules=rules, targets=targets)
        scan, taken = plain_scan(asked), milliseconds(partial(decided, asked))
        name = f"engine given all: {size:>7,} events {where}"
        yield at_most(name, taken, "ms", baseline=scan, times=1, of="the plain scan of as many")
        yield shown("  the plain scan of as many", scan, "ms")


def _scanned(asked: World, data: dict[str, Any]) -> Said:
    return say(asked.request, asked.knowledge, data, NOW)


def _check_alike(decision: Decision, said: Said) -> None:
    """Otherwise two different things were measured."""
    assert (decision.verdict, decision.reasons_omitted) == (said.verdict, said.omitted)
    assert len(decision.reasons) == len(said.reasons)
