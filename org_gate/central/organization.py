"""Reads the organization tree: where each account is, by names and by ids.

It only reads; a failure leaves the tree that is stored as it is, and the next poll tries again.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.model.event import Account


class TreeError(Exception):
    """The organization could not be read whole."""


class _Place(NamedTuple):
    id: str
    names: tuple[str, ...]
    ids: tuple[str, ...]


def read_organization(client: Any) -> tuple[Account, ...]:
    """Every account, over a boto3 ``organizations`` client. Raises TreeError."""
    try:
        return tuple(_accounts(client))
    except (ClientError, BotoCoreError) as error:
        msg = (
            f"The organization could not be read ({error}). Decisions go on with the tree as it was last read. "
            "See that the central account may read AWS Organizations: the delegation policy and the collector's role."
        )
        raise TreeError(msg) from error


def _accounts(client: Any) -> Iterator[Account]:
    waiting = [_Place(root["Id"], (), (root["Id"],)) for root in _all(client, "list_roots", "Roots")]
    while waiting:
        place = waiting.pop()
        for found in _all(client, "list_accounts_for_parent", "Accounts", ParentId=place.id):
            yield Account(found["Id"], "/".join(place.names), place.ids)
        units = _all(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=place.id)
        waiting.extend(_Place(unit["Id"], (*place.names, unit["Name"]), (*place.ids, unit["Id"])) for unit in units)


def _all(client: Any, operation: str, listed: str, **params: Any) -> Iterator[dict[str, Any]]:
    """Pages may be empty and still have a next one."""
    for page in client.get_paginator(operation).paginate(**params):
        yield from page[listed]
