"""What people are told once a minute, over a table in memory and the decision API's own records."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from org_gate.central.announce import Announcer
from org_gate.central.news import News
from org_gate.central.news_core import due, take_runs
from org_gate.central.news_forms import Notice, publication
from org_gate.central.news_kept import Kept, kept_json
from org_gate.model.cause import Cause
from org_gate.model.event import Account
from org_gate.model.synthetic import SyntheticEvent
from org_gate.model.waiting import Deployment
from org_gate.policy.model import Resume
from org_gate.store import ConflictError
from org_gate.store.decision_list import Run
from org_gate.store.documents import packed
from org_gate.store.errors import StoreUnavailableError
from tests.unit.central.resuming import FAILING, REGION, Yard, at, deployment
from tests.unit.central.support import ME, OTHER, RULES, Topic

HOLDING: dict[str, Any] = {"version": "1", "on_block": "hold"}


class Told(Topic):
    """What was heard since it was last asked."""

    def take(self) -> list[Notice]:
        heard, self.heard = self.heard, []
        return heard


def tell(yard: Yard, minutes: float, topic: Announcer) -> None:
    """The digest of that minute, after its poll."""
    yard.now = at(minutes)
    yard.poll()
    News(yard.store, topic, lambda: True).tell(yard.now)


def started(policy: Mapping[str, Any] = RULES) -> tuple[Yard, Told]:
    """A first digest was told."""
    yard, told = Yard(policy), Told()
    yard.store.accounts.refresh([Account(ME, "Workloads/Prod", ("r-1",)), Account(OTHER, "Workloads/Dev", ("r-1",))])
    stored = yard.store.accounts.all()
    yard.store.accounts.keep_tags(stored, {ME: {"team": "orders"}})
    tell(yard, 0, told)
    assert told.take() == []
    return yard, told


def kinds(notices: list[Notice]) -> list[str]:
    return [notice.kind for notice in notices]


def text(notice: Notice) -> str:
    return "\n".join((notice.subject, *notice.lines, *notice.next_steps))


def accounts(number: int) -> list[str]:
    return [f"{222200000000 + one}" for one in range(number)]


def block_many(yard: Yard, pipelines: int, of_accounts: int) -> None:
    names = accounts(of_accounts)
    for number in range(pipelines):
        yard.ask(deployment(f"p-{number:03d}", f"e-{number}", names[number % of_accounts]))


def test_an_incident_that_blocks_300_pipelines_is_a_handful_of_messages() -> None:
    yard, told = started()
    yard.now = at(0.5)
    incident = yard.incident()
    block_many(yard, 300, 40)
    tell(yard, 1, told)
    (first,) = told.take()
    assert (first.kind, first.severity, len(first.accounts)) == ("blocked", "warning", 40)
    assert first.lines[0].startswith(f"300 deployments blocked, in 40 accounts: MULTIPLE_SERVICES in {REGION}: issue")
    assert sum(line.startswith("- ") for line in first.lines) == 11
    assert first.lines[-1] == "- and 290 more"
    assert len(json.dumps(publication(first))) < 256 * 1024
    everything = [first]
    for minute in range(2, 40):
        yard.now = at(minute - 0.5)
        if minute == 5:
            yard.over(incident)
        yard.minute(minute - 0.5)
        tell(yard, minute, told)
        everything += told.take()
    assert kinds(everything) == ["blocked", "over", "resumed", "resumed"]
    assert "300 deployments" in text(everything[1])
    assert "Waiting now: 300" in text(everything[1])
    went_on = [int(one.lines[0].split(" ", 1)[0]) for one in everything[2:]]
    assert sum(went_on) == 300
    assert "None that it blocked waits any more." in everything[-1].lines


def test_what_a_cause_blocks_further_is_gathered() -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment("first"))
    tell(yard, 1, told)
    assert kinds(told.take()) == ["blocked"]
    for minute in range(2, 16):
        yard.now = at(minute - 0.5)
        yard.ask(deployment(f"p-{minute}", account=OTHER))
        yard.ask(deployment("first"))  # its team presses Retry again and again
        tell(yard, minute, told)
        assert told.take() == []
    tell(yard, 16, told)
    (more,) = told.take()
    assert more.lines[0].startswith("14 deployments blocked, 15 in all since")
    assert more.accounts == (OTHER,)
    assert more.ous == ("Workloads", "Workloads/Dev")
    assert more.tags == ()


def test_where_its_accounts_are_is_told_for_filters() -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    tell(yard, 1, told)
    (notice,) = told.take()
    assert (notice.accounts, notice.ous, notice.tags) == (
        (ME,),
        ("Workloads", "Workloads/Prod"),
        ("team=orders",),
    )


def test_a_topic_that_fails_is_told_again_and_a_look_that_comes_twice_tells_once() -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    told.down = True
    tell(yard, 1, told)
    told.down = False
    tell(yard, 1, told)  # delivered twice
    assert told.take() == []
    tell(yard, 2, told)
    tell(yard, 2, told)
    assert kinds(told.take()) == ["blocked"]
    tell(yard, 3, told)
    assert told.take() == []


@pytest.mark.parametrize("operation", ["query", "update_item"])
def test_a_table_that_fails_costs_no_news(operation: str) -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    yard.now = at(1)
    yard.poll()
    store = yard.store

    def fail(name: str) -> None:
        if name == operation:
            raise StoreUnavailableError(name, "Throttled", "")

    yard.client.before = fail
    News(store, told, lambda: True).tell(yard.now)
    assert told.take() == []
    yard.client.before = lambda _name: None
    tell(yard, 2, told)
    assert kinds(told.take()) == ["blocked"]


def test_a_later_digest_is_not_overwritten_by_an_earlier_one() -> None:
    yard, _ = started()
    assert yard.store.digest.begin(at(1))
    assert not yard.store.digest.begin(at(1.5))
    assert yard.store.digest.begin(at(2))
    with pytest.raises(ConflictError):
        yard.store.digest.keep({}, at(1))


@dataclass
class Overtaken(Told):
    """A later digest begins while this one is telling."""

    begin: Callable[[], bool] = lambda: False

    def announce(self, notice: Notice) -> bool:
        assert self.begin()
        return super().announce(notice)


def test_a_digest_that_is_overtaken_tells_its_news_and_logs_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    yard, _ = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment("orders"), FAILING)
    overtaken = Overtaken(begin=lambda: yard.store.digest.begin(at(2)))
    tell(yard, 1, overtaken)
    assert kinds(overtaken.take()) == ["blocked"]
    assert "were begun meanwhile" in caplog.text
    assert not any(record.exc_info for record in caplog.records)


def test_a_hold_is_told_once_when_it_lasts_and_its_end_as_well() -> None:
    yard, told = started()
    yard.now = at(0.5)
    incident = yard.incident()
    heard: list[tuple[int, str]] = []
    for minute in range(1, 51):
        yard.now = at(minute - 0.5)
        yard.ask(deployment("slow"), HOLDING)
        if minute == 45:
            yard.over(incident)
        tell(yard, minute, told)
        heard += [(minute, notice.kind) for notice in told.take()]
    assert heard == [(1, "blocked"), (31, "held"), (45, "over"), (46, "resumed")]


def test_a_freeze_is_a_cause_and_over_at_its_end() -> None:
    freeze = {"name": "peak", "from": "2026-03-02T12:00:00Z", "to": "2026-03-02T12:10:00Z", "verdict": "block"}
    yard, told = started(RULES | {"freezes": [freeze]})
    yard.now = at(0.5)
    yard.ask(deployment())
    tell(yard, 1, told)
    assert "freeze peak until 2026-03-02T12:10:00Z" in text(told.take()[0])
    for minute in range(2, 10):
        tell(yard, minute, told)
    assert told.take() == []
    tell(yard, 10, told)
    assert kinds(told.take()) == ["over"]


def test_drills_say_so_first_and_disturb_nobody() -> None:
    yard, told = started()
    drill = SyntheticEvent(
        id="drill-1",
        kind="drill",
        public=True,
        reason="",
        who="",
        created_at=at(0),
        ends_at=at(60),
    )
    yard.store.synthetic.create(drill)
    yard.now = at(0.5)
    yard.ask(deployment())
    tell(yard, 1, told)
    (notice,) = told.take()
    published = publication(notice)
    forms = json.loads(published["Message"])
    content = json.loads(forms["https"])["content"]
    for shown in (published["Subject"], forms["default"], forms["email"], content["title"], content["description"]):
        assert shown.startswith("DRILL: ")
    assert notice.severity == "info"
    assert published["MessageAttributes"]["drill"]["StringValue"] == "true"


def test_stale_knowledge_and_its_end_are_told_once_each() -> None:
    yard, told = started()
    news = News(yard.store, told, lambda: True)
    for minute in range(1, 14):
        news.tell(at(minute))
    (notice,) = told.take()
    assert (notice.kind, notice.severity, notice.accounts) == ("stale", "critical", ())
    for minute in (14, 15):
        tell(yard, minute, told)
    assert kinds(told.take()) == ["fresh-again"]


def test_who_passed_within_the_hour_hears_of_an_incident_once() -> None:
    yard, told = started()
    for minutes, name, account, gate in (
        (1, "long-ago", ME, FAILING),
        (70, "orders", ME, FAILING),
        (71, "orders-2", ME, HOLDING),
        (72, "web", OTHER, FAILING),
        (72, "only-asked", OTHER, None),
    ):
        yard.now = at(minutes)
        yard.ask(deployment(name, account=account), gate)
    yard.now = at(73)
    yard.ask(Deployment(ME, "eu-west-1", "elsewhere", "Gate", "e-1"), FAILING)
    tell(yard, 75, told)
    assert told.take() == []
    yard.now = at(75.5)
    yard.incident()
    tell(yard, 76, told)
    heard = {notice.accounts: notice for notice in told.take()}
    assert set(heard) == {(ME,), (OTHER,)}
    assert {notice.kind for notice in heard.values()} == {"under-way"}
    mine = heard[ME,]
    assert "2 deployments passed the gate within the last hour" in mine.lines[0]
    assert {line for line in mine.lines if line.startswith("- ")} == {
        f"- {ME}/{REGION}/orders",
        f"- {ME}/{REGION}/orders-2",
    }
    tell(yard, 77, told)
    yard.incident("2")
    tell(yard, 78, told)
    assert told.take() == []


def test_an_account_that_refuses_the_resumer_is_told_once() -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    (waiting,) = yard.store.waiting.all(yard.now)
    yard.store.waiting.hold_until(waiting, at(60))
    for minute in (1, 2, 61):
        tell(yard, minute, told)
    heard = told.take()
    assert kinds(heard) == ["blocked", "resume-denied"]
    assert heard[1].accounts == (ME,)


def test_what_is_superseded_is_counted_as_ended() -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    tell(yard, 1, told)
    (waiting,) = yard.store.waiting.all(yard.now)
    yard.store.waiting.done(waiting, "skipped", "superseded", at(1.5))
    tell(yard, 2, told)
    _, ended = told.take()
    assert "0 deployments went on since the last message; 1 deployment will not" in ended.lines[0]


def test_what_is_allowed_warned_or_only_asked_about_is_no_news() -> None:
    yard, told = started(RULES | {"mode": "shadow"})
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    tell(yard, 1, told)
    assert told.take() == []


def test_more_than_a_minute_can_take_is_told_in_the_next() -> None:
    yard, told = started()
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    yard.now = at(1)
    News(yard.store, told, lambda: False).tell(yard.now)
    assert told.take() == []
    tell(yard, 2, told)
    assert kinds(told.take()) == ["blocked"]


def test_the_kept_state_stays_small() -> None:
    kept = Kept(until=at(0))
    for number in range(9000):
        name = "".join(chr(0x4E00 + (number * 7919 + place * 104_729) % 20_000) for place in range(100))
        cause = Cause(kind="event", name=f"arn:{number % 300}", region=REGION, service=name)
        run = Run(
            decision_id=f"d-{hashlib.sha256(name.encode()).hexdigest()[:32]}",
            account=f"{number:012d}",
            at=at(number / 1000),
            pipeline=name,
            region=REGION,
            stage="Gate",
            execution_id=hashlib.sha256(name.encode()).hexdigest()[:36],
            verdict="block",
            on_block="fail",
            cause=cause,
        )
        take_runs(kept, [run])
    assert len(packed(kept_json(kept))) == 1
    found = due(kept, lambda _cause: False, Resume(), at(10))
    assert len(found) == len(kept.causes) == 100
    assert all(len(json.dumps(publication(one.notice))) < 256 * 1024 for one in found)


def test_what_another_version_kept_is_begun_anew() -> None:
    yard, told = started()
    assert yard.store.digest.begin(at(1))
    yard.store.digest.keep({"until": "2026-03-02T12:00:00Z", "causes": "many"}, at(1))
    yard.now = at(1.5)
    yard.incident()
    yard.ask(deployment())
    tell(yard, 2, told)
    assert kinds(told.take()) == ["blocked"]


def test_long_ago_is_no_news() -> None:
    yard, told = started()
    yard.now = at(0.5)
    incident = yard.incident()
    yard.ask(deployment())
    yard.now = at(0.6)
    yard.over(incident)
    yard.now += timedelta(hours=3)
    tell(yard, 181, told)
    assert told.take() == []


def test_decisions_beyond_what_one_digest_looks_at_are_counted() -> None:
    yard, _ = started()
    for number in range(7):
        yard.now = at(0.1 * number)
        yard.ask(deployment(f"p-{number}"))
    runs, left_out = yard.store.runs(at(0), at(5), 3)
    assert ([run.pipeline for run in runs], left_out) == (["p-6", "p-5", "p-4"], 4)
    assert yard.store.runs(at(0.1), at(0.2), 10)[0][0].pipeline == "p-1"
