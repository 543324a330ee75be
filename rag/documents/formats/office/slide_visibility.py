"""Finds the shapes and words of a presentation that its audience does not see."""

from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from rag.documents.formats.visibility import TINY, Color, look_same, read_hex

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_OFF, _ON = ("0", "false"), ("1", "true")
_WORDS = (f"{_A}r", f"{_A}fld", f"{_A}br")
_PAINTS = tuple(f"{_A}{kind}Fill" for kind in ("solid", "grad", "blip", "patt", "grp"))
_FILLS = (*_PAINTS, f"{_A}noFill")
_PAINTED = (*_PAINTS, f"{_P}pic", f"{_P}graphicFrame")
# Fills below these tags colour letters and lines, not backdrops.
_OF_LETTERS = frozenset(f"{_A}{name}" for name in ("rPr", "defRPr", "endParaRPr", "ln", "buClr"))
# Nobody sees letters of at most this opacity (100,000 is opaque).
_FAINT = 5_000
# Numbers of a theme's fills: the first fill is one colour, and the other numbers here paint nothing.
_PLAIN, _UNFILLED = ("1", "1001"), ("0", "1000")
_COLORS = (f"{_A}srgbClr", f"{_A}schemeClr")


def is_shown(slide: "Slide") -> bool:
    """Return whether the presenter has not hidden a slide."""
    return slide.element.get("show", "1") not in _OFF


class Stage:
    """A slide as its audience sees it; `width` and `height` are in English metric units."""

    def __init__(self, slide: "Slide", width: int, height: int) -> None:
        self._parts = (slide, slide.slide_layout, slide.slide_layout.slide_master)
        self._width, self._height = width, height

    def shows(self, shape: "BaseShape", *, in_group: bool = False) -> bool:
        """Return whether a shape is not hidden, and at least a part of it is on the slide.

        A shape in a group counts as on the slide: its place is relative to the group.
        """
        if shape.element._nvXxPr.cNvPr.get("hidden") in _ON:
            return False
        if in_group or None in (shape.left, shape.top, shape.width, shape.height):
            return True
        is_beside = shape.left + shape.width < 0 or shape.left > self._width
        is_above = shape.top + shape.height < 0 or shape.top > self._height
        return not (is_beside or is_above)

    def read_paragraphs(self, holder: "_Element") -> list[str]:
        """Return the visible words of each paragraph of a shape, or of a table's cell."""
        backdrop = self._find_backdrop(holder)
        return ["".join(self._read_runs(paragraph, backdrop)) for paragraph in holder.iter(f"{_A}p")]

    def _read_runs(self, paragraph: "_Element", backdrop: Color | None) -> Iterator[str]:
        for run in paragraph.iterchildren(*_WORDS):
            if run.tag == f"{_A}br":
                yield "\n"
            elif not self._is_hidden(run, backdrop):
                yield run.findtext(f"{_A}t", "")

    def _is_hidden(self, run: "_Element", backdrop: Color | None) -> bool:
        settings = run.find(f"{_A}rPr")
        if settings is None:
            return False
        fill = _find_child(settings, *_FILLS)
        has_outline = settings.find(f"{_A}ln") is not None
        is_lost = not has_outline and fill is not None and self._is_lost(fill, backdrop)
        return is_lost or _is_tiny(settings)

    def _is_lost(self, fill: "_Element", backdrop: Color | None) -> bool:
        """Return whether letters with this fill cannot be seen."""
        is_unpainted = fill.tag == f"{_A}noFill"
        return is_unpainted or _is_faint(fill) or look_same(self._read_color(fill), backdrop)

    def _find_backdrop(self, holder: "_Element") -> Color | None:
        """Return the colour behind the words of a shape or cell; None if it is not known."""
        fill = _find_child(_find_child(holder, f"{_P}spPr", f"{_A}tcPr"), *_FILLS)
        if fill is not None and fill.tag != f"{_A}noFill":
            return self._read_color(fill)
        return None if self._is_painted else self._background

    @cached_property
    def _is_painted(self) -> bool:
        """Whether the slide, its layout or its master holds more than words and lines."""
        return any(_has_paint(part.shapes.element) for part in self._parts)

    @cached_property
    def _background(self) -> Color | None:
        """The slide's colour; None if it has a picture, or more than one colour."""
        backgrounds = chain.from_iterable(part.element.iterfind(f"{_P}cSld/{_P}bg") for part in self._parts)
        background = next(backgrounds, None)
        reference = _find_child(background, f"{_P}bgRef")
        if reference is not None:
            return self._read_color(reference) if reference.get("idx") in _PLAIN else None
        return self._read_color(_find_child(_find_child(background, f"{_P}bgPr"), f"{_A}solidFill"))

    def _read_color(self, fill: "_Element | None") -> Color | None:
        """Return the colour of a fill; None for several colours, or a colour derived from another one."""
        color = _find_child(fill, *_COLORS)
        if color is None or len(color):
            return None
        return self._theme.get(color.get("val", "")) if color.tag == f"{_A}schemeClr" else _read_plain(color)

    @cached_property
    def _theme(self) -> dict[str, Color | None]:
        """The colours of the master's theme by their names, and by the names that the master gives them."""
        from pptx.opc.constants import RELATIONSHIP_TYPE
        from pptx.oxml import parse_xml

        master = self._parts[-1]
        theme = parse_xml(master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob)
        schemes = theme.iterfind(f".//{_A}clrScheme/*")
        colors = {str(color.tag).removeprefix(_A): _read_plain(color[0]) for color in schemes if len(color)}
        names = master.element.find(f"{_P}clrMap")
        if names is not None:
            colors |= {name: colors[other] for name, other in names.attrib.items() if other in colors}
        return colors


def _find_child(element: "_Element | None", *tags: str) -> "_Element | None":
    """Return the first child with one of the tags; None if there is none, or no element."""
    return None if element is None else next(element.iterchildren(*tags), None)


def _has_paint(shapes: Any) -> bool:
    painted = [element for element in shapes.iter(*_PAINTED) if element.getparent().tag not in _OF_LETTERS]
    styles = {style.get("idx") for style in shapes.iter(f"{_A}fillRef")}
    return bool(painted) or not styles.issubset(_UNFILLED)


def _read_plain(color: "_Element") -> Color | None:
    return None if len(color) else read_hex(color.get("lastClr") or color.get("val"))


def _is_tiny(settings: "_Element") -> bool:
    size = settings.get("sz", "")  # in hundredths of a point
    return size.isdecimal() and int(size[:9]) / 100 <= TINY


def _is_faint(fill: "_Element") -> bool:
    opacity = fill.find(f".//{_A}alpha")
    share = "100000" if opacity is None else opacity.get("val", "")
    return share.isdecimal() and int(share[:9]) <= _FAINT
