"""Verifies SigV4: that a request was signed with a key of the simulated IAM or STS, and is what was signed.

The age of a signature is not checked: clients may correct their clock from the simulated ``Date`` of our answers.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from org_gate.simulator import refusals
from org_gate.simulator.base import AwsError, Caller
from org_gate.simulator.wire import HttpRequest

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_CREDENTIAL: Final = re.compile(r"([^/]+)/([0-9]{8})/([^/]+)/([^/]+)/aws4_request")
_NOT_HASHED: Final = ("UNSIGNED-PAYLOAD", "STREAMING-")
_CHECK_SECRET: Final = "Check your AWS Secret Access Key and signing method."  # noqa: S105  a sentence, no secret


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of its signature. ``service`` is the credential scope's name, not yet botocore's."""

    access_key_id: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    token: str | None
    presigned: bool


def claim_of(request: HttpRequest) -> Claim | None:
    """The claim in the Authorization header or in a presigned query; None where the request is anonymous.

    Raises AwsError (IncompleteSignature) where there is one that cannot be read.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _header_claim(authorization, request.headers)
    query = dict(parse_qsl(request.query_string, keep_blank_values=True))
    return _query_claim(query) if "X-Amz-Signature" in query else None


def verify(claim: Claim, request: HttpRequest, protocol: str) -> Caller:
    """Who signed. Raises AwsError in the spelling of the protocol where the key or the signature is wrong."""
    account, key = _key(claim.access_key_id, protocol)
    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(claim.access_key_id)
    if claim.token != (None if session is None else session.session_token):
        raise refusals.unknown_key(protocol)
    payload = _payload_hash(claim, request, protocol)
    expected = _signature(claim, request, key.secret_access_key, payload)
    if not hmac.compare_digest(expected, claim.signature):
        raise refusals.wrong_signature(protocol, _CHECK_SECRET)
    return _caller(account, key, session)


def without_signature(request: HttpRequest) -> str:
    """The query string as it was before it was presigned."""
    return "&".join(pair for pair in request.query_string.split("&") if not pair.startswith("X-Amz-Signature="))


def _header_claim(authorization: str, headers: Mapping[str, str]) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if algorithm != _ALGORITHM:
        raise _unreadable(f"its algorithm is {algorithm!r}, expected {_ALGORITHM}")
    return _claim(
        parts.get("Credential", ""),
        headers.get("x-amz-date", ""),
        parts.get("SignedHeaders", ""),
        parts.get("Signature", ""),
        token=headers.get("x-amz-security-token"),
        presigned=False,
    )


def _query_claim(query: Mapping[str, str]) -> Claim:
    return _claim(
        query.get("X-Amz-Credential", ""),
        query.get("X-Amz-Date", ""),
        query.get("X-Amz-SignedHeaders", ""),
        query["X-Amz-Signature"],
        token=query.get("X-Amz-Security-Token"),
        presigned=True,
    )


def _claim(
    credential: str, timestamp: str, signed: str, signature: str, *, token: str | None, presigned: bool
) -> Claim:
    found = _CREDENTIAL.fullmatch(credential)
    if found is None:
        raise _unreadable("its Credential is not KEY/DATE/REGION/SERVICE/aws4_request")
    names = tuple(sorted(signed.lower().split(";")))
    if "host" not in names or not signature:
        raise _unreadable("it needs SignedHeaders (the host among them) and a Signature")
    if not timestamp.startswith(found[2]):
        raise _unreadable("X-Amz-Date is missing or of another day than the Credential")
    return Claim(found[1], found[3], found[4], timestamp, names, signature, token, presigned)


def _unreadable(why: str) -> AwsError:
    return AwsError("IncompleteSignature", f"The request's signature cannot be read: {why}.", 400)


def _key(access_key_id: str, protocol: str) -> tuple[str, Any]:
    for account, partitions in list(iam_backends.items()):
        key = partitions["aws"].access_keys.get(access_key_id)
        if key is not None and key.status == "Active":
            return account, key
    raise refusals.unknown_key(protocol)


def _payload_hash(claim: Claim, request: HttpRequest, protocol: str) -> str:
    actual = sha256(request.body).hexdigest()
    stated = request.headers.get("x-amz-content-sha256")
    if stated is None:
        return "UNSIGNED-PAYLOAD" if claim.presigned and claim.service == "s3" else actual
    if stated != actual and not stated.startswith(_NOT_HASHED):
        raise refusals.wrong_signature(protocol, "The body is not the one whose hash was signed.")
    return stated


class _Recomputed(SigV4Auth):
    """botocore's signer over exactly the headers that the client signed."""

    def headers_to_sign(self, request: AWSRequest) -> Any:
        return request.headers

    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload"])


class _RecomputedS3(_Recomputed, S3SigV4Auth):
    """S3 signs paths as they are."""


def _signature(claim: Claim, request: HttpRequest, secret: str, payload: str) -> str:
    signer = (_RecomputedS3 if claim.service == "s3" else _Recomputed)(
        Credentials(claim.access_key_id, secret),
        claim.service,
        claim.region,
    )
    query = without_signature(request) if claim.presigned else request.query_string
    url = f"http://{request.headers.get('host', '')}{request.raw_path}" + (f"?{query}" if query else "")
    signed = AWSRequest(method=request.method, url=url)
    for name in claim.signed_headers:
        signed.headers[name] = request.headers.get(name.replace("_", "-"), "")  # WSGI has no underscores in names
    signed.context |= {"timestamp": claim.timestamp, "payload": payload}
    return str(signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed))


def _caller(account: str, key: Any, session: Any) -> Caller:
    if session is not None:
        return Caller(account, session.arn, key.access_key_id, session.user_id, role_arn=session.role_arn)
    if key.user_name is None:
        return Caller(account, f"arn:aws:iam::{account}:root", key.access_key_id, account)
    user = iam_backends[account]["aws"].get_user(key.user_name)
    return Caller(account, user.arn, key.access_key_id, user.id, user_name=user.name)
