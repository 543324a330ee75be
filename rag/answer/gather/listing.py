"""Lists or counts the rows of a table by the cells that a question names: "Which tickets are open?"."""

from rag.answer.gather.naming import Reading
from rag.answer.gather.operation import MOST_NAMED, ROWS, Operation, Result, count_rows
from rag.answer.signs import compile_any
from rag.formatting import join_first

# A row with such a number is of several things.
_QUANTITY = compile_any(r"\b(?:pieces|quantity|qty|stock|units|copies|number|count)\b")


def _count_all(reading: Reading) -> Result | None:
    """Return the number of rows, unless a label is asked for, or a row has one cell, which may be a remark."""
    has_remark = any(len(row.cells) == 1 for row in reading.rows)
    asks_for_cell = reading.name or reading.amount
    if has_remark or asks_for_cell:
        return None
    return Result(count_rows(len(reading.rows)), reading.rows)


def _list_rows(reading: Reading) -> Result | None:
    """Return the names of the rows with the cells that a question names, if they are clear.

    Of a single row, this is the cell that is asked for: "Which city is the lamp in?". A cell has to say which row is
    meant: "Which department is Max in?" is not that of the person he manages.
    """
    label = reading.naming
    names = reading.name_rows()
    is_of_cells = reading.filtered and label not in reading.filtered
    is_clear = reading.is_of_one_row or reading.table.identifies(label)
    if reading.amount or not names or not is_of_cells or not is_clear:
        return None
    return Result(join_first([*names], MOST_NAMED), reading.rows)


def _count_listed(reading: Reading) -> Result | None:
    """Return how many rows have the cells that a question names, and their names, if these are clear.

    A row may be of several things: then the question has to name the rows. "How many lamps …" does not.
    """
    if not reading.name and any(map(_QUANTITY.search, reading.table.amounts)):
        return None
    listed = _list_rows(reading)
    return Result(f"{count_rows(len(listed.rows))}: {listed.text}", listed.rows) if listed else None


def _look_up(reading: Reading) -> Result | None:
    """Return the amount of the only row, or the names of the rows in the column that is asked for.

    One of these has to be asked for: "What is HR?" asks what it means. A cell has to say which row is meant: the salary
    "of Uwe" may be that of the person he manages.
    """
    if reading.name:
        return _list_rows(reading)
    cell = reading.rows[0].cells.get(reading.amount)
    return Result(cell, reading.rows) if cell and reading.is_of_one_row else None


COUNT_ALL = Operation(
    sign=compile_any(rf"\b(?:how many|(?:total )?number of) (?={ROWS}\b)"),
    solve=_count_all,
)
LISTINGS = (
    Operation(
        sign=compile_any(r"^\W*(?:how many|(?:what(?: is|'s) )?(?:the )?number of)\b"),
        solve=_count_listed,
    ),
    Operation(sign=compile_any(r"^\W*what(?: is| was| does|['’]s)\b"), solve=_look_up),
    Operation(sign=compile_any(r"^\W*(?:which|what|list|show(?: me)?|give me|name)\b"), solve=_list_rows),
)
