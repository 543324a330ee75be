"""Splits the plain text of a page by speaker: the article under its headings, and each reader's comment."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

from rag.documents.blocks import HEADING_SEPARATOR
from rag.documents.comments.plaintext import find_thread_start, read_comments
from rag.documents.formats.plain.metadata import Metadata
from rag.documents.headings import Heading, find_marked_headings, find_unmarked_headings
from rag.types import Section


def find_sections(text: str, metadata: Metadata, *, markdown: bool = False) -> tuple[Section, ...]:
    """Return the article's sections and then each comment's, in order; metadata and boilerplate are left out."""
    article_end, comments_start = find_thread_start(text, markdown=markdown)
    gaps = [gap for gap in metadata.gaps if gap[1] <= article_end]
    marked_headings = find_marked_headings(text, article_end) if markdown else []
    headings = marked_headings or find_unmarked_headings(text, article_end)
    sections: list[Section] = []
    start = 0
    for gap_start, gap_end in sorted([*gaps, (article_end, article_end)]):
        sections += _split_at_headings(text, start, gap_start, headings)
        start = gap_end
    article = [replace(section, author=metadata.author, date=metadata.date) for section in sections]
    return (*article, *read_comments(text, comments_start))


def _split_at_headings(text: str, start: int, end: int, headings: list[Heading]) -> Iterator[Section]:
    """Yield the sections of an article between two offsets; a heading with nothing below it is also a section."""
    inside = [heading for heading in headings if start <= heading.start < heading.end <= end]
    # The text above the first heading is below a heading without words, which is wider than all others.
    edges = [Heading(start, start, -1, ""), *inside, Heading(end, end, 0, "")]
    path: list[Heading] = []
    for heading, following in pairwise(edges):
        above = path[: bisect_left(path, heading.level, key=attrgetter("level"))]  # the levels of a path ascend
        path = [*above, heading]
        has_text_below = bool(text[heading.end : following.start].strip())
        if has_text_below:
            yield Section(heading.end, following.start, voice="article", heading=_join_path(path))
        elif following.level <= heading.level:
            yield Section(heading.start, heading.end, voice="article", heading=_join_path(above))


def _join_path(headings: list[Heading]) -> str | None:
    """Return the path of headings; the first one has no words."""
    return HEADING_SEPARATOR.join(heading.text for heading in headings[1:]) or None
