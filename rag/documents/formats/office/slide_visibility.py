"""Says which shapes and words of a presentation its audience does not see."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from rag.documents.formats.visibility import TINY, Color, look_same, read_hex

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_OFF, _ON = ("0", "false"), ("1", "true")
_WORDS = (f"{_A}r", f"{_A}fld", f"{_A}br")
_FILLS = tuple(f"{_A}{kind}Fill" for kind in ("solid", "no", "grad", "blip", "patt", "grp"))
# Fills of these are of letters and lines.
_OF_LETTERS = frozenset(f"{_A}{name}" for name in ("rPr", "defRPr", "endParaRPr", "ln", "buClr"))
# Of 100,000, which is opaque.
_FAINT = 5_000
# The first fill of a theme is one colour.
_PLAIN = ("1", "1001")


def is_shown(slide: "Slide") -> bool:
    """Return whether a slide is presented, and not passed over."""
    return slide.element.get("show", "1") not in _OFF


class Stage:
    """A slide as its audience sees it; `width` and `height` are in English metric units."""

    def __init__(self, slide: "Slide", width: int, height: int) -> None:
        self._parts = (slide, slide.slide_layout, slide.slide_layout.slide_master)
        self._width, self._height = width, height

    def shows(self, shape: "BaseShape", *, in_group: bool = False) -> bool:
        """Return whether a shape is not hidden, and at least a part of it is on the slide.

        In a group shapes have places of their own; there it is the group that is on the slide.
        """
        if shape.element._nvXxPr.cNvPr.get("hidden") in _ON:
            return False
        if in_group or None in (shape.left, shape.top, shape.width, shape.height):
            return True
        is_beside = shape.left + shape.width < 0 or shape.left > self._width
        is_above = shape.top + shape.height < 0 or shape.top > self._height
        return not (is_beside or is_above)

    def read_paragraphs(self, holder: "_Element") -> list[str]:
        """Return the words that are seen in each paragraph of a shape, or of a table's cell."""
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
        size = settings.get("sz", "")  # in hundredths of a point
        if size.isdecimal() and int(size[:9]) / 100 <= TINY:
            return True
        fill = next(settings.iterchildren(*_FILLS), None)
        if fill is None or settings.find(f"{_A}ln") is not None:
            return False
        return fill.tag == f"{_A}noFill" or _is_faint(fill) or look_same(self._read_color(fill), backdrop)

    def _find_backdrop(self, holder: "_Element") -> Color | None:
        """Return the colour behind the words of a shape or cell; None if it is not known."""
        properties = holder.find(f"{_P}spPr")
        if properties is None:
            properties = holder.find(f"{_A}tcPr")
        fill = next(properties.iterchildren(*_FILLS), None) if properties is not None else None
        if fill is not None and fill.tag != f"{_A}noFill":
            return self._read_color(fill)
        return None if self._is_painted else self._background

    @cached_property
    def _is_painted(self) -> bool:
        """Whether the slide, its layout or its master holds anything but words and lines."""
        painted = (*(kind for kind in _FILLS if kind != f"{_A}noFill"), f"{_P}pic", f"{_P}graphicFrame")
        for part in self._parts:
            tree = part.shapes.element
            fills = (element for element in tree.iter(*painted) if element.getparent().tag not in _OF_LETTERS)
            has_style = any(style.get("idx") not in ("0", "1000") for style in tree.iter(f"{_A}fillRef"))
            if has_style or next(fills, None) is not None:
                return True
        return False

    @cached_property
    def _background(self) -> Color | None:
        """The slide's colour; None if it has a picture, or more than one colour."""
        for part in self._parts:
            background = part.element.find(f"{_P}cSld/{_P}bg")
            if background is None:
                continue
            reference = background.find(f"{_P}bgRef")
            if reference is not None:
                return self._read_color(reference) if reference.get("idx") in _PLAIN else None
            fill = background.find(f"{_P}bgPr/{_A}solidFill")
            return None if fill is None else self._read_color(fill)
        return None

    def _read_color(self, fill: "_Element") -> Color | None:
        """Return the one colour of a fill; None for more colours, or one that is made of another."""
        color = fill.find(f"{_A}srgbClr")
        if color is None:
            color = fill.find(f"{_A}schemeClr")
            color = color if color is None or len(color) else self._theme.get(color.get("val", ""))
        if color is None or len(color):
            return None
        return read_hex(color.get("lastClr") or color.get("val"))

    @cached_property
    def _theme(self) -> dict[str, "_Element"]:
        """The colours that the master's theme has for their names; some names mean others."""
        from pptx.opc.constants import RELATIONSHIP_TYPE
        from pptx.oxml import parse_xml

        master = self._parts[-1]
        theme = parse_xml(master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob)
        colors = {
            str(color.tag).removeprefix(_A): color[0] for color in theme.iterfind(f".//{_A}clrScheme/*") if len(color)
        }
        names = master.element.find(f"{_P}clrMap")
        others = dict(names.attrib) if names is not None else {}
        return colors | {name: colors[other] for name, other in others.items() if other in colors}


def _is_faint(fill: "_Element") -> bool:
    opacity = fill.find(f".//{_A}alpha")
    share = "100000" if opacity is None else opacity.get("val", "")
    return share.isdecimal() and int(share[:9]) <= _FAINT
