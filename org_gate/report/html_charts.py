"""The charts: pygal draws them when the report is made; only plain shapes and texts of its drawing get into the page.

pygal's own style sheet, script, comments and ``style`` attributes would need a weaker content security policy and
would tell the page's colours twice. So the drawing is copied element by element against a list of what is allowed;
colours come from the page's style sheet through pygal's class names (``color-0`` …). A chart never stands alone: the
page has a table with the same numbers beside it, whose numbers lead where the bars lead.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

import pygal  # type: ignore[import-untyped]  # it ships no types
from pygal.style import Style  # type: ignore[import-untyped]

from org_gate.report.html_text import number, plain

# pygal leaves a finder behind for its map plugins, in a form that Python no longer asks (no find_spec): on 3.11 each
# import that finds nothing would then warn, and tools that ask every finder would fail. We draw no maps.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_SVG: Final = "{http://www.w3.org/2000/svg}"
_ELEMENTS: Final = frozenset({"g", "rect", "path", "text"})
_ATTRIBUTES: Final = frozenset({"class", "x", "y", "width", "height", "d", "transform", "viewBox", "rx", "ry"})
_UNSEEN: Final = frozenset({"titles", "overlay", "text-overlay", "tooltip-overlay"})
_WIDTH: Final = 640
_HEIGHT: Final = 200
_MOST_LABELS: Final = 5


@dataclass(frozen=True)
class Series:
    """One colour of a chart. ``tone`` names the colour in the style sheet; it is never data."""

    label: str
    tone: str
    values: tuple[int, ...]


def stacked(title: str, labels: Sequence[str], series: Sequence[Series], links: Sequence[str]) -> str:
    """A stacked bar chart as SVG markup: one bar for each label, which leads to its link within the page."""
    chart = pygal.StackedBar(
        css=[], js=[], no_prefix=True, explicit_size=False, show_legend=False, disable_xml_declaration=True,
        width=_WIDTH, height=_HEIGHT, margin=4, margin_bottom=6, spacing=4, max_scale=5, order_min=0,
        x_labels_major=_some(labels), show_minor_x_labels=False, truncate_label=-1, rounded_bars=1,
        style=Style(label_font_size=12, major_label_font_size=12),
    )  # fmt: skip
    chart.x_labels = list(labels)
    for one in series:
        chart.add(one.label, list(one.values))
    root = Element("svg", {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "class": "chart", "role": "img"})
    root.set("aria-label", plain(title))
    _Copy(labels, links, {f"serie-{place}": one for place, one in enumerate(series)}).into(root, chart.render_tree())
    return tostring(root, encoding="unicode")


def _some(labels: Sequence[str]) -> list[str]:
    """The labels that are written below the bars: few enough to be read."""
    step = -(-len(labels) // _MOST_LABELS) or 1
    return list(labels)[::step]


@dataclass(frozen=True)
class _Copy:
    """Copies what is allowed of a drawing, and says of each bar what it shows and where it leads."""

    labels: Sequence[str]
    links: Sequence[str]
    series: Mapping[str, Series]

    def into(self, target: Element, source: Any, of: Series | None = None) -> None:
        """Copy what is below ``source``; ``of`` is the series that it belongs to."""
        bar = 0
        for child in source:
            name = child.tag.removeprefix(_SVG) if isinstance(child.tag, str) else ""
            words = (child.get("class") or "").split(" ")
            if name not in _ELEMENTS or _UNSEEN.intersection(words):
                continue
            mine = next((self.series[word] for word in words if word in self.series), of)
            copied = SubElement(target, name, {key: value for key, value in child.attrib.items() if key in _ATTRIBUTES})
            copied.text = plain(child.text) if name == "text" and child.text else None
            if mine and "series" in words:
                copied.set("class", f"series tone-{mine.tone}")
            if mine and "bar" in words:
                self._say(copied, mine, bar)
                bar += 1
            self.into(copied, child, mine)

    def _say(self, bar: Element, series: Series, place: int) -> None:
        bar.set("data-lead", self.links[place])
        SubElement(bar, "title").text = f"{self.labels[place]}: {series.label} {number(series.values[place])}"
