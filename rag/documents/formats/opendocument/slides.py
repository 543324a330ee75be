"""Turns the slides of an OpenDocument presentation into blocks."""

from collections.abc import Iterator
from itertools import chain
from math import inf

from lxml.etree import _Element

from rag.documents.blocks import Block, begin_slide, join_filled, walk_shape
from rag.documents.formats.opendocument.names import DRAW, FO, NOTHING, SHOW, STYLE, SVG
from rag.documents.formats.opendocument.styles import Look, Styles, read_color, read_length
from rag.documents.formats.opendocument.text import COMMENT, TextWalker
from rag.documents.formats.slide_order import Placed, order_shapes
from rag.documents.formats.untrusted import get_text
from rag.documents.formats.visibility import WHITE, Color
from rag.documents.sequences import flat_map

# The attributes with the place of a shape on its slide, and its size.
_SIDES = ("x", "y", "width", "height")
# These repeat on every slide.
_FOOTERS = ("header", "footer", "date-time", "page-number")
# The fills of shapes and slides that let a reader see what they cover.
_UNFILLED = (None, "none")


def walk_slides(body: _Element, walker: TextWalker, styles: Styles) -> Iterator[Block]:
    """Yield each slide's title, its texts and tables from top to bottom and left to right, and its notes.

    Slides, shapes and words that the audience does not see are left out.
    """
    for number, page in enumerate(body.iterchildren(f"{DRAW}page"), 1):
        slide = _Slide(page, styles)
        if not slide.is_hidden:
            blocks = filter(_has_text, slide.walk(walker))
            yield from begin_slide(blocks, number)


def _has_text(block: Block) -> bool:
    return block.text.strip() != ""


class _Slide:
    """A slide as its audience sees it."""

    def __init__(self, page: _Element, styles: Styles) -> None:
        self._page, self._styles = page, styles
        self._style = page.get(f"{DRAW}style-name")
        self._master = styles.masters.get(page.get(f"{DRAW}master-page-name"), NOTHING)
        self.is_hidden = self._get(self._style, f"{SHOW}visibility") == "hidden"

    def walk(self, walker: TextWalker) -> Iterator[Block]:
        """Yield the title, the other shapes in reading order, and the notes."""
        shapes = list(map(_place, filter(self._shows, self._page.iterchildren("*"))))
        look = Look(self._styles.page_look.settings, self._find_background())
        title = next((placed for placed in shapes if _is_title(placed.shape)), None)
        for shape in order_shapes(shapes, title):
            blocks = list(filter(_has_text, walker.walk_shape(shape, look)))
            yield from walk_shape(blocks, is_title=_is_title(shape))
        yield Block(self._read_notes(walker, look))
        for comment in self._page.iterchildren(COMMENT):
            walker.add_comment(comment)

    def _read_notes(self, walker: TextWalker, look: Look) -> str:
        """Return the presenter's notes; an empty text if there are none."""
        frames = self._page.iterfind(f"{SHOW}notes/{DRAW}frame[@{SHOW}class='notes']")
        blocks = flat_map(lambda frame: walker.walk_shape(frame, look), frames)
        notes = join_filled("\n", (block.text for block in blocks))
        return f"Notes: {notes}" if notes else ""

    def _shows(self, shape: _Element) -> bool:
        """Return whether a shape has words of its own slide, and at least a part of it is on the slide."""
        is_empty = shape.get(f"{SHOW}placeholder") == "true"
        is_repeated = shape.get(f"{SHOW}class") in _FOOTERS
        return not any((is_empty, is_repeated, self._is_outside(shape)))

    def _is_outside(self, shape: _Element) -> bool:
        """Return whether all of a shape is beside the slide."""
        place = _place(shape)
        width, height = self._find_size()
        is_before = min(place.right, place.bottom) < 0
        is_behind = place.left > width or place.top > height
        return is_before or is_behind

    def _find_size(self) -> tuple[float, float]:
        """Return the width and height of the slide in points; infinity if the file does not say."""
        layout = self._styles.layouts.get(self._master.get(f"{STYLE}page-layout-name"), NOTHING)
        properties = next(layout.iterchildren(f"{STYLE}page-layout-properties"), NOTHING)
        width, height = (read_length(properties.get(f"{FO}page-{side}"), inf) for side in ("width", "height"))
        return width, height

    def _find_background(self) -> Color | None:
        """Return the slide's colour; None if it may have more than one, or a picture or painted shape is on it."""
        shapes = chain(self._page.iterchildren(f"{DRAW}*"), self._master.iterchildren(f"{DRAW}*"))
        if any(map(self._has_paint, shapes)):
            return None
        for name in (self._style, self._master.get(f"{DRAW}style-name")):
            fill = self._get(name, f"{DRAW}fill")
            if fill not in _UNFILLED:
                color = read_color(self._get(name, f"{DRAW}fill-color"))
                return color if fill == "solid" else None
        return WHITE

    def _has_paint(self, shape: _Element) -> bool:
        """Return whether a shape is filled, or a picture."""
        has_picture = next(shape.iter(f"{DRAW}image"), None) is not None
        return has_picture or self._styles.get_fill(shape) not in _UNFILLED

    def _get(self, style: str | None, attribute: str) -> str | None:
        return self._styles.get("drawing-page", style, "drawing-page", attribute)


def _is_title(shape: _Element) -> bool:
    return shape.get(f"{SHOW}class") == "title"


def _place(shape: _Element) -> Placed[_Element]:
    """Return a shape with its place; one that the file does not give is at the top left, without a size."""
    left, top, width, height = (read_length(shape.get(f"{SVG}{side}"), 0.0) for side in _SIDES)
    return Placed(shape, left, top, left + width, top + height, get_text(shape))
