import hashlib
import importlib.util
import re
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from org_gate.central import collector
from org_gate.central.settings import api_settings, collector_settings, reporter_settings, resumer_settings
from org_gate.decision.resumption import HANDED_FOR
from org_gate.rollout.files import PACKAGE, cache_folder
from org_gate.rollout.lambda_platform import LambdaPlatform, this_machine
from org_gate.rollout.render import central_template, examples, main, member_template, stale_examples, write_release
from tests.unit.rollout.templates import actions, properties, read, statements

RENDERED = Path(__file__).parents[3] / "stacksets" / "rendered"
ELSEWHERE = LambdaPlatform("3.11", "x86_64")

# What stands behind these is known to the simulator, which refuses a stack with any other.
KNOWN_TYPES = {
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}
# These actions name no resource in IAM.
WITHOUT_RESOURCE = re.compile(r"^(health|organizations|codepipeline|xray):")


def test_the_committed_examples_are_fresh() -> None:
    assert stale_examples(RENDERED) == []


def test_what_is_not_fresh_is_named(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) is None
    assert main(["--check", str(tmp_path)]) is None
    (tmp_path / "member.yaml").write_text("old")
    (tmp_path / "central.yaml").unlink()
    assert main(["--check", str(tmp_path)]) == f"not fresh in {tmp_path}: central.yaml, member.yaml; run `make render`"
    assert "usage" in str(main([]))


def test_a_release_is_all_that_another_tool_deploys(tmp_path: Path) -> None:
    platform = this_machine()
    code = write_release(tmp_path, platform, cache_folder())
    assert {each.name for each in tmp_path.iterdir()} == {"central.yaml", "member.yaml", code.name}
    assert code.name == f"{hashlib.sha256(code.read_bytes()).hexdigest()}.zip"
    assert f"Runtime: python{platform.python}" in (tmp_path / "member.yaml").read_text()
    with zipfile.ZipFile(code) as packed:
        assert "org_gate/central/api.py" in packed.namelist()


def test_cfn_lint_finds_nothing_for_any_platform(tmp_path: Path) -> None:
    for name, template in {"central": central_template(ELSEWHERE), "member": member_template(ELSEWHERE)}.items():
        (tmp_path / f"{name}.yaml").write_text(template)
    files = [*map(str, sorted(tmp_path.iterdir())), *map(str, sorted(RENDERED.iterdir()))]
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([cfn_lint, *files], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_platform_is_all_that_differs() -> None:
    for render in (central_template, member_template):
        assert render(ELSEWHERE).replace("python3.11", "python3.13").replace("[x86_64]", "[arm64]") == render()


@pytest.mark.parametrize("template", examples().values(), ids=examples().keys())
def test_only_resources_that_the_simulator_builds(template: str) -> None:
    assert {resource["Type"] for resource in read(template)["Resources"].values()} <= KNOWN_TYPES


@pytest.mark.parametrize("template", examples().values(), ids=examples().keys())
def test_roles_allow_single_actions_on_single_resources(template: str) -> None:
    for role in properties(template, "AWS::IAM::Role"):
        for statement in statements(template, role):
            assert "*" not in "".join(actions(statement))
            if statement["Resource"] == "*":
                assert all(WITHOUT_RESOURCE.match(action) for action in actions(statement)), statement


@pytest.mark.parametrize("template", examples().values(), ids=examples().keys())
def test_role_names_differ_by_region(template: str) -> None:
    for role in properties(template, "AWS::IAM::Role").values():
        assert role["RoleName"]["Fn::Sub"].endswith("-${AWS::Region}")


def test_central_handlers_are_in_the_package() -> None:
    functions = properties(central_template(), "AWS::Lambda::Function").values()
    handlers = {each["FunctionName"]: each["Handler"] for each in functions}
    assert handlers == {
        "org-gate-api": "org_gate.central.api.handler",
        "org-gate-collector": "org_gate.central.collector.handler",
        "org-gate-reporter": "org_gate.central.reporter.handler",
        "org-gate-resumer": "org_gate.central.resumer.handler",
    }
    for handler in handlers.values():
        assert importlib.util.find_spec(handler.removesuffix(".handler")) is not None


def test_central_functions_find_their_environment() -> None:
    environ = {"ORG_GATE_TABLE": "org-gate", "ORG_GATE_CENTRAL_ACCOUNT": "999988887777"}
    changes = {"ORG_GATE_CHANGES": "arn:aws:sns:eu-west-1:999988887777:org-gate-changes"}
    topic = {"ORG_GATE_TOPIC": "arn:aws:sns:eu-west-1:999988887777:org-gate-notifications"}
    queues = {"ORG_GATE_QUEUE": "https://sqs/q", "ORG_GATE_DEAD_QUEUE": "https://sqs/d"}
    reports = {
        "ORG_GATE_REPORTS": "org-gate-reports-999988887777-eu-west-1",
        "ORG_GATE_REPORT_SINCE": "7d",
        "ORG_GATE_REPORT_OU": "",
        "ORG_GATE_COVERAGE": "",
    }
    functions = properties(central_template(), "AWS::Lambda::Function")
    given = {
        name: {each for each in function["Environment"]["Variables"] if each.startswith("ORG_GATE_")}
        for name, function in functions.items()
    }
    assert given == {
        "Collector": {*environ, *changes},
        "Api": {*environ, *changes, *topic},
        "Reporter": {*environ, *topic, *reports},
        "Resumer": {*environ, *topic, *queues},
    }
    assert collector_settings(environ | changes).changes == api_settings(environ | changes | topic).changes
    assert resumer_settings(environ | topic | queues).table == "org-gate"
    reporter = reporter_settings(environ | topic | reports | {"AWS_REGION": "eu-west-1"})
    assert (reporter.since, reporter.ou) == (timedelta(days=7), None)


def test_who_tells_which_topics_of_its_cell() -> None:
    template = central_template()
    told = {
        role: [each["Resource"] for each in statements(template, role) if "sns:Publish" in actions(each)]
        for role in ("ApiRole", "CollectorRole", "ReporterRole", "ResumerRole")
    }
    changes, people = {"Ref": "Changes"}, {"Ref": "Notifications"}
    assert told == {
        "ApiRole": [people, changes],
        "CollectorRole": [changes],
        "ReporterRole": [people],
        "ResumerRole": [people],
    }


def test_the_queue_of_the_resumer_takes_looks_and_gives_up_what_cannot_be_worked_on() -> None:
    template = central_template()
    policy = properties(template, "AWS::SQS::QueuePolicy")["ResumeQueuePolicy"]["PolicyDocument"]["Statement"]
    asked = {each["Principal"]["Service"]: each["Condition"]["ArnEquals"]["aws:SourceArn"] for each in policy}
    assert asked == {"sns.amazonaws.com": {"Ref": "Changes"}, "events.amazonaws.com": {"Fn::GetAtt": "Look.Arn"}}
    queue = properties(template, "AWS::SQS::Queue")["ResumeQueue"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 3
    timeout = properties(template, "AWS::Lambda::Function")["Resumer"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert timedelta(seconds=timeout) < HANDED_FOR, "a run is over before what it was handed is handed out anew"
    mapping = properties(template, "AWS::Lambda::EventSourceMapping")["ResumerMessages"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_alarm_on_old_knowledge_looks_at_the_metric_that_the_collector_writes() -> None:
    alarm = properties(central_template(), "AWS::CloudWatch::Alarm")["KnowledgeTooOld"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": collector.metrics.service}]
    assert alarm["Namespace"] == collector.metrics.namespace
    assert f'name="{alarm["MetricName"]}"' in (PACKAGE / "central" / "collector.py").read_text()
    assert alarm["TreatMissingData"] == "breaching"


def test_the_table_keeps_what_it_holds() -> None:
    table = read(central_template())["Resources"]["Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_callers_of_the_organization_get_in_by_the_url_alone() -> None:
    everybody = {"FunctionName": {"Ref": "Api"}, "Principal": "*", "PrincipalOrgID": {"Ref": "OrganizationId"}}
    permissions = properties(central_template(), "AWS::Lambda::Permission").values()
    assert [each for each in permissions if each["Principal"] == "*"] == [
        {**everybody, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM"},
        {**everybody, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    ]
    assert properties(central_template(), "AWS::Lambda::Url")["ApiUrl"]["AuthType"] == "AWS_IAM"
    assert all("SourceArn" in each for each in permissions if each["Principal"] != "*")


def _called(*folders: str, pattern: str) -> set[str]:
    """What the sources in these packages match, as the IAM action that botocore's operation stands for."""
    files = [path for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    found = {name for path in files for name in re.findall(pattern, path.read_text())}
    return {"".join(part.capitalize() for part in name.split("_")) for name in found}


def _allowed(role: str, service: str) -> set[str]:
    named = [action.split(":") for statement in statements(central_template(), role) for action in actions(statement)]
    return {action for prefix, action in named if prefix == service}


def test_the_collector_may_do_what_it_does_and_nothing_else() -> None:
    table = _called("store", pattern=r'_call\(\s*"(\w+)"') - {"TransactWriteItems"} | {
        "PutItem",
        "UpdateItem",
        "DeleteItem",
    }
    assert _allowed("CollectorRole", "dynamodb") == table
    view = _called("health", pattern=r'"(describe_\w+_for_organization)"')
    assert _allowed("CollectorRole", "health") == view
    tree = _called("health", "central", pattern=r'"(list_(?:roots|accounts|organiz)\w*)"')
    tags = _called("central", pattern=r"client\.(list_tags\w*)\(")
    assert _allowed("CollectorRole", "organizations") == tree | tags | {"ListAccounts"}


def test_the_api_reads_knowledge_and_writes_decisions_but_deletes_nothing() -> None:
    assert _allowed("ApiRole", "dynamodb") == {"BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"}
    assert _allowed("ApiRole", "health") == _allowed("ApiRole", "organizations") == set()
