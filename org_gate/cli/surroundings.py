"""What a command takes from its surroundings: the way to the decision API, the time that passes, chance.

The one place where the command line meets AWS credentials, a clock and chance; a test passes its own ``Surroundings``.
"""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError
from botocore.session import Session, get_session

from org_gate.client.api import Credentials, DecisionApi
from org_gate.client.errors import NoCredentials
from org_gate.health.endpoints import candidate_regions

if TYPE_CHECKING:
    import boto3


def connect(urls: Sequence[str]) -> DecisionApi:
    """The decision API with the usual AWS credentials. Raises NoCredentials; ValueError where a URL is none."""
    session = get_session()
    return DecisionApi(urls, _credentials(session), _region(session))


def aws_session() -> "boto3.Session":
    """With the usual credentials."""
    import boto3  # noqa: PLC0415  slow to import, and most commands ask the decision API alone

    return boto3.Session()


def clock() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """32 hex digits that nobody gave before."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``seconds`` only ever goes forward; it tells how long a wait took, not what time it is."""

    connect: Callable[[Sequence[str]], DecisionApi] = connect
    sleep: Callable[[float], None] = time.sleep
    seconds: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = new_id
    aws: Callable[[], "boto3.Session"] = aws_session
    now: Callable[[], datetime] = clock
    """To be asked once in a command."""
    health_regions: Callable[[], tuple[str, ...]] = candidate_regions
    """Where AWS Health answers, the likeliest first; a look-up on the network."""


def _credentials(session: Session) -> Credentials:
    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise NoCredentials(str(error)) from error
    if found is None:
        raise NoCredentials("none were found")
    return found


def _region(session: Session) -> str | None:
    """AWS_REGION, as everybody but botocore reads it; else what botocore finds."""
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    return region if isinstance(region, str) else None
