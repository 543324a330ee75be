"""Writes a row of a table as a line of text, each cell with the label of its column, and reads such lines.

"; " comes before a cell, and the first ": " of a cell after its label: "Tea: green; Price: 3". A label or a cell that
has these marks itself loses the space after them: "Note: see;Price: 9".
"""

import re
from collections.abc import Sequence
from itertools import chain, repeat
from typing import NamedTuple

_SEPARATOR, _COLON = "; ", ": "
# A piece without a label belongs to the cell before it: "Tea: green; black".
_FURTHER_CELL = re.compile(r"; (?=(?:[^:;\n]|[:;](?! )){1,100}: )")


class Cell(NamedTuple):
    """A cell of a row, and the label of its column; only the first cell may have none, ""."""

    label: str
    value: str


def format_row(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a table's row with the words of its header, so that it makes sense alone: "Tea: green; Price: 3"."""
    pieces: list[str] = []
    for label, cell in zip(chain(header, repeat("")), cells, strict=False):
        name = _squeeze(label).replace(_SEPARATOR, ";").replace(_COLON, ":")
        value = _squeeze(cell)
        if name and value:
            value = name + _COLON + _FURTHER_CELL.sub(";", value)
        if value:
            pieces.append(value)
    return _SEPARATOR.join(pieces)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def is_row(line: str) -> bool:
    """Return whether a line is a row of a table with the labels of its columns."""
    return _FURTHER_CELL.search(line) is not None


def get_first_cell(line: str) -> str:
    """Return the beginning of a row, which often names it."""
    return line.partition(_SEPARATOR)[0]


def split_row(line: str) -> list[Cell]:
    """Return the cells of a row that `format_row` wrote, with a label in at least one of them."""
    cells: list[Cell] = []
    for piece in _FURTHER_CELL.split(line):
        label, colon, value = piece.partition(_COLON)
        cells.append(Cell(label, value) if colon else Cell("", piece))
    return [] if cells == [Cell("", line)] else cells
