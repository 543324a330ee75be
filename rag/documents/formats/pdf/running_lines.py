"""Drops what printed pages repeat at their tops and bottoms."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from rag.documents.formats.pdf.paragraphs import Line

# Fewer pages do not show what is repeated, nor do fewer of them than this share.
_FEWEST_PAGES = 4
_REPEATED_SHARE = 0.4
_EDGE_LINES = 4
_NUMBER = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"(?P<before>\d{1,4}) .*|.* (?P<after>\d{1,4})")
_ONLY_NUMBER = re.compile(r"[-–— ]*(?:\d{1,4}|[ivxlc]{1,7})[-–— ]*")

_Side = Literal["top", "bottom"]
_SIDES: tuple[_Side, ...] = ("top", "bottom")


def drop_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages without the lines that many have at their top or bottom, or one of the two pages before had."""
    all_lines = [list(lines) for lines in pages]
    if len(pages) < _FEWEST_PAGES:
        return all_lines
    edges = [{side: _find_edge(lines, side) for side in _SIDES} for lines in pages]
    counts = Counter(
        mark
        for edge in edges
        for mark in {mark for side in _SIDES for line in edge[side] for mark in _mark(line, side)}
    )
    often = {mark for mark, count in counts.items() if count >= _REPEATED_SHARE * len(pages)}
    kept = []
    for i, lines in enumerate(pages):
        before = {_place(line) for edge in edges[max(0, i - 2) : i] for side in _SIDES for line in edge[side]}
        running = set()
        for side in _SIDES:
            for distance, line in enumerate(edges[i][side]):
                is_number = distance == 0 and _ONLY_NUMBER.fullmatch(line.text)
                if not is_number and _place(line) not in before and often.isdisjoint(_mark(line, side)):
                    break
                running.add(line)
        kept.append([line for line in lines if line not in running])
    return kept if any(kept) else all_lines


def _find_edge(lines: Sequence[Line], side: _Side) -> list[Line]:
    """Return the lines that are nearest to a side, from there on."""
    return sorted(lines, key=lambda line: line.y, reverse=side == "top")[:_EDGE_LINES]


def _mark(line: Line, side: _Side) -> Iterator[tuple[str, ...]]:
    """Yield by what a line is known on other pages: its words, and where the page's number is in it."""
    yield side, _NUMBER.sub("#", line.text)
    if number := _PAGE_NUMBER.fullmatch(line.text):
        where = number.lastgroup or ""
        yield side, where, str(int(number[where]) - line.page)


def _place(line: Line) -> tuple[str, int]:
    return line.text, round(line.y)
