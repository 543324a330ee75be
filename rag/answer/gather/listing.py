"""Lists or counts the rows of a table by the cells that a question names: "Which tickets are open?"."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.gather.columns import Row
from rag.answer.gather.naming import Named
from rag.answer.gather.task import MOST_NAMED, ROWS, Choice, Operation, Result, Task, count_rows, list_words
from rag.answer.signs import compile_any
from rag.types import Span

COUNTS_ROWS = rf"\bhow many {ROWS}\b|\b(?:total )?number of {ROWS}\b"
# "Which tickets did she open?" does not ask for open ones, and no column says who a person is.
_OTHER_ROWS = compile_any(r"\b(?:did|who|whose)\b", COUNTS_ROWS)


@dataclass(frozen=True, slots=True)
class Listing(Operation):
    """The rows with the cells that a question names, their number, or a cell of the only one.

    `counts`: the result is a number of rows. `is_of_all`: no cell has to be named, and the rows are not named.
    """

    counts: bool = False
    is_of_all: bool = False

    def choose(self, task: Task, named: Named, names: frozenset[str]) -> Choice | None:
        """Return the rows with the cells that a task names, and the column to answer from.

        It is None if a word is left over: each has to be in a label or a cell, or in the `names` of the document.
        """
        label = "" if self.is_of_all else self._choose_label(named)
        if label is None:
            return None
        known = named.known | names | list_words(label)
        return Choice(named.rows, label) if task.wanted <= known else None

    def _choose_label(self, named: Named) -> str | None:
        """Return the label that is named without a cell, or else the first one; None if it is unclear.

        Several rows are answered by their names. A column names rows if its cells are all different and no amounts, or
        if it is the first one: "5a", "6b".
        """
        first, *_ = named.columns
        rows = set[Span]().union(*named.columns.values())
        label, *others = named.list_asked() or [first]
        if others or not named.cells or label in named.cells:
            return None
        are_different = len(set(named.columns[label].values())) == len(rows)
        names_rows = label == first or (are_different and label not in named.amounts)
        asks_for_cell = len(named.rows) == 1 and not self.counts
        return label if names_rows or asks_for_cell else None

    def solve(self, choice: Choice, rows: Sequence[Row]) -> Result | None:
        """Return the names of the chosen rows or their number; None if it is unclear."""
        chosen = choice.pick(rows)
        number = count_rows(len(chosen))
        if self.is_of_all:
            # A row with one cell may be a remark.
            return Result(number, chosen) if all(len(row.cells) > 1 for row in chosen) else None
        names = dict.fromkeys(row.cells[choice.names] for row in chosen if choice.names in row.cells)
        if len(names) < len(chosen):  # one has no name, or two have the same
            return None
        if len(names) > MOST_NAMED:
            return Result(number, chosen)
        listed = ", ".join(names)
        return Result(f"{number}: {listed}" if self.counts else listed, chosen)


LISTINGS = (
    Listing(compile_any(COUNTS_ROWS), compile_any(r"\b(?:which|who|whose)\b"), counts=True, is_of_all=True),
    Listing(compile_any(r"^\W*(?:how many|(?:what(?: is|'s) )?(?:the )?number of)\b"), _OTHER_ROWS, counts=True),
    Listing(compile_any(r"^\W*(?:which|what|list|show(?: me)?|give me|name)\b"), _OTHER_ROWS),
)
