"""Puts columns of text into the order of reading if the file has them line by line across the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.rows import (
    Cell,
    Gap,
    Row,
    is_prose,
    list_places,
    make_rows,
    narrow,
    replace_lines,
)
from rag.documents.formats.pdf.rules import Rules

# Fewer lines do not show that they are columns.
_FEWEST_ROWS = 4
# No page has more lines in a column.
_MOST_ROWS = 400
# At least this share of the lines has words in all columns, and as many have them in the order of the lines.
_LEAST_SHARE = 0.6
# Columns are at least this far apart, as a multiple of the size of the letters.
_GUTTER = 0.8


class _Band(NamedTuple):
    """Neighbouring rows of a page, and the gutters that go down all of them."""

    rows: list[Row]
    gutters: list[Gap]

    def find_column(self, cell: Cell) -> int:
        return sum(cell.left >= gap.middle for gap in self.gutters)

    def is_whole(self, row: Row) -> bool:
        """Return whether a row has words in all columns."""
        columns = set(map(self.find_column, row.cells))
        return len(columns) > len(self.gutters)

    def list_columns(self) -> list[list[Cell]]:
        """Return the lines of each column, each as one cell."""
        columns: list[list[Cell]] = [[] for _ in range(len(self.gutters) + 1)]
        for row in self.rows:
            before = None
            for cell in row.cells:
                column = self.find_column(cell)
                if column == before:
                    words = columns[column].pop()
                    cell = words._replace(text=f"{words.text} {cell.text}", right=cell.right)  # noqa: PLW2901
                columns[column].append(cell)
                before = column
        return columns


def order_columns(lines: list[Line], rules: Rules) -> list[Line]:
    """Return the lines of a page; columns of text that the file has line by line are one after the other."""
    if not _has_neighbours(lines):
        return lines
    replacements: dict[int, list[Line]] = {}
    for band in _find_bands(make_rows(lines)):
        if _is_text(band, rules):
            places = list_places(band.rows)
            replacements.update((place, []) for place in places)
            replacements[places[0]] = list(_read_columns(band, lines))
    return replace_lines(lines, replacements)


def _has_neighbours(lines: Sequence[Line]) -> bool:
    """Return whether a line has a wide gap, or the next line of the file at its right."""
    if any(line.words for line in lines):
        return True
    for line, following in pairwise(lines):
        is_level = abs(line.y - following.y) < line.size / 2
        if is_level and following.left > line.right:
            return True
    return False


def _find_bands(rows: Sequence[Row]) -> Iterator[_Band]:
    """Yield the groups of rows that share gutters."""
    place = 0
    while place < len(rows):
        band = _grow(rows[place : place + _MOST_ROWS])
        place += max(1, len(band.rows))
        while band.rows and len(band.rows[-1].cells) < 2:
            band.rows.pop()
        if len(band.rows) >= _FEWEST_ROWS:
            yield band


def _grow(rows: Sequence[Row]) -> _Band:
    """Return the first rows, as far as a gutter of the first goes down between their words; maybe none."""
    gutters = rows[0].find_gaps(_GUTTER)
    band: list[Row] = []
    for row in rows:
        remaining = narrow(gutters, row, _GUTTER)
        if not remaining:
            break
        gutters = remaining
        band.append(row)
    return _Band(band, gutters)


def _is_text(band: _Band, rules: Rules) -> bool:
    """Return whether all columns are text, the file has them line by line, and no lines divide them as in a table."""
    whole = [row for row in band.rows if band.is_whole(row)]
    by_lines = [row for row in whole if row.cells[-1].place - row.cells[0].place < len(row.cells)]
    if len(by_lines) < _LEAST_SHARE * len(band.rows):
        return False
    if rules.has_grid(band.gutters[0].middle, band.rows[0].y, band.rows[-1].y):
        return False
    return all(map(is_prose, band.list_columns()))


def _read_columns(band: _Band, lines: Sequence[Line]) -> Iterator[Line]:
    for column in band.list_columns():
        for cell in column:
            yield replace(lines[cell.place], text=cell.text, left=cell.left, right=cell.right, words=())
