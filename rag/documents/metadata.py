"""Reads what the plain text of a page says of itself: title, outlet, author, date."""

import re
from dataclasses import dataclass
from itertools import accumulate, islice, takewhile
from typing import NamedTuple

from rag.documents.dates import LONGEST_LINE, find_date, is_date, parse_date
from rag.documents.languages import join
from rag.documents.plaintext_comments import find_thread_start

Span = tuple[int, int]

_FIELD = re.compile(r"^(title|outlet|source|date|published|updated|author|by)\s*:[ \t]*(\S.*)$", re.IGNORECASE)
_TITLE = re.compile(r"^#\s+(\S.*)$")
_FENCE = re.compile(r"^-{3,}\s*$")
# "By Ilse Varnholt | 12 March 2021", "Words: Declan Oyelaran", "posted by Linnea Wachira, filed under: transfers"
_CREDIT = re.compile(
    r"(?i:(?:posted|written|reported|reviewed|tested|words|text|story|report|photo(?:graph)?s?)(?: by|:)|by|author:)\s+"
    r"(?P<author>[A-Z][\w.'’-]*(?: (?:(?:and|of|the|de|da|van|von|al|bin) )*[A-Z][\w.'’-]*){0,5})(?:\s*[,|·•–—(-].*)?$"
)
_HEAD_LINES = 20
# "Published in The Harbour Post, October 4th, 2012." on a line of its own, at the top or the end of an article.
_PUBLISHED = re.compile(
    rf"^[ \t]*(?:(?:first |originally )?published in|{join('published')})\s+"
    r"(?P<outlet>[^,，،\n]{2,60})[,，،]\s*(?P<date>.{4,40}?)\.?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(r"\S.*")
_LONGEST_TITLE = 120
# A heading of some lines: "Harbour Gas plc", "Annual report 2024".
_OPENING = re.compile(r"\s*(\S.*(?:\n\S.*){0,2})\n[^\S\n]*\n\s*\S")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of itself; `gaps` are the lines that say so, which are no text of the article."""

    gaps: tuple[Span, ...] = ()
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None


def find_metadata(text: str) -> Metadata:
    """Return the title, outlet, author and date in the lines at the top, or in a "Published in" line of the article.

    What readers wrote below says nothing of the page.
    """
    text = text[: find_thread_start(text)[0]]
    found: dict[str, str] = {}
    gaps: list[Span] = []
    in_fence = False
    for number, line in enumerate(_LINE.finditer(text)):
        words = line[0].strip()
        if len(words) > LONGEST_LINE:
            break
        if _FENCE.match(words) and (number == 0 or in_fence):
            in_fence = number == 0
        elif field := _FIELD.match(words):
            found.setdefault(field[1].lower(), field[2].strip("\"' "))
        elif in_fence:  # a front matter's other keys
            pass
        elif heading := _TITLE.match(words):
            found.setdefault("title", heading[1])
        elif byline := _CREDIT.match(words):
            found.setdefault("author", byline["author"])
        elif number and is_date(words):
            found.setdefault("date", words)
        elif number == 0 and (head := _read_head(text)):
            found |= head.found
            gaps += head.gaps
            break
        elif number == 0 and _is_title(words) and (opening := _OPENING.match(text)):
            # It stays text as well: it may say what the article does not.
            found |= _join_titles(opening[1].splitlines())
            break
        elif not _FENCE.match(words):
            break
        gaps.append(line.span())
    published = next((line for line in _PUBLISHED.finditer(text) if is_date(line["date"])), None)
    if published:
        gaps.append(published.span())
    outlet = found.get("outlet") or found.get("source") or (published and published["outlet"])
    date = found.get("date") or found.get("published") or found.get("updated") or (published and published["date"])
    return Metadata(
        gaps=tuple(gaps),
        title=found.get("title"),
        outlet=outlet or None,
        author=found.get("author") or found.get("by"),
        date=parse_date(date) if date else None,
    )


class _Head(NamedTuple):
    found: dict[str, str]
    gaps: list[Span]


def _read_head(text: str) -> _Head | None:
    """Return what the lines above an article say that end with who wrote it, or else a title and a date below it.

    The line right above is the title; others that stand there are the site's.
    """
    lines = [*islice(_LINE.finditer(text), _HEAD_LINES)]
    words = [line[0].strip()[:LONGEST_LINE] for line in lines]
    last = next((i for i, line in enumerate(words) if i and (_CREDIT.match(line) or (i == 1 and is_date(line)))), 0)
    names = {credit["author"] for line in words if (credit := _CREDIT.match(line))}
    titles = [
        line for line in words[:last]
        if line[0].isalnum() and line not in names and not (find_date(line) or is_date(line))
    ]  # fmt: skip
    if not titles or not all(_is_heading(line) or _PUBLISHED.match(line) for line in words[:last]):
        return None
    below = takewhile(lambda line: _is_heading(line) and (_CREDIT.match(line) or find_date(line)), words[last + 1 :])
    last += len([*below])
    found = {"title": titles[-1]}
    for line in words[: last + 1]:
        if credit := _CREDIT.match(line):
            found.setdefault("author", credit["author"])
        if date := find_date(line) or (line if is_date(line) else None):
            found.setdefault("date", date)
    return _Head(found, [line.span() for line in lines[: last + 1] if not _PUBLISHED.match(line[0])])


def _is_heading(words: str) -> bool:
    return len(words) <= _LONGEST_TITLE and words[-1] not in ".:;,…"


def _is_title(words: str) -> bool:
    return _is_heading(words) and words[-1] not in "!?"


def _join_titles(lines: list[str]) -> dict[str, str]:
    """Return the lines of a heading as a title, as many as are not too long for one; nothing if one is a sentence."""
    if not all(_is_title(line.strip()) for line in lines):
        return {}
    titles = accumulate((line.strip() for line in lines), "{}, {}".format)
    return {"title": [title for title in titles if len(title) <= _LONGEST_TITLE][-1]}
