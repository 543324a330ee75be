"""Puts the lines of printed pages back together into paragraphs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from rag.documents.blocks import Block

# The distance of lines of one paragraph, in the usual distance; of lines of one column, in their letters' size.
_WIDEST_PITCH = 1.3
_WIDEST_GAP = 2.5
_SAME_SIZE = 0.15
_INDENT = 0.6
# What is nearer to the line before than this is an index in it, or stands beside it.
_ROW = 0.6
# What is narrower than this share of the usual width may be a table, an address or a poem, whose lines are meant.
_NARROW = 0.75
# The width of a word is reckoned from its length: it would have fitted only where there was so much more room.
_ROOM = 1.2
# A shorter line that ends before the column does was meant to.
_SHORTEST_WRAPPED = 40

_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"
_BULLET = re.compile(r"[•‣⁃◦▪▫●○■□➢➤✓]\s*\S")
_NUMBERED = re.compile(r"(?:[-–—*]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})[.)]|\[\w{1,6}\])\s+\S")
_ENDED = re.compile(r"[.!?:;…。！？：；][\"'”’»)\]]*$")
_OF_CONTENTS = re.compile(r"… \w+$")
_FIRST_WORD = re.compile(rf"[{_CJK}]|\S+")
_TWO_CJK = re.compile(rf"[{_CJK}]{{2}}")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HYPHENS = "-‐\xad"
# Printers seldom break "selfish" and "welling"; and what comes before "and" was not broken: "short- and long-term".
_BEFORE_HYPHEN = frozenset(("self", "well"))
_AFTER_HYPHEN = frozenset(("and", "bis", "oder", "or", "und"))


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page, in points; `y` is that of its baseline, upwards. `level` is a heading's; 0: it is none."""

    text: str
    page: int
    left: float
    right: float
    y: float
    size: float
    level: int = 0


class _Column(NamedTuple):
    """Lines one below the other: how far to the right they reach."""

    right: float
    is_narrow: bool


def merge_rows(lines: Iterable[Line]) -> list[Line]:
    """Return the lines with the pieces of one row together, such as an index, or a cell of a table."""
    rows: list[Line] = []
    for line in lines:
        row = rows[-1] if rows else None
        if row and abs(row.y - line.y) < _ROW * max(row.size, line.size) and line.left >= row.right - _ROW * row.size:
            larger = max(row, line, key=lambda piece: piece.size)
            gap = "" if line.text[0] in ",.;:)" else " "
            rows[-1] = replace(larger, text=row.text + gap + line.text, left=row.left, right=line.right)
        else:
            rows.append(line)
    return rows


def join_lines(lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the headings, paragraphs and items that the lines make; in what no paragraph is, lines stay lines."""
    layout = _Layout(lines)
    parts: list[str] = []
    first = 0
    for i, line in enumerate(lines):
        joint = layout.find_joint(first, i) if i + 1 < len(lines) else None
        if joint:
            parts.append(layout.join(line.text, joint, lines[i + 1].text))
            continue
        text = "".join((*parts, line.text)).replace("\xad", "")
        parts.clear()
        yield _make_block(text, lines[first])
        first = i + 1


def _make_block(text: str, first: Line) -> Block:
    if first.level:
        return Block(text, "heading", first.level, first.page)
    is_item = _BULLET.match(text) or _NUMBERED.match(text)
    return Block(text, "item" if is_item else "paragraph", page=first.page)


class _Layout:
    """How a document's lines are set, and what words are in it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._words = {word for line in lines for word in _WORD.findall(line.text.casefold())}
        gaps = defaultdict(list)
        for above, below in pairwise(lines):
            if _is_below(above, below):
                gaps[round(above.size)].append(above.y - below.y)
        self._pitch = {size: median(found) for size, found in gaps.items()}
        self._columns = self._find_columns()

    def _find_columns(self) -> list[_Column]:
        """Return each line's column; the usual width is the one that half of the text has at least."""
        usual = median(line.right - line.left for line in self._lines for _ in range(1 + len(line.text) // 10))
        columns: list[_Column] = []
        for i, line in enumerate(self._lines):
            if i + 1 < len(self._lines) and _is_below(line, self._lines[i + 1]):
                continue
            inside = self._lines[len(columns) : i + 1]
            left, right = min(line.left for line in inside), max(line.right for line in inside)
            columns += [_Column(right, right - left < _NARROW * usual)] * len(inside)
        return columns

    def find_joint(self, first: int, i: int) -> str | None:
        """Return what joins line `i` to the next, a space or a line's end; None: the block from `first` on ends."""
        above, below = self._lines[i], self._lines[i + 1]
        if above.level or below.level or _BULLET.match(below.text):
            return None
        has_ended = bool(_ENDED.search(above.text))
        reads_on = _reads_on(above.text, below.text)
        is_narrow = self._columns[i].is_narrow
        is_full = self._is_full(i)
        if not _is_below(above, below) or above.y - below.y > _WIDEST_PITCH * self._pitch[round(above.size)]:
            # Over the end of a page or column, or around a figure.
            return " " if is_full and reads_on and not is_narrow and _have_same_size(above, below) else None
        is_long = len(above.text) >= _SHORTEST_WRAPPED or _is_broken(above.text)
        is_wrapped = (reads_on and is_long) or (is_full and (reads_on or not is_narrow))
        begins = self._lines[first]
        indent, hang = (abs(below.left - line.left) > _INDENT * below.size for line in (above, begins))
        if _NUMBERED.match(below.text) and (has_ended or not is_wrapped or (_NUMBERED.match(begins.text) and not hang)):
            return None
        if not is_wrapped:
            return None if has_ended else "\n"
        # The first line of a paragraph may stand in, that of an item out.
        is_second = i == first and (below.left < above.left or _BULLET.match(above.text) or _NUMBERED.match(above.text))
        return None if has_ended and indent and not is_second else " "

    def _is_full(self, i: int) -> bool:
        """Return whether the next line's first word would have been too much for line `i`."""
        above, below = self._lines[i], self._lines[i + 1]
        word = _FIRST_WORD.match(below.text)
        needed = (len(word[0] if word else "") + 1) * (below.right - below.left) / len(below.text)
        return self._columns[i].right - above.right < _ROOM * needed and not _OF_CONTENTS.search(above.text)

    def join(self, above: str, joint: str, below: str) -> str:
        """Return a line's text with what stands between it and the next; a word that was broken is mended."""
        if joint == "\n":
            return above + joint
        if _TWO_CJK.match(above[-1] + below[0]):
            return above
        if not _is_broken(above) or not below[0].isalnum():
            return above + joint
        return above[:-1] + self._find_hyphen(above[:-1].rsplit(maxsplit=1)[-1], below)

    def _find_hyphen(self, head: str, below: str) -> str:
        """Return what stands between the parts of a word at a line's end: nothing, a hyphen, or a hyphen and space."""
        head = head.casefold().strip("\"'“‘„«([")
        found = _WORD.match(below)
        tail = found[0] if found else below
        if head + tail.casefold() in self._words:
            return ""
        if tail in _AFTER_HYPHEN:
            return "- "
        is_compound = (
            f"{head}-{tail.casefold()}" in self._words
            or head in _BEFORE_HYPHEN
            or ("-" in head and head.rpartition("-")[2] in self._words)
            or not (tail[0].islower() or tail.isupper())
        )
        return "-" if is_compound else ""


def _is_below(above: Line, below: Line) -> bool:
    """Return whether two lines may be of one column: near each other, one below the other, in letters of one size."""
    return (
        above.page == below.page
        and 0 < above.y - below.y <= _WIDEST_GAP * above.size
        and below.left < above.right
        and above.left < below.right
        and _have_same_size(above, below)
    )


def _reads_on(above: str, below: str) -> bool:
    """Tell by the words whether a sentence goes on in the next line."""
    return not _ENDED.search(above) and (below[0].islower() or _TWO_CJK.match(above[-1] + below[0]) is not None)


def _is_broken(text: str) -> bool:
    return text[-1] in _HYPHENS and text[-2:-1].isalpha()


def _have_same_size(one: Line, other: Line) -> bool:
    return abs(one.size - other.size) <= _SAME_SIZE * max(one.size, other.size)
