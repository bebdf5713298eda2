"""What strangers wrote, made harmless as plain text: on one line, of a bounded length, no formula in a spreadsheet.

How a rendering escapes its own marks (HTML, Markdown) is that rendering's business.
"""

import unicodedata
from typing import Final

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that some spreadsheet takes for a formula, in full width too; control characters are not
left in any cell."""
_CUT: Final = "… (cut)"


def one_line(text: object) -> str:
    """The text with control and direction characters shown as escapes."""
    written = str(text)
    if written.isascii() and written.isprintable():
        return written
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in _UNSAFE else letter
        for letter in written
    )


def cell(text: str) -> str:
    """As text on one line: a spreadsheet would run what looks like a formula."""
    line = one_line(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line


def count(number: int, noun: str) -> str:
    """In words: ``1 event``, ``2 events``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def cut(text: str, longest: int) -> str:
    """Its beginning, where it is longer than so many characters."""
    return text if len(text) <= longest else text[: max(0, longest - len(_CUT))] + _CUT


def cut_if_any(text: str | None, longest: int) -> str | None:
    return None if text is None else cut(text, longest)
