"""The report's numbers counted again the plain way, from nothing but the table's raw items: whole records, no index.

It knows nothing of how the report is made. Everything is read first and gone through again and again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from org_gate.store.documents import unpacked
from org_gate.store.table import Item
from tests.unit.store.tables import TableClient, everything

Outcomes = dict[str, int]
OUTCOMES = (
    *("decisions", "allowed", "warned", "blocked", "held", "resumed", "skipped"),
    *("overridden", "shadow", "exempt", "stale"),
)


class Recount:
    """Of ``[since, until)``, at ``now``; ``ou`` is a path, None for all."""

    def __init__(
        self, client: TableClient, *, since: datetime, until: datetime, now: datetime, ou: str | None = None
    ) -> None:
        self.items = everything(client)
        self.since, self.until, self.now, self.ou = since, until, now, ou
        self.ou_of = {item["id"]: item["ou_path"] for (pk, _sk), item in self.items.items() if pk == "TREE"}
        self.came_of = {
            pk.removeprefix("DECISION#"): item
            for (pk, sk), item in self.items.items()
            if pk.startswith("DECISION#") and sk == "OUTCOME"
        }
        self.decisions = [record for record in self._records() if any(map(self.inside, accounts_of(record)))]
        self.events = {
            (item["arn"], item["region"]): item
            for (pk, sk), item in self.items.items()
            if pk.startswith("EVENT#") and sk == "RECORD" and self._belongs(pk, item)
        }

    def inside(self, account: str) -> bool:
        if self.ou is None:
            return True
        path = self.ou_of.get(account)
        return path is not None and f"{path}/".startswith(f"{self.ou}/")

    def _records(self) -> Iterable[dict[str, Any]]:
        for (pk, sk), item in self.items.items():
            if pk.startswith("DECISION#") and sk == "RECORD":
                parts = sorted(key[1] for key in self.items if key[0] == pk and key[1].startswith("PART#"))
                record = unpacked([item["body"], *(self.items[pk, part]["body"] for part in parts)])
                if self.since <= at(record["at"]) < self.until:
                    yield record

    def outcomes(self, fits: Callable[[dict[str, Any]], bool] = lambda _record: True) -> Outcomes:
        counts = dict.fromkeys(OUTCOMES, 0)
        for record in filter(fits, self.decisions):
            decision, came_of = record["decision"], self.came_of.get(record["decision_id"], {}).get("outcome")
            blocked = decision["verdict"] == "block"
            counts["decisions"] += 1
            counts["allowed"] += decision["verdict"] == "allow"
            counts["warned"] += decision["verdict"] == "warn"
            counts["blocked"] += blocked
            counts["held"] += blocked and on_block(record) == "hold"
            counts["resumed"] += came_of == "resumed"
            counts["skipped"] += came_of in {"skipped", "given_up"}
            counts["overridden"] += any(reason["override_id"] for reason in decision["reasons"])
            counts["shadow"] += not blocked and decision["would_be"] == "block"
            counts["exempt"] += decision["exempt"]
            counts["stale"] += decision["knowledge"]["stale"]
        return counts

    def values(self, of: Callable[[dict[str, Any]], Iterable[Any]]) -> dict[Any, Outcomes]:
        """Outcomes by what a record has of something."""
        found = {value for record in self.decisions for value in of(record)}
        return {value: self.outcomes(lambda record, value=value: value in set(of(record))) for value in found}  # type: ignore[misc]

    def ous_of(self, account: str) -> list[str]:
        """It, and all above it that are in scope."""
        if account not in self.ou_of:
            return ["", "?"] if self.ou is None else []
        parts = self.ou_of[account].split("/") if self.ou_of[account] else []
        every = ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
        return every if self.ou is None else [path for path in every if f"{path}/".startswith(f"{self.ou}/")]

    def members(self, key: tuple[str, str], prefix: str) -> list[Item]:
        """Affected accounts or entities in scope."""
        pk = f"EVENT#{key[1]}#{key[0]}"
        return [
            item
            for (place, sk), item in sorted(self.items.items())
            if place == pk and sk.startswith(prefix) and self.inside(sk.split("#")[1])
        ]

    def accounts(self, key: tuple[str, str]) -> list[str]:
        return [item["sk"].split("#")[1] for item in self.members(key, "ACCOUNT#")]

    def is_open(self, key: tuple[str, str]) -> bool:
        return not self._over(self.events[key])

    def is_public(self, key: tuple[str, str]) -> bool:
        return _public(self.events[key])

    def blocked_by(self, key: tuple[str, str]) -> list[dict[str, Any]]:
        return [record for record in self.decisions if key in blocking(record)]

    def warned_by(self, key: tuple[str, str]) -> list[dict[str, Any]]:
        return [record for record in self.decisions if key in naming(record) and key not in blocking(record)]

    def first_block(self, key: tuple[str, str]) -> datetime | None:
        return min((at(record["at"]) for record in self.blocked_by(key)), default=None)

    def to_first_block(self) -> list[int]:
        found = []
        for key, item in self.events.items():
            start, block = maybe(item["facts"].get("start")), self.first_block(key)
            if start and block and self.since <= start < self.until:
                found.append(max(0, int((block - start).total_seconds())))
        return sorted(found)

    def held(self) -> list[int]:
        runs: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for record in self.decisions:
            pipeline = record["request"]["pipeline"]
            if on_block(record) == "hold" and pipeline:
                runs[record["caller"], tuple(sorted(pipeline.items()))].append(record)
        found = []
        for records in runs.values():
            records.sort(key=lambda record: (record["at"], record["decision_id"]))
            blocks = [number for number, record in enumerate(records) if record["decision"]["verdict"] == "block"]
            if blocks:
                after = records[blocks[-1] + 1 :]
                end = after[0] if after else records[blocks[-1]]
                found.append(int((at(end["at"]) - at(records[blocks[0]]["at"])).total_seconds()))
        return sorted(found)

    def to_resume(self) -> list[int]:
        return sorted(
            int((at(self.came_of[record["decision_id"]]["at"]) - at(record["at"])).total_seconds())
            for record in self.decisions
            if self.came_of.get(record["decision_id"], {}).get("outcome") == "resumed"
        )

    def used(self) -> Counter[str]:
        return Counter(
            name
            for record in self.decisions
            for name in {reason["override_id"] for reason in record["decision"]["reasons"]} - {None}
        )

    def _belongs(self, pk: str, item: Item) -> bool:
        listed = any(
            place == pk and sk.startswith("ACCOUNT#") and self.inside(sk.split("#")[1]) for place, sk in self.items
        )
        if self.ou is not None and not listed and not _public(item):
            return False
        if not self._over(item):
            return True
        facts = item["facts"]
        end, start = maybe(facts.get("end")), maybe(facts.get("start"))
        ended = end if end is not None and end <= self.now else at(facts["last_updated"])
        return ended >= self.since and (start is None or start < self.until)

    def _over(self, item: Item) -> bool:
        end = maybe(item["facts"].get("end"))
        return item["facts"]["status"] == "closed" or (end is not None and end <= self.now)


def accounts_of(record: dict[str, Any]) -> set[str]:
    return {record["caller"], *(target["account"] for target in record["decision"]["targets"])}


def on_block(record: dict[str, Any]) -> str | None:
    return (record["gate"] or {}).get("on_block")


def blocking(record: dict[str, Any]) -> set[tuple[str, str]]:
    """Events that a blocked decision hangs on."""
    decision = record["decision"]
    return {
        (reason["event"]["arn"], reason["event"]["region"])
        for reason in decision["reasons"]
        if decision["verdict"] == "block" and reason["event"] and reason["verdict"] == "block"
        if reason["override_id"] is None and decision["targets"][reason["target"]]["mode"] == "enforce"
    }


def naming(record: dict[str, Any]) -> set[tuple[str, str]]:
    """Events that gave a reason to warn or block."""
    return {
        (reason["event"]["arn"], reason["event"]["region"])
        for reason in record["decision"]["reasons"]
        if reason["event"] and reason["verdict"] != "allow"
    }


def rules(record: dict[str, Any]) -> set[tuple[str, str | None]]:
    return {
        (reason["kind"], reason["freeze"]["name"] if reason["freeze"] else reason["rule"])
        for reason in record["decision"]["reasons"]
    }


def services(record: dict[str, Any]) -> set[str | None]:
    return {
        reason["event"]["service"]
        for reason in record["decision"]["reasons"]
        if reason["event"] and reason["verdict"] != "allow"
    }


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def maybe(text: str | None) -> datetime | None:
    return None if text is None else at(text)


def hour(moment: datetime, length: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // length * length


def _public(item: Item) -> bool:
    scope = item["facts"]["scope"]
    return scope == "PUBLIC" or (scope not in {"ACCOUNT_SPECIFIC", "NONE"} and not item["lists_accounts"])
