"""Reads dates as pages write them, in the languages of `rag.documents.languages`."""

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from dateutil import parser as dateutil

from rag.documents.languages import LANGUAGES
from rag.text import MONTHS

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

# No unit of time is after a year: "3 May 1830 hours", "3 May 2015h".
_YEAR = r"\d{4}(?!:?\d|\s?(?:h|hrs?|hours|uhr|o['’]clock)\b)"
_FULL_DATE = re.compile(
    rf"\d{{4}}([-/.])\d\d?\1\d\d?|\d\d?[./-]\d\d?[./-]{_YEAR}"
    rf"|\d\d?(?:st|nd|rd|th|er|º)?\.?(?: of| de)? [^\W\d_]{{3,10}}[.,]?(?: de)? {_YEAR}"
    rf"|[^\W\d_]{{3,9}}\.? \d\d?(?:st|nd|rd|th)?,? {_YEAR}"
    r"|\d{4} ?[年년] ?\d\d? ?[月월] ?\d\d? ?[日일]",
    re.IGNORECASE,
)
# An English day or month: "4 March 2024", "4th of March", "March 4", "in March". After a number, "may" is a verb.
ENGLISH_DAY = re.compile(
    rf"\b(?:(?P<before>\d\d?)(?:st|nd|rd|th)?(?: of)? (?!(?-i:may))|(?P<during>in|of|for) )?(?P<month>{MONTHS})\b"
    r"(?: (?P<after>\d\d?)(?:st|nd|rd|th)?\b)?(?:,? (?P<year>\d{4})\b)?",
    re.IGNORECASE,
)
# "1 April 24", "01.04.24": the last number is a year only if nothing else is in the text.
_SHORT_DATE = re.compile(r"\d\d?\.? [^\W\d_]{3,10}\.? \d\d|\d\d?\.\d\d?\.\d\d")
_NUMERIC_DATE = re.compile(r"(?:\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4})(?:[T ]\d\d?:.*)?")
# "3 hours ago", "yesterday at 9:12", "2d", "13.05. 12:50"
_AGO = re.compile(
    r"^(?:(?:an?|\d+)\s+(?:sec(?:ond)?|min(?:ute)?|h(?:ou)?r|day|week|wk|month|mo|year|yr)s?\.?\s+ago|\d+[smhdwy](?:\s+ago)?"
    r"|(?:yesterday|today)(?:,? (?:at )?\d\d?[:.]\d\d)?|\d\d?\.\d\d?\.(?:\s+\d\d?[:.]\d\d)?)$",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d{4}[-/.]\d{1,2}[-/.]\d"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d|(?=\s|$))",  # "4.1.0" is a version
    re.IGNORECASE,
)
_UNSPACED = ("zh", "ja", "ko")
_SPACED_WORDS = "|".join(words.dates for code, words in LANGUAGES.items() if code not in _UNSPACED)
_UNSPACED_WORDS = "|".join(LANGUAGES[code].dates for code in _UNSPACED)
# Words of dates in other languages than English. Their parser is slow, so it reads only texts with one of them.
_FOREIGN = re.compile(
    rf"(?<![^\W\d_])(?:{_SPACED_WORDS})(?![^\W\d_])|\d ?[^\W\d_]{{0,3}} ?(?:{_UNSPACED_WORDS})", re.IGNORECASE
)
# "04.05.2023" is a day in May.
_WITH_DOTS = re.compile(r"\s*\d\d?\.\d\d?\.\d")
_LONGEST_DATE = 40
# A longer line is text, and the patterns would be slow on it.
LONGEST_LINE = 1000


def find_date(text: str) -> str | None:
    """Return the first date in a text; a full date that can be read is written as ISO 8601."""
    full_date = _FULL_DATE.search(text)
    if full_date:
        return parse_date(full_date[0])
    return _parse(text) if _SHORT_DATE.fullmatch(text) else None


def parse_date(text: str) -> str:
    """Return a full date as ISO 8601, and any other text unchanged."""
    return _parse(text) or text


def read_date(text: str | None) -> str | None:
    """Return a date as `parse_date` does; None if there is no text, or if no month has such a day: "2024-02-31"."""
    if not text:
        return None
    is_numeric = _NUMERIC_DATE.fullmatch(text) is not None
    return _parse(text) or (None if is_numeric else text)


def _parse(text: str) -> str | None:
    """Return a full date as ISO 8601, or None."""
    if len(text) > LONGEST_LINE:
        return None
    day_first = bool(_WITH_DOTS.match(text))
    try:
        # dateutil takes missing parts from a default date: if parts are missing, two defaults give two dates.
        first, second = (
            dateutil.parse(text, default=datetime(y, m, d), ignoretz=True, dayfirst=day_first)
            for y, m, d in ((2000, 1, 1), (2004, 2, 2))
        )
    except (ValueError, OverflowError):
        day = _parse_foreign(text, full=True)
        return day.date().isoformat() if day else None
    return first.date().isoformat() if first.date() == second.date() else None


def begins_with_date(line: str) -> bool:
    """Return whether a line begins with a full date that can be read, or is a date of any form: "4 May"."""
    full_date = _FULL_DATE.match(line)
    is_full = full_date is not None and _parse(full_date[0]) is not None
    return is_full or is_date(line)


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """Return True for a date and nothing else: "October 5, 2012 at 9:12 am", "3 hours ago", "vor 3 Stunden"."""
    text = text.strip(" :()（）")
    if len(text) > _LONGEST_DATE:
        return False
    if _AGO.match(text):
        return True
    if not any(map(str.isdecimal, text)):
        return False
    return _is_english(text) or _parse_foreign(text, full=False) is not None


def _is_english(text: str) -> bool:
    if not _DATED.search(text):
        return False
    try:
        dateutil.parse(text, ignoretz=True)
    except (ValueError, OverflowError):
        return False
    return True


@lru_cache(maxsize=4096)
def _parse_foreign(text: str, *, full: bool) -> datetime | None:
    """Return a text in another language as a date, or None; with `full` it must have a day, month and year."""
    if len(text) > _LONGEST_DATE or not _FOREIGN.search(text):
        return None
    moment: datetime | None = _load_parser(full=full).get_date_data(text).date_obj
    return moment


@cache
def _load_parser(*, full: bool) -> "DateDataParser":
    from dateparser.date import DateDataParser  # takes 0.1 s

    settings: dict[str, Any] = {"REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]} if full else {}
    return DateDataParser(languages=list(LANGUAGES), settings=settings)
