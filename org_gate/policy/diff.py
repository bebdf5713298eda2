"""What changes from one policy to another, field by field and rule by rule, in words.

Works on policies as JSON data (``load.policy_data``) and by the shape of what it finds there: entries that have a
name are followed by it, others by the account or the targets that they are about or, failing these, by what they say;
lists of words without regard to order. So a new field of
the policy is told without a word about it here. Pure; judges nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["added", "removed", "changed", "moved up", "moved down"]

_ABSENT: Final = object()
_IN_ORDER: Final = frozenset({"rules", "modes"})
"""The first entry that fits decides; the order of other lists says nothing."""
_NOTHING_NAMED: Final = {"match": "any event", "targets": "any target", "except": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One change. ``before`` and ``after`` are JSON data, None where there is nothing; ``text`` says it on a line."""

    field: str
    kind: Kind
    before: Any
    after: Any
    text: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """In the order of the fields of ``after``; those that only ``before`` has come last."""
    return list(_of_mappings("", before, after))


def _of_mappings(field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for key in dict.fromkeys((*after, *before)):
        yield from _of_values(f"{field}.{key}" if field else key, before.get(key, _ABSENT), after.get(key, _ABSENT))


def _of_values(field: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(field, before, after)
        return
    some = before if isinstance(before, list) else []
    others = after if isinstance(after, list) else []
    if any(isinstance(entry, dict) for entry in (*some, *others)):
        yield from _of_entries(field, some, others)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_words(field, before, after)
    else:
        yield _of_one(field, before, after)


def _of_one(field: str, before: Any, after: Any) -> Difference:
    if before is _ABSENT:
        return Difference(field=field, kind="added", before=None, after=after, text=f"{field}: now {in_words(after)}")
    if after is _ABSENT:
        text = f"{field}: no longer named (was {in_words(before)})"
        return Difference(field=field, kind="removed", before=before, after=None, text=text)
    text = f"{field}: {in_words(before)} → {in_words(after)}"
    return Difference(field=field, kind="changed", before=before, after=after, text=text)


def _of_words(field: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Which words come and which go; an order that changes says nothing."""
    come = [in_words(word) for word in after if word not in before]
    go = [in_words(word) for word in before if word not in after]
    told = [f"adds {', '.join(come)}"] if come else []
    told += [f"drops {', '.join(go)}"] if go else []
    if told:
        text = f"{field}: {' and '.join(told)} (now {in_words(after)})"
        yield Difference(field=field, kind="changed", before=before, after=after, text=text)


def _of_entries(field: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Entries that can be told by something keep it; of the others each is what it says."""
    old, new = _by_identity(before), _by_identity(after)
    for place, (key, entry) in enumerate(new.items(), 1):
        label = _label(field, entry)
        if key not in old:
            where = f", as number {place} of {len(new)}" if field in _IN_ORDER and len(new) > 1 else ""
            text = f"{label}: added{where}: {_summary(entry)}"
            yield Difference(field=label, kind="added", before=None, after=entry, text=text)
        elif isinstance(entry, dict):
            yield from _of_mappings(label, old[key], entry)
    for key, entry in old.items():
        if key not in new:
            label = _label(field, entry)
            text = f"{label}: removed (it was: {_summary(entry)})"
            yield Difference(field=label, kind="removed", before=entry, after=None, text=text)
    if field in _IN_ORDER:
        yield from _moves(field, old, new)


def _by_identity(entries: Sequence[Any]) -> dict[str, Any]:
    """The entries by their names or, where they have none, by what they say; the same again gets a number."""
    found: dict[str, Any] = {}
    for entry in entries:
        name = _name(entry)
        key = base = json.dumps(entry, sort_keys=True) if name is None else f"name {name}"
        again = 1
        while key in found:
            again += 1
            key = f"{base} {again}"
        found[key] = entry
    return found


def _moves(field: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """The fewest entries that have to be moved to come from the one order to the other."""
    stayed = [key for key in old if key in new]
    places = {key: place for place, key in enumerate(key for key in new if key in old)}
    still = _longest_rising([places[key] for key in stayed])
    listed = list(new)
    for place, key in enumerate(stayed):
        if places[key] in still:
            continue
        kind: Kind = "moved up" if places[key] < place else "moved down"
        was, now, label = list(old).index(key) + 1, listed.index(key) + 1, _label(field, new[key])
        text = f"{label}: {kind}, from number {was} to number {now}{_neighbour(field, new, listed, now)}"
        yield Difference(field=label, kind=kind, before=was, after=now, text=text)


def _neighbour(field: str, new: Mapping[str, Any], listed: Sequence[str], now: int) -> str:
    """Between which entries it stands now, as far as they have names."""
    if now < len(listed):
        return f" (before {_label(field, new[listed[now]])})"
    return " (the last)"


def _longest_rising(numbers: Sequence[int]) -> frozenset[int]:
    """The members of a longest rising subsequence: what need not move."""
    best: list[tuple[int, ...]] = []
    for number in numbers:
        longest = max((len(run) for run in best if run[-1] < number), default=0)
        before = next((run for run in best if len(run) == longest and run[-1] < number), ())
        best.append((*before, number))
    longest = max(map(len, best), default=0)
    return frozenset(next((run for run in best if len(run) == longest), ()))


def _label(field: str, entry: Any) -> str:
    """``rules[open-issues]``; the field alone where nothing tells an entry from others."""
    name = _name(entry)
    return field if name is None else f"{field}[{name}]"


def _name(entry: Any) -> str | None:
    """What an entry is told by: its name, its account, or the targets it is about."""
    match entry:
        case {"name": str(name)} | {"account": str(name)}:
            return name
        case {"targets": dict(targets)}:
            return _filter_in_words("targets", targets)
        case _:
            return None


def _named_by(entry: Mapping[str, Any]) -> str:
    return next((key for key in ("name", "account", "targets") if key in entry), "")


def _summary(entry: Any) -> str:
    """All that an entry says but what it is told by."""
    if not isinstance(entry, dict):
        return in_words(entry)
    told = {key: value for key, value in entry.items() if key != _named_by(entry) and value not in ("", None)}
    return "; ".join(f"{key} {_filter_in_words(key, value)}" for key, value in told.items())


def _filter_in_words(field: str, value: Any) -> str:
    return _NOTHING_NAMED.get(field, "none") if value == {} else in_words(value)


def in_words(value: Any) -> str:
    """A value as it is written on one line of YAML, nearly: texts without quotes, where they are not empty."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "nothing"
        case str():
            return value or '""'
        case dict():
            return "{" + ", ".join(f"{key}: {in_words(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(in_words, value)) + "]"
        case _:
            return str(value)
