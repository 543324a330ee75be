"""Drops the lines that printed pages repeat at their tops and bottoms."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import chain, pairwise, takewhile
from statistics import median_low
from typing import NamedTuple, TypeVar

from rag.documents.formats.pdf.paragraphs import WIDEST_GAP, Line, is_same_size
from rag.documents.languages import PAGE_WORDS

# A line is repeated if at least this share of the pages has it, and at least two pages.
_REPEATED_SHARE = 0.4
# Fewer pages are too few for lines with changing words. Then a page's number is known by the words beside it.
_FEWEST_PAGES = 4
# Pages of a chapter repeat its title, so a line is also compared with this many pages just before.
_PAGES_BEFORE = 2
# Running titles and page numbers are among this many lines at the top, and as many at the bottom.
_EDGE_LINES = 4
# A distance or a letter is larger than the text's if it is at least this multiple of it.
_LARGER = 1.2
_PAGE_NUMBER = re.compile(r"(?P<before>\d{1,4}) .*|.* (?P<after>\d{1,4})")
_ONLY_NUMBER = re.compile(r"[-–—· ]*(?P<number>\d{1,4})[-–—· ]*")
_ONLY_ROMAN = re.compile(r"[-–— ]*[ivxlc]{1,7}[-–— ]*")
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,])")
_PAGE_WORD = rf"\b(?:{PAGE_WORDS})[\s:|]*\d|\d[\s|]*(?:{PAGE_WORDS})(?![^\W\d_])"
_BESIDE_PAGE = re.compile(rf"{_PAGE_WORD}|\d\s?/\s?\d|\d \w+ \d", re.IGNORECASE)
# "Page 3", with any words around it, or "3 of 9" alone.
_OF_PAGE = re.compile(rf".*(?:{_PAGE_WORD})|\W*\d{{1,4}} \w+ \d{{1,4}}\W*$", re.IGNORECASE)
# Telephone numbers, accounts, addresses in the web: the text needs them once.
_FACT = re.compile(r"\d{3}|\w@\w|www\.|://")

LineT = TypeVar("LineT", bound=Line)
# Two lines with the same mark, on different pages, are the same line.
_Mark = tuple[str | int, ...]


class _Edge(NamedTuple):
    """The lines from the top or bottom of a page on, the outermost first, and the usual distance and size of lines."""

    lines: list[Line]
    pitch: float
    size: float

    @property
    def outermost(self) -> list[Line]:
        return self.lines[:_EDGE_LINES]

    def is_running(self, line: Line, known: Set[_Mark], pages: int) -> bool:
        """Return whether a line is a Roman page number, or has one of the known marks and is not a heading."""
        if all((pages >= _FEWEST_PAGES, line is self.lines[0], _ONLY_ROMAN.fullmatch(line.text))):
            return True
        marks = {_find_place(line), *_find_marks(line, pages)}
        return line.size <= _LARGER * self.size and not known.isdisjoint(marks)


def _is_apart(edge: _Edge, count: int) -> bool:
    """Return whether the first lines are apart from the text: a gap follows them, or letters of another size."""
    if count == len(edge.lines):
        return True
    last, following = edge.lines[count - 1 : count + 1]
    gap = abs(last.y - following.y)
    return gap >= _LARGER * edge.pitch or not is_same_size(last.size, following.size)


def drop_running_lines(pages: Sequence[Sequence[LineT]]) -> list[list[LineT]]:
    """Return the pages without running titles and page numbers.

    Such a line is at the top or bottom of many pages, or at the same height of one of the two pages before. A line with
    facts is kept once, and is aside; a line that counts something, such as "Week 3", is always kept. A file of two or
    three pages keeps the first of all of them.
    """
    edges = list(map(_find_edges, pages))
    repeated = _find_repeated(edges)
    seen: set[str] = set()
    remaining = []
    for i, lines in enumerate(pages):
        edges_before = chain.from_iterable(edges[max(0, i - _PAGES_BEFORE) : i])
        known = repeated.union(_find_place(line) for edge in edges_before for line in edge.outermost)
        running = {line for edge in edges[i] for line in _find_running_lines(edge, known, len(pages))}
        remaining.append(list(_set_aside(lines, running, known, seen, len(pages))))
    return remaining if any(remaining) else list(map(list, pages))


def _find_running_lines(edge: _Edge, known: Set[_Mark], pages: int) -> list[Line]:
    """Return the outermost lines of an edge, up to the first that belongs to the page's text."""
    running = list(takewhile(lambda line: edge.is_running(line, known, pages), edge.outermost))
    while running and not _is_apart(edge, len(running)):
        running.pop()
    return running


def _counts_things(line: Line, known: Set[_Mark]) -> bool:
    """Return whether a line has words, and a number of its own that is not the page's: "Week 3"."""
    has_words = any(map(str.isalpha, line.text))
    has_number = _NUMBER.search(line.text) is not None
    if any((not has_words, not has_number, _OF_PAGE.match(line.text))):
        return False
    return known.isdisjoint((_find_place(line), _find_title(line))) and not _is_of_book(line, known)


def _is_of_book(line: Line, known: Set[_Mark]) -> bool:
    """Return whether the page's number is before the title on left pages, and after it on right ones."""
    offsets = {offset for _, offset in _find_outer_number(line)}
    return any({("before", offset), ("after", offset)} <= known for offset in offsets)


def _set_aside(
    lines: Sequence[LineT], running: Set[Line], known: Set[_Mark], seen: set[str], pages: int
) -> Iterator[LineT]:
    """Yield the lines of a page without the running ones; those that count, and the first of equal facts, are aside."""
    for line in lines:
        if line not in running:
            yield line
            continue
        text = _NUMBER.sub("#", line.text)
        is_first_fact = text not in seen and _may_be_text(line.text, pages)
        if is_first_fact or _counts_things(line, known):
            yield replace(line, is_aside=True)
        seen.add(text)


def _may_be_text(text: str, pages: int) -> bool:
    """Return whether a running line is read once: it has a fact, or the file has too few pages to be sure of it."""
    if _FACT.search(text):
        return True
    is_page_number = _ONLY_NUMBER.fullmatch(text) or _BESIDE_PAGE.search(text)
    return pages < _FEWEST_PAGES and not is_page_number


def _find_edges(lines: Sequence[Line]) -> tuple[_Edge, _Edge]:
    upwards = sorted(lines, key=lambda line: line.y)
    size = median_low([line.size for line in lines] or [1.0])
    gaps = [above.y - below.y for below, above in pairwise(upwards)]
    pitches = [gap for gap in gaps if size / 2 < gap <= WIDEST_GAP * size]
    pitch = median_low(pitches or [size])
    return _Edge(upwards[::-1], pitch, size), _Edge(upwards, pitch, size)


def _find_repeated(pages: Sequence[tuple[_Edge, _Edge]]) -> set[_Mark]:
    """Return the marks of lines that enough pages have."""
    counts = Counter[_Mark]()
    for edges in pages:
        # A page counts once, even if a line is at its top twice.
        lines = chain.from_iterable(edge.outermost for edge in edges)
        counts.update({mark for line in lines for mark in _find_marks(line, len(pages))})
    fewest = max(2, _REPEATED_SHARE * len(pages))
    return {mark for mark, count in counts.items() if count >= fewest}


def _find_marks(line: Line, pages: int) -> Iterator[_Mark]:
    """Yield the marks of a line: its words and size, and the offset between a number in it and the page's number.

    The mark of a number has the words around it.
    """
    yield _find_title(line)
    alone = _ONLY_NUMBER.fullmatch(line.text)
    if alone:
        yield "number", int(alone["number"]) - line.page
    if pages >= _FEWEST_PAGES or _BESIDE_PAGE.search(line.text):
        for number in _NUMBER.finditer(line.text):
            yield f"{line.text[: number.start()]}#{line.text[number.end() :]}", int(number[0]) - line.page
    if pages >= _FEWEST_PAGES:
        yield from _find_outer_number(line)


def _find_title(line: Line) -> _Mark:
    """Return the mark of a line with the same words at other heights."""
    return "title", line.text, round(line.size)


def _find_outer_number(line: Line) -> Iterator[_Mark]:
    """Yield the mark of a number before or after the words of a line."""
    outer = _PAGE_NUMBER.fullmatch(line.text)
    if outer:
        position = str(outer.lastgroup)
        yield position, int(outer[position]) - line.page


def _find_place(line: Line) -> _Mark:
    """Return the mark of a line at the same height of another page."""
    return "place", line.text, round(line.y)
