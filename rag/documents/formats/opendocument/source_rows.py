"""Finds the rows and cells of an OpenDocument table that readers see; cells and rows may stand for many."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lxml.etree import _Element

from rag.documents.formats.opendocument.lists import read_number
from rag.documents.formats.opendocument.names import TABLE
from rag.documents.formats.opendocument.styles import Styles
from rag.documents.formats.rows import MOST_COLUMNS_SPANNED, Cell

COVERED = f"{TABLE}covered-table-cell"
_CELLS = (f"{TABLE}table-cell", COVERED)
_ROW, _COLUMN = f"{TABLE}table-row", f"{TABLE}table-column"
_OUTLINES = (f"{TABLE}table-row-group", f"{TABLE}table-column-group")
_HEADERS = f"{TABLE}table-header-rows"
_GROUPS = frozenset((
    *_OUTLINES, _HEADERS, f"{TABLE}table-rows", f"{TABLE}table-columns", f"{TABLE}table-header-columns",
))  # fmt: skip
# LibreOffice has no more columns.
_MOST_COLUMNS = 16_384
# One cell or row can say that it is repeated a billion times. More copies than this say nothing new.
_MOST_COPIES = 100
# Covered cells are added to tables of at most this size.
_MOST_CELLS_COVERED = 100_000


class Place(NamedTuple):
    """An element of a row, the visible columns that it fills, and how many more its cell covers on the right.

    `is_continued` means that the cell is covered by one in a row above.
    """

    element: _Element
    columns: int
    covered: int = 0
    is_continued: bool = False


class SourceRow(NamedTuple):
    """A row: its visible elements, how often it is repeated, and whether it is in the table's header."""

    places: list[Place]
    copies: int
    is_header: bool

    def make_cells(self, texts: Iterable[str]) -> list[Cell]:
        """Return the cells with these texts, without empty ones at the end."""
        cells: list[Cell] = []
        for place, text in zip(self.places, texts, strict=True):
            if place.covered or not (text or place.is_continued):
                cells.append(Cell(text, place.columns + place.covered))
                continue
            copies = min(place.columns, _MOST_COPIES)
            cells += [Cell(text, is_continued=place.is_continued)] * copies
            if copies < place.columns:
                cells.append(Cell("", place.columns - copies))
        while cells and cells[-1].text == "" and not cells[-1].is_continued:
            cells.pop()
        return cells


def add_covered_cells(table: _Element) -> None:
    """Insert the cells that other cells cover into a table without any: pandoc leaves them out.

    A very large table stays as it is.
    """
    rows = [member.element for member in _list_members(table, _ROW)]
    if any(row.find(COVERED) is not None for row in rows):
        return
    width = max((sum(map(_read_width, row)) for row in rows), default=0)
    if width * len(rows) > _MOST_CELLS_COVERED:
        return
    rows_left = [0] * width
    for row in rows:
        _cover(row, rows_left)


def _cover(row: _Element, rows_left: list[int]) -> None:
    """Insert the covered cells of a row; `rows_left` has the number of rows that are left to cover in each column."""
    cells = iter(list(row))
    elements: list[_Element] = []
    for column in range(len(rows_left)):
        if rows_left[column] > 0:
            elements.append(row.makeelement(COVERED))
        else:
            cell = next(cells, None)
            if cell is None:
                break
            elements.append(cell)
            height = max(1, read_number(cell, f"{TABLE}number-rows-spanned"))
            for place in range(column, min(column + _read_width(cell), len(rows_left))):
                rows_left[place] = height
        rows_left[column] -= 1
    row[:] = [*elements, *cells]


def _read_width(cell: _Element) -> int:
    """Return the number of columns that a cell spans."""
    return max(1, min(read_number(cell, f"{TABLE}number-columns-spanned"), MOST_COLUMNS_SPANNED))


class _Member(NamedTuple):
    """A row or column, and the groups around it: an outline can be opened by readers."""

    element: _Element
    is_outlined: bool = False
    is_header: bool = False

    def is_hidden(self) -> bool:
        """Return whether readers cannot see it."""
        return self.element.get(f"{TABLE}visibility") == "collapse" and not self.is_outlined


class SourceTable:
    """A table of a text, a slide or a workbook."""

    def __init__(self, element: _Element, styles: Styles) -> None:
        self._element = element
        style = element.get(f"{TABLE}style-name")
        self.is_hidden = styles.get("table", style, "table", f"{TABLE}display") == "false"
        self._hidden: list[range] = []  # of columns
        start = 0
        for column in _list_members(element, _COLUMN):
            end = start + _read_copies(column.element, "columns")
            if column.is_hidden():
                self._hidden.append(range(start, end))
            start = end

    def list_rows(self) -> Iterator[SourceRow]:
        """Yield the visible rows."""
        is_first = True
        for member in _list_members(self._element, _ROW):
            if not member.is_hidden():
                copies = min(_MOST_COPIES, _read_copies(member.element, "rows"))
                yield SourceRow(self._list_places(member.element, is_first=is_first), copies, member.is_header)
                is_first = False

    def _list_places(self, row: _Element, *, is_first: bool) -> list[Place]:
        """Return the elements in visible columns; a cell takes the place of the cells that it covers in its row."""
        places: list[Place] = []
        start = covered_end = 0
        is_shown = False
        for element in row.iterchildren(*_CELLS):
            end = min(_MOST_COLUMNS, start + _read_copies(element, "columns"))
            hidden = sum(len(range(max(start, span.start), min(end, span.stop))) for span in self._hidden)
            columns = end - start - hidden
            is_covered = element.tag == COVERED
            is_beside = is_covered and (is_first or start < covered_end)
            if not is_covered:
                covered_end = start + read_number(element, f"{TABLE}number-columns-spanned")
                is_shown = columns > 0
            if is_beside and is_shown:
                places[-1] = places[-1]._replace(covered=places[-1].covered + columns)
            elif columns > 0:
                places.append(Place(element, columns, is_continued=is_covered and not is_beside))
            start = end
        return places


def _list_members(
    parent: _Element, tag: str, *, is_outlined: bool = False, is_header: bool = False
) -> Iterator[_Member]:
    """Yield the rows or columns of a table, including those in groups."""
    for child in parent:
        if child.tag == tag:
            yield _Member(child, is_outlined, is_header)
        elif child.tag in _GROUPS:
            yield from _list_members(
                child,
                tag,
                is_outlined=is_outlined or child.tag in _OUTLINES,
                is_header=is_header or child.tag == _HEADERS,
            )


def _read_copies(element: _Element, kind: str) -> int:
    return max(1, read_number(element, f"{TABLE}number-{kind}-repeated"))
