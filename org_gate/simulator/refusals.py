"""How AWS spells a refusal in each protocol: the code and the status that SDKs go by.

Only spelling: who is refused, and why, is decided by whoever calls.
"""

from typing import Final

from org_gate.simulator.base import AwsError

_JSON: Final = ("json", "smithy-rpc-v2-cbor")
_THROTTLED: Final = {
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "sns": ("Throttled", 429),
    "sqs": ("RequestThrottled", 403),
}


def denied(service: str, protocol: str, message: str) -> AwsError:
    """What IAM's no looks like."""
    if protocol in _JSON:
        return AwsError("AccessDeniedException", message, 400)
    if protocol == "rest-json":
        return AwsError("AccessDeniedException", message, 403)
    return AwsError("AuthorizationError" if service == "sns" else "AccessDenied", message, 403)


def throttled(service: str, protocol: str) -> AwsError:
    if service in _THROTTLED:
        code, status = _THROTTLED[service]
        return AwsError(code, "Rate exceeded", status)
    if protocol == "query":
        return AwsError("Throttling", "Rate exceeded", 400)
    return AwsError("ThrottlingException", "Rate exceeded", 429 if protocol == "rest-json" else 400)


def unavailable(service: str) -> AwsError:
    return AwsError("ServiceUnavailable", f"{service} is unavailable. Please try again shortly.", 503)


def missing_signature(protocol: str) -> AwsError:
    message = "Request is missing Authentication Token"
    if protocol == "rest-xml":
        return AwsError("AccessDenied", "Access Denied", 403)
    if protocol in (*_JSON, "rest-json"):
        return AwsError("MissingAuthenticationTokenException", message, 400 if protocol in _JSON else 403)
    return AwsError("MissingAuthenticationToken", message, 403)


def unknown_key(protocol: str) -> AwsError:
    message = "The security token included in the request is invalid."
    if protocol == "rest-xml":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", text, 403)
    if protocol in (*_JSON, "rest-json"):
        return AwsError("UnrecognizedClientException", message, 400 if protocol in _JSON else 403)
    return AwsError("InvalidClientTokenId", message, 403)


def wrong_signature(protocol: str, detail: str) -> AwsError:
    message = f"The request signature we calculated does not match the signature you provided. {detail}"
    if protocol in (*_JSON, "rest-json"):
        return AwsError("InvalidSignatureException", message, 400 if protocol in _JSON else 403)
    return AwsError("SignatureDoesNotMatch", message, 403)
