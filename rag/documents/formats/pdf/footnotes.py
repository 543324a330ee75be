"""Finds the notes at the foot of pages, and takes their marks out of the text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from statistics import median

from rag.documents.formats.numerals import RAISED_DIGITS
from rag.documents.formats.pdf.paragraphs import Line

# The letters of notes are smaller than this multiple of the text's.
_SMALLER = 0.95
# A raised digit after one of these is a power: "80 m²", "30 km²", "4 in²", "(a + b)²", "s⁻¹".
_POWERS = (
    r"(?<![^\W\d_])(?<!['’])(?:[^\W\d_]|[cdkmnµ]m|[дкмс]м|ft|yd)",
    r"(?<=\d )(?:in|mi)",
    r"\((?=[^()]*[^\W\d_])(?:\b[^\W\d_]\b|[^()\w]|\d){1,80}\)",
    r"[⁻⁺]",
)
_MARK = re.compile(rf"(?P<power>{'|'.join(_POWERS)})?(?P<mark>[{RAISED_DIGITS}]+)")
_NOTE = re.compile(rf"(?P<number>\d{{1,3}}|[{RAISED_DIGITS}]{{1,3}})[.)]?\s*[^\s\d]")
_DIGITS = str.maketrans(RAISED_DIGITS, "0123456789")


def set_notes_aside(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page; its notes are aside, and the text has no marks of them."""
    text = [line for line in lines if not line.is_aside]
    all_words = "\n".join(line.text for line in text)
    marks = {mark["mark"].translate(_DIGITS) for mark in _MARK.finditer(all_words)}
    if not marks:
        return list(lines)
    notes = _find_notes(text, marks)
    numbers = marks.intersection(map(_read_number, notes))
    result = []
    for line in lines:
        if line in notes:
            result.append(replace(line, is_aside=True))
        else:
            result.append(replace(line, text=_drop_marks(line.text, numbers)))
    return result


def _find_notes(lines: Sequence[Line], marks: set[str]) -> list[Line]:
    """Return the lines in small letters at the foot of a page; the first of them begins with a mark."""
    # A long line counts more than a short one.
    usual_size = median(chain.from_iterable([line.size] * len(line.text.split()) for line in lines))
    notes: list[Line] = []
    count = 0
    for line in sorted(lines, key=lambda line: line.y):
        if line.size >= _SMALLER * usual_size:
            break
        notes.append(line)
        if _read_number(line) in marks:
            count = len(notes)
    return notes[:count]


def _read_number(line: Line) -> str:
    """Return the number of the note that a line begins, or nothing."""
    match = _NOTE.match(line.text)
    return match["number"].translate(_DIGITS) if match else ""


def _drop_marks(text: str, numbers: set[str]) -> str:
    """Return a text without the marks of the notes with these numbers; powers and other raised digits stay."""

    def keep_other(mark: re.Match[str]) -> str:
        is_of_note = not mark["power"] and mark["mark"].translate(_DIGITS) in numbers
        return "" if is_of_note else mark[0]

    return _MARK.sub(keep_other, text)
