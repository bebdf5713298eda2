"""The organization as a rollout sees it: the ids behind OU paths, and where each account is.

Reads AWS Organizations, changes nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from org_gate.model.event import Account
from org_gate.rollout.errors import MismatchError, asking_aws


def organizational_unit_ids(organizations: Any, paths: Iterable[str]) -> tuple[str, ...]:
    """The ids of OU paths, in order; the root's where no path is given, or the empty one.

    A path below another one is left out: a StackSet reaches everything below an OU. Raises MismatchError where
    there is no such OU.
    """
    with asking_aws("read the organization's root"):
        root: str = organizations.list_roots()["Roots"][0]["Id"]
    wanted = _topmost(paths)
    return tuple(_resolve(organizations, root, path) for path in wanted) or (root,)


def organization_accounts(organizations: Any, *, tags: bool) -> dict[str, Account]:
    """Every account of the organization, by id; its tags only where they are asked for, a call for each account."""
    with asking_aws("read the organization's root"):
        root: str = organizations.list_roots()["Roots"][0]["Id"]
    return {
        account: Account(account, "/".join(names), ids, _tags(organizations, account) if tags else None)
        for names, ids in _places(organizations, (), (root,))
        for account in _accounts(organizations, ids[-1])
    }


def _places(
    organizations: Any, names: tuple[str, ...], ids: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """A root or OU and all below it: names below the root, ids from the root on."""
    yield names, ids
    for name, unit in _children(organizations, ids[-1]).items():
        yield from _places(organizations, (*names, name), (*ids, unit))


def _accounts(organizations: Any, parent: str) -> list[str]:
    with asking_aws(f"read the accounts in {parent}"):
        pages = organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=parent)
        return [account["Id"] for page in pages for account in page["Accounts"]]


def _tags(organizations: Any, account: str) -> dict[str, str]:
    with asking_aws(f"read the tags of account {account}"):
        pages = organizations.get_paginator("list_tags_for_resource").paginate(ResourceId=account)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _topmost(paths: Iterable[str]) -> list[str]:
    unique = sorted(set(paths))
    if "" in unique:
        return []
    return [path for path in unique if not any(path.startswith(f"{other}/") for other in unique)]


def _resolve(organizations: Any, root: str, path: str) -> str:
    parent = root
    for depth, name in enumerate(names := path.split("/")):
        children = _children(organizations, parent)
        if name not in children:
            where = f"below {'/'.join(names[:depth])}" if depth else "directly below the root"
            there = ", ".join(sorted(children)) or "no OU at all"
            msg = f"There is no OU {path!r}: {where} there is {there}. Write one of these; no gate was rolled out."
            raise MismatchError(msg)
        parent = children[name]
    return parent


def _children(organizations: Any, parent: str) -> dict[str, str]:
    with asking_aws(f"read the OUs below {parent}"):
        pages = organizations.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent)
        return {unit["Name"]: unit["Id"] for page in pages for unit in page["OrganizationalUnits"]}
