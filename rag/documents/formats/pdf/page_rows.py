"""Sorts the words of a page into rows, and finds the gutters that no word of several rows crosses."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from statistics import mean
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Line

# Baselines that differ by at most this multiple of the size of the letters are one row.
_SAME_ROW = 0.4
# A gutter is at least this wide, as a multiple of the size of the letters.
GUTTER = 0.3
# No page has more rows in a table or column; the bound keeps a hostile file from taking long.
_MOST_ROWS = 400
# Lines of prose have this many words on average. Half of them fill 80 % of the column.
WORDS_OF_PROSE = 4
# Fewer lines do not show that they are a column.
FEWEST_LINES = 4
_FULL = 0.8


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


class PageCell(NamedTuple):
    """Words of a row without a wide gap inside; `place` is the index of their line on the page."""

    text: str
    left: float
    right: float
    place: int


@dataclass(slots=True)
class PageRow:
    """Words at one height of a page, from left to right."""

    y: float
    size: float
    cells: list[PageCell] = field(default_factory=list)

    def find_gaps(self, least: float = GUTTER) -> list[Gap]:
        """Return the gaps between words that are at least this wide, as a multiple of the size of the letters."""
        gaps = [Gap(cell.right, following.left) for cell, following in pairwise(self.cells)]
        return [gap for gap in gaps if gap.width >= least * self.size]


def make_rows(lines: Sequence[Line]) -> list[PageRow]:
    """Return the rows of a page from its top, without the lines that are aside."""
    rows: list[PageRow] = []
    downwards = sorted(enumerate(lines), key=lambda numbered: -numbered[1].y)
    for place, line in downwards:
        if line.is_aside:
            continue
        is_lower = not rows or rows[-1].y - line.y > _SAME_ROW * max(rows[-1].size, line.size)
        if is_lower:
            rows.append(PageRow(line.y, line.size))
        row = rows[-1]
        row.size = max(row.size, line.size)
        for word in line.parts:
            row.cells.append(PageCell(*word, place))
    for row in rows:
        row.cells.sort(key=lambda cell: cell.left)
    return rows


def grow(rows: Sequence[PageRow], start: int, least: float = GUTTER) -> Iterator[tuple[PageRow, list[Gap]]]:
    """Yield the rows from `start` on, each with the gaps of the first row that all rows so far leave free.

    They end where no gap is left that is wide enough, as a multiple of the size of the letters.
    """
    gutters = rows[start].find_gaps(least)
    for row in rows[start : start + _MOST_ROWS]:
        gutters = narrow(gutters, row, least)
        if not gutters:
            return
        yield row, gutters


def narrow(gutters: Iterable[Gap], row: PageRow, least: float = GUTTER) -> list[Gap]:
    """Return the parts of the gutters that a row's words leave free and that are wide enough."""
    free = []
    for gutter in gutters:
        start = gutter.left
        for cell in row.cells:
            is_inside = start < cell.right and cell.left < gutter.right
            if is_inside:
                free.append(Gap(start, cell.left))
                start = cell.right
        free.append(Gap(start, gutter.right))
    return [gap for gap in free if gap.width >= least * row.size]


def join_cells(cells: Sequence[PageCell]) -> PageCell:
    """Return neighbouring cells of a row as one."""
    return cells[0]._replace(text=" ".join(cell.text for cell in cells), right=cells[-1].right)


def find_reach(cells: Iterable[PageCell]) -> tuple[float, float]:
    """Return where the first of some cells begins and the last one ends, in points."""
    sides = [(cell.left, cell.right) for cell in cells]
    lefts, rights = zip(*sides, strict=True)
    return min(lefts), max(rights)


def is_prose(cells: Sequence[PageCell]) -> bool:
    """Return whether the cells of a column are the lines of a text: of several words, and mostly equally long."""
    left, right = find_reach(cells)
    widths = [cell.right - cell.left for cell in cells]
    full_count = sum(width >= _FULL * (right - left) for width in widths)
    words = mean(len(cell.text.split()) for cell in cells)
    return words >= WORDS_OF_PROSE and full_count >= len(cells) / 2


def list_places(rows: Iterable[PageRow]) -> list[int]:
    """Return the indexes of the lines from which rows were made, each once."""
    return sorted({cell.place for row in rows for cell in row.cells})


def replace_rows(lines: Sequence[Line], replacements: Iterable[tuple[Sequence[PageRow], Sequence[Line]]]) -> list[Line]:
    """Return the lines; those from which some rows were made are replaced by others, at the place of the first."""
    lines_by_place: list[Sequence[Line]] = [[line] for line in lines]
    for rows, others in replacements:
        first, *rest = list_places(rows)
        lines_by_place[first] = others
        for place in rest:
            lines_by_place[place] = []
    return list(chain.from_iterable(lines_by_place))
