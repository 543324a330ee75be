"""Collects the rows and cells of a table in an RTF text, with the merged cells."""

from bisect import bisect
from collections.abc import Sequence
from itertools import chain, pairwise, repeat
from math import inf
from typing import NamedTuple

from rag.documents.blocks import Block, join_filled
from rag.documents.formats.grid import walk_table
from rag.documents.formats.rows import MOST_COLUMNS_SPANNED, Cell

ROW_WORDS = ("trowd", "trhdr", "cellx", "clcbpat", "clvmrg", "clmrg")


class _Shape(NamedTuple):
    """The right edge of a cell in twips, and whether it is the lower or the right part of a merged cell."""

    edge: float
    is_below: bool = False
    is_beside: bool = False


# The shape of a cell for which the file gives none: one column.
_UNKNOWN = _Shape(-inf)


class _SourceRow(NamedTuple):
    """The texts of a row's cells, and the shapes that the file gives for them."""

    texts: Sequence[str]
    shapes: Sequence[_Shape]

    @property
    def edges(self) -> list[float]:
        """The right edges of the cells, from left to right."""
        return sorted(shape.edge for shape in self.shapes)


class RowCollector:
    """The rows of a table so far, and the shapes of the cells in the next row."""

    def __init__(self) -> None:
        self._paragraphs: list[str] = []
        self._texts: list[str] = []
        self._shapes: list[_Shape] = []
        self._marks: set[str] = set()  # of the next shape
        self._rows: list[_SourceRow] = []
        self._is_header = self._has_header = False
        self.is_shaded = False  # whether a cell of the present row may have a colour

    def note(self, word: str, number: int) -> None:
        """Note what one of the `ROW_WORDS` says of the present row, or of its next cell."""
        if word == "trowd":  # a row without shapes of its own has those of the row above
            self._shapes, self.is_shaded = [], False
        elif word == "trhdr":
            self._is_header = True
        elif word == "clcbpat":  # 0 means none
            self.is_shaded |= number > 0
        elif word == "cellx":
            self._shapes.append(_Shape(number, "clvmrg" in self._marks, "clmrg" in self._marks))
            self._marks.clear()
        else:
            self._marks.add(word)

    def add_paragraph(self, text: str) -> None:
        """Add a paragraph to the present cell."""
        self._paragraphs.append(text)

    def end_cell(self) -> None:
        """End a cell."""
        self._texts.append(join_filled(" ", self._paragraphs))
        self._paragraphs = []

    def end_row(self) -> None:
        """End a row."""
        self._has_header = self._has_header or (self._is_header and not self._rows)
        self._is_header = False
        if self._texts:
            self._rows.append(_SourceRow(self._texts, self._shapes))
        self._texts = []

    def take_blocks(self) -> list[Block]:
        """Return the rows with the words of their header, and begin another table."""
        rows, self._rows = self._rows, []
        is_headed, self._has_header = self._has_header, False
        return list(walk_table(_list_cells(rows), is_headed=is_headed))


def _list_cells(rows: Sequence[_SourceRow]) -> list[list[Cell]]:
    """Return the cells of each row; the row with the most shapes has all columns of the table."""
    edges = max((row.edges for row in rows), key=len, default=[])
    middles = [(left + right) / 2 for left, right in pairwise(edges)]
    return [_make_cells(row, middles) for row in rows]


def _make_cells(row: _SourceRow, middles: Sequence[float]) -> list[Cell]:
    """Return the cells of a row; `middles` has the middle of each column but the first.

    A cell reaches to the column whose right edge is the nearest to its own, because edges in a file differ a little.
    """
    cells: list[Cell] = []
    end = 0
    for text, shape in zip(row.texts, chain(row.shapes, repeat(_UNKNOWN)), strict=False):
        start = end
        end = max(start + 1, bisect(middles, shape.edge) + 1)
        width = min(end - start, MOST_COLUMNS_SPANNED)
        if shape.is_beside and cells and not text:
            cells[-1] = cells[-1]._replace(width=min(cells[-1].width + width, MOST_COLUMNS_SPANNED))
        else:
            cells.append(Cell(text, width, is_continued=shape.is_below))
    return cells
