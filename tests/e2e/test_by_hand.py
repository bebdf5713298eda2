"""What people do by hand, as they do it: the installed command line against a simulated organization (C1, C2).

One organization, in which Workloads/Dev is in shadow and Workloads/Prod may override for itself, and RDS in us-east-1
has an incident that nobody closes.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.simulated import BIN, Simulated, simulated
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, SANDBOX, issue, scenario, write

POLICY: dict[str, Any] = {
    "version": 1,
    "modes": [{"targets": {"ous": ["Workloads/Dev"]}, "mode": "shadow"}],
    "override_grants": [{"targets": {"ous": ["Workloads/Prod"]}, "max": "1h"}],
    "rules": [
        {"name": "drills", "match": {"drill": True}, "verdict": "block"},
        {"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"},
    ],
}
PIPELINES = [
    {"name": "orders", "account": ORDERS, "region": "us-east-1"},
    {"name": "payments", "account": PAYMENTS, "region": "us-east-1"},
]
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left. ``text`` is all that it said, on one line, as a person reads it."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return " ".join((self.out + self.err).split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def id(self, prefix: str) -> str:
        """The first id of that kind."""
        found = re.search(rf"\b{prefix}-[0-9a-f]{{32}}\b", self.out)
        assert found is not None, self.text
        return found[0]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account's credentials and a shell."""

    organization: Simulated
    account: str

    def does(self, *arguments: str) -> Ran:
        url = {"ORG_GATE_URL": self.organization.ready["central"]["decision_url"]}
        ran = subprocess.run(
            [str(BIN / "org-gate"), *arguments],
            env=self.organization.environment(self.account, "eu-west-1") | url,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        assert "Traceback" not in ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(name="by_hand", scope="module")
def _by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("by-hand")
    runs = [{"at": "2m", "run": "orders"}, {"at": "2m", "run": "payments"}]
    data = scenario(issue("1m"), *runs, pipelines=PIPELINES, policy=POLICY)
    with simulated(write(folder, data), folder / "tmp", "--runtime", "inprocess") as ready:
        yield ready


@pytest.fixture(name="platform")
def _platform(by_hand: Simulated) -> Person:
    return Person(by_hand, CENTRAL)


@pytest.fixture(name="orders")
def _orders(by_hand: Simulated) -> Person:
    """Blocked, and granted to override for an hour."""
    return Person(by_hand, ORDERS)


@pytest.fixture(name="sandbox")
def _sandbox(by_hand: Simulated) -> Person:
    return Person(by_hand, SANDBOX)


def verdict(person: Person, target: str) -> tuple[int, str]:
    """The exit code and the verdict of ``check``."""
    ran = person.does("check", "--target", target, "--format", "json")
    return ran.code, ran.json["verdict"]


@pytest.mark.contract("D10")
def test_a_team_that_is_granted_it_breaks_the_glass_for_itself_and_mends_it(orders: Person, platform: Person) -> None:
    target = f"{ORDERS}/us-east-1"
    assert verdict(orders, target) == (1, "block")
    made = orders.does("override", "create", "--account", ORDERS, "--reason", "the fix itself", "--for", "30m")
    assert made.code == 0
    override = made.id("o")
    warned = orders.does("check", "--target", target)
    assert warned.code == 0
    assert warned.text.startswith("WARN Allowed with a warning: RDS in us-east-1")
    assert f"Override {override}" in warned.text
    for person in (orders, platform):
        listed = person.does("override", "list")
        assert f"{override} holds until" in listed.text
        assert "user/administrator: the fix itself" in listed.text
    assert orders.does("override", "revoke", override).code == 0
    assert verdict(orders, target) == (1, "block")
    assert orders.does("override", "list").text == "No override holds now."
    assert f"{override} revoked" in orders.does("override", "list", "--all").text


@pytest.mark.contract("D10")
def test_who_is_not_granted_it_is_told_the_entry_to_add(orders: Person, sandbox: Person, platform: Person) -> None:
    arguments = ("override", "create", "--account", SANDBOX, "--reason", "ours", "--for", "30m")
    refused = sandbox.does(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "(403)" in refused.text
    assert (
        f'to override_grants in the policy: {{"targets": {{"accounts": ["{SANDBOX}"]}}, "max": "30m"}}' in refused.text
    )
    longer = orders.does("override", "create", "--account", ORDERS, "--reason", "ours", "--for", "2h")
    assert longer.code == 2
    assert "at most 1h, and asks for 2h" in longer.text
    made = platform.does(*arguments, "--ticket", "OPS-1")
    assert made.code == 0
    override = made.id("o")
    assert "(ticket OPS-1)" in sandbox.does("override", "list").text
    stranger = orders.does("override", "revoke", override)
    assert (stranger.code, "no override" in stranger.text) == (2, True)
    assert platform.does("override", "revoke", override).code == 0


@pytest.mark.contract("C1")
def test_a_drill_blocks_says_that_it_is_one_and_ends(platform: Person, sandbox: Person) -> None:
    arguments = (
        "drill",
        "start",
        "--account",
        SANDBOX,
        "--region",
        "eu-west-1",
        "--for",
        "20m",
        "--reason",
        "game day",
    )
    assert "only the central account may" in sandbox.does(*arguments).text
    started = platform.does(*arguments)
    assert (started.code, "DRILL runs until" in started.text) == (0, True)
    blocked = sandbox.does("check", "--target", f"{SANDBOX}/eu-west-1")
    assert (blocked.code, blocked.text[:21]) == (1, "BLOCK Blocked: DRILL:")
    assert verdict(platform, f"{ORDERS}/eu-west-1") == (0, "allow"), "it is not in the drill"
    assert f"DRILL {started.id('drill')} runs until" in platform.does("drill", "list").text
    assert platform.does("drill", "stop", started.id("drill")).code == 0
    assert verdict(sandbox, f"{SANDBOX}/eu-west-1") == (0, "allow")
    assert platform.does("drill", "list").text == "No drill runs now."


@pytest.mark.contract("C1")
def test_a_declared_event_blocks_until_it_is_closed_and_is_explained(platform: Person, sandbox: Person) -> None:
    where = ("--service", "RDS", "--region", "eu-west-1")
    declared = platform.does("event", "declare", *where, "--for", "2h", "--reason", "failovers hang")
    assert (declared.code, "open until" in declared.text) == (0, True)
    asked = sandbox.does("check", "--target", f"{SANDBOX}/eu-west-1/RDS", "--format", "json")
    assert asked.code == 1
    told = sandbox.does("explain", asked.json["decision_id"])
    assert told.code == 0
    assert "declared by the platform team (AWS Health has not posted it)" in told.text
    assert "rule drills (block) does not fit: it is no drill" in told.text
    assert "rule open-issues (block) fits and decides" in told.text
    whole = platform.does("explain", asked.json["decision_id"], "--format", "json").json
    assert whole["decision"] == asked.json
    assert whole["explanation"]["verdict"] == "block"
    assert platform.does("event", "close", declared.id("declared")).code == 0
    assert verdict(sandbox, f"{SANDBOX}/eu-west-1/RDS") == (0, "allow")
    again = sandbox.does("explain", asked.json["decision_id"], "--format", "json").json
    assert again == whole, "what was known then is what explains it"


@pytest.mark.contract("A3")
def test_a_decision_is_explained_to_those_whom_it_concerns(orders: Person, sandbox: Person) -> None:
    decision = orders.does("check", "--target", f"{ORDERS}/us-east-1", "--format", "json").json["decision_id"]
    assert orders.does("explain", decision).code == 0
    for name in (decision, "d-" + "0" * 32):
        refused = sandbox.does("explain", name)
        assert (refused.code, refused.out) == (2, "")
        assert "no decision of yours with this id" in refused.text


@pytest.mark.contract("D12")
def test_what_enforcing_would_have_blocked_is_counted_by_ou(platform: Person) -> None:
    """The run of ``payments``, in shadow, went through; that of ``orders`` did not."""
    told = platform.does("policy", "show", "--would-be", "30d")
    assert told.code == 0
    assert "Workloads/Dev 1 1" in told.text
    assert "would have blocked 1 decision that went through" in told.text
    found = platform.does("policy", "show", "--would-be", "30d", "--format", "json").json
    rows = {row["ou"]: (row["asked"], row["would_have_been_blocked"]) for row in found["ous"]}
    assert rows["Workloads/Dev"] == (1, 1)
    assert rows["Workloads/Prod"][0] >= 1
    assert rows["Workloads/Prod"][1] == 0


@pytest.mark.contract("C1")
def test_publishing_says_what_it_would_have_changed(platform: Person, sandbox: Person, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICY | {"rules": POLICY["rules"][:1]}), encoding="utf-8")
    arguments = ("policy", "publish", str(file), "--note", "drills only", "--yes")
    refused = sandbox.does(*arguments)
    assert (refused.code, "only the central account may" in refused.text) == (2, True)
    before = verdict(platform, f"{ORDERS}/us-east-1")
    published = platform.does(*arguments)
    assert published.code == 0
    assert "by the events recorded with them" in published.text
    assert f"2026-03-02T12:02:00Z {ORDERS} orders: block → allow. Allowed" in published.text
    assert f"2026-03-02T12:02:00Z {PAYMENTS} payments: warn (enforce: block) → allow." in published.text
    assert "version 2 holds from now on" in published.text
    assert (before, verdict(platform, f"{ORDERS}/us-east-1")) == ((1, "block"), (0, "allow"))
    back = platform.does("policy", "publish", "--version", "1", "--yes")
    assert "version 3 holds from now on" in back.text
    assert verdict(platform, f"{ORDERS}/us-east-1") == (1, "block")
