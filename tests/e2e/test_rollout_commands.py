"""`org-gate rollout plan` and `apply` as people and pipelines call them: exit codes, questions, interruptions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rollouts import CENTRAL, HOME, ORDERS, PAYMENTS, WAVES, settings, team, written

HERE = ("--build-for", "this-machine")


def test_from_plan_to_apply_and_to_removal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with team(tmp_path) as team_:

        def ran(data: dict[str, Any], *arguments: str) -> tuple[int, str, str]:
            code = team_.command(tmp_path, data, *arguments, *HERE)
            return code, *capsys.readouterr()

        code, out, _ = ran(written(), "plan")
        assert (code, "Gates: 6 to create" in out) == (0, True)
        with pytest.raises(team_.stack_sets.exceptions.StackSetNotFoundException):
            team_.operations()  # nothing was made

        code, _, err = ran(written(), "apply")
        assert (code, "Say --yes" in err) == (2, True)

        code, out, _ = ran(written(), "apply", "--yes")
        assert (code, "Done: everything is as the settings say." in out) == (0, True)
        assert "Calling 6 gates to see whether they answer" in out
        assert "6 done, 0 to go" in out

        code, out, _ = ran(written(), "apply")
        assert (code, "Nothing to do" in out) == (0, True)

        less = written(gates={"regions": ["us-east-1", HOME], "ous": ["Workloads"]})
        code, out, _ = ran(less, "plan", "--format", "json")
        assert (code, json.loads(out)["remove"]["ous_losing_all"]) == (0, ["Platform"])
        code, out, _ = ran(less, "apply", "--yes")
        assert (code, "2 gates that the settings do not name any more are still there" in out) == (0, True)
        code, out, _ = ran(less, "apply", "--yes", "--remove")
        assert (code, "Done: everything" in out) == (0, True)
        assert {account for account, _ in team_.gates()} == {ORDERS, PAYMENTS}


def test_gates_that_do_not_answer_stop_it_before_the_next_wave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The canary's gate lost its rights behind CloudFormation's back; its stack is updated, and it does not answer."""
    with team(tmp_path) as team_:
        team_.apply(settings(waves=WAVES))
        client = team_.world.sessions.client("iam", PAYMENTS, HOME)
        client.delete_role_policy(RoleName="org-gate-gate-eu-west-1", PolicyName="org-gate")
        changed = written(waves=WAVES, tags={"team": "platform"})
        assert team_.command(tmp_path, changed, "apply", "--yes", *HERE) == 1
        told = capsys.readouterr().err
        assert "1 of 2 gates of the wave 'canary' do not answer a test call as they should." in told
        assert f"{PAYMENTS}/eu-west-1" in told
        assert "Not begun: the wave 'everyone else'." in told


def test_an_interruption_says_that_aws_goes_on_and_how_to_continue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with team(tmp_path) as team_:
        with team_.interrupted_after(3):
            assert team_.command(tmp_path, written(), "apply", "--yes", *HERE) == 1
        told = capsys.readouterr().err
        assert "What was begun goes on in AWS. Run `org-gate rollout apply` again" in told
        assert team_.command(tmp_path, written(), "apply", "--yes", *HERE) == 0
        assert len(team_.gates()) == 6


def test_the_management_account_gets_plain_stacks_with_its_own_credentials(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with team(tmp_path) as team_:
        sessions, management = team_.world.sessions, team_.world.organization.management
        own = sessions.session(management, HOME)
        arguments = ("apply", "--management", "--yes")
        assert team_.command(tmp_path, written(), *arguments, aws=lambda: own) == 3
        assert "There is no StackSet org-gate-member" in capsys.readouterr().err
        assert team_.command(tmp_path, written(), "apply", "--yes", *HERE) == 0
        assert team_.command(tmp_path, written(), *arguments) == 3
        assert f"These credentials are of account {CENTRAL}, the management account is" in capsys.readouterr().err
        for state in ("done", "as it is to be already"):
            assert team_.command(tmp_path, written(), *arguments, aws=lambda: own) == 0
            assert f"The stack org-gate-member in {HOME} is {state}" in capsys.readouterr().out
        known = team_.variables(management, "us-east-1")
        assert known["ORG_GATE_URLS"] == team_.variables(ORDERS, HOME)["ORG_GATE_URLS"]
        assert known["ORG_GATE_ACCOUNT"] == management


def test_settings_and_policy_are_looked_at_before_aws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("version: 2")
    with team(tmp_path) as team_:
        for data in (written(policy="bad.yaml"), {**written(), "wave": []}):
            assert team_.command(tmp_path, data, "plan", *HERE) == 2
        assert team_.command(tmp_path, written(gates={"regions": [HOME], "ous": ["Workload"]}), "plan", *HERE) == 3
        assert "There is no OU 'Workload'" in capsys.readouterr().err
