from collections.abc import Iterator
from http.client import HTTPConnection
from socket import create_connection
from urllib.parse import urlsplit

import pytest

from org_gate.simulator.server import PortNotFreeError, Server
from tests.unit.simulator.doors import ORDERS, START, Doors, opened


@pytest.fixture(name="doors")
def _doors() -> Iterator[Doors]:
    with opened() as doors:
        yield doors


def test_every_answer_carries_the_simulated_date_and_no_other(doors: Doors) -> None:
    doors.clock.advance_to(START.replace(minute=5))
    connection = HTTPConnection(urlsplit(doors.endpoint).netloc)
    connection.request("GET", "/nowhere")
    refused = connection.getresponse()
    refused.read()
    connection.close()
    assert refused.headers.get_all("Date") == ["Mon, 02 Mar 2026 12:05:00 GMT"]
    answered = doors.client("sts", ORDERS).get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
    assert answered["date"] == "Mon, 02 Mar 2026 12:05:00 GMT"
    assert answered["server"] == "org-gate-simulator"


def test_a_taken_port_is_an_error_not_an_exit(doors: Doors) -> None:
    port = urlsplit(doors.endpoint).port
    assert port is not None
    with pytest.raises(PortNotFreeError, match=rf"Port {port} on 127.0.0.1 .*Address already in use"):
        Server(doors.door, port)


def test_a_given_port_can_be_used_again_at_once(doors: Doors) -> None:
    with Server(doors.door) as first:
        port = urlsplit(first.endpoint).port
    assert port is not None
    with Server(doors.door, port) as second:
        assert second.endpoint == f"http://127.0.0.1:{port}"


def test_who_asks_before_sending_a_body_is_told_at_once_to_go_on(doors: Doors) -> None:
    """As S3's clients do, which wait a second for it."""
    address = urlsplit(doors.endpoint)
    with create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(b"PUT /somewhere HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert client.recv(1000).startswith(b"HTTP/1.1 403 ")
