"""Files that people write or are handed: policy, cases, settings, scenario, export.

Each is read, or refused with places. A policy that is read is safe to use: whatever it says, a decision by it comes to
an end, and so does each place that shows it.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from org_gate.decision.engine import decide
from org_gate.inventory.settings import load_settings
from org_gate.model.decision import decision_json
from org_gate.model.event import Account, Knowledge
from org_gate.model.request import Pipeline, Request, Target
from org_gate.policy.cases import load_cases
from org_gate.policy.diff import differences
from org_gate.policy.document import DocumentError
from org_gate.policy.load import load_policy, policy_data, policy_from_data, problems_of
from org_gate.policy.model import Policy
from org_gate.policy.warnings import warnings
from org_gate.report.exported import read_export, recorded_of
from org_gate.simulator.scenario import read_scenario
from tests.security.fuzz import DEEP, TEXTS, VALUES, as_json, broken_text, fuzzed, mangled
from tests.unit.decision.builders import event
from tests.unit.report.records import record

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "111122223333"
POLICY: dict[str, Any] = {
    "version": 1,
    "mode": "enforce",
    "modes": [{"targets": {"ous": ["Workloads/Dev/**"]}, "mode": "shadow"}],
    "defaults": {"verdict": "allow", "on_stale": "local", "on_unknown": "block", "max_age": "10m"},
    "platform_services": ["CODEPIPELINE"],
    "global_services": ["IAM"],
    "depends_on": {"ECS": ["EC2"]},
    "service_aliases": {"ALB": "ELASTICLOADBALANCING"},
    "zones_from_text": True,
    "exempt": [{"pipelines": ["*-failover"], "ous": ["Workloads/**"]}],
    "delegates": [{"account": "999988887777", "may_ask_for": {"ous": ["Workloads/**"]}}],
    "override_grants": [{"targets": {"ous": ["Workloads/**"]}, "max": "1h"}],
    "max_override": "4h",
    "resume": {"enabled": True, "settle": "5m", "within": "24h", "wave_size": 20, "wave_pause": "1m"},
    "rules": [
        {"name": "drills", "match": {"drill": True}, "verdict": "block"},
        {
            "name": "soon",
            "match": {"services": ["EC2"], "starts_within": "2h", "entities": ["i-*"], "type_codes": ["AWS_*"]},
            "targets": {"tags": {"tier": ["1"]}, "pipelines": ["[!a]*"]},
            "verdict": "warn",
        },
    ],
    "freezes": [
        {"name": "peak", "from": "2026-03-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "verdict": "block"},
        {
            "name": "friday",
            "from": "2026-01-02T16:00:00+01:00",
            "rrule": "FREQ=WEEKLY;BYDAY=FR",
            "duration": "8h",
            "timezone": "Europe/Berlin",
        },
    ],
}
SETTINGS: dict[str, Any] = {
    "version": 1,
    "central": {"account": ACCOUNT, "region": "eu-west-1", "standby": ["eu-central-1"], "tracing": True},
    "gates": {"regions": ["eu-west-1"], "ous": ["Workloads"], "without": {"accounts": ["444455556666"]}},
    "waves": [{"name": "first", "ous": ["Sandbox"]}],
    "policy": "policy.yaml",
    "permissions_boundary": "platform/boundary",
    "tags": {"owner": "platform-team"},
}
KNOWN = Knowledge(
    as_of=NOW,
    events=(event(accounts=frozenset({ACCOUNT}), entities={ACCOUNT: ("i-1",)}, text_zones=("use1-az4",)),),
    accounts={ACCOUNT: Account(ACCOUNT, "Workloads/Prod", ("r-1", "ou-1"), {"tier": "1"})},
)
ASKED = Request(ACCOUNT, (Target(ACCOUNT, "us-east-1", ("ECS",)),), Pipeline(name="a" * 60, region="us-east-1"))
RECORD = {**record(NOW, event()), "kind": "decision"}
LINE = {"kind": "event", "arn": "arn:x", "region": "us-east-1", "last_updated": "2026-03-02T12:00:00Z"}


def uses(policy: Policy) -> None:
    """All that is done with a policy once it was read."""
    assert policy_from_data(json.loads(json.dumps(policy_data(policy)))) == policy
    warnings(policy)
    list(differences(policy_data(policy_from_data(POLICY)), policy_data(policy)))
    as_json(decision_json(decide(ASKED, KNOWN, policy, policy_version=1, now=NOW), "d-1")).encode()


@fuzzed(150)
@given(st.one_of(mangled(POLICY), mangled(POLICY, 8)))
def test_a_policy_of_the_api_is_used_or_refused(data: Any) -> None:
    try:
        policy = policy_from_data(data)
    except ValidationError as error:
        as_json(problems_of(error)).encode()
        return
    uses(policy)


def documents(good: dict[str, Any], shipped: str) -> st.SearchStrategy[str | bytes]:
    """YAML: JSON documents with parts spoiled (JSON is YAML), shipped texts with pieces cut out, and rubbish."""
    written = (CONFIG / shipped).read_text(encoding="utf-8")[:3000]
    return st.one_of(mangled(good, 4).map(as_json), broken_text(written), broken_text(as_json(good)), TEXTS)


def is_refused_with_places(error: DocumentError) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert str(problem).startswith("file.yaml:")


@fuzzed(100)
@given(documents(POLICY, "policy.yaml"))
def test_a_policy_file_is_used_or_refused_with_places(text: str | bytes) -> None:
    try:
        policy = load_policy(text, "file.yaml")
    except DocumentError as error:
        is_refused_with_places(error)
        return
    uses(policy)


@fuzzed(60)
@given(documents(SETTINGS, "org-gate.example.yaml"))
def test_settings_are_read_or_refused_with_places(text: str | bytes) -> None:
    try:
        load_settings(text, "file.yaml")
    except DocumentError as error:
        is_refused_with_places(error)


@fuzzed(60)
@given(documents({"cases": []}, "policy.cases.yaml"))
def test_cases_are_read_or_refused_with_places(text: str | bytes) -> None:
    try:
        load_cases(text, "file.yaml")
    except DocumentError as error:
        is_refused_with_places(error)


SCENARIO: dict[str, Any] = {
    "start": "2026-03-02T12:00:00Z",
    "organization": {
        "ous": {"Workloads": {"Prod": {}}},
        "accounts": [
            {"id": ACCOUNT, "name": "orders", "ou": "Workloads/Prod", "tags": {"tier": "1"}},
            {"id": "999988887777", "name": "central", "ou": "Workloads"},
        ],
    },
    "central": {"account": "999988887777", "region": "eu-west-1"},
    "gate_regions": ["us-east-1"],
    "gate_ous": ["Workloads"],
    "policy": POLICY,
    "pipelines": [
        {"name": "orders", "account": ACCOUNT, "region": "us-east-1", "user_parameters": {"on_block": "hold"}},
        {
            "name": "web",
            "account": ACCOUNT,
            "region": "us-east-1",
            "definition": {
                "stages": [
                    {"name": "S", "actions": [{"name": "a", "actionTypeId": {"category": "Source", "owner": "AWS"}}]}
                ]
            },
        },
    ],
    "timeline": [
        {
            "at": "5m",
            "health": {
                "event": {
                    "arn": "arn:aws:health:us-east-1::event/RDS/X/1",
                    "service": "RDS",
                    "eventTypeCode": "X",
                    "eventTypeCategory": "issue",
                    "region": "us-east-1",
                    "startTime": "+4m",
                    "statusCode": "open",
                    "eventScopeCode": "PUBLIC",
                },
                "affectedAccounts": [ACCOUNT],
                "entities": [{"accountId": ACCOUNT, "entityValue": "i-1"}],
            },
        },
        {"at": "6m", "deliver": {"arn": "arn:aws:health:us-east-1::event/RDS/X/1", "region": "us-east-1"}},
        {"at": "7m", "run": "orders"},
        {"at": "8m", "fault": {"service": "health", "kind": "throttle", "for": "3m"}},
        {"at": "9m", "override": {"accounts": [ACCOUNT], "events": ["all"], "reason": "x", "for": "1h"}},
    ],
}


def test_a_scenario_is_read_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"

    @fuzzed(60)
    @given(documents(SCENARIO, "scenarios/default.yaml"))
    def play(text: str | bytes) -> None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        try:
            read_scenario(file, CONFIG / "policy.yaml")
        except DocumentError:
            return

    play()


@fuzzed(150)
@given(
    st.lists(
        st.one_of(
            mangled(RECORD, 4).map(as_json),
            mangled(LINE, 4).map(as_json),
            broken_text(as_json(RECORD)),
            VALUES.map(as_json),
            TEXTS,
        ),
        max_size=3,
    )
)
def test_an_export_is_read_or_refused_with_places(lines: list[str | bytes]) -> None:
    sent = [line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass") for line in lines]
    try:
        read_export(sent, "file.yaml")
    except DocumentError as error:
        is_refused_with_places(error)


@fuzzed(100)
@given(mangled(RECORD, 4))
def test_a_recorded_decision_is_read_or_refused(kept: Any) -> None:
    try:
        recorded_of(kept)
    except ValidationError:
        return


READERS: dict[str, Callable[[str], object]] = {
    "policy": lambda text: load_policy(text, "file.yaml"),
    "settings": lambda text: load_settings(text, "file.yaml"),
    "cases": lambda text: load_cases(text, "file.yaml"),
    "export": lambda text: read_export([text.encode()], "file.yaml"),
}


@pytest.mark.parametrize("text", DEEP, ids=["lists", "objects"])
@pytest.mark.parametrize("what", READERS)
def test_what_is_nested_without_end_is_refused(what: str, text: str) -> None:
    with pytest.raises(DocumentError):
        READERS[what](text)
