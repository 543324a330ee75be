"""Turns the sheets of a workbook into blocks."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block
from rag.documents.formats.grid import EMPTY_ROW, GridRow, walk_grid
from rag.documents.formats.office.number_formats import format_duration, format_number, format_time, is_elapsed
from rag.documents.formats.office.sheet_notes import SheetNotes
from rag.documents.formats.office.sheet_visibility import Area, SheetView
from rag.documents.formats.rows import LONGEST_LABEL

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# The day 0 of Excel.
_EPOCH = datetime(1899, 12, 30)
# More merged cells, and rows and columns in them, say nothing new.
_MOST_MERGED = 10_000
_MOST_ROWS_MERGED, _MOST_COLUMNS_MERGED = 1000, 50


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
        rows = walk_grid(_read_rows(sheet, view, notes))
        blocks = filter(attrgetter("text"), chain(rows, notes.walk()))
        first = next(blocks, None)
        if first:
            yield Block(sheet.title, "heading")
            yield first
            yield from blocks


def _read_rows(sheet: "ReadOnlyWorksheet", view: SheetView, notes: SheetNotes) -> Iterator[GridRow]:
    """Yield the texts of the cells of each row; a cell that a reader does not see has an empty text."""
    merged = Merged(view.merged)
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if not cells and not merged.has_row(number):
            yield EMPTY_ROW  # a sheet may have a million of them above its last row
            continue
        texts = merged.fill(number, [_read_cell(cell, view) for cell in cells])
        notes.add_row(number, texts)
        is_marked = partial(view.is_bold, cells)
        yield GridRow(texts, merged.widen(number, texts), is_marked) if any(texts) else EMPTY_ROW


class Merged:
    """The merged cells of a sheet: a label that spans several rows is in each of them."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._areas: dict[int, list[Area]] = {}  # by row
        self._labels: dict[Area, str] = {}
        for area in islice(areas, _MOST_MERGED):
            for row in area.rows[:_MOST_ROWS_MERGED]:
                self._areas.setdefault(row, []).append(area)

    def has_row(self, row: int) -> bool:
        """Return whether merged cells are in a row."""
        return row in self._areas

    def fill(self, row: int, texts: list[str]) -> list[str]:
        """Return a row's texts with the labels of the merged cells that begin in a row above."""
        areas = self._areas.get(row)
        if areas is None:
            return texts
        filled = list(texts)
        for area in areas:
            column = area.columns.start - 1
            filled += [""] * (column + 1 - len(filled))
            if row == area.rows.start:
                label = filled[column]
                self._labels[area] = label if len(label) <= LONGEST_LABEL else ""
            filled[column] = filled[column] or self._labels.get(area, "")
        return filled

    def widen(self, row: int, texts: list[str]) -> list[str]:
        """Return a row's texts with each merged cell's text in all columns that it spans."""
        areas = self._areas.get(row)
        if areas is None:
            return texts
        widened = list(texts)
        for area in areas:
            columns = area.columns[:_MOST_COLUMNS_MERGED]
            widened += [""] * (columns[-1] - len(widened))
            label = widened[columns[0] - 1]
            for column in columns:
                widened[column - 1] = widened[column - 1] or label
        return widened


def _read_cell(cell: Any, view: SheetView) -> str:
    """Return a value as the sheet shows it, but a date as ISO 8601; nothing for an error such as "#N/A"."""
    if cell.value is None or cell.data_type == "e" or not view.shows(cell):
        return ""
    format_value = _FORMATTERS.get(type(cell.value), _format_other)
    return format_value(cell)


def _format_moment(cell: Any) -> str:
    """Return a date as ISO 8601, with its time if it has one, or a duration, which openpyxl may take for a date."""
    moment: datetime = cell.value
    if is_elapsed(cell.number_format):
        return format_duration(moment - _EPOCH, cell.number_format)
    day = moment.date().isoformat()
    return day if moment.time() == time() else f"{day} {format_time(moment.time(), cell.number_format)}"


def _format_time(cell: Any) -> str:
    return format_time(cell.value, cell.number_format)


def _format_duration(cell: Any) -> str:
    return format_duration(cell.value, cell.number_format)


def _format_number(cell: Any) -> str:
    return format_number(cell.value, cell.number_format)


def _format_other(cell: Any) -> str:
    return str(cell.value).strip()


_FORMATTERS = {
    datetime: _format_moment,
    time: _format_time,
    timedelta: _format_duration,
    int: _format_number,
    float: _format_number,
}
