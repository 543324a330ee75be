"""Cleans the properties of a file, because programs fill in titles, authors and dates that mean nothing."""

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
# An earlier date comes from a template or a wrong clock.
_EARLIEST_YEAR = 1985
# The dates of python-docx's and python-pptx's templates: every file made with these libraries has one.
_TEMPLATE_DATES = frozenset((date(2013, 12, 23), date(2013, 1, 27)))
# Shorter titles and names are initials or numbers; longer ones are text.
_SHORTEST_TITLE, _SHORTEST_NAME = 3, 2
_LONGEST = 300


def clean_title(text: str | None, path: Path) -> str | None:
    """Return a title; None for a program's default title and for the name of the file."""
    title = _clean(text, _NO_TITLE, shortest=_SHORTEST_TITLE)
    is_file_name = title is not None and title.casefold() == path.stem.casefold()
    return None if is_file_name else title


def clean_author(text: str | None) -> str | None:
    """Return an author; None for the name of a program or an account."""
    return _clean(text, _NO_AUTHOR, shortest=_SHORTEST_NAME)


def _clean(text: str | None, meaningless: re.Pattern[str], *, shortest: int) -> str | None:
    words = " ".join((text or "").split())
    has_letters = any(map(str.isalpha, words))
    is_readable = has_letters and words.isprintable() and shortest <= len(words) <= _LONGEST
    return words if is_readable and not meaningless.fullmatch(words) else None


def clean_date(when: str | datetime | date | None) -> str | None:
    """Return a date, or the date in a PDF's "D:20121004…", as ISO 8601; None if it cannot be right."""
    if isinstance(when, str):
        when = _read_pdf_date(when)
    day = when.date() if isinstance(when, datetime) else when
    if day is None or day.year < _EARLIEST_YEAR or day in _TEMPLATE_DATES:
        return None
    return day.isoformat()


def _read_pdf_date(text: str) -> date | None:
    digits = _PDF_DATE.match(text)
    try:
        return date(*map(int, digits.groups())) if digits else None
    except ValueError:
        return None
