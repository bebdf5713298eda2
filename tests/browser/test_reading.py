"""Reading the report in a real browser: quiet, offline, searched, filtered, sorted, followed down to an event."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from org_gate.report.model import Report
from tests.browser.conftest import Open
from tests.browser.reports import empty, report


def _no_coverage() -> Report:
    return report().model_copy(update={"coverage": None})


@pytest.mark.parametrize("make", [report, empty, _no_coverage])
def test_opens_without_a_word_and_without_a_request(open_report: Open, make: Callable[[], Report]) -> None:
    opened = open_report(make())
    expect(opened.page.locator("html")).to_have_class("alive")
    opened.page.mouse.wheel(0, 5000)
    assert opened.complaints == []
    assert [url.rsplit("/", 1)[1] for url in opened.requests] == ["report-0.html"]


def test_the_policy_in_the_page_lets_nothing_out_and_no_markup_in(open_report: Open) -> None:
    page = open_report(report()).page
    tried = page.evaluate(
        """async () => {
            const said = async (call) => { try { await call(); return "done"; } catch (error) { return error.name; } };
            return [
                await said(() => fetch("https://example.invalid/")),
                await said(() => { document.body.innerHTML = "<b>x</b>"; }),
                await said(() => { const made = document.createElement("script"); made.text = "1"; }),
            ];
        }"""
    )
    assert tried == ["TypeError", "TypeError", "TypeError"]


def test_what_stands_in_the_file_is_what_the_script_writes(open_report: Open) -> None:
    """So that a reader without scripts, and paper, say the same."""
    plain = open_report(report(), java_script_enabled=False)
    alive = open_report(report())
    expect(alive.page.locator("html")).to_have_class("alive")
    names = alive.page.eval_on_selector_all("[data-table]", "all => all.map((one) => one.dataset.table)")
    for name in names:
        texts = f"#table-{name} tbody td"
        written = plain.page.locator(texts).all_text_contents()
        scripted = alive.page.locator(texts).all_text_contents()[: len(written)]
        assert [" ".join(text.split()) for text in written] == [" ".join(text.split()) for text in scripted], name
    assert plain.page.get_by_text("No script runs here").is_visible()


def test_searching_everything_and_in_one_table(open_report: Open) -> None:
    opened = open_report(report())
    search = opened.page.get_by_label("Search everything")
    search.fill("team-17")
    expect(opened.page.locator("#found")).to_contain_text("rows in")
    assert opened.column("accounts", "Account") == ["111000134623\nteam-17"]
    expect(opened.page.locator("#table-rules")).to_be_hidden()
    search.fill("no such word anywhere")
    expect(opened.page.locator("#found")).to_contain_text("Nothing fits")
    search.fill("")
    expect(opened.page.locator("#table-rules")).to_be_visible()
    opened.page.get_by_label("Search in Decisions, one by one").fill("block number 255.")
    expect(opened.page.locator("#table-decisions .told")).to_have_text("1 (of 300) row · 17 more in the CSV and JSON")


def test_filters_join_and_can_be_taken_away(open_report: Open) -> None:
    opened = open_report(report())
    table = opened.page.locator("#table-decisions")
    table.get_by_label("Outcome").select_option("blocked")
    table.get_by_label("Services").select_option("RDS")
    assert set(opened.column("decisions", "Services")) == {"RDS"}
    assert all("blocked" in text for text in opened.column("decisions", "Outcome"))
    both = opened.told("decisions")
    table.get_by_label("Services").select_option("")
    assert opened.told("decisions") == "1–25 of 75 (of 300) rows · 17 more in the CSV and JSON" != both


def test_sorting_tells_what_it_does(open_report: Open) -> None:
    opened = open_report(report())
    heading = opened.page.locator("#table-accounts th", has_text="Blocked")
    before = opened.column("accounts", "Account")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    counts = [int(text) for text in opened.column("accounts", "Blocked")]
    assert counts == sorted(counts, reverse=True)
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") is None
    assert opened.column("accounts", "Account") == before


def test_pages_turn(open_report: Open) -> None:
    opened = open_report(report())
    table = opened.page.locator("#table-accounts")
    table.get_by_role("button", name="Next").click()
    assert opened.told("accounts") == "26–40 of 40 rows"
    assert table.get_by_role("button", name="Next").is_disabled()
    table.get_by_role("button", name="Previous").click()
    assert opened.told("accounts") == "1–25 of 40 rows"


def test_from_the_organization_down_to_an_event_and_back(open_report: Open) -> None:
    opened = open_report(report())
    page, title = opened.page, opened.page.locator("#look-title")
    page.get_by_role("link", name="start at the top").click()
    expect(title).to_have_text("The whole organization")
    page.locator("#look").get_by_role("link", name="Workloads", exact=True).click()
    expect(title).to_have_text("OU Workloads")
    assert set(opened.column("ous", "OU")) == {"Workloads", "Workloads/Dev", "Workloads/Prod"}
    page.locator("#look").get_by_role("link", name="Workloads/Prod").click()
    assert set(opened.column("accounts", "OU")) == {"Workloads/Prod"}
    account = opened.column("accounts", "Account")[0].split("\n")[0].split(" ")[0]
    page.locator("#look").get_by_role("link", name=account).click()
    expect(title).to_contain_text(f"Account {account}")
    crumbs = page.locator(".crumbs li").all_inner_texts()
    assert crumbs == ["Organization", "Workloads", "Prod", account]
    assert {text.split("\n")[0] for text in opened.column("decisions", "Asked by")} <= {account, f"{account} "}
    page.locator("#look .next a").first.click()
    expect(title).to_contain_text("Event:")
    expect(page.locator("#look")).to_contain_text("We are investigating increased error rates.")
    page.go_back()
    expect(title).to_contain_text(f"Account {account}")
    page.get_by_role("link", name="Back to everything").click()
    expect(page.locator("#look")).to_be_hidden()
    assert opened.told("accounts") == "1–25 of 40 rows"
    assert opened.complaints == []


def test_numbers_lead_to_their_rows(open_report: Open) -> None:
    opened = open_report(report())
    opened.page.locator("#decisions .figure a", has_text="held").click()
    assert all("held" in text for text in opened.column("decisions", "Outcome"))
    assert opened.told("decisions").startswith("1–25 of 38 ")
    row = opened.page.locator("#table-accounts tbody tr").first
    account = row.locator('[data-label="Account"] a').inner_text()
    blocked = row.locator('[data-label="Blocked"]').inner_text()
    row.locator('[data-label="Blocked"] a').click()
    expect(opened.page.locator("#look-title")).to_contain_text(account)
    assert opened.told("decisions").split(" ")[0] == blocked


def test_a_bar_leads_to_its_day(open_report: Open) -> None:
    opened = open_report(report())
    opened.page.locator(".chart .tone-blocked .bar").first.click()
    expect(opened.page.locator("#table-decisions .chip")).to_contain_text("2026-03-01T00:00:00Z")
    assert {text[:10] for text in opened.column("decisions", "At")} == {"2026-03-01"}
    opened.page.get_by_role("button", name="Remove the filter At").click()
    assert opened.told("decisions").startswith("1–25 of 300 ")


def test_the_heat_map_and_the_calendar_lead_to_rows(open_report: Open) -> None:
    opened = open_report(report())
    cell = opened.page.locator(".heat td a").first
    count = cell.inner_text()
    cell.click()
    assert opened.told("events").split(" ")[0] == count
    opened.page.locator(".month a").first.click()
    assert opened.column("coming", "Deadline") == ["2026-03-31 04:00"]


def test_nothing_to_see_is_said_kindly(open_report: Open) -> None:
    page = open_report(empty()).page
    for text in (
        "No deployment asked for a decision in this time. Once a pipeline has its gate",
        "AWS Health was never read completely",
        "AWS Health told of no event in this time.",
        "Coverage was not read for this report.",
        "No policy was published yet",
    ):
        assert page.get_by_text(text).first.is_visible()
