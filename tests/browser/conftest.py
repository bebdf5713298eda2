"""One browser for all tests of a worker; a fresh page for each, that remembers what it should never have done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from org_gate.report.html import html
from org_gate.report.model import Report
from tests.browser.chromium import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no browser: install Debian's chromium to run the tests in tests/browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


_SETTLED = """() => new Promise((done) => {
  const { dataset, classList } = document.documentElement;
  const look = () => {
    const there = dataset.at === location.hash && dataset.busy === undefined;
    if (there || !classList.contains("alive")) done();
    else setTimeout(look, 10);
  };
  setTimeout(look, 50);
})"""
"""The page shows the address it is at, and all that was typed: both happen a moment after the click or key."""


@dataclass
class Opened:
    """An open report."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """What stood on the console, and errors nobody caught."""
    requests: list[str] = field(default_factory=list)
    """Everything that was asked for, the file itself first."""

    def settle(self) -> None:
        self.page.evaluate(_SETTLED)

    def rows(self, table: str) -> list[str]:
        self.settle()
        return self.page.locator(f"#table-{table} tbody tr").all_inner_texts()

    def column(self, table: str, label: str) -> list[str]:
        self.settle()
        return self.page.locator(f'#table-{table} tbody td[data-label="{label}"]').all_inner_texts()

    def told(self, table: str) -> str:
        self.settle()
        return self.page.locator(f"#table-{table} .told").inner_text()


Open = Callable[..., Opened]


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    contexts: list[BrowserContext] = []

    def opened(report: Report, *, at: str = "", **options: Any) -> Opened:
        file = tmp_path / f"report-{len(contexts)}.html"
        file.write_text(html(report), encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1300, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        made = Opened(page)
        page.on("console", lambda message: made.complaints.append(message.text))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("request", lambda request: made.requests.append(request.url))
        page.goto(f"{file.as_uri()}{at}")
        return made

    yield opened
    for context in contexts:
        context.close()
