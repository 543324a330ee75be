"""Computes a sum, a mean or an extreme of a column of a table."""

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from statistics import mean

from rag.answer.gather.columns import DECIMALS, Column, Row
from rag.answer.gather.naming import RATIO, Reading, split_words
from rag.answer.gather.operation import MOST_NAMED, Operation, Result, count_rows
from rag.answer.signs import compile_any
from rag.formatting import join_first

# A column with such a label says what the numbers of a row are: "EUR", "kg".
_UNITS = compile_any(r"\b(?:currency|currencies|units?|uom)\b")
# The highest rank is the lowest number.
_RANK = compile_any(r"\b(?:rank|ranking|place|placing|position|priority|grade)\b")

Compute = Callable[[Collection[Decimal]], Decimal]


def _find_numbers(reading: Reading, unfit: re.Pattern[str]) -> tuple[Column, list[Row]] | None:
    """Return the column of amounts that is asked for, and the rows that have a number there.

    It is None if none is asked for: the largest city need not be that with the largest number. So it is if the column
    is unclear or its label unfit, or if the rows have no numbers, or several currencies or units.
    """
    column = reading.table.read_column(reading.amount)
    if column is None or unfit.search(f"{column.label} {column.unit}") or _has_several_units(reading):
        return None
    rows = [row for row in reading.rows if row.span in column.numbers]
    return (column, rows) if rows else None


def _has_several_units(reading: Reading) -> bool:
    """Return whether a column says that the numbers of the rows are in different currencies or units."""
    labels = filter(_UNITS.search, reading.table.columns.keys() - reading.table.amounts)
    return any(len({row.cells.get(label) for row in reading.rows}) > 1 for label in labels)


def _aggregate(reading: Reading, name: str, compute: Compute, unfit: re.Pattern[str]) -> Result | None:
    """Return a value of all rows with the cells that a question names, and what it is.

    It is None if a label is asked for that does not name the rows: "the total fee of managers".
    """
    found = _find_numbers(reading, unfit)
    table = reading.table
    is_of_rows = not reading.name or (reading.name == table.key and table.is_unique(table.key))
    if found is None or not is_of_rows:
        return None
    column, rows = found
    value = compute([column.numbers[row.span] for row in rows])
    with_unit = f"{value:,f} {column.unit}".strip()
    return Result(f"{with_unit}, the {name} of {column.label} over {count_rows(len(rows))}", rows)


def _find_mean(values: Collection[Decimal]) -> Decimal:
    """Return the mean, rounded; it has no decimals if it is whole."""
    rounded = round(mean(values), DECIMALS)
    return rounded if rounded % 1 else round(rounded, 0)


def _find_extreme(reading: Reading, compute: Compute) -> Result | None:
    """Return the highest or the lowest number of the rows with the cells that a question names, and whose it is.

    The names are in the first column, or in another one that is asked for. It is None if one of them is missing, or if
    another row has it too.
    """
    found = _find_numbers(reading, _RANK)
    if found is None:
        return None
    column, rows = found
    label = reading.naming
    value = compute([column.numbers[row.span] for row in rows])
    best = [row for row in rows if column.numbers[row.span] == value]
    names = {row.cells.get(label, ""): row for row in best}
    named = [row for row in rows if row.cells.get(label, "") in names]
    if "" in names or len(named) > len(best):
        return None
    return Result(f"{join_first([*names], MOST_NAMED)}: {column.label} {best[0].cells[column.label]}", best)


def _find_most(reading: Reading, compute: Compute) -> Result | None:
    """Return what has the most or the fewest of something; None if a thing has several rows, whose numbers add up."""
    return _find_extreme(reading, compute) if reading.table.is_unique(reading.naming) else None


# Superlatives of high and of low values, and the words for what they compare, if they say it. "The max" is the highest,
# and "Max" is a name.
_SUPERLATIVES = (
    (
        r"highest|largest|biggest|greatest|maximum|(?-i:(?<=the )max)",
        r"lowest|smallest|minimum|(?-i:(?<=the )min)",
        "",
    ),
    ("most expensive|dearest", "least expensive|cheapest", "price cost fee rent"),
    ("heaviest", "lightest", "weight mass"),
    ("tallest", "shortest", "height length"),
    ("fastest", "slowest", "speed"),
)
# "How many cities have the highest price?" and "Which are the highest prices?" do not ask for the highest one.
_SEVERAL = ("many", "are", "were", "have")
EXTREMES = [
    Operation(
        sign=compile_any(rf"\b(?:{words})\b"),
        foreign=_SEVERAL,
        solve=partial(_find_extreme, compute=compute),
        measures=split_words(measures),
    )
    for highest, lowest, measures in _SUPERLATIVES
    for words, compute in ((highest, max), (lowest, min))
]
EXTREMES += [
    Operation(sign=compile_any(words), foreign=_SEVERAL, solve=partial(_find_most, compute=compute))
    for words, compute in ((r"(?<!\bat )\bmost\b(?! expensive)", max), (r"\bfewest\b", min))
]
# "Which city has the total?" asks for a row.
_ASKS_FOR_ROW = ("which", "who")
AGGREGATES = (
    Operation(
        # "What does E4 mean?" asks for no mean.
        sign=compile_any(r"\baverage\b", r"\b(?:the|arithmetic) mean\b", r"\bmean (?:of|value)\b", r"^\W*mean\b"),
        foreign=_ASKS_FOR_ROW,
        solve=partial(_aggregate, name="mean", compute=_find_mean, unfit=re.compile("(?!)")),
    ),
    Operation(
        sign=compile_any(r"\b(?:sum|total|totals|altogether|add(?:s|ed)? up(?: to)?)\b"),
        foreign=_ASKS_FOR_ROW,
        solve=partial(
            _aggregate,
            name="sum",
            compute=lambda values: sum(values, Decimal(0)),
            unfit=compile_any(RATIO, r"[%‰/]"),
        ),
    ),
)
