"""The page without a browser: its policy, its size, its texts, its agreement with the report."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from org_gate.report.html import html
from tests.browser.reports import empty, poisoned, report


def _element(page: str, opening: str, closing: str) -> str:
    return page.split(opening, 1)[1].split(closing, 1)[0]


def _data(page: str) -> dict[str, Any]:
    return dict(json.loads(_element(page, '<script type="application/json" id="data">', "</script>")))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_the_policy_names_the_one_script_and_the_one_style_sheet() -> None:
    page = html(report())
    policy = _element(page, 'http-equiv="Content-Security-Policy" content="', '"').replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert _digest(_element(page, "<style>", "</style>")) in policy
    assert _digest(_element(page, "<script>", "</script>")) in policy
    assert "unsafe" not in policy
    assert page.count("<script") == 2
    assert page.count("<style") == 1


def test_it_names_no_address_anywhere() -> None:
    page = html(report())
    assert re.findall(r"""(?:src|href|action)=["'](?!#)[^"']*""", page) == []
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_the_same_report_gives_the_same_page() -> None:
    assert html(report()) == html(report())


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("accounts", lambda one: one.decisions.accounts),
        ("ous", lambda one: one.decisions.ous),
        ("pipelines", lambda one: one.decisions.pipelines),
        ("decisions", lambda one: one.decisions.rows),
        ("by_rule", lambda one: one.decisions.rules),
        ("events", lambda one: one.events.rows),
        ("resources", lambda one: one.events.resource_rows),
        ("coming", lambda one: one.coming),
        ("overrides", lambda one: one.exceptions.overrides),
        ("drills", lambda one: one.exceptions.drills),
        ("gaps", lambda one: one.coverage.gaps),
        ("rules", lambda one: one.policy.rules),
        ("waiting", lambda one: one.now.waiting),
    ],
)
def test_every_row_of_the_report_is_in_the_page(table: str, rows: Any) -> None:
    made = report()
    shown = _data(html(made))["tables"][table]
    assert len(shown["rows"]) == len(rows(made).rows)
    assert shown["omitted"] == rows(made).rows_omitted
    assert all(len(row) == len(shown["columns"]) for row in shown["rows"])


def test_counts_are_those_of_the_report() -> None:
    made = report()
    page = html(made)
    total = made.decisions.total
    for word in ("allowed", "warned", "blocked", "held", "resumed"):
        assert f"<strong>{getattr(total, word):,}</strong> <span>{word}</span>" in page
    shown = _data(page)["tables"]["accounts"]
    place = [column["key"] for column in shown["columns"]].index("blocked")
    assert [row[place] for row in shown["rows"]] == [row.outcomes.blocked for row in made.decisions.accounts.rows]


def test_each_count_of_an_outcome_has_as_many_rows_to_lead_to() -> None:
    made = report()
    shown = _data(html(made))["tables"]["decisions"]
    words = [word for row in shown["rows"] for word in row[1]]
    for word in ("allowed", "warned", "blocked", "held", "resumed", "shadow", "overridden", "exempt", "stale"):
        assert words.count(word) == getattr(made.decisions.total, word), word


def test_a_budget_takes_rows_from_the_largest_tables_and_tells() -> None:
    made = report(accounts=200, decisions=2000)
    page = html(made, budget=200_000)
    tables = _data(page)["tables"]
    assert len(_element(page, '<script type="application/json" id="data">', "</script>")) < 230_000
    assert tables["decisions"]["omitted"] + len(tables["decisions"]["rows"]) == 2017
    assert 0 < len(tables["decisions"]["rows"]) < 2000
    assert (len(tables["rules"]["rows"]), tables["rules"]["omitted"]) == (2, 0)


@pytest.mark.parametrize("text", ["<" * 1_000_000, "\u2028" * 1_000_000, "\ud800\x00\u202e" * 300_000, "&" * 1_000_000])
def test_strangers_make_the_page_neither_large_nor_unreadable(text: str) -> None:
    page = html(poisoned(report(accounts=2000, events=1000, decisions=2000), text))
    assert len(page.encode("utf-8")) < 10_000_000
    data = _element(page, '<script type="application/json" id="data">', "</script>")
    assert not re.search("[<>&\u2028\u2029\u202e\x00]", data)


def test_an_empty_report_says_so() -> None:
    page = html(empty())
    assert "Once a pipeline has its gate, each of its runs is counted here." in page
    assert "so this does not mean that nothing is open" in page
    assert "<svg" not in page


def test_texts_of_strangers_stand_escaped_in_the_markup() -> None:
    page = html(poisoned(report(), "<b title='x'>{{ 7 * 7 }}</b>"))
    assert "<b title" not in page
    assert "&lt;b title=&#39;x&#39;&gt;{{ 7 * 7 }}&lt;/b&gt;" in page


def test_a_scope_is_told() -> None:
    made = report()
    scope = made.meta.scope.model_copy(update={"ou": "Workloads/Prod"})
    limited = made.model_copy(update={"meta": made.meta.model_copy(update={"scope": scope})})
    assert "OU Workloads/Prod" in html(limited)
