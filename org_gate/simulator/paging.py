"""Pages and their tokens: a token belongs to one query of one account, and goes on after the last item it saw.

Where the newest comes first, what is updated while somebody pages moves to the front and is not seen again by that
reader; nothing else is missed or seen twice.
"""

import base64
import binascii
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from org_gate.simulator.base import AwsError, Call

Item = TypeVar("Item")
Key = tuple[str | int | float, ...]

LARGEST_PAGE: Final = 100


def page(
    call: Call, items: Sequence[Item], key: Callable[[Item], Key], invalid: str = "InvalidPaginationToken"
) -> tuple[list[Item], dict[str, str]]:
    """One page of the items, which are in order of their key, and ``{"nextToken": …}`` where there are more.

    Raises AwsError with the code ``invalid`` for a token that is not one, or that another query gave.
    """
    size = call.params.get("maxResults") or LARGEST_PAGE
    token = call.params.get("nextToken")
    begin = 0 if token is None else bisect_right(items, _position(call, token, invalid), key=key)
    part = list(items[begin : begin + size])
    if begin + size >= len(items):
        return part, {}
    return part, {"nextToken": _token(call, key(part[-1]))}


def page_of(
    call: Call, items: Sequence[dict[str, Any]], key: str, invalid: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """As ``page``, for APIs that write ``MaxResults`` and ``NextToken``. The items are in order of their ``key``."""
    own = {name: value for name, value in call.params.items() if name not in ("MaxResults", "NextToken")}
    renamed = {"maxResults": call.params.get("MaxResults"), "nextToken": call.params.get("NextToken")}
    asked = replace(call, params={**own, **renamed})
    part, more = page(asked, items, lambda item: (str(item[key]),), invalid)
    return part, {"NextToken": more["nextToken"]} if more else {}


def _token(call: Call, position: Key) -> str:
    text = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
    return f"{text}.{_seal(call, text)}"


def _position(call: Call, token: str, invalid: str) -> Key:
    text, _, seal = token.partition(".")
    try:
        position = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        position = None
    if seal != _seal(call, text) or not isinstance(position, list):
        message = "The specified pagination token (nextToken) is not valid for this request; start over without it."
        raise AwsError(invalid, message)
    return tuple(position)


def _seal(call: Call, text: str) -> str:
    """Binds a position to the query and the account. The size of the pages may change on the way."""
    query: dict[str, Any] = {k: v for k, v in call.params.items() if k not in ("nextToken", "maxResults")}
    asked = json.dumps([call.operation, call.caller.account, query, text], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()[:24]
