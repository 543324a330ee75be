"""Reads the rows of a table, and its columns of numbers that can be added and compared."""

import re
from collections.abc import Collection, Iterable, Mapping
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
# Money has no three decimals, and beside "900" the comma of "1,200" groups digits.
_GROUPS_BY_COMMA = re.compile(rf"[{CURRENCY_SIGNS}]|(?<![\d.,' ])[1-9]\d{{0,2}}(?![\d.,'])(?! \d)")
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


class _Notation(NamedTuple):
    """A way to write numbers: the pattern of their digits, and what turns them into Python's digits."""

    digits: re.Pattern[str]
    translation: dict[int, int | None]


def _make_notation(separator: str, point: str) -> _Notation:
    groups = rf"[1-9]\d{{0,2}}(?:\{separator}\d{{3}})+|\d{{1,3}}(?:[ ']\d{{3}})+|\d+"
    digits = re.compile(rf"(?:{groups})(?:\{point}\d+)?")
    return _Notation(digits, str.maketrans(point, ".", f"{separator} '"))


_POINT, _COMMA = _make_notation(",", "."), _make_notation(".", ",")


def list_columns(rows: Iterable[Row]) -> dict[str, dict[Span, str]]:
    """Return the cells of each column that are not empty, by its label and the span of their row, in their order."""
    columns: dict[str, dict[Span, str]] = {}
    for row in rows:
        for label, cell in row.cells.items():
            columns.setdefault(label, {})[row.span] = cell
    return columns


def is_of_amounts(label: str, cells: Collection[str]) -> bool:
    """Return whether a column has numbers that measure something, even if not all of its cells are numbers."""
    return any(map(is_amount, cells)) and not _names_rows(label, cells)


def read_column(label: str, cells: Mapping[Span, str]) -> Column | None:
    """Return the numbers of a column.

    It is None if a cell has no number, the cells have several units, or it is unclear what a point or a comma means.
    """
    readings: list[list[_Number]] = []
    for notation in (_POINT, _COMMA):
        numbers = list(filter(None, [_read_number(cell, notation) for cell in cells.values()]))
        if len(numbers) == len(cells) and numbers not in readings:
            readings.append(numbers)
    is_clear = len(readings) == 1 or _groups_by_comma(cells.values())
    if not readings or not is_clear:
        return None
    values = [number.value for number in readings[0]]
    units = {number.unit for number in readings[0]}
    return Column(label, dict(zip(cells, values, strict=True)), units.pop()) if len(units) == 1 else None


def is_amount(cell: str) -> bool:
    """Return whether a cell is a number that can be added, perhaps with a unit, and no date."""
    return any(_read_number(cell, notation) for notation in (_POINT, _COMMA))


def _groups_by_comma(cells: Iterable[str]) -> bool:
    """Return whether the commas of cells group digits; a point would be as unclear."""
    together = ";".join(cells)
    return "." not in together and _GROUPS_BY_COMMA.search(together) is not None


def _read_number(cell: str, notation: _Notation) -> _Number | None:
    """Return the number of a cell; None if the cell has other words, or digits that are not grouped in threes."""
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return None
    digits = match["digits"].rstrip("., ")
    if not notation.digits.fullmatch(digits):
        return None
    sign = match["sign"].replace("−", "-")
    unit = f"{match['before']} {match['after']}"
    return _Number(Decimal(sign + digits.translate(notation.translation)), unit.strip())


def _names_rows(label: str, cells: Collection[str]) -> bool:
    """Return whether the numbers of a column name things and measure nothing: years, codes, the rows' own numbers.

    Numbers without a label do so too.
    """
    words = WORD.findall(label.lower())
    is_identifier = len(words) <= _LABEL_WORDS and not IDENTIFIERS.isdisjoint(words[-1:])
    are_years = all(map(YEAR.fullmatch, cells))
    has_code = any(map(_LEADING_ZERO.fullmatch, cells))
    are_in_order = list(cells) == list(map(str, range(1, len(cells) + 1)))
    return not label or is_identifier or are_years or has_code or are_in_order
