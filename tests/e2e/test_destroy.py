"""Taking org-gate out of an organization again, by the command line: refused while it is called, and then complete."""

from pathlib import Path

import pytest

from org_gate.simulator.scenario.definition import declaration
from tests.e2e.rollouts import CENTRAL, HOME, ORDERS, PAYMENTS, POLICY, Team, settings, team, written
from tests.e2e.support import organization


def gated_pipeline(opened: Team, account: str, region: str) -> None:
    pipeline = declaration("orders", account, region, None, None)
    opened.world.sessions.client("codepipeline", account, region).create_pipeline(pipeline=pipeline)


BUCKET = f"org-gate-reports-{CENTRAL}-{HOME}"


def remains(opened: Team, account: str, region: str) -> list[str]:
    """Names of org-gate's functions, roles, logs, tables, buckets and stacks in an account and Region."""

    def ask(service: str) -> object:
        return opened.world.sessions.client(service, account, region)

    functions = [each["FunctionName"] for each in ask("lambda").list_functions()["Functions"]]  # type: ignore[attr-defined]
    roles = [each["RoleName"] for each in ask("iam").list_roles()["Roles"]]  # type: ignore[attr-defined]
    logs = [each["logGroupName"] for each in ask("logs").describe_log_groups()["logGroups"]]  # type: ignore[attr-defined]
    tables = ask("dynamodb").list_tables()["TableNames"]  # type: ignore[attr-defined]
    buckets = [each["Name"] for each in ask("s3").list_buckets()["Buckets"]]  # type: ignore[attr-defined]
    stacks = [each["StackName"] for each in ask("cloudformation").describe_stacks()["Stacks"]]  # type: ignore[attr-defined]
    return sorted(name for name in (*functions, *roles, *logs, *tables, *buckets, *stacks) if "org-gate" in name)


def test_it_refuses_while_a_pipeline_calls_the_gate_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with team(tmp_path) as opened:
        opened.apply(settings())
        gated_pipeline(opened, ORDERS, "us-east-1")
        assert opened.command(tmp_path, written(), "destroy", "--yes") == 1
        told = capsys.readouterr()
        assert f"  {ORDERS} us-east-1 orders, stage Gate" in told.out
        assert "Nothing was removed." in told.err
        assert len(opened.gates()) == 6
        assert opened.command(tmp_path, written(), "destroy", "--yes", "--even-if-called") == 0
        told = capsys.readouterr()
        assert "Removed 6 gates and the StackSet org-gate-member" in told.out
        assert f"Left: the table org-gate in {HOME}" in told.out
        assert remains(opened, ORDERS, "us-east-1") == remains(opened, PAYMENTS, HOME) == []
        assert f"Left: the bucket org-gate-reports-{CENTRAL}-{HOME} in {HOME}" in told.out
        assert remains(opened, CENTRAL, HOME) == ["org-gate", f"org-gate-reports-{CENTRAL}-{HOME}"]
        assert opened.command(tmp_path, written(), "destroy", "--yes", "--data") == 0
        assert "Nothing of org-gate is left" in capsys.readouterr().out
        assert remains(opened, CENTRAL, HOME) == []
        assert opened.command(tmp_path, written(), "destroy") == 0
        assert "There is nothing of org-gate" in capsys.readouterr().out


def test_it_asks_before_it_removes_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with team(tmp_path) as opened:
        opened.apply(settings())
        assert opened.command(tmp_path, written(), "destroy") == 2
        assert "no terminal to ask at" in capsys.readouterr().err
        assert len(opened.gates()) == 6


def test_the_stacks_of_a_suspended_account_are_let_go_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accounts = organization()
    accounts["accounts"][1]["status"] = "SUSPENDED"
    with team(tmp_path, organization=accounts) as opened:
        opened.apply(settings())
        assert opened.command(tmp_path, written(), "destroy", "--yes", "--data") == 0
        assert "Nothing of org-gate is left" in capsys.readouterr().out


def test_a_standby_goes_too_and_an_interrupted_removal_goes_on(tmp_path: Path) -> None:
    both = written(central={"account": CENTRAL, "region": HOME, "standby": ["us-west-2"]})
    with team(tmp_path) as opened:
        assert opened.command(tmp_path, both, "apply", "--yes", "--build-for", "this-machine") == 0
        assert remains(opened, CENTRAL, "us-west-2")
        for changes in (1, 2, 3, 5, 7):
            with opened.interrupted_after(changes):
                assert opened.command(tmp_path, both, "destroy", "--yes", "--data") in {0, 1}
        assert opened.command(tmp_path, both, "destroy", "--yes", "--data") == 0
        assert [remains(opened, CENTRAL, region) for region in (HOME, "us-west-2")] == [[], []]


def test_what_was_kept_is_gone_on_with(tmp_path: Path) -> None:
    with team(tmp_path) as opened:
        opened.apply(settings())
        opened.publish({**POLICY, "mode": "warn"})
        s3 = opened.world.sessions.client("s3", CENTRAL, HOME)
        s3.put_object(Bucket=BUCKET, Key="reports/of-before", Body=b"kept")
        assert opened.command(tmp_path, written(), "destroy", "--yes") == 0
        assert opened.apply(settings()).is_done
        assert len(opened.gates()) == 6
        assert s3.get_object(Bucket=BUCKET, Key="reports/of-before")["Body"].read() == b"kept"
        table = opened.world.sessions.client("dynamodb", CENTRAL, HOME)
        versions = table.query(
            TableName="org-gate",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "POLICY"}},
        )["Items"]
        assert len(versions) == 2, "the policy of before holds, and none was published anew"
        assert opened.gates()[ORDERS, HOME] == "warn"
        assert opened.command(tmp_path, written(), "destroy", "--yes", "--data") == 0
        assert remains(opened, CENTRAL, HOME) == []
