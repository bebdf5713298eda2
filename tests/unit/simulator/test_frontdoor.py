import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ParamValidationError
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from moto.core.utils import get_service_model

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.faults import Fault
from tests.unit.simulator.doors import CENTRAL, ORDERS, REGION, START, VERSION, Doors, opened


class Health:
    """A stand-in that answers one operation and remembers what it was asked."""

    operations = frozenset({"DescribeEvents"})

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def handle(self, call: Call) -> dict[str, Any]:
        self.calls.append(call)
        if call.params.get("locale") == "xx":
            raise AwsError("InvalidPaginationToken", "That token is not ours.")
        if call.params.get("locale") == "zz":
            raise RuntimeError("a bug of ours")
        return {"events": [{"arn": "arn:aws:health:eu-west-1::event/RDS/X/1", "startTime": START}], "nextToken": None}


class StackSets:
    """A stand-in for a service of the query protocol."""

    operations = frozenset({"DescribeStackSet"})

    def handle(self, call: Call) -> dict[str, Any]:
        if call.params["StackSetName"] != "gates":
            raise AwsError("StackSetNotFoundException", "StackSet <other> not found")
        return {"StackSet": {"StackSetName": "gates", "Parameters": [{"ParameterKey": "k", "ParameterValue": "<v>"}]}}


@pytest.fixture(name="health", scope="module")
def _health() -> Health:
    return Health()


@pytest.fixture(name="doors", scope="module")
def _doors(health: Health) -> Iterator[Doors]:
    with opened() as doors:
        doors.door.register("health", health)
        doors.door.register("cloudformation", StackSets())
        yield doors


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_dynamodb_and_s3_work_in_each_account_by_itself(doors: Doors) -> None:
    for account in (ORDERS, CENTRAL):
        dynamodb = doors.client("dynamodb", account)
        dynamodb.create_table(
            TableName="things",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.put_item(TableName="things", Item={"id": {"S": account}})
        assert dynamodb.scan(TableName="things")["Items"] == [{"id": {"S": account}}]
        assert doors.client("dynamodb", account, "us-east-1").list_tables()["TableNames"] == []
    s3 = doors.client("s3", ORDERS)
    s3.create_bucket(Bucket="somewhere", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="somewhere", Key="reports/ä b+c.html", Body=b"<p>", Metadata={"under_score": "kept"})
    got = s3.get_object(Bucket="somewhere", Key="reports/ä b+c.html")
    assert (got["Body"].read(), got["Metadata"]) == (b"<p>", {"under_score": "kept"})
    assert s3.head_object(Bucket="somewhere", Key="reports/ä b+c.html")["ContentLength"] == len(b"<p>")


def test_queues_live_in_simulated_time_and_never_wait(doors: Doors) -> None:
    sqs = doors.client("sqs", ORDERS)
    url = sqs.create_queue(QueueName="waiting", Attributes={"ReceiveMessageWaitTimeSeconds": "20"})["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    sqs.send_message(QueueUrl=url, MessageBody="now")
    message = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["SentTimestamp"])["Messages"][0]
    assert message["Attributes"]["SentTimestamp"] == str(int(doors.clock.now().timestamp() * 1000))


def test_another_accounts_queue_needs_its_policy_and_then_is_that_accounts(doors: Doors) -> None:
    owner = doors.client("sqs", CENTRAL)
    url = owner.create_queue(QueueName="shared")["QueueUrl"]
    doors.client("sqs", ORDERS).create_queue(QueueName="shared")
    with pytest.raises(ClientError) as refused:
        doors.client("sqs", ORDERS).send_message(QueueUrl=url, MessageBody="hello")
    assert code(refused) == "AccessDeniedException"
    statement = {"Effect": "Allow", "Principal": {"AWS": ORDERS}, "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": VERSION, "Statement": [statement]})
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    doors.client("sqs", ORDERS).send_message(QueueUrl=url, MessageBody="hello")
    assert owner.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_errors_of_a_query_service_are_xml(doors: Doors) -> None:
    with pytest.raises(ClientError) as missing:
        doors.client("cloudformation", ORDERS).describe_stacks(StackName="nope")
    assert code(missing) == "ValidationError"
    assert missing.value.response["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/xml"


def test_an_unknown_region_is_a_clear_error(doors: Doors) -> None:
    with pytest.raises(ClientError, match="no Region that the SDK knows"):
        doors.client("dynamodb", ORDERS, "eu-nowhere-1").list_tables()
    assert not doors.door.failures


def test_what_moto_cannot_do_is_one_answer_and_is_kept(doors: Doors) -> None:
    with pytest.raises(ClientError) as failed:
        doors.client("appconfig", ORDERS, retries={"total_max_attempts": 2}).list_applications()
    assert code(failed) == "NotSimulated"
    assert failed.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    with pytest.raises(ClientError, match="there is no health in it"):
        doors.client("health", ORDERS).describe_event_types()
    kept, doors.door.failures[:] = list(doors.door.failures), []
    assert ["appconfig:ListApplications" in kept[0], "health:DescribeEventTypes" in kept[1]] == [True, True]


def test_a_watcher_hears_of_each_call_of_aws_before_it_is_judged(doors: Doors) -> None:
    heard: list[Call] = []
    doors.door.watchers.append(heard.append)
    doors.client("health", ORDERS, "us-east-1").describe_events()
    with pytest.raises(ClientError):
        doors.client("sqs", ORDERS).get_queue_url(QueueName="nope")
    doors.door.watchers.clear()
    doors.client("dynamodb", ORDERS).list_tables()
    told = [(call.service, call.operation, call.region, call.caller.account) for call in heard]
    assert told == [
        ("health", "DescribeEvents", "us-east-1", ORDERS),
        ("sqs", "GetQueueUrl", REGION, ORDERS),
    ]


def test_an_own_service_gets_the_call_and_its_output_is_shaped(doors: Doors, health: Health) -> None:
    client = doors.client("health", ORDERS, "us-east-1")
    since = datetime(2026, 3, 1, tzinfo=UTC)
    answer = client.describe_events(filter={"startTimes": [{"from": since}], "regions": ["eu-west-1"]})
    assert answer["events"][0]["startTime"] == START
    assert "nextToken" not in answer
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert answer["ResponseMetadata"]["RequestId"]
    call = health.calls[-1]
    assert (call.service, call.operation, call.region, call.caller.account) == (
        "health",
        "DescribeEvents",
        "us-east-1",
        ORDERS,
    )
    assert call.params["filter"] == {"startTimes": [{"from": since}], "regions": ["eu-west-1"]}


def test_an_own_services_error_is_the_typed_exception(doors: Doors) -> None:
    client = doors.client("health", ORDERS, "us-east-1")
    with pytest.raises(client.exceptions.InvalidPaginationToken, match="not ours"):
        client.describe_events(locale="xx")


def test_an_own_service_of_the_query_protocol_answers_in_xml(doors: Doors) -> None:
    client = doors.client("cloudformation", ORDERS)
    found = client.describe_stack_set(StackSetName="gates")
    assert found["StackSet"]["Parameters"] == [{"ParameterKey": "k", "ParameterValue": "<v>"}]
    assert found["ResponseMetadata"]["RequestId"]
    with pytest.raises(client.exceptions.StackSetNotFoundException, match="<other>") as missing:
        client.describe_stack_set(StackSetName="other")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    wrong = doors.client("cloudformation", ORDERS, parameter_validation=False)
    with pytest.raises(ClientError, match=r"\(ValidationError\).*enum value set: \[SELF, DELEGATED_ADMIN\]"):
        wrong.describe_stack_set(StackSetName="gates", CallAs="NOBODY")


def test_a_bug_of_ours_is_one_answer_and_is_kept(doors: Doors) -> None:
    client = doors.client("health", ORDERS, "us-east-1", retries={"total_max_attempts": 2})
    with pytest.raises(ClientError, match=r"SimulatorFailure.*a bug of ours") as failed:
        client.describe_events(locale="zz")
    assert failed.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    kept, doors.door.failures[:] = list(doors.door.failures), []
    assert "Traceback" in kept[0]


def test_an_own_services_parameters_are_validated_by_the_model(doors: Doors) -> None:
    client = doors.client("health", ORDERS, "us-east-1", parameter_validation=False)
    with pytest.raises(ClientError, match=r"2 validation errors.*enum value set.*less than or equal to 100") as refused:
        client.describe_events(maxResults=101, filter={"eventStatusCodes": ["ajar"]})
    assert code(refused) == "ValidationException"
    with pytest.raises(ClientError, match=r"filter\.regions"):
        client.describe_events(filter={"regions": []})
    with pytest.raises(ParamValidationError):
        doors.client("health", ORDERS, "us-east-1").describe_events(filter={"regions": []})


def test_a_smithy_cbor_client_is_served_too(doors: Doors, health: Health) -> None:
    model = get_service_model("health").operation_model("DescribeEvents")
    serializer: Any = RpcV2CBORSerializer()
    made = serializer.serialize_to_request({"maxResults": 10, "filter": {"startTimes": [{"from": START}]}}, model)
    request = AWSRequest("POST", f"{doors.endpoint}{made['url_path']}", dict(made["headers"]), bytes(made["body"]))
    SigV4Auth(Credentials(*doors.org.access_keys[ORDERS]), "health", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(doors.endpoint).netloc)
    connection.request("POST", made["url_path"], made["body"], dict(request.headers.items()))
    response = connection.getresponse()
    parser: Any = RpcV2CBORParser()
    read = {"headers": dict(response.headers.items()), "body": response.read(), "status_code": response.status}
    connection.close()
    parsed = parser.parse(read, model.output_shape)
    assert parsed["events"][0]["startTime"] == START
    assert health.calls[-1].params == {"maxResults": 10, "filter": {"startTimes": [{"from": START}]}}


@pytest.mark.parametrize(
    ("target", "body", "expected"),
    [
        ("AWSHealth_20160804.DescribeEvents", "{", "SerializationException"),
        ("AWSHealth_20160804.DescribeEvents", "[]", "SerializationException"),
        ("AWSHealth_20160804.DescribeEvents", '{"maxResults": "many"}', "SerializationException"),
        ("AWSHealth_20160804.DescribeEvents", '{"maxResults": 101}', "ValidationException"),
        ("AWSHealth_20160804.DescribeEvents", '{"filter": 1}', "SerializationException"),
        ("AWSHealth_20160804.Destroy", "{}", "UnknownOperationException"),
    ],
)
def test_a_broken_request_is_the_clients_error(doors: Doors, target: str, body: str, expected: str) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    request = AWSRequest("POST", f"{doors.endpoint}/", headers, body)
    SigV4Auth(Credentials(*doors.org.access_keys[ORDERS]), "health", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(doors.endpoint).netloc)
    connection.request("POST", "/", body, dict(request.headers.items()))
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert (response.status, answer["__type"]) == (400, expected)
    assert not doors.door.failures


def test_motos_own_pages_are_closed(doors: Doors) -> None:
    connection = http.client.HTTPConnection(urlsplit(doors.endpoint).netloc)
    connection.request("POST", "/moto-api/reset")
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 404
    assert doors.client("sts", ORDERS).get_caller_identity()["Account"] == ORDERS


@pytest.mark.contract("S4")
@pytest.mark.parametrize(
    ("service", "operation", "kind", "expected"),
    [
        ("health", "describe_events", "down", "ServiceUnavailable"),
        ("health", "describe_events", "throttle", "ThrottlingException"),
        ("health", "describe_events", "denied", "AccessDeniedException"),
        ("dynamodb", "list_tables", "throttle", "ProvisionedThroughputExceededException"),
        ("sts", "get_caller_identity", "throttle", "Throttling"),
        ("sts", "get_caller_identity", "denied", "AccessDenied"),
        ("sns", "list_topics", "down", "ServiceUnavailable"),
        ("sqs", "list_queues", "throttle", "RequestThrottled"),
    ],
)
def test_a_fault_answers_in_the_services_protocol(
    doors: Doors, service: str, operation: str, kind: str, expected: str
) -> None:
    now = doors.clock.now()
    doors.faults.add(Fault(service, kind, now, now.replace(second=now.second + 1), account=ORDERS))
    with pytest.raises(ClientError) as struck:
        getattr(doors.client(service, ORDERS, "us-east-1"), operation)()
    assert code(struck) == expected
    getattr(doors.client(service, CENTRAL, "us-east-1"), operation)()
    doors.clock.advance_to(now.replace(second=now.second + 1))
    getattr(doors.client(service, ORDERS, "us-east-1"), operation)()
