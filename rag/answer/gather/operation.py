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
ROWS = r"(?:rows|entries|records|lines)"
# Parts of a question that say nothing more: "of all rows", "in the table", "which entry", "the lowest value".
_TABLE = r"(?:document|table|sheet|spreadsheet|workbook|file)"
_OF_TABLE = compile_any(
    rf"\b(?:(?:in|of|across) (?:the|this|my) {_TABLE}|(?:does|do) (?:the|this|my) {_TABLE} have"
    rf"|(?:of|across) (?:all )?(?:the )?{ROWS}|which (?:row|entry|record|line)|column|list|table|sheet"
    r"|(?:the|all)\s+values?)\b"
)
# Words of a question that restrict no rows. "Not" and "over" do, and verbs and "from" may: "made in", "come from".
_JOINING = frozenset(
    split_words(
        "a an the of in for on is are was were be been do does did has have had s what which who how many much number"
        " all across with csv xlsx give me there please calculate compute show tell still now currently any our we i"
        " they that"
    )
)


class Result(NamedTuple):
    """The result from a table, in words, and the rows that it follows from."""

    text: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that a question may want from a table.

    `sign` recognises it in a question. The words of `foreign` ask for something else. `measures` are what a superlative
    stands for: "cheapest" compares prices. `solve` returns the result, or None if it is unclear.
    """

    sign: re.Pattern[str]
    foreign: Phrase
    solve: Callable[[Reading], Result | None]
    measures: Phrase = ()


class Task(NamedTuple):
    """A question to a table: the operation that it wants, and its words, with those that a superlative stands for.

    The words of `joining` join others. Those of `others` say nothing more, unless they name something in the table.
    """

    operation: Operation
    words: Phrase
    joining: frozenset[str]
    others: frozenset[str]


def read_task(question: Query, operations: Iterable[Operation]) -> Task | None:
    """Return a question as a task; None if it wants no operation, or yes or no, or calculates itself.

    The first operation counts whose sign the question has.
    """
    text = _COURTESY.sub("", question.text)
    text = text[:1].lower() + text[1:]
    words = split_words(text)
    if len(words) > _MOST_WORDS or Query(text).is_yes_no or _ARITHMETIC.search(text):
        return None
    for operation in operations:
        if operation.sign.search(text):
            joining = _JOINING.difference(operation.foreign).union(_find_words(operation.sign, text))
            others = frozenset(operation.measures).union(_find_words(_OF_TABLE, text))
            return Task(operation, words + operation.measures, joining, others)
    return None


def _find_words(sign: re.Pattern[str], text: str) -> Phrase:
    """Return the words of a text that a pattern finds."""
    return split_words(" ".join(match.group() for match in sign.finditer(text)))


def count_rows(rows: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"
