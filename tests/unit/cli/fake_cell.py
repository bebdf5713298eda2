"""A decision API in memory, as far as it keeps what people put in by hand and what was decided: the agreed shapes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.client.api import DecisionApi
from org_gate.client.errors import NoCredentials
from org_gate.client.transport import Reply, Unreachable
from tests.unit.client.support import FIRST, SECOND, json_reply, problem

NOW = "2026-03-02T12:00:00Z"
LATER = "2026-03-02T13:00:00Z"
WHO = "arn:aws:sts::999988887777:assumed-role/platform/me"
Mood = Literal["up", "silent", "refusing", "older"]
LISTS = {"overrides": "overrides", "drills": "drills", "declared-events": "declared_events"}


@dataclass
class FakeCell:
    """``things`` by list and id; ``pages`` of what was decided; ``explanations`` by decision."""

    mood: Mood = "up"
    announced: bool = True
    things: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in LISTS})
    pages: list[list[dict[str, Any]]] = field(default_factory=lambda: [[]])
    explanations: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    stumbles: int = 0
    tells_time: bool = True
    over: bool = False

    def answer(self, method: str, path: str, body: Any = None) -> Reply:
        self.asked.append((method, path))
        if self.mood == "silent":
            raise Unreachable("it did not answer in time")
        if self.mood == "refusing":
            return problem(403, "Add an entry to override_grants.")
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query))
        found = re.fullmatch(r"/v1/([^/]+)(?:/([^/]+))?(/explanation)?", parts.path)
        if self.mood == "older" or found is None:
            return problem(404, "There is no such path.")
        name, the_id = found[1], unquote(found[2] or "")
        if name in LISTS:
            return self._by_hand(method, name, the_id, query, body)
        if name == "status":
            return json_reply({"policy_version": 1, "evaluated_at": NOW})
        if found[3]:
            return self._explained(the_id)
        return self._page(query)

    def _by_hand(self, method: str, name: str, the_id: str, query: Mapping[str, str], body: Any) -> Reply:
        kept = self.things[name]
        match method:
            case "POST" if body["id"] in kept:
                return problem(409, "It is there already.")
            case "POST":
                kept[body["id"]] = _override(body) if name == "overrides" else _synthetic(body, name)
                return json_reply(kept[body["id"]] | {"announced": self.announced})
            case "GET":
                shown = [one for one in kept.values() if "all" in query or _over(one) is None]
                return json_reply({LISTS[name]: shown} | ({"evaluated_at": NOW} if self.tells_time else {}))
            case _ if the_id not in kept:
                return problem(404, f"There is no {the_id}.")
            case _ if self.over:
                return json_reply(kept[the_id] | {"announced": False})
            case _:
                verb = "revoked" if name == "overrides" else "stopped"
                kept[the_id] |= {f"{verb}_at": _over(kept[the_id]) or NOW, f"{verb}_by": WHO}
                return json_reply(kept[the_id])

    def _explained(self, the_id: str) -> Reply:
        found = self.explanations.get(the_id)
        return problem(404, f"There is no decision {the_id}.") if found is None else json_reply(found)

    def _page(self, query: Mapping[str, str]) -> Reply:
        number = int(query.get("next", "0"))
        if number and self.stumbles:
            self.stumbles -= 1
            return json_reply({"Reason": "x"}, 429)
        following = str(number + 1) if number + 1 < len(self.pages) else None
        return json_reply({"decisions": self.pages[number], "next": following})


def _override(body: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: body.get(name, []) for name in ("accounts", "pipelines", "events")}
    said = {"override_id": body["id"], "reason": body["reason"], "ticket": body.get("ticket")}
    made = {"account": "999988887777", "who": WHO, "created_at": NOW, "expires_at": LATER}
    return named | said | made | {"revoked_at": None, "revoked_by": None}


def _synthetic(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    named = {each: body.get(each, []) for each in ("accounts", "ous", "regions", "services")}
    whom = body.get("public", not (named["accounts"] or named["ous"]))
    kind = "drill" if name == "drills" else "declared"
    made = {"id": body["id"], "kind": kind, "public": whom, "reason": body["reason"], "who": WHO}
    return named | made | {"created_at": NOW, "ends_at": LATER, "stopped_at": None, "stopped_by": None}


def _over(one: Mapping[str, Any]) -> Any:
    return one.get("revoked_at") or one.get("stopped_at")


@dataclass
class Bench:
    """Runs commands against cells by URL; ids count up from ``000…1``; nothing really sleeps."""

    capsys: pytest.CaptureFixture[str]
    cells: dict[str, FakeCell] = field(default_factory=lambda: {FIRST: FakeCell(), SECOND: FakeCell()})
    has_credentials: bool = True
    made: int = 0
    slept: list[float] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code: object
        try:
            code = run((*arguments, "--url", ",".join(self.cells)), self._surroundings())
        except SystemExit as end:
            code = end.code
        printed = self.capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    def send(self, request: AWSRequest) -> Reply:
        parts = urlsplit(str(request.url))
        body = json.loads(request.data) if request.data else None
        if body is not None:
            self.bodies.append(body)
        path = str(request.url).removeprefix(f"{parts.scheme}://{parts.netloc}")
        return self.cells[f"{parts.scheme}://{parts.netloc}"].answer(str(request.method), path, body)

    def _surroundings(self) -> Surroundings:
        return Surroundings(connect=self._connect, sleep=self.slept.append, new_id=self._new_id)

    def _new_id(self) -> str:
        self.made += 1
        return f"{self.made:032x}"

    def _connect(self, urls: Sequence[str]) -> DecisionApi:
        if not self.has_credentials:
            raise NoCredentials("none were found")
        return DecisionApi(urls, Credentials("AKIDEXAMPLE", "secret"), transport=self)


__all__ = ["FIRST", "LATER", "NOW", "SECOND", "WHO", "Bench", "FakeCell", "Mood"]
