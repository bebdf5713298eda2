"""What surrounds the functions fails: schedules, the table, STS and IAM, the resumer's queue."""

from typing import Any

from org_gate.simulator.base import Call
from tests.e2e.support import take_rights
from tests.faults.health import is_held
from tests.faults.playing import gate_seconds, hold, plays
from tests.faults.stage import CENTRAL, GATES, HOME, MINUTE, ORDERS, STANDBY, Line, Stage
from tests.faults.table import Record
from tests.unit.member.faulty import Step

RESUMER = f"org-gate-resumer-{HOME}"


def resumed(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["trigger"] == "resume"]


@plays("notifications-silent")
def notifications_silent(scene: Stage, record: Record) -> None:
    scene.here()
    scene.show()
    assert scene.asks()["verdict"] == "allow", "the poll of this minute has been, and nobody notified"
    scene.pass_minutes(1)
    line = scene.asks()
    assert (scene.now - scene.began).seconds == record.seconds
    scene.pass_minutes(4)
    hold(record, line, scene.rung())


@plays("schedule-silent")
def schedule_silent(scene: Stage, record: Record) -> None:
    rules = scene.client("events")
    rules.disable_rule(Name="org-gate-every-minute")
    try:
        is_held(scene, record)
    finally:
        rules.enable_rule(Name="org-gate-every-minute")


@plays("looks-silent")
def looks_silent(scene: Stage, record: Record) -> None:
    rules = scene.client("events")
    rules.disable_rule(Name="org-gate-look")
    try:
        arn = scene.show()
        line = scene.asks()
        scene.pass_minutes(1)
        scene.close(arn)
        assert resumed(scene.pass_minutes(6)) == []
        hold(record, line, scene.rung())
    finally:
        rules.enable_rule(Name="org-gate-look")
    assert [line["verdict"] for line in resumed(scene.pass_minutes(2))] == ["allow"]


@plays("table-throttled")
def table_throttled(scene: Stage, record: Record) -> None:
    scene.schedules(STANDBY, on=True)
    try:
        scene.fault("dynamodb", "throttle", 6, region=HOME)
        scene.show()
        scene.pass_minutes(1, "orders")
        line = scene.asks()
        scene.pass_minutes(5, "orders")
        hold(record, line, scene.rung())
        assert scene.front.asked[-3:] == [HOME, HOME, STANDBY]
        assert gate_seconds([Step("5xx"), Step("5xx"), Step("block")]) == record.seconds
    finally:
        scene.schedules(STANDBY, on=False)


@plays("table-down-everywhere")
def table_down_everywhere(scene: Stage, record: Record) -> None:
    scene.fault("dynamodb", "down", 6)
    scene.show()
    line = scene.asks()
    scene.pass_minutes(6, "orders")
    hold(record, line, scene.rung())
    assert gate_seconds([Step("5xx")]) == record.seconds


@plays("item-too-large")
def item_too_large(scene: Stage, record: Record) -> None:
    arn = is_held(scene, record, eventTypeCode="AWS_" + "X" * 450_000)
    scene.pass_minutes(1)
    scene.close(arn)
    assert scene.asks("invoices")["knowledge"]["age_seconds"] == 0, "what is over holds up nobody"


@plays("sts-down")
def sts_down(scene: Stage, record: Record) -> None:
    scene.fault("sts", "down", 9, account=CENTRAL)
    arn = scene.show()
    assert scene.asks()["verdict"] == "block"
    scene.pass_minutes(1)
    scene.close(arn)
    assert resumed(scene.pass_minutes(8)) == []
    rung, over = scene.rung(), scene.now
    (line,) = resumed(scene.pass_minutes(3))
    hold(record, line, rung)
    assert line["at"] <= (over + record.seconds // 60 * MINUTE).isoformat()


@plays("credentials-gone")
def credentials_gone(scene: Stage, record: Record) -> None:
    role = f"org-gate-gate-{GATES}"
    take_rights(scene.world, ORDERS, role, "*")
    try:
        before = len(scene.world.aws.unanswered)
        lines = scene.here("invoices")
        lines += scene.pass_minutes(5)
        rung = scene.rung()
        lines += scene.skip_minutes(record.seconds // 60 - 5, 5)
    finally:
        scene.client("iam", ORDERS, GATES).delete_role_policy(RoleName=role, PolicyName="cut")
    assert (record.verdict, record.result, lines) == (None, None, [])
    (unanswered,) = scene.world.aws.unanswered[before:]
    assert unanswered.pipeline == "invoices"
    assert (unanswered.at - scene.began).seconds == record.seconds
    assert rung == record.alarms


class Doubling:
    """Each resumption that the resumer sends comes a second time; counts the retries that are asked for."""

    def __init__(self, scene: Stage) -> None:
        self._scene = scene
        self.retries: list[Any] = []

    def __call__(self, call: Call) -> None:
        if call.operation == "SendMessageBatch":
            queue = self._scene.client("sqs")
            for entry in call.params["Entries"]:
                queue.send_message(QueueUrl=call.params["QueueUrl"], MessageBody=entry["MessageBody"])
        if call.operation == "RetryStageExecution":
            self.retries.append(call.params["pipelineExecutionId"])


@plays("sqs-redelivery")
def redelivery(scene: Stage, record: Record) -> None:
    doubling = Doubling(scene)
    scene.world.aws.door.watchers.append(doubling)
    try:
        line = gone_on(scene)
    finally:
        scene.world.aws.door.watchers.remove(doubling)
    hold(record, line, scene.rung())
    assert doubling.retries == [line["execution_id"]]


@plays("sqs-poison")
def poison(scene: Stage, record: Record) -> None:
    scene.client("sqs").send_message(QueueUrl=scene.queue("org-gate-resume"), MessageBody="{not ours")
    line = gone_on(scene)
    scene.pass_minutes(20)
    hold(record, line, scene.rung())


def gone_on(scene: Stage) -> Line:
    """A deployment is blocked and goes on after the event has ended, in the time that both records say."""
    arn = scene.show()
    blocked = scene.asks()
    scene.pass_minutes(1)
    scene.close(arn)
    end = scene.now
    (line,) = resumed(scene.pass_minutes(4))
    assert (blocked["verdict"], blocked["execution_id"]) == ("block", line["execution_id"])
    assert line["at"] <= (end + 2 * MINUTE).isoformat()
    return line
