"""Clients whose answers a test gives, checked against AWS's models both ways."""

from typing import Any

import boto3
from botocore.stub import Stubber


def stubbed(service: str) -> tuple[Any, Stubber]:
    """A client of a service and the stub that answers for it."""
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "of nobody", region_name="eu-west-1")
    client: Any = session.client(service)  # type: ignore[call-overload]  # any service
    stub = Stubber(client)
    stub.activate()
    return client, stub
