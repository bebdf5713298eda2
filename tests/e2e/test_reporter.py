"""The scheduled report, the whole way: the rendered rule, the zip in its process, the bucket, the signed link."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from moto.sns.models import sns_backends

from org_gate.report.as_json import as_json
from org_gate.report.model import Report
from org_gate.simulator.play import play
from org_gate.simulator.report import made_report
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, Quiet, issue, scenario, world

HOME = "eu-west-1"
BUCKET = f"org-gate-reports-{CENTRAL}-{HOME}"
LATEST = "reports/organization/latest/report"


@pytest.fixture(name="opened", scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = scenario(
        issue("2m"),
        {"at": "3m", "run": "orders"},
        {"at": "4m", "run": "payments"},
        {"at": "15m", "run": "payments"},
        start="2026-03-02T05:50:00Z",
    )
    with world(tmp_path_factory.mktemp("reporter"), data, runtime="process") as opened:
        play(opened, Quiet())
        yield opened


def body(opened: World, key: str) -> bytes:
    s3 = opened.sessions.client("s3", CENTRAL, HOME)
    return bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def mails() -> list[str]:
    (topic,) = [each for each in sns_backends[CENTRAL][HOME].topics.values() if each.name == "org-gate-notifications"]
    return [json.loads(message)["default"] for _, message, *_ in topic.sent_notifications]


def link() -> str:
    (mail,) = scheduled()
    return mail.splitlines()[-1]


def scheduled() -> list[str]:
    """What told of the report that was made on time."""
    return [mail for mail in mails() if "/060000Z/report.html?" in mail]


def read(url: str) -> bytes:
    """Without credentials, as whoever got the mail."""
    with urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def test_on_time_there_is_a_report_and_it_is_the_one_that_a_person_would_make(opened: World) -> None:
    made = Report.model_validate_json(body(opened, f"{LATEST}.json"))
    assert made.decisions.total.decisions == 2, "the third was asked for after its time"
    assert made.decisions.total.blocked == 1
    by_hand = made_report(opened, since=made.meta.scope.since, until=made.meta.scope.until)
    same = by_hand.model_copy(update={"now": made.now, "events": made.events, "exceptions": made.exceptions})
    assert as_json(same) == as_json(made)


def test_it_knows_names_and_coverage(opened: World) -> None:
    report = json.loads(body(opened, f"{LATEST}.json"))
    assert {row["id"]: row["name"] for row in report["decisions"]["accounts"]["rows"]}["111122223333"] == "orders"
    assert report["coverage"]["gates"] == 6
    assert report["coverage"]["total"]["gated"] == report["coverage"]["total"]["pipelines"] == 2


def test_whoever_has_the_link_reads_that_page_and_nothing_else(opened: World) -> None:
    page = read(link())
    assert page == body(opened, "reports/organization/2026/03/02/060000Z/report.html")
    assert page.startswith(b"<!doctype html>")
    for other in (
        link().replace("report.html", "report.json"),
        link().replace("/060000Z/", "/latest/"),
        link().partition("?")[0],
        link()[:-1] + ("0" if link()[-1] != "0" else "1"),
    ):
        with pytest.raises(HTTPError) as refused:
            read(other)
        refused.value.close()
        assert refused.value.code == 403


def test_the_mail_says_what_matters(opened: World) -> None:
    del opened
    (mail,) = scheduled()
    assert "Open now: 1 event." in mail
    assert "The one that hits most: RDS in us-east-1" in mail
    assert "2 decisions, 1 blocked" in mail
    assert f"s3://{BUCKET}/reports/organization/2026/03/02/060000Z/" in mail


def test_the_bucket_is_closed_versioned_and_forgets_in_time(opened: World) -> None:
    s3: Any = opened.sessions.client("s3", CENTRAL, HOME)
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    rules = {each["ID"]: each for each in s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]}
    assert rules["reports"]["Expiration"]["Days"] == 400
    assert rules["reports"]["Filter"] == {"Prefix": "reports/"}
    assert rules["versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_person_makes_one_at_any_time(opened: World) -> None:
    order = {"time": "2026-03-02T06:07:00Z", "since": "1h", "ou": "Workloads/Prod"}
    client = opened.sessions.client("lambda", CENTRAL, HOME)
    answer = client.invoke(FunctionName="org-gate-reporter", Payload=json.dumps(order).encode())
    told = json.loads(answer["Payload"].read())
    assert told["report"] == f"s3://{BUCKET}/reports/ou/Workloads/Prod/2026/03/02/060700Z/"
    report = json.loads(body(opened, "reports/ou/Workloads/Prod/latest/report.json"))
    assert report["meta"]["accounts"] == 1
    assert report["decisions"]["total"]["decisions"] == 1
