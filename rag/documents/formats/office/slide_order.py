"""Orders the shapes of a slide as its audience reads them."""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape

# Shapes whose tops differ by less are side by side: a quarter of an inch, in English metric units.
_ROW = 228_600
# A longer text, in characters, is not a heading of the text below it.
_LONGEST_HEADING = 80


class _Placed(NamedTuple):
    """A shape, its place and its size; the values that a file does not give are 0."""

    shape: "BaseShape"
    left: int
    top: int
    width: int
    height: int

    @property
    def bottom(self) -> int:
        """The place below the shape."""
        return self.top + self.height

    @property
    def middle(self) -> int:
        """The middle between the left and the right side."""
        return self.left + self.width // 2

    @property
    def may_be_heading(self) -> bool:
        """Whether the shape has one short paragraph."""
        text = self.shape.text_frame.text.strip() if self.shape.has_text_frame else ""
        return 0 < len(text) <= _LONGEST_HEADING and "\n" not in text

    def spans(self, place: int) -> bool:
        """Return whether a place is between the left and the right side."""
        return self.left <= place <= self.left + self.width

    def is_heading_of(self, below: "_Placed") -> bool:
        """Return whether the shape has a short text, and the middle of each shape is above or below the other one."""
        are_in_column = self.spans(below.middle) and below.spans(self.middle)
        return are_in_column and self.may_be_heading

    def follows(self, title: "_Placed") -> "_Placed":
        """Return the shape as a neighbour of the texts below a title if it is beside the title and reaches below it."""
        is_beside = self.left >= title.left + title.width
        reaches_below = self.top < title.bottom < self.bottom
        return self._replace(top=title.bottom) if is_beside and reaches_below else self


def order_shapes(
    shapes: Iterable["BaseShape"], title: "BaseShape | None", layout_title: "BaseShape | None" = None
) -> Iterator["BaseShape"]:
    """Yield the title, then the rows of shapes from top to bottom; a text below its own heading follows it.

    A shape on the right of the title and of the text below it comes after that text. On a slide without a title, the
    place of the layout's title counts.
    """
    others = []
    for shape in shapes:
        if shape == title:
            yield shape
        else:
            others.append(_place(shape))
    top_shape = title or layout_title
    if top_shape:
        placed_title = _place(top_shape)
        others = [placed.follows(placed_title) for placed in others]
    rows = _list_rows(others)
    while rows:
        row = rows.pop(0)
        if rows and _are_headings(row, rows[0]):
            row = _alternate(row, rows.pop(0))
        for placed in row:
            yield placed.shape


def _place(shape: "BaseShape") -> _Placed:
    return _Placed(shape, shape.left or 0, shape.top or 0, shape.width or 0, shape.height or 0)


def _alternate(row: list[_Placed], below: list[_Placed]) -> list[_Placed]:
    """Return the shapes of two rows, each of the first one followed by that below it."""
    shapes: list[_Placed] = []
    for pair in zip(row, below, strict=True):
        shapes += pair
    return shapes


def _list_rows(shapes: list[_Placed]) -> list[list[_Placed]]:
    """Return the shapes that are side by side, from left to right, in rows from top to bottom."""
    rows: list[list[_Placed]] = []
    for shape in sorted(shapes, key=attrgetter("top")):
        if not rows or shape.top - rows[-1][0].top >= _ROW:
            rows.append([])
        rows[-1].append(shape)
    for row in rows:
        row.sort(key=attrgetter("left"))
    return rows


def _are_headings(row: list[_Placed], below: list[_Placed]) -> bool:
    """Return whether each of several short texts is above one shape, as in the layout "Comparison"."""
    if len(row) < 2 or len(row) != len(below):
        return False
    pairs = zip(row, below, strict=True)
    return all(heading.is_heading_of(text) for heading, text in pairs)
