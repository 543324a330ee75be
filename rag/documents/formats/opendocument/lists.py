"""Counts the items of OpenDocument's numbered lists, and its numbered headings."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.documents.formats.opendocument.names import STYLE, TEXT

if TYPE_CHECKING:
    from lxml.etree import _Element

_HIGHEST_NUMBER = 99_999
_DEEPEST = 10
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_HIGHEST_ROMAN = 3999


def read_number(element: "_Element", attribute: str, default: int = 1) -> int:
    """Return the number in an attribute, at most 99,999; a default if there is none."""
    value = element.get(attribute, "")
    return min(int(value[:9]), _HIGHEST_NUMBER) if value.isdecimal() else default


class Counter:
    """The numbers of the items so far, by level, in a style; without one they are not written."""

    def __init__(self, style: "_Element | None") -> None:
        self.name = None if style is None else style.get(f"{STYLE}name")
        levels = [] if style is None else list(style)
        self._levels = {read_number(level, f"{TEXT}level"): level for level in levels}
        self._counts: list[int] = []

    def count(self, level: int, start: int | None = None) -> str:
        """Count an item at a level, from 1, and return its number as shown: "2.1."; nothing for a bullet."""
        if level > _DEEPEST:
            return ""
        is_next = len(self._counts) >= level
        counts = self._counts[:level]
        while len(counts) < level:
            counts.append(self._find_start(len(counts) + 1))
        if start is not None:
            counts[-1] = start
        elif is_next:
            counts[-1] += 1
        self._counts = counts
        return self._format(level)

    def _find_start(self, level: int) -> int:
        style = self._levels.get(level)
        return 1 if style is None else read_number(style, f"{TEXT}start-value")

    def _format(self, level: int) -> str:
        style = self._levels.get(level)
        if style is None or not style.get(f"{STYLE}num-format"):
            return ""
        first = max(1, level - read_number(style, f"{TEXT}display-levels") + 1)
        numbers = ".".join(filter(None, map(self._format_one, range(first, level + 1))))
        return f"{style.get(f'{STYLE}num-prefix', '')}{numbers}{style.get(f'{STYLE}num-suffix', '')}".strip()

    def _format_one(self, level: int) -> str:
        style = self._levels.get(level)
        form = "" if style is None else style.get(f"{STYLE}num-format", "")
        number = self._counts[level - 1]
        return _FORMS.get(form, str)(number) if form else ""


def _format_letters(number: int) -> str:
    """Return "a" for 1, "z" for 26, "aa" for 27."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def _format_roman(number: int) -> str:
    if number > _HIGHEST_ROMAN:
        return str(number)
    letters = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        letters += sign * count
    return letters


_FORMS: dict[str, Callable[[int], str]] = {
    "a": _format_letters,
    "A": lambda number: _format_letters(number).upper(),
    "i": _format_roman,
    "I": lambda number: _format_roman(number).upper(),
}
