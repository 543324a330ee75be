"""Narrows hits to the documents that a question names, by the number of a thing or by a day."""

import re
from pathlib import PurePath

from rag.documents.dates import ENGLISH_DAY
from rag.text import LIMITS, MONTH_NAMES, MONTHS, NO_LABEL
from rag.types import Chunk, Hit

# The number or code of one thing of many: "invoice 8841", "ticket #1042", "PO-55-12". A year names no thing, and a
# round number is a quantity: "in 2019", "spend 100 billion", "more than 365", "May 128".
_NUMBER = r"(?!(?:1[5-9]|20)\d\d(?![-/]\d{3}))(?!\d*[05]0\b)\d{3,}(?:[-/]\d+)*"
_NUMBERED = re.compile(
    rf"\b(?!(?i:{NO_LABEL}|{MONTHS})\b)[^\W\d_]{{3,}}:? #?(?P<number>{_NUMBER})\b(?![.,]\d|%)"
    r"|(?<![\w-])(?P<code>(?=(?:[\w-]*\d){3})[A-Z]{1,5}[-/]?\d+(?:[-/]\d+)*)(?![\w-])"
)
# "Before 5 March", "from 5 March", "4 & 6 March" and "the 4th to the 6th of March" are not of one day.
_PERIOD = re.compile(rf"\b(?:{LIMITS}|from)\b|\d(?:st|nd|rd|th)? ?(?:and|to|or|[-–&]) ?(?:the )?\d", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")


def keep_numbered(found: tuple[Hit, ...], question: str) -> tuple[Hit, ...]:
    """Return the hits of the documents that have a number or code of the question, such as "8841"; all if none has.

    Other documents of the same form, such as invoices, are about other things.
    """
    names = {match["number"] or match["code"] for match in _NUMBERED.finditer(question)}
    if not names:
        return found
    any_name = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, names))})(?![^\W_])")
    named = {
        hit.chunk.document_id
        for hit in found
        if any_name.search(f"{hit.chunk.text} {hit.chunk.title} {PurePath(hit.chunk.source).name}")
    }
    return tuple(hit for hit in found if hit.chunk.document_id in named) or found


def keep_of_day(found: tuple[Hit, ...], question: str) -> tuple[Hit, ...]:
    """Drop the documents of a series that are of another day than the question names, if one is of that day.

    The minutes of meetings are a series: documents whose titles differ in numbers alone.
    """
    day = _find_day(question)
    if day is None:
        return found
    articles = [hit.chunk for hit in found if hit.chunk.voice == "article"]
    of_day = [chunk for chunk in articles if day.fullmatch(chunk.date or "")]
    kept = {chunk.document_id for chunk in of_day}
    series = {_name_series(chunk) for chunk in of_day} - {""}
    return tuple(hit for hit in found if hit.chunk.document_id in kept or _name_series(hit.chunk) not in series)


def _find_day(question: str) -> re.Pattern[str] | None:
    """Return the pattern, in ISO 8601, of the only day or month that a question names.

    "May" alone may be a verb.
    """
    dates = list(ENGLISH_DAY.finditer(question))
    if len(dates) != 1 or _PERIOD.search(question):
        return None
    date = dates[0]
    if not any(date.group("before", "during", "after", "year")):
        return None
    month = 1 + MONTH_NAMES.index(date["month"].lower())
    number = date["before"] or date["after"]
    day = number.zfill(2) if number else ".."
    return re.compile(f"{date['year'] or '....'}-{month:02}-{day}")


def _name_series(chunk: Chunk) -> str:
    """Return the title of a chunk without its numbers."""
    return _DIGITS.sub("", chunk.title)
