"""What a platform team relies on in the templates: options, limits, partitions, dashboard and alarms."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from org_gate.central import collector, resuming_telemetry, telemetry
from org_gate.central.metrics import NAMESPACE, count
from org_gate.rollout.files import PACKAGE
from org_gate.rollout.render import MAX_TEMPLATE_BYTES, central_template, examples, member_template
from tests.unit.rollout.templates import actions, properties, read, statements

TEMPLATES = pytest.mark.parametrize("template", examples().values(), ids=examples().keys())
OPTIONAL = {
    "central": {
        "AlarmTopicArn",
        "ApiReservedConcurrency",
        "CollectorReservedConcurrency",
        "CoverageSettings",
        "KmsKeyArn",
        "LogRetentionDays",
        "MaxAttempts",
        "PermissionsBoundary",
        "ReportOu",
        "ReportSchedule",
        "ReportSince",
        "Tracing",
    },
    "member": {"ExemptPipelines", "LogRetentionDays", "PermissionsBoundary", "PlatformServices"},
}


@pytest.mark.parametrize("name", ["central", "member"])
def test_options_have_defaults_and_say_what_they_do(name: str) -> None:
    parameters = read(examples()[f"{name}.yaml"])["Parameters"]
    assert {key for key, slot in parameters.items() if "Default" in slot} == OPTIONAL[name]
    assert all(slot.get("Description") for key, slot in parameters.items() if key != "LogRetentionDays")
    assert parameters["LogRetentionDays"]["AllowedValues"] == [1, 7, 14, 30, 60, 90, 180, 365, 731]
    for slot in parameters.values():
        if "Default" in slot and "AllowedPattern" in slot:
            assert re.fullmatch(slot["AllowedPattern"], slot["Default"])


def test_both_templates_fit_into_a_request() -> None:
    assert all(len(template.encode()) < MAX_TEMPLATE_BYTES for template in examples().values())


@TEMPLATES
def test_no_partition_is_written(template: str) -> None:
    code = template.partition("ZipFile: |")[0]
    partitions = set(re.findall(r"\barn:(\$\{.*?\}|.*?):", code))
    assert partitions - {"[a-z-]+"} == {"${AWS::Partition}"}, "besides patterns of parameters"
    assert "amazonaws.com.cn" not in code


@TEMPLATES
def test_a_resource_asks_the_mapping_that_has_the_supported_partition_alone(template: str) -> None:
    data = read(template)
    (name,) = data["Mappings"]
    assert name == "OrgGateSupportsThePartitionAwsOnly"
    assert set(data["Mappings"][name]) == {"aws"}
    asked = [look for look in _found(data["Resources"], "Fn::FindInMap") if look[0] == name]
    assert [look[1] for look in asked] == [{"Ref": "AWS::Partition"}]
    assert asked[0][2] in data["Mappings"][name]["aws"]


def _found(node: Any, function: str) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == function)
        for value in node.values():
            yield from _found(value, function)
    elif isinstance(node, list):
        for value in node:
            yield from _found(value, function)


@TEMPLATES
def test_every_role_can_be_bounded_by_a_policy_of_its_own_account(template: str) -> None:
    boundary = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${PermissionsBoundary}"
    for role in properties(template, "AWS::IAM::Role").values():
        condition, given, otherwise = role["PermissionsBoundary"]["Fn::If"]
        assert (given, otherwise) == ({"Fn::Sub": boundary}, {"Ref": "AWS::NoValue"})
        assert read(template)["Conditions"][condition] == {
            "Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundary"}, ""]}]
        }


KEYED = {"dynamodb", "s3", "sns", "sqs"}
"""Services that encrypt with it what a function keeps there."""


def test_a_function_may_use_the_key_for_the_services_it_calls_and_no_other() -> None:
    asked = {
        role: statement
        for role in ("ApiRole", "CollectorRole", "ReporterRole", "ResumerRole")
        for statement in statements(central_template(), role)
        if statement["Sid"] == "UseTheKey"
    }
    assert {tuple(actions(each)) for each in asked.values()} == {("kms:Decrypt", "kms:GenerateDataKey")}
    assert {each["Resource"]["Ref"] for each in asked.values()} == {"KmsKeyArn"}
    for role, statement in asked.items():
        others = [each for each in statements(central_template(), role) if each["Sid"] != "UseTheKey"]
        called = {action.split(":")[0] for each in others for action in actions(each)} & KEYED
        via = [each["Fn::Sub"] for each in statement["Condition"]["StringEquals"]["kms:ViaService"]]
        assert via == [f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}" for service in sorted(called)]


def test_what_can_have_a_key_has_it() -> None:
    template = central_template()
    asked = {
        logical_id
        for kind in ("DynamoDB::Table", "S3::Bucket", "SNS::Topic", "SQS::Queue", "Logs::LogGroup")
        for logical_id, each in properties(template, f"AWS::{kind}").items()
        if any(choice[1] == {"Ref": "KmsKeyArn"} for choice in _found(each, "Fn::If"))
    }
    assert asked == {
        *("Table", "Reports", "Changes", "Notifications", "ResumeQueue", "ResumeDeadQueue"),
        *("ApiLogs", "CollectorLogs", "ReporterLogs", "ResumerLogs"),
    }


def test_the_read_role_is_for_the_central_account_of_the_organization_and_changes_nothing() -> None:
    role = properties(member_template(), "AWS::IAM::Role")["ReadRole"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${CentralAccount}:root"}}
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:PrincipalAccount": {"Ref": "CentralAccount"},
            "aws:PrincipalOrgID": {"Ref": "OrganizationId"},
        }
    }
    assert [action for statement in statements(member_template(), "ReadRole") for action in actions(statement)] == [
        "codepipeline:ListPipelines",
        "codepipeline:GetPipeline",
        "lambda:GetFunctionConfiguration",
        "lambda:InvokeFunction",
    ]


def dashboard() -> dict[str, Any]:
    text = properties(central_template(), "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    board = json.loads(text)
    assert isinstance(board, dict)
    return board


def graphed() -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric on the dashboard."""
    rows = [row for widget in dashboard()["widgets"] for row in widget["properties"].get("metrics", [])]
    plain = [[each for each in row if isinstance(each, str)] for row in rows]
    return [(row[0], row[1], dict(zip(row[2::2], row[3::2], strict=True))) for row in plain]


def test_the_dashboard_shows_every_alarm() -> None:
    template = central_template()
    (shown,) = [each["properties"]["alarms"] for each in dashboard()["widgets"] if each["type"] == "alarm"]
    assert shown == [f"${{{name}.Arn}}" for name in _in_order(shown, properties(template, "AWS::CloudWatch::Alarm"))]
    assert properties(template, "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardName"] == {
        "Fn::Sub": "org-gate-${AWS::Region}"
    }, "a dashboard's name is one of the account, not of the Region"


def _in_order(shown: list[str], alarms: dict[str, Any]) -> list[str]:
    assert len(shown) == len(alarms)
    return sorted(alarms, key=lambda name: shown.index(f"${{{name}.Arn}}"))


def test_widgets_do_not_lie_on_each_other() -> None:
    widgets = dashboard()["widgets"]
    cells = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_dashboard_shows_metrics_that_are_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {(name, tuple(sorted(dimensions.items()))) for space, name, dimensions in graphed() if space == NAMESPACE}
    written = {*_of_the_api(capsys, monkeypatch), *_of_the_resumer(), *_of_the_collector()}
    assert ours
    assert ours <= written


Metric = tuple[str, tuple[tuple[str, str], ...]]


def _of_the_api(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Metric]:
    """As its log has them, with the service that its environment names."""
    variables = properties(central_template(), "AWS::Lambda::Function")["Api"]["Environment"]["Variables"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", variables["POWERTOOLS_SERVICE_NAME"])
    for verdict in ("allow", "warn", "block"):
        count("Decisions", verdict=verdict)
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line)
        ((names,), (metric,)) = (told["_aws"]["CloudWatchMetrics"][0][key] for key in ("Dimensions", "Metrics"))
        yield metric["Name"], tuple(sorted((name, told[name]) for name in names))
    assert 'count("Decisions", verdict=' in (PACKAGE / "central" / "telemetry.py").read_text()
    assert telemetry.logger.service == variables["POWERTOOLS_SERVICE_NAME"]


def _of_the_resumer() -> Iterator[Metric]:
    names = {*resuming_telemetry._METRICS.values(), resuming_telemetry.WAITING}
    yield from ((name, (("service", resuming_telemetry.SERVICE),)) for name in names)


def _of_the_collector() -> Iterator[Metric]:
    summary = {"poll": "complete", "changed": 0, "unreadable": 0, "error": None, "failed": 0, "tree": "refreshed"}
    names = {*collector._counts(summary), "KnowledgeAgeSeconds"}
    yield from ((name, (("service", collector.metrics.service),)) for name in names)


def test_the_dashboard_and_the_alarms_look_at_metrics_of_aws_by_the_same_names() -> None:
    of_aws = {(space, name) for space, name, _ in graphed() if space != NAMESPACE}
    assert of_aws == {
        *(("AWS/Lambda", name) for name in ("Errors", "Throttles", "UrlRequestCount", "UrlRequestLatency")),
        *(("AWS/Lambda", name) for name in ("Url4xxCount", "Url5xxCount")),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    }
    alarms = properties(central_template(), "AWS::CloudWatch::Alarm").values()
    assert {(each["Namespace"], each["MetricName"]) for each in alarms} - of_aws == {
        *((NAMESPACE, name) for name in ("KnowledgeAgeSeconds", "ResumeFailed", resuming_telemetry.WAITING)),
    }


def test_the_alarm_on_latency_looks_at_the_slowest_of_a_hundred() -> None:
    alarm = properties(central_template(), "AWS::CloudWatch::Alarm")["ApiSlow"]
    assert (alarm["MetricName"], alarm["ExtendedStatistic"], alarm["Threshold"]) == ("UrlRequestLatency", "p99", 3000)
    assert "Statistic" not in alarm


@pytest.mark.parametrize("name", ["central", "member"])
def test_the_page_on_templates_tells_of_every_parameter(name: str) -> None:
    page = (PACKAGE.parent / "docs" / "templates.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", page))
    assert set(read(examples()[f"{name}.yaml"])["Parameters"]) <= told
