"""Rows as people read them: columns of one width, the first to the left, numbers to the right."""

from collections.abc import Iterator, Sequence


def table(rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = "  ") -> Iterator[str]:
    """A line for each row; the first ``left`` columns begin to the left, the others end to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            f"{text:<{width}}" if column < left else f"{text:>{width}}"
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield (indent + "  ".join(cells)).rstrip()
