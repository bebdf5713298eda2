"""What the decision API does with drills and declared events, without HTTP: started, shown, stopped.

For the central account alone. OUs become accounts here, from the tree in the table: who joins later is not affected.
Raises ``problems``, and the store's errors; nothing is written then.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from org_gate.central.announce import Announcer, synthetic_ended, synthetic_started
from org_gate.central.asking import Asker
from org_gate.central.listings import MOST_LISTED, listed, shortened
from org_gate.central.problems import Conflicting, Invalid, NotFound, shown
from org_gate.central.rights import Rights
from org_gate.decision.targets import ou_fits
from org_gate.model.event import Account
from org_gate.model.synthetic import Kind, SyntheticEvent, synthetic_json
from org_gate.model.times import format_time
from org_gate.policy.model import Policy
from org_gate.policy.services import ServiceNames
from org_gate.store.errors import ConflictError
from org_gate.store.state import State

MAX_PAIRS: Final = 200
"""Of a Region and a service: each is an event that every decision looks at."""
WORDS: Final[Mapping[Kind, str]] = {"drill": "drill", "declared": "declared event"}
FIELDS: Final[Mapping[Kind, str]] = {"drill": "drills", "declared": "declared_events"}
PATHS: Final[Mapping[Kind, str]] = {"drill": "/v1/drills", "declared": "/v1/declared-events"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to start, as it was sent: ``accounts`` and ``ous`` are the affected ones, none where it is ``public``."""

    id: str
    kind: Kind
    public: bool
    accounts: tuple[str, ...]
    ous: tuple[str, ...]
    regions: tuple[str, ...]
    services: tuple[str, ...]
    reason: str
    duration: timedelta


class SyntheticEvents(Protocol):
    """What the API asks of ``store.synthetic``. Each raises StoreError."""

    def create(self, synthetic: SyntheticEvent) -> None: ...
    def stop(self, synthetic_id: str, who: str, now: datetime) -> SyntheticEvent | None: ...
    def in_force(self, now: datetime) -> Sequence[SyntheticEvent]: ...
    def all(self, kind: Kind, limit: int) -> Sequence[SyntheticEvent]: ...
    def one(self, synthetic_id: str) -> SyntheticEvent | None: ...


class Tree(Protocol):
    """What the API asks of ``store.accounts``."""

    def all(self) -> Mapping[str, Account]: ...


class SyntheticStore(Protocol):
    """What is asked of ``store.Store``. Each raises StoreError."""

    @property
    def synthetic(self) -> SyntheticEvents: ...
    @property
    def accounts(self) -> Tree: ...
    def state(self) -> State: ...
    def policy(self, state: State) -> tuple[int, Policy]: ...


class SyntheticDesk:
    """The drills and declared events of one cell. Every method raises Forbidden but for the central account."""

    def __init__(self, store: SyntheticStore, rights: Rights, announcer: Announcer) -> None:
        self._store = store
        self._rights = rights
        self._announcer = announcer

    def start(self, wish: Wish, asker: Asker) -> dict[str, Any]:
        """It counts from now on. Raises Invalid with all that is wrong, Conflicting where its id is there."""
        self._check_central(wish.kind, asker)
        synthetic = self._synthetic(wish, asker)
        try:
            self._store.synthetic.create(synthetic)
        except ConflictError as error:
            if self._store.synthetic.one(synthetic.id) is None:
                raise  # others changed theirs in the same moment: nothing is wrong with this one
            raise Conflicting(
                f"There is a {WORDS[wish.kind]} {wish.id} already, so nothing was written. If you sent this one "
                f"before, it was taken: GET {PATHS[wish.kind]}?all=true shows it. Else leave id out."
            ) from error
        notice = synthetic_started(synthetic, asker.account)
        return _shown(synthetic) | {"announced": self._announcer.announce(notice)}

    def listed(self, kind: Kind, asker: Asker, *, everything: bool, limit: int) -> dict[str, Any]:
        """The newest first: those in force, or all of the last 1,000."""
        self._check_central(kind, asker)
        synthetic = self._store.synthetic
        if everything:
            found = list(synthetic.all(kind, MOST_LISTED))
        else:
            found = [one for one in synthetic.in_force(asker.now) if one.kind == kind]
        found.sort(key=lambda one: (one.created_at, one.id), reverse=True)
        return listed(FIELDS[kind], map(_shown, found), limit) | {"evaluated_at": format_time(asker.now)}

    def stop(self, kind: Kind, synthetic_id: str, asker: Asker) -> dict[str, Any]:
        """As it is then; one that was over already stays as it is. Raises NotFound."""
        self._check_central(kind, asker)
        found = self._store.synthetic.one(synthetic_id) if _is_id(kind, synthetic_id) else None
        if found is None:
            raise _not_there(kind)
        if not found.in_force(asker.now):
            return _shown(found) | {"announced": False}
        stopped = self._store.synthetic.stop(synthetic_id, asker.arn, asker.now)
        if stopped is None:
            raise _not_there(kind)
        announced = self._announcer.announce(synthetic_ended(stopped, asker.account))
        return _shown(stopped) | {"announced": announced}

    def _check_central(self, kind: Kind, asker: Asker) -> None:
        self._rights.check_central(asker.account, f"start, list or stop {WORDS[kind]}s")

    def _synthetic(self, wish: Wish, asker: Asker) -> SyntheticEvent:
        _, policy = self._store.policy(self._store.state())
        names = ServiceNames(policy.service_aliases)
        tree = {} if wish.public else self._store.accounts.all()
        wrong = [*_scope_problems(wish), *_service_problems(wish, names), *_account_problems(wish, tree)]
        if wrong:
            told = "; ".join(problem["detail"] for problem in wrong[:3])
            more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""  # noqa: PLR2004  as many as were told
            raise Invalid(f"The {WORDS[wish.kind]} was not started: {told}{more}.", errors=wrong)
        return SyntheticEvent(
            id=wish.id,
            kind=wish.kind,
            public=wish.public,
            accounts=_affected(wish, tree),
            ous=wish.ous,
            regions=wish.regions,
            services=tuple(dict.fromkeys(map(names.canonical, wish.services))),
            reason=wish.reason,
            who=asker.arn,
            created_at=asker.now,
            ends_at=asker.now + wish.duration,
        )


def _shown(synthetic: SyntheticEvent) -> dict[str, Any]:
    return shortened(synthetic_json(synthetic), synthetic.accounts)


def _affected(wish: Wish, tree: Mapping[str, Account]) -> tuple[str, ...]:
    under = (name for name, account in tree.items() if any(ou_fits(ou, account) for ou in wish.ous))
    return tuple(sorted({*wish.accounts, *under}))


def _scope_problems(wish: Wish) -> Iterator[dict[str, str]]:
    named = bool(wish.accounts or wish.ous)
    if wish.public and named:
        yield _wrong("public", "name accounts or OUs, or public: true for every account, not both")
    if not wish.public and not named:
        yield _wrong("accounts", "it affects nobody: name accounts or OUs, or public: true for every account")
    pairs = max(1, len(wish.regions)) * max(1, len(wish.services))
    if pairs > MAX_PAIRS:
        told = f"its Regions times its services are {pairs} events; at most {MAX_PAIRS} go in one: leave services out"
        yield _wrong("services", f"{told} for all of them, or start several")


def _service_problems(wish: Wish, names: ServiceNames) -> Iterator[dict[str, str]]:
    for index, code in enumerate(wish.services):
        if not names.is_known(code):
            meant = names.nearest(code)
            hint = f"did you mean {meant}?" if meant else "write AWS Health's code, such as RDS, or add an alias"
            yield _wrong(f"services/{index}", f"{shown(code)} is no service code that is known: {hint}")


def _account_problems(wish: Wish, tree: Mapping[str, Account]) -> Iterator[dict[str, str]]:
    if wish.public:
        return
    for index, account in enumerate(wish.accounts):
        if account not in tree:
            told = "is not in the organization tree: correct it, or wait until the tree is read again"
            yield _wrong(f"accounts/{index}", f"account {account} {told}")
    for index, ou in enumerate(wish.ous):
        if not any(ou_fits(ou, account) for account in tree.values()):
            told = "no account of the organization tree is in it; write a path such as Workloads/Prod/**, or an id"
            yield _wrong(f"ous/{index}", f"{shown(ou)}: {told}")


def _wrong(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": f"#/{pointer}", "detail": detail}


def _is_id(kind: Kind, text: str) -> bool:
    return re.fullmatch(f"{kind}-[0-9a-f]{{32}}", text) is not None


def _not_there(kind: Kind) -> NotFound:
    return NotFound(f"There is no {WORDS[kind]} with this id. GET {PATHS[kind]}?all=true lists them.")
