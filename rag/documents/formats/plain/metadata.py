"""Reads what the plain text of a page says of itself: title, outlet, author, date."""

import re
from dataclasses import dataclass
from itertools import accumulate, islice, takewhile
from typing import NamedTuple

from rag.documents.comments.plaintext import find_thread_start
from rag.documents.dates import LONGEST_LINE, find_date, is_date, parse_date
from rag.documents.languages import join

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


class _Head(NamedTuple):
    """The values that the lines at the top of a text give, by key, and where those lines are."""

    found: dict[str, str]
    gaps: list[Span]


def find_metadata(text: str) -> Metadata:
    """Return the title, outlet, author and date in the lines at the top, or in a "Published in" line of the article.

    What readers wrote below says nothing of the page.
    """
    text = text[: find_thread_start(text)[0]]
    head = _read_labelled(text)
    if not head.gaps:
        head = _read_masthead(text) or _read_opening(text)
    found, gaps = head
    published = next((line for line in _PUBLISHED.finditer(text) if is_date(line["date"])), None)
    if published:
        gaps.append(published.span())
        found.setdefault("published in", published["outlet"])
        found.setdefault("published on", published["date"])
    date = _get_first(found, "date", "published", "updated", "published on")
    return Metadata(
        gaps=tuple(gaps),
        title=found.get("title"),
        outlet=_get_first(found, "outlet", "source", "published in"),
        author=_get_first(found, "author", "by"),
        date=parse_date(date) if date else None,
    )


def _get_first(found: dict[str, str], *keys: str) -> str | None:
    return next((found[key] for key in keys if found.get(key)), None)


def _read_labelled(text: str) -> _Head:
    """Return what the first lines say that are labelled ("Date: …"), a heading, a byline or a date, up to another line.

    Of front matter, between two lines of dashes, only the labelled lines count.
    """
    found: dict[str, str] = {}
    gaps: list[Span] = []
    in_fence = False
    for number, line in enumerate(_LINE.finditer(text)):
        words = line[0].strip()
        if len(words) > LONGEST_LINE:
            break
        is_fence = bool(_FENCE.match(words))
        if is_fence and (number == 0 or in_fence):
            in_fence = number == 0
        elif read := _read_line(words, in_fence=in_fence, is_first=number == 0):
            found.setdefault(*read)
        elif not in_fence and not is_fence:
            break
        gaps.append(line.span())
    return _Head(found, gaps)


def _read_line(words: str, *, in_fence: bool, is_first: bool) -> tuple[str, str] | None:
    """Return the key and the value of a line that has one."""
    if field := _FIELD.match(words):
        return field[1].lower(), field[2].strip("\"' ")
    if in_fence:
        return None
    if heading := _TITLE.match(words):
        return "title", heading[1]
    if byline := _CREDIT.match(words):
        return "author", byline["author"]
    return ("date", words) if not is_first and is_date(words) else None


def _read_masthead(text: str) -> _Head | None:
    """Return what the lines above an article say that end with who wrote it, or else a title and a date below it.

    The line right above is the title; others that stand there are the site's.
    """
    lines = [*islice(_LINE.finditer(text), _HEAD_LINES)]
    words = [line[0].strip()[:LONGEST_LINE] for line in lines]
    last = next((i for i, line in enumerate(words) if i and _ends_masthead(line, i)), 0)
    above = words[:last]
    titles = _list_titles(above, words)
    if not titles or not all(_is_heading(line) or _PUBLISHED.match(line) for line in above):
        return None
    last += sum(1 for _ in takewhile(_is_credit, words[last + 1 :]))
    found = {"title": titles[-1]}
    for line in words[: last + 1]:
        credit, date = _CREDIT.match(line), _find_any_date(line)
        if credit:
            found.setdefault("author", credit["author"])
        if date:
            found.setdefault("date", date)
    return _Head(found, [line.span() for line in lines[: last + 1] if not _PUBLISHED.match(line[0])])


def _ends_masthead(line: str, number: int) -> bool:
    return bool(_CREDIT.match(line)) or (number == 1 and is_date(line))


def _list_titles(above: list[str], words: list[str]) -> list[str]:
    """Return the lines above an article that may be its title: no names of authors, and no dates."""
    names = {credit["author"] for line in words if (credit := _CREDIT.match(line))}
    return [line for line in above if line[0].isalnum() and line not in names and not _find_any_date(line)]


def _is_credit(line: str) -> bool:
    """Return whether a line below the author's goes on with authors and dates."""
    return _is_heading(line) and bool(_CREDIT.match(line) or find_date(line))


def _find_any_date(line: str) -> str | None:
    return find_date(line) or (line if is_date(line) else None)


def _read_opening(text: str) -> _Head:
    """Return the heading of up to three lines that a text opens with. It stays text: the article may not repeat it."""
    opening = _OPENING.match(text)
    return _Head(_join_titles(opening[1].splitlines()) if opening else {}, [])


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
