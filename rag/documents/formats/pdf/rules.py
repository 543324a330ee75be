"""The straight lines that a page draws between the rows and columns of its tables."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rag.documents.formats.pdf.rows import Gap, Row

# A vertical line divides columns if it is at least this share of the height of the rows.
_LEAST_HEIGHT = 0.5
# At least this share of the rows between lines has one line of words, or else the lines divide groups of rows.
_LEAST_SINGLE = 0.5


class Rule(NamedTuple):
    """A line at `place`, from `start` to `end`, in points: its height and sides, or its side and heights."""

    place: float
    start: float
    end: float


class Rules(NamedTuple):
    """The horizontal and vertical lines of a page."""

    horizontal: Sequence[Rule] = ()
    vertical: Sequence[Rule] = ()

    def has_vertical(self, gutter: Gap, top: float, bottom: float) -> bool:
        """Return whether vertical lines go down a gutter, over most of the height from `top` to `bottom`."""
        lengths = (
            min(rule.end, top) - max(rule.start, bottom)
            for rule in self.vertical
            if gutter.left <= rule.place <= gutter.right
        )
        return sum(length for length in lengths if length > 0) >= _LEAST_HEIGHT * (top - bottom)

    def has_grid(self, border: float, top: float, bottom: float) -> bool:
        """Return whether rows from `top` to `bottom` have a line between them that crosses a border of columns."""
        return any(bottom < rule.place < top and rule.start < border < rule.end for rule in self.horizontal)

    def find_separators(self, rows: Sequence[Row]) -> list[bool]:
        """Return whether a line is between each row and the next; nothing if the lines do not divide all rows."""
        left = min(cell.left for row in rows for cell in row.cells)
        right = max(cell.right for row in rows for cell in row.cells)
        middle = (left + right) / 2
        heights = [rule.place for rule in self.horizontal if rule.start < middle < rule.end]
        separators = [
            any(below.y < height < above.y + above.size / 2 for height in heights) for above, below in pairwise(rows)
        ]
        count = sum(separators) + 1
        lone = sum(before and after for before, after in pairwise([True, *separators, True]))
        has_columns = any(left < rule.place < right for rule in self.vertical)
        is_divided = count > 1 and (has_columns or lone >= _LEAST_SINGLE * count)
        return separators if is_divided else []
