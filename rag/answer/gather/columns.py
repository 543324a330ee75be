"""Reads the rows of a table, and its columns of numbers that can be added and compared."""

import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from rag.types import Span

YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_NUMBER = re.compile(r"(?P<before>[^\w\s+−-]{0,3})\s?(?P<sign>[+−-]?)(?P<digits>\d[\d.,' ]*)(?P<after>[^\d\s]{0,6})")
# "1.200" is a thousand or a little more than one: another cell of the column has to show it.
_UNCLEAR_POINT = re.compile(r"\d{1,3}(?:\.\d{3})+(?![\d.,])")
_DECIMAL_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,})(?!\d)")
_DECIMAL_COMMA = re.compile(r"\d,\d{1,2}(?!\d)")
_SPACES = re.compile(r"[ ']")


class Row(NamedTuple):
    """A row of a table: its span in the document, and its cells by the label of their column."""

    span: Span
    cells: dict[str, str]


class Column(NamedTuple):
    """The label of a column, and its numbers by the span of their row."""

    label: str
    numbers: dict[Span, Decimal]


class _Number(NamedTuple):
    """The number in a cell, and the signs before and after it, such as a currency."""

    value: Decimal
    unit: str


def list_labels(rows: Sequence[Row]) -> list[str]:
    """Return the labels of a table's columns, in their order."""
    labels: dict[str, None] = {}
    for row in rows:
        labels |= dict.fromkeys(row.cells)
    return list(labels)


def read_columns(rows: Sequence[Row]) -> Iterator[Column]:
    """Yield the columns of a table whose numbers can be added and compared."""
    for label in list_labels(rows):
        cells = {row.span: row.cells[label].strip() for row in rows if label in row.cells}
        numbers = _read_numbers(cells)
        if numbers is None or _is_of_labels(cells.values(), numbers.values()):
            continue
        yield Column(label, numbers)


def is_number(cell: str) -> bool:
    """Return whether a cell has a number, perhaps with a unit, and no other words."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def _read_numbers(cells: dict[Span, str]) -> dict[Span, Decimal] | None:
    """Return the numbers of a column; None if they have several units, or it is unclear what a point means."""
    together = " ; ".join(cells.values())
    has_decimal_comma = _DECIMAL_COMMA.search(together) is not None
    has_clear_point = _DECIMAL_POINT.search(together) or not _UNCLEAR_POINT.search(together)
    if not has_decimal_comma and not has_clear_point:
        return None
    units: set[str] = set()
    numbers: dict[Span, Decimal] = {}
    for span, cell in cells.items():
        number = _read_number(cell, has_decimal_comma=has_decimal_comma)
        if number is None:
            return None
        units.add(number.unit)
        numbers[span] = number.value
    return numbers if len(units) == 1 else None


def _read_number(cell: str, *, has_decimal_comma: bool) -> _Number | None:
    """Return the number of a cell; None if the cell has other words, or a number with several decimal signs."""
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return None
    thousands, point = (".", ",") if has_decimal_comma else (",", ".")
    digits = _SPACES.sub("", match["digits"]).rstrip(".,").replace(thousands, "").replace(point, ".")
    if digits.count(".") > 1:
        return None
    value = Decimal(digits)
    if match["sign"] in {"-", "−"}:
        value = -value
    unit = f"{match['before']} {match['after']}"
    return _Number(value, unit.strip())


def _is_of_labels(cells: Collection[str], numbers: Collection[Decimal]) -> bool:
    """Return whether the numbers of a column name the rows and measure nothing: years, or the rows' own numbers."""
    are_years = all(YEAR.fullmatch(cell) for cell in cells)
    count = range(1, len(numbers) + 1)
    return are_years or list(numbers) == list(count)
