"""Finds the headings of a PDF file without bookmarks, by the size and the weight of their letters."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Line

# A heading's letters are at least 1.08 times as large as the text's, or 1.3 times as heavy.
_LARGER = 1.08
_HEAVIER = 1.3
_MOST_WORDS = 15
# A heading has at most this many lines; they are apart by at most this multiple of the size of their letters.
_MOST_LINES = 3
_PITCH = 1.7
# If more of the lines look like headings, the file is a form, a poster or a set of slides.
_MOST_OF_LINES = 0.34
_NUMBER = re.compile(r"(?:\w+ )?\d{1,2}(?:\.\d{1,2})*\.?\s")
_ENDS_TEXT = (".", ",", ";")


class _Style(NamedTuple):
    """The look of a line: the size of its letters in half points, and their weight."""

    size: float
    weight: int


class Marked(NamedTuple):
    """The lines of each page, some of them marked as headings, and the title at the top of the file, or None."""

    pages: list[list[Line]]
    title: str | None = None


def mark_printed_headings(pages: Sequence[Sequence[Line]]) -> Marked:
    """Return the pages with the lines that look like headings marked; a heading of several lines becomes one line.

    The levels are in the order of the sizes. If a line is a heading already, or too many look like one, nothing
    changes. The title is text: it is above the whole file.
    """
    lines = list(chain.from_iterable(pages))
    body = _find_body(lines)
    if _has_headings(lines) or _has_too_many(lines, body):
        return Marked([list(page) for page in pages])
    merged = [list(_merge_headings(page, body)) for page in pages]
    headings = [line for line in chain.from_iterable(merged) if _looks_like_heading(line, body)]
    title = _find_title(lines, headings)
    if title:
        headings.remove(title)
    return Marked(_set_levels(merged, headings), title.text if title else None)


def _has_headings(lines: Sequence[Line]) -> bool:
    return any(line.level for line in lines)


def _has_too_many(lines: Sequence[Line], body: _Style) -> bool:
    looks = [_looks_like_heading(line, body) for line in lines]
    return sum(looks) > _MOST_OF_LINES * len(lines)


def _set_levels(pages: Sequence[Sequence[Line]], headings: Sequence[Line]) -> list[list[Line]]:
    """Return the pages with the levels of their headings: those in the largest letters have the level 1."""
    styles = sorted(set(map(_get_style, headings)), reverse=True)
    levels = {id(line): 1 + styles.index(_get_style(line)) for line in headings}
    return [[replace(line, level=levels.get(id(line), 0)) for line in page] for page in pages]


def _get_style(line: Line) -> _Style:
    return _Style(round(2 * line.size) / 2, line.weight)


def _find_body(lines: Sequence[Line]) -> _Style:
    """Return the style of most characters."""
    lengths = Counter[_Style]()
    for line in lines:
        lengths[_get_style(line)] += len(line.text)
    return lengths.most_common(1)[0][0]


def _looks_like_heading(line: Line, body: _Style) -> bool:
    """Return whether a line is short, and in larger or heavier letters than the text; a row of cells is none."""
    is_large = line.size >= _LARGER * body.size
    is_heavy = line.weight >= _HEAVIER * body.weight and line.size > body.size / _LARGER
    is_row = line.pieces > 1 and not _NUMBER.match(line.text)
    is_short = len(line.text.split()) <= _MOST_WORDS and not line.text.endswith(_ENDS_TEXT)
    is_of_contents = "…" in line.text  # the dots before a page's number
    has_words = any(sign.isalpha() for sign in line.text)
    return (is_large or is_heavy) and is_short and has_words and not is_row and not is_of_contents


def _merge_headings(page: Sequence[Line], body: _Style) -> Iterator[Line]:
    """Yield the lines of a page; neighbouring lines of one heading are one line."""
    run: list[Line] = []
    for line in page:
        is_heading = _looks_like_heading(line, body)
        if run and not (is_heading and _goes_on(run, line)):
            yield _join(run)
            run = []
        if is_heading:
            run.append(line)
        else:
            yield line
    if run:
        yield _join(run)


def _goes_on(run: Sequence[Line], line: Line) -> bool:
    """Return whether a line continues a heading: in the same style, right below it, and without a number."""
    last = run[-1]
    is_below = 0 < last.y - line.y <= _PITCH * last.size
    is_alike = _get_style(line) == _get_style(last)
    return is_below and is_alike and len(run) < _MOST_LINES and not _NUMBER.match(line.text)


def _join(run: Sequence[Line]) -> Line:
    return replace(run[0], text=" ".join(line.text for line in run)) if len(run) > 1 else run[0]


def _find_title(lines: Sequence[Line], headings: Sequence[Line]) -> Line | None:
    """Return the heading at the top of the file if no other one is as large, else None."""
    if not headings or not headings[0].text.startswith(lines[0].text):
        return None
    others = [line.size for line in headings[1:]]
    return headings[0] if headings[0].size > max(others, default=0.0) else None
