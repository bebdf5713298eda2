"""The committed page is what the records say; alarms ring as CloudWatch has it."""

from pathlib import Path

from tests.faults.alarms import TEMPLATE, Metric, Metrics, alarms, ringing
from tests.faults.document import page
from tests.faults.playing import defined
from tests.faults.table import BY_ID, RECORDS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/reliability.md"
AGE = Metric("OrgGate", "KnowledgeAgeSeconds", frozenset({("service", "collector")}))


def test_the_committed_page_is_fresh() -> None:
    """Mend: python -m tests.faults.document docs/reliability.md"""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_records_are_told_apart_and_say_why_nothing_rings() -> None:
    assert len(BY_ID) == len(RECORDS)
    for record in RECORDS:
        assert bool(record.alarms) != bool(record.silent), record.id


def test_every_alarm_that_is_named_is_one_of_a_cell() -> None:
    named = {name for record in RECORDS for name in record.alarms}
    assert named <= defined()


def test_alarms_ring_by_their_own_definition() -> None:
    known = {alarm.name: alarm for alarm in alarms(TEMPLATE.read_text(encoding="utf-8"))}
    age, fails = known["org-gate-knowledge-too-old"], known["org-gate-collector-fails"]
    metrics = Metrics()
    for minute, value in enumerate((10, 301, 301, 300, 301, 301, 301, 10)):
        metrics.add(AGE, minute, value)
    assert age.rings_at(metrics, range(8)) == 7, "three in a row, at the end of the third"
    assert age.rings_at(metrics, range(6)) is None
    assert age.rings_at(Metrics(), range(8)) == 3, "what is missing counts as breaching"
    assert fails.rings_at(Metrics(), range(8)) is None, "here it does not"
    for minute in (1, 3, 5):
        metrics.add(fails.metric, minute, 1)
    assert fails.rings_at(metrics, range(8)) == 6, "three of five"
    assert fails.rings_at(metrics, range(5)) is None
    assert ringing([age, fails], metrics, range(8)) == {age.name: 7, fails.name: 6}
