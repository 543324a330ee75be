"""Drops the lines that printed pages repeat at their tops and bottoms."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from itertools import chain
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

# Lines of different pages with one mark are the same line.
_Mark = tuple[str, ...]
_Place = tuple[str, int]


class _Edge(NamedTuple):
    """The lines nearest to the top or bottom of a page, the outermost first."""

    side: Literal["top", "bottom"]
    lines: list[Line]

    def find_marks(self) -> set[_Mark]:
        return {mark for line in self.lines for mark in _find_marks(line, self.side)}

    def find_places(self) -> set[_Place]:
        return set(map(_find_place, self.lines))

    def find_running_lines(self, repeated: Set[_Mark], before: Set[_Place]) -> Iterator[Line]:
        """Yield the outermost lines, up to the first that belongs to the page's text."""
        for distance, line in enumerate(self.lines):
            is_page_number = distance == 0 and _ONLY_NUMBER.fullmatch(line.text)
            is_repeated = _find_place(line) in before or not repeated.isdisjoint(_find_marks(line, self.side))
            if not is_page_number and not is_repeated:
                return
            yield line


def drop_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages without running titles and page numbers.

    These are lines at the top or bottom that many pages have, or that one of the two pages before has at that place.
    """
    all_lines = [list(lines) for lines in pages]
    if len(pages) < _FEWEST_PAGES:
        return all_lines
    edges = [_find_edges(lines) for lines in pages]
    repeated = _find_repeated(edges)
    remaining = []
    for i, lines in enumerate(pages):
        before = _find_places(edges[max(0, i - _PAGES_BEFORE) : i])
        running = set(chain.from_iterable(edge.find_running_lines(repeated, before) for edge in edges[i]))
        remaining.append([line for line in lines if line not in running])
    return remaining if any(remaining) else all_lines


def _find_edges(lines: Sequence[Line]) -> tuple[_Edge, _Edge]:
    upwards = sorted(lines, key=lambda line: line.y)
    downwards = sorted(lines, key=lambda line: line.y, reverse=True)
    return _Edge("top", downwards[:_EDGE_LINES]), _Edge("bottom", upwards[:_EDGE_LINES])


def _find_repeated(pages: Sequence[Sequence[_Edge]]) -> set[_Mark]:
    """Return the marks of lines that enough pages have."""
    counts: Counter[_Mark] = Counter()
    for edges in pages:
        counts.update(set.union(*(edge.find_marks() for edge in edges)))
    return {mark for mark, count in counts.items() if count >= _REPEATED_SHARE * len(pages)}


def _find_places(pages: Sequence[Sequence[_Edge]]) -> set[_Place]:
    return {place for edges in pages for edge in edges for place in edge.find_places()}


def _find_marks(line: Line, side: str) -> Iterator[_Mark]:
    """Yield the marks of a line: its words, and the offset between the number in it and the page's number."""
    yield side, _NUMBER.sub("#", line.text)
    number = _PAGE_NUMBER.fullmatch(line.text)
    if number:
        where = number.lastgroup or ""
        yield side, where, str(int(number[where]) - line.page)


def _find_place(line: Line) -> _Place:
    return line.text, round(line.y)
