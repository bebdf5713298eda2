import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from org_gate.simulator.organization import administrator_key
from tests.unit.simulator.doors import CENTRAL, MANAGEMENT, ORDERS, REGION, STRANGER, Doors, allow, opened, trusting


@pytest.fixture(name="doors", scope="module")
def _doors() -> Iterator[Doors]:
    with opened() as doors:
        yield doors


def signed(doors: Doors, body: str, **headers: str) -> dict[str, str]:
    key, secret = doors.org.access_keys[ORDERS]
    request = AWSRequest(
        method="POST",
        url=f"{doors.endpoint}/",
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
    )
    SigV4Auth(Credentials(key, secret), "sts", REGION).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def post(doors: Doors, body: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(doors.endpoint).netloc)
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


@pytest.mark.parametrize("account", [MANAGEMENT, ORDERS, CENTRAL])
def test_the_caller_is_who_signed(doors: Doors, account: str) -> None:
    who = doors.client("sts", account).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (account, f"arn:aws:iam::{account}:user/administrator")


def test_a_stranger_is_known_but_no_member(doors: Doors) -> None:
    keys = administrator_key(STRANGER)
    assert doors.client("sts", keys).get_caller_identity()["Account"] == STRANGER
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        doors.client("organizations", keys).describe_organization()


@pytest.mark.parametrize(
    ("service", "call", "wrong", "unknown"),
    [
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("dynamodb", "list_tables", "InvalidSignatureException", "UnrecognizedClientException"),
        ("lambda", "list_functions", "InvalidSignatureException", "UnrecognizedClientException"),
        ("s3", "list_buckets", "SignatureDoesNotMatch", "InvalidAccessKeyId"),
    ],
)
def test_a_wrong_secret_or_key_is_refused_in_the_services_protocol(
    doors: Doors, service: str, call: str, wrong: str, unknown: str
) -> None:
    key, secret = doors.org.access_keys[ORDERS]
    for keys, code in [((key, f"{secret}x"), wrong), (("AKIAZZZZZZZZZZZZZZZZ", secret), unknown)]:
        with pytest.raises(ClientError) as refused:
            getattr(doors.client(service, keys), call)()
        assert refused.value.response["Error"]["Code"] == code


def test_a_tampered_body_is_refused(doors: Doors) -> None:
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    assert post(doors, body, signed(doors, body))[0] == 200
    status, text = post(doors, f"{body}&x=1", signed(doors, body))
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)


def test_a_stated_hash_of_another_body_is_refused(doors: Doors) -> None:
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    headers = signed(doors, body, **{"X-Amz-Content-SHA256": "0" * 64})
    status, text = post(doors, body, headers)
    assert (status, "The body is not the one" in text) == (403, True)


def test_an_account_cannot_be_named_in_a_header(doors: Doors) -> None:
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    status, text = post(doors, body, {**signed(doors, body), "x-moto-account-id": CENTRAL})
    assert (status, ORDERS in text, CENTRAL in text) == (200, True, False)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, "<Code>MissingAuthenticationToken</Code>"),
        ({"X-Amz-Target": "DynamoDB_20120810.ListTables"}, '"MissingAuthenticationTokenException"'),
        ({}, "<Code>AccessDenied</Code>"),
        ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, "<Code>IncompleteSignature</Code>"),
        ({"Authorization": "Basic eDp5"}, "<Code>IncompleteSignature</Code>"),
        ({"Authorization": ""}, "<Code>IncompleteSignature</Code>"),
    ],
)
def test_unsigned_requests_are_refused(doors: Doors, headers: dict[str, str], expected: str) -> None:
    status, text = post(doors, "Action=GetCallerIdentity&Version=2011-06-15", headers)
    assert status in (400, 403)
    assert expected in text


def test_a_presigned_url_is_verified(doors: Doors) -> None:
    s3 = doors.client("s3", ORDERS, signature_version="s3v4")
    s3.create_bucket(Bucket="presigned", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="presigned", Key="a b/ü+c.txt", Body=b"here")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "a b/ü+c.txt"})
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"here"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))
    assert refused.value.code == 403
    refused.value.close()


def test_a_session_is_its_role_and_needs_its_token(doors: Doors) -> None:
    arn = doors.role(ORDERS, "reader", allow("dynamodb:ListTables"), trusting(ORDERS))
    key, secret, *token = doors.session(ORDERS, arn)
    who = doors.client("sts", (key, secret, token[0])).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ORDERS}:assumed-role/reader/test"
    for keys in [(key, secret), (key, secret, "another")]:
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            doors.client("sts", keys).get_caller_identity()  # type: ignore[arg-type]


def test_an_inactive_key_is_unknown(doors: Doors) -> None:
    iam = doors.client("iam", ORDERS)
    iam.create_user(UserName="leaver")
    made = iam.create_access_key(UserName="leaver")["AccessKey"]
    keys = (made["AccessKeyId"], made["SecretAccessKey"])
    assert doors.client("sts", keys).get_caller_identity()["Arn"].endswith("user/leaver")
    iam.update_access_key(UserName="leaver", AccessKeyId=keys[0], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        doors.client("sts", keys).get_caller_identity()


def test_the_aws_cli_works(doors: Doors) -> None:
    key, secret = doors.org.access_keys[ORDERS]
    environment: dict[str, Any] = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": doors.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
    }
    aws = Path(sys.executable).with_name("aws")
    done = subprocess.run(
        [sys.executable, aws, "sts", "get-caller-identity"], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["Account"] == ORDERS
