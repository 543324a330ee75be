"""Turns the sheets of a workbook into blocks."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from rag.documents.blocks import Block, begin_sheet
from rag.documents.formats.grid import walk_sheet
from rag.documents.formats.office.number_formats import format_duration, format_number, format_time, is_elapsed
from rag.documents.formats.office.sheet_notes import SheetNotes
from rag.documents.formats.office.sheet_visibility import Area, SheetView
from rag.documents.formats.rows import EMPTY_ROW, MOST_COLUMNS_SPANNED, Cell, Row, spread_row

# The day 0 of Excel.
_EPOCH = datetime(1899, 12, 30)
# More merged cells, and rows in them, say nothing new.
_MOST_MERGED, _MOST_ROWS_MERGED = 10_000, 1000


def walk_sheets(workbook: Workbook) -> Iterator[Block]:
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


def _read_rows(sheet: ReadOnlyWorksheet, view: SheetView, notes: SheetNotes) -> Iterator[Row]:
    """Yield the texts of the cells of each row; a cell that a reader does not see has an empty text."""
    merged = _group_merged(view.merged)
    above = EMPTY_ROW
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if not cells and number not in merged:
            yield EMPTY_ROW  # a sheet may have a million of them above its last row
            continue
        texts = [_read_cell(cell, view) for cell in cells]
        row = Row(texts, texts)
        if number in merged:
            row = spread_row(_list_cells(number, texts, merged[number]), above)
        above = row
        notes.add_row(number, row.texts)
        yield row._replace(is_marked=partial(view.is_bold, cells)) if row.has_words() else EMPTY_ROW


def _group_merged(areas: Iterable[Area]) -> dict[int, dict[int, Area]]:
    """Return the merged cells of a sheet by their rows and first columns, from 1."""
    merged: dict[int, dict[int, Area]] = {}
    for area in islice(areas, _MOST_MERGED):
        for row in area.rows[:_MOST_ROWS_MERGED]:
            merged.setdefault(row, {})[area.columns.start] = area
    return merged


def _list_cells(row: int, texts: list[str], areas: dict[int, Area]) -> list[Cell]:
    """Return the cells of a row with these texts in its columns; a merged cell is one of them."""
    cells: list[Cell] = []
    end = 0  # of the cells so far
    missing = max(areas) - len(texts)
    for column, text in enumerate([*texts, *[""] * missing], 1):
        if column in areas:
            width = len(areas[column].columns[:MOST_COLUMNS_SPANNED])
            cells.append(Cell(text, width, is_continued=row > areas[column].rows.start))
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
