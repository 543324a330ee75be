"""Puts columns of text into the order of reading if the file has them line by line across the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from rag.documents.formats.pdf.bands import Band
from rag.documents.formats.pdf.page_rows import FEWEST_LINES, PageRow, grow, is_prose, make_rows, replace_rows
from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.rules import Rules

# At least 60 % of the lines have words in all columns, and the file has these lines one after the other.
_LEAST_SHARE = 0.6
# Columns are at least this far apart, as a multiple of the size of the letters.
_GUTTER = 0.8


def order_columns(lines: Sequence[Line], rules: Rules) -> list[Line]:
    """Return the lines of a page, and read columns one by one whose lines are mixed in the file."""
    bands = _find_bands(make_rows(lines))
    texts = [band for band in bands if _is_text(band, rules)]
    return replace_rows(lines, [(band.rows, list(_read_columns(band, lines))) for band in texts])


def _find_bands(rows: Sequence[PageRow]) -> Iterator[Band]:
    """Yield the groups of neighbouring rows that share gutters."""
    place = 0
    while place < len(rows):
        steps = list(grow(rows, place, _GUTTER))
        place += max(1, len(steps))
        while steps and len(steps[-1][0].cells) < 2:
            steps.pop()
        if len(steps) >= FEWEST_LINES:
            _, gutters = steps[-1]
            yield Band([row for row, _ in steps], [gap.middle for gap in gutters])


def _is_text(band: Band, rules: Rules) -> bool:
    """Return whether all columns are text, the file has them line by line, and no lines divide them as in a table."""
    whole_rows = [row for row in band.rows if len(band.get_columns(row)) > len(band.borders)]
    count = sum(row.cells[-1].place - row.cells[0].place < len(row.cells) for row in whole_rows)
    are_by_lines = count >= _LEAST_SHARE * len(band.rows)
    return are_by_lines and not band.has_grid(rules) and all(map(is_prose, band.list_columns()))


def _read_columns(band: Band, lines: Sequence[Line]) -> Iterator[Line]:
    for cell in chain.from_iterable(band.list_columns()):
        yield replace(lines[cell.place], text=cell.text, left=cell.left, right=cell.right, words=())
