"""The decision API over a table in memory as a WSGI application, for schemathesis.

Here is the way from HTTP to a Function URL's event and back; the handler's edge and all behind it are what is deployed.
"""

import base64
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from org_gate.central.api import answer
from org_gate.central.desk import Desk
from org_gate.model.event import Account
from tests.unit.central.support import CENTRAL, ME, NOW, RULES, Topic, context
from tests.unit.store.tables import fake_table, store_on

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_REFUSED: Final = HTTPStatus.BAD_REQUEST


class WsgiApi:
    """Asked by ``caller``, whom the front door has verified, so often. ``faults`` left something written."""

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.faults: list[str] = []
        self.asked = 0
        self._table = fake_table()
        self._store = store_on(self._table)
        self._store.accounts.refresh([Account(ME, "Workloads", ("r-1", "ou-1"))])
        self._store.publish_policy(RULES, who="somebody", note="", now=NOW, expected_version=None)
        self._store.states.commit_poll(NOW, full=True)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method, path, query = (
            environ["REQUEST_METHOD"],
            environ["REQUEST_URI"].partition("?")[0],
            environ["QUERY_STRING"],
        )
        self.asked += 1
        before = self._written()
        got = self._answer(method, path, query, environ["wsgi.input"].read())
        status = int(got["statusCode"])
        if status >= _REFUSED and self._written() != before:
            self.faults.append(f"{method} {path}?{query} wrote something and answered {status}")
        start_response(f"{status} -", [(name, str(value)) for name, value in got["headers"].items()])
        return [got["body"].encode()]

    def made(self) -> dict[str, str]:
        """Ids of what is there to be asked for, by the names of the paths' parameters."""
        decision = {"targets": [f"{ME}/us-east-1/RDS"]}
        declared = {"services": ["RDS"], "regions": ["us-east-1"], "reason": "writes hang", "for": "1h"}
        drill = {"public": True, "reason": "a drill", "for": "1h"}
        override = {"accounts": [ME], "events": ["all"], "reason": "a rollback", "for": "1h"}
        return {
            "decision_id": self._post("/v1/decisions", decision)["decision_id"],
            "event_id": self._post("/v1/declared-events", declared)["id"],
            "drill_id": self._post("/v1/drills", drill)["id"],
            "override_id": self._post("/v1/overrides", override)["override_id"],
        }

    def _post(self, path: str, body: object) -> dict[str, str]:
        got = self._answer("POST", path, "", json.dumps(body).encode())
        assert got["statusCode"] == HTTPStatus.OK, got
        made: dict[str, str] = json.loads(got["body"])
        return made

    def _answer(self, method: str, path: str, query: str, body: bytes) -> dict[str, Any]:
        iam = {"accountId": self.caller, "userArn": f"arn:aws:sts::{self.caller}:assumed-role/gate/x"}
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {},
            "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)),
            "requestContext": {
                "accountId": CENTRAL,
                "authorizer": {"iam": iam},
                "http": {"method": method, "path": path},
                "stage": "$default",
                "timeEpoch": int(NOW.timestamp() * 1000),
            },
            **({"body": base64.b64encode(body).decode()} if body else {}),
            "isBase64Encoded": bool(body),
        }
        return answer(event, context(), lambda: Desk(self._store, CENTRAL, Topic()))

    def _written(self) -> str:
        return json.dumps(self._table.scan(), default=str, sort_keys=True)
