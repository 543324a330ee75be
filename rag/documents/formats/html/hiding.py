"""Lists the ways in which styles hide an element, and reads the colours and sizes of style sheets."""

import re
from collections.abc import Callable, Iterable, Mapping
from colorsys import hls_to_rgb
from math import inf
from typing import NamedTuple, TypeAlias

from rag.documents.formats.html.css import read_length
from rag.documents.formats.visibility import BLACK, FAINT, WHITE, Color

# The values of an element's properties, by name.
Texts: TypeAlias = Mapping[str, str]

# A reader cannot scroll to words this far off the screen, in pixels. Menus that slide in are nearer.
OFF_SCREEN = -900
_SIZES = ("height", "max-height", "width", "max-width")
_MARGINS = ("margin-left", "margin-top")
# The positions that take an element out of its place.
PLACED = ("absolute", "fixed")
_SIDES = ("left", "top", "right", "bottom")
_COLOR_NAMES: dict[str, Color] = {
    "white": WHITE, "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "mintcream": (245, 255, 250), "azure": (240, 255, 255), "black": BLACK,
    "whitesmoke": (245, 245, 245),
}  # fmt: skip
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_HEX = re.compile(r"[0-9a-f]{6}(?:[0-9a-f]{2})?")
_SHARE = re.compile(r"(?:\d+\.?\d*|\.\d+)%?")
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


def read_color(text: str) -> Color | None:
    """Return a colour of a style sheet; None if others shine through, "transparent" for no colour.

    The name of a colour that only browsers know stays a name.
    """
    if text in _COLOR_NAMES:
        return _COLOR_NAMES[text]
    paint = _read_digits(text) or _read_function(text)
    return _blend(*paint) if paint else text


def _read_digits(text: str) -> tuple[Color, float] | None:
    """Return the colour and opacity of "#fff", "#ffff", "#ffffff" or "#ffffffff"; None for any other text."""
    digits = text.removeprefix("#")
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    if not _HEX.fullmatch(digits):
        return None
    red, green, blue, alpha = bytes.fromhex(f"{digits}ff"[:8])
    return (red, green, blue), alpha / 255


def _read_function(text: str) -> tuple[Color, float] | None:
    """Return the colour and opacity of "rgb(…)" or "hsl(…)"; None for any other text."""
    numbers = _SHARE.findall(text)
    if not text.startswith(("rgb", "hsl")) or len(numbers) not in (3, 4):
        return None
    first, second, third, opacity = map(_read_share, [*numbers, "1"][:4])
    parts, scale = (first, second, third), 255 if "%" in text else 1
    if text.startswith("hsl"):
        parts, scale = hls_to_rgb(first / 360, third, second), 255
    red, green, blue = (round(min(255.0, scale * part)) for part in parts)
    return (red, green, blue), opacity


def _blend(color: Color, opacity: float) -> Color | None:
    """Return a colour as it looks: None if others shine through."""
    if opacity <= FAINT:
        return "transparent"
    return color if opacity > 1 - FAINT else None
