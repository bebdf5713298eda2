"""A Function URL's way in (A1): nothing unsigned, wrongly signed, foreign or unpermitted reaches the function."""

import http.client
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from org_gate.simulator.base import Caller
from org_gate.simulator.faults import CENTRAL as DECISION_API
from org_gate.simulator.faults import Fault
from org_gate.simulator.organization import administrator_key
from tests.unit.simulator.doors import CENTRAL, ORDERS, REGION, STRANGER, Doors, Keys, allow, opened, trusting

pytestmark = pytest.mark.contract("A1")

ARN = f"arn:aws:lambda:{REGION}:{CENTRAL}:function:org-gate-api"
BOTH = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
BODY = b'{"targets": []}'


@dataclass(frozen=True)
class Owner:
    function_arn: str
    auth_type: str = "AWS_IAM"


@dataclass
class Urls:
    """Serves one URL by telling what it was given."""

    served: list[tuple[str, str, Caller | None]] = field(default_factory=list)

    def lookup(self, region: str, url_id: str) -> Owner | None:
        known = {(REGION, "api1"): Owner(ARN), (REGION, "open1"): Owner(ARN, "NONE")}
        return known.get((region, url_id))

    def serve(  # noqa: PLR0917  the parts of an HTTP request
        self,
        region: str,  # noqa: ARG002  the seam's
        url_id: str,  # noqa: ARG002  the seam's
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        caller: Caller | None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        assert "authorization" not in headers
        self.served.append((f"{method} {path}?{query}", body.decode(), caller))
        return 201, {"Content-Type": "application/problem+json"}, b"{}"


@pytest.fixture(name="urls")
def _urls() -> Urls:
    return Urls()


@pytest.fixture(name="doors")
def _doors(urls: Urls) -> Iterator[Doors]:
    with opened() as doors:
        doors.door.serve_urls(urls)
        client = doors.client("lambda", CENTRAL)
        role = doors.role(CENTRAL, "api", None, {"Principal": {"Service": "lambda.amazonaws.com"}})
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", "def handler(event, context): ...")
        code = {"ZipFile": packed.getvalue()}
        client.create_function(
            FunctionName="org-gate-api", Role=role, Code=code, Runtime="python3.13", Handler="index.handler"
        )
        who = {"FunctionName": "org-gate-api", "Principal": "*", "PrincipalOrgID": doors.org.id}
        client.add_permission(StatementId="url", Action=BOTH[0], FunctionUrlAuthType="AWS_IAM", **who)
        client.add_permission(StatementId="invoke", Action=BOTH[1], InvokedViaFunctionUrl=True, **who)
        yield doors


def post(doors: Doors, keys: Keys | None, service: str = "lambda", region: str = REGION, **change: Any) -> Any:
    """(status, parsed body) of a decision asked for with these keys."""
    path = "/lambda-url/eu-west-1/api1/v1/decisions%20x?a=b&c=%2F"
    request = AWSRequest("POST", f"{doors.endpoint}{path}", {"Content-Type": "application/json"}, BODY)
    if keys is not None:
        SigV4Auth(Credentials(*keys), service, region).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(doors.endpoint).netloc)
    connection.request("POST", change.get("path", path), change.get("body", BODY), dict(request.headers.items()))
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_a_member_is_served_with_who_it_is(doors: Doors, urls: Urls) -> None:
    assert post(doors, doors.org.access_keys[ORDERS]) == (201, {})
    ((asked, body, caller),) = urls.served
    assert (asked, body) == ("POST /v1/decisions%20x?a=b&c=%2F", BODY.decode())
    assert caller is not None
    assert (caller.account, caller.arn) == (ORDERS, f"arn:aws:iam::{ORDERS}:user/administrator")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"keys": None}, "missing Authentication Token"),
        ({"service": "execute-api"}, "scoped to eu-west-1/lambda"),
        ({"region": "us-east-1"}, "scoped to eu-west-1/lambda"),
        ({"body": b'{"targets": [1]}'}, "signature"),
        ({"path": "/lambda-url/eu-west-1/api1/v1/policies"}, "signature"),
    ],
)
def test_unsigned_and_wrongly_signed_get_no_further(
    doors: Doors, urls: Urls, change: dict[str, Any], part: str
) -> None:
    status, answer = post(doors, **{"keys": doors.org.access_keys[ORDERS], **change})
    assert status == 403
    assert part in answer["Message"]
    assert not urls.served


def test_a_foreign_organization_gets_no_further(doors: Doors, urls: Urls) -> None:
    status, answer = post(doors, administrator_key(STRANGER))
    assert (status, "no resource-based policy" in answer["Message"]) == (403, True)
    assert not urls.served


@pytest.mark.parametrize(("actions", "status"), [(BOTH, 201), (BOTH[:1], 403), (BOTH[1:], 403)])
def test_the_caller_needs_both_actions(doors: Doors, actions: tuple[str, ...], status: int) -> None:
    role = doors.role(ORDERS, "gate", allow(*actions, resource=ARN), trusting(ORDERS))
    assert post(doors, doors.session(ORDERS, role))[0] == status


def test_who_may_use_the_url_may_still_not_invoke_the_function(doors: Doors) -> None:
    lam = doors.client("lambda", ORDERS)
    with pytest.raises(lam.exceptions.ClientError, match="no resource-based policy allows the lambda:InvokeFunction"):
        lam.invoke(FunctionName=ARN, Payload=b"{}")


@pytest.mark.contract("S4")
@pytest.mark.parametrize(("kind", "status"), [("down", 503), ("throttle", 429), ("denied", 403), ("slow", 201)])
def test_a_fault_of_central_strikes_here(doors: Doors, urls: Urls, kind: str, status: int) -> None:
    doors.faults.add(Fault(DECISION_API, kind, doors.clock.now(), region=REGION))
    assert post(doors, doors.org.access_keys[ORDERS])[0] == status
    assert bool(urls.served) is (status == 201)


@pytest.mark.parametrize(("path", "status"), [("eu-west-1/none1/", 404), ("eu-west-1/open1/", 501), ("x", 404)])
def test_what_is_no_url_of_ours_is_said(doors: Doors, path: str, status: int) -> None:
    assert post(doors, doors.org.access_keys[ORDERS], path=f"/lambda-url/{path}")[0] == status
