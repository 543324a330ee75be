"""Sorts the words of a page into rows, and finds the gutters that no word of several rows crosses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Line, Word

# Baselines that differ by at most this multiple of the size of the letters are one row.
_SAME_ROW = 0.4
# A gutter is at least this wide, as a multiple of the size of the letters.
GUTTER = 0.3


# Lines of prose have this many words on average. At least half of them reach over most of their column.
_PROSE = 4
_FULL = 0.8
_FULL_SHARE = 0.5


class Gap(NamedTuple):
    """White space from `left` to `right`, in points."""

    left: float
    right: float

    @property
    def width(self) -> float:
        """The distance of the two sides."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """The place halfway between the two sides."""
        return (self.left + self.right) / 2


class Cell(NamedTuple):
    """Words of a row without a wide gap inside; `place` is the index of their line on the page."""

    text: str
    left: float
    right: float
    place: int
    weight: int


@dataclass(slots=True)
class Row:
    """Words at one height of a page, from left to right."""

    y: float
    size: float
    cells: list[Cell] = field(default_factory=list)

    def find_gaps(self) -> list[Gap]:
        """Return the gaps between the words that are as wide as a gutter."""
        least = GUTTER * self.size
        pairs = pairwise(self.cells)
        return [Gap(cell.right, other.left) for cell, other in pairs if other.left - cell.right >= least]


def make_rows(lines: Sequence[Line]) -> list[Row]:
    """Return the rows of a page from its top, without the lines that are aside."""
    rows: list[Row] = []
    places = [place for place, line in enumerate(lines) if not line.is_aside]
    for place in sorted(places, key=lambda place: -lines[place].y):
        line = lines[place]
        if not rows or rows[-1].y - line.y > _SAME_ROW * max(rows[-1].size, line.size):
            rows.append(Row(line.y, line.size))
        rows[-1].size = max(rows[-1].size, line.size)
        for word in line.words or (Word(line.text, line.left, line.right),):
            rows[-1].cells.append(Cell(*word, place, line.weight))
    for row in rows:
        row.cells.sort(key=lambda cell: cell.left)
    return rows


def narrow(gutters: Iterable[Gap], row: Row) -> list[Gap]:
    """Return the parts of the gutters that a row's words leave free, as far as they are wide enough."""
    least = GUTTER * row.size
    free = []
    for gutter in gutters:
        start = gutter.left
        for cell in row.cells:
            if start < cell.right and cell.left < gutter.right:
                free.append(Gap(start, cell.left))
                start = cell.right
        free.append(Gap(start, gutter.right))
    return [gap for gap in free if gap.width >= least]


def is_prose(cells: Sequence[Cell]) -> bool:
    """Return whether the cells of a column are the lines of a text: of several words, and mostly equally long."""
    widest = max(cell.right for cell in cells) - min(cell.left for cell in cells)
    full = sum(cell.right - cell.left >= _FULL * widest for cell in cells)
    return mean(len(cell.text.split()) for cell in cells) >= _PROSE and full >= _FULL_SHARE * len(cells)
