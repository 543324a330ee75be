"""Finds what a question asks of a table: an operation, a column and rows, and no word is left over."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Row, is_amount, is_of_amounts, list_labels, read_cells
from rag.answer.signs import (
    ARITHMETIC,
    ASKS_FOR_ELSE,
    ASKS_FOR_ROW,
    COUNTS_ROWS,
    COUNTS_THINGS,
    COURTESY,
    HIGHEST,
    LOWEST,
    MEAN,
    MEASURES,
    OF_TABLE,
    RANK,
    RATIO,
    SUM,
    TABLE_WORDS,
    UNIT,
)
from rag.answer.understand.query import Query
from rag.text import WORD, drop_plural

_JOINED = re.compile(r"[_/-]")
# An e-bike is a bike.
_ELECTRIC = re.compile(r"\be-(?=\w)")
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on the values of a column.

    `sign` recognises it in a question, `other` a question for something else, and `unfit` a label that it is not for.
    """

    name: str
    sign: re.Pattern[str]
    other: re.Pattern[str]
    compute: Callable[[Sequence[Decimal]], Decimal]
    unfit: re.Pattern[str] = _NOTHING
    # An extreme is the value of single rows, and only these are quoted.
    is_extreme: bool = False


# The rows are counted, whatever is in them.
_COUNT = Operation("count", COUNTS_ROWS, ASKS_FOR_ROW, lambda values: Decimal(len(values)))
# An extreme comes first: "the highest total" is the highest value of a column "Total".
_OPERATIONS = (
    Operation("highest", HIGHEST, COUNTS_THINGS, max, RANK, is_extreme=True),
    Operation("lowest", LOWEST, COUNTS_THINGS, min, RANK, is_extreme=True),
    _COUNT,
    Operation("mean", MEAN, ASKS_FOR_ELSE, mean),
    Operation("sum", SUM, ASKS_FOR_ELSE, lambda values: sum(values, Decimal(0)), RATIO),
)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation that a question may ask for.

    `rest` is the question without the operation, and `wanted` has the words of it that a table has to have.
    `measures` has the words for what a superlative like "cheapest" compares; it is empty for the others.
    """

    operation: Operation
    text: str
    rest: str
    wanted: frozenset[str]
    measures: frozenset[str]

    def find_label(self, label: str) -> frozenset[str]:
        """Return the words of a label that the question has; none if one is missing, unless it belongs to the unit."""
        name = UNIT.sub("", label)
        words = list_words(label) & (list_words(self.text) | self.measures)
        is_measured = not self.measures or not words.isdisjoint(self.measures)
        is_whole = list_words(name) <= words | TABLE_WORDS and _is_spelt(name, self.text)
        return words if is_measured and is_whole else frozenset()


class Choice(NamedTuple):
    """The rows of a table that a task is about, and the label of their column; "" if the rows are counted."""

    rows: list[Row]
    label: str


class _Filter(NamedTuple):
    """The rows that a question names, its words that do so, and the labels of the columns with these words."""

    rows: list[Row]
    words: set[str]
    labels: list[str]


def read_tasks(question: Query) -> Iterator[Task]:
    """Yield a task for each operation that a question asks for; none if it wants yes or no, or calculates itself."""
    text = _ELECTRIC.sub("", COURTESY.sub("", question.text))
    text = text[:1].lower() + text[1:]
    if Query(text).is_yes_no or ARITHMETIC.search(text):
        return
    for operation in _OPERATIONS:
        is_asked = operation.sign.search(text) and not operation.other.search(text)
        if not is_asked:
            continue
        rest = operation.sign.sub(" ", text)
        wanted = list_words(OF_TABLE.sub(" ", rest)) - TABLE_WORDS
        measures = [words for sign, words in MEASURES if sign.search(text)]
        yield Task(operation, text, rest, wanted, frozenset().union(*measures))


def choose(task: Task, table: Sequence[Row], names: frozenset[str]) -> Choice | None:
    """Return the rows and the column that a task is about; None if a word of it is left over.

    Each word has to be in a label or a cell that the question has whole, or in the `names` of the document. A year has
    to be in a row: the name of a file may be of another one.
    """
    labels = list_labels(table)
    amounts = [label for label in labels if is_of_amounts(label, table)]
    others = [label for label in labels if label not in amounts]
    named = {label: task.find_label(label) for label in labels}
    label = "" if task.operation is _COUNT else _choose_label(task, named, amounts)
    if label is None:
        return None
    chosen = _choose_rows(task, table, others)
    if chosen is None or not chosen.words.isdisjoint(list_words(label)):
        return None
    # "Which customer" may mean a column "Customer name".
    known_labels = [*chosen.labels, *others] if task.operation.is_extreme else chosen.labels
    if named.get(label):
        known_labels = [*known_labels, *filter(named.get, labels)]
    known_names = names.difference(YEAR.findall(task.rest))
    left_over = task.wanted - chosen.words - list_words(" ".join(known_labels)) - known_names
    return None if left_over else Choice(chosen.rows, label)


def list_words(text: str) -> frozenset[str]:
    """Return all words of a text without plurals, also joining words; "price_lists" has two."""
    return frozenset(map(drop_plural, WORD.findall(_JOINED.sub(" ", text))))


def _is_spelt(name: str, text: str) -> bool:
    """Return whether a question has a name as it is written if its last word only joins others, as in "Team A"."""
    beginning, space, last = name.strip().rpartition(" ")
    spelling = rf"\b(?i:{re.escape(beginning + space)}){re.escape(last)}\b"
    return last.lower() not in TABLE_WORDS or re.search(spelling, text) is not None


def _choose_label(task: Task, named: Mapping[str, frozenset[str]], amounts: Sequence[str]) -> str | None:
    """Return the label of amounts that a question names; the only one if it names none, and None if it is unclear.

    An extreme has to be named: the largest city need not be the city with the largest number.
    """
    candidates = [label for label in amounts if named[label]]
    if not candidates and not task.operation.is_extreme:
        return amounts[0] if len(amounts) == 1 else None
    best = [label for label in candidates if not any(named[label] < words for words in named.values())]
    return best[0] if len(best) == 1 else None


def _choose_rows(task: Task, table: Sequence[Row], labels: Sequence[str]) -> _Filter | None:
    """Return the rows that the question names, or all if it names none; None if it is unclear."""
    chosen = _Filter(list(table), set(), [])
    rest_words = list_words(task.rest)
    years = set(YEAR.findall(task.rest))
    for label in labels:
        cells = read_cells(label, table)
        asked = {span: _list_asked_words(cell, task.rest, rest_words) for span, cell in cells.items()}
        most = max(asked.values(), key=len)
        is_clear = all(words <= most for words in asked.values())
        if not is_clear or not chosen.words.isdisjoint(most):
            return None
        if not most:
            continue
        rows = [row for row in chosen.rows if asked.get(row.span) == most]
        names = {row.cells[label].strip().casefold() for row in rows}
        # "Market" and "Markets" are two things, but many dates are of one year.
        if len(names) > 1 and not most <= years:
            return None
        chosen = _Filter(rows, chosen.words | most, [*chosen.labels, label])
    return chosen


def _list_asked_words(cell: str, rest: str, rest_words: frozenset[str]) -> frozenset[str]:
    """Return the words of a cell if the rest of a question has all of them, or the year of its date; else none."""
    words = list_words(cell)
    if words <= rest_words and not is_amount(cell) and _is_spelt(cell, rest):
        return words
    return frozenset(YEAR.findall(rest)) & frozenset(YEAR.findall(cell))
