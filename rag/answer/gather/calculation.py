"""Computes a sum, a mean or an extreme of a column of a table."""

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from statistics import mean

from rag.answer.gather.columns import DECIMALS, Column
from rag.answer.gather.naming import RATIO, Reading
from rag.answer.gather.operation import MOST_NAMED, Operation, Result, count_rows
from rag.answer.signs import SUPERLATIVES, TOTAL, compile_any
from rag.formatting import join_first

# A column with such a label says what the numbers of a row are: "EUR", "kg".
_UNITS = compile_any(r"\b(?:currency|currencies|units?|uom)\b")
# Numbers with such a label or unit are not added.
_NOT_ADDED = compile_any(RATIO, r"[%‰/]")
# The highest rank is the lowest number.
_RANK = compile_any(r"\b(?:rank|ranking|place|placing|position|priority|grade)\b")

Compute = Callable[[Collection[Decimal]], Decimal]


def _find_numbers(reading: Reading) -> Column | None:
    """Return the column of amounts that is asked for, with the numbers of the rows.

    One has to be asked for: the largest city need not be that with the largest number. Its cells have to be clear, and
    the rows have to have numbers in one currency or unit.
    """
    column = reading.table.amounts.get(reading.amount)
    if column is None or _has_several_units(reading):
        return None
    numbers = {row.span: column.numbers[row.span] for row in reading.rows if row.span in column.numbers}
    return column._replace(numbers=numbers) if numbers else None


def _has_several_units(reading: Reading) -> bool:
    """Return whether a column says that the numbers of the rows are in different currencies or units."""
    labels = filter(_UNITS.search, reading.table.columns.keys() - reading.table.amounts.keys())
    return any(len({row.cells.get(label) for row in reading.rows}) > 1 for label in labels)


def _aggregate(reading: Reading, name: str, compute: Compute) -> Result | None:
    """Return a value of all rows with the cells that a question names, and what it is.

    A label that is asked for has to name the rows. "The total fee of managers" has none that does.
    """
    column = _find_numbers(reading)
    table = reading.table
    is_of_rows = not reading.name or (reading.name == table.key and table.is_unique(table.key))
    if column is None or not is_of_rows:
        return None
    rows = [row for row in reading.rows if row.span in column.numbers]
    with_unit = f"{compute(column.numbers.values()):,f} {column.unit}".strip()
    return Result(f"{with_unit}, the {name} of {column.label} over {count_rows(len(rows))}", rows)


def _find_mean(values: Collection[Decimal]) -> Decimal:
    """Return the mean, rounded; it has no decimals if it is whole."""
    rounded = round(mean(values), DECIMALS)
    return rounded if rounded % 1 else round(rounded, 0)


def _add(reading: Reading) -> Result | None:
    """Return the sum of the numbers that a question names, if they can be added.

    Several times of one thing cannot: its populations in two years do not add up.
    """
    table = reading.table
    column = table.amounts.get(reading.amount)
    is_repeated = table.is_series and not reading.name_rows()
    if column is None or is_repeated or _NOT_ADDED.search(f"{column.label} {column.unit}"):
        return None
    return _aggregate(reading, "sum", lambda values: sum(values, Decimal(0)))


def _find_extreme(reading: Reading, compute: Compute) -> Result | None:
    """Return the highest or the lowest number of the rows with the cells that a question names, and whose it is.

    Each name has to have one row: the numbers of several may add up.
    """
    column = _find_numbers(reading)
    names = reading.name_rows()
    is_clear = names and reading.table.identifies(reading.naming)
    if column is None or not is_clear or _RANK.search(column.label):
        return None
    value = compute(column.numbers.values())
    best = {name: row for name, row in names.items() if column.numbers.get(row.span) == value}
    rows = list(best.values())
    return Result(f"{join_first([*best], MOST_NAMED)}: {column.label} {rows[0].cells[column.label]}", rows)


_SUPERLATIVES = (
    *SUPERLATIVES,
    ("most", "fewest", ""),
    # "Max" is a name.
    ("maximum|(?-i:(?<=the )max)", "minimum|(?-i:(?<=the )min)", ""),
)
EXTREMES = [
    Operation(
        sign=compile_any(rf"(?<!\bat )\b(?:{words})\b"),
        # "How many cities have the highest price?" asks for a number.
        foreign=("many",),
        solve=partial(_find_extreme, compute=compute),
        measures=tuple(measures.split()),
    )
    for high, low, measures in _SUPERLATIVES
    for words, compute in ((high, max), (low, min))
]
# "Which city has the total?" asks for a row.
_ASKS_FOR_ROW = ("which", "who")
AGGREGATES = (
    Operation(
        # "What does E4 mean?" asks for no mean.
        sign=compile_any(r"\baverage\b", r"\b(?:the|arithmetic) mean\b", r"\bmean (?:of|value)\b", r"^\W*mean\b"),
        foreign=_ASKS_FOR_ROW,
        solve=partial(_aggregate, name="mean", compute=_find_mean),
    ),
    Operation(sign=compile_any(rf"\b(?:{TOTAL}|add(?:s|ed)? up(?: to)?)\b"), foreign=_ASKS_FOR_ROW, solve=_add),
)
