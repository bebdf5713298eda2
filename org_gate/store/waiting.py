"""Deployments that wait (W1): one small item each, written with the decision that its gate failed.

Looks at all that wait may overlap and be cut off anywhere: only the latest one hands out, what it handed out counts
from before it is told to anybody, and a retry is claimed once for each handing out. From then on it counts as of its
claim, which may come late: so no time as long as a wave's pause sees more retries than one wave has. What waits no
longer stays for a while, unseen: a gate that asks again after its deployment was resumed is told from one that asks for
the first time, its claim still counts, and the decision API has no right to delete. Whether one may go on is
``decision.resumption``'s to say.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from org_gate.model.request import request_from
from org_gate.model.times import format_time, parse_time
from org_gate.model.waiting import Deployment, Waiting, deployment_of
from org_gate.store import keys
from org_gate.store.documents import packed, unpacked
from org_gate.store.errors import ConflictError
from org_gate.store.table import Item, ItemKey, Table

Outcome = Literal["resumed", "skipped", "given_up"]
_RESUMED: Final[Outcome] = "resumed"
_WENT_ON: Final = "it was retried for us, and its gate let it through"
_ALLOWED: Final = "allowed"
"""Its gate asked again, and did not fail it."""
_KEPT_DAYS: Final = 400
_UNSEEN: Final = timedelta(hours=2)
"""After that a gate that was to ask again does not any more."""
_NEVER: Final = ""
_MOST_EARLIER: Final = 3
_STILL: Final = "decision_id = :id AND ended_as = :never"
_SECOND: Final = timedelta(seconds=1)
"""The table knows no finer times."""
_SETTLED: Final = ("decision_id", "claimed_at", "ended_as")
_UNTOUCHED: Final = " AND ".join(f"{name} = :{name}" for name in _SETTLED)
_ENDING: Final = "SET ended_as = :as, expires = :expires"
_MARKS: Final = ("clear_since", "handed_at", "claimed_at", "held_until", "resumed_at")


class Ended(NamedTuple):
    """What came of a deployment's waiting after a decision."""

    outcome: Outcome
    why: str
    at: datetime


class Before(NamedTuple):
    """What was kept of a deployment's waiting when its gate asked; None where nothing was."""

    item: Item | None


class WaitingDeployments:
    """Every method raises StoreError. A change of one that waits no longer, or for another decision, does nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def following(self, record: Mapping[str, Any], before: Before | None = None) -> list[Item]:
        """What a decision (as it is recorded) changes, for its transaction.

        ``before`` saves a read. A ConflictError there: ask again, without.
        """
        deployment = deployment_of(request_from(record["request"]), by_gate=bool(record.get("gate")))
        if deployment is None:
            return []
        key = keys.waiting(deployment)
        held = self._table.get(key) if before is None else before.item
        if held is not None and parse_time(held["failed_at"]) > parse_time(record["at"]):
            return []  # a later decision came in first
        untouched = {f":{name}": held[name] for name in _SETTLED} if held else {}
        condition = _UNTOUCHED if held else "attribute_not_exists(pk)"
        if _fails(record):
            item = {**key._asdict(), **_item(record, deployment, held)}
            return [self._table.putting(item, condition, untouched)]
        if held is None or _is_another_gates(record, held):
            return []
        at = parse_time(record["at"])
        ending = self._table.updating(key, _ENDING, {**untouched, **_ended(_ALLOWED, at)}, condition)
        if held["ended_as"] != _NEVER or not held["claimed_at"]:
            return [ending]
        # whoever asked for its retry ended before it could say so
        return [ending, self._table.putting(_outcome(held["decision_id"], _RESUMED, _WENT_ON, at))]

    def all(self, now: datetime) -> list[Waiting]:
        """In no order. What waits no longer, and has not for a while, is removed."""
        return self.all_and_recent(now, ())[0]

    def all_and_recent(self, now: datetime, handed: Iterable[datetime]) -> tuple[list[Waiting], list[datetime]]:
        """``all``, and when what was ``handed`` out at these times counts as resumed: once claimed, as of then."""
        items = list(self._items())
        over = [item for item in items if item["ended_as"] != _NEVER and item["expires"] <= int(now.timestamp())]
        self._table.transact_groups([self._removing(item)] for item in over)
        return [_waiting(item) for item in items if item["ended_as"] == _NEVER], _recent(handed, items)

    def still(self) -> list[Waiting]:
        """As ``all``, and nothing is removed."""
        return [_waiting(item) for item in self._items() if item["ended_as"] == _NEVER]

    def count(self) -> int:
        return sum(item["ended_as"] == _NEVER for item in self._items())

    def one(self, deployment: Deployment) -> Waiting | None:
        item = self._table.get(keys.waiting(deployment))
        return None if item is None or item["ended_as"] != _NEVER else _waiting(item)

    def begin_look(self, at: datetime) -> list[datetime] | None:
        """The times of the latest handings out, one for each deployment; None where this look or a later one began."""
        values = {":at": format_time(at)}
        condition = "attribute_not_exists(looked_at) OR looked_at < :at"
        try:
            item = self._table.update(keys.LOOK, "SET looked_at = :at", values, condition)
        except ConflictError:
            return None
        return [parse_time(moment) for moment, number in item.get("handed_out", ()) for _ in range(int(number))]

    def mark_clear(self, waiting: Sequence[Waiting], at: datetime) -> None:
        """By the look that began ``at``; taken back where a later one began, which may have found them blocked.

        Looks begin before they read what waits, and this is written before the look is read: so a later one sees it,
        or it is taken back.
        """
        self._mark(waiting, "SET clear_since = :at", {":at": format_time(at)})
        if waiting and self._looked_since(at + _SECOND):
            values = {":at": format_time(at), ":blocked": _NEVER}
            self._mark(waiting, "SET clear_since = :blocked", values, f"{_STILL} AND clear_since = :at")

    def mark_blocked(self, waiting: Iterable[Waiting]) -> None:
        """They settle anew, and are handed out anew."""
        self._mark(waiting, "SET clear_since = :blocked, handed_at = :blocked", {":blocked": _NEVER})

    def hand_out(self, waiting: Sequence[Waiting], at: datetime, forget: datetime) -> None:
        """By the look that began ``at``; handings out up to ``forget`` are forgotten.

        Raises ConflictError where a later look began: nothing is handed out then.
        """
        look = self._table.get(keys.LOOK) or {}
        kept = [entry for entry in look.get("handed_out", ()) if parse_time(entry[0]) > forget]
        values = {":handed": [*kept, [format_time(at), len(waiting)]], ":at": format_time(at)}
        self._table.update(keys.LOOK, "SET handed_out = :handed", values, "looked_at = :at")
        self._mark(waiting, "SET handed_at = :at", {":at": format_time(at)})

    def claim(self, waiting: Waiting, at: datetime, now: datetime, until: datetime) -> bool:
        """Whether whoever asks is the one to retry it, of all that act on its handing out ``at``.

        Not once a look began ``until`` then or later: to that one its handing out counts no more. Claims are written
        before the look is read, looks begin before claims are read: so one of the two hears of the other.
        """
        condition = f"{_STILL} AND handed_at = :at AND claimed_at < :at"
        values = {":at": format_time(at), ":now": format_time(now)}
        claimed = self._change(waiting, "SET claimed_at = :at, retried_at = :now", values, condition)
        return claimed and not self._looked_since(until)

    def hold_until(self, waiting: Waiting, until: datetime) -> None:
        self._change(waiting, "SET held_until = :until", {":until": format_time(until)}, _STILL)

    def done(self, waiting: Waiting, outcome: Outcome, why: str, at: datetime) -> None:
        """It waits no longer, and its decision says what came of it."""
        self._table.put(_outcome(waiting.decision_id, outcome, why, at))
        self._change(waiting, _ENDING, _ended(outcome, at), _STILL)

    def ended(self, decision_id: str) -> Ended | None:
        """None where nothing came of it: its deployment waits, or never did, or another decision came first."""
        item = self._table.get(keys.outcome(decision_id))
        return None if item is None else Ended(item["outcome"], item["why"], parse_time(item["at"]))

    def _looked_since(self, moment: datetime) -> bool:
        item = self._table.get(keys.LOOK)
        return item is not None and parse_time(item["looked_at"]) >= moment

    def _items(self) -> Iterator[Item]:
        for shard in keys.WAITING:
            yield from self._table.query(shard)

    def _removing(self, item: Item) -> Item:
        seen = {":id": item["decision_id"], ":as": item["ended_as"]}
        return self._table.deleting(ItemKey(item["pk"], item["sk"]), "decision_id = :id AND ended_as = :as", seen)

    def _mark(
        self, waiting: Iterable[Waiting], expression: str, values: Mapping[str, Any], condition: str = _STILL
    ) -> None:
        self._table.transact_groups(
            [self._table.updating(keys.waiting(one.deployment), expression, {**values, **_still(one)}, condition)]
            for one in waiting
        )

    def _change(self, waiting: Waiting, expression: str, values: Mapping[str, Any], condition: str) -> bool:
        try:
            self._table.update(keys.waiting(waiting.deployment), expression, {**values, **_still(waiting)}, condition)
        except ConflictError:
            return False
        return True


def _recent(handed: Iterable[datetime], items: Iterable[Item]) -> list[datetime]:
    """A claim takes the place of its handing out, which may be forgotten already.

    What waits no longer is never claimed any more: a handing out that found it stopped or superseded was no resumption.
    """
    unclaimed, claims = Counter(handed), []
    for item in items:
        if claim := item.get("retried_at"):  # no version before this one wrote it
            unclaimed[parse_time(item["claimed_at"] or item["resumed_at"])] -= 1
            claims.append(parse_time(claim))
        if item["ended_as"] != _NEVER and item["handed_at"] not in {_NEVER, item["claimed_at"]}:
            unclaimed[parse_time(item["handed_at"])] -= 1
    return [*unclaimed.elements(), *claims]


def _outcome(decision_id: str, outcome: Outcome, why: str, at: datetime) -> Item:
    told = {"outcome": outcome, "why": why, "at": format_time(at), "expires": keys.expires(at, _KEPT_DAYS)}
    return {**keys.outcome(decision_id)._asdict(), **told}


def _ended(how: str, at: datetime) -> Item:
    return {":as": how, ":expires": keys.expires(at + _UNSEEN, 0)}


def _still(waiting: Waiting) -> Item:
    return {":id": waiting.decision_id, ":never": _NEVER}


def _fails(record: Mapping[str, Any]) -> bool:
    """Whether the gate fails its deployment by this decision."""
    decision = record["decision"]
    blocked: bool = decision["verdict"] == "block" and decision["mode"] == "enforce"
    return blocked and record["gate"].get("on_block") == "fail"


def _is_another_gates(record: Mapping[str, Any], held: Item) -> bool:
    """A stage may have several gates: what one of them lets through, another has failed all the same."""
    action = record["request"]["pipeline"].get("action")
    return bool(action and held["gate_action"] and action != held["gate_action"])


def _item(record: Mapping[str, Any], deployment: Deployment, held: Item | None) -> Item:
    """``held`` is what is known of it from before: it waits still where nothing came of that, or we resumed it.

    One that was resumed is blocked again also where another gate of its stage let it through before.
    """
    known = held or {}
    before = known if known.get("ended_as") in {_NEVER, _RESUMED} else {}
    return {
        "deployment": list(deployment),
        "decision_id": record["decision_id"],
        "earlier": _earlier(record, known),
        "gate_action": record["request"]["pipeline"].get("action") or "",
        "body": b"".join(packed(record["request"])),
        "failed_at": record["at"],
        "since": before.get("since", record["at"]),
        **dict.fromkeys(_MARKS, _NEVER),
        "resumed_at": known.get("claimed_at") or known.get("resumed_at", _NEVER),
        "retried_at": known.get("retried_at", _NEVER),
        "ended_as": _NEVER,
        "expires": keys.expires(parse_time(record["at"]), _KEPT_DAYS),
    }


def _earlier(record: Mapping[str, Any], held: Item) -> list[str]:
    """The decisions before it on which its gate may have failed it: a function that was invoked twice asks twice.

    None where it was retried since: then the gate was asked anew.
    """
    if not held or held["ended_as"] != _NEVER or held["claimed_at"] or _is_another_gates(record, held):
        return []
    return [*held.get("earlier", ()), held["decision_id"]][-_MOST_EARLIER:]


def _waiting(item: Item) -> Waiting:
    marks = {name: parse_time(item[name]) if item[name] else None for name in _MARKS}
    return Waiting(
        deployment=Deployment(*item["deployment"]),
        decision_id=item["decision_id"],
        earlier=tuple(item.get("earlier", ())),
        action=item["gate_action"] or None,
        request=request_from(unpacked([item["body"]])),
        failed_at=parse_time(item["failed_at"]),
        since=parse_time(item["since"]),
        **marks,
    )
