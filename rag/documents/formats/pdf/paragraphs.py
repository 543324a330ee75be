"""Puts the lines of printed pages back together into paragraphs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, repeat
from math import inf
from statistics import median
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.numerals import RAISED_DIGITS, raise_digits
from rag.documents.sequences import merge_runs, split_runs

# Lines of one paragraph are at most this far apart, as a multiple of the usual distance.
_WIDEST_PITCH = 1.3
# Lines of one column are at most this far apart, as a multiple of the size of their letters.
WIDEST_GAP = 2.5
# Two sizes of letters count as one if they differ by at most 15 %.
_SAME_SIZE = 0.15
# A line is indented if it begins at least this far from another, as a multiple of the size of its letters.
_INDENT = 0.6
# Pieces whose heights differ by less are one row, such as the cells of a table. It is a multiple of the size of their
# letters.
_ROW = 0.6
# A column with less than 75 % of the usual width may be a table, an address or a poem, whose line ends are meant.
_NARROW = 0.75
# A word's width is estimated from its length. The word counts as too wide unless there is this much more room.
_ROOM = 1.2
# Raised letters are at most this large, as a share of the letters before them.
RAISED_SIZE = 0.8
# A shorter line ends where its author chose to end it.
_SHORTEST_WRAPPED = 40

_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"
_BULLET = re.compile(r"[•‣⁃◦▪▫●○■□➢➤✓]\s*\S")
_NUMBERED = re.compile(r"(?:[-–—*]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})[.)]|\[\w{1,6}\])\s+\S")
# Notes at the foot of a page begin with a number, often without a sign after it.
_NOTE = re.compile(rf"[\d{RAISED_DIGITS}]{{1,3}}[.)]?\s*[^\W\d]")
_ITEM = re.compile(f"{_BULLET.pattern}|{_NUMBERED.pattern}")
_ENDED = re.compile(r"[.!?:;…。！？：；][\"'”’»)\]]*$")
_OF_CONTENTS = re.compile(r"… \w+$")
_FIRST_WORD = re.compile(rf"[{_CJK}]|\S+")
_TWO_CJK = re.compile(rf"[{_CJK}]{{2}}")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HYPHENS = "-‐\xad"
# "self-" and "well-" keep their hyphens: printers seldom break "selfish" or "welling".
_BEFORE_HYPHEN = frozenset(("self", "well"))
# A word before one of these was not broken: "short- and long-term".
_AFTER_HYPHEN = frozenset(("and", "bis", "oder", "or", "und"))


class Word(NamedTuple):
    """A part of a line between wide gaps, and where it begins and ends, in points."""

    text: str
    left: float
    right: float


class Columns(NamedTuple):
    """The columns of a table: their labels, if it has a header, and where each begins and ends, in points."""

    labels: tuple[str, ...]
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page, in points; `y` is the height of its baseline. `level` is a heading's; 0 for all other lines.

    `weight` is the weight of its lightest letters, about 400 for text and 700 for bold text. `pieces` counts the cells
    of a row, or the lines of a heading, that are merged into one line. `words` are the parts of a line with wide gaps.
    A line that is `is_aside` is not a part of the text around it, such as a note or a stamp. The row of a table has the
    `cells` of its `columns`.
    """

    text: str
    page: int
    left: float
    right: float
    y: float
    size: float
    level: int = 0
    weight: int = 400
    pieces: int = 1
    words: tuple[Word, ...] = ()
    is_aside: bool = False
    cells: tuple[str, ...] = ()
    columns: Columns | None = None

    @property
    def parts(self) -> tuple[Word, ...]:
        """The parts of the line between wide gaps; all of it if there is no such gap."""
        return self.words or (Word(self.text, self.left, self.right),)


class _Column(NamedTuple):
    """Lines below one another: where the longest ends, and whether they are narrow."""

    right: float
    is_narrow: bool


def merge_rows(lines: Iterable[Line]) -> list[Line]:
    """Return the lines, with the pieces of one row merged: an index and its word, or the cells of a table."""
    return merge_runs(lines, _is_beside, _merge)


def _is_beside(row: Line, piece: Line) -> bool:
    is_level = abs(row.y - piece.y) < _ROW * max(row.size, piece.size)
    is_alike = row.is_aside == piece.is_aside and not row.columns
    return is_level and is_alike and piece.left >= row.right - _ROW * row.size


def _merge(row: Line, piece: Line) -> Line:
    is_raised = piece.size <= RAISED_SIZE * row.size and piece.y > row.y
    if is_raised and piece.text.isdecimal():
        return replace(row, text=row.text + raise_digits(piece.text), right=piece.right)
    gap = "" if piece.text[0] in ",.;:)" else " "
    return replace(
        max(row, piece, key=lambda line: line.size),
        text=row.text + gap + piece.text,
        left=row.left,
        right=piece.right,
        weight=min(row.weight, piece.weight),
        pieces=row.pieces + piece.pieces,
    )


def join_lines(lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the headings, paragraphs and items that the lines form; there is at least one line.

    A block keeps its line ends where its lines are not a paragraph's, as in a table or a poem. Lines that are aside are
    after the block in which they are.
    """
    text = [line for line in lines if not line.is_aside]
    asides = _group_asides(lines)
    count = 0
    yield from _make_blocks(asides[0])
    for block, size in _join_text(text):
        yield block
        for group in asides[count + 1 : count + size + 1]:
            yield from _make_blocks(group)
        count += size


def _group_asides(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the groups of lines that are aside: before all other lines, and after each other line."""
    groups: list[list[Line]] = [[]]
    for line in lines:
        if line.is_aside:
            groups[-1].append(line)
        else:
            groups.append([])
    return groups


def _make_blocks(lines: Sequence[Line]) -> Iterator[Block]:
    for block, _ in _join_text(lines):
        yield block


def _join_text(lines: Sequence[Line]) -> Iterator[tuple[Block, int]]:
    """Yield the blocks that the lines form, each with the number of its lines."""
    if not lines:
        return
    layout = _Layout(lines)
    start = 0
    parts: list[str] = []
    for i, (above, below) in enumerate(pairwise(lines)):
        joint = layout.describe_seam(lines[start], i).find_joint()
        if joint is None:
            yield _make_block([*parts, above.text], lines[start]), i + 1 - start
            start, parts = i + 1, []
        else:
            parts.append(layout.join(above.text, joint, below.text))
    yield _make_block([*parts, lines[-1].text], lines[start]), len(lines) - start


def _make_block(parts: Sequence[str], first: Line) -> Block:
    text = "".join(parts).replace("\xad", "")
    if first.level:
        return Block(text, "heading", first.level, page=first.page)
    is_item = first.columns is not None or _ITEM.match(text) is not None
    return Block(text, "item" if is_item else "paragraph", page=first.page)


@dataclass(frozen=True, slots=True)
class _Seam:
    """The end of a line and the beginning of the next, in a block that begins with the line `first`.

    `is_far`: the next line is on another page, in another column, or below a gap. `is_full`: the next line's first word
    did not fit into this line. `is_narrow`: the column is too narrow for a paragraph.
    """

    first: Line
    above: Line
    below: Line
    is_far: bool
    is_full: bool
    is_narrow: bool

    def find_joint(self) -> str | None:
        """Return the joint of the lines: a space, or a line's end that the author meant; None if the block ends."""
        if self.begins_block():
            return None
        if self.leads_elsewhere():
            return " "
        if any((self.is_far, self.ends_short(), self.begins_number(), self.begins_paragraph())):
            return None
        return " " if self.is_wrapped() else "\n"

    def begins_block(self) -> bool:
        """Return whether one of the lines is a heading or the row of a table, or the next begins with a bullet."""
        has_heading = max(self.above.level, self.below.level) > 0
        has_row = {self.above.columns, self.below.columns} != {None}
        return any((has_heading, has_row, _BULLET.match(self.below.text)))

    def leads_elsewhere(self) -> bool:
        """Return whether a paragraph continues on the next page, in the next column, or below a figure."""
        if not self.is_far or not is_same_size(self.above.size, self.below.size):
            return False
        is_unfinished = self._fills_column() or _is_broken(self.above.text)
        return is_unfinished and self._reads_on()

    def begins_number(self) -> bool:
        """Return whether the next line begins with the number of an item, and not with a number in a sentence."""
        if self.below.is_aside and _NOTE.match(self.below.text):
            return self._has_ended()
        if not _NUMBERED.match(self.below.text):
            return False
        if self._has_ended() or not self.is_wrapped():
            return True
        is_in_list = _NUMBERED.match(self.first.text) is not None
        return is_in_list and not self._is_indented_from(self.first)

    def ends_short(self) -> bool:
        """Return whether a sentence ends in the line, before the end of the column."""
        return self._has_ended() and not self.is_wrapped()

    def begins_paragraph(self) -> bool:
        """Return whether the next line is indented because a paragraph begins."""
        is_indented = self._has_ended() and self._is_indented_from(self.above)
        return is_indented and not self._is_second_line()

    def is_wrapped(self) -> bool:
        """Return whether the line ends only because its column does."""
        if self._fills_column():
            return True
        is_long = len(self.above.text) >= _SHORTEST_WRAPPED or _is_broken(self.above.text)
        return self._reads_on() and (is_long or self.is_full)

    def _fills_column(self) -> bool:
        """Return whether the line reaches the end of a column that is wide enough for a paragraph."""
        return self.is_full and not self.is_narrow

    def _has_ended(self) -> bool:
        return _ENDED.search(self.above.text) is not None

    def _reads_on(self) -> bool:
        """Return whether a sentence continues in the next line: it begins in lower case, or is Chinese or Japanese."""
        begins_within = self.below.text[0].islower() or _TWO_CJK.match(self.above.text[-1] + self.below.text[0])
        return not self._has_ended() and bool(begins_within)

    def _is_indented_from(self, other: Line) -> bool:
        return abs(self.below.left - other.left) > _INDENT * self.below.size

    def _is_second_line(self) -> bool:
        """Return whether the lines differ because a paragraph's first line is indented, or an item's is not."""
        is_outdented = self.below.left < self.above.left or _ITEM.match(self.above.text) is not None
        return self.above is self.first and is_outdented


class _Layout:
    """The layout of a document's lines, and the document's words."""

    def __init__(self, lines: Sequence[Line]) -> None:
        columns = split_runs(lines, lambda column, line: not _is_below(column[-1], line))
        self._lines = lines
        self._words = set(_WORD.findall("\n".join(line.text for line in lines).casefold()))
        self._pitches = _find_pitches(columns)
        self._columns = list(_measure_columns(columns))

    def describe_seam(self, first: Line, i: int) -> _Seam:
        """Return the seam of line `i` and the next, in a block that begins with the line `first`."""
        above, below = self._lines[i], self._lines[i + 1]
        widest_pitch = _WIDEST_PITCH * self._pitches.get(round(above.size), inf)
        is_far = not _is_below(above, below) or above.y - below.y > widest_pitch
        return _Seam(first, above, below, is_far, self._is_full(i), self._columns[i].is_narrow)

    def _is_full(self, i: int) -> bool:
        """Return whether the next line's first word was too wide for the rest of line `i`."""
        above, below = self._lines[i], self._lines[i + 1]
        word = _FIRST_WORD.findall(below.text)[0]
        needed = (len(word) + 1) * (below.right - below.left) / len(below.text)
        is_filled = self._columns[i].right - above.right < _ROOM * needed
        return is_filled and not _OF_CONTENTS.search(above.text)

    def join(self, above: str, joint: str, below: str) -> str:
        """Return the text of a line with the joint to the next line; a word that was broken between them is joined."""
        if joint == "\n":
            return above + joint
        if _TWO_CJK.match(above[-1] + below[0]):
            return above
        if _is_broken(above) and below[0].isalnum():
            return above[:-1] + self._find_hyphen(above[:-1], below)
        return above + joint

    def _find_hyphen(self, above: str, below: str) -> str:
        """Return the joint between the parts of a word at a line's end: nothing, a hyphen, or a hyphen and space."""
        head = above.rsplit(maxsplit=1)[-1].casefold().strip("\"'“‘„«([")
        tail = _WORD.findall(below)[0]
        if head + tail.casefold() in self._words:
            return ""
        if tail in _AFTER_HYPHEN:
            return "- "
        return "-" if self._is_compound(head, tail) else ""

    def _is_compound(self, head: str, tail: str) -> bool:
        """Return whether the author wrote the hyphen: the text has it elsewhere, or it is usual with these words."""
        is_known = f"{head}-{tail.casefold()}" in self._words
        _, hyphen, last = head.rpartition("-")
        is_chain = bool(hyphen) and last in self._words
        is_name = not tail[0].islower() and not tail.isupper()
        return any((is_known, is_chain, is_name, head in _BEFORE_HYPHEN))


def _find_pitches(columns: Iterable[Sequence[Line]]) -> dict[int, float]:
    """Return the usual distance of a column's lines by the size of their letters."""
    distances = defaultdict(list)
    for column in columns:
        for above, below in pairwise(column):
            distances[round(above.size)].append(above.y - below.y)
    return {size: median(values) for size, values in distances.items()}


def _measure_columns(columns: Sequence[Sequence[Line]]) -> Iterator[_Column]:
    """Yield the column of each line; half of the text is in columns of at least the usual width."""
    lines = chain.from_iterable(columns)
    # A line counts once for each ten letters.
    usual_width = median(chain.from_iterable([line.right - line.left] * (1 + len(line.text) // 10) for line in lines))
    for column in columns:
        left = min(line.left for line in column)
        right = max(line.right for line in column)
        is_narrow = right - left < _NARROW * usual_width
        yield from repeat(_Column(right, is_narrow), len(column))


def _is_below(above: Line, below: Line) -> bool:
    """Return whether a line can follow another in a column: it is below and near, in letters of the same size."""
    if above.page != below.page or not is_same_size(above.size, below.size):
        return False
    is_near = 0 < above.y - below.y <= WIDEST_GAP * above.size
    gap_across = max(below.left - above.right, above.left - below.right)
    return is_near and gap_across < 0


def _is_broken(text: str) -> bool:
    return text[-1] in _HYPHENS and text[-2:-1].isalpha()


def is_same_size(one: float, other: float) -> bool:
    """Return whether letters of two sizes count as equally large."""
    return abs(one - other) <= _SAME_SIZE * max(one, other)
