"""Who asks and when, as the Function URL vouches for it, and the body as text (A1, D17).

Nothing of the body or the headers says who calls: ``requestContext.authorizer.iam`` alone does, and
``requestContext.timeEpoch`` alone says what time it is.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.central.bodies import MAX_BODY_BYTES
from org_gate.central.problems import BadRequest, Forbidden, TooLarge
from org_gate.model.request import ACCOUNT_ID
from org_gate.model.times import from_epoch

_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Asker:
    """The verified caller; ``arn`` is the user or role that signed."""

    account: str
    arn: str
    now: datetime


def asker_of(event: Mapping[str, Any]) -> Asker:
    """Raises Forbidden where the event does not come from a Function URL with AWS_IAM."""
    context = event.get("requestContext") or {}
    iam = (context.get("authorizer") or {}).get("iam") or {}
    account, epoch = iam.get("accountId"), context.get("timeEpoch")
    if not isinstance(account, str) or not ACCOUNT_ID.fullmatch(account) or not isinstance(epoch, int):
        raise Forbidden("The request has no verified caller. Sign it with AWS credentials, for the Function URL.")
    return Asker(account, str(iam.get("userArn") or account), from_epoch(epoch / _MILLISECONDS))


def with_plain_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its body as text, taken for JSON whatever its Content-Type says.

    Raises BadRequest where it is not what it says it is, TooLarge where it is beyond any honest request.
    """
    body = event.get("body")
    if body is not None and event.get("isBase64Encoded"):
        body = _decoded(body)
    if body is not None and len(body.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
        message = f"The body is larger than {MAX_BODY_BYTES // 1024} KB. Ask about fewer targets at a time."
        raise TooLarge(message)
    headers = {"content-type": "application/json"}
    return dict(event) | {"body": body, "isBase64Encoded": False, "headers": headers}


def _decoded(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequest("The body is not UTF-8 text (or its base64 is broken); send a JSON object.") from error
