"""Puts columns of text into the order of reading if the file has them line by line across the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.rows import (
    Cell,
    Gap,
    Row,
    grow,
    is_prose,
    list_places,
    make_rows,
    replace_lines,
)
from rag.documents.formats.pdf.rules import Rules

# Fewer lines do not show that they are columns.
_FEWEST_ROWS = 4
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
    replacements: dict[int, list[Line]] = {}
    for band in _find_bands(make_rows(lines)):
        if _is_text(band, rules):
            places = list_places(band.rows)
            replacements.update((place, []) for place in places)
            replacements[places[0]] = list(_read_columns(band, lines))
    return replace_lines(lines, replacements)


def _find_bands(rows: Sequence[Row]) -> Iterator[_Band]:
    """Yield the groups of rows that share gutters."""
    place = 0
    while place < len(rows):
        steps = list(grow(rows, place, _GUTTER))
        place += max(1, len(steps))
        while steps and len(steps[-1][0].cells) < 2:
            steps.pop()
        if len(steps) >= _FEWEST_ROWS:
            yield _Band([row for row, _ in steps], steps[-1][1])


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
