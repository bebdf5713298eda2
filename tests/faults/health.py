"""AWS Health fails the collector, in all the ways it can; and, in some, the gates as well."""

from typing import Any

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.health.organization import NO_SUPPORT_PLAN
from tests.faults.playing import hold, plays
from tests.faults.stage import CENTRAL, MINUTE, Answer, Stage
from tests.faults.table import Record


def is_held(scene: Stage, record: Record, **event: Any) -> str:
    """An event opens as the fault begins: it is not seen before knowledge is stale, and then it is. Its ARN."""
    arn = scene.show(**event)
    scene.pass_minutes(record.seconds // 60 - 1)
    before = scene.asks()
    assert before["verdict"] == "allow", before["message"]
    scene.pass_minutes(1)
    line = scene.asks()
    hold(record, line, scene.rung())
    assert line["knowledge"]["stale"]
    return arn


@plays("health-throttled")
def throttled(scene: Stage, record: Record) -> None:
    scene.fault("health", "throttle", 11, account=CENTRAL)
    is_held(scene, record)


@plays("health-5xx")
def unreachable(scene: Stage, record: Record) -> None:
    scene.fault("health", "down", 11)
    is_held(scene, record)


@plays("health-slow")
def slow(scene: Stage, record: Record) -> None:
    """Each poll has less time left than a question may take, so it stops before it asks."""
    functions = scene.client("lambda")
    functions.update_function_configuration(FunctionName="org-gate-collector", Timeout=19)
    try:
        is_held(scene, record)
    finally:
        functions.update_function_configuration(FunctionName="org-gate-collector", Timeout=50)


def forgets_its_tokens(call: Call, answer: Answer) -> dict[str, Any]:
    if call.operation != "DescribeEventsForOrganization":
        return answer(call)
    if "nextToken" in call.params:
        raise AwsError("InvalidPaginationToken", "The token is not valid.")
    return {**answer(call), "nextToken": "forgotten"}


def tells_no_details(call: Call, answer: Answer) -> dict[str, Any]:
    told = answer(call)
    if call.operation != "DescribeEventDetailsForOrganization":
        return told
    lost = [each["event"]["arn"] for each in told["successfulSet"]]
    failed = [{"eventArn": arn, "errorName": "InternalFailure", "errorMessage": "later"} for arn in lost]
    return {"successfulSet": [], "failedSet": failed}


@plays("health-wrong-page-tokens", "health-partial-failures")
def polls_that_are_never_complete(scene: Stage, record: Record) -> None:
    scene.health.twist = tells_no_details if record.id == "health-partial-failures" else forgets_its_tokens
    scene.show()
    first = scene.asks()
    scene.pass_minutes(10)
    scene.show()
    line = scene.asks()
    for each in (first, line):
        hold(record, each, scene.rung())
    assert not first["knowledge"]["stale"]
    assert line["knowledge"]["stale"]
    assert {each["rule"] for each in line["reasons"]} == {"open-issues"}, "central blocks by what it read since"
    scene.world.clock.advance_to(scene.now + 180 * MINUTE)
    scene.show()
    assert "open-issues" in {each["rule"] for each in scene.asks()["reasons"]}, "after hours, too"


@plays("health-view-off")
def view_off(scene: Stage, record: Record) -> None:
    management = scene.client("health", scene.world.organization.management, "us-east-1")
    management.disable_health_service_access_for_organization()
    try:
        is_held(scene, record)
    finally:
        management.enable_health_service_access_for_organization()


def has_no_plan(_call: Call, _answer: Answer) -> dict[str, Any]:
    raise AwsError(*NO_SUPPORT_PLAN)


@plays("health-plan-gone")
def plan_gone(scene: Stage, record: Record) -> None:
    scene.health.twist = has_no_plan
    is_held(scene, record)


@plays("health-endpoint-moved")
def endpoint_moved(scene: Stage, record: Record) -> None:
    scene.fault("health", "down", 8, region="us-east-1")
    scene.show()
    line = scene.asks()
    scene.pass_minutes(8)
    hold(record, line, scene.rung())
    assert line["knowledge"]["age_seconds"] == 0
