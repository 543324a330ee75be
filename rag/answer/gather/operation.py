"""The record of one thing that a question may want from a table, and the question as a task."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rag.answer.gather.columns import Row
from rag.answer.gather.naming import Phrase, Reading, split_words
from rag.answer.signs import compile_any
from rag.answer.understand.query import Query
from rag.text import LIMITS

# "Can you compute …" wants no yes or no.
_COURTESY = compile_any(r"^\W*(?:(?:please|(?:can|could|would|will) you)\W+)+")
# "Amounts > 100", "price * pieces", "since 2020".
_ARITHMETIC = compile_any(r"[<>=≤≥±+*×÷^%~−–—]|\s[/-]\s", rf"\b(?:{LIMITS})\s+\W?\d")
# A longer question says more than a table can answer.
_MOST_WORDS = 40
# At most this many rows are named and quoted.
MOST_NAMED = 20
# "Who" asks for a column "Name": another one need not be of persons.
_WHO = compile_any(r"\bwho\b")
ROWS = r"(?:rows|entries|records|lines)"
# A part of a question that says nothing more.
_OF_TABLE = compile_any(
    r"\b(?:in|of|across|does) (?:the|this|my) (?:document|table|sheet|spreadsheet|workbook|file)\b",
)


class Result(NamedTuple):
    """The result from a table, in words, and the rows that it follows from."""

    text: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that a question may want from a table.

    `sign` recognises it in a question without the words of `foreign`, which ask for something else. `solve` returns the
    result, if it is clear. A superlative may imply the label of its column, one of `measures`: "cheapest"
    compares prices, "shortest" lengths or heights.
    """

    sign: re.Pattern[str]
    foreign: Phrase = ()
    solve: Callable[[Reading], Result | None]
    measures: Phrase = ()


class Task(NamedTuple):
    """A question to a table: the operation that it wants, and the words that do not say so."""

    operation: Operation
    words: Phrase

    @property
    def wordings(self) -> list[Phrase]:
        """The words with each measure that the operation may imply."""
        return [(*self.words, measure) for measure in self.operation.measures] or [self.words]


def read_task(question: Query, operations: Iterable[Operation]) -> Task | None:
    """Return a question as a task of the first operation whose sign it has; or None.

    A question for yes or no is not a task, and neither is one that calculates itself.
    """
    text = _COURTESY.sub("", question.text)
    words = split_words(text)
    if len(words) > _MOST_WORDS or Query(text).is_yes_no or _ARITHMETIC.search(text):
        return None
    for operation in operations:
        if operation.sign.search(text) and set(words).isdisjoint(operation.foreign):
            others = _WHO.sub("name", _OF_TABLE.sub(" ", operation.sign.sub(" ", text)))
            return Task(operation, split_words(others))
    return None


def count_rows(rows: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"
