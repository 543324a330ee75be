"""Finds the headings of a PDF file without bookmarks, by the size and the weight of their letters."""

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.headings import END_MARKS, NUMBERED
from rag.documents.languages import PAGE_WORDS
from rag.documents.sequences import merge_runs

# A heading's letters are at least 1.08 times as large as the text's, or 1.3 times as heavy.
_LARGER = 1.08
_HEAVIER = 1.3
_MOST_WORDS = 15
# A heading has at most this many lines; they are apart by at most this multiple of the size of their letters.
TALLEST_HEADING = 3
_PITCH = 1.7
# If more of the lines look like headings, the file is a form, a poster or a set of slides.
_MOST_OF_LINES = 0.34
# A line with the number of the page alone: "Page 1", "1 of 3", "Seite 2/3".
_NUMBER_OF_PAGES = r"\d{1,3}(?:\s*(?:/|[^\W\d]{1,3})\s*\d{1,3})?"
_PAGE_NUMBER = re.compile(rf"\W*(?:{PAGE_WORDS})?\s*{_NUMBER_OF_PAGES}\s*(?:{PAGE_WORDS})?\W*", re.IGNORECASE)


class _Style(NamedTuple):
    """The look of a line: the size of its letters in half points, and their weight."""

    size: float
    weight: int


def mark_printed_headings(lines: Sequence[Line]) -> tuple[list[Line], str | None]:
    """Return the lines with those that look like headings marked, and the title at the top of the file, or None.

    A heading of several lines becomes one line. The levels are in the order of the sizes. If a line is a heading
    already, or too many look like one, nothing changes. The title is text: it is above the whole file.
    """
    marked_lines = _mark(lines)
    marked_count = sum(line.level for line in marked_lines)
    has_bookmarks = any(line.level for line in lines)
    if has_bookmarks or marked_count > _MOST_OF_LINES * len(lines):
        return list(lines), None
    merged_lines = merge_runs(marked_lines, _continues, _join)
    headings = [line for line in merged_lines if line.level]
    title = _find_title(lines[0], headings)
    # The title has no other heading's style, so it gets no level.
    styles = {_get_style(line) for line in headings if line is not title}
    return _set_levels(merged_lines, styles), title.text if title else None


def _mark(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with level 1 for those that look like headings, and 0 for the others."""
    body = _find_body(lines)
    marked_lines = []
    for line in lines:
        is_heading = _differs(line, body) and _may_be_heading(line)
        marked_lines.append(replace(line, level=int(is_heading)))
    return marked_lines


def _set_levels(lines: Sequence[Line], styles: Set[_Style]) -> list[Line]:
    """Return the lines with the levels of headings by their style, the largest first; other styles have none."""
    levels = {style: level for level, style in enumerate(sorted(styles, reverse=True), 1)}
    leveled_lines = []
    for line in lines:
        level = levels.get(_get_style(line), 0) if line.level else 0
        leveled_lines.append(replace(line, level=level))
    return leveled_lines


def _get_style(line: Line) -> _Style:
    return _Style(round(2 * line.size) / 2, line.weight)


def _find_body(lines: Sequence[Line]) -> _Style:
    """Return the style of most characters."""
    lengths = Counter[_Style]()
    for line in lines:
        lengths[_get_style(line)] += len(line.text)
    return lengths.most_common(1)[0][0]


def _differs(line: Line, body: _Style) -> bool:
    """Return whether a line is in larger or heavier letters than the text."""
    is_large = line.size >= _LARGER * body.size
    is_small = line.size <= body.size / _LARGER
    is_heavy = line.weight >= _HEAVIER * body.weight
    return is_large or (is_heavy and not is_small)


def _may_be_heading(line: Line) -> bool:
    """Return whether a line is short, has words, and is not a sentence, a row, a line of contents or a page number."""
    is_short = len(line.text.split()) <= _MOST_WORDS
    has_words = any(map(str.isalpha, line.text))
    is_sentence = line.text.endswith(END_MARKS)
    is_row = line.pieces > 1
    is_of_contents = "…" in line.text  # the dots before a page's number
    is_page_number = _PAGE_NUMBER.fullmatch(line.text) is not None
    is_other = any((is_sentence, is_row, is_of_contents, is_page_number, line.is_aside))
    return is_short and has_words and not is_other


def _continues(heading: Line, line: Line) -> bool:
    """Return whether a line continues a heading: in the same style, right below it, and without a number."""
    if not heading.level or heading.pieces == TALLEST_HEADING or NUMBERED.match(line.text):
        return False
    is_below = heading.page == line.page and 0 < heading.y - line.y <= _PITCH * heading.size
    return is_below and (line.level, *_get_style(line)) == (heading.level, *_get_style(heading))


def _join(heading: Line, line: Line) -> Line:
    """Return a heading with its next line."""
    return replace(heading, text=f"{heading.text} {line.text}", y=line.y, pieces=heading.pieces + 1)


def _find_title(top: Line, headings: Sequence[Line]) -> Line | None:
    """Return the heading that begins with the first line of the file if no other one is as large, else None."""
    if not headings or not headings[0].text.startswith(top.text):
        return None
    first, *others = headings
    largest_size = max((_get_style(line).size for line in others), default=0.0)
    return first if _get_style(first).size > largest_size else None
