"""The organization as a rollout sees it: the ids behind OU paths. Reads AWS Organizations, changes nothing."""

from collections.abc import Iterable
from typing import Any

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
