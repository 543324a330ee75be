"""Lists the ways in which styles hide an element, and reads the colours and sizes of style sheets."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import inf
from typing import NamedTuple, TypeAlias

from tinycss2.color4 import parse_color

from rag.documents.formats.html.css import read_length
from rag.documents.formats.visibility import FAINT, Color

# The values of an element's properties, by name.
Texts: TypeAlias = Mapping[str, str]

# A reader cannot scroll to words this far off the screen, in pixels. Menus that slide in are nearer.
OFF_SCREEN = -900
_SIZES = ("height", "max-height", "width", "max-width")
_MARGINS = ("margin-left", "margin-top")
# The positions that take an element out of its place.
PLACED = ("absolute", "fixed")
_SIDES = ("left", "top", "right", "bottom")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_SCALED_AWAY = re.compile(r"\bscale(?:3d|x|y)?\(\s*(?:0*\.)?0+\s*[,)]")
_MOVED = re.compile(r"\btranslate(?:3d|x|y)?\(\s*([^,()\s]+)(?:[,\s]+([^,()\s]+))?")
# Rectangles of at most one pixel: "rect(0 0 0 0)", "rect(1px, 1px, 1px, 1px)".
_EMPTY_CLIP = re.compile(r"rect\((?:[\s,]*[01](?:px)?\b){4}")
# A circle whose first number is 0, a polygon without any other number, a rectangle cut by half or more on all sides, or
# all of it on one.
_EMPTY_SHAPE = re.compile(
    r"(?:circle|ellipse)\([^\d.]*+[0.]++(?!\d)|polygon\([^1-9]*+\Z|inset\((?:[5-9]\d|100)%\s*\)|inset\([^)]*?\b100%"
)
_FADED = re.compile(r"\bopacity\(\s*([\d.]+%?)")
# The size of the font, in pixels.
USUAL_SIZE = 16.0


class Way(NamedTuple):
    """A way to hide an element: the properties involved, and the test of their values.

    If it `is_state`, buttons and scripts often undo it.
    """

    properties: tuple[str, ...]
    hides: Callable[[Texts], bool]
    is_state: bool = False


def is_faint(texts: Texts) -> bool:
    """Return whether an element is nearly transparent."""
    faded = _FADED.search(texts.get("filter", ""))
    opacities = [texts.get("opacity", "1"), faded[1] if faded else "1"]
    return min(map(_read_share, opacities)) <= FAINT


def _read_share(text: str) -> float:
    """Return "0.5" or "50%" as a number; 1 for any other text."""
    number = _NUMBER.match(text)
    if number is None:
        return 1.0
    whole = 100 if text.endswith("%") else 1
    return float(number[0]) / whole


def _find_least(texts: Iterable[str]) -> float:
    """Return the least length among values, in pixels; infinity if none is a length."""
    lengths = map(read_length, texts)
    return min((length for length in lengths if length is not None), default=inf)


def _list_values(texts: Texts, names: Iterable[str]) -> list[str]:
    return [texts.get(name, "auto") for name in names]


def _is_clipped(texts: Texts) -> bool:
    """Return whether a placed element is cut off."""
    return texts.get("position") in PLACED and _EMPTY_CLIP.match(texts.get("clip", "")) is not None


def _is_closed(texts: Texts) -> bool:
    """Return whether an element cuts off its content and has no height or no width."""
    is_cut = texts.get("overflow", "").startswith(("hidden", "clip"))
    return is_cut and _find_least(_list_values(texts, _SIZES)) <= 1


def _is_off_screen(texts: Texts) -> bool:
    places = [*_list_values(texts, _MARGINS), *texts.get("margin", "").split()]
    if texts.get("position", "static") != "static":
        places += _list_values(texts, _SIDES)
    shift = _MOVED.search(texts.get("transform", ""))
    if shift:
        places += shift.groups("auto")
    return _find_least(places) <= OFF_SCREEN


WAYS = (
    Way(("display",), lambda texts: texts.get("display") == "none", is_state=True),
    Way(("content-visibility",), lambda texts: texts.get("content-visibility") == "hidden", is_state=True),
    Way(("opacity", "filter"), is_faint, is_state=True),
    Way((*_SIZES, "overflow"), _is_closed, is_state=True),
    Way(("clip", "position"), _is_clipped),
    Way(("clip-path",), lambda texts: _EMPTY_SHAPE.match(texts.get("clip-path", "")) is not None),
    Way((*_SIDES, *_MARGINS, "margin", "position", "transform"), _is_off_screen),
    Way(("transform",), lambda texts: _SCALED_AWAY.search(texts.get("transform", "")) is not None),
    Way(("zoom",), lambda texts: _read_share(texts.get("zoom", "1")) <= FAINT),
)
# The elements inside an invisible one can be visible.
INVISIBLE = Way(("visibility",), lambda texts: texts.get("visibility") in ("hidden", "collapse"), is_state=True)


def read_font_size(text: str, outer: float) -> float:
    """Return the size of a font in pixels; the usual one if the size is a word or relative to the window."""
    if text.endswith("%"):
        return outer * _read_share(text)
    size = read_length(text, font_size=outer)
    return USUAL_SIZE if size is None else size


@lru_cache(maxsize=1000)
def read_color(text: str) -> Color | None:
    """Return a colour of a style sheet; None if others shine through, "transparent" for no colour.

    A colour that only browsers know stays a text. Attributes of old pages leave out the "#".
    """
    try:
        color = parse_color(text) or parse_color(f"#{text}")
    except ValueError:  # the library raises it for "color()", and Python for a number of thousands of digits
        return text
    if color is None or color == "currentcolor" or color.space not in ("srgb", "hsl", "hwb"):
        return text
    if color.alpha <= FAINT:
        return "transparent"
    red, green, blue = (round(255 * min(1.0, max(0.0, part))) for part in color.to("srgb").coordinates)
    return (red, green, blue) if color.alpha > 1 - FAINT else None
