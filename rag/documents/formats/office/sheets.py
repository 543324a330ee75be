"""Turns the sheets of a workbook into blocks."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block, begin_sheet
from rag.documents.formats.grid import walk_sheet
from rag.documents.formats.office.number_formats import format_duration, format_number, format_time, is_elapsed
from rag.documents.formats.office.sheet_notes import SheetNotes
from rag.documents.formats.office.sheet_visibility import Area, SheetView
from rag.documents.formats.rows import EMPTY_ROW, MOST_COLUMNS_SPANNED, Cell, Row, spread_row

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# The day 0 of Excel.
_EPOCH = datetime(1899, 12, 30)
# More merged cells, and rows in them, say nothing new.
_MOST_MERGED, _MOST_ROWS_MERGED = 10_000, 1000


def walk_sheets(workbook: "Workbook") -> Iterator[Block]:
    """Yield each sheet's name, its rows with the labels of their columns, its charts and notes.

    Empty sheets are left out, and so are sheets, rows, columns and cells that a reader does not see.
    """
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        sheet.reset_dimensions()  # some programs write wrong dimensions, and cells would be missed
        view = SheetView(sheet)
        notes = SheetNotes(sheet, view)
        rows = walk_sheet(_read_rows(sheet, view, notes))
        blocks = filter(attrgetter("text"), chain(rows, notes.walk()))
        yield from begin_sheet(blocks, sheet.title)


def _read_rows(sheet: "ReadOnlyWorksheet", view: SheetView, notes: SheetNotes) -> Iterator[Row]:
    """Yield the texts of the cells of each row; a cell that a reader does not see has an empty text."""
    merged = Merged(view.merged)
    above = EMPTY_ROW
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if not cells and not merged.has_row(number):
            yield EMPTY_ROW  # a sheet may have a million of them above its last row
            continue
        texts = [_read_cell(cell, view) for cell in cells]
        row = Row(texts, texts)
        if merged.has_row(number):
            row = spread_row(merged.list_cells(number, texts), above)
        above = row
        notes.add_row(number, row.texts)
        yield row._replace(is_marked=partial(view.is_bold, cells)) if row.has_words() else EMPTY_ROW


class Merged:
    """The merged cells of a sheet."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._areas: dict[int, dict[int, Area]] = {}  # by row and first column, from 1
        for area in islice(areas, _MOST_MERGED):
            for row in area.rows[:_MOST_ROWS_MERGED]:
                self._areas.setdefault(row, {})[area.columns.start] = area

    def has_row(self, row: int) -> bool:
        """Return whether merged cells are in a row."""
        return row in self._areas

    def list_cells(self, row: int, texts: list[str]) -> list[Cell]:
        """Return the cells of a row with these texts in its columns; a merged cell is one of them."""
        areas = self._areas[row]
        cells: list[Cell] = []
        end = 0  # of the cells so far
        for column in range(1, max(len(texts), *areas) + 1):
            text = texts[column - 1] if column <= len(texts) else ""
            if column in areas:
                area = areas[column]
                width = len(area.columns[:MOST_COLUMNS_SPANNED])
                cells.append(Cell(text, width, is_continued=row > area.rows.start))
                end = column + width
            elif column >= end:
                cells.append(Cell(text))
        return cells


def _read_cell(cell: Any, view: SheetView) -> str:
    """Return a value as the sheet shows it, but a date as ISO 8601; nothing for an error such as "#N/A"."""
    if cell.value is None or cell.data_type == "e" or not view.shows(cell):
        return ""
    format_value = _FORMATTERS.get(type(cell.value))
    return format_value(cell.value, cell.number_format) if format_value else str(cell.value).strip()


def _format_moment(moment: datetime, code: str) -> str:
    """Return a date as ISO 8601, with its time if it has one, or a duration, which openpyxl may take for a date."""
    if is_elapsed(code):
        return format_duration(moment - _EPOCH, code)
    day = moment.date().isoformat()
    return day if moment.time() == time() else f"{day} {format_time(moment.time(), code)}"


_FORMATTERS: dict[type, Callable[[Any, str], str]] = {
    datetime: _format_moment,
    time: format_time,
    timedelta: format_duration,
    int: format_number,
    float: format_number,
}
