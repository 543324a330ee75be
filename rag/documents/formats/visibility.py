"""Decides which colours and sizes of letters nobody sees, in documents of any kind."""

import re
from typing import TypeAlias

# Red, green and blue from 0 to 255, or the name of a colour if only the name is known.
Color: TypeAlias = tuple[int, int, int] | str

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
# Letters of this height, in points, cannot be read; the smallest print is four times as high.
TINY = 1.0
# Nobody sees letters of at most this opacity, from 0 to 1.
FAINT = 0.05
# Nobody can see a difference of at most this much in red, green and blue on a screen.
_SAME = 12
_HEX = re.compile(r"[0-9a-fA-F]{6}")
# Invisible tag characters that spell words, and signs that change the order of the words around them.
_UNSEEN_SIGNS = re.compile("[\U000e0000-\U000e01ef\u2061-\u2064\u202d\u202e]")


def drop_unseen_signs(text: str) -> str:
    """Return a text without characters that are never visible, but can spell words or reverse them."""
    return text if text.isascii() else _UNSEEN_SIGNS.sub("", text)


def read_hex(text: str | None) -> Color | None:
    """Return the colour in six hexadecimal digits; None if there are none."""
    digits = _HEX.fullmatch(text or "")
    if digits is None:
        return None
    red, green, blue = bytes.fromhex(digits[0])
    return red, green, blue


def look_same(one: Color | None, other: Color | None) -> bool:
    """Return whether nobody can see the difference of two colours; an unknown colour (None) looks like no other."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        differences = [abs(a - b) for a, b in zip(one, other, strict=True)]
        return max(differences) <= _SAME
    return one is not None and one == other
