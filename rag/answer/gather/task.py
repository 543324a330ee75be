"""Finds what a question asks of a table: an operation, a column and rows, and no word is left over."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Row, is_amount, is_of_amounts, list_labels, read_cells
from rag.answer.signs import (
    ARITHMETIC,
    ASKS_FOR_ROW,
    COUNTS_ROWS,
    COUNTS_THINGS,
    COURTESY,
    HIGHEST,
    LOWEST,
    MEAN,
    MEASURES,
    SUM,
    TABLE_WORDS,
)
from rag.answer.understand.query import Query
from rag.text import STOP_WORDS, WORD, content_words, stem

_JOINED = re.compile(r"[_/-]")
# An e-bike is a bike.
_ELECTRIC = re.compile(r"\be-(?=\w)")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on the values of a column; `sign` recognises it in a question, `other` a question for else."""

    name: str
    sign: re.Pattern[str]
    other: re.Pattern[str]
    compute: Callable[[Sequence[Decimal]], Decimal]
    # An extreme is the value of single rows, and only these are quoted.
    is_extreme: bool = False


# The rows are counted, whatever is in them.
_COUNT = Operation("count", COUNTS_ROWS, ASKS_FOR_ROW, lambda values: Decimal(len(values)))
# An extreme comes first: "the highest total" is the highest value of a column "Total".
_OPERATIONS = (
    Operation("highest", HIGHEST, COUNTS_THINGS, max, is_extreme=True),
    Operation("lowest", LOWEST, COUNTS_THINGS, min, is_extreme=True),
    _COUNT,
    Operation("mean", MEAN, ASKS_FOR_ROW, mean),
    Operation("sum", SUM, ASKS_FOR_ROW, lambda values: sum(values, Decimal(0))),
)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation that a question may ask for.

    `rest` is the question without the operation, and `wanted` has the words of it that a table has to have.
    `measures` has the words for what a superlative like "cheapest" compares; it is empty for the others.
    """

    question: Query
    operation: Operation
    rest: str
    wanted: frozenset[str]
    measures: frozenset[str]

    def find_words(self, label: str) -> set[str]:
        """Return the words of a label by which the question names the column."""
        return content_words(label) & (self.question.words | self.measures)


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
    """Yield a task for each operation of which a question has a sign; none if it wants yes or no, or calculates."""
    text = _ELECTRIC.sub("", COURTESY.sub("", question.text))
    text = text[:1].lower() + text[1:]
    if Query(text).is_yes_no or ARITHMETIC.search(text):
        return
    for operation in _OPERATIONS:
        is_asked = operation.sign.search(text) and not operation.other.search(text)
        if not is_asked:
            continue
        rest = operation.sign.sub(" ", text)
        words = [word for word in WORD.findall(_JOINED.sub(" ", rest)) if word not in TABLE_WORDS]
        measures = [words for sign, words in MEASURES if sign.search(text)]
        yield Task(question, operation, rest, frozenset(map(stem, words)), frozenset().union(*measures))


def choose(task: Task, table: Sequence[Row], names: set[str]) -> Choice | None:
    """Return the rows and the column that a task is about; None if a word of it is left over.

    Each word has to be in a label, in a cell that the question has whole, or in the `names` of the document.
    """
    labels = list_labels(table)
    amounts = [label for label in labels if is_of_amounts(label, table)]
    label = "" if task.operation is _COUNT else _choose_label(task, amounts)
    if label is None:
        return None
    chosen = _choose_rows(task, table, [other for other in labels if other not in amounts])
    if chosen is None or not chosen.words.isdisjoint(_list_words(label)):
        return None
    known_labels = labels if task.find_words(label) else chosen.labels
    left_over = task.wanted - chosen.words - _list_words(" ".join(known_labels)) - names
    return None if left_over else Choice(chosen.rows, label)


def list_name_words(names: Sequence[str]) -> set[str]:
    """Return the words of the names of a document; "price_list" has two."""
    return content_words(_JOINED.sub(" ", " ".join(names)))


def _list_words(text: str) -> set[str]:
    """Return the stems of all words of a text, also of words that only join others."""
    return {stem(word) for word in WORD.findall(_JOINED.sub(" ", text))}


def _choose_label(task: Task, amounts: Sequence[str]) -> str | None:
    """Return the label that has all words which the question shares with labels; the only one if it shares none.

    An extreme has to be named: the largest city need not be the city with the largest number.
    """
    if not amounts:
        return None
    shared = {label: task.find_words(label) for label in amounts}
    best = max(amounts, key=lambda label: len(shared[label]))
    if not shared[best]:
        is_alone = len(amounts) == 1 and not task.operation.is_extreme
        return best if is_alone else None
    is_clear = all(label == best or words < shared[best] for label, words in shared.items())
    is_measured = not task.measures or not shared[best].isdisjoint(task.measures)
    return best if is_clear and is_measured else None


def _choose_rows(task: Task, table: Sequence[Row], labels: Sequence[str]) -> _Filter | None:
    """Return the rows whose whole cells a question has, all rows if it has none; None if it is unclear which."""
    chosen = _Filter(list(table), set(), [])
    rest_words = _list_words(task.rest)
    for label in labels:
        cells = read_cells(label, table)
        asked = {span: _list_asked_words(cell, task.rest, rest_words) for span, cell in cells.items()}
        most = max(asked.values(), key=len)
        is_clear = all(words <= most for words in asked.values())
        if not is_clear or not chosen.words.isdisjoint(most):
            return None
        if most:
            rows = [row for row in chosen.rows if asked.get(row.span) == most]
            chosen = _Filter(rows, chosen.words | most, [*chosen.labels, label])
    return chosen


def _list_asked_words(cell: str, rest: str, rest_words: set[str]) -> frozenset[str]:
    """Return the words of a cell if the rest of a question has them all, or the year of its date; else an empty set."""
    words = frozenset(_list_words(cell))
    if words and words <= rest_words and not is_amount(cell):
        is_word = not words <= STOP_WORDS or re.search(rf"\b{re.escape(cell)}\b", rest)
        if is_word:
            return words
    return frozenset(YEAR.findall(rest)) & frozenset(YEAR.findall(cell))
