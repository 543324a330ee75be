"""Cleans the properties of a file, because programs fill in titles, authors and dates that mean nothing."""

import re
from datetime import date
from pathlib import Path

from rag.documents.blocks import Extract, pick_first

# Shorter titles and names are initials or numbers; longer ones are text.
_NO_TITLE = re.compile(
    r".{,2}|.{301,}"
    r"|\W*(?:(?:untitled|unbenannt|sans titre)\b.*|(?:microsoft )?(?:word|powerpoint|excel)(?: - .*)?|anonymous"
    r"|(?:word |powerpoint )?(?:document|dokument|presentation|pr[äé]sentation|slide|layout|title|titel)\s*\d*"
    r"|none|null|temp|test|.*\.\w{2,4}|\S*[\\/_]\S*)\W*",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r".?|.{301,}"
    r"|\W*(?:anonymous|unknown|author|users?\s*\d*|admin(?:istrator)?|owner|root|guest|default|none|null"
    r"|(?:microsoft|windows|libreoffice|openoffice|apache|python)\b.*|openpyxl|steve canny|hp|dell|lenovo|acer)\W*",
    re.IGNORECASE,
)
# "D:20121004093000Z" in a PDF file, "2012-10-04 09:30:00" in others.
_DATE = re.compile(r"(?:D:)?(\d{4})-?(\d\d)-?(\d\d)")
# An earlier date comes from a template or a wrong clock.
_EARLIEST = date(1985, 1, 1)
# The dates of python-docx's and python-pptx's templates: every file made with these libraries has one.
_TEMPLATE_DATES = frozenset((date(2013, 12, 23), date(2013, 1, 27)))


def clean_properties(path: Path, title: str | None, author: str | None, *dates: str | None) -> Extract:
    """Return a file's title and author and the first date that can be right, without blocks."""
    date = pick_first(map(clean_date, dates), None)
    return Extract((), title=clean_title(title, path), author=clean_author(author), date=date)


def clean_title(text: str | None, path: Path) -> str | None:
    """Return a title; None for a program's default title and for the name of the file."""
    title = _clean(text, _NO_TITLE)
    return title if title and title.casefold() != path.stem.casefold() else None


def clean_author(text: str | None) -> str | None:
    """Return an author; None for the name of a program or an account."""
    return _clean(text, _NO_AUTHOR)


def _clean(text: str | None, meaningless: re.Pattern[str]) -> str | None:
    words = " ".join((text or "").split())
    has_letters = any(map(str.isalpha, words))
    is_meaningless = any((not has_letters, not words.isprintable(), meaningless.fullmatch(words)))
    return None if is_meaningless else words


def clean_date(when: str | date | None) -> str | None:
    """Return a date, or the date in a PDF's "D:20121004…", as ISO 8601; None if it cannot be right."""
    digits = _DATE.match(str(when))
    if digits is None:
        return None
    year, month, day = map(int, digits.groups())
    try:
        moment = date(year, month, day)
    except ValueError:
        return None
    is_right = moment >= _EARLIEST and moment not in _TEMPLATE_DATES
    return moment.isoformat() if is_right else None
