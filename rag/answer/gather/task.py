"""Reads a question to a table as a task, and has the records of how it is solved."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rag.answer.gather.columns import Row
from rag.answer.signs import compile_any
from rag.answer.understand.query import Query
from rag.text import LIMITS, WORD, drop_plural
from rag.types import Span

# "Can you compute …" wants no yes or no.
_COURTESY = compile_any(r"^\W*(?:(?:please|(?:can|could|would|will) you)\W+)+")
# "Amounts > 100", "price * pieces", "since 2020".
_ARITHMETIC = compile_any(r"[<>=≤≥±+*×÷^%~−–—]|\s[/-]\s", rf"\b(?:{LIMITS})\s+\W?\d")
# At most this many rows are named and quoted.
MOST_NAMED = 20
ROWS = r"(?:rows|entries|records|lines)"
# Parts of a question that say nothing more: "of all rows", "in the table", "which entry", "the lowest value".
_TABLE = r"(?:document|table|sheet|spreadsheet|workbook|file)"
_OF_TABLE = compile_any(
    rf"\b(?:(?:in|of|across) (?:the|this|my) {_TABLE}|(?:does|do) (?:the|this|my) {_TABLE} have"
    rf"|(?:of|across) (?:all )?(?:the )?{ROWS}|which (?:row|entry|record|line)|column|(?:the|all)\s+values?)\b"
)


@dataclass(frozen=True, slots=True)
class Task:
    """A question to a table.

    `text` is the question, `rest` the question without the words for the operation. `wanted` are the words that a table
    has to have.
    """

    text: str
    rest: str
    wanted: frozenset[str]


class Choice(NamedTuple):
    """The rows that a task is about, and the labels of their names and numbers; "" if these are not wanted."""

    rows: Collection[Span]
    names: str = ""
    numbers: str = ""

    def pick(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of some rows that the task is about."""
        return [row for row in rows if row.span in self.rows]


class Result(NamedTuple):
    """The result from a table, in words, and the rows that it follows from."""

    text: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a question may want from a table.

    `sign` recognises it in a question, `other` a question for something else. `measures` has words that a superlative
    stands for: "cheapest" compares prices.
    """

    sign: re.Pattern[str]
    other: re.Pattern[str]
    measures: str = ""

    def read_task(self, question: Query) -> Task | None:
        """Return a question as a task; None if it wants something else, yes or no, or calculates itself."""
        text = _COURTESY.sub("", question.text)
        text = text[:1].lower() + text[1:]
        if not self.sign.search(text) or self.other.search(text):
            return None
        if Query(text).is_yes_no or _ARITHMETIC.search(text):
            return None
        rest = self.sign.sub(" ", text)
        return Task(f"{text} {self.measures}", rest, list_words(_OF_TABLE.sub(" ", rest)) - JOINING)


def count_rows(rows: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"


def list_words(text: str) -> frozenset[str]:
    """Return all words of a text without plurals, also joining words; "price_lists" has two."""
    return frozenset(split_words(text))


def split_words(text: str) -> list[str]:
    """Return the same words in their order."""
    return list(map(drop_plural, WORD.findall(text.replace("_", " "))))


# Words of a question that restrict no rows. "Not" and "over" do, and verbs and "from" may: "made in", "come from".
JOINING = list_words(
    "a an the of in for on is are was were be been do does did has have had s what which who how many much number all"
    " across with csv xlsx give me there please calculate compute show tell still now currently any our we i they that"
)
