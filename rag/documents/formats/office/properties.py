"""Tells what a file's properties say from what a program put there."""

import re
from datetime import date, datetime
from pathlib import Path

_NO_TITLE = re.compile(
    r"\W*(?:(?:untitled|unbenannt|sans titre)\b.*|(?:microsoft )?(?:word|powerpoint|excel)(?: - .*)?|anonymous"
    r"|(?:word |powerpoint )?(?:document|dokument|presentation|pr[äé]sentation|slide|layout|title|titel)\s*\d*"
    r"|none|null|temp|test|.*\.\w{2,4}|\S*[\\/_]\S*)\W*",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"\W*(?:anonymous|unknown|author|users?\s*\d*|admin(?:istrator)?|owner|root|guest|default|none|null"
    r"|(?:microsoft|windows|libreoffice|openoffice|apache|python)\b.*|openpyxl|steve canny|hp|dell|lenovo|acer)\W*",
    re.IGNORECASE,
)
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
# What was made before is the date of a template or of a clock that stood still.
_EARLIEST_YEAR = 1985
# The templates of python-docx and python-pptx, which every file made with them has.
_TEMPLATE_DATES = frozenset((date(2013, 12, 23), date(2013, 1, 27)))
_LONGEST = 300


def clean_title(text: str | None, path: Path) -> str | None:
    """Return a title, or None for what is none: a program's own words, the name of a file."""
    title = _clean(text)
    is_title = len(title) > 2 and not _NO_TITLE.fullmatch(title) and title.casefold() != path.stem.casefold()
    return title if is_title else None


def clean_author(text: str | None) -> str | None:
    """Return who wrote it, or None for the name of a program or an account."""
    author = _clean(text)
    return author if len(author) > 1 and not _NO_AUTHOR.fullmatch(author) else None


def clean_date(when: str | datetime | date | None) -> str | None:
    """Return a date, or the date in a PDF's "D:20121004…", as ISO 8601; None for one that cannot be right."""
    if isinstance(when, str):
        found = _PDF_DATE.match(when)
        try:
            when = date(int(found[1]), int(found[2]), int(found[3])) if found else None
        except ValueError:
            return None
    day = when.date() if isinstance(when, datetime) else when
    return day.isoformat() if day and day.year >= _EARLIEST_YEAR and day not in _TEMPLATE_DATES else None


def _clean(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= _LONGEST and words.isprintable() and any(map(str.isalpha, words)) else ""
