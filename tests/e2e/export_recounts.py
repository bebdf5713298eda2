"""The queries of docs/export.md once more, in plain Python over the records themselves: in the order they stand there.

Each takes decisions as the table keeps them, and events as their lines say they are now.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from org_gate.model.times import parse_time

Row = tuple[Any, ...]
Told = list[dict[str, Any]]
Recount = Callable[[Told, Told], Iterable[Row]]


def _by_ou(told: Told, _events: Told) -> Iterator[Row]:
    every: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    blocked: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in told:
        ous = {account["id"]: account["ou_path"] for account in one["accounts"]}
        for target in one["decision"]["targets"]:
            if target["account"] in ous:
                place = one["at"][:7], ous[target["account"]]
                every[place].add(one["decision_id"])
                blocked[place] |= {one["decision_id"]} if one["decision"]["verdict"] == "block" else set()
    return ((*place, len(names), len(blocked[place])) for place, names in every.items())


def _held(told: Told, _events: Told) -> Iterator[Row]:
    blocked: defaultdict[Row, list[str]] = defaultdict(list)
    passed: defaultdict[Row, list[str]] = defaultdict(list)
    causes: defaultdict[Row, set[str]] = defaultdict(set)
    for one in told:
        run = one["caller"], (one["request"]["pipeline"] or {}).get("execution_id")
        if run[1] is not None:
            stands = one["decision"]["verdict"] == "block"
            (blocked if stands else passed)[run].append(one["at"])
            causes[run] |= {_cause(reason) for reason in _blocking(one)}
    found = defaultdict(list)
    for run, names in causes.items():
        begin, end = min(blocked[run], default=None), max(passed[run], default="")
        for name in names:
            found[name].append(_minutes(begin, end) if begin and end > begin else None)
    for name, times in found.items():
        went_on = [time for time in times if time is not None]
        yield name, len(times), sum(went_on) if went_on else None, len(went_on)


def _minutes(begin: str, end: str) -> int:
    """As SQL counts: how often the minute changes."""
    whole = [parse_time(moment).replace(second=0) for moment in (begin, end)]
    return (whole[1] - whole[0]) // timedelta(minutes=1)


def _blocking(one: dict[str, Any]) -> Told:
    decision = one["decision"]
    if decision["verdict"] != "block":
        return []
    return [each for each in decision["reasons"] if each["verdict"] == "block" and each["override_id"] is None]


def _cause(reason: dict[str, Any]) -> str:
    said = (reason["event"] or {}).get("service"), (reason["freeze"] or {}).get("name"), reason["kind"]
    return next(str(name) for name in said if name is not None)


def _overriding(told: Told, _events: Told) -> Iterator[Row]:
    found = defaultdict(list)
    for one in told:
        used = {reason["override_id"] for reason in one["decision"]["reasons"]}
        for lifted in one["overrides"]:
            if lifted["override_id"] in used:
                found[lifted["who"], lifted["account"]].append((lifted["override_id"], one["decision_id"], one["at"]))
    for person, uses in found.items():
        names, decisions, moments = map(set, zip(*uses, strict=True))
        yield *person, len(names), len(decisions), max(moments)


def _of_events(told: Told, events: Told) -> Iterator[Row]:
    for each in events:
        hit = [one for one in told if any(_is_of(reason, each) for reason in _blocking(one))]
        if hit:
            moments = [one["at"] for one in hit]
            shown = (each["service"], each["region"], each["arn"], each["start"], each["end"])
            yield *shown, min(moments), max(moments), len(hit), len({one["caller"] for one in hit})


def _is_of(reason: dict[str, Any], each: dict[str, Any]) -> bool:
    told = reason["event"] or {}
    return (told.get("arn"), told.get("region")) == (each["arn"], each["region"])


def _never_asked(told: Told, events: Told) -> Iterator[Row]:
    asked = {target["account"] for one in told for target in one["decision"]["targets"]}
    for account in {account for each in events for account in each["accounts"]} - asked:
        moments = [each["last_updated"] for each in events if account in each["accounts"]]
        yield account, len(moments), max(moments)


def _by_mode(told: Told, _events: Told) -> Iterator[Row]:
    answers = [(one["at"][:7], one["decision"]) for one in told if not one["decision"]["exempt"]]
    for month, mode in {(month, answer["mode"]) for month, answer in answers}:
        those = [answer for one, answer in answers if (one, answer["mode"]) == (month, mode)]
        blocks = [sum(answer[name] == "block" for answer in those) for name in ("would_be", "verdict")]
        yield month, mode, len(those), *blocks


def _by_service(_told: Told, events: Told) -> Iterator[Row]:
    issues = [each for each in events if each["category"] == "issue" and each["start"]]
    for month, service in sorted({(each["start"][:7], each["service"]) for each in issues}):
        those = [each for each in issues if (each["start"][:7], each["service"]) == (month, service)]
        took = [_minutes(each["start"], each["end"]) for each in those if each["end"]]
        yield f"{month}-01T00:00:00Z", service, len(those), sum(took) / len(took) if took else None


RECOUNTS: Final[list[Recount]] = [
    _by_ou, _held, _overriding, _of_events, _never_asked, _by_mode, _by_service,
]  # fmt: skip
