"""For everybody: by keyboard, with a screen reader, on a phone, in the dark, on paper; and large organizations."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import expect

from org_gate.report.html import html
from tests.browser.conftest import Open
from tests.browser.reports import empty, report


@pytest.mark.parametrize(
    ("at", "options"),
    [
        ("", {"color_scheme": "light"}),
        ("", {"color_scheme": "dark"}),
        ("#/?ou=Workloads", {"color_scheme": "dark"}),
        ("#/?event=1", {"color_scheme": "light"}),
        ("", {"viewport": {"width": 390, "height": 800}}),
    ],
)
def test_axe_finds_nothing_serious(open_report: Open, at: str, options: dict[str, Any]) -> None:
    # the checker makes markup of its own, which the page's policy forbids
    opened = open_report(report(), at=at, bypass_csp=True, **options)
    found = Axe().run(opened.page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []


def test_axe_finds_nothing_serious_in_an_empty_report(open_report: Open) -> None:
    opened = open_report(empty(), bypass_csp=True)
    assert [one["id"] for one in Axe().run(opened.page).response["violations"]] == []


def test_the_keyboard_goes_everywhere(open_report: Open) -> None:
    page = open_report(report()).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the report")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search everything")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#theme")).to_be_focused()
    page.locator("#table-open th button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#table-open th").first.get_attribute("aria-sort") == "ascending"
    expect(page.locator("#table-open th button").first).to_be_focused()
    page.locator("#table-open tbody a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#look-title")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_everything_has_a_name_and_a_place(open_report: Open) -> None:
    page = open_report(report()).page
    for landmark in ("banner", "main", "contentinfo", "search"):
        assert page.locator(f"css=html >> role={landmark}").count() == 1
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert all(page.eval_on_selector_all("svg.chart", "all => all.map((one) => one.getAttribute('aria-label'))"))


def test_the_theme_follows_the_machine_and_the_reader(open_report: Open) -> None:
    page = open_report(report(), color_scheme="dark").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.evaluate(ground) == dark
    page.locator("#theme").click()
    assert page.evaluate(ground) != dark
    expect(page.locator("#theme")).to_have_text("Theme: light")
    page.reload()
    expect(page.locator("#theme")).to_have_text("Theme: light")


@pytest.mark.parametrize("width", [360, 800])
def test_nothing_hangs_over_a_small_screen(open_report: Open, width: int) -> None:
    page = open_report(report(), viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_paper_shows_more_rows_and_no_controls(open_report: Open) -> None:
    opened = open_report(report())
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")
    assert len(opened.rows("accounts")) == 40
    expect(opened.page.locator("#table-timeline")).to_be_visible()
    expect(opened.page.locator("#everywhere")).to_be_hidden()
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(opened.rows("accounts")) == 25


def test_a_large_organization_answers_at_once(open_report: Open) -> None:
    """The page's own work, not the machine's speed: no table ever writes more than a page of rows."""
    large = report(accounts=10_000, events=5_000, decisions=4_500)
    assert len(html(large).encode()) < 10_000_000
    opened = open_report(large)
    assert opened.told("accounts") == "1–25 of 10,000 rows"
    assert opened.page.locator("tr").count() < 1_000
    opened.page.get_by_label("Search in Accounts").fill("team-9999")
    expect(opened.page.locator("#table-accounts .told")).to_have_text("1 (of 10,000) row")
    opened.page.evaluate("location.hash = '#/?ou=Workloads%2FProd'")
    expect(opened.page.locator("#look-title")).to_have_text("OU Workloads/Prod")
    assert opened.complaints == []
