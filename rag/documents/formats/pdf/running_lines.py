"""Drops the lines that printed pages repeat at their tops and bottoms."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from itertools import chain, filterfalse, takewhile
from typing import Literal, NamedTuple

from rag.documents.formats.pdf.paragraphs import Line

# A document of fewer pages does not show which lines repeat.
_FEWEST_PAGES = 4
# A line is repeated if at least this share of the pages has it.
_REPEATED_SHARE = 0.4
# Pages of a chapter repeat its title, so a line is also compared with this many pages just before.
_PAGES_BEFORE = 2
# Running titles and page numbers are among this many lines at the top, and as many at the bottom.
_EDGE_LINES = 4
_NUMBER = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"(?P<before>\d{1,4}) .*|.* (?P<after>\d{1,4})")
_ONLY_NUMBER = re.compile(r"[-–— ]*(?:\d{1,4}|[ivxlc]{1,7})[-–— ]*")

# Two lines with the same mark, on different pages, are the same line.
_Mark = tuple[str | int, ...]


class _Edge(NamedTuple):
    """The lines nearest to the top or bottom of a page, the outermost first."""

    side: Literal["top", "bottom"]
    lines: list[Line]

    def find_marks(self) -> set[_Mark]:
        return {mark for line in self.lines for mark in _find_marks(line, self.side)}

    def find_places(self) -> set[_Mark]:
        return set(map(_find_place, self.lines))

    def find_running_lines(self, known: Set[_Mark]) -> Iterator[Line]:
        """Return the outermost lines, up to the first that belongs to the page's text."""
        return takewhile(lambda line: self._is_page_number(line) or self._has_mark(line, known), self.lines)

    def _is_page_number(self, line: Line) -> bool:
        return line is self.lines[0] and _ONLY_NUMBER.fullmatch(line.text) is not None

    def _has_mark(self, line: Line, known: Set[_Mark]) -> bool:
        return not known.isdisjoint((_find_place(line), *_find_marks(line, self.side)))


def drop_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages without running titles and page numbers.

    Such a line is at the top or bottom of many pages, or at the same height of one of the two pages before.
    """
    all_lines = list(map(list, pages))
    if len(pages) < _FEWEST_PAGES:
        return all_lines
    edges = list(map(_find_edges, pages))
    repeated = _find_repeated(edges)
    remaining = []
    for i, lines in enumerate(all_lines):
        edges_before = chain.from_iterable(edges[max(0, i - _PAGES_BEFORE) : i])
        known = repeated.union(*map(_Edge.find_places, edges_before))
        running = set(chain.from_iterable(edge.find_running_lines(known) for edge in edges[i]))
        remaining.append(list(filterfalse(running.__contains__, lines)))
    return remaining if any(remaining) else all_lines


def _find_edges(lines: Sequence[Line]) -> tuple[_Edge, _Edge]:
    upwards = sorted(lines, key=lambda line: line.y)
    downwards = sorted(lines, key=lambda line: line.y, reverse=True)
    return _Edge("top", downwards[:_EDGE_LINES]), _Edge("bottom", upwards[:_EDGE_LINES])


def _find_repeated(pages: Sequence[tuple[_Edge, _Edge]]) -> set[_Mark]:
    """Return the marks of lines that enough pages have."""
    page_marks = (top.find_marks() | bottom.find_marks() for top, bottom in pages)
    counts = Counter(chain.from_iterable(page_marks))
    return {mark for mark, count in counts.items() if count >= _REPEATED_SHARE * len(pages)}


def _find_marks(line: Line, side: str) -> Iterator[_Mark]:
    """Yield the marks of a line: its words, and the offset between the number in it and the page's number."""
    yield side, _NUMBER.sub("#", line.text)
    number = _PAGE_NUMBER.fullmatch(line.text)
    if number:
        where = str(number.lastgroup)
        yield side, where, int(number[where]) - line.page


def _find_place(line: Line) -> _Mark:
    """Return the mark of a line at the same height of another page."""
    return line.text, round(line.y)
