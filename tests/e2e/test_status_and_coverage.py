"""`rollout status`, `coverage` and the gates' test call, in an organization with org-gate in it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.credentials import Credentials

from org_gate import __version__
from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.client.api import DecisionApi
from org_gate.rollout.test_call import by_cause, check_gates
from org_gate.simulator.play import play
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, SANDBOX, Quiet, scenario, world

REGIONS = ["us-east-1", "eu-west-1"]
PLACES = [(account, region) for account in (CENTRAL, ORDERS, PAYMENTS) for region in REGIONS]


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def definition(*stages: dict[str, Any]) -> dict[str, Any]:
    source = {"name": "Source", "actions": [action("Source", "Source", "S3")]}
    store = {"artifactStore": {"type": "S3", "location": "artifacts"}, "pipelineType": "V2"}
    return {**store, "roleArn": f"arn:aws:iam::{PAYMENTS}:role/pipeline", "stages": [source, *stages]}


GATE = {"name": "Gate", "actions": [action("Ask", "Invoke", "Lambda", configuration={"FunctionName": "org-gate"})]}
DEPLOY = {"name": "Deploy", "actions": [action("Stack", "Deploy", "CloudFormation")]}
RULE = {
    "name": "Ask",
    "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "LambdaInvoke", "version": "1"},
    "configuration": {"FunctionName": "org-gate"},
}
ENTRY = {**DEPLOY, "beforeEntry": {"conditions": [{"result": "FAIL", "rules": [RULE]}]}}


@pytest.fixture(name="opened", scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """AWS Health was read; PAYMENTS has a pipeline of each kind, and ORDERS one in a Region without a gate."""
    pipelines = [
        {"name": "orders", "account": ORDERS, "region": "us-east-1"},
        {"name": "far", "account": ORDERS, "region": "eu-north-1"},
        {"name": "rule", "account": PAYMENTS, "region": "eu-west-1", "definition": definition(ENTRY)},
        {"name": "none", "account": PAYMENTS, "region": "eu-west-1", "definition": definition(DEPLOY)},
        {"name": "late", "account": PAYMENTS, "region": "us-east-1", "definition": definition(DEPLOY, GATE)},
        {"name": "sand", "account": SANDBOX, "region": "us-east-1"},
    ]
    data = scenario({"at": "1m", "run": "orders"}, pipelines=pipelines, tail="0m")
    with world(tmp_path_factory.mktemp("covered"), data) as playing:
        play(playing, Quiet())
        yield playing


def config(folder: Path, **gates: Any) -> str:
    file = folder / "org-gate.yaml"
    wanted = {"regions": REGIONS, "ous": ["Workloads", "Platform"], **gates}
    file.write_text(yaml.safe_dump({"central": {"account": CENTRAL, "region": "eu-west-1"}, "gates": wanted}))
    return str(file)


def does(opened: World, *arguments: str) -> int:
    """As the platform team does it."""

    def connect(urls: Sequence[str]) -> DecisionApi:
        return DecisionApi(urls, Credentials(*opened.organization.access_keys[CENTRAL]))

    session = opened.sessions.session(CENTRAL, "eu-west-1")
    code: object
    try:
        code = run(arguments, Surroundings(connect=connect, aws=lambda: session, sleep=lambda _: None))
    except SystemExit as end:
        code = end.code
    assert isinstance(code, int)
    return code


def checked(opened: World, places: Sequence[tuple[str, str]] = PLACES) -> list[tuple[str, list[tuple[str, str]]]]:
    """What is wrong with the gates, by cause."""
    session = opened.sessions.session(CENTRAL, "eu-west-1")
    results = check_gates(session, places, region="eu-west-1", version=__version__)
    assert [(each.account, each.region) for each in results] == sorted(places)
    return [(cause, [(each.account, each.region) for each in those]) for cause, those in by_cause(results)]


def test_all_gates_answer_a_test_call_and_no_pipeline_is_touched(opened: World) -> None:
    before = len(opened.aws.recorder.lines)
    assert checked(opened) == []
    session = opened.sessions.session(CENTRAL, "eu-west-1")
    (one,) = check_gates(session, [(ORDERS, "us-east-1")], region="eu-west-1")
    assert (one.version, one.mode, one.on_unknown) == (__version__, "enforce", "block")
    (home,) = one.central
    assert (home.name, home.answers, home.version, home.policy_version) == (
        "central in eu-west-1",
        True,
        __version__,
        1,
    )
    assert (home.age_seconds, home.stale) == (0, False), "it was read at the very minute that the clock is at"
    assert len(opened.aws.recorder.lines) == before


def test_an_account_without_a_gate_does_not_let_anybody_in(opened: World) -> None:
    ((cause, places),) = checked(opened, [(SANDBOX, "us-east-1"), (ORDERS, "us-east-1")])
    assert cause.startswith("its role org-gate-read-REGION does not let you in (AccessDenied)")
    assert places == [(SANDBOX, "us-east-1")]


def test_status_says_that_all_is_well(opened: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = does(opened, "rollout", "status", "--config", config(tmp_path))
    told = capsys.readouterr()
    assert (code, told.err) == (0, ""), told.out
    assert "6 of 6 gates up to date; no gate needs attention, no central stack needs attention." in told.out
    assert "it answers; its knowledge is 0 s old; policy version 1, mode enforce; 0 deployments waiting" in told.out


def test_status_tells_what_is_missing_and_what_is_not_wanted(
    opened: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = config(tmp_path, ous=["Workloads", "Sandbox"], regions=["us-east-1"])
    assert does(opened, "rollout", "status", "--config", file, "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    standings = {(each["account"], each["region"]): each["standing"] for each in told["gates"]}
    assert standings == {
        (ORDERS, "us-east-1"): "current",
        (PAYMENTS, "us-east-1"): "current",
        (SANDBOX, "us-east-1"): "missing",
        (ORDERS, "eu-west-1"): "out of scope",
        (PAYMENTS, "eu-west-1"): "out of scope",
        (CENTRAL, "us-east-1"): "out of scope",
        (CENTRAL, "eu-west-1"): "out of scope",
    }
    assert {each["version"] for each in told["gates"] if each["standing"] == "current"} == {__version__}


def test_coverage_tells_every_gap(opened: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert does(opened, "coverage", "--config", config(tmp_path), "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["regions"]) > 20
    accounts = {each["account"]: each for each in told["accounts"]}
    assert [(one["region"], one["name"], one["standing"]) for one in accounts[PAYMENTS]["pipelines"]] == [
        ("eu-west-1", "none", "without a gate"),
        ("eu-west-1", "rule", "gated"),
        ("us-east-1", "late", "late"),
    ]
    late = accounts[PAYMENTS]["pipelines"][2]
    assert late["reason"] == "the gate comes after a deployment: action Stack in stage Deploy"
    assert accounts[ORDERS]["without_gate"] == ["eu-north-1"]
    assert (accounts[ORDERS]["gates"], accounts[ORDERS]["unread"]) == (["eu-west-1", "us-east-1"], [])
    assert "left out by the settings" in accounts[SANDBOX]["left_out"]
    assert "management account" in accounts["100000000001"]["left_out"]
    shares = {each["ou"]: (each["gated"], each["pipelines"], each["percent"]) for each in told["ous"]}
    assert shares == {"Platform": (0, 0, None), "Workloads/Dev": (1, 3, 33), "Workloads/Prod": (2, 2, 100)}


def test_an_account_without_a_way_in_is_not_covered(
    opened: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("coverage", "--config", config(tmp_path, ous=[""]), "--region", "us-east-1")
    assert does(opened, *arguments) == 1
    told = capsys.readouterr().out
    assert f"Accounts without any gate (1)\n  {SANDBOX} sandbox (Sandbox)\n" in told
    assert "Could not be read, and count as not covered (1)" in told
    assert "1 of 2 pipelines with a gate before they deploy (50 %); 3 of 4 accounts with a gate." in told
    assert does(opened, *arguments, "--format", "csv") == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"gated,{ORDERS},orders,Workloads/Prod,us-east-1,orders,Gate," in lines
    assert any(line.startswith(f"not read,{SANDBOX},sandbox,Sandbox,,,,") for line in lines)


def test_with_credentials_of_another_account_nothing_is_found_out(
    opened: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = opened.sessions.session(ORDERS, "eu-west-1")
    for command in (("rollout", "status"), ("coverage",)):
        with pytest.raises(SystemExit) as end:
            run([*command, "--config", config(tmp_path)], Surroundings(aws=lambda: session))
        assert end.value.code == 3
        assert "Could not read" in capsys.readouterr().err
