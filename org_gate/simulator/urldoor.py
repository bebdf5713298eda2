"""Function URLs at the front door: signature, fault and permissions, before any code of ours runs (A1).

Refusals are Lambda's own: 403 and a small JSON with a ``Message``. ``lambdas`` serves what is let in.
"""

import json
import re
from collections.abc import Mapping
from typing import Final, Protocol

from org_gate.simulator import refusals
from org_gate.simulator.base import AwsError, Caller
from org_gate.simulator.faults import Faults
from org_gate.simulator.iam.documents import UnsupportedPolicyError
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.signature import Claim, claim_of, verify
from org_gate.simulator.wire import Answer, HttpRequest

URL_PREFIX: Final = "/lambda-url/"
_PATH: Final = re.compile(r"/lambda-url/([a-z0-9-]+)/([a-z0-9]+)(/.*)?", re.DOTALL)
_FORBIDDEN: Final = 403
_SERVICE: Final = "lambda"
_PROTOCOL: Final = "rest-json"


class UrlOwner(Protocol):
    """What is behind a URL."""

    @property
    def function_arn(self) -> str: ...

    @property
    def auth_type(self) -> str:
        """AWS_IAM or NONE."""
        ...


class FunctionUrls(Protocol):
    """Serves Function URLs, once a request is verified and allowed."""

    def lookup(self, region: str, url_id: str) -> UrlOwner | None:
        """None where there is no such URL."""
        ...

    def serve(  # noqa: PLR0917  the parts of an HTTP request
        self,
        region: str,
        url_id: str,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        caller: Caller | None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the function's answer.

        ``path`` begins with ``/`` and is still percent-encoded, ``query`` is the raw query string, header names are
        in lower case.
        """
        ...


class UrlDoor:
    """Lets requests through to ``FunctionUrls``, or not."""

    def __init__(self, urls: FunctionUrls, faults: Faults, guard: Guard) -> None:
        self._urls = urls
        self._faults = faults
        self._guard = guard

    def answer(self, request: HttpRequest) -> Answer:
        found = _PATH.fullmatch(request.raw_path)
        owner = None if found is None else self._urls.lookup(found[1], found[2])
        if found is None or owner is None:
            return _refused(404, "There is no such Function URL.")
        try:
            caller = self._let_in(request, found[1], owner)
        except AwsError as error:
            return _refused(error.status, error.message)
        except UnsupportedPolicyError as error:
            return _refused(501, str(error))
        path = found[3] or "/"
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        status, given, body = self._urls.serve(
            found[1], found[2], request.method, path, request.query_string, headers, request.body, caller
        )
        return Answer(status, tuple(given.items()), body)

    def _let_in(self, request: HttpRequest, region: str, owner: UrlOwner) -> Caller:
        """The caller. Raises AwsError where the request goes no further."""
        if owner.auth_type != "AWS_IAM":
            raise AwsError(
                "NotSimulated", f"The simulator serves Function URLs with AWS_IAM, not {owner.auth_type}.", 501
            )
        caller = _signer(request, region)
        self._faults.check_central(region, caller)
        denial = self._guard.judge_url(caller, region, owner.function_arn)
        if denial is not None:
            raise AwsError("AccessDeniedException", f"Forbidden. {denial.message}", _FORBIDDEN)
        return caller


def _signer(request: HttpRequest, region: str) -> Caller:
    try:
        return verify(_claim(request, region), request, _PROTOCOL)
    except AwsError as error:
        raise AwsError(error.code, error.message, _FORBIDDEN) from error


def _claim(request: HttpRequest, region: str) -> Claim:
    claim = claim_of(request)
    if claim is None:
        raise refusals.missing_signature(_PROTOCOL)
    if (claim.service, claim.region) != (_SERVICE, region):
        detail = f"Credential should be scoped to {region}/{_SERVICE}, not {claim.region}/{claim.service}."
        raise refusals.wrong_signature(_PROTOCOL, detail)
    return claim


def _refused(status: int, message: str) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps({"Message": message}).encode())
