"""Turns the sheets of an OpenDocument workbook into blocks."""

from collections.abc import Iterator, Sequence
from itertools import repeat

from lxml.etree import _Element

from rag.documents.blocks import Block, begin_sheet, pick_first
from rag.documents.formats.grid import walk_sheet
from rag.documents.formats.opendocument.names import CALCEXT, OFFICE, TABLE
from rag.documents.formats.opendocument.source_rows import SourceRow, SourceTable
from rag.documents.formats.opendocument.styles import Look, Styles
from rag.documents.formats.opendocument.text import COMMENT, TextWalker
from rag.documents.formats.rows import EMPTY_ROW, Row, spread_row
from rag.errors import DocumentError

# Copies with more characters and cells, also empty ones between others, would take too much memory.
_MOST_COPIED = 20_000_000
_ERRORS = ("#", "Err:")


def walk_sheets(body: _Element, walker: TextWalker, styles: Styles) -> Iterator[Block]:
    """Yield each visible sheet's name and its rows, as for an Excel workbook."""
    reader = _SheetReader(walker, styles.page_look)
    for element in body.iterchildren(f"{TABLE}table"):
        table = SourceTable(element, styles)
        if not table.is_hidden:
            blocks = walk_sheet(reader.read_rows(table))
            yield from begin_sheet(blocks, element.get(f"{TABLE}name", ""))


class _SheetReader:
    """Reads the rows of sheets, and counts the copies that it makes of repeated cells."""

    def __init__(self, walker: TextWalker, look: Look) -> None:
        self._walker = walker
        self._look = look
        self._copied = 0  # characters and cells

    def read_rows(self, table: SourceTable) -> Iterator[Row]:
        """Yield each visible row; raises DocumentError if cells are repeated too often."""
        row = EMPTY_ROW
        for source in table.list_rows():
            texts = [self._read_cell(place.element) for place in source.places]
            row = spread_row(source.make_cells(texts), row)
            self._copied += _count_signs(row.texts) * source.copies - _count_signs(texts)
            if self._copied > _MOST_COPIED:
                raise DocumentError("its sheets repeat cells too often")
            self._note_comments(source, row)
            yield from repeat(row, source.copies)

    def _note_comments(self, source: SourceRow, row: Row) -> None:
        """Note the comments on the cells of a row, with the first words of the row."""
        label = pick_first(row.texts, "")
        for place in source.places:
            for comment in place.element.iterchildren(COMMENT):
                self._walker.add_comment(comment, label)

    def _read_cell(self, cell: _Element) -> str:
        """Return a value as the sheet shows it, but a date as ISO 8601; nothing for an error such as "#N/A"."""
        text = self._walker.read_words(cell, self._look)
        if not text or _is_error(cell, text):
            return ""
        is_date = cell.get(f"{OFFICE}value-type") == "date"
        return _read_date(cell) if is_date else text


def _count_signs(texts: Sequence[str]) -> int:
    """Return the number of characters in some cells, with one for each cell."""
    return sum(map(len, texts)) + len(texts)


def _is_error(cell: _Element, text: str) -> bool:
    """Return whether a cell shows an error; only a formula has one."""
    is_marked = cell.get(f"{CALCEXT}value-type") == "error"
    is_computed = cell.get(f"{TABLE}formula") is not None
    return is_marked or (is_computed and text.startswith(_ERRORS))


def _read_date(cell: _Element) -> str:
    """Return the date of a cell, with its time if it has one: "2012-10-04 08:15:00"."""
    day, _, moment = cell.get(f"{OFFICE}date-value", "").partition("T")
    seconds = moment.partition(".")[0]
    return day if seconds in ("", "00:00:00") else f"{day} {seconds}"
