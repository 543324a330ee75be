"""Narrows hits to the documents that a question names, by the number of a thing or by a day."""

import re
from pathlib import PurePath

from rag.text import DAY, LIMITS, MONTH_NAMES, MONTHS, NO_LABEL
from rag.types import Chunk, Hit

# The number or code of one thing of many: "invoice 8841", "ticket #1042", "PO-55-12". A year names no thing, and a
# round number is a quantity: "in 2019", "spend 100 billion", "more than 365", "May 128".
_NUMBER = r"(?!(?:1[5-9]|20)\d\d(?![-/]\d{3}))(?!\d*[05]0\b)\d{3,}(?:[-/]\d+)*"
_NUMBERED = re.compile(
    rf"\b(?!(?i:{NO_LABEL}|{MONTHS})\b)[^\W\d_]{{3,}}:? #?(?P<number>{_NUMBER})\b(?![.,]\d|%)"
    r"|(?<![\w-])(?P<code>(?=(?:[\w-]*\d){3})[A-Z]{1,5}[-/]?\d+(?:[-/]\d+)*)(?![\w-])"
)
# "Before 5 March" and "from 4 to 6 March" are not of one day.
_PERIOD = re.compile(rf"\b(?:{LIMITS}|from|and|to|or) {DAY}", re.IGNORECASE)
_DAY = re.compile(DAY, re.IGNORECASE)
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
    """Return the hits; if a document of a series is of the question's day, drop the rest of the series.

    The minutes of meetings are a series: documents whose titles differ in numbers alone.
    """
    asked = _find_day(question)
    if asked is None:
        return found
    articles = [hit.chunk for hit in found if hit.chunk.voice == "article"]
    of_day = {chunk.document_id for chunk in articles if (chunk.date or "").endswith(asked)}
    series = {_name_series(chunk) for chunk in articles if chunk.document_id in of_day} - {""}
    others = {chunk.document_id for chunk in articles if _name_series(chunk) in series} - of_day
    return tuple(hit for hit in found if hit.chunk.document_id not in others)


def _find_day(question: str) -> str | None:
    """Return the end in ISO 8601 of the day that a question names ("-03-04"); None unless it names just one."""
    days = {_spell_day(match) for match in _DAY.finditer(question)}
    return days.pop() if len(days) == 1 and not _PERIOD.search(question) else None


def _spell_day(match: re.Match[str]) -> str:
    month = match["month"] or match["month_first"]
    day = match["day"] or match["day_last"]
    return f"-{1 + MONTH_NAMES.index(month.lower()):02}-{int(day):02}"


def _name_series(chunk: Chunk) -> str:
    """Return the title of a chunk without its numbers."""
    return _DIGITS.sub("", chunk.title)
