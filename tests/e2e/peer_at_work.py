"""Run in a process of its own: another team's AWS Health client, unchanged, for one round of its work.

Arguments: the event ARNs to ask about, and the file for what it read. It reaches 127.0.0.1 only, and is told which
AWS Health endpoint is active, as it looks that up while it is imported.
"""

import importlib
import json
import socket
import sys
from pathlib import Path
from typing import Any


def active_endpoint(name: str) -> tuple[str, list[str], list[str]]:
    return "health.us-east-1.amazonaws.com", [name], ["127.0.0.1"]


def only_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    where = {"socket.connect": lambda: arguments[1][0], "socket.getaddrinfo": lambda: arguments[0]}.get(event)
    if where is not None and where() not in ("127.0.0.1", "localhost"):
        message = f"the peer would leave this machine: {event} {arguments}"
        raise PermissionError(message)


def work(events: list[str]) -> dict[str, Any]:
    """Its whole round (which stores what it finds), then its own readers for each event."""
    peer = importlib.import_module("handler")
    peer.main({}, None)
    health = peer.get_sts_token("health")
    accounts = {arn: peer.get_health_org_accounts(health, None, arn) for arn in events}
    entities = {arn: peer.get_affected_entities(health, arn, accounts[arn], True) for arn in events}  # noqa: FBT003  its
    return {"accounts": accounts, "entities": entities}


if __name__ == "__main__":
    sys.addaudithook(only_this_machine)
    socket.gethostbyname_ex = active_endpoint
    Path(sys.argv[-1]).write_text(json.dumps(work(sys.argv[1:-1])), encoding="utf-8")
