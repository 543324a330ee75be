"""Finds the notes at the foot of pages, and takes their marks out of the text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from rag.documents.formats.pdf.paragraphs import RAISED_DIGITS, Line

# The letters of notes are smaller than this multiple of the text's.
_SMALLER = 0.95
_MARK = re.compile(f"[{RAISED_DIGITS}]+")
_NOTE = re.compile(rf"(?:(\d{{1,3}})|([{RAISED_DIGITS}]{{1,3}}))[.)]?\s*[^\s\d]")
_DIGITS = str.maketrans(RAISED_DIGITS, "0123456789")


def set_notes_aside(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page; its notes are aside, and the text has no marks of them."""
    text = [line for line in lines if not line.is_aside]
    marks = {mark.translate(_DIGITS) for line in text for mark in _MARK.findall(line.text)}
    if not marks:
        return list(lines)
    notes = _find_notes(text, marks)
    numbers = {_read_number(line) for line in notes} & marks
    return [
        replace(line, is_aside=True) if line in notes else replace(line, text=_drop_marks(line.text, numbers))
        for line in lines
    ]


def _find_notes(lines: Sequence[Line], marks: set[str]) -> list[Line]:
    """Return the lines in small letters at the foot of a page, from the first that begins with a mark on."""
    size = median(line.size for line in lines for _ in line.text.split())
    notes: list[Line] = []
    start = 0
    for line in sorted(lines, key=lambda line: line.y):
        if line.size >= _SMALLER * size:
            break
        notes.append(line)
        if _read_number(line) in marks:
            start = len(notes)
    return notes[:start]


def _read_number(line: Line) -> str:
    """Return the number of the note that a line begins, or nothing."""
    match = _NOTE.match(line.text)
    return (match[1] or match[2]).translate(_DIGITS) if match else ""


def _drop_marks(text: str, numbers: set[str]) -> str:
    return _MARK.sub(lambda mark: "" if mark[0].translate(_DIGITS) in numbers else mark[0], text)
