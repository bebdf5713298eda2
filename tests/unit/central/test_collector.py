"""The collector: what it asks, how often, what it does with faults, and what its runs leave to each other."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from org_gate.central import collector as module
from org_gate.central.organization import Walk
from org_gate.central.settings import SettingsError, api_settings, collector_settings, resumer_settings
from org_gate.model.event import Account
from org_gate.store import StoreUnavailableError
from tests.unit.central.collecting import NOON, ORDERS, WEB, World, arn, at
from tests.unit.health.fake_health import client_error
from tests.unit.store.tables import everything

LIST = "describe_events_for_organization"
DETAILS = "describe_event_details_for_organization"
ACCOUNTS = "describe_affected_accounts_for_organization"


def _public(world: World, number: int = 1, minutes: float = 0, **more: Any) -> None:
    world.health.show(arn(number), at(minutes), service="RDS", eventScopeCode="PUBLIC", **more)


def _specific(world: World, number: int, *accounts: str, minutes: float = 0, **more: Any) -> None:
    told = {"service": "RDS", "eventScopeCode": "ACCOUNT_SPECIFIC", "accounts": list(accounts), **more}
    world.health.show(arn(number), at(minutes), **told)


def test_the_first_poll_knows_what_was_open_long_before(world: World) -> None:
    _public(world, 1, minutes=-60 * 24 * 30, zone="use1-az4")
    _specific(world, 2, ORDERS, minutes=-60 * 24 * 30)
    assert world.poll(0) == {
        "poll": "complete",
        "at": "2026-03-02T12:00:00Z",
        "full": True,
        "changed": 2,
        "failed": 0,
        "unreadable": 0,
        "error": None,
        "tree": "refreshed",
        "tags": "unused",
        "age_seconds": 0,
    }
    known = world.known(ORDERS)
    assert known[arn(1)].availability_zone == "use1-az4"
    assert known[arn(2)].accounts == {ORDERS}
    assert set(world.known(WEB)) == {arn(1)}


def test_what_did_not_change_is_not_asked_about_again(world: World) -> None:
    for number in range(12):
        _public(world, number)
    _specific(world, 20, ORDERS)
    world.poll(0)
    assert (world.health.calls[DETAILS], world.health.calls[ACCOUNTS]) == (3, 1)
    world.health.calls.clear()
    world.client.reset()
    assert world.poll(1)["changed"] == 0
    assert dict(world.health.calls) == {LIST: 1}
    assert not {name for name in world.client.calls if "batch_write" in name or "transact" in name}


def test_a_poll_asks_from_the_cursor_back_by_the_overlap(world: World) -> None:
    world.poll(0)
    world.poll(1)
    since = [asked["filter"].get("lastUpdatedTime") for _name, asked in world.health.asked]
    assert since == [{"from": at(-15)}, None, {"from": at(-15)}]


def test_a_change_is_read_with_details_and_accounts(world: World) -> None:
    _specific(world, 1, ORDERS)
    world.poll(0)
    _specific(world, 1, ORDERS, WEB, minutes=0.5, zone="use1-az2", statusCode="open")
    assert world.poll(1)["changed"] == 1
    event = world.known(WEB)[arn(1)]
    assert (event.accounts, event.availability_zone) == (frozenset({WEB}), "use1-az2")


def test_everything_open_is_looked_at_every_five_minutes(world: World) -> None:
    full = [world.poll(minutes)["full"] for minutes in range(11)]
    assert full == [True, False, False, False, False, True, False, False, False, False, True]


def test_the_full_look_finds_what_the_cursor_missed(world: World) -> None:
    world.poll(0)
    _public(world, 1, minutes=-300)  # became visible late, with an old time of update
    assert world.known() == {}
    for minutes in range(1, 6):
        world.poll(minutes)
    assert set(world.known()) == {arn(1)}


def test_an_event_that_aws_health_takes_no_question_about_keeps_nothing_else_from_being_read(world: World) -> None:
    _public(world, 1, zone="use1-az4", minutes=2)
    _specific(world, 2, ORDERS, minutes=1)
    _public(world, 3, zone="use1-az4")
    world.health.refused = {arn(1), arn(2)}
    summary = world.poll(0)
    assert (summary["poll"], summary["error"]) == ("incomplete", None)
    assert summary["failed"] >= 2
    assert world.known()[arn(3)].availability_zone == "use1-az4"
    world.health.refused.clear()
    assert world.poll(1)["poll"] == "complete"
    assert set(world.known()) == {arn(1), arn(2), arn(3)}


def test_an_event_without_a_status_is_not_over_because_no_list_of_what_is_open_names_it(world: World) -> None:
    _public(world, 1, statusCode=None)
    for minutes in range(0, 31, 5):
        world.poll(minutes)
    assert set(world.known(minutes=30)) == {arn(1)}


def test_the_zones_that_a_text_names_are_known_until_a_text_names_others(world: World) -> None:
    _public(world, 1, description="Errors in USE1-AZ4 and use1-az2.")
    _specific(world, 2, ORDERS, description="Nothing of zones, but us-east-1a.")
    world.poll(0)
    known = world.known(ORDERS)
    assert (known[arn(1)].text_zones, known[arn(2)].text_zones) == (("use1-az2", "use1-az4"), ())
    told = {"eventScopeCode": "PUBLIC", "statusCode": "open"}
    world.notify(1, **told)
    assert world.known()[arn(1)].text_zones == ("use1-az2", "use1-az4"), "this one had no text"
    world.notify(2, **told, eventDescription=[{"language": "en_US", "latestDescription": "use1-az6 as well"}])
    assert world.known()[arn(1)].text_zones == ("use1-az6",)
    _public(world, 1, minutes=3, description="It is over but for some.")
    world.poll(3)
    assert world.known()[arn(1)].text_zones == ()


def test_an_item_that_fails_is_stored_without_details_told_and_read_next_time(world: World) -> None:
    _public(world, 1, zone="use1-az4")
    _public(world, 2, zone="use1-az4")
    world.health.broken[arn(1)] = "InternalFailure"
    summary = world.poll(0)
    assert (summary["poll"], summary["failed"]) == ("incomplete", 1)
    zones = {name: event.availability_zone for name, event in world.known().items()}
    assert zones == {arn(1): None, arn(2): "use1-az4"}
    world.health.broken.clear()
    assert world.poll(1)["poll"] == "complete"
    assert world.known()[arn(1)].availability_zone == "use1-az4"


def test_details_are_asked_of_another_account_where_the_first_cannot_tell(world: World) -> None:
    _specific(world, 1, ORDERS, WEB, zone="use1-az4")
    world.health.no_detail_of.add(ORDERS)
    assert world.poll(0)["poll"] == "complete"
    assert world.known()[arn(1)].availability_zone == "use1-az4"


def test_details_are_asked_of_those_affected_now_where_nobody_affected_before_can_tell(world: World) -> None:
    """Accounts may change while the time of the update does not: without this no poll would ever be complete again."""
    _specific(world, 1, ORDERS)
    world.poll(0)
    _specific(world, 1, WEB, zone="use1-az4", endTime=at(600))
    assert world.poll(1)["poll"] == "complete"
    event = world.known(WEB)[arn(1)]
    assert (event.accounts, event.availability_zone) == (frozenset({WEB}), "use1-az4")
    assert world.known(ORDERS) == {}


def test_an_event_in_two_regions_is_two_events(world: World) -> None:
    _public(world, 1, region="us-east-1", zone="use1-az4")
    _public(world, 1, region="eu-west-1", statusCode="closed")
    assert world.poll(0)["poll"] == "complete"
    events = world.store.knowledge([], world.store.state()).events
    assert [(event.region, event.availability_zone) for event in events] == [("us-east-1", "use1-az4")]


def test_an_arn_that_is_public_here_and_account_specific_there_has_both_details(world: World) -> None:
    _public(world, 1, region="eu-west-1", zone="euw1-az1")
    _specific(world, 1, ORDERS, region="us-east-1", zone="use1-az4")
    assert world.poll(0)["poll"] == "complete"
    events = world.store.knowledge([ORDERS], world.store.state()).events
    assert [(event.region, event.availability_zone) for event in events] == [
        ("eu-west-1", "euw1-az1"),
        ("us-east-1", "use1-az4"),
    ]


@pytest.mark.parametrize("scope", [None, "NONE", "Some_Where"])
def test_an_event_of_unknown_scope_concerns_the_accounts_it_lists(world: World, scope: str | None) -> None:
    world.health.show(arn(1), at(0), eventScopeCode=scope, accounts=[ORDERS])
    assert world.poll(0)["poll"] == "complete"
    assert world.known(ORDERS)[arn(1)].accounts == {ORDERS}
    assert (world.known(WEB)[arn(1)].lists_accounts, world.known(WEB)[arn(1)].accounts) == (True, frozenset())


@pytest.mark.contract("D5")
@pytest.mark.parametrize("scope", [None, "NONE", "Some_Where"])
def test_a_notification_to_one_account_does_not_make_everybodys_event_its_own(world: World, scope: str | None) -> None:
    world.health.show(arn(1), at(0), eventScopeCode=scope, accounts=[])
    assert world.poll(0)["poll"] == "complete"
    scoped = {} if scope is None else {"eventScopeCode": scope}
    world.notify(0.5, statusCode="open", affectedAccount=ORDERS, **scoped)
    assert not world.known(WEB)[arn(1)].lists_accounts
    world.notify(0.6, statusCode="open", affectedAccount=ORDERS, eventScopeCode="ACCOUNT_SPECIFIC")
    assert world.known(ORDERS)[arn(1)].accounts == {ORDERS}
    assert world.known(WEB) == {}


@pytest.mark.parametrize("operation", [LIST, DETAILS, ACCOUNTS])
def test_a_fault_keeps_what_was_read_and_is_made_good(world: World, operation: str) -> None:
    _public(world, 1, zone="use1-az4")
    _specific(world, 2, ORDERS)
    world.health.fail[operation] = client_error("ThrottlingException")
    summary = world.poll(0)
    assert (summary["poll"], summary["error"]) == ("incomplete", "throttled")
    assert world.store.state().as_of is None
    known = world.known(ORDERS)
    assert set(known) == {LIST: set(), DETAILS: {arn(1)}, ACCOUNTS: {arn(1)}}[operation]
    world.health.fail.clear()
    assert world.poll(1)["poll"] == "complete"
    known = world.known(ORDERS)
    assert (known[arn(1)].availability_zone, known[arn(2)].accounts) == ("use1-az4", frozenset({ORDERS}))


def test_a_second_poll_at_the_same_time_does_nothing(world: World) -> None:
    world.poll(0, id_="a")
    assert world.poll(0.5, id_="b") == {"poll": "skipped"}
    assert world.poll(0, id_="a")["poll"] == "complete"


def test_a_late_older_poll_does_not_make_knowledge_older(world: World) -> None:
    world.poll(3)
    world.poll(1)
    assert world.store.state().as_of == at(3)


def test_an_end_that_passes_takes_the_event_out_of_the_open_ones(world: World) -> None:
    _specific(world, 1, ORDERS, endTime=at(3))
    world.poll(0)
    assert set(world.known(minutes=2)) == {arn(1)}
    assert set(world.known(minutes=3)) == set()
    world.poll(5)
    assert [key for key in everything(world.client) if key[0] == "SPECIFIC" or key[1].startswith("EVENT#")] == []


def test_the_tree_is_read_hourly_and_a_failure_keeps_the_last(world: World) -> None:
    world.poll(0)
    assert world.store.knowledge([ORDERS, WEB], world.store.state()).accounts == {
        ORDERS: Account(ORDERS, "Workloads", ("r-1", "ou-1")),
        WEB: Account(WEB, "", ("r-1",)),
    }
    assert world.poll(59)["tree"] == "kept"
    world.organizations.fault = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListRoots")
    summary = world.poll(60)
    assert (summary["tree"], summary["poll"]) == ("failed", "complete")
    assert len(world.store.knowledge([ORDERS, WEB], world.store.state()).accounts) == 2
    world.organizations.fault = None
    world.organizations.accounts["ou-1"] = []
    assert world.poll(61)["tree"] == "refreshed"
    assert set(world.store.knowledge([ORDERS, WEB], world.store.state()).accounts) == {WEB}


def test_a_notification_is_known_at_once_and_does_not_make_knowledge_younger(world: World) -> None:
    world.poll(0)
    summary = world.notify(0.5, eventScopeCode="ACCOUNT_SPECIFIC", statusCode="open", affectedAccount=ORDERS)
    assert summary == {"event": {"arn": arn(1), "region": "us-east-1"}, "changed": 1, "unreadable": 0}
    assert world.known(ORDERS)[arn(1)].accounts == {ORDERS}
    assert world.known(WEB) == {}
    assert world.store.state().as_of == NOON


def test_what_cannot_be_understood_is_kept_and_makes_the_next_poll_a_full_look(world: World) -> None:
    world.poll(0)
    _public(world, 7, minutes=-300)
    assert world.notify(0.5, eventArn="?") == {"event": None, "changed": 0, "unreadable": 1}
    assert [item["reason"] for key, item in everything(world.client).items() if key[0].startswith("UNREADABLE")]
    assert world.poll(1)["full"]
    assert set(world.known()) == {arn(7)}
    assert not world.poll(2)["full"]


def test_a_fault_of_the_table_is_raised(world: World) -> None:
    world.client._client.delete_table(TableName="org-gate")
    with pytest.raises(StoreUnavailableError):
        world.poll(0)


def test_an_organization_of_many_pages_is_read_whole() -> None:
    with mock_aws():
        client = boto3.client(
            "organizations",
            region_name="us-east-1",
            aws_access_key_id="AKIA0000000000000000",
            aws_secret_access_key="-",  # noqa: S106  moto's
        )
        client.create_organization()
        root = client.list_roots()["Roots"][0]["Id"]
        parent, ids, names = root, [root], []
        for name in ("Workloads", "Prod"):
            parent = client.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]
            ids.append(parent)
            names.append(name)
        for number in range(25):
            made = client.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")
            account = made["CreateAccountStatus"]["AccountId"]
            client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=parent)
        walk = Walk(NOON)
        while not walk.through:
            walk.step(client)
        accounts = walk.accounts()
    below = [account for account in accounts if account.ou_path == "Workloads/Prod"]
    assert len(below) == 25
    assert {account.ou_ids for account in below} == {tuple(ids)}


def test_an_item_of_the_api_that_names_no_event_is_kept_and_the_poll_is_not_complete(world: World) -> None:
    _public(world, 1)
    _public(world, 2)
    del world.health.shown[arn(1), "us-east-1"].event["arn"]
    assert world.poll(0)["poll"] == "incomplete"
    assert set(world.known()) == {arn(2)}
    assert [key for key in everything(world.client) if key[0].startswith("UNREADABLE")]


def test_the_resumer_is_told_once_of_a_poll_that_changed_something(world: World) -> None:
    world.poll(0)
    world.told.heard.clear()  # the tree
    _public(world, 1)
    _public(world, 2)
    world.poll(1)
    assert world.told.heard == ["knowledge"]
    world.poll(2)
    assert world.told.heard == ["knowledge"], "nothing has changed"


def test_the_resumer_is_told_of_a_notification_that_changed_something(world: World) -> None:
    told: dict[str, Any] = {"statusCode": "open", "eventScopeCode": "PUBLIC", "service": "RDS"}
    world.notify(1, **told)
    world.notify(1, **told)
    assert world.told.heard == ["knowledge"]


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "ORG_GATE_TABLE": "org-gate",
        "ORG_GATE_CENTRAL_ACCOUNT": ORDERS,
        "ORG_GATE_CHANGES": "arn:aws:sns:eu-west-1:111122223333:org-gate-changes",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
        "AWS_SECRET_ACCESS_KEY": "-",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL_HEALTH": "http://127.0.0.1:9",  # nobody is there
    }.items():
        monkeypatch.setenv(name, value)
    yield
    module._collector.cache_clear()
    module._health_client.cache_clear()


class Context:
    function_name = "org-gate-collector"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:org-gate-collector"
    aws_request_id = "0"

    def get_remaining_time_in_millis(self) -> int:
        return 50_000


@pytest.mark.usefixtures("_environment")
def test_the_function_answers_and_measures_though_nothing_else_does(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    context: Any = Context()
    summary = module.handler({"source": "aws.events", "id": "1", "time": "2026-03-02T12:00:00Z"}, context)
    assert (summary["poll"], summary["error"], summary["tree"]) == ("incomplete", "unreachable", "failed")
    assert world.store.state().as_of is None
    (emitted,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert emitted["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "OrgGate"
    assert (emitted["PollComplete"], emitted["HealthErrors"], emitted["TreeRefreshFailed"]) == ([0], [1], [1])
    assert "KnowledgeAgeSeconds" not in emitted
    later: Any = {"source": "aws.events", "id": "2", "time": "2026-03-02T12:00:30Z"}
    assert module.handler(later, context) == {"poll": "skipped"}


@pytest.mark.usefixtures("_environment")
def test_the_function_says_what_a_fault_of_the_table_means(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.client._client.delete_table(TableName="org-gate")
    context: Any = Context()
    with pytest.raises(StoreUnavailableError):
        module.handler({"source": "aws.events", "id": "1", "time": "2026-03-02T12:00:00Z"}, context)
    assert "the next poll reads the rest again" in caplog.text
    assert "ResourceNotFoundException" in caplog.text


@pytest.mark.usefixtures("_environment")
def test_the_function_does_not_start_without_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORG_GATE_TABLE")
    context: Any = Context()
    with pytest.raises(SettingsError, match="ORG_GATE_TABLE"):
        module.handler({"source": "aws.events", "id": "1", "time": "2026-03-02T12:00:00Z"}, context)


def test_settings_fail_by_name() -> None:
    with pytest.raises(SettingsError, match="ORG_GATE_TABLE is missing"):
        collector_settings({"ORG_GATE_CENTRAL_ACCOUNT": ORDERS})
    with pytest.raises(SettingsError, match="ORG_GATE_CENTRAL_ACCOUNT is '12'"):
        api_settings({"ORG_GATE_TABLE": "t", "ORG_GATE_CENTRAL_ACCOUNT": "12"})
    with pytest.raises(SettingsError, match="ORG_GATE_TOPIC is missing"):
        api_settings({"ORG_GATE_TABLE": "t", "ORG_GATE_CENTRAL_ACCOUNT": ORDERS})
    with pytest.raises(SettingsError, match="ORG_GATE_CHANGES is missing"):
        collector_settings({"ORG_GATE_TABLE": "t", "ORG_GATE_CENTRAL_ACCOUNT": ORDERS})
    with pytest.raises(
        SettingsError, match=r"ORG_GATE_TOPIC is missing.*ORG_GATE_QUEUE is missing.*ORG_GATE_DEAD_QUEUE is missing"
    ):
        resumer_settings({"ORG_GATE_TABLE": "t", "ORG_GATE_CENTRAL_ACCOUNT": ORDERS})
    whole = {"ORG_GATE_TABLE": "t", "ORG_GATE_CENTRAL_ACCOUNT": ORDERS, "ORG_GATE_CHANGES": "arn", "HOME": "/"}
    assert collector_settings(whole).table == "t"
