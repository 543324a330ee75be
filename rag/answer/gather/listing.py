"""Lists or counts the rows of a table by the cells that a question names: "Which tickets are open?"."""

from rag.answer.gather.naming import Reading
from rag.answer.gather.operation import MOST_NAMED, ROWS, Operation, Result, count_rows
from rag.answer.signs import compile_any
from rag.formatting import join_first

# A number with such a label is not the things that it counts: "Pupils".
_THINGS = compile_any(r"[^siu]s\b")


def _count_all(reading: Reading) -> Result | None:
    """Return the number of rows; None if a label is asked for, or if a row has one cell: that may be a remark."""
    if reading.name or reading.amount or any(len(row.cells) == 1 for row in reading.rows):
        return None
    return Result(count_rows(len(reading.rows)), reading.rows)


def _list_rows(reading: Reading) -> Result | None:
    """Return the names of the rows with the cells that a question names; None if two are the same, or one is missing.

    They are in the first column, or in another one that is asked for and names the rows.
    """
    key = reading.table.key
    label = reading.name or key
    if reading.amount or not reading.filtered or label in reading.filtered:
        return None
    if label != key and not reading.table.is_unique(label):
        return None
    names = {row.cells[label]: row for row in reading.rows if label in row.cells}
    return Result(join_first([*names], MOST_NAMED), reading.rows) if len(names) == len(reading.rows) else None


def _count_rows(reading: Reading) -> Result | None:
    """Return how many rows have the cells that a question names, and their names; None if these are unclear."""
    listed = _list_rows(reading)
    return Result(f"{count_rows(len(listed.rows))}: {listed.text}", listed.rows) if listed else None


def _look_up(reading: Reading) -> Result | None:
    """Return the cell that is asked for of the only row, or else the names of the rows; None if they are unclear."""
    asks_one = bool(reading.name) != bool(reading.amount)
    if len(reading.rows) > 1 or not asks_one:
        return _list_rows(reading)
    cell = reading.rows[0].cells.get(reading.name or reading.amount)
    return Result(cell, reading.rows) if cell and not _THINGS.search(reading.amount) else None


COUNT_ALL = Operation(
    sign=compile_any(rf"\bhow many {ROWS}\b|\b(?:total )?number of {ROWS}\b"),
    foreign=("which", "who"),
    solve=_count_all,
)
# "Which tickets did she open?" does not ask for open ones, and no column says who a person is.
_VERBS_AND_PERSONS = ("did", "who")
LISTINGS = (
    Operation(
        sign=compile_any(r"^\W*(?:how many|(?:what(?: is|'s) )?(?:the )?number of)\b"),
        foreign=_VERBS_AND_PERSONS,
        solve=_count_rows,
    ),
    Operation(
        sign=compile_any(r"^\W*(?:which|what|list|show(?: me)?|give me|name)\b"),
        foreign=_VERBS_AND_PERSONS,
        solve=_look_up,
    ),
)
