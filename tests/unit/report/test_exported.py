"""Exports are read back as they were written; a wrong line is told with its place and what is expected of it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from org_gate.central.records import knowledge_of, now_of, request_of
from org_gate.model.decision import Verdict
from org_gate.policy.document import DocumentError
from org_gate.report.exported import MAX_PROBLEMS, read_export, recorded_of
from tests.unit.decision.builders import NOW, PROD, event, override
from tests.unit.report.records import record

RECORD = record(
    NOW,
    event(accounts=frozenset({PROD}), scope="ACCOUNT_SPECIFIC", entities={PROD: ("i-1",)}, text_zones=("use1-az4",)),
    overrides=[override(accounts=(PROD,), events=("freeze:x",))],
)


def line(kind: str = "decision", **fields: Any) -> bytes:
    return json.dumps({"kind": kind, **(RECORD if kind == "decision" else {}), **fields}).encode()


def problems(*lines: bytes) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_export(lines, "past.jsonl")
    return [str(problem) for problem in caught.value.problems]


def test_a_record_is_read_as_central_reads_it() -> None:
    found = recorded_of(json.loads(json.dumps(RECORD)))
    assert found.request == request_of(RECORD)
    assert found.knowledge == knowledge_of(RECORD)
    assert (found.at, found.verdict, found.would_be) == (now_of(RECORD), Verdict.BLOCK, Verdict.BLOCK)


def test_lines_of_both_kinds_and_empty_ones() -> None:
    facts = {"arn": "arn:x", "region": "us-east-1", "last_updated": "2026-03-02T12:00:00Z", "service": "RDS", "new": 1}
    events, decisions = read_export([b"\n", line("event", **facts), b"  \n", line()], "past.jsonl")
    assert [(one.arn, one.service, one.last_updated) for one in events] == [("arn:x", "RDS", NOW)]
    assert [one.decision_id for one in decisions] == [RECORD["decision_id"]]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b'{"kind": "decision", ', "past.jsonl:2:22: line: found no JSON"),
        (b"\xff\xfe", "past.jsonl:2:1: line: found bytes that are not UTF-8; expected a JSON object in one line"),
        (b"[1]", "past.jsonl:2:1: kind: found a line without a kind; expected kind 'event' or 'decision'"),
        (b'"x"', "found a line without a kind"),
        (b"{}", "found a line without a kind"),
        (b'{"kind": "policy"}', "found another kind of line; expected kind 'event' or 'decision'"),
        (b'{"kind": "decision", "at": NaN}', "found JSON that cannot be read (NaN is no JSON)"),
        (b"[" * 100_000, "found JSON that cannot be read"),
        (b"9" * 5_000, "found JSON that cannot be read"),
        (line(at="2026-03-02T12:00:00"), "at: found '2026-03-02T12:00:00'; expected a time with an offset"),
        (line(caller="12"), "caller: found '12'; expected an account id of 12 digits"),
        (line(decision={}), "decision.verdict: found nothing; expected a value: this field is required"),
        (
            line(overrides=[{}]),
            "overrides[0]: found an empty mapping; expected an override as the decision API shows it",
        ),
        (line(overrides=["x"]), "expected an override as the decision API shows it"),
        (line(request={"targets": []}), "request.targets: found an empty list; expected at least one entry"),
        (line(events=[{"arn": "a"}]), "events[0].region: found nothing"),
        (line("event", arn="a", region="r", last_updated=7), "last_updated: found 7; expected a time with an offset"),
        (line("event", arn="", region="r"), "arn: found ''"),
    ],
)
def test_a_bad_line_is_told_with_its_place_and_its_mend(bad: bytes, told: str) -> None:
    found = problems(line(), bad)
    assert any(told in problem for problem in found), found
    assert all(problem.startswith("past.jsonl:2:") for problem in found)


def test_all_problems_are_told_but_not_without_end() -> None:
    assert len(problems(line(at=1), b"{}", line(at=2))) == 3
    assert len(problems(*[b"{}"] * 1000)) == MAX_PROBLEMS


def test_a_record_of_another_form_is_refused() -> None:
    with pytest.raises(ValidationError):
        recorded_of({"decision_id": "d-1"})
    with pytest.raises(ValidationError):
        recorded_of(None)
