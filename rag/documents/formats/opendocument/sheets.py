"""Turns the sheets of an OpenDocument workbook into blocks."""

from collections.abc import Iterator
from itertools import repeat
from typing import TYPE_CHECKING

from rag.documents.blocks import Block
from rag.documents.formats.grid import GridRow, walk_grid
from rag.documents.formats.opendocument.names import CALCEXT, OFFICE, TABLE
from rag.documents.formats.opendocument.styles import Look, Styles
from rag.documents.formats.opendocument.tables import Row, RowLabels, Table, fill_row
from rag.documents.formats.opendocument.text import COMMENT, TextWalker
from rag.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element

# More cells, with those between others, would take too long; more characters in copies of cells, too much memory.
_MOST_CELLS, _MOST_COPIED = 20_000_000, 5_000_000
_ERRORS = ("#", "Err:")


def walk_sheets(body: "_Element", walker: TextWalker, styles: Styles) -> Iterator[Block]:
    """Yield each visible sheet's name and its rows, like those of an Excel workbook."""
    reader = _SheetReader(walker, styles.page_look)
    for element in body.iterchildren(f"{TABLE}table"):
        table = Table(element, styles)
        if table.is_hidden:
            continue
        blocks = walk_grid(reader.read_rows(table))
        first = next(blocks, None)
        if first:
            yield Block(element.get(f"{TABLE}name", ""), "heading")
            yield first
            yield from blocks


class _SheetReader:
    """Reads the rows of sheets, and counts the copies that it makes of repeated cells."""

    def __init__(self, walker: TextWalker, look: Look) -> None:
        self._walker = walker
        self._look = look
        self._cells = 0
        self._copied = 0  # characters

    def read_rows(self, table: Table) -> Iterator[GridRow]:
        """Yield each visible row; raises DocumentError if cells are repeated too often."""
        labels = RowLabels()
        for row in table.list_rows():
            own_texts = [self._read_cell(cell.element) for cell in row.cells]
            texts = labels.fill(row, own_texts)
            self._note_comments(row, texts)
            filled = fill_row(row, texts)
            self._cells += len(filled)
            self._copied += _count_characters(filled) * row.copies - _count_characters(texts)
            if self._cells > _MOST_CELLS or self._copied > _MOST_COPIED:
                raise DocumentError("its sheets repeat cells too often")
            yield from repeat(GridRow(filled, fill_row(row, texts, is_label=True)), row.copies)

    def _note_comments(self, row: Row, texts: list[str]) -> None:
        """Note the comments on the cells of a row, with the first words of the row."""
        label = next(filter(None, texts), "")
        for cell in row.cells:
            for comment in cell.element.iterchildren(COMMENT):
                self._walker.add_comment(comment, label)

    def _read_cell(self, cell: "_Element") -> str:
        """Return a value as the sheet shows it, but a date as ISO 8601; nothing for an error such as "#N/A"."""
        text = self._walker.read_words(cell, self._look)
        if not text or _is_error(cell, text):
            return ""
        is_date = cell.get(f"{OFFICE}value-type") == "date"
        return _read_date(cell) if is_date else text


def _count_characters(texts: list[str]) -> int:
    return sum(map(len, texts))


def _is_error(cell: "_Element", text: str) -> bool:
    """Return whether a cell shows an error; only a formula has one."""
    is_marked = cell.get(f"{CALCEXT}value-type") == "error"
    is_computed = cell.get(f"{TABLE}formula") is not None
    return is_marked or (is_computed and text.startswith(_ERRORS))


def _read_date(cell: "_Element") -> str:
    """Return the date of a cell, with its time if it has one: "2012-10-04 08:15:00"."""
    day, _, moment = cell.get(f"{OFFICE}date-value", "").partition("T")
    seconds = moment.partition(".")[0]
    return day if seconds in ("", "00:00:00") else f"{day} {seconds}"
