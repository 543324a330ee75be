"""Finds what a question asks of a table: an operation, and the words that the table has to have."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean

from rag.answer.signs import compile_any
from rag.answer.understand.query import Query
from rag.text import WORD, drop_plural

# A mean is rounded to this many decimals.
DECIMALS = 2
_JOINED = re.compile(r"[_/-]")
# An e-bike is a bike.
_ELECTRIC = re.compile(r"\be-(?=\w)")
_NOTHING = re.compile(r"(?!)")
# "Can you compute …" wants no yes or no.
_COURTESY = compile_any(r"^\W*(?:(?:please|(?:can|could|would|will) you)\W+)+")
# "Amounts > 100", "price * pieces".
_ARITHMETIC = re.compile(r"[<>=≤≥±+*×÷^%~−–—]|\s[/-]\s")
_ROWS = r"(?:rows|entries|records|lines)"
_COUNTS_ROWS = rf"\bhow many {_ROWS}\b|\b(?:total )?number of {_ROWS}\b"
# "Which city has the total?" asks for a row, and a sum is of no row.
_ASKS_FOR_ROW = r"\b(?:which|who|whose)\b"
# "How many rows have a price in total?" asks for no sum either.
_ASKS_FOR_ELSE = compile_any(_ASKS_FOR_ROW, _COUNTS_ROWS)
# "How many cities have the highest price?" and "Which are the highest prices?" do not ask for the highest one.
_COUNTS_THINGS = compile_any(r"\b(?:how many|are|were|have)\b")
# Words of a label whose numbers are not added: prices per kilo, limits and changes are not amounts of a thing.
RATIO = r"\b(?:per|each|unit|rate|ratio|share|limit|max(?:imum)?|min(?:imum)?|change|growth|average|mean|median)\b"
# The highest rank is the lowest number.
_RANK = compile_any(r"\b(?:rank|ranking|place|placing|position|priority|grade)\b")
# Other parts of a question that say nothing more: "of all rows", "in the table", "which entry", "the lowest value".
_TABLE = r"(?:document|table|sheet|spreadsheet|workbook|file)"
_OF_TABLE = compile_any(
    rf"\b(?:(?:in|of|across) (?:the|this|my) {_TABLE}|(?:does|do) (?:the|this|my) {_TABLE} have"
    rf"|(?:of|across) (?:all )?(?:the )?{_ROWS}|which (?:row|entry|record|line)|column|(?:the|all)\s+values?)\b"
)


Compute = Callable[[Collection[Decimal]], Decimal]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on the rows of a table.

    `sign` recognises it in a question, `other` a question for something else.
    `compute` gives the result from the numbers of a column; None if the rows are counted or named.
    `unfit` recognises a label that it is not for. `measures` has the words for what a superlative compares.
    `is_extreme`: the result is the value of single rows; only these are quoted.
    `needs_cell`: it is about the rows with a cell that the question names.
    `counts`: the result is a number of rows.
    """

    name: str
    sign: re.Pattern[str]
    other: re.Pattern[str]
    compute: Compute | None = None
    unfit: re.Pattern[str] = _NOTHING
    measures: str = ""
    is_extreme: bool = False
    needs_cell: bool = False
    counts: bool = False


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
_EXTREMES = [
    Operation("extreme", compile_any(rf"\b(?:{words})\b"), _COUNTS_THINGS, compute, _RANK, measures, is_extreme=True)
    for words, compute, measures in _SUPERLATIVES
]
# "Which tickets are open?", "Show me the open tickets", "How many tickets are open?" No column says who a person is.
_NAMES = r"^\W*(?:which|what|list|show(?: me)?|give me|name)\b"
_NUMBER = r"^\W*(?:how many|(?:the )?number of)\b"
# "Which tickets did she open?" does not ask for open ones.
_OTHER_ROWS = compile_any(r"\b(?:did|who|whose)\b", _COUNTS_ROWS)
# "What does E4 mean?" asks for no mean.
_MEAN = compile_any(r"\baverage\b", r"\b(?:the|arithmetic) mean\b", r"\bmean (?:of|value)\b", r"^\W*mean\b")
_SUM = compile_any(r"\b(?:sum|total|totals|altogether|add(?:s|ed)? up(?: to)?)\b")
# An extreme comes first: "the highest total" is the highest value of a column "Total".
_OPERATIONS = (
    *_EXTREMES,
    Operation("count", compile_any(_COUNTS_ROWS), compile_any(_ASKS_FOR_ROW), counts=True),
    Operation("names", compile_any(_NAMES), _OTHER_ROWS, needs_cell=True),
    Operation("number", compile_any(_NUMBER), _OTHER_ROWS, needs_cell=True, counts=True),
    Operation("mean", _MEAN, _ASKS_FOR_ELSE, lambda values: round(mean(values), DECIMALS)),
    Operation("sum", _SUM, _ASKS_FOR_ELSE, lambda values: sum(values, Decimal(0)), compile_any(RATIO, r"[%‰/]")),
)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation that a question may ask for.

    `text` is the question, with the words for what a superlative compares. `rest` is the question without the
    operation, and `wanted` has the words of it that a table has to have.
    """

    operation: Operation
    text: str
    rest: str
    wanted: frozenset[str]


def read_tasks(question: Query) -> Iterator[Task]:
    """Yield a task for each operation that a question asks for; none if it wants yes or no, or calculates itself."""
    text = _ELECTRIC.sub("", _COURTESY.sub("", question.text))
    text = text[:1].lower() + text[1:]
    if Query(text).is_yes_no or _ARITHMETIC.search(text):
        return
    for operation in _OPERATIONS:
        if operation.sign.search(text) and not operation.other.search(text):
            rest = operation.sign.sub(" ", text)
            wanted = list_words(_OF_TABLE.sub(" ", rest)) - TABLE_WORDS
            if operation.needs_cell:
                wanted -= ROW_WORDS
            yield Task(operation, f"{text} {operation.measures}", rest, wanted)


def list_words(text: str) -> frozenset[str]:
    """Return all words of a text without plurals, also joining words; "price_lists" has two."""
    return frozenset(split_words(text))


def split_words(text: str) -> list[str]:
    """Return the same words in their order."""
    return list(map(drop_plural, WORD.findall(_JOINED.sub(" ", text))))


# Words of a question that ask for a value of a table and do not restrict its rows; "not", "over" and "from" do.
TABLE_WORDS = list_words(
    "a an the of in for on is are was were be do does did has have had s what which who how many much number all across"
    " with csv xlsx give me there please calculate compute show tell"
)
# More words that restrict no rows if a question names a cell. Verbs and "from" may do: "made in", "come from".
ROW_WORDS = list_words("still now currently been any our we i they that list name")
