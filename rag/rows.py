"""Writes a row of a table as a line of text, each cell with the label of its column, and reads such lines."""

import re
from collections.abc import Sequence
from itertools import chain, repeat
from typing import NamedTuple

# A line with two cells: "Tea: green; Price: 3".
_SEPARATOR = "; "
# A colon inside a label has no space after it: "Ratio 1:2: 0.5".
_LABEL = r"(?P<label>(?:[^:;\n]|:(?! )){1,100}): "
_CELL = re.compile(rf"{_LABEL}(?P<value>.+)", re.DOTALL)
_FURTHER_CELL = re.compile(_SEPARATOR + _LABEL)


class Cell(NamedTuple):
    """A cell of a row, and the label of its column."""

    label: str
    value: str


def format_row(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a table's row with the words of its header, so that it makes sense alone: "Tea: green; Price: 3"."""
    names = map(_squeeze, chain(header, repeat("")))
    pairs = zip(names, map(_squeeze, cells), strict=False)
    return _SEPARATOR.join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def is_row(line: str) -> bool:
    """Return whether a line is a row of a table with the labels of its columns."""
    return _FURTHER_CELL.search(line) is not None


def get_first_cell(line: str) -> str:
    """Return the beginning of a row, which often names it."""
    return line.partition(_SEPARATOR)[0]


def split_row(line: str) -> list[Cell]:
    """Return the cells of a row that `format_row` wrote.

    A piece without a label belongs to the cell before it. Pieces before the first label are left out.
    """
    cells: list[Cell] = []
    for piece in line.split(_SEPARATOR):
        match = _CELL.fullmatch(piece)
        if match:
            cells.append(Cell(match["label"], match["value"]))
        elif cells:
            last = cells.pop()
            cells.append(Cell(last.label, last.value + _SEPARATOR + piece))
    return cells
