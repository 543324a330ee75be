"""Reads the title, outlet, author and date in the plain text of a page."""

import re
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import NamedTuple

from rag.documents.comments.plaintext import find_thread_start
from rag.documents.dates import LONGEST_LINE, find_date, is_date, parse_date
from rag.documents.formats.plain.front_matter import read_front_matter
from rag.documents.languages import join
from rag.rows import is_row
from rag.text import LINE
from rag.types import Span

_FIELD = re.compile(r"^(title|outlet|source|date|published|updated|author|by)\s*:[ \t]*(\S.*)$", re.IGNORECASE)
_TITLE = r"^#\s+(?P<title>\S.*)$"
# The keys of labelled lines that have another name here.
_KEYS = {"source": "outlet", "published": "date", "updated": "date", "by": "author"}
_RULE = re.compile(r"^-{3,}\s*$")
# "By Ilse Varnholt | 12 March 2021", "Words: Declan Oyelaran", "posted by Linnea Wachira, filed under: transfers"
_MADE = r"posted|written|reported|reviewed|tested|words|text|story|report"
_PARTICLES = r"(?:(?:and|of|the|de|da|van|von|al|bin) )*"
_WORD = r"[A-Z][\w.'’-]*"
_CREDIT = re.compile(
    rf"(?i:(?:{_MADE})(?: by|:)|by|author:)\s+(?P<author>{_WORD}(?: {_PARTICLES}{_WORD}){{0,5}})(?:\s*[,|·•–—(-].*)?$"
)
# The lines that a head without labels may have, besides a date.
_UNLABELLED = re.compile(f"{_TITLE}|{_CREDIT.pattern}")
_HEAD_LINES = 20
# "Published in The Harbour Post, October 4th, 2012." on a line of its own, at the top or the end of an article.
_PUBLISHED = re.compile(
    rf"^[ \t]*(?:(?:first |originally )?published in|{join('published')})\s+"
    r"(?P<outlet>[^,，،\n]{2,60})[,，،]\s*(?P<date>.{4,40}?)\.?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_TITLE = 120
_HEADING = re.compile(rf".{{1,{_LONGEST_TITLE}}}(?<![.:;,…])")
# The marks of Markdown around a title; a line that begins with another sign, such as "|" or "```", is none.
_MARKS = re.compile(r"#{1,6}[ \t]+|[*_]{1,3}(?=\S)|(?<=\S)(?:[*_]{1,3}|[ \t]#{1,6})$")
# A part of a title begins with a word, a quote or the like, a sign of East Asia or a picture, and ends no sentence.
_TITLE_LINE = re.compile(rf"(?=[^\W_]|[\"'“”„«‘(\[¿¡§№\u3000-\U0010ffff]){_HEADING.pattern}(?<![!?])")
# A heading of some lines: "Harbour Gas plc", "Annual report 2024".
_OPENING = re.compile(r"\s*(\S.*(?:\n\S.*){0,2})\n[^\S\n]*\n\s*\S")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The title and origin of a page; `gaps` are the lines that state them and are not text of the article."""

    gaps: tuple[Span, ...] = ()
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None


class _Head(NamedTuple):
    """The values in the lines at the top of a text, by key, and the spans of these lines."""

    values: dict[str, str]
    gaps: list[Span]


def find_metadata(text: str) -> Metadata:
    """Return the title, outlet, author and date of a page.

    They are in the front matter, in the lines at the top, or in a "Published in" line of the article. The comments
    below an article are not searched.
    """
    text = text[: find_thread_start(text)[0]]
    front = read_front_matter(text)
    head = _read_labelled(text, front.end)
    if not head.gaps:
        head = _read_masthead(text) or _read_opening(text)
    _add_publication(text, head)
    values = head.values
    return Metadata(
        gaps=tuple(head.gaps),
        title=front.title or values.get("title"),
        outlet=front.outlet or values.get("outlet"),
        author=front.author or values.get("author"),
        date=front.date or parse_date(values.get("date", "")) or None,
    )


def _add_publication(text: str, head: _Head) -> None:
    """Add the outlet and date of the first "Published in" line to a head."""
    for line in _PUBLISHED.finditer(text):
        if is_date(line["date"]):
            head.gaps.append(line.span())
            head.values.setdefault("outlet", line["outlet"])
            head.values.setdefault("date", line["date"])
            return


def _read_labelled(text: str, front_end: int) -> _Head:
    """Return the values in the first lines: labelled lines ("Date: …"), a heading, a byline or a date.

    Any other line ends them. The lines of the front matter, which ends at `front_end`, are among the gaps only.
    """
    head = _Head({}, [line.span() for line in LINE.finditer(text, 0, front_end)])
    for line in LINE.finditer(text, front_end):
        words = line[0].rstrip()
        field = _read_line(words, is_first=not head.gaps)
        if field:
            head.values.setdefault(*field)
        elif not _RULE.match(words):
            break
        head.gaps.append(line.span())
    return head


def _read_line(words: str, *, is_first: bool) -> tuple[str, str] | None:
    """Return the key and the value in a line; None if there is no value, or if the line is a row of a table."""
    if len(words) > LONGEST_LINE or is_row(words):
        return None
    field = _FIELD.match(words)
    if field:
        key = field[1].lower()
        return _KEYS.get(key, key), field[2].strip("\"' ")
    line = _UNLABELLED.match(words)
    if line:
        return str(line.lastgroup), line[str(line.lastgroup)]
    return ("date", words) if not is_first and is_date(words) else None


def _read_masthead(text: str) -> _Head | None:
    """Return the values in the lines above an article, if they end with its author, or are a title and a date.

    The line right above the author or date is the title; lines above the title are the site's.
    """
    lines = list(islice(LINE.finditer(text), _HEAD_LINES))
    words = [line[0].strip()[:LONGEST_LINE] for line in lines]
    last = _find_masthead_end(words)
    if not last:
        return None
    titles = _list_titles(words[:last], _find_author(words[last]))
    if not titles:
        return None
    end = last + 1 + len(list(takewhile(_is_credit, words[last + 1 :])))
    values = {"title": titles[-1]}
    for line in reversed(words[:end]):  # the first author and the first date count
        values.update(_read_credit(line))
    gaps = [line.span() for line in lines[:end] if not _PUBLISHED.match(line[0])]
    return _Head(values, gaps)


def _find_masthead_end(words: list[str]) -> int:
    """Return the number of the last line above an article; 0 if no line is above it."""
    for number, line in enumerate(words[1:], 1):
        is_date_below_title = number == 1 and is_date(line)
        if is_date_below_title or _find_author(line):
            return number
    return 0


def _list_titles(above: list[str], author: str | None) -> list[str]:
    """Return the lines above an article that may be its title, not its author's name; none if one is a sentence."""
    titles = []
    for line in above:
        if not _HEADING.fullmatch(line) and not _PUBLISHED.match(line):
            return []
        if line != author and _may_be_title(line):
            titles.append(line)
    return titles


def _may_be_title(line: str) -> bool:
    """Return whether a line begins like a title, has no date, and is not a row of a table."""
    return line[0].isalnum() and not is_row(line) and not _find_any_date(line)


def _find_author(line: str) -> str | None:
    """Return the author whom a line like "By Jane Doe" names, or None."""
    credit = _CREDIT.match(line)
    return credit["author"] if credit else None


def _read_credit(line: str) -> dict[str, str]:
    """Return the author and the date that are in a line."""
    credit = {"author": _find_author(line), "date": _find_any_date(line)}
    return {key: value for key, value in credit.items() if value}


def _is_credit(line: str) -> bool:
    """Return whether a line below the author's has more authors or dates."""
    return _HEADING.fullmatch(line) is not None and _read_credit(line) != {}


def _find_any_date(line: str) -> str | None:
    """Return the date in a line, or the whole line if it is a date."""
    return find_date(line) or (line if is_date(line) else None)


def _read_opening(text: str) -> _Head:
    """Return the heading of up to three lines at the beginning of a text. It stays text too: it may not be repeated."""
    opening = _OPENING.match(text)
    if opening is None:
        return _Head({}, [])
    return _Head(_join_titles(opening[1].splitlines()), [])


def _join_titles(lines: list[str]) -> dict[str, str]:
    """Return the lines of a heading as a title, or the first if they are too long; nothing if one is a sentence."""
    parts = [_MARKS.sub("", line.strip()).strip() for line in lines]
    for part in parts:
        if not _TITLE_LINE.fullmatch(part) or is_row(part):
            return {}
    title = ", ".join(parts)
    return {"title": title if len(title) <= _LONGEST_TITLE else parts[0]}
