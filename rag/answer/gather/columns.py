"""Reads the rows of a table, and its columns of numbers that can be added and compared."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import starmap
from typing import NamedTuple

from rag.answer.signs import CURRENCY_SIGNS, compile_any
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
# A label of one or two words that ends so has numbers that name things and measure nothing; "Hours per year" measures.
_IDENTIFIER = compile_any(
    r"^(?:\w+\W+)?(?:id|no|nr|number|code|zip|zipcode|plz|postcode|postleitzahl|phone|telephone|tel|telefon|mobile|fax"
    r"|year|jahr|año|année|pos|row|line)\W*$"
)
# A column with such a label says which time a row is about; a start or a birthday does not.
_TIME = compile_any(r"(?:date|day|month|quarter|year|datum|tag|monat|quartal|jahr|año|année)")
# A mean is rounded to this many decimals.
DECIMALS = 2

_Number = tuple[Decimal, str]
# The marks of columns such as "Paid" and "On display".
_YES = frozenset(["yes", "y", "true", "x", "ja", "✓", "✔", "☑", "[x]"])
_MARKS = _YES | {"no", "n", "false", "nein", "-", "–", "—", "✗", "✘", "☐", "[]", "0"}


class Row(NamedTuple):
    """A row of a table: its span in the document, and its cells by the label of their column."""

    span: Span
    cells: dict[str, str]


class Column(NamedTuple):
    """The label of a column, its numbers by the span of their row, and their unit or currency, "" if they have none."""

    label: str
    numbers: dict[Span, Decimal]
    unit: str


@dataclass(frozen=True)
class Table:
    """The rows of a table, at least one; `is_clear` says that none of them may be a total of others."""

    rows: Sequence[Row]
    is_clear: bool = True

    @cached_property
    def columns(self) -> dict[str, dict[Span, str]]:
        """The cells of each column that are not empty, by its label and the span of their row, in their order."""
        columns: dict[str, dict[Span, str]] = {}
        for row in self.rows:
            for label, cell in row.cells.items():
                columns.setdefault(label, {})[row.span] = cell
        return columns

    @property
    def key(self) -> str:
        """The label of the first column, which names the rows."""
        return next(iter(self.columns))

    @cached_property
    def amounts(self) -> dict[str, Column]:
        """The columns with numbers that measure something, by their label; the first column names the rows."""
        columns = filter(None, starmap(_read_column, self.columns.items()))
        return {column.label: column for column in columns if column.label != self.key}

    @property
    def times(self) -> list[str]:
        """The labels of the columns that say which time a row is about."""
        return list(filter(_TIME.fullmatch, self.columns))

    @property
    def is_series(self) -> bool:
        """Whether each thing has a row for each of several times: a town for each year."""
        things = self.count_cells(self.key)
        times = [self.count_cells(label) for label in self.times if label != self.key]
        return any(things * number == len(self.rows) for number in times)

    def count_cells(self, label: str) -> int:
        """Return the number of different cells in a column."""
        return len(set(self.columns[label].values()))

    def is_unique(self, label: str) -> bool:
        """Return whether each row has another cell in a column."""
        return self.count_cells(label) == len(self.rows)

    @property
    def heads(self) -> set[str]:
        """The labels of the columns whose cells say which row is meant: the first one, and "Product" after "No".

        "Ann" in another column may be the manager of a person.
        """
        words = (label for label in self.columns if not _IDENTIFIER.search(label) and label not in self.times)
        return {self.key, next(words, self.key)}

    def identifies(self, label: str) -> bool:
        """Return whether each cell of a column says which row is meant."""
        return label == self.key or (label in self.heads and self.is_unique(label))

    def list_marks(self, label: str) -> frozenset[str] | None:
        """Return the cells of a column that say yes, if all of its cells say "yes" or "no"."""
        cells = frozenset(self.columns[label].values())
        marked = frozenset(cell for cell in cells if cell.casefold() in _YES)
        return marked if _MARKS.issuperset(map(str.casefold, cells)) else None


def _read_column(label: str, cells: Mapping[Span, str]) -> Column | None:
    """Return the numbers of a column, if they measure something, all are clear, and they have one unit."""
    numbers = _read_numbers(cells.values())
    units = {unit for _, unit in numbers}
    measures = not _IDENTIFIER.search(label) and not all(map(YEAR.fullmatch, cells.values()))
    if len(units) != 1 or not measures:
        return None
    values = [value for value, _ in numbers]
    return Column(label, dict(zip(cells, values, strict=True)), units.pop())


def _read_numbers(cells: Collection[str]) -> list[_Number]:
    """Return the numbers of all cells; [] if one has none, or if it is unclear what a point or a comma means."""
    by_point, by_comma = (_read_notation(cells, notation) for notation in _NOTATIONS)
    is_read_twice = by_point and by_comma and by_point != by_comma
    is_unclear = is_read_twice and not _groups_by_comma(cells)
    return [] if is_unclear else by_point or by_comma


def _read_notation(cells: Collection[str], notation: Mapping[int, int]) -> list[_Number]:
    """Return the numbers of all cells in a notation; [] if one has none."""
    numbers = [_read_number(cell, notation) for cell in cells]
    readable = list(filter(None, numbers))
    return readable if len(readable) == len(cells) else []


def _groups_by_comma(cells: Iterable[str]) -> bool:
    """Return whether the commas of cells group digits; a point would be as unclear."""
    together = ";".join(cells)
    return "." not in together and _GROUPS_BY_COMMA.search(together) is not None


def _read_number(cell: str, notation: Mapping[int, int]) -> _Number | None:
    """Return the number of a cell without other words; groups of its digits have to be of three."""
    match = _NUMBER.fullmatch(cell)
    if match is None:
        return None
    digits = match["digits"].rstrip("., ").translate(notation)
    if not _DIGITS.fullmatch(digits):
        return None
    sign = match["sign"].replace("−", "-")
    unit = f"{match['before']} {match['after']}".strip()
    return Decimal(sign + _SEPARATOR.sub("", digits)), unit
