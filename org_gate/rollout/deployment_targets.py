"""Deployment targets of StackSet calls: as few as hold all accounts, each within what CloudFormation takes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from org_gate.model.event import Account
from org_gate.rollout.plan_model import Targets

OUS_PER_CALL: Final = 50
ACCOUNTS_PER_CALL: Final = 1_000

Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def whole(ou_ids: Iterable[str]) -> Iterator[Targets]:
    """The OUs with all that is below them."""
    for some in chunks(sorted(ou_ids), OUS_PER_CALL):
        yield Targets(tuple(some), None)


def single(accounts: Iterable[tuple[str, str]]) -> Iterator[Targets]:
    """These accounts alone; each comes with the OU by which it is targeted."""
    ous: set[str] = set()
    some: list[str] = []
    for ou, account in sorted(accounts):
        if some and (len(some) == ACCOUNTS_PER_CALL or (ou not in ous and len(ous) == OUS_PER_CALL)):
            yield Targets(tuple(sorted(ous)), tuple(some))
            ous, some = set(), []
        ous.add(ou)
        some.append(account)
    if some:
        yield Targets(tuple(sorted(ous)), tuple(some))


def targeted_by(account: Account, ou_ids: Iterable[str]) -> str:
    """The one of the OUs that is nearest above the account. Raises StopIteration where none is."""
    among = set(ou_ids)
    return next(ou for ou in reversed(account.ou_ids) if ou in among)
