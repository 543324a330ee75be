"""Finds the labels and the cells of a table that a question names, and the rows with these cells."""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Columns, is_amount, list_amounts
from rag.answer.gather.task import JOINING, Task, list_words, split_words
from rag.answer.signs import ANY_CURRENCY, compile_any
from rag.text import STOP_WORDS, WORD, drop_plural
from rag.types import Span

# Words of a label whose numbers are not added: prices per kilo, limits and changes are not amounts of a thing.
RATIO = r"\b(?:per|each|unit|rate|ratio|share|limit|max(?:imum)?|min(?:imum)?|change|growth|average|mean|median)\b"
# The unit at the end of a label, which a question need not name: "(kg)", "in EUR", but not "(per kg)".
_UNIT = compile_any(
    rf"\((?!.*{RATIO})[^()]*\)", rf"\[(?!.*{RATIO})[^][]*\]", rf"(?<=\w)\W+(?:in )?(?:{ANY_CURRENCY})\W*$"
)
# A shorter number is a quantity: "2 lamps".
_NAME_DIGITS = 3
# A cell of these words alone is named only beside its label: "access all", "grade A".
_COMMON = JOINING | STOP_WORDS | {"us"}


class Named(NamedTuple):
    """The labels and cells of a table that a question names.

    `amounts` are the labels of `columns` with numbers that measure something. `labels` has the words of each label that
    it names, and `cells` those of its cells by their label. `rows` are the rows with all of these cells; all if it
    names no cell, and none if it is unclear which it names.
    """

    columns: Columns
    amounts: set[str]
    labels: dict[str, frozenset[str]]
    cells: dict[str, frozenset[str]]
    rows: set[Span]

    @property
    def known(self) -> frozenset[str]:
        """The words of the labels and cells, and all words of the labels of these cells."""
        return frozenset[str]().union(*self.labels.values(), *self.cells.values(), *map(list_words, self.cells))

    def list_asked(self) -> list[str]:
        """Return the labels that are named without a cell; none that is a part of another: "Fee" of "Fee status"."""
        asked: list[str] = []
        for label, words in self.labels.items():
            is_part = any(words < longer for longer in self.labels.values())
            if not is_part and label not in self.cells:
                asked.append(label)
        return asked

    def is_clear(self, label: str, words: frozenset[str], text: str) -> bool:
        """Return whether words of a text name only a cell in a column.

        No other column has one of them, and if its label is named too, it is beside them: "in the sales department".
        "The manager of Ben" asks for another cell.
        """
        used = [other for name, other in [*self.labels.items(), *self.cells.items()] if name != label]
        is_new = (words - JOINING).isdisjoint(frozenset().union(*used))
        needs_label = label in self.labels or words <= _COMMON
        is_beside = _are_neighbours(self.labels.get(label, frozenset()), words, text)
        return is_new and (is_beside or not needs_label)


def find_named(task: Task, columns: Columns) -> Named:
    """Return what a task names of the columns of a table. Cells with amounts are not named."""
    named = Named(columns, list_amounts(columns), {}, {}, set().union(*columns.values()))
    for label in columns:
        words = _find_label(label, task.text)
        if words:
            named.labels[label] = words
    for label in columns.keys() - named.amounts:
        rows, words = _find_cells(columns[label], task.rest)
        if words:
            named.rows.intersection_update(rows if named.is_clear(label, words, task.text) else ())
            named.cells[label] = words
    return named


def _are_neighbours(words: frozenset[str], others: frozenset[str], text: str) -> bool:
    """Return whether a word of one set is directly before or after a word of another one in a text."""
    return any({*pair} & words and {*pair} & others for pair in pairwise(split_words(text)))


def _find_label(label: str, text: str) -> frozenset[str]:
    """Return the words of a label that are in a text; only units and joining words may be missing."""
    bare = _UNIT.sub("", label)
    words = list_words(label) & list_words(text)
    is_whole = list_words(bare) - JOINING <= words
    return words if is_whole and _is_spelt(bare, text) else frozenset()


def _is_spelt(name: str, text: str) -> bool:
    """Return whether the last word of a name is in a text as it is spelt, if it is a common one: "Team A"."""
    last = WORD.findall(name)[-1:]
    return _COMMON.isdisjoint(map(drop_plural, last)) or last[0] in WORD.findall(text)


def _find_cells(cells: Mapping[Span, str], text: str) -> tuple[set[Span], frozenset[str]]:
    """Return the rows of a column that a text names, and the words that do so; no rows if it is unclear.

    It is clear if only cells with one text have all of these words: "Market" and "Markets" are two things. But many
    dates are of one year.
    """
    words_of = {cell: _find_cell(cell, text) for cell in set(cells.values())}
    words = frozenset[str]().union(*words_of.values())
    similar = {cell.casefold() for cell in words_of if words <= list_words(cell)}
    is_clear = len(similar) == 1 or words.issubset(YEAR.findall(text))
    return {span for span, cell in cells.items() if is_clear and words_of[cell] == words}, words


def _find_cell(cell: str, text: str) -> frozenset[str]:
    """Return the words of a cell if a text has them all, or the year of its date; none if it is a short number."""
    words = list_words(cell)
    is_quantity = is_amount(cell) and len(cell) < _NAME_DIGITS
    if words <= list_words(text) and _is_spelt(cell, text) and not is_quantity:
        return words
    return frozenset(YEAR.findall(text)) & frozenset(YEAR.findall(cell))
