"""Tags of accounts, zones that only a text names, and affected entities decide: from AWS's answers to the verdict."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, SANDBOX, issue, organization, played, scenario, verdicts

POLICY: dict[str, Any] = {
    "version": 1,
    "zones_from_text": True,
    "rules": [
        {"name": "databases", "match": {"scopes": ["ACCOUNT_SPECIFIC"], "entities": ["db-*"]}, "verdict": "block"},
        {
            "name": "first-tier",
            "match": {"scopes": ["PUBLIC"]},
            "targets": {"tags": {"tier": ["1"]}},
            "verdict": "warn",
        },
    ],
}
SPECIFIC = ISSUE.replace("_T1", "_T2")


def _tagged() -> dict[str, Any]:
    told = organization()
    tiers = {ORDERS: "1", PAYMENTS: "2", SANDBOX: "2", CENTRAL: "2"}
    accounts = [{**account, "tags": {"tier": tiers[account["id"]]}} for account in told["accounts"]]
    return {**told, "accounts": accounts}


def _pipeline(name: str, account: str, *zones: str) -> dict[str, Any]:
    target = {"account": account, "region": "us-east-1", "availability_zones": list(zones)}
    return {"name": name, "account": account, "region": "us-east-1", "user_parameters": {"targets": [target]}}


PIPELINES = [
    _pipeline("orders", ORDERS),
    _pipeline("orders-az4", ORDERS, "use1-az4"),
    _pipeline("orders-az6", ORDERS, "use1-az6"),
    _pipeline("payments", PAYMENTS),
]


def _run(at: str) -> list[dict[str, Any]]:
    return [{"at": at, "run": pipeline["name"]} for pipeline in PIPELINES]


@pytest.mark.contract("D5")
@pytest.mark.contract("D7")
def test_tags_zones_of_texts_and_entities_decide(tmp_path: Path) -> None:
    outage = issue("1m")
    outage["health"]["description"] = "Elevated error rates in a single Availability Zone (USE1-AZ4)."
    affected = issue("10m", SPECIFIC, accounts=[ORDERS, PAYMENTS])
    affected["health"]["entities"] = [
        {"accountId": ORDERS, "entityValue": "i-1", "statusCode": "IMPAIRED"},
        {"accountId": PAYMENTS, "entityValue": "db-1", "statusCode": "IMPAIRED"},
    ]
    data = scenario(
        outage,
        *_run("3m"),
        affected,
        *_run("12m"),
        organization=_tagged(),
        pipelines=PIPELINES,
        policy=POLICY,
    )
    lines, quiet = played(tmp_path, data)
    assert quiet.refusals == []
    assert [verdict for _name, _trigger, verdict in verdicts(lines)[:4]] == ["warn", "warn", "allow", "allow"]
    assert [verdict for _name, _trigger, verdict in verdicts(lines)[4:8]] == ["warn", "warn", "allow", "block"]


@pytest.mark.contract("D7")
def test_a_policy_that_begins_to_ask_for_tags_has_them_with_the_next_poll(tmp_path: Path) -> None:
    data = scenario(
        issue("1m"),
        {"at": "3m", "run": "payments"},
        {"at": "270s", "policy": POLICY},
        {"at": "270s", "run": "payments"},
        {"at": "5m", "run": "payments"},
        organization=_tagged(),
        pipelines=PIPELINES[-1:],
        policy={"version": 1, "rules": []},
    )
    lines, _quiet = played(tmp_path, data)
    assert [verdict for _name, _trigger, verdict in verdicts(lines)] == ["allow", "warn", "allow"], (
        "as long as they are not known, both ways are followed"
    )
