"""Reads the rows of a table, and its columns of numbers that can be added and compared."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from rag.answer.signs import CURRENCY_SIGNS, IDENTIFIERS
from rag.text import WORD
from rag.types import Span

YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_NUMBER = re.compile(
    rf"(?P<before>[{CURRENCY_SIGNS}]?)\s?(?P<sign>[+−-]?)(?P<digits>\d[\d.,' ]*)"
    rf"(?P<after>(?:[^\W\d_]|[%‰°/.{CURRENCY_SIGNS}]){{0,6}})"
)
_WITH_POINT = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ ']\d{3})+)(?:\.\d+)?")
_WITH_COMMA = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ ']\d{3})+)(?:,\d+)?")
# "1.200" and "1,200" are a thousand or a little more than one: another cell of the column has to show it.
_UNCLEAR_POINT = re.compile(r"\d{1,3}(?:\.\d{3})+(?![\d.,])")
_UNCLEAR_COMMA = re.compile(r"\d,\d{3}(?!\d)")
_DECIMAL_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,})(?!\d)|(?<![\d.,])0\.\d")
_DECIMAL_COMMA = re.compile(r"\d,(?:\d{1,2}|\d{4,})(?!\d)|(?<![\d.,])0,\d")
# "1,200,000" has two groups, and beside "900" the comma of "1,200" groups digits.
_GROUPING_COMMA = re.compile(r",\d{3},\d{3}|(?<![\d.,' ])[1-9]\d{0,2}(?![\d.,'])(?! \d)")
_IS_MONEY = re.compile(rf"[{CURRENCY_SIGNS}]")
_SPACES = re.compile(r"[ ']")
_LEADING_ZERO = re.compile(r"0\d+")
# A longer label measures something: "Hours per year".
_LABEL_WORDS = 2


class Row(NamedTuple):
    """A row of a table: its span in the document, and its cells by the label of their column."""

    span: Span
    cells: dict[str, str]


class Column(NamedTuple):
    """The label of a column, its numbers by the span of their row, and their unit or currency, "" if they have none."""

    label: str
    numbers: dict[Span, Decimal]
    unit: str


class _Number(NamedTuple):
    """The number in a cell, and its unit or currency."""

    value: Decimal
    unit: str


def list_labels(rows: Sequence[Row]) -> list[str]:
    """Return the labels of a table's columns, in their order."""
    labels: dict[str, None] = {}
    for row in rows:
        labels |= dict.fromkeys(row.cells)
    return list(labels)


def read_cells(label: str, rows: Sequence[Row]) -> dict[Span, str]:
    """Return the cells of a column by the span of their row, from the top down and without empty ones."""
    return {row.span: row.cells[label].strip() for row in rows if label in row.cells}


def is_of_amounts(label: str, rows: Sequence[Row]) -> bool:
    """Return whether a column has numbers that measure something, even if not all of its cells are numbers."""
    cells = list(read_cells(label, rows).values())
    return any(map(is_amount, cells)) and not _names_rows(label, cells)


def read_column(label: str, rows: Sequence[Row]) -> Column | None:
    """Return the numbers of a column.

    It is None if a cell has no number, the cells have several units, or it is unclear what a point or a comma means.
    """
    cells = read_cells(label, rows)
    together = ";".join(cells.values())
    has_decimal_comma = _DECIMAL_COMMA.search(together) is not None
    if not has_decimal_comma and not _is_clear(together):
        return None
    units: set[str] = set()
    numbers: dict[Span, Decimal] = {}
    for span, cell in cells.items():
        number = _read_number(cell, has_decimal_comma=has_decimal_comma)
        if number is None:
            return None
        units.add(number.unit)
        numbers[span] = number.value
    return Column(label, numbers, units.pop()) if len(units) == 1 else None


def is_amount(cell: str) -> bool:
    """Return whether a cell is a number that can be added, perhaps with a unit, and no date."""
    with_point = _read_number(cell.strip(), has_decimal_comma=False)
    with_comma = _read_number(cell.strip(), has_decimal_comma=True)
    return with_point is not None or with_comma is not None


def _is_clear(cells: str) -> bool:
    """Return whether it is clear what points and commas mean in cells without a clear decimal comma."""
    has_point = _DECIMAL_POINT.search(cells) is not None
    point_is_clear = has_point or not _UNCLEAR_POINT.search(cells)
    # Money has no three decimals.
    groups_digits = _GROUPING_COMMA.search(cells) or _IS_MONEY.search(cells)
    comma_is_clear = has_point or groups_digits or not _UNCLEAR_COMMA.search(cells)
    return bool(point_is_clear and comma_is_clear)


def _read_number(cell: str, *, has_decimal_comma: bool) -> _Number | None:
    """Return the number of a cell; None if the cell has other words, or digits that are not grouped in threes."""
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return None
    digits = match["digits"].rstrip("., ")
    form = _WITH_COMMA if has_decimal_comma else _WITH_POINT
    if not form.fullmatch(digits):
        return None
    thousands, point = (".", ",") if has_decimal_comma else (",", ".")
    value = Decimal(_SPACES.sub("", digits).replace(thousands, "").replace(point, "."))
    if match["sign"] in {"-", "−"}:
        value = -value
    unit = f"{match['before']} {match['after']}"
    return _Number(value, unit.strip())


def _names_rows(label: str, cells: Sequence[str]) -> bool:
    """Return whether the numbers of a column name things and measure nothing: years, codes, the rows' own numbers."""
    words = WORD.findall(label.lower())
    is_identifier = 0 < len(words) <= _LABEL_WORDS and words[-1] in IDENTIFIERS
    are_years = all(YEAR.fullmatch(cell) for cell in cells)
    has_code = any(_LEADING_ZERO.fullmatch(cell) for cell in cells)
    are_in_order = cells == [str(number) for number in range(1, len(cells) + 1)]
    return is_identifier or are_years or has_code or are_in_order
