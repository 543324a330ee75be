"""Finds the headings of a text: the ones that Markdown marks, or else lines that have the form of headings."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from rag.documents.blocks import LONGEST_HEADING, Block
from rag.text import LINE, WORD

_MARKED = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S)(.*)$", re.MULTILINE)
# Code in Markdown.
FENCED_CODE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1[^\n]*|\Z)", re.MULTILINE | re.DOTALL)
# "2.1 Refunds", "§ 8 Deposit", "Clause 5: Deposit"
NUMBERED = re.compile(r"(?:\w+ |§ ?)?(?P<number>\d{1,2}(?:\.\d{1,2})*)\.?[:)]?\s+(?=\S)")
# A line without a mark is a heading only if it has no more words than this, and a line of text has more.
_MOST_WORDS = 9
_LONGEST_LINE = 80
# No heading ends with one of these.
END_MARKS = (".", ";", ",", "。", "；", "，", "、", "।", "؛", "،")
# A line that ends with one of these is a heading only if its letters are larger or heavier than the text's.
_ENDS = (*END_MARKS, "!", ":", "…", "-", "！", "：")
_ENDS_TEXT = (*_ENDS, "?", "？", "؟", '"', "”", "」", ")")
_LABEL = re.compile(r"[^\W\d][^:]{0,30}:\s")
_ITEM = re.compile(r"[-*•–—+·]\s")
# A text has headings of a form only if it has at least this many.
_FEWEST = 2


class Heading(NamedTuple):
    """A heading: its line, `[start, end)`, its level from 1, and its words without marks."""

    start: int
    end: int
    level: int
    text: str


def find_marked_headings(text: str, end: int) -> list[Heading]:
    """Return the headings before `end` that Markdown marks with "#"; a line of code is not a heading."""
    without_code = FENCED_CODE.sub(lambda block: "`" * len(block[0]), text[:end])
    headings = []
    for match in _MARKED.finditer(without_code):
        words = match[2] + match[3].rstrip(" \t#")
        if len(words) <= LONGEST_HEADING:
            headings.append(Heading(*match.span(), len(match[1]), words))
    return headings


class _Line(NamedTuple):
    """A line, its offsets, and whether a blank line, or an edge of the text, is before and after it."""

    text: str
    start: int
    end: int
    opens: bool
    closes: bool

    @property
    def form(self) -> str:
        """The form that all headings of one level share: numbered to a depth, in capitals, or above blank lines."""
        number = NUMBERED.match(self.text)
        if number:
            depth = number["number"].count(".")
            return f"numbered {depth}"
        if self.text.isupper():
            return "capitals"
        return "alone" if self.closes else "right above"

    @property
    def is_short(self) -> bool:
        """Whether the line is as short as a heading."""
        return len(self.text) <= _LONGEST_LINE and len(self.text.split()) <= _MOST_WORDS

    @property
    def may_be_heading(self) -> bool:
        """Whether the line begins a paragraph, is short and begins and ends as a heading does."""
        if not (self.opens and self.is_short):
            return False
        number = NUMBERED.match(self.text)
        words = self.text[number.end() :] if number else self.text
        is_named = words[0].isalnum() and not words[0].islower()
        return is_named and not any((": " in words, self.text.endswith(_ENDS)))

    @property
    def is_text(self) -> bool:
        """Whether the line is a sentence or an item, which may be below a heading."""
        return any((_ITEM.match(self.text), not self.is_short, self.text.endswith(_ENDS_TEXT)))


def find_unmarked_headings(text: str, end: int) -> list[Heading]:
    """Return the lines before `end` that have the form of headings; a form counts if several lines have it.

    A heading is a short line at the beginning of a paragraph, with text below it. It has no end mark, is not a label,
    and occurs once. The levels are in the order in which the forms occur.
    """
    lines = _list_lines(text, end)
    levels = _find_levels(lines)
    return [Heading(line.start, line.end, level, line.text) for line, level in zip(lines, levels, strict=True) if level]


def mark_heading_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks of a file; if none is a heading, the paragraphs that have the form of headings become some."""
    blocks = [block for block in blocks if block.text.strip()]
    if any(block.kind == "heading" for block in blocks):
        return blocks
    levels = _find_levels([_make_line(block) for block in blocks])
    for number, level in enumerate(levels):
        if level:
            blocks[number] = replace(blocks[number], kind="heading", level=level)
    return blocks


def has_form_of_heading(text: str) -> bool:
    """Return whether a paragraph is short, and begins and ends as a heading does."""
    return text != "" and _make_line(Block(text)).may_be_heading


def _make_line(block: Block) -> _Line:
    """Return a block as a line; anything but a paragraph of an article is text."""
    is_paragraph = (block.kind, block.voice) == ("paragraph", "article") and "\n" not in block.text
    return _Line(block.text if is_paragraph else "- ", 0, 0, opens=True, closes=True)


def _find_levels(lines: Sequence[_Line]) -> list[int]:
    """Return the level of each line that is a heading, and 0 for each other one."""
    counts = Counter(line.text for line in lines)
    forms = [""] * len(lines)
    for number, (line, below) in enumerate(pairwise(lines)):
        if counts[line.text] == 1 and _is_above(line, below):
            forms[number] = line.form
    levels = {"": 0}
    for form, count in Counter(forms).items():
        if count >= _FEWEST:
            levels.setdefault(form, len(levels))
    return [levels.get(form, 0) for form in forms]


def _list_lines(text: str, end: int) -> list[_Line]:
    """Return the lines with words before `end`; a line of signs separates as a blank line does."""
    spans = [match.span() for match in LINE.finditer(text, 0, end) if WORD.search(match[0])]
    stops = [0, *(stop for _, stop in spans)]
    starts = [*(start for start, _ in spans), end]
    gaps = [text.count("\n", stop, start) > 1 for stop, start in zip(stops, starts, strict=True)]
    gaps[0] = gaps[-1] = True
    return [
        _Line(text[start:stop].rstrip(), start, stop, opens, closes)
        for (start, stop), (opens, closes) in zip(spans, pairwise(gaps), strict=True)
    ]


def _is_above(line: _Line, below: _Line) -> bool:
    """Return whether a line may be the heading of what is below it: text, or a heading of another form.

    A line above the labels of a mail is a signature; a label right below a line is text.
    """
    is_wrapped = not below.opens and below.text[:1].islower()
    if is_wrapped or not line.may_be_heading:
        return False
    if _LABEL.match(below.text):
        return not below.opens
    return below.is_text or (below.may_be_heading and below.form != line.form)
