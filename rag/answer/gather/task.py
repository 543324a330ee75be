"""Finds what a question asks of a table: an operation, a column and rows, and no word is left over."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Columns, is_amount, list_amounts
from rag.answer.signs import ANY_CURRENCY, compile_any
from rag.answer.understand.query import Query
from rag.text import WORD, drop_plural
from rag.types import Span

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
_RATIO = r"\b(?:per|each|unit|rate|ratio|share|limit|max(?:imum)?|min(?:imum)?|change|growth|average|mean|median)\b"
# The highest rank is the lowest number.
_RANK = compile_any(r"\b(?:rank|ranking|place|placing|position|priority|grade)\b")
# The unit at the end of a label, which a question need not name: "(kg)", "in EUR", but not "(per kg)".
_UNIT = compile_any(
    rf"\((?!.*{_RATIO})[^()]*\)", rf"\[(?!.*{_RATIO})[^][]*\]", rf"(?<=\w)\W+(?:in )?(?:{ANY_CURRENCY})\W*$"
)
# Other parts of a question that say nothing more: "of all rows", "in the table", "which entry", "the lowest value".
_TABLE = r"(?:document|table|sheet|spreadsheet|workbook|file)"
_OF_TABLE = compile_any(
    rf"\b(?:(?:in|of|across) (?:the|this|my) {_TABLE}|(?:does|do) (?:the|this|my) {_TABLE} have"
    rf"|(?:of|across) (?:all )?(?:the )?{_ROWS}|which (?:row|entry|record|line)|column|(?:the|all)\s+values?)\b"
)


Compute = Callable[[Collection[Decimal]], Decimal]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on the values of a column.

    `sign` recognises it in a question, `other` a question for something else, and `unfit` a label that it is not for.
    `measures` has the words for what a superlative like "cheapest" compares. `compute` is None if the rows are counted
    or named, whatever their numbers are.
    """

    name: str
    sign: re.Pattern[str]
    other: re.Pattern[str]
    compute: Compute | None = None
    unfit: re.Pattern[str] = _NOTHING
    measures: str = ""

    @property
    def is_extreme(self) -> bool:
        """Whether the result is the value of single rows; only these are quoted."""
        return self.name == "extreme"

    @property
    def is_of_things(self) -> bool:
        """Whether the result is the names or the number of the rows with a cell that the question names."""
        return self.name in {"names", "number"}


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
    Operation("extreme", compile_any(rf"\b(?:{words})\b"), _COUNTS_THINGS, compute, _RANK, measures)
    for words, compute, measures in _SUPERLATIVES
]
_COUNT = Operation("count", compile_any(_COUNTS_ROWS), compile_any(_ASKS_FOR_ROW))
# "Which tickets are open?", "Show me the tickets from Leeds", "How many tickets are open?"
_NAMES = r"^\W*(?:which|what|who|whose|list|show(?: me)?|give me|name)\b"
_NUMBER = r"^\W*(?:how many|(?:the )?number of)\b"
# "Which tickets did she open?", "Who is not open?"
_OTHER_ROWS = compile_any(r"\bdid\b", _COUNTS_ROWS)
# "What does E4 mean?" asks for no mean.
_MEAN = compile_any(r"\baverage\b", r"\b(?:the|arithmetic) mean\b", r"\bmean (?:of|value)\b", r"^\W*mean\b")
_SUM = compile_any(r"\b(?:sum|total|totals|altogether|add(?:s|ed)? up(?: to)?)\b")
# An extreme comes first: "the highest total" is the highest value of a column "Total".
_OPERATIONS = (
    *_EXTREMES,
    _COUNT,
    Operation("names", compile_any(_NAMES), _OTHER_ROWS),
    Operation("number", compile_any(_NUMBER), _OTHER_ROWS),
    Operation("mean", _MEAN, _ASKS_FOR_ELSE, lambda values: round(mean(values), DECIMALS)),
    Operation("sum", _SUM, _ASKS_FOR_ELSE, lambda values: sum(values, Decimal(0)), compile_any(_RATIO, r"[%‰/]")),
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


class Choice(NamedTuple):
    """The rows that a task is about, and the label of their numbers or names; "" if the rows are counted."""

    rows: Collection[Span]
    label: str


class _Filter(NamedTuple):
    """The rows that a question names, the words that name them or the column, and the words that are understood."""

    rows: set[Span]
    used: frozenset[str]
    known: frozenset[str]


def read_tasks(question: Query) -> Iterator[Task]:
    """Yield a task for each operation that a question asks for; none if it wants yes or no, or calculates itself."""
    text = _ELECTRIC.sub("", _COURTESY.sub("", question.text))
    text = text[:1].lower() + text[1:]
    if Query(text).is_yes_no or _ARITHMETIC.search(text):
        return
    for operation in _OPERATIONS:
        if operation.sign.search(text) and not operation.other.search(text):
            rest = operation.sign.sub(" ", text)
            wanted = list_words(_OF_TABLE.sub(" ", rest)) - _TABLE_WORDS
            if operation.is_of_things:
                wanted -= _ROW_WORDS
            yield Task(operation, f"{text} {operation.measures}", rest, wanted)


def choose(task: Task, columns: Columns, names: frozenset[str]) -> Choice | None:
    """Return the rows and the column that a task is about; None if a word of it is left over.

    Each word has to be in a label or a cell that the question has whole, or in the `names` of the document. A year has
    to be in a row: the name of a file may be of another one.
    """
    if task.operation.is_of_things:
        return _choose_things(task, columns, names)
    amounts = list_amounts(columns)
    others = columns.keys() - amounts
    named = {label: _find_name(label, task.text) for label in columns}
    label = _choose_label(task, named, amounts)
    if label is None:
        return None
    chosen = _choose_rows(columns, others - {label}, text=task.rest, used=list_words(label))
    known = chosen.known | names.difference(YEAR.findall(task.rest))
    if named.get(label):
        known = known.union(*named.values())
    if task.operation.is_extreme:  # "which customer" may mean a column "Customer name"
        known |= list_words(" ".join(others))
    is_understood = task.wanted <= known
    return Choice(chosen.rows, label) if chosen.rows and is_understood else None


def _choose_things(task: Task, columns: Columns, names: frozenset[str]) -> Choice | None:
    """Return the rows with the cells that a question names, and the column of their names or of the cell it asks for.

    None if it names no cell, a word is in two columns, or a word is left over. Of several rows only a column that names
    things is asked for: the first one, or one of words.
    """
    first = next(iter(columns))
    found = {label: _name_rows(cells, task.rest, is_name=label == first) for label, cells in columns.items()}
    by_cell = {label: words for label, (_, words) in found.items() if words}
    label = _choose_thing(task, list(columns), by_cell)
    words = frozenset[str]().union(*by_cell.values())
    if label is None or not words or len(words) < sum(map(len, by_cell.values())):
        return None
    rows = set[Span].intersection(*(found[label][0] for label in by_cell))
    names_things = label == first or label not in list_amounts(columns)
    known = words.union(names, list_words(label), *map(list_words, by_cell))
    is_answered = len(rows) == 1 or (len(rows) > 1 and names_things)
    return Choice(rows, label) if is_answered and task.wanted <= known else None


def _choose_thing(task: Task, labels: Sequence[str], by_cell: Collection[str]) -> str | None:
    """Return the label that a question names, or the first one if it names none; None if it is unclear.

    A label in `by_cell` says of which cells the question is: "in the sales department".
    """
    named = {label: _find_name(label, task.text) for label in labels}
    asked = [label for label in labels if named[label] and label not in by_cell]
    asked = [label for label in asked if not _is_part(named[label], named.values())]
    if not asked and labels[0] not in by_cell:
        return labels[0]
    return asked[0] if len(asked) == 1 else None


def list_words(text: str) -> frozenset[str]:
    """Return all words of a text without plurals, also joining words; "price_lists" has two."""
    return frozenset(map(drop_plural, WORD.findall(_JOINED.sub(" ", text))))


# Words of a question that ask for a value of a table and do not restrict its rows; "not", "over" and "from" do.
_TABLE_WORDS = list_words(
    "a an the of in for on is are was were be do does did has have had s what which who how many much number all across"
    " with csv xlsx give me there please calculate compute show tell"
)
# More words that restrict no rows if a question names a cell.
_ROW_WORDS = list_words(
    "still now currently been any our we i they that from at by about live work come came get based located belong made"
    " person people everyone everybody anyone list name whose"
)


def _find_name(name: str, text: str) -> frozenset[str]:
    """Return the words of a name that are in a text; none if one is missing.

    Words of its unit and joining words may be missing. A joining word at the end has to be spelt as there: "Team A".
    """
    words = list_words(name) & list_words(text)
    bare = _UNIT.sub("", name)
    last = WORD.findall(bare)[-1:]
    is_spelt = _TABLE_WORDS.isdisjoint(map(drop_plural, last)) or last[0] in WORD.findall(text)
    is_whole = is_spelt and list_words(bare) - _TABLE_WORDS <= words
    return words if is_whole else frozenset()


def _find_cell(cell: str, text: str, *, is_name: bool) -> frozenset[str]:
    """Return the words of a cell if a text has them all, or the year of its date; none if it is an amount, no name."""
    is_number = is_amount(cell) and not is_name
    is_whole = list_words(cell) <= list_words(text)
    words = _find_name(cell, text) if is_whole and not is_number else frozenset[str]()
    return words or frozenset(YEAR.findall(text)) & frozenset(YEAR.findall(cell))


def _choose_label(task: Task, named: Mapping[str, frozenset[str]], amounts: Collection[str]) -> str | None:
    """Return the label of amounts that a question names; "" to count rows, and None if it is unclear.

    If it names none, the only one is meant. But an extreme has to be named: the largest city need not be the city with
    the largest number.
    """
    if task.operation is _COUNT:
        return ""
    candidates = [label for label in amounts if named[label]]
    if candidates:
        phrases = set(named.values())
        candidates = [label for label in candidates if not _is_part(named[label], phrases)]
    elif not task.operation.is_extreme:
        candidates = list(amounts)
    return candidates[0] if len(candidates) == 1 else None


def _is_part(words: frozenset[str], phrases: Collection[frozenset[str]]) -> bool:
    return any(words < phrase for phrase in phrases)


def _choose_rows(columns: Columns, labels: Collection[str], *, text: str, used: frozenset[str]) -> _Filter:
    """Return the rows that a text names, or all if it names none; no rows if a word is used twice, or it is unclear."""
    chosen = _Filter(set().union(*columns.values()), used, frozenset())
    for label in labels:
        rows, words = _name_rows(columns[label], text)
        if words:
            is_new = chosen.used.isdisjoint(words)
            left = chosen.rows & rows if is_new else set[Span]()
            chosen = _Filter(left, chosen.used | words, chosen.known | words | list_words(label))
    return chosen


def _name_rows(cells: Mapping[Span, str], text: str, *, is_name: bool = False) -> tuple[set[Span], frozenset[str]]:
    """Return the rows of a column that a text names, and the words that do so; no rows if it is unclear.

    It is clear if only cells with one text have all of these words. Without such words, all rows are returned.
    """
    asked = {span: _find_cell(cell, text, is_name=is_name) for span, cell in cells.items()}
    words = frozenset[str]().union(*asked.values())
    rows = {span for span, own_words in asked.items() if own_words == words}
    names = {cells[span].casefold() for span in rows}
    # "Market" and "Markets" are two things, but many dates are of one year.
    is_year = words.issubset(YEAR.findall(text))
    is_alone = all(span in rows or not words <= list_words(cell) for span, cell in cells.items())
    is_clear = is_year or (len(names) == 1 and is_alone)
    return (rows if is_clear else set()), words
