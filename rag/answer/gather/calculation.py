"""Computes a sum, a mean or an extreme of a column of a table."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean

from rag.answer.gather.columns import Column, Columns, Row, is_amount, list_columns, read_column
from rag.answer.gather.listing import COUNTS_ROWS
from rag.answer.gather.naming import RATIO, Named
from rag.answer.gather.task import MOST_NAMED, Choice, Operation, Result, Task, count_rows, list_words
from rag.answer.signs import CURRENCY_SIGNS, compile_any

# A mean is rounded to this many decimals.
DECIMALS = 2
# "Which city has the total?" asks for a row, and "How many rows have a price in total?" for a number of rows.
_ASKS_FOR_ROWS = compile_any(r"\b(?:which|who|whose)\b", COUNTS_ROWS)
_COUNTS = compile_any(r"\b(?:how many|number)\b")
# "How many cities have the highest price?" and "Which are the highest prices?" do not ask for the highest one.
_COUNTS_THINGS = compile_any(r"\b(?:how many|are|were|have)\b")
# A column with such a label says what the numbers of a row are: "EUR", "kg".
_UNITS = compile_any(r"\b(?:currency|currencies|units?|uom)\b")
# A column of marks such as "yes" and "no" has at most this many different cells.
_MARKS = 2
# The highest rank is the lowest number.
_RANK = compile_any(r"\b(?:rank|ranking|place|placing|position|priority|grade)\b")

Compute = Callable[[Collection[Decimal]], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation(Operation):
    """A value that is computed from the numbers of a column.

    `unfit` recognises a label that it is not for. `is_extreme`: it is the value of single rows, and has no name.
    """

    compute: Compute
    unfit: re.Pattern[str] = re.compile(r"(?!)")
    name: str = ""
    is_extreme: bool = False

    def choose(self, task: Task, named: Named, names: frozenset[str]) -> Choice | None:
        """Return the rows that a task is about, and the columns of their names and their numbers.

        It is None if a word is left over, or if the rows have several currencies or units. So it is if the question
        names another currency than the numbers have, or a mark of rows ("the paid invoices").
        """
        label = self._choose_label(task, named)
        if label is None or _has_several_units(named):
            return None
        names_label = _choose_names(task, named.columns, label)
        others = set(named.list_asked()) - {label, names_label}
        if any(_marks_rows(named.columns[other].values()) for other in others):
            return None
        known = named.known | names
        if self.is_extreme:  # "which customer" may mean a column "Customer name"
            known = known.union(*map(list_words, named.columns.keys() - named.amounts))
        currencies = set(CURRENCY_SIGNS).intersection(task.text)
        is_of_label = currencies <= set(label).union(*named.columns[label].values())
        is_understood = task.wanted <= known and is_of_label
        return Choice(named.rows, names_label, label) if is_understood else None

    def _choose_label(self, task: Task, named: Named) -> str | None:
        """Return the label of amounts that is asked for, or the only one if none is; None if it is unclear.

        An extreme has to be named: the largest city need not be the city with the largest number. So does a number of
        things: the total number of orders is not the sum of their amounts.
        """
        asked = named.list_asked()
        needs_name = asked or self.is_extreme or _COUNTS.search(task.text)
        candidates = named.amounts.intersection(asked) if needs_name else named.amounts
        return next(iter(candidates)) if len(candidates) == 1 else None

    def solve(self, choice: Choice, rows: Sequence[Row]) -> Result | None:
        """Return the value over the chosen rows; None if there are none, or if their numbers are unclear."""
        column = read_column(choice.numbers, list_columns(rows)[choice.numbers])
        if column is None or self.unfit.search(f"{column.label} {column.unit}"):
            return None
        chosen = [row for row in choice.pick(rows) if row.span in column.numbers]
        if not chosen:
            return None
        value = self.compute([column.numbers[row.span] for row in chosen])
        if self.is_extreme:
            return _describe_extreme(choice.names, chosen, column, value)
        with_unit = f"{value:,f} {column.unit}".strip()
        return Result(f"{with_unit}, the {self.name} of {column.label} over {count_rows(len(chosen))}", chosen)


def _marks_rows(cells: Iterable[str]) -> bool:
    """Return whether cells only say for each row whether it is so: "yes" and "no"."""
    return len(set(cells)) <= _MARKS


def _has_several_units(named: Named) -> bool:
    """Return whether a column says that the numbers of the rows are in different currencies or units."""
    for label in filter(_UNITS.search, named.columns.keys() - named.amounts):
        units = {unit for span, unit in named.columns[label].items() if span in named.rows}
        if len(units) > 1:
            return True
    return False


def _describe_extreme(label: str, rows: Sequence[Row], column: Column, value: Decimal) -> Result | None:
    """Return the rows with an extreme value, by their names; None if a name is missing or of other rows too."""
    best = [row for row in rows if column.numbers[row.span] == value]
    names = dict.fromkeys(row.cells.get(label, "") for row in best)
    if "" in names or sum(row.cells.get(label, "") in names for row in rows) > len(best):
        return None
    subject = ", ".join(names) if len(names) <= MOST_NAMED else count_rows(len(best))
    return Result(f"{subject}: {column.label} {best[0].cells[column.label]}", best)


def _choose_names(task: Task, columns: Columns, numbers: str) -> str:
    """Return the label of the column that names a row: one that is asked for, else the first that is not of numbers."""
    for label in columns:
        if task.wanted & (list_words(label) - list_words(numbers)):
            return label
    for label, cells in columns.items():
        if not all(map(is_amount, cells.values())):
            return label
    return numbers


# Superlatives, how to find their values, and the words for what they compare, if they say it. "The max" is the highest,
# and "Max" is a name.
_PRICES = "price cost fee rent"
_SUPERLATIVES: tuple[tuple[str, Compute, str], ...] = (
    (r"highest|largest|biggest|greatest|maximum|(?-i:(?<=the )max)", max, ""),
    (r"lowest|smallest|minimum|(?-i:(?<=the )min)", min, ""),
    ("most expensive|dearest", max, _PRICES),
    ("least expensive|cheapest", min, _PRICES),
    ("heaviest", max, "weight mass"),
    ("lightest", min, "weight mass"),
    ("tallest", max, "height length"),
    ("shortest", min, "height length"),
    ("fastest", max, "speed"),
    ("slowest", min, "speed"),
)
EXTREMES = [
    Calculation(
        compile_any(rf"\b(?:{words})\b"), _COUNTS_THINGS, measures, compute=compute, unfit=_RANK, is_extreme=True
    )
    for words, compute, measures in _SUPERLATIVES
]
# "What does E4 mean?" asks for no mean.
_MEAN = compile_any(r"\baverage\b", r"\b(?:the|arithmetic) mean\b", r"\bmean (?:of|value)\b", r"^\W*mean\b")
_SUM = compile_any(r"\b(?:sum|total|totals|altogether|add(?:s|ed)? up(?: to)?)\b")
_NO_AMOUNT = compile_any(RATIO, r"[%‰/]")
AGGREGATES = (
    Calculation(_MEAN, _ASKS_FOR_ROWS, name="mean", compute=lambda values: round(mean(values), DECIMALS)),
    Calculation(_SUM, _ASKS_FOR_ROWS, name="sum", compute=lambda values: sum(values, Decimal(0)), unfit=_NO_AMOUNT),
)
