"""The one way into the simulated AWS, a WSGI application: whose signature, which fault, what may they, who answers.

The order is fixed: find the service and verify the signature; parse; faults; identity and resource policies; one of
our own services, or moto. Every answer carries the simulated ``Date``. What the simulator cannot do is answered with
one clear error that SDKs do not repeat, and kept in ``failures`` for the world to report.
"""

import http
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from wsgiref.handlers import format_date_time

from org_gate.simulator import refusals, shapes, wire
from org_gate.simulator.base import AwsError, Call, OwnService, SimClock
from org_gate.simulator.faults import Faults
from org_gate.simulator.forward import Forward
from org_gate.simulator.iam.documents import UnsupportedPolicyError
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.iam.ledger import Ledger
from org_gate.simulator.iam.needs import needs
from org_gate.simulator.organization import Organization
from org_gate.simulator.regions import known_regions
from org_gate.simulator.signature import Claim, claim_of, verify
from org_gate.simulator.urldoor import URL_PREFIX, FunctionUrls, UrlDoor
from org_gate.simulator.wire import Answer, HttpRequest, Operation

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_NOT_AWS: Final = ("/moto-api", "/favicon.ico", "/latest/")
"""Paths that moto would answer to anybody."""
_CALLERS_OWN: Final = frozenset({"sts", "s3", "iam"})
"""Where moto finds another account's resource by itself."""
_NOT_SIMULATED: Final = frozenset({("sts", "GetSessionToken"), ("sts", "GetFederationToken")})
_NOT_IMPLEMENTED: Final = 501


class FrontDoor:
    """Own services and Function URLs are registered before the first request."""

    def __init__(
        self, clock: SimClock, organization: Organization, faults: Faults, ledger: Ledger | None = None
    ) -> None:
        self._clock = clock
        self._organization = organization
        self._faults = faults
        self.guard = Guard(clock, organization, Ledger() if ledger is None else ledger)
        self.failures: list[str] = []
        """What the simulator could not do, in words."""
        self.watchers: list[Callable[[Call], object]] = []
        """Told of each API call before it is judged or answered; the call takes as long as they take."""
        self._own: dict[str, OwnService] = {}
        self._urls: UrlDoor | None = None
        self._moto = Forward()

    def register(self, service: str, own: OwnService) -> None:
        """``own`` answers its operations of ``service`` (botocore's name); moto the others, where it has them."""
        self._own[service] = own

    def serve_urls(self, urls: FunctionUrls) -> None:
        """Requests to ``/lambda-url/REGION/ID/…`` go to ``urls``, once they are verified and allowed."""
        self._urls = UrlDoor(urls, self._faults, self.guard)

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(HttpRequest.read(environ))
        headers = [*answer.headers, ("Date", format_date_time(self._clock.now().timestamp()))]
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status} {_phrase(answer.status)}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, request: HttpRequest) -> Answer:
        try:
            if request.raw_path.startswith(URL_PREFIX) and self._urls is not None:
                return self._noted(self._urls.answer(request), request)
            return self._noted(self._aws(request), request)
        except Exception as error:  # noqa: BLE001  the edge of the process: a bug of ours must not look like AWS's
            self.failures.append(f"{request.method} {request.raw_path}: {traceback.format_exc()}")
            message = f"The simulator itself failed: {type(error).__name__}: {error}"
            return wire.failure(AwsError("SimulatorFailure", message, _NOT_IMPLEMENTED), *_guess(request))

    def _noted(self, answer: Answer, request: HttpRequest) -> Answer:
        if answer.status == _NOT_IMPLEMENTED:
            self.failures.append(f"{request.method} {request.raw_path}: {answer.body.decode(errors='replace')}")
        return answer

    def _aws(self, request: HttpRequest) -> Answer:
        """An AWS API call. Errors are answered in the protocol of the service, as far as that is known."""
        service, protocol = _guess(request)
        try:
            claim = _claim(request, protocol)
            service = wire.service_of_scope(claim.service, request.headers)
            protocol = wire.protocol_of(service, request.headers)
            caller = verify(claim, request, protocol)
            _check_region(claim.region)
            operation = wire.parse(request, service)
            return self._serve(
                Call(service, operation.name, operation.params, claim.region, caller), operation, request
            )
        except AwsError as error:
            return wire.failure(error, service, protocol)
        except UnsupportedPolicyError as error:
            return wire.failure(AwsError("NotSimulated", str(error), _NOT_IMPLEMENTED), service, protocol)

    def _serve(self, call: Call, operation: Operation, request: HttpRequest) -> Answer:
        for watcher in self.watchers:
            watcher(call)
        self._faults.check(call, operation.protocol)
        denial = self.guard.judge(call)
        if denial is not None:
            raise refusals.denied(call.service, operation.protocol, denial.message)
        own = self._own.get(call.service)
        if own is not None and call.operation in own.operations:
            shapes.validate(operation)
            return wire.success(operation, own.handle(call))
        if (call.service, call.operation) in _NOT_SIMULATED or operation.protocol == wire.CBOR:
            message = f"The simulator does not have {call.service}:{call.operation} in {operation.protocol}."
            raise AwsError("NotSimulated", message, _NOT_IMPLEMENTED)
        return wire.retyped(self._moto(call, request, self._account_for(call, operation)), operation)

    def _account_for(self, call: Call, operation: Operation) -> str:
        """Whose backend of moto answers: the resource's owner, where the policies let the caller reach it."""
        if call.service == "organizations":
            shapes.validate(operation)
            return self._organization.backend_account(call, operation.protocol)
        if call.service in _CALLERS_OWN:
            return call.caller.account
        owners = {need.account for need in needs(call) if not need.action.startswith("iam:")} - {None}
        if len(owners) > 1:
            message = f"The simulator cannot do one {call.operation} in several accounts: {sorted(map(str, owners))}."
            raise AwsError("NotSimulated", message, _NOT_IMPLEMENTED)
        return next((str(owner) for owner in owners), call.caller.account)


def _claim(request: HttpRequest, protocol: str) -> Claim:
    claim = claim_of(request)
    if request.raw_path.startswith(_NOT_AWS):
        raise AwsError("NoSuchBucket", "The simulator serves AWS's APIs only.", 404)
    if claim is None:
        raise refusals.missing_signature(protocol)
    return claim


def _guess(request: HttpRequest) -> tuple[str, str]:
    """A service and its protocol that the client most likely reads, where its signature does not tell."""
    kind = request.headers.get("content-type", "")
    if "x-amz-target" in request.headers:
        return "health", "json"
    if kind.startswith("application/x-www-form-urlencoded"):
        return "sts", "query"
    return "s3", "rest-xml"


def _check_region(region: str) -> None:
    if region not in known_regions():
        message = f"{region!r} is no Region that the SDK knows; sign for one such as eu-west-1."
        raise AwsError("InvalidRegion", message, 400)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Status"
