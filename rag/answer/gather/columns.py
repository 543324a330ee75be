"""Reads the rows of a table, and its columns of numbers that can be added and compared."""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from rag.answer.signs import CURRENCY_SIGNS
from rag.text import WORD
from rag.types import Span

YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_NUMBER = re.compile(
    rf"(?P<before>[{CURRENCY_SIGNS}]?)\s?(?P<sign>[+−-]?)(?P<digits>\d[\d.,' ]*)"
    rf"(?P<after>(?:[^\W\d_]|[%‰°/.{CURRENCY_SIGNS}]){{0,6}})"
)
# A longer number is a code, as "01067" is, and too long for `Decimal`.
_DIGITS = re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3}){1,4}|[1-9]\d{0,2}(?:[ ']\d{3}){1,4}|0|[1-9]\d{0,14})(?:\.\d+)?")
_SEPARATOR = re.compile(r"[, ']")
# The signs of numbers as Python reads them, and of numbers with a decimal comma.
_NOTATIONS: tuple[dict[int, int], ...] = ({}, str.maketrans(",.", ".,"))
# Money has no three decimals, and beside "900" the comma of "1,200" groups digits.
_GROUPS_BY_COMMA = re.compile(rf"[{CURRENCY_SIGNS}]|(?<![\d.,' ])[1-9]\d{{0,2}}(?![\d.,'])(?! \d)")
# The last words of labels whose numbers name things and measure nothing.
_IDENTIFIERS = frozenset(
    WORD.findall(
        "id no nr number code zip zipcode plz postcode postleitzahl phone telephone tel telefon mobile fax year jahr"
        " año année pos row line"
    )
)
# A longer label measures something: "Hours per year".
_LABEL_WORDS = 2


# The cells of each column, by its label and the span of their row; the number in a cell, and its unit or currency.
Columns = dict[str, dict[Span, str]]
_Number = tuple[Decimal, str]


class Row(NamedTuple):
    """A row of a table: its span in the document, and its cells by the label of their column."""

    span: Span
    cells: dict[str, str]


class Column(NamedTuple):
    """The label of a column, its numbers by the span of their row, and their unit or currency, "" if they have none."""

    label: str
    numbers: dict[Span, Decimal]
    unit: str


def list_columns(rows: Iterable[Row]) -> Columns:
    """Return the cells of each column that are not empty, by its label and the span of their row, in their order."""
    columns: Columns = {}
    for row in rows:
        for label, cell in row.cells.items():
            columns.setdefault(label, {})[row.span] = cell
    return columns


def list_amounts(columns: Columns) -> set[str]:
    """Return the labels of the columns with numbers that measure something, even if not all cells are numbers."""
    first, *_ = columns
    amounts = set[str]()
    for label, cells in columns.items():
        has_numbers = any(map(is_amount, cells.values()))
        if has_numbers and not _names_things(label, cells.values(), is_first=label == first):
            amounts.add(label)
    return amounts


def _names_things(label: str, cells: Collection[str], *, is_first: bool) -> bool:
    """Return whether the numbers of a column name things: years, or whole numbers in the first column."""
    words = WORD.findall(label.lower())
    if len(words) <= _LABEL_WORDS and _IDENTIFIERS.issuperset(words[-1:]):
        return True
    if all(map(YEAR.fullmatch, cells)):
        return True
    are_different = len(set(cells)) == len(cells)
    return is_first and are_different and all(map(str.isdecimal, cells))


def read_column(label: str, cells: Mapping[Span, str]) -> Column | None:
    """Return the numbers of a column.

    It is None if a cell has no number, the cells have several units, or it is unclear what a point or a comma means.
    """
    by_point, by_comma = (_read_numbers(cells.values(), notation) for notation in _NOTATIONS)
    is_read_twice = by_point and by_comma and by_point != by_comma
    if is_read_twice and not _groups_by_comma(cells.values()):
        return None
    numbers = by_point or by_comma
    units = {unit for _, unit in numbers}
    if len(units) != 1:
        return None
    values = [value for value, _ in numbers]
    return Column(label, dict(zip(cells, values, strict=True)), units.pop())


def _read_numbers(cells: Collection[str], notation: Mapping[int, int]) -> list[_Number]:
    """Return the numbers of all cells; [] if one has none."""
    numbers = [_read_number(cell, notation) for cell in cells]
    readable = list(filter(None, numbers))
    return readable if len(readable) == len(cells) else []


def is_amount(cell: str) -> bool:
    """Return whether a cell is a number that can be added, perhaps with a unit, and no date."""
    return any(_read_number(cell, notation) for notation in _NOTATIONS)


def _groups_by_comma(cells: Iterable[str]) -> bool:
    """Return whether the commas of cells group digits; a point would be as unclear."""
    together = ";".join(cells)
    return "." not in together and _GROUPS_BY_COMMA.search(together) is not None


def _read_number(cell: str, notation: Mapping[int, int]) -> _Number | None:
    """Return the number of a cell; None if the cell has other words, or digits that are not grouped in threes."""
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return None
    digits = match["digits"].rstrip("., ").translate(notation)
    if not _DIGITS.fullmatch(digits):
        return None
    sign = match["sign"].replace("−", "-")
    unit = f"{match['before']} {match['after']}"
    return Decimal(sign + _SEPARATOR.sub("", digits)), unit.strip()
