"""Another team's AWS Health client as an opponent: where it is, its table, and one round of its work.

Its code lies beside this repository, never in it, and runs unchanged, with org-gate's own rights and the same AWS.
It has neither secrets nor channels to tell, so a round is what it reads and what it stores.
"""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from org_gate.simulator.world import World
from tests.bench import peer_round
from tests.bench.calls import Calls
from tests.e2e.support import CENTRAL

PROJECT: Final = Path(__file__).parents[2]
PEER: Final = PROJECT.parent / "shared" / "peers" / "aha"
HOME: Final = "eu-west-1"
_TABLE: Final = "peer-events"
_HOUR: Final = 3600
_SETTINGS: Final = {
    "ACCOUNT_IDS": "None",
    "DYNAMODB_TABLE": _TABLE,
    "FROM_EMAIL": "none@domain.com",
    "HEALTH_EVENT_TYPE": "all",
    "LOG_LEVEL": "ERROR",
    "MANAGEMENT_ROLE_ARN": "None",
    "ORG_STATUS": "Yes",
    "REGIONS": "all regions",
    "TO_EMAIL": "none@domain.com",
}


@dataclass(frozen=True, slots=True)
class Round:
    """Its calls to AWS Health by operation, and its wall time in milliseconds."""

    calls: Counter[str]
    taken: float


def is_here() -> bool:
    return (PEER / "handler.py").is_file()


class Peer:
    """It polls in the central account of one world, and keeps what it found in a table there."""

    def __init__(self, opened: World, calls: Calls, folder: Path) -> None:
        self._opened = opened
        self._calls = calls
        self._took = folder / "peer-took"
        self._table: Any = opened.sessions.client("dynamodb", CENTRAL, HOME)
        self._table.create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "arn", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "arn", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def round(self, hours: int = 2) -> Round:
        """``hours`` is how far back it looks for updates, from the simulated now; 0 is not at all."""
        self._calls.forget()
        command = [sys.executable, "-B", str(peer_round.__file__), str(self._took)]
        subprocess.run(
            command, env=self._environment(hours), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        return Round(self._calls.of("health"), float(self._took.read_text(encoding="utf-8")) * 1000)

    def stored(self) -> int:
        """How many events it keeps."""
        pages = self._table.get_paginator("scan").paginate(TableName=_TABLE, Select="COUNT")
        return sum(page["Count"] for page in pages)

    def _environment(self, hours: int) -> dict[str, str]:
        key, secret = self._opened.organization.access_keys[CENTRAL]
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._took.parent),
            "PYTHONPATH": os.pathsep.join((str(PEER), str(PROJECT))),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": HOME,
            "AWS_REGION": HOME,
            "AWS_ENDPOINT_URL": self._opened.aws.server.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "TZ": "UTC",
            "EVENT_SEARCH_BACK": str(self._since(hours)),
            **_SETTINGS,
        }

    def _since(self, hours: int) -> int:
        """In hours before the machine's clock, which is what it counts from; the simulated one stands elsewhere."""
        apart = datetime.now(UTC) - self._opened.clock.now()
        return int(apart.total_seconds() // _HOUR) + hours
