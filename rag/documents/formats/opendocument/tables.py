"""Finds the rows and cells of an OpenDocument table that readers see; cells and rows may stand for many."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.formats.opendocument.lists import read_number
from rag.documents.formats.opendocument.names import TABLE
from rag.documents.formats.opendocument.styles import Styles
from rag.documents.formats.rows import LONGEST_LABEL

if TYPE_CHECKING:
    from lxml.etree import _Element

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


class Cell(NamedTuple):
    """A cell and the number of columns that it fills."""

    element: "_Element"
    width: int

    @property
    def is_covered(self) -> bool:
        """Whether another cell, which spans several columns or rows, hides this one."""
        return self.element.tag == COVERED


class Row(NamedTuple):
    """A row: its visible cells, how often it is repeated, and whether it is in the table's header."""

    cells: list[Cell]
    copies: int
    is_header: bool

    @property
    def is_single(self) -> bool:
        """Whether one cell fills the row."""
        return len([cell for cell in self.cells if not cell.is_covered]) == 1


class _Member(NamedTuple):
    """A row or column, and the groups around it: an outline can be opened by readers."""

    element: "_Element"
    is_outlined: bool = False
    is_header: bool = False

    def is_hidden(self) -> bool:
        """Return whether readers cannot see it."""
        return self.element.get(f"{TABLE}visibility") == "collapse" and not self.is_outlined


class Table:
    """A table of a text, a slide or a workbook."""

    def __init__(self, element: "_Element", styles: Styles) -> None:
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

    def list_rows(self) -> Iterator[Row]:
        """Yield the visible rows."""
        for member in _list_members(self._element, _ROW):
            if not member.is_hidden():
                copies = min(_MOST_COPIES, _read_copies(member.element, "rows"))
                yield Row(list(self._list_cells(member.element)), copies, member.is_header)

    def _list_cells(self, row: "_Element") -> Iterator[Cell]:
        """Yield the cells in visible columns."""
        start = 0
        for element in row.iterchildren(*_CELLS):
            end = min(_MOST_COLUMNS, start + _read_copies(element, "columns"))
            width = end - start - sum(_count_shared(range(start, end), hidden) for hidden in self._hidden)
            if width > 0:
                yield Cell(element, width)
            start = end


class RowLabels:
    """The labels of a table that span several rows."""

    def __init__(self) -> None:
        self._labels: dict[int, tuple[str, int]] = {}  # by column: the label, and the number of the rows below it

    def fill(self, row: Row, texts: Sequence[str]) -> list[str]:
        """Return the texts of a row's cells; one that a label from above covers has this label."""
        filled = []
        column = 0
        for cell, text in zip(row.cells, texts, strict=True):
            filled.append(self._find_label(row, column) if cell.is_covered else text)
            if not cell.is_covered:
                rows_below = read_number(cell.element, f"{TABLE}number-rows-spanned") - row.copies
                self._labels[column] = (text if len(text) <= LONGEST_LABEL else "", rows_below)
            column += cell.width
        return filled

    def _find_label(self, row: Row, column: int) -> str:
        """Return the label from above that covers a cell of a row; an empty text if there is none."""
        label, rows_left = self._labels.get(column, ("", 0))
        self._labels[column] = (label, rows_left - row.copies)
        return label if rows_left > 0 else ""


def fill_row(row: Row, texts: Sequence[str], *, is_label: bool = False) -> list[str]:
    """Return the texts of a row, one for each column, from those of its cells; a label is in all columns it spans."""
    filled: list[str] = []
    gap = 0
    label = ""
    for cell, text in zip(row.cells, texts, strict=True):
        words = label if is_label and cell.is_covered and not text else text
        if words:
            filled += [""] * gap + [words] * min(cell.width, _MOST_COPIES)
            gap = max(0, cell.width - _MOST_COPIES)
        else:
            gap += cell.width
        label = words
    return filled


def _list_members(
    parent: "_Element", tag: str, *, is_outlined: bool = False, is_header: bool = False
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


def _read_copies(element: "_Element", kind: str) -> int:
    return max(1, read_number(element, f"{TABLE}number-{kind}-repeated"))


def _count_shared(one: range, other: range) -> int:
    return max(0, min(one.stop, other.stop) - max(one.start, other.start))
