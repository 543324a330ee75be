"""Finds the place in a document that a question names: a page, a slide, or a numbered part."""

import re
from collections.abc import Callable

from rag.answer.signs import AFTER_PART_NUMBER, BEFORE_PART_NUMBER
from rag.answer.understand.query import Query
from rag.documents.blocks import HEADING_SEPARATOR
from rag.types import Chunk


def find_place(question: Query) -> Callable[[Chunk], bool] | None:
    """Return the test of whether a chunk is in the place that a question names; None if it names none."""
    page, part = question.page_number, question.part_number
    if page is not None:
        return lambda chunk: chunk.page == page
    return _make_part_test(part) if part else None


def _make_part_test(number: str) -> Callable[[Chunk], bool]:
    """Return the test of whether a chunk is below the heading with a number, or has a line that begins with it.

    "4.2" is in part 4, and "4.21" is not in part 4.2.
    """
    numbered = rf"{BEFORE_PART_NUMBER}{re.escape(number)}(?:\.\d+)*{AFTER_PART_NUMBER}"
    line = re.compile(numbered, re.IGNORECASE | re.MULTILINE)

    def is_in_part(chunk: Chunk) -> bool:
        headings = (chunk.heading or "").replace(HEADING_SEPARATOR, "\n")
        return line.search(headings) is not None or line.search(chunk.text) is not None

    return is_in_part
