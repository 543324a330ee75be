"""Tells who speaks where in the plain text of a page: the article under its headings, each reader's comment."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rag.documents.blocks import HEADING_SEPARATOR, LONGEST_HEADING
from rag.documents.comments.plaintext import find_thread
from rag.documents.formats.plain.metadata import Metadata
from rag.types import Section

_MARKDOWN_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S)(.*)$", re.MULTILINE)
_CODE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)


def find_sections(text: str, metadata: Metadata, *, markdown: bool = False) -> tuple[Section, ...]:
    """Return the article's sections and then each comment's, in order; metadata and boilerplate are in none."""
    article_end, comments = find_thread(text, markdown=markdown)
    edges = [*(gap for gap in metadata.gaps if gap[1] <= article_end), (article_end, article_end)]
    headings = list(_find_headings(text, article_end)) if markdown else []
    sections: list[Section] = []
    start = 0
    for gap_start, gap_end in sorted(edges):
        sections += _split_at_headings(text, start, gap_start, headings)
        start = gap_end
    whole = [replace(section, author=metadata.author, date=metadata.date) for section in sections]
    return (*whole, *comments)


class _Heading(NamedTuple):
    start: int
    end: int
    level: int
    text: str


def _find_headings(text: str, end: int) -> Iterator[_Heading]:
    code = [block.span() for block in _CODE.finditer(text, 0, end)]
    for found in _MARKDOWN_HEADING.finditer(text, 0, end):
        before = bisect_right(code, (found.start(), end)) - 1
        is_code = before >= 0 and found.start() < code[before][1]
        words = found[2] + found[3].rstrip(" \t#")
        if not is_code and len(words) <= LONGEST_HEADING:
            yield _Heading(*found.span(), len(found[1]), words)


def _split_at_headings(text: str, start: int, end: int, headings: list[_Heading]) -> Iterator[Section]:
    """Yield the sections of an article between two offsets; a heading with nothing below it is one itself."""
    inside = [heading for heading in headings if start <= heading.start and heading.end <= end]
    ends = [*(heading.start for heading in inside), end][1:]
    before = inside[0].start if inside else end
    if text[start:before].strip():
        yield Section(start, before, "article")
    path: list[_Heading] = []
    for i, (heading, stop) in enumerate(zip(inside, ends, strict=True)):
        while path and path[-1].level >= heading.level:
            path.pop()
        above = HEADING_SEPARATOR.join(h.text for h in path) or None
        path.append(heading)
        if text[heading.end : stop].strip():
            yield Section(heading.end, stop, "article", heading=HEADING_SEPARATOR.join(h.text for h in path))
        elif i + 1 == len(inside) or inside[i + 1].level <= heading.level:
            yield Section(heading.start, heading.end, "article", heading=above)
