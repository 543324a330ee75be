"""The straight lines that a page draws between the rows and columns of its tables."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain, pairwise
from math import inf
from typing import NamedTuple

from rag.documents.formats.pdf.page_rows import PageRow, find_reach


class Rule(NamedTuple):
    """A line at `place`, from `start` to `end`, in points: its height and sides, or its side and heights."""

    place: float
    start: float
    end: float


class Rules(NamedTuple):
    """The horizontal and vertical lines of a page."""

    horizontal: Sequence[Rule] = ()
    vertical: Sequence[Rule] = ()

    def has_horizontal(self, x: float, top: float, bottom: float) -> bool:
        """Return whether a horizontal line passes `x`, between the heights `top` and `bottom`."""
        return any(bottom < height < top for height in self._find_heights_at(x))

    def divide(self, above: PageRow, below: PageRow, x: float) -> bool:
        """Return whether a horizontal line is between two rows at `x`."""
        return _is_divided(above, below, self._find_heights_at(x))

    def find_sides(self, x: float, y: float) -> tuple[float, float]:
        """Return where the next vertical lines are to the left and right of a point; infinite if there are none."""
        places = sorted(rule.place for rule in self.vertical if rule.start < y < rule.end)
        edges = [-inf, *places, inf]
        return edges[bisect_left(edges, x) - 1], edges[bisect_right(edges, x)]

    def find_separators(self, rows: Sequence[PageRow]) -> list[bool]:
        """Return whether a line is between each row and the next; nothing if the lines do not divide all rows."""
        left, right = find_reach(chain.from_iterable(row.cells for row in rows))
        heights = self._find_heights_at((left + right) / 2)
        separators = [_is_divided(above, below, heights) for above, below in pairwise(rows)]
        if not any(separators):
            return []
        has_columns = any(left < rule.place < right for rule in self.vertical)
        # Without lines between the columns, the others may divide only the header and the total from the rows.
        # A row with a line above and a line below it is single; the outer rows have the table's edge.
        single_count = sum(above and below for above, below in pairwise([True, *separators, True]))
        is_divided = has_columns or 2 * single_count > len(rows)
        return separators if is_divided else []

    def _find_heights_at(self, x: float) -> list[float]:
        """Return the heights of the horizontal lines that pass this place."""
        return [rule.place for rule in self.horizontal if rule.start < x < rule.end]


def _is_divided(above: PageRow, below: PageRow, heights: Sequence[float]) -> bool:
    """Return whether a line is between two rows; one under the words of the upper row may touch them."""
    return any(below.y < height < above.y + above.size / 2 for height in heights)
