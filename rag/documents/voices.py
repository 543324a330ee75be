"""Tells who speaks where in a news page: metadata lines, the article, each reader's comment."""

import re
from dataclasses import dataclass
from datetime import datetime

from dateutil import parser as dateutil

from rag.types import Section

_FIELD = re.compile(r"^(title|outlet|source|date|published|author|by)\s*:[ \t]*(\S.*?)\s*$", re.IGNORECASE)
_HEADING = re.compile(r"^#\s+(\S.*?)\s*$")
_FENCE = re.compile(r"^-{3,}\s*$")
# "Published in The Express Tribune, October 4th, 2012."
_PUBLISHED = re.compile(r"^\s*published in ([^,\n]{2,60}),\s*(.{4,40}?)\.?\s*$", re.IGNORECASE | re.MULTILINE)
# "COMMENTS (14)", "Comments", "## Readers' comments:"
_COMMENTS = re.compile(
    r"^[#*\s]*(?:(?:reader|user)(?:s|['’]s|s['’])?\s+)?comments?\s*(?:\(\s*\d+\s*\))?\s*[:*]*\s*$",
    re.IGNORECASE | re.MULTILINE,
)
# What a site, not a reader, writes among the comments.
_BOILERPLATE = re.compile(
    r"^\s*(?:comments are (?:moderated|closed)|for more information,? please see|(?:leave|post) a (?:reply|comment)"
    r"|log ?in to comment|load more comments|reply\s*$|report abuse)",
    re.IGNORECASE,
)
# "Sana K. (6 October 2012): I think …" and "Sana K., 6 October 2012:" alone on its line.
_SIGNED = re.compile(
    r"^(?P<author>[^@\s(),:][^(),:\n]{0,40}?)(?:\s*\((?P<date1>[^()\n]{4,30})\)|,\s*(?P<date2>[^:\n]*\d{4}))\s*:\s*"
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of itself; the article's text begins at `body_start`."""

    body_start: int
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None


def find_metadata(text: str) -> Metadata:
    """Return the title, outlet, author and date in the lines at the top, or in a "Published in" line."""
    found: dict[str, str] = {}
    body_start = position = 0
    for line in text.splitlines(keepends=True):
        position += len(line)
        if field := _FIELD.match(line):
            found.setdefault(field[1].lower(), field[2])
        elif heading := _HEADING.match(line):
            found.setdefault("title", heading[1])
        elif line.strip() and not _FENCE.match(line):
            break
        body_start = position
    published = _PUBLISHED.search(text, body_start)
    outlet = found.get("outlet") or found.get("source") or (published and published[1])
    date = found.get("date") or found.get("published") or (published and published[2])
    return Metadata(
        body_start=body_start,
        title=found.get("title"),
        outlet=outlet or None,
        author=found.get("author") or found.get("by"),
        date=parse_date(date) if date else None,
    )


def parse_date(text: str) -> str:
    """Return a full date as ISO 8601, anything else as it stands."""
    try:
        # A part of the date that is missing is taken from the default: two defaults show it.
        first, second = (dateutil.parse(text, default=datetime(y, m, d)) for y, m, d in ((2000, 1, 1), (2004, 2, 2)))
    except (ValueError, OverflowError):
        return text
    return first.date().isoformat() if first == second else text


def find_sections(text: str, metadata: Metadata) -> tuple[Section, ...]:
    """Return the article's sections and then each comment's, in order; metadata and boilerplate are in none."""
    heading = _COMMENTS.search(text, metadata.body_start)
    article_end = heading.start() if heading else len(text)
    published = _PUBLISHED.search(text, metadata.body_start, article_end)
    gaps = [published.span()] if published else []
    sections = []
    start = metadata.body_start
    for gap_start, gap_end in [*gaps, (article_end, article_end)]:
        if text[start:gap_start].strip():
            sections.append(Section(start, gap_start, "article", metadata.author, metadata.date))
        start = gap_end
    if heading:
        sections += _find_comments(text, heading.end())
    return tuple(sections)


def _find_comments(text: str, start: int) -> list[Section]:
    # Blank lines part the comments where there are any between them; else each line is taken for one.
    blank_lines = re.search(r"\S[^\S\n]*\n[^\S\n]*\n\s*\S", text[start:])
    blocks = re.compile(r"\S(?:.|\n(?![^\S\n]*\n))*" if blank_lines else r"\S.*")
    comments = []
    for block in blocks.finditer(text, start):
        if _BOILERPLATE.match(block[0]):
            continue
        signed = _SIGNED.match(block[0])
        author, date = (signed["author"], signed["date1"] or signed["date2"]) if signed else (None, None)
        begin = block.start() + (signed.end() if signed else 0)
        if text[begin : block.end()].strip():
            comments.append(Section(begin, block.end(), "comment", author, parse_date(date) if date else None))
    return comments
