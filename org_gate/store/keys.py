"""Where things are in the table: one place for every ``pk`` and ``sk``.

    STATE           STATE                  how far the collector is, the policy's version, the revision of events
    LEASE           LEASE                  whose poll it is
    PUBLIC          REGION#ARN             facts of each open event that is not account-specific
    SPECIFIC        REGION#ARN             the same of those that are, and of those whose pointers are not cleared
    ACCOUNT#id      RECORD                 where the account is in the organization
    ACCOUNT#id      EVENT#REGION#ARN       a pointer to an open event that affects it
    TREE            ACCOUNT#id             what the tree looked like, to write the difference only
    EVENT#REGION#ARN  RECORD               the event's fields with their stamps
    EVENT#REGION#ARN  TEXT                 its description
    EVENT#REGION#ARN  ACCOUNT#id           an affected account
    EVENT#REGION#ARN  ENTITY#id#value      an affected entity
    SEEN#day        REGION#ARN             an event whose record was written that day
    POLICY          POLICY#n               a version of the policy
    OVERRIDE#id     RECORD                 an override, as it was made, and whether it was revoked
    SYNTHETIC#id    RECORD                 the same of a drill or declared event
    MADE#kind       time#id                overrides, drills, declared events by when they were made: their ids
    IN_FORCE        time#id                all of them by their end, whole, for decisions; emptied when they are revoked
    DECISION#id     RECORD, PART#n         a decision
    DECISIONS#id    time#decision          decisions of an account, by time
    PIPELINE#id#name  time#decision        decisions of a pipeline (of that name in any Region), by time
    DAY#day#shard   time#decision          decisions of everybody, by time
    DAYS            day                    days with decisions
    UNREADABLE#day  digest                 a notification that could not be understood
    DECISION#id     OUTCOME                what came of its deployment's waiting
    WAITING#shard   digest                 a deployment that waits, or was resumed and has not asked again
    TURN            TURN                   the event whose accounts were read again last
    LOOK            LOOK                   the last look at all that wait, and how many it and those before handed out
    DIGEST          DIGEST                 how far people were told of what happened
    WALK            PART#n                 how far a walk through the organization has come

All open public events are in one partition, because a policy may call any service global, and an event of it
then concerns every Region. It is read once for each revision and process.
"""

import hashlib
import json
import zlib
from datetime import datetime
from typing import Final

from org_gate.model.event import EventKey
from org_gate.model.times import format_time
from org_gate.model.waiting import Deployment
from org_gate.store.table import ItemKey

STATE: Final = ItemKey("STATE", "STATE")
LEASE: Final = ItemKey("LEASE", "LEASE")
TURN: Final = ItemKey("TURN", "TURN")
LOOK: Final = ItemKey("LOOK", "LOOK")
DIGEST: Final = ItemKey("DIGEST", "DIGEST")
PUBLIC: Final = "PUBLIC"
SPECIFIC: Final = "SPECIFIC"
TREE: Final = "TREE"
WALK: Final = "WALK"
POLICY: Final = "POLICY"
IN_FORCE: Final = "IN_FORCE"
DAYS: Final = "DAYS"
SHARDS: Final = 8
RECORD: Final = "RECORD"
OUTCOME: Final = "OUTCOME"
WAITING: Final = tuple(f"WAITING#{number}" for number in range(16))
TEXT: Final = "TEXT"
POINTER: Final = "EVENT#"
MEMBER_ACCOUNT: Final = "ACCOUNT#"
MEMBER_ENTITY: Final = "ENTITY#"
_LONGEST_NAME: Final = 800


def event_name(key: EventKey) -> str:
    """Not to be read back: items carry ``arn`` and ``region``."""
    return _fitting(f"{key.region}#{key.arn}")


def _fitting(name: str) -> str:
    """A sort key holds 1,024 bytes; what is longer than any name AWS uses goes in by its digest."""
    encoded = name.encode()
    return name if len(encoded) <= _LONGEST_NAME else f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def event(key: EventKey) -> str:
    return f"EVENT#{event_name(key)}"


def record(key: EventKey) -> ItemKey:
    return ItemKey(event(key), RECORD)


def seen(day: str) -> str:
    return f"SEEN#{day}"


def pointer(account_id: str, key: EventKey) -> ItemKey:
    return ItemKey(account(account_id), event(key))


def entity(account_id: str, value: str) -> str:
    """What follows ``ENTITY#``."""
    return f"{entities_of(account_id)}{_fitting(value)}"


def entities_of(account_id: str) -> str:
    """What all entities of an account begin with, after ``ENTITY#``."""
    return f"{account_id}#"


def account(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def policy_version(version: int) -> ItemKey:
    return ItemKey(POLICY, f"POLICY#{version:010d}")


def decision(decision_id: str) -> str:
    return f"DECISION#{decision_id}"


def decisions_of(account_id: str) -> str:
    return f"DECISIONS#{account_id}"


def pipeline(account_id: str, name: str) -> str:
    return f"PIPELINE#{account_id}#{_fitting(name)}"


def day(moment: datetime) -> str:
    return format_time(moment)[:10]


def shard(day: str, decision_id: str) -> str:
    """Where a decision is among those of everybody."""
    return shards(day)[zlib.crc32(decision_id.encode()) % SHARDS]


def shards(day: str) -> list[str]:
    return [f"DAY#{day}#{number}" for number in range(SHARDS)]


def waiting(deployment: Deployment) -> ItemKey:
    """By digest: names of stages and executions are long, and hold any separator."""
    digest = hashlib.sha256(json.dumps(deployment).encode())
    return ItemKey(WAITING[digest.digest()[0] % len(WAITING)], digest.hexdigest())


def outcome(decision_id: str) -> ItemKey:
    return ItemKey(decision(decision_id), OUTCOME)


def by_hand(kind: str, name: str) -> ItemKey:
    """``kind`` is ``override`` or ``synthetic``."""
    return ItemKey(f"{kind.upper()}#{name}", RECORD)


def made(kind: str) -> str:
    """``kind`` is ``override``, ``drill`` or ``declared``."""
    return f"MADE#{kind}"


def at(moment: datetime, name: str) -> str:
    return f"{format_time(moment)}#{name}"


def unreadable(moment: datetime, digest: str) -> ItemKey:
    return ItemKey(f"UNREADABLE#{day(moment)}", digest)


def expires(moment: datetime, days: int) -> int:
    """The TTL attribute: Unix seconds."""
    return int(moment.timestamp()) + days * 86_400
