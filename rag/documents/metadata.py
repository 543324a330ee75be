"""Reads what the plain text of a page says of itself: title, outlet, author, date."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, islice, takewhile
from typing import NamedTuple

from dateutil import parser as dateutil

Span = tuple[int, int]

_FIELD = re.compile(r"^(title|outlet|source|date|published|updated|author|by)\s*:[ \t]*(\S.*?)\s*$", re.IGNORECASE)
_TITLE = re.compile(r"^#\s+(\S.*?)\s*$")
_FENCE = re.compile(r"^-{3,}\s*$")
# "By Ilse Varnholt | 12 March 2021", "Words: Declan Oyelaran", "posted by Linnea Wachira, filed under: transfers"
_CREDIT = re.compile(
    r"(?i:(?:posted|written|reported|reviewed|tested|words|text|story|report|photo(?:graph)?s?)(?: by|:)|by|author:)\s+"
    r"(?P<author>[A-Z][\w.'’-]*(?: (?:(?:and|of|the|de|da|van|von|al|bin) )*[A-Z][\w.'’-]*){0,5})(?:\s*[,|·•–—(-].*)?$"
)
_HEAD_LINES = 20
# "Published in The Express Tribune, October 4th, 2012."
_PUBLISHED = re.compile(r"^[ \t]*published in ([^,\n]{2,60}),\s*(.{4,40}?)\.?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_FULL_DATE = re.compile(
    r"\d{4}([-/.])\d\d?\1\d\d?|\d\d?[./-]\d\d?[./-]\d{4}"
    r"|\d\d?(?:st|nd|rd|th)?\.?(?: of)? [^\W\d_]{3,9}[.,]? \d{4}|[^\W\d_]{3,9}\.? \d\d?(?:st|nd|rd|th)?,? \d{4}"
)
# "3 hours ago", "yesterday at 9:12", "2d", "13.05. 12:50"
_AGO = re.compile(
    r"^(?:(?:an?|\d+)\s+(?:sec(?:ond)?|min(?:ute)?|h(?:ou)?r|day|week|wk|month|mo|year|yr)s?\.?\s+ago|\d+[smhdwy](?:\s+ago)?"
    r"|(?:yesterday|today)(?:,? (?:at )?\d\d?[:.]\d\d)?|\d\d?\.\d\d?\.(?:\s+\d\d?[:.]\d\d)?)$",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d{1,4}[-/.]\d{1,2}[-/.](?:\d{1,4}|(?=\s|$))",
    re.IGNORECASE,
)
# "04.05.2023" is no date of April.
_WITH_DOTS = re.compile(r"\s*\d\d?\.\d\d?\.\d")
_LINE = re.compile(r"\S.*")
_LONGEST_TITLE = 120
# A heading of some lines: "Harbour Gas plc", "Annual report 2024".
_OPENING = re.compile(r"\s*(\S.*(?:\n\S.*){0,2})\n[^\S\n]*\n\s*\S")
_LONGEST_DATE = 40
# A longer line is text, and the patterns are slow on it.
LONGEST_LINE = 1000


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of itself; `gaps` are the lines that say so, which are no text of the article.

    Those at the top end at `top_end`.
    """

    gaps: tuple[Span, ...] = ()
    top_end: int = 0
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None


def find_metadata(text: str) -> Metadata:
    """Return the title, outlet, author and date in the lines at the top, or in a "Published in" line."""
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
    top_end = gaps[-1][1] if gaps else 0
    if published := _PUBLISHED.search(text):
        gaps.append(published.span())
    outlet = found.get("outlet") or found.get("source") or (published and published[1])
    date = found.get("date") or found.get("published") or found.get("updated") or (published and published[2])
    return Metadata(
        gaps=tuple(gaps),
        top_end=top_end,
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


def find_date(text: str) -> str | None:
    """Return the first date in a text, as ISO 8601 if it is a full date that can be read."""
    found = _FULL_DATE.search(text)
    return parse_date(found[0]) if found else None


def parse_date(text: str) -> str:
    """Return a full date as ISO 8601, anything else as it stands."""
    if len(text) > LONGEST_LINE:
        return text
    day_first = bool(_WITH_DOTS.match(text))
    try:
        # A part of the date that is missing is taken from the default: two defaults show it.
        first, second = (
            dateutil.parse(text, default=datetime(y, m, d), ignoretz=True, dayfirst=day_first)
            for y, m, d in ((2000, 1, 1), (2004, 2, 2))
        )
    except (ValueError, OverflowError):
        return text
    return first.date().isoformat() if first.date() == second.date() else text


def is_date(text: str) -> bool:
    """Tell whether a text is a date and nothing else: "October 5, 2012 at 9:12 am", "3 hours ago"."""
    text = text.strip(" :()")
    if len(text) > LONGEST_LINE:
        return False
    if _AGO.match(text):
        return True
    if len(text) > _LONGEST_DATE or not (_DATED.search(text) and re.search(r"\d", text)):
        return False
    try:
        dateutil.parse(text, ignoretz=True)
    except (ValueError, OverflowError):
        return False
    return True
