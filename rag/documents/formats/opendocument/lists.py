"""Counts the items of OpenDocument's numbered lists, and its numbered headings."""

from typing import NamedTuple

from lxml.etree import _Element

from rag.documents.blocks import join_filled
from rag.documents.formats.numerals import WRITERS
from rag.documents.formats.opendocument.names import STYLE, TEXT

_HIGHEST_NUMBER = 99_999
_DEEPEST = 10
# An item without a number of its own goes on with the number after the last one.
NO_START = -1


def read_number(element: _Element, attribute: str, *, default: int = 1) -> int:
    """Return the number in an attribute, at most 99,999; `default` if there is none."""
    text = element.get(attribute, "")
    return min(int(text[:9]), _HIGHEST_NUMBER) if text.isdecimal() else default


class _Level(NamedTuple):
    """How the numbers of a level are written; a bullet has no form."""

    form: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    shown_levels: int = 1


_BULLET = _Level()


class Counter:
    """The numbers of the items so far, by level, in a style; with an empty one they are not written."""

    def __init__(self, style: _Element) -> None:
        self.name = style.get(f"{STYLE}name")
        self._counts: list[int] = []
        self._levels = {read_number(level, f"{TEXT}level"): _read_level(level) for level in style.iterchildren("*")}

    def count(self, level: int, start: int = NO_START) -> str:
        """Count an item at a level, from 1, and return its number as shown: "2.1."; nothing for a bullet.

        `start` is the number that the file gives the item.
        """
        if level > _DEEPEST:
            return ""
        is_next = len(self._counts) >= level
        firsts = [self._levels.get(deeper, _BULLET).start for deeper in range(len(self._counts) + 1, level + 1)]
        self._counts = [*self._counts[:level], *firsts]
        if start != NO_START:
            self._counts[-1] = start
        elif is_next:
            self._counts[-1] += 1
        return self._format(level)

    def _format(self, level: int) -> str:
        style = self._levels.get(level, _BULLET)
        if not style.form:
            return ""
        first = max(1, level - style.shown_levels + 1)
        numbers = join_filled(".", map(self._format_one, range(first, level + 1)))
        return f"{style.prefix}{numbers}{style.suffix}".strip()

    def _format_one(self, level: int) -> str:
        form = self._levels.get(level, _BULLET).form
        return WRITERS.get(form, str)(self._counts[level - 1]) if form else ""


def _read_level(level: _Element) -> _Level:
    """Return how a style writes the numbers of a level."""
    return _Level(
        form=level.get(f"{STYLE}num-format", ""),
        prefix=level.get(f"{STYLE}num-prefix", ""),
        suffix=level.get(f"{STYLE}num-suffix", ""),
        start=read_number(level, f"{TEXT}start-value"),
        shown_levels=read_number(level, f"{TEXT}display-levels"),
    )
