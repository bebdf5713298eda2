"""The reporter on recorded weeks: what lies in the bucket, what people are told, and what it leaves out in time."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from org_gate.central.budget import ENDLESS, Budget
from org_gate.central.news_forms import publication
from org_gate.central.reporter import Reporter
from org_gate.central.reporting_shelf import S3, Shelf, folder
from org_gate.central.settings import ReporterSettings
from org_gate.inventory.known import Known
from org_gate.model.times import format_time
from org_gate.report import archive
from org_gate.report.build_tree import UnknownOuError
from org_gate.store import StoreError
from tests.unit.central.support import CENTRAL, Topic
from tests.unit.report.worlds import DAY, END, World

BUCKET = f"org-gate-reports-{CENTRAL}-eu-west-1"
FORMS = ["report.csv.zip", "report.html", "report.json", "report.md"]
AT = END + timedelta(hours=6)
ORGANIZATION = "reports/organization/"
DATED = f"{ORGANIZATION}2026/03/09/060000Z/"


@dataclass
class Office:
    """A reporter, its bucket and its audience, over one recorded week."""

    s3: Any
    world: World = field(default_factory=lambda: World(7))
    people: Topic = field(default_factory=Topic)
    known: Known = field(default_factory=Known)

    def reporter(self, **changed: str) -> Reporter:
        settings = ReporterSettings.model_validate(
            {
                "ORG_GATE_TABLE": "org-gate",
                "ORG_GATE_CENTRAL_ACCOUNT": CENTRAL,
                "ORG_GATE_TOPIC": "arn",
                "ORG_GATE_REPORTS": BUCKET,
                "ORG_GATE_REPORT_SINCE": "7d",
                "ORG_GATE_REPORT_OU": "",
                "AWS_REGION": "eu-west-1",
                **changed,
            }
        )
        shelf = Shelf(self.s3, BUCKET, settings.central_account)
        return Reporter(self.world.store, shelf, self.people, lambda _: self.known, settings)

    def makes(self, at: Any = AT, budget: Budget = ENDLESS, **asked: str) -> dict[str, Any]:
        event = {"source": "aws.events", "time": format_time(at), **asked}
        return self.reporter().handle(event, budget)

    def names(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def body(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@pytest.fixture(name="office")
def _office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3 = boto3.client("s3", region_name="eu-west-1", config=S3)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield Office(s3)


def _down(operation: str) -> None:
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": "none"}}, operation)


def test_all_forms_lie_under_their_time_and_as_the_latest(office: Office) -> None:
    told = office.makes()
    assert told["report"] == f"s3://{BUCKET}/{DATED}"
    assert office.names(ORGANIZATION) == [
        *(DATED + name for name in FORMS),
        *(f"{ORGANIZATION}latest/{name}" for name in FORMS),
    ]
    for name in FORMS:
        assert office.body(DATED + name) == office.body(f"{ORGANIZATION}latest/{name}")
    scope = json.loads(office.body(DATED + "report.json"))["meta"]["scope"]
    assert (scope["since"], scope["until"]) == (format_time(AT - 7 * DAY), format_time(AT))
    assert office.s3.head_object(Bucket=BUCKET, Key=DATED + "report.html")["ContentType"] == "text/html; charset=utf-8"


def test_the_forms_agree_with_each_other(office: Office) -> None:
    office.makes()
    report = json.loads(office.body(DATED + "report.json"))
    with zipfile.ZipFile(io.BytesIO(office.body(DATED + "report.csv.zip"))) as tables:
        rows = tables.read("decisions.csv").decode().splitlines()[1:]
    total = report["decisions"]["total"]
    assert total["decisions"] == len(rows) > 50
    assert f"**{total['blocked']} blocked**" in office.body(DATED + "report.md").decode()
    (notice,) = office.people.heard
    assert f"{total['decisions']} decisions, {total['blocked']} blocked" in "\n".join(notice.lines)


def test_twice_the_same_run_is_the_same_report(office: Office) -> None:
    office.makes()
    first = {key: office.body(key) for key in office.names()}
    office.makes()
    assert {key: office.body(key) for key in office.names()} == first


def test_a_person_may_ask_for_another_range_and_an_ou(office: Office) -> None:
    office.makes(since="1d", ou="Workloads/Prod")
    (*_, key) = office.names("reports/ou/Workloads/Prod/latest/")[:3]
    report = json.loads(office.body(key))
    assert report["meta"]["scope"] == {
        "since": format_time(AT - DAY),
        "until": format_time(AT),
        "ou": "Workloads/Prod",
    }
    assert office.names(ORGANIZATION) == []
    assert "on OU Workloads/Prod" in office.people.heard[0].subject


def test_an_ou_that_is_not_there_leaves_nothing_and_tells_nobody(office: Office) -> None:
    with pytest.raises(UnknownOuError):
        office.makes(ou="../latest")
    assert office.names() == []
    assert office.people.heard == []


def test_whatever_an_ou_is_called_its_folder_is_its_own() -> None:
    names = [None, "latest", "a/latest", "../organization", "a?b#c", "Ümlaut", "a b"]
    folders = [folder(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(re.fullmatch(r"reports/(organization|ou/[A-Za-z0-9%/._~-]+)/", each) for each in folders)


@pytest.mark.parametrize(
    ("event", "why"),
    [({}, "time"), ({"time": "yesterday"}, "time"), ({"time": format_time(AT), "since": "a week"}, "since")],
)
def test_an_order_that_says_nothing_useful_is_refused(office: Office, event: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        office.reporter().handle(event, ENDLESS)
    assert office.names() == []


def test_the_announcement_has_a_link_that_mails_and_chats_leave_whole(office: Office) -> None:
    office.makes()
    (notice,) = office.people.heard
    assert (notice.kind, notice.accounts) == ("report", (CENTRAL,))
    forms = json.loads(publication(notice)["Message"])
    assert forms["email"].rstrip().splitlines()[-1] == notice.link
    described = json.loads(forms["https"])["content"]["description"]
    assert described.endswith("\n" + notice.link)
    assert notice.link.startswith(f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/{DATED}report.html?")
    assert "X-Amz-Signature=" in notice.link


def test_the_announcement_names_the_next_change_and_none_that_has_begun(office: Office) -> None:
    office.makes()
    lines = office.people.heard[0].lines
    coming = json.loads(office.body(DATED + "report.json"))["coming"]["rows"]
    assert f"Scheduled changes: {len(coming)}." in lines
    ahead = [row for row in coming if (row["seconds_left"] or 0) > 0]
    named = [line for line in lines if line.startswith("The next: ")]
    assert len(named) == min(len(ahead), 1)
    assert all(row["start"][:10] in named[0] for row in ahead[:1])
    assert len(coming) > len(ahead), "some have begun"


def test_a_topic_that_is_down_costs_the_message_alone(office: Office) -> None:
    office.people.down = True
    assert office.makes()["days_archived"] > 0
    assert DATED + "report.html" in office.names()


def test_names_and_coverage_are_in_it_as_far_as_they_are_known(office: Office) -> None:
    account = office.world.accounts[0].id
    office.known = Known("o-abc", {account: "orders"})
    office.makes()
    report = json.loads(office.body(DATED + "report.json"))
    assert report["meta"]["organization"] == "o-abc"
    assert "orders" in {row["name"] for row in report["decisions"]["accounts"]["rows"]}
    assert report["coverage"] is None


def test_the_history_is_kept_by_day_once(office: Office) -> None:
    first = office.makes(END - 3 * DAY + timedelta(hours=6))
    before = (END - 3 * DAY).date()
    assert first["days_archived"] == len(list(office.world.store.past.days(before)))
    kept = {key: office.body(key) for key in office.names("archive/")}
    assert office.makes()["days_archived"] == 3
    assert office.makes()["days_archived"] == 0
    assert {key: office.body(key) for key in kept} == kept
    wanted = [archive.key(kind, day) for kind in archive.KINDS for day in office.world.store.past.days(AT.date())]
    assert office.names("archive/") == sorted(f"archive/{name}" for name in wanted)
    packed = b"".join(office.body(key) for key in office.names("archive/decisions/"))
    office.makes(since="30d")
    report = json.loads(office.body(DATED + "report.json"))
    assert len(gzip.decompress(packed).splitlines()) == report["decisions"]["total"]["decisions"]


def test_a_day_that_has_just_ended_is_left_to_the_next_run(office: Office) -> None:
    office.makes(END + timedelta(minutes=10))
    last = (END - DAY).date()
    assert f"archive/{archive.key('decisions', last)}" not in office.names()
    office.makes(END + timedelta(hours=1))
    assert f"archive/{archive.key('decisions', last)}" in office.names()


def test_without_time_the_report_is_made_and_the_history_waits(office: Office) -> None:
    assert office.makes(budget=Budget(lambda: 60.0))["days_archived"] == 0
    assert DATED + "report.html" in office.names()
    assert office.names("archive/") == []
    assert office.makes()["days_archived"] == len(list(office.world.store.past.days(AT.date())))


def test_a_table_that_cannot_be_read_leaves_the_latest_as_it_was(office: Office) -> None:
    office.makes()
    before = {key: office.body(key) for key in office.names()}
    office.world.client.before = _down
    with pytest.raises(StoreError):
        office.makes(AT + DAY)
    assert {key: office.body(key) for key in office.names()} == before
    assert len(office.people.heard) == 1


def test_another_accounts_bucket_is_not_written_to(office: Office) -> None:
    reporter = office.reporter(ORG_GATE_CENTRAL_ACCOUNT="111122223333")
    calls: list[dict[str, Any]] = []
    office.s3.meta.events.register("provide-client-params.s3.*", lambda params, **_: calls.append(params))
    replace(reporter, people=Topic()).handle({"time": format_time(AT)}, ENDLESS)
    written = [call for call in calls if "Body" in call]
    assert {call["ExpectedBucketOwner"] for call in written} == {"111122223333"}
