"""What two tables have in common when they know the same."""

from typing import Any, Final

from org_gate.store import keys
from tests.unit.store.tables import TableClient, everything

COUNTERS: Final = frozenset({"rev", "revision", "account_changes", "episode"})
"""They count writes; a run that was ended and run again writes more often."""
READ_TIMES: Final = frozenset(
    {"stamps", "stamp", "accounts_stamp", "entities_stamp", "accounts_read_at", "tree_at", "full_at", "expires"}
)
"""They say when something was read, which a later run does later."""


def content(client: TableClient, without: frozenset[str] = COUNTERS) -> dict[tuple[str, str], Any]:
    """Every item by its key, but whose turn it was last: a run that is run again has other turns."""
    return {
        key: {name: value for name, value in item.items() if name not in without}
        for key, item in everything(client).items()
        if key != keys.TURN
    }


def knowledge(client: TableClient) -> dict[tuple[str, str], Any]:
    """The same without when it was read."""
    return content(client, COUNTERS | READ_TIMES)
