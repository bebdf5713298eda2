"""Another team's AWS Health client reads the simulated organization as org-gate's own reader does.

Its code lies beside this repository, never in it. Where it is not there, these tests are skipped.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from org_gate.health.view import OrganizationView, Wanted
from tests.e2e import peer_at_work
from tests.e2e.conftest import CLOSED, GLOBAL, PUBLIC, SPECIFIC, ZONAL
from tests.e2e.simulated import Simulated
from tests.e2e.support import CENTRAL

PEER = Path(__file__).parents[3] / "shared" / "peers" / "aha"
HOME = "eu-west-1"
TABLE = "peer-events"
EVENTS = [CLOSED, PUBLIC, SPECIFIC, GLOBAL, ZONAL]
SINCE = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = {
    "ACCOUNT_IDS": "None",
    "DYNAMODB_TABLE": TABLE,
    "EVENT_SEARCH_BACK": str(24 * 365 * 20),  # it counts from the machine's clock, the scenario does not
    "FROM_EMAIL": "none@domain.com",
    "HEALTH_EVENT_TYPE": "all",
    "MANAGEMENT_ROLE_ARN": "None",
    "ORG_STATUS": "Yes",
    "REGIONS": "all regions",
    "TO_EMAIL": "none@domain.com",
}

pytestmark = pytest.mark.skipif(not (PEER / "handler.py").is_file(), reason="the peer's client is not on this machine")


@pytest.fixture(name="read", scope="module")
def _read(organization: Simulated, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the peer read, with what it stored under ``stored``."""
    table = organization.client("dynamodb", CENTRAL, HOME)
    key: Any = {"AttributeName": "arn"}
    table.create_table(
        TableName=TABLE,
        KeySchema=[{**key, "KeyType": "HASH"}],
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    found = tmp_path_factory.mktemp("peer") / "found.json"
    environment = {**organization.environment(CENTRAL, HOME), **SETTINGS, "PYTHONPATH": os.fspath(PEER)}
    command = [sys.executable, "-B", str(peer_at_work.__file__), *EVENTS, str(found)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    stored = {item["arn"]["S"]: item for item in table.scan(TableName=TABLE)["Items"]}
    return {**json.loads(found.read_text("utf-8")), "stored": stored}


@pytest.fixture(name="view", scope="module")
def _view(organization: Simulated) -> OrganizationView:
    client = organization.client("health", CENTRAL, "us-east-1")
    return OrganizationView(lambda _region: client, ["us-east-1"], lambda: True)


def test_it_finds_the_same_events(read: dict[str, Any], view: OrganizationView) -> None:
    ours = {r.key.arn: r for page in view.changed(SINCE, SINCE) for r in page}
    assert set(ours) == set(EVENTS)
    theirs = {arn: (int(item["lastUpdatedTime"]["S"]), item["statusCode"]["S"]) for arn, item in read["stored"].items()}
    assert theirs == {arn: (int(r.last_updated.timestamp()), r.values["status"]) for arn, r in ours.items()}


def test_it_reads_the_same_texts(read: dict[str, Any], view: OrganizationView) -> None:
    accounts = {arn: min(view.accounts(arn).accounts, default=None) for arn in EVENTS}
    details = view.details([Wanted(arn, accounts[arn]) for arn in EVENTS], SINCE)
    assert details.failed == ()
    theirs = {arn: item["latestDescription"]["S"] for arn, item in read["stored"].items()}
    assert theirs == {reading.key.arn: reading.description for reading in details.readings}


def test_it_finds_the_same_accounts_affected(read: dict[str, Any], view: OrganizationView) -> None:
    ours = {arn: set(view.accounts(arn).accounts) for arn in EVENTS}
    assert {arn: set(accounts) for arn, accounts in read["accounts"].items()} == ours
    assert ours[SPECIFIC], "the comparison is not of nothing"
    stored = {arn: {one["S"] for one in item["affectedAccountIDs"]["L"]} for arn, item in read["stored"].items()}
    assert stored == ours


def test_it_finds_the_same_entities(read: dict[str, Any], view: OrganizationView) -> None:
    ours = view.entities(SPECIFIC, sorted(view.accounts(SPECIFIC).accounts), most=100)
    theirs = {(e["awsAccountId"], e["entityValue"], e.get("statusCode")) for e in read["entities"][SPECIFIC]}
    assert theirs == {(entity.account, entity.value, entity.status) for entity in ours.entities}
    assert len(theirs) == 2
    names = {e["awsAccountId"]: e["awsAccountName"] for e in read["entities"][SPECIFIC]}
    assert sorted(names.values()) == ["orders", "payments"], "it may ask Organizations for the names"
