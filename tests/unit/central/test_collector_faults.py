"""What the collector makes of AWS's faults: what is stored, whether the mark moves (D13), what a person reads."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from org_gate.central.budget import Budget
from org_gate.central.poll import Limits
from org_gate.store import StoreUnavailableError
from tests.unit.central.collecting import NOON, ORDERS, WEB, World, arn, at, world_on
from tests.unit.health.fake_health import FakeHealth, client_error
from tests.unit.store.tables import fake_table

LIST = "describe_events_for_organization"
DETAILS = "describe_event_details_for_organization"
ACCOUNTS = "describe_affected_accounts_for_organization"


@pytest.fixture
def world() -> World:
    return world_on(fake_table())


def _public(world: World, number: int, minutes: float, **told: Any) -> None:
    world.health.show(arn(number), at(minutes), eventScopeCode="PUBLIC", **told)


def _specific(world: World, number: int, minutes: float, *accounts: str, **told: Any) -> None:
    world.health.show(arn(number), at(minutes), eventScopeCode="ACCOUNT_SPECIFIC", accounts=list(accounts), **told)


@pytest.mark.parametrize(
    ("fault", "kind", "advice"),
    [
        (client_error("ThrottlingException"), "throttled", "takes no more calls"),
        (client_error("InternalFailure", 500), "unreachable", "could not be reached"),
        (
            ReadTimeoutError(endpoint_url="https://health.us-east-1.amazonaws.com"),
            "unreachable",
            "could not be reached",
        ),
        (client_error("AccessDeniedException"), "denied", "Enable AWS Health's organization view"),
        (client_error("SubscriptionRequiredException"), "no_support_plan", "support plan"),
        (client_error("ValidationException"), "refused", "fault of org-gate or a change of AWS Health"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_log_says_what_it_is_what_it_means_and_what_to_do(
    world: World, caplog: pytest.LogCaptureFixture, fault: Exception, kind: str, advice: str
) -> None:
    _public(world, 1, -60)
    world.poll(0)
    world.health.fail["*"] = fault
    summaries = [world.poll(minutes) for minutes in range(1, 5)]
    assert {(summary["poll"], summary["error"]) for summary in summaries} == {("incomplete", kind)}
    assert [summary["age_seconds"] for summary in summaries] == [60, 120, 180, 240]
    state = world.store.state()
    assert (state.as_of, state.cursor) == (NOON, NOON)
    assert set(world.known()) == {arn(1)}, "what is known stays known"
    told = caplog.records[-1]
    assert (told.levelname, advice in told.getMessage()) == ("WARNING", True)
    assert "it counts as of 2026-03-02T12:00:00Z, 4 min ago, and as stale once" in told.getMessage()


def test_before_the_first_complete_poll_the_log_says_so(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.health.fail["*"] = client_error("ThrottlingException")
    world.poll(0)
    assert "has not been read completely yet" in caplog.text


def test_an_event_that_nothing_can_be_added_to_is_told_of_and_ends_no_poll() -> None:
    """It fits the table to the last byte: that it is not listed any more has no room."""

    def told(letters: int) -> tuple[World, str]:
        full = world_on(fake_table())
        full.health.show(arn(1), at(0), service="RDS", eventScopeCode="PUBLIC", eventTypeCode="X" * letters)
        return full, full.poll(0)["poll"]

    longest = bisect_left(range(420_000), "incomplete", key=lambda letters: told(letters)[1]) - 1
    full, _ = told(longest)
    full.health.hide(arn(1))
    summaries = [full.poll(minutes) for minutes in (5, 10)]
    assert [(each["poll"], each["failed"]) for each in summaries] == [("incomplete", 1)] * 2


def test_one_event_whose_details_fail_for_an_hour(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.poll(0)
    _public(world, 1, 0.5, zone="use1-az4")
    world.health.broken[arn(1)] = "InternalFailure"
    for minutes in range(1, 60):
        if minutes == 30:
            _public(world, 2, 29.5)
        summary = world.poll(minutes)
        assert (summary["poll"], summary["failed"], summary["error"]) == ("incomplete", 1, None)
        assert world.known()[arn(1)].status == "open", "what the list told of it is known"
        assert (arn(2) in world.known()) == (minutes >= 30), "and it keeps nothing else back"
    state = world.store.state()
    assert (state.as_of, state.cursor) == (NOON, NOON), "D13: not all of what changed was read"
    assert f"{arn(1)} in us-east-1: InternalFailure" in str(vars(caplog.records[-2])["items"])
    assert "Some events could not be read whole. What was read is stored." in caplog.records[-1].getMessage()
    world.health.calls.clear()
    world.health.broken.clear()
    assert world.poll(60)["poll"] == "complete"
    assert world.known()[arn(1)].availability_zone == "use1-az4"
    assert world.store.state().as_of == at(60)
    assert world.health.calls[DETAILS] == 1, "the others were read long ago"


def test_a_token_that_is_forgotten_on_page_three(world: World) -> None:
    world.health = FakeHealth(page=10)
    for number in range(35):
        _public(world, number, -60)
    forgotten: list[int] = []

    def third_page(_operation: str) -> None:
        if world.health.asked[-1][1].get("nextToken") == "20" and len(forgotten) < 2:
            forgotten.append(1)
            raise client_error("InvalidPaginationToken")

    world.health.before_call = third_page
    assert world.poll(0)["poll"] == "complete"
    assert len(world.known()) == 35
    assert world.health.calls[DETAILS] == 4, "pages that come twice are not enriched twice"


def test_a_token_that_is_always_forgotten_on_page_three(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.health = FakeHealth(page=10)
    for number in range(35):
        _public(world, number, -60)

    def third_page(_operation: str) -> None:
        if world.health.asked[-1][1].get("nextToken") == "20":
            raise client_error("InvalidPaginationToken")

    world.health.before_call = third_page
    summary = world.poll(0)
    assert (summary["poll"], summary["error"]) == ("incomplete", "refused")
    assert (len(world.known()), world.health.calls[LIST]) == (20, 1 + 3 * 3)
    assert "forgot its place 3 times" in caplog.text


def test_a_full_look_that_fails_leaves_the_mark_moving_but_not_for_long(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Every change was read, which makes a poll complete; what only a full look finds must not wait for ever."""
    world.poll(0)

    def full_list_fails(_operation: str) -> None:
        if "eventStatusCodes" in world.health.asked[-1][1].get("filter", {}):
            raise client_error("ThrottlingException")

    world.health.before_call = full_list_fails
    outcomes = [world.poll(minutes)["poll"] for minutes in range(1, 40)]
    assert outcomes == ["complete"] * 30 + ["incomplete"] * 9
    assert world.store.state().as_of == at(30)
    assert "decisions are not affected; the look at everything comes again" in caplog.text
    world.health.before_call = lambda _operation: None
    assert world.poll(40)["poll"] == "complete"


def test_accounts_that_cannot_be_read_again_can_wait(world: World, caplog: pytest.LogCaptureFixture) -> None:
    _specific(world, 1, -60, ORDERS)
    _specific(world, 2, -60, ORDERS)
    world.poll(0)
    world.health.fail[ACCOUNTS] = client_error("ThrottlingException")
    summary = world.poll(5)
    assert (summary["poll"], summary["full"], summary["error"]) == ("complete", True, None)
    assert "put off to the next full look" in caplog.text
    assert world.store.state().full_at == at(5)


def test_a_fault_of_one_event_does_not_keep_the_older_ones_from_being_read(world: World) -> None:
    for number in range(3):
        _specific(world, number, -number, ORDERS)

    def one_event_has_no_accounts(operation: str) -> None:
        if operation == ACCOUNTS and world.health.asked[-1][1]["eventArn"] == arn(1):
            raise client_error("InternalFailure", 500)

    world.health.before_call = one_event_has_no_accounts
    summary = world.poll(0)
    assert (summary["poll"], summary["failed"], summary["error"]) == ("incomplete", 1, None)
    assert set(world.known(ORDERS)) == {arn(0), arn(2)}


def test_a_poll_under_throttling_goes_on_where_the_last_one_came_to(world: World) -> None:
    """Seven calls a poll, and one event takes at least one: each poll has to leave something behind."""
    world.limits = Limits(reread_events=0)
    for number in range(30):
        _specific(world, number, -60 - number, ORDERS)
    calls: list[int] = []

    def seven_calls(_operation: str) -> None:
        calls.append(1)
        if len(calls) > 7:
            raise client_error("ThrottlingException")

    world.health.before_call = seven_calls
    for minutes in range(40):
        calls.clear()
        if world.poll(minutes)["poll"] == "complete":
            break
    else:
        pytest.fail("it never came to its end")
    assert len(world.known(ORDERS)) == 30
    assert world.health.calls[ACCOUNTS] <= 30 + minutes, "and asks again for what was refused alone"


@pytest.mark.parametrize(
    "fault",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutItem"),
        ClientError({"Error": {"Code": "InternalServerError", "Message": "sorry"}}, "PutItem"),
        ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com"),
    ],
    ids=["throttled", "down", "slow"],
)
def test_a_fault_of_the_table_at_any_moment_is_raised_and_made_good(fault: Exception) -> None:
    def prepared() -> World:
        world = world_on(fake_table())
        _public(world, 1, -1)
        world.poll(0)
        _public(world, 1, 4, statusCode="closed")
        _specific(world, 2, 4, ORDERS)
        world.client.reset()
        return world

    whole = prepared()
    whole.poll(5)
    for call in range(1, whole.client.calls.total() + 1):
        world = prepared()
        world.client.before = _raising_from(world, call, fault)
        with pytest.raises(StoreUnavailableError):
            world.poll(5)
        world.client.before = lambda _operation: None
        state = world.store.state()
        assert state.as_of in {NOON, at(5)}
        assert world.poll(6)["poll"] == "complete"
        assert set(world.known(ORDERS, minutes=6)) == {arn(2)}
        assert world.store.state().as_of == at(6)


def _raising_from(world: World, call: int, fault: Exception) -> Callable[[str], None]:
    def before(_operation: str) -> None:
        if world.client.calls.total() >= call:
            raise fault

    return before


def test_a_storm_of_writers_at_one_event_costs_that_event_alone(world: World) -> None:
    _public(world, 1, -2)
    _public(world, 2, -1)
    world.poll(0)
    _public(world, 1, 1, service="EC2")
    _public(world, 2, 1, service="EC2")
    lost = ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "lost"}}, "TransactWriteItems")
    taken = world.client._client.transact_write_items

    def stormy(**request: Any) -> Any:
        if arn(1) in str(request):
            raise lost
        return taken(**request)

    world.client._client.transact_write_items = stormy
    summary = world.poll(2)
    assert (summary["poll"], summary["failed"]) == ("incomplete", 1)
    assert {name: event.service for name, event in world.known().items()} == {arn(1): None, arn(2): "EC2"}
    del world.client._client.transact_write_items
    assert world.poll(3)["poll"] == "complete"
    assert world.known()[arn(1)].service == "EC2"


def test_an_event_that_does_not_fit_an_item_costs_that_event_alone(world: World) -> None:
    _public(world, 1, -1, service="X" * 300_000, eventTypeCode="Y" * 300_000)
    _public(world, 2, -2)
    summary = world.poll(0)
    assert (summary["poll"], summary["failed"]) == ("incomplete", 1)
    assert set(world.known()) == {arn(2)}
    told = world.notify(
        1, eventScopeCode="PUBLIC", statusCode="open", service="X" * 200_000, eventTypeCode="Y" * 220_000
    )
    assert told == {"event": None, "changed": 0, "unreadable": 1}


def test_an_organization_that_is_throttled_goes_on_page_by_page(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.organizations.accounts["ou-1"] = [{"Id": f"{number:012d}"} for number in range(100)]
    pages: list[int] = []

    def three_pages() -> None:
        pages.append(1)
        if len(pages) > 3:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "slow down"}}, "List")

    world.organizations.before_call = three_pages
    outcomes = []
    for minutes in range(20):
        pages.clear()
        summary = world.poll(minutes)
        assert summary["poll"] == "complete"
        outcomes.append(summary["tree"])
        if summary["tree"] == "refreshed":
            break
    assert outcomes == ["failed"] * 4 + ["refreshed"]
    assert "TooManyRequestsException" in caplog.text
    assert "Decisions go on with the tree as it was last read" in caplog.text
    assert len(world.store.knowledge([f"{7:012d}"], world.store.state()).accounts) == 1


def test_a_walk_whose_token_was_forgotten_begins_that_listing_again(world: World) -> None:
    world.organizations.accounts["ou-1"] = [{"Id": f"{number:012d}"} for number in range(50)]
    walked = world.poll(0, budget=Budget(lambda: 50 if world.organizations.reads < 8 else 10))
    assert walked["tree"] == "unfinished"
    forgotten: list[int] = []
    real = world.organizations.list_accounts_for_parent

    def forgetful(**request: str) -> dict[str, Any]:
        if "NextToken" in request and not forgotten:
            forgotten.append(1)
            raise ClientError({"Error": {"Code": "InvalidInputException", "Message": "token"}}, "ListAccountsForParent")
        return real(**request)

    world.organizations.list_accounts_for_parent = forgetful  # type: ignore[method-assign]
    assert world.poll(1)["tree"] == "refreshed"
    assert forgotten == [1]
    known = world.store.knowledge([f"{49:012d}", WEB], world.store.state()).accounts
    assert {account.ou_path for account in known.values()} == {"Workloads", ""}


def test_an_organization_without_anybody_is_not_believed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.poll(0)
    world.organizations.accounts = {}
    assert world.poll(60)["tree"] == "failed"
    assert "named no account at all" in caplog.text
    assert len(world.store.knowledge([ORDERS, WEB], world.store.state()).accounts) == 2


def test_an_unreadable_notification_is_logged_without_what_is_in_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.poll(0)
    world.notify(1, eventArn="?", eventDescription=[{"latestDescription": "password: hunter2"}])
    assert "could not be understood" in caplog.text
    assert "hunter2" not in str([vars(record) for record in caplog.records])
