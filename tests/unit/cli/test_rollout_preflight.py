"""`rollout preflight` on the command line: exit codes, JSON and nothing else, words with commands to copy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from tests.unit.rollout.fake_aws import CENTRAL, HEALTH, FakeSession, ready, refused

if TYPE_CHECKING:
    import boto3

SETTINGS = f'{{central: {{account: "{CENTRAL}", region: eu-west-1}}, gates: {{regions: [eu-west-1]}}}}'
NO_HEALTH: dict[str, Any] = {"organizations.list_delegated_services_for_account": {"DelegatedServices": []}}

Look = Callable[..., tuple[int, str, str]]


@pytest.fixture
def look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Look:
    def call(*arguments: str, answers: dict[str, Any] | None = None, settings: str = SETTINGS) -> tuple[int, str, str]:
        file = tmp_path / "org-gate.yaml"
        file.write_text(settings)
        session = FakeSession({**ready(), **(answers or {})})
        surroundings = Surroundings(aws=lambda: cast("boto3.Session", session), health_regions=lambda: ("us-east-1",))
        code: object
        try:
            code = run(["rollout", "preflight", "--config", str(file), *arguments], surroundings)
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    return call


@pytest.mark.contract("C1")
def test_nothing_to_mend(look: Look) -> None:
    code, out, err = look()
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith(f"Looked with credentials of the central account {CENTRAL}: arn:")
    assert out.splitlines()[-1] == "0 that stop, 0 warnings, 1 note. Nothing to mend. Next: org-gate rollout plan"


@pytest.mark.contract("C1")
def test_findings_come_with_what_mends_them(look: Look) -> None:
    code, out, _ = look(answers=NO_HEALTH)
    assert code == 1
    lines = out.splitlines()
    command = f"aws organizations register-delegated-administrator --account-id {CENTRAL} --service-principal {HEALTH}"
    assert f"       {command}" in lines
    assert f"1. stops  Account {CENTRAL} is no delegated administrator for AWS Health." in lines
    assert "The rollout cannot begin" in lines[-1]


@pytest.mark.contract("C1")
def test_json_is_json_and_nothing_else(look: Look) -> None:
    code, out, err = look("--format", "json", answers=NO_HEALTH)
    assert (code, err) == (1, "")
    data = json.loads(out)
    assert data["account"] == CENTRAL
    first = data["findings"][0]
    assert set(first) == {"code", "severity", "found", "means", "mend", "who", "commands"}
    assert (first["code"], first["severity"], first["who"]) == (
        "health-delegated-administrator",
        "stops",
        "management account",
    )


@pytest.mark.contract("C1")
def test_without_credentials_nothing_is_found_out(look: Look) -> None:
    code, out, err = look("--format", "json", answers={"sts.get_caller_identity": refused("ExpiredToken")})
    assert code == 3
    assert "ExpiredToken" in json.loads(out)["error"]
    assert "ExpiredToken" in err


@pytest.mark.contract("C1")
def test_settings_that_are_not_valid(look: Look) -> None:
    code, _, err = look(settings=SETTINGS.replace("eu-west-1]", "nowhere]"))
    assert code == 2
    assert "gates.regions[0]: found 'nowhere'" in err


def test_an_empty_file_leads_to_init(look: Look) -> None:
    code, _, err = look(settings="")
    assert code == 2
    assert "this file is empty. `org-gate rollout init` asks and writes it." in err


def test_what_strangers_wrote_does_not_command_the_terminal(look: Look) -> None:
    message = "\x1b[2J you are not\n##[error] allowed"
    _, out, _ = look(answers={"organizations.list_policies": refused("AccessDeniedException", message)})
    assert "\x1b" not in out
    assert "##[" not in out
