"""Knows the ways in which styles hide an element, and reads the colours and sizes of style sheets."""

import re
from collections.abc import Callable, Mapping
from colorsys import hls_to_rgb
from typing import NamedTuple, TypeAlias

from rag.documents.formats.html.css import read_length
from rag.documents.formats.visibility import BLACK, WHITE, Color

# The values of an element's properties, by name.
Texts: TypeAlias = Mapping[str, str]

_FAINT = 0.05
# A reader cannot scroll to words this far from the edge of the screen, in pixels. Menus that slide in are nearer.
OFF_SCREEN = -900
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
_FADED = re.compile(r"\bopacity\(\s*([\d.]+%?)")
# Of the font, in pixels.
USUAL_SIZE = 16.0


class Way(NamedTuple):
    """A way to hide an element: the properties that do it, and the test of all values.

    Buttons and scripts often undo a way with `is_state`.
    """

    properties: tuple[str, ...]
    hides: Callable[[Texts], bool]
    is_state: bool = False


def is_faint(texts: Texts) -> bool:
    faded = _FADED.search(texts.get("filter", ""))
    return any(_read_share(text) <= _FAINT for text in (texts.get("opacity", "1"), faded[1] if faded else "1"))


def _read_share(text: str) -> float:
    """Return "0.5" or "50%" as a number; 1 for what is none."""
    number = _NUMBER.match(text)
    return float(number[0]) / (100 if text.endswith("%") else 1) if number else 1.0


def _is_clipped(texts: Texts) -> bool:
    sides = [float(side) for side in _NUMBER.findall(texts.get("clip", ""))]
    if len(sides) != 4 or texts.get("position") not in ("absolute", "fixed"):
        return False
    top, right, bottom, left = sides
    return right - left <= 1 or bottom - top <= 1


def _is_cut_out(texts: Texts) -> bool:
    shape = texts.get("clip-path", "")
    numbers = [float(number) for number in _NUMBER.findall(shape)]
    if shape.startswith("inset(") and numbers and "%" in shape:
        top, right, bottom, left = numbers[:4] if len(numbers) > 3 else [numbers[0], numbers[-1]] * 2
        return top + bottom >= 100 or right + left >= 100
    is_round = shape.startswith(("circle(", "ellipse("))
    return (is_round and numbers[:1] == [0]) or (shape.startswith("polygon(") and not any(numbers))


def _is_closed(texts: Texts) -> bool:
    sizes = [read_length(texts.get(name, "auto")) for name in ("height", "max-height", "width", "max-width")]
    is_cut = texts.get("overflow", "").startswith(("hidden", "clip"))
    return is_cut and any(size is not None and size <= 1 for size in sizes)


def _is_off_screen(texts: Texts) -> bool:
    places = [texts.get("margin-left", "auto"), texts.get("margin-top", "auto")]
    if texts.get("position", "static") != "static":
        places += [texts.get(side, "auto") for side in ("left", "top", "right", "bottom")]
    moved = _MOVED.search(texts.get("transform", ""))
    places += [place for place in (moved.groups() if moved else ()) if place]
    lengths = map(read_length, places)
    return any(length is not None and length <= OFF_SCREEN for length in lengths)


WAYS = (
    Way(("display",), lambda texts: texts.get("display") == "none", is_state=True),
    Way(("content-visibility",), lambda texts: texts.get("content-visibility") == "hidden", is_state=True),
    Way(("opacity", "filter"), is_faint, is_state=True),
    Way(("height", "max-height", "width", "max-width", "overflow"), _is_closed, is_state=True),
    Way(("clip", "position"), _is_clipped),
    Way(("clip-path",), _is_cut_out),
    Way(("left", "top", "right", "bottom", "margin-left", "margin-top", "position", "transform"), _is_off_screen),
    Way(("transform",), lambda texts: _SCALED_AWAY.search(texts.get("transform", "")) is not None),
    Way(("zoom",), lambda texts: _read_share(texts.get("zoom", "1")) <= _FAINT),
)
# What is in an invisible element can be visible.
INVISIBLE = Way(("visibility",), lambda texts: texts.get("visibility") in ("hidden", "collapse"), is_state=True)


def read_font_size(text: str, outer: float) -> float:
    """Return the size of a font in pixels; the usual one for a size in words or of the window."""
    if text.endswith("%"):
        return outer * _read_share(text)
    size = read_length(text, font_size=outer)
    return USUAL_SIZE if size is None else size


def read_color(text: str) -> Color | None:
    """Return a colour of a style sheet; None for one that lets others through, "transparent" for none at all.

    A colour that only browsers know is its own name.
    """
    if text in _COLOR_NAMES:
        return _COLOR_NAMES[text]
    digits = text.removeprefix("#")
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    if _HEX.fullmatch(digits):
        red, green, blue, alpha = bytes.fromhex(f"{digits}ff"[:8])
        return _blend((red, green, blue), alpha / 255)
    numbers = _SHARE.findall(text)
    if not text.startswith(("rgb", "hsl")) or len(numbers) not in (3, 4):
        return text
    opacity = _read_share(numbers[3]) if len(numbers) == 4 else 1.0
    first, second, third = map(_read_share, numbers[:3])
    if text.startswith("hsl"):
        channels = tuple(255 * part for part in hls_to_rgb(first / 360, third, second))
    else:
        channels = tuple(part * (255 if "%" in text else 1) for part in (first, second, third))
    red, green, blue = (round(min(255.0, channel)) for channel in channels)
    return _blend((red, green, blue), opacity)


def _blend(color: Color, opacity: float) -> Color | None:
    if opacity <= _FAINT:
        return "transparent"
    return color if opacity > 1 - _FAINT else None
