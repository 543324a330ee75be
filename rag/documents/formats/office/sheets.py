"""Turns the sheets of a workbook into blocks."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block, format_row
from rag.documents.formats.office.sheet_visibility import SheetView

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_MIDNIGHT = time()


def walk_sheets(workbook: "Workbook") -> Iterator[Block]:
    """Yield each sheet's name, what is above its table, and the rows; a sheet that holds nothing is left out.

    Sheets, rows, columns and cells that a reader does not see are left out too.
    """
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        sheet.reset_dimensions()  # where a program wrote wrong ones, cells would be missed
        blocks = _walk_rows(row for row in _read_rows(sheet) if any(row))
        if first := next(blocks, None):
            yield Block(sheet.title, "heading")
            yield first
            yield from blocks


def _read_rows(sheet: "ReadOnlyWorksheet") -> Iterator[list[str]]:
    view = SheetView(sheet)
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number not in view.hidden_rows:
            cells = (cell for column, cell in enumerate(row, 1) if column not in view.hidden_columns)
            yield [_show(cell) if cell.value is not None and view.shows(cell) else "" for cell in cells]


def _walk_rows(rows: Iterator[list[str]]) -> Iterator[Block]:
    """Yield the rows with the words of the header, which is the first row of two cells or more."""
    for row in rows:
        if sum(map(bool, row)) > 1:
            break
        yield Block(format_row([], row))
    else:
        return
    below = next(rows, None)
    if below is None:
        yield Block(format_row([], row), "item")
    while below is not None:
        yield Block(format_row(row, below), "item")
        below = next(rows, None)


def _show(cell: Any) -> str:
    """Return a value as the sheet shows it, but dates as ISO 8601 and no digits that are only noise."""
    value = cell.value
    if cell.data_type == "e":  # such as "#N/A"
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ", "seconds")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).strip()
    return f"{value * 100:.12g}%" if "%" in cell.number_format else f"{value:.15g}"
