"""Chooses the rows and the column of a table that a question is about, if no word of it is left over."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Columns, is_amount, list_amounts
from rag.answer.gather.task import RATIO, ROW_WORDS, TABLE_WORDS, Task, list_words, split_words
from rag.answer.signs import ANY_CURRENCY, compile_any
from rag.text import STOP_WORDS, WORD, drop_plural
from rag.types import Span

# The unit at the end of a label, which a question need not name: "(kg)", "in EUR", but not "(per kg)".
_UNIT = compile_any(
    rf"\((?!.*{RATIO})[^()]*\)", rf"\[(?!.*{RATIO})[^][]*\]", rf"(?<=\w)\W+(?:in )?(?:{ANY_CURRENCY})\W*$"
)
# A shorter number in the first column may be a quantity in a question: "2 lamps".
_NAME_DIGITS = 3
# A cell of these words alone is not named by a question that has them.
_JOINING = TABLE_WORDS | ROW_WORDS | STOP_WORDS | {"us"}


class Choice(NamedTuple):
    """The rows that a task is about, and the label of their numbers or names; "" if the rows are counted."""

    rows: Collection[Span]
    label: str


class _Filter(NamedTuple):
    """The rows that a question names.

    `used` has the words of their cells and of the label that is asked for, `known` all words that are understood.
    """

    rows: set[Span]
    used: frozenset[str]
    known: frozenset[str]


def choose(task: Task, columns: Columns, names: frozenset[str]) -> Choice | None:
    """Return the rows and the column that a task is about; None if a word of it is left over.

    Each word has to be in a label or a cell that the question has whole, or in the `names` of the document. A year has
    to be in a row: the name of a file may be of another one.
    """
    if task.operation.needs_cell:
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
    """Return the rows with the cells that a question names, and the column to answer from.

    None if it names no cell, a word is in two columns, or a word is left over. Several rows are answered by their
    names: the cells of the first column, or of one of words. A cell of joining words, such as "all", is not named.
    """
    first = next(iter(columns))
    found = {label: _name_rows(cells, task.rest, is_name=label == first) for label, cells in columns.items()}
    by_cell = {label: words for label, (_, words) in found.items() if words - _JOINING}
    label = _choose_thing(task, list(columns), by_cell)
    words = frozenset[str]().union(*by_cell.values())
    if label is None or not words or len(words) < sum(map(len, by_cell.values())):
        return None
    rows = set[Span].intersection(*(found[label][0] for label in by_cell))
    names_things = label == first or label not in list_amounts(columns)
    known = words.union(names, list_words(label), *map(list_words, by_cell))
    asks_for_cell = len(rows) == 1 and not task.operation.counts
    is_answered = asks_for_cell or (len(rows) > 0 and names_things)
    return Choice(rows, label) if is_answered and task.wanted <= known else None


def _choose_thing(task: Task, labels: Sequence[str], by_cell: Mapping[str, frozenset[str]]) -> str | None:
    """Return the label that a question names, or the first one if it names none; None if it is unclear.

    The label of a cell may be beside it: "in the sales department". "The manager of Ben" asks for another cell.
    """
    named = {label: _find_name(label, task.text) for label in labels}
    if not all(_are_neighbours(named[label], words, task.text) for label, words in by_cell.items() if named[label]):
        return None
    asked = [label for label in _list_asked(labels, named) if label not in by_cell]
    if not asked and labels[0] not in by_cell:
        return labels[0]
    return asked[0] if len(asked) == 1 else None


def _are_neighbours(words: frozenset[str], others: frozenset[str], text: str) -> bool:
    """Return whether a word of one set is directly before or after a word of another one in a text."""
    return any({*pair} & words and {*pair} & others for pair in pairwise(split_words(text)))


def _find_name(name: str, text: str) -> frozenset[str]:
    """Return the words of a name that are in a text; none if one is missing.

    Words of its unit and joining words may be missing. A joining word at the end has to be spelt as there: "Team A".
    """
    words = list_words(name) & list_words(text)
    bare = _UNIT.sub("", name)
    last = WORD.findall(bare)[-1:]
    is_spelt = TABLE_WORDS.isdisjoint(map(drop_plural, last)) or last[0] in WORD.findall(text)
    is_whole = is_spelt and list_words(bare) - TABLE_WORDS <= words
    return words if is_whole else frozenset()


def _find_cell(cell: str, text: str, *, is_name: bool) -> frozenset[str]:
    """Return the words of a cell if a text has them all, or the year of its date; none if it is an amount, no name."""
    is_number = is_amount(cell) and not (is_name and len(cell) >= _NAME_DIGITS)
    is_whole = list_words(cell) <= list_words(text)
    words = _find_name(cell, text) if is_whole and not is_number else frozenset[str]()
    return words or frozenset(YEAR.findall(text)) & frozenset(YEAR.findall(cell))


def _choose_label(task: Task, named: Mapping[str, frozenset[str]], amounts: Collection[str]) -> str | None:
    """Return the label of amounts that a question names; "" to count rows, and None if it is unclear.

    If it names none, the only one is meant. But an extreme has to be named: the largest city need not be the city with
    the largest number.
    """
    if task.operation.compute is None:
        return ""
    needs_name = task.operation.is_extreme or any(named[label] for label in amounts)
    candidates = _list_asked(amounts, named) if needs_name else list(amounts)
    return candidates[0] if len(candidates) == 1 else None


def _list_asked(labels: Collection[str], named: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the labels that a question names, without those that are a part of a longer one: "Fee" of "Fee status"."""
    phrases = named.values()
    return [label for label in labels if named[label] and not any(named[label] < phrase for phrase in phrases)]


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
