"""Turns the sheets of a workbook into blocks."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block, format_row
from rag.documents.formats.office.sheet_visibility import SheetView

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet


def walk_sheets(workbook: "Workbook") -> Iterator[Block]:
    """Yield each sheet's name, the lines above its table, and the table's rows; empty sheets are left out.

    Sheets, rows, columns and cells that a reader does not see are left out too.
    """
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        sheet.reset_dimensions()  # some programs write wrong dimensions, and cells would be missed
        blocks = walk_rows(filter(any, _read_rows(sheet)))
        first = next(blocks, None)
        if first:
            yield Block(sheet.title, "heading")
            yield first
            yield from blocks


def _read_rows(sheet: "ReadOnlyWorksheet") -> Iterator[list[str]]:
    """Yield the texts of the cells of each row; a cell that a reader does not see has an empty text."""
    view = SheetView(sheet)
    for row in sheet.iter_rows():
        yield [_read_cell(cell, view) for cell in row]


def walk_rows(rows: Iterator[list[str]]) -> Iterator[Block]:
    """Yield the rows above the table and those of the table, which begins at the first row with several cells."""
    for row in rows:
        if sum(map(bool, row)) > 1:
            yield from _walk_table(row, rows)
        else:
            yield Block(format_row([], row))


def _walk_table(header: list[str], rows: Iterator[list[str]]) -> Iterator[Block]:
    """Yield the rows, each with the words of the header; a header without rows is a row itself."""
    is_alone = True
    for row in rows:
        is_alone = False
        yield Block(format_row(header, row), "item")
    if is_alone:
        yield Block(format_row([], header), "item")


def _read_cell(cell: Any, view: SheetView) -> str:
    """Return a value as the sheet shows it, but a date as ISO 8601; nothing for an error such as "#N/A"."""
    if cell.value is None or cell.data_type == "e" or not view.shows(cell):
        return ""
    format_value = _FORMATTERS.get(type(cell.value), _format_other)
    return format_value(cell)


def _format_moment(cell: Any) -> str:
    moment: str = cell.value.isoformat(" ", "seconds")
    return moment.removesuffix(" 00:00:00")


def _format_number(cell: Any) -> str:
    """Return a number without the digits that rounding errors add."""
    return f"{cell.value * 100:.12g}%" if "%" in cell.number_format else f"{cell.value:.15g}"


def _format_other(cell: Any) -> str:
    return str(cell.value).strip()


_FORMATTERS = {datetime: _format_moment, int: _format_number, float: _format_number}
