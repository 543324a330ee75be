"""Orders the shapes of a slide as its audience reads them."""

from collections import deque
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from rag.documents.sequences import split_runs

ShapeT = TypeVar("ShapeT")

# Shapes whose tops differ by less are side by side: a quarter of an inch, in points.
_ROW = 18
# A longer text, in characters, is not a heading of the text below it.
_LONGEST_HEADING = 80


class Placed(NamedTuple, Generic[ShapeT]):
    """A shape with its sides in points, and its words."""

    shape: ShapeT
    left: float
    top: float
    right: float
    bottom: float
    words: str = ""

    @property
    def middle(self) -> float:
        """The middle between the left and the right side."""
        return (self.left + self.right) / 2

    def is_heading_of(self, below: "Placed[ShapeT]") -> bool:
        """Return whether the shape has one short line, and the middle of each shape is above or below the other one."""
        is_short = 0 < len(self.words) <= _LONGEST_HEADING and "\n" not in self.words
        return is_short and self.left <= below.middle <= self.right and below.left <= self.middle <= below.right

    def follows(self, title: "Placed[ShapeT]") -> "Placed[ShapeT]":
        """Return the shape as a neighbour of the texts below a title if it is beside the title and reaches below it."""
        is_beside = self.left >= title.right and self.top < title.bottom < self.bottom
        return self._replace(top=title.bottom) if is_beside else self


def order_shapes(shapes: Iterable[Placed[ShapeT]], title: Placed[ShapeT] | None) -> Iterator[ShapeT]:
    """Yield the title, and the rows of other shapes from top to bottom; a text below its own heading follows it.

    A shape on the right of the title and of the text below it comes after that text.
    """
    others = []
    for placed in shapes:
        if title and placed.shape == title.shape:
            yield placed.shape
        else:
            others.append(placed.follows(title) if title else placed)
    rows = deque(_list_rows(others))
    while rows:
        row = rows.popleft()
        if rows and _are_headings(row, rows[0]):
            for heading, text in zip(row, rows.popleft(), strict=True):
                yield from (heading.shape, text.shape)
        else:
            yield from map(attrgetter("shape"), row)


def _list_rows(shapes: list[Placed[ShapeT]]) -> list[list[Placed[ShapeT]]]:
    """Return the shapes that are side by side, from left to right, in rows from top to bottom."""
    rows = split_runs(sorted(shapes, key=attrgetter("top")), lambda row, shape: shape.top - row[0].top >= _ROW)
    return [sorted(row, key=attrgetter("left")) for row in rows]


def _are_headings(row: list[Placed[ShapeT]], below: list[Placed[ShapeT]]) -> bool:
    """Return whether each of several short texts is above one shape, as in the layout "Comparison"."""
    are_pairs = 1 < len(row) == len(below)
    return are_pairs and all(map(Placed.is_heading_of, row, below))
