"""Finds the shapes and words of a presentation that its audience does not see."""

from collections.abc import Iterator
from functools import cached_property

from lxml.etree import _Element
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml import parse_xml
from pptx.shapes.base import BaseShape
from pptx.slide import Slide

from rag.documents.formats.office.paths import NOTHING, A, make_finder, make_reader, make_test
from rag.documents.formats.office.slide_numbers import SlideNumbers
from rag.documents.formats.visibility import FAINT, TINY, Color, look_same, read_hex
from rag.documents.sequences import flat_map

_OFF = ("0", "false")
_WORDS = (f"{A}r", f"{A}fld", f"{A}br")
_PAINT = "self::a:solidFill or self::a:gradFill or self::a:blipFill or self::a:pattFill or self::a:grpFill"
# Fills in these elements colour letters and lines, not backdrops.
_OF_LETTERS = "parent::a:rPr or parent::a:defRPr or parent::a:endParaRPr or parent::a:ln or parent::a:buClr"
# A colour with something inside is derived from another colour.
_COLOR = "(a:srgbClr | a:schemeClr)[1][not(*)]"

# Some shapes are not read: hidden ones, and those that every slide repeats, such as the date and the slide's number.
_is_unread = make_test(
    "*/p:cNvPr[@hidden = '1' or @hidden = 'true']"
    " | p:nvSpPr/p:nvPr/p:ph[@type = 'dt' or @type = 'ftr' or @type = 'sldNum']"
)
_is_tiny = make_test(f"a:rPr[@sz <= {100 * TINY}]")  # in hundredths of a point
# Letters with an outline can be seen, whatever their fill is.
_find_letter_fills = make_finder(f"(a:rPr[not(a:ln)]/*[{_PAINT} or self::a:noFill])[1]")
# Here `alpha` is the opacity, from 0 to 100,000.
_is_faint = make_test(f"self::a:noFill | (.//a:alpha)[1][@val <= {100_000 * FAINT}]")
_find_shape_fills = make_finder(f"(p:spPr | a:tcPr)[1]/*[{_PAINT} or self::a:noFill][1][{_PAINT}]")
# The first of a theme's fills, number 1 or 1001, is one colour; the numbers 0 and 1000 paint nothing.
_has_paint = make_test(
    f"p:cSld/p:spTree//*[{_PAINT} or self::p:pic or self::p:graphicFrame][not({_OF_LETTERS})]"
    " | p:cSld/p:spTree//a:fillRef[not(@idx = '0' or @idx = '1000')]"
)
_find_backgrounds = make_finder("p:cSld/p:bg")
_find_plain_fills = make_finder("p:bgRef[@idx = '1' or @idx = '1001'] | p:bgPr/a:solidFill")
_get_color = make_reader(f"{_COLOR}/@val")
_find_theme_colors = make_finder(".//a:clrScheme/*")
_get_theme_color = make_reader("a:srgbClr[not(*)]/@val | a:sysClr[not(*)]/@lastClr")
_find_color_names = make_finder("p:clrMap")


def is_shown(slide: Slide) -> bool:
    """Return whether the presenter has not hidden a slide."""
    return slide.element.get("show", "1") not in _OFF


class Stage:
    """A slide as its audience sees it, its title and its layout's; `width` and `height` are in English metric units."""

    def __init__(self, slide: Slide, width: int, height: int) -> None:
        self.title = slide.shapes.title
        self.layout_title = slide.slide_layout.placeholders.get(idx=0)
        self._master = slide.slide_layout.slide_master
        self._parts = (slide.element, slide.slide_layout.element, self._master.element)
        self._width, self._height = width, height

    def shows(self, shape: BaseShape, *, in_group: bool = False) -> bool:
        """Return whether a shape is read: it is not hidden, not repeated on every slide, and not beside the slide.

        A shape in a group counts as on the slide: its place is relative to the group.
        """
        if _is_unread(shape.element):
            return False
        if in_group or None in (shape.left, shape.top, shape.width, shape.height):
            return True
        is_in_width: bool = -shape.width <= shape.left <= self._width
        is_in_height: bool = -shape.height <= shape.top <= self._height
        return is_in_width and is_in_height

    def read_paragraphs(self, holder: _Element) -> list[str]:
        """Return the visible words of each paragraph of a shape, or of a table's cell, with the paragraph's number."""
        backdrop = next(map(self._read_color, _find_shape_fills(holder)), self._page)
        numbers = SlideNumbers()
        return [
            numbers.begin_with_number(paragraph, "".join(self._read_runs(paragraph, backdrop)))
            for paragraph in holder.iter(f"{A}p")
        ]

    def _read_runs(self, paragraph: _Element, backdrop: Color | None) -> Iterator[str]:
        for run in paragraph.iterchildren(*_WORDS):
            if run.tag == f"{A}br":
                yield "\n"
            elif not self._is_hidden(run, backdrop):
                yield run.findtext(f"{A}t", "")

    def _is_hidden(self, run: _Element, backdrop: Color | None) -> bool:
        fills = _find_letter_fills(run)
        is_lost = any(_is_faint(fill) or look_same(self._read_color(fill), backdrop) for fill in fills)
        return is_lost or _is_tiny(run)

    @cached_property
    def _page(self) -> Color | None:
        """The slide's colour; None if it is not known, or if pictures or coloured shapes may cover it."""
        background = next(flat_map(_find_backgrounds, self._parts), NOTHING)
        color = next(map(self._read_color, _find_plain_fills(background)), None)
        return None if any(map(_has_paint, self._parts)) else color

    def _read_color(self, fill: _Element) -> Color | None:
        """Return the colour of a fill; None for several colours, or a colour derived from another one."""
        color = _get_color(fill)
        return read_hex(color) or self._theme.get(color)

    @cached_property
    def _theme(self) -> dict[str, Color | None]:
        """The colours of the master's theme by their names, and by the names that the master gives them."""
        theme = parse_xml(self._master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob)
        colors = {
            str(color.tag).removeprefix(A): read_hex(_get_theme_color(color)) for color in _find_theme_colors(theme)
        }
        for names in _find_color_names(self._master.element):
            colors |= {str(name): colors.get(str(other)) for name, other in names.attrib.items()}
        return colors
