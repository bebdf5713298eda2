"""A rollout over an organization from nothing: waves, upgrades, what changes meanwhile, what fails, what is removed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from org_gate.inventory.errors import InstanceResult, StackError, StoppedError
from org_gate.inventory.installed import Place
from org_gate.rollout.plan_model import Action, Does
from tests.e2e.rollouts import CENTRAL, HOME, ORDERS, PAYMENTS, POLICY, SANDBOX, WAVES, Team, settings, team

BOTH = ("eu-west-1", "us-east-1")
SILENT = InstanceResult(PAYMENTS, HOME, "SILENT", "it does not answer")


def places(*accounts: str) -> tuple[Place, ...]:
    return tuple((account, region) for account in sorted(accounts) for region in BOTH)


def retention(team: Team, account: str) -> int:
    client = team.world.sessions.client("logs", account, HOME)
    groups = client.describe_log_groups(logGroupNamePrefix="/aws/lambda/org-gate")["logGroups"]
    return next(int(group["retentionInDays"]) for group in groups if group["logGroupName"] == "/aws/lambda/org-gate")


def test_from_nothing_wave_by_wave_and_run_again_it_changes_nothing(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        left = team_.apply(settings(waves=WAVES))
        assert left.is_done
        assert team_.gates() == {
            **dict.fromkeys(places(ORDERS, CENTRAL), "enforce"),
            **dict.fromkeys(places(PAYMENTS), "shadow"),
        }
        assert [wave[:2] for wave in team_.checked] == [places(PAYMENTS), places(ORDERS)]
        assert (team_.progress[-1].to_go, team_.progress[-1].failed) == (0, 0)
        before = team_.operations()
        assert team_.apply(settings(waves=WAVES)).is_done
        assert team_.operations() == before
        assert team_.stack_sets.list_change_sets(StackName="org-gate-central")["Summaries"] == []
        assert len(team_.checked) == 2


def test_a_new_version_goes_no_further_than_gates_that_do_not_answer(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        team_.apply(settings(waves=WAVES))
        team_.check = lambda gates: [SILENT] if (PAYMENTS, HOME) in gates else []
        wanted = settings(waves=WAVES, log_retention_days=30)
        for _ in range(2):  # nor does it when it is simply run again
            with pytest.raises(StoppedError) as stopped:
                team_.apply(wanted)
            assert [retention(team_, each) for each in (PAYMENTS, ORDERS, CENTRAL)] == [30, 90, 90]
        assert str(stopped.value).splitlines() == [
            "1 of 2 gates of the wave 'canary' do not answer a test call as they should.",
            f"  it does not answer: {PAYMENTS}/{HOME}",
            "Not begun: the wave 'everyone else'. Mend the reasons and run again: what is done stays done.",
        ]
        team_.check = lambda _: []
        assert team_.apply(wanted).is_done
        assert [retention(team_, each) for each in (PAYMENTS, ORDERS, CENTRAL)] == [30, 30, 30]
        assert team_.gates()[PAYMENTS, HOME] == "shadow"


def test_only_the_accounts_that_a_policy_says_something_new_of_are_written(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        team_.apply(settings())
        before = len(team_.operations())
        team_.publish({**POLICY, "modes": []})
        assert team_.apply(settings()).is_done
        assert team_.operations()[before:] == [("UPDATE", "SUCCEEDED", 2)]
        assert set(team_.gates().values()) == {"enforce"}
        known = team_.variables(PAYMENTS, HOME)
        assert (known["ORG_GATE_ON_UNKNOWN"], known["ORG_GATE_EXEMPT_PIPELINES"]) == ("block", '{"*":["*-failover"]}')
        assert team_.variables(CENTRAL, HOME)["ORG_GATE_EXEMPT_PIPELINES"] == "{}"


def test_an_account_that_joins_or_moves_out_meanwhile_is_no_error(tmp_path: Path) -> None:
    with team(tmp_path) as team_:

        def meanwhile(gates: Sequence[Place]) -> list[InstanceResult]:
            if gates == places(PAYMENTS):
                team_.move(SANDBOX, "Workloads/Prod")
                team_.move(ORDERS, "Sandbox")
            return []

        team_.check = meanwhile
        assert team_.apply(settings(waves=WAVES)).is_done
        assert {account for account, _ in team_.gates()} == {PAYMENTS, SANDBOX, CENTRAL}
        assert team_.apply(settings(waves=WAVES)).is_done


def test_who_joins_later_gets_a_gate_by_itself_and_its_settings_by_the_next_run(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        team_.apply(settings(waves=WAVES))
        team_.move(SANDBOX, "Workloads/Dev")
        assert team_.gates()[SANDBOX, HOME] == "enforce"
        before = len(team_.operations())
        assert team_.apply(settings(waves=WAVES)).is_done
        assert team_.operations()[before:] == [("UPDATE", "SUCCEEDED", 2)]
        assert team_.gates()[SANDBOX, HOME] == "shadow"


def test_what_fails_in_an_account_is_told_by_reason_while_others_go_on(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        iam = team_.world.sessions.client("iam", ORDERS, "us-east-1")
        iam.create_role(RoleName="org-gate-gate-us-east-1", AssumeRolePolicyDocument="{}")
        with pytest.raises(StoppedError) as stopped:
            team_.apply(settings(gates={"regions": ["us-east-1", HOME], "ous": [""]}))
        assert stopped.value.failures[0].account == ORDERS
        assert "org-gate-gate-us-east-1" in str(stopped.value).splitlines()[1]
        assert len(team_.operations()) > 0
        iam.delete_role(RoleName="org-gate-gate-us-east-1")
        assert team_.apply(settings(gates={"regions": ["us-east-1", HOME], "ous": [""]})).is_done
        assert len(team_.gates()) == 8


def test_gates_are_removed_only_when_somebody_agrees(tmp_path: Path) -> None:
    less = settings(gates={"regions": [HOME], "ous": ["Workloads"]})
    with team(tmp_path) as team_:
        team_.apply(settings())
        left = team_.apply(less)
        assert not left.is_done
        assert not left.changes_gates
        assert left.losing == ("Platform",)
        assert any("OUs that lose all their gates: Platform" in warning for warning in left.warnings)
        assert len(team_.gates()) == 6
        assert team_.apply(less, removals=True).is_done
        assert set(team_.gates()) == {(ORDERS, HOME), (PAYMENTS, HOME)}


def test_a_region_more_and_an_ou_more_get_their_gates(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        team_.apply(settings(gates={"regions": [HOME], "ous": ["Workloads"]}))
        wanted = settings(waves=WAVES)
        plan = team_.rollout(wanted).look()
        assert [wave.places(Does.CREATE) for wave in plan.waves] == [
            ((PAYMENTS, "us-east-1"),),
            ((ORDERS, "us-east-1"), *places(CENTRAL)),
        ]
        assert team_.apply(wanted).is_done
        assert len(team_.gates()) == 6
        team_.move(SANDBOX, "Platform")
        assert (SANDBOX, "us-east-1") in team_.gates()


@pytest.mark.parametrize("pace", [None, 1])
def test_interrupted_after_any_change_it_goes_on_when_run_again(tmp_path: Path, pace: int | None) -> None:
    """Each run comes a change of CloudFormation's further than the one before; what it began goes on in AWS."""
    wanted = settings(waves=WAVES)
    with team(tmp_path, pace=pace) as team_:
        interruptions = 0
        for changes in (1, 2, 3, *[1] * 20):  # to begin the cell anew takes three
            try:
                with team_.interrupted_after(changes):
                    left = team_.apply(wanted)
                break
            except KeyboardInterrupt:
                interruptions += 1
        assert interruptions == 3 + len(["set", "canary", "others", "settings of one", "settings of another"])
        assert left.is_done
        assert team_.gates() == {
            **dict.fromkeys(places(ORDERS, CENTRAL), "enforce"),
            **dict.fromkeys(places(PAYMENTS), "shadow"),
        }
        before = team_.operations()
        assert team_.apply(wanted).is_done
        assert team_.operations() == before


def test_a_stack_that_never_came_up_is_made_anew(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        iam = team_.world.sessions.client("iam", CENTRAL, HOME)
        iam.create_role(RoleName="org-gate-api-eu-west-1", AssumeRolePolicyDocument="{}")
        with pytest.raises(StackError, match=r"ROLLBACK_COMPLETE\. It never came up, and the next run makes it anew"):
            team_.apply(settings())
        iam.delete_role(RoleName="org-gate-api-eu-west-1")
        plan = team_.rollout(settings()).look()
        assert plan.cells[0].action is Action.CREATE
        assert team_.apply(settings()).is_done


def test_a_standby_is_a_cell_of_its_own_with_the_same_policy_and_gates_ask_both(tmp_path: Path) -> None:
    home, away = (f"arn:aws:sns:{region}:{CENTRAL}:alarms" for region in (HOME, "us-west-2"))
    central = {"account": CENTRAL, "region": HOME, "alarm_topic": home}
    both = settings(central={**central, "standby": ["us-west-2"], "standby_alarm_topics": [away]})
    with team(tmp_path) as team_:
        team_.apply(settings(central=central))
        plan = team_.rollout(both).look()
        assert plan.policy.publish_to == ("us-west-2",)
        assert team_.apply(both).is_done
        first, second = team_.variables(ORDERS, HOME)["ORG_GATE_URLS"].split(",")
        assert (HOME in first, "us-west-2" in second) == (True, True)
        assert (heard_by(team_, HOME), heard_by(team_, "us-west-2")) == ({home}, {away})


def heard_by(team: Team, region: str) -> set[str]:
    """Whom the alarms of a cell tell when they ring, and when they are over: all of them alike."""
    alarms = team.world.sessions.client("cloudwatch", CENTRAL, region).describe_alarms()["MetricAlarms"]
    assert len(alarms) >= 10
    assert {len(alarm[kind]) for alarm in alarms for kind in ("AlarmActions", "OKActions")} <= {1}
    return {topic for alarm in alarms for kind in ("AlarmActions", "OKActions") for topic in alarm[kind]}


def test_the_scope_may_leave_something_out(tmp_path: Path) -> None:
    wanted = settings(gates={"regions": [HOME], "ous": [""], "without": {"ous": ["Sandbox"], "accounts": [PAYMENTS]}})
    with team(tmp_path) as team_:
        assert team_.apply(wanted).is_done
        assert set(team_.gates()) == {(ORDERS, HOME), (CENTRAL, HOME)}
        assert team_.apply(wanted).is_done


def test_a_set_that_no_longer_deploys_by_itself_is_put_right(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        team_.apply(settings())
        described = team_.stack_sets.describe_stack_set(StackSetName="org-gate-member", CallAs="DELEGATED_ADMIN")
        parameters = [each["ParameterKey"] for each in described["StackSet"]["Parameters"]]
        team_.stack_sets.update_stack_set(
            StackSetName="org-gate-member",
            CallAs="DELEGATED_ADMIN",
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in parameters],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            AutoDeployment={"Enabled": False},
        )
        plan = team_.rollout(settings()).look()
        assert any("does not deploy to accounts that join by itself" in warning for warning in plan.warnings)
        assert team_.apply(settings()).is_done
        team_.move(SANDBOX, "Platform")
        assert (SANDBOX, HOME) in team_.gates()


def test_forty_accounts_in_nested_ous_while_some_fail_join_and_move(tmp_path: Path) -> None:
    """Suspended accounts get nothing; the one that fails is told of, and done by the next run."""
    ids = [f"2000000000{number:02}" for number in range(40)]
    homes = ("Workloads/Prod/Core", "Workloads/Prod", "Workloads/Dev", "Platform", "Sandbox")
    accounts = [
        {"id": CENTRAL, "name": "platform", "ou": "Platform"},
        *({"id": each, "name": f"a{each[-2:]}", "ou": homes[number % 5]} for number, each in enumerate(ids)),
    ]
    accounts[3]["status"] = "SUSPENDED"
    tree: dict[str, Any] = {"Workloads": {"Prod": {"Core": {}}, "Dev": {}}, "Platform": {}, "Sandbox": {}}
    wanted = settings(
        gates={"regions": ["us-east-1", HOME], "ous": ["Workloads", "Platform"]},
        waves=[{"name": "dev", "ous": ["Workloads/Dev"]}, {"name": "prod", "ous": ["Workloads/Prod"]}],
    )
    failing, joining, moving = ids[0], ids[4], ids[5]
    with team(tmp_path, organization={"ous": tree, "accounts": accounts}, pace=7) as team_:
        iam = team_.world.sessions.client("iam", failing, "us-east-1")
        iam.create_role(RoleName="org-gate-gate-us-east-1", AssumeRolePolicyDocument="{}")

        def meanwhile(_: Sequence[Place]) -> list[InstanceResult]:
            if len(team_.checked) == 1:
                team_.move(joining, "Workloads/Prod/Core")
                team_.move(moving, "Sandbox")
            return []

        team_.check = meanwhile
        with pytest.raises(StoppedError) as stopped:
            team_.apply(wanted)
        assert {each.account for each in stopped.value.failures} == {failing}
        assert "Not begun: the wave 'everyone else'" in str(stopped.value)
        iam.delete_role(RoleName="org-gate-gate-us-east-1")
        assert team_.apply(wanted).is_done
        stays_out = {*ids[4::5], accounts[3]["id"], moving} - {joining}
        assert {account for account, _ in team_.gates()} == {CENTRAL, *ids} - stays_out
        before = team_.operations()
        assert team_.apply(wanted).is_done
        assert team_.operations() == before


def test_a_look_for_drift_does_not_make_it_forget_what_it_wrote(tmp_path: Path) -> None:
    with team(tmp_path) as team_:
        team_.apply(settings())
        for _ in range(2):
            team_.stack_sets.detect_stack_set_drift(StackSetName="org-gate-member", CallAs="DELEGATED_ADMIN")
        plan = team_.rollout(settings()).look()
        assert plan.is_done
        assert len(plan.waves[0].keep) == 6
