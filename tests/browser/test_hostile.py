"""Texts of strangers: a megabyte of them in every field runs nothing, asks for nothing and breaks nothing."""

from typing import Final

from playwright.sync_api import expect

from org_gate.report.html import html
from tests.browser.conftest import Open
from tests.browser.reports import poisoned, report

_ATTACKS: Final = (
    "</script><script>window.hit=1</script>", "<!--<script>", "]]>", "<img src=x onerror=window.hit=1>",
    "\"'><svg onload=window.hit=1>", "javascript:window.hit=1", "{{ 7*7 }}{% raw %}", "</style><style>*{display:none}",
    "</title></textarea></noscript>", "\u2028window.hit=1\u2029", "&lt;b&gt;", "%3Cb%3E", "\u202egnp.exe\u2066",
    "\x00\x07\x1b[31m", "\ud800", "../?ou=&table=decisions#", "__proto__", "constructor",
)  # fmt: skip
_MEGABYTE: Final = 1_000_000
_HARMLESS: Final = """() => ({
    hit: window.hit === undefined,
    scripts: document.scripts.length,
    strangers: document.querySelectorAll("img, iframe, object, embed, form, link, base, audio, video").length,
    handlers: [...document.querySelectorAll("*")].flatMap((one) => one.getAttributeNames())
        .filter((name) => name.startsWith("on")).length,
    links: [...document.querySelectorAll("a")].filter((one) => !one.getAttribute("href").startsWith("#")).length,
    wide: document.documentElement.scrollWidth - innerWidth,
})"""


def test_a_megabyte_in_every_field_does_nothing(open_report: Open) -> None:
    for attack in (("".join(_ATTACKS) * _MEGABYTE)[:_MEGABYTE], "A" * _MEGABYTE):
        hostile = poisoned(report(), attack)
        assert len(html(hostile).encode()) < 10_000_000
        opened = open_report(hostile)
        _is_harmless(opened.page.evaluate(_HARMLESS))
        for where in ("#/?event=1", "#/?ou=", "#/?table=decisions&outcome=blocked"):
            opened.page.evaluate("(where) => { location.hash = where; }", where)
        opened.page.get_by_label("Search everything").fill("script")
        _is_harmless(opened.page.evaluate(_HARMLESS))
        assert opened.complaints == []
        assert len(opened.requests) == 1


def test_each_attack_alone_is_read_as_text_and_can_be_followed(open_report: Open) -> None:
    for attack in _ATTACKS:
        opened = open_report(poisoned(report(accounts=3, events=4, decisions=8), attack))
        opened.page.locator("#table-accounts tbody a").first.click()
        expect(opened.page.locator("#look-title")).to_contain_text("Account ")
        _is_harmless(opened.page.evaluate(_HARMLESS))
        assert opened.complaints == [], attack
    opened = open_report(poisoned(report(accounts=3, events=4, decisions=8), "<b>bold</b>"))
    assert "<b>bold</b>" in opened.rows("overrides")[0]


def test_an_address_somebody_made_up_does_no_harm(open_report: Open) -> None:
    for at in (
        "#/?event=NaN",
        "#/?event=99999",
        "#/?account=<b>",
        "#/?table=__proto__",
        "#/?%%%",
        "#/?ou=none&table=x",
    ):
        opened = open_report(report(), at=at)
        _is_harmless(opened.page.evaluate(_HARMLESS))
        assert opened.complaints == [], at


def _is_harmless(seen: dict[str, object]) -> None:
    wide = seen.pop("wide")
    assert seen == {"hit": True, "scripts": 2, "strangers": 0, "handlers": 0, "links": 0}
    assert isinstance(wide, int)
    assert wide <= 0
