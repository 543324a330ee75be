"""Finds the place in a document that a question names: a page, a slide, or a numbered part."""

import re
from collections.abc import Callable

from rag.answer.signs import PART_NAME
from rag.answer.understand.query import Query
from rag.documents.blocks import HEADING_SEPARATOR
from rag.types import Chunk

# A line that begins with the number of a part: "4.2 Fees", "## Section 4", "4)", "v4.2.0", "[4.2.0] - 9 May".
NUMBERED = re.compile(
    rf"^[ \t#*>-]*(?:(?:{PART_NAME}|version|release|v)\s?)?\[?"
    r"(?P<words>(?P<number>\d+(?:\.\d+)*)(?:[\].):]|(?=\s|$)).*)",
    re.IGNORECASE | re.MULTILINE,
)


def find_place(question: Query) -> Callable[[Chunk], bool] | None:
    """Return the test of whether a chunk is in the place that a question names, if it names one."""
    page, part = question.page_number, question.part_number
    if page is not None:
        return lambda chunk: chunk.page == page
    return _make_part_test(part) if part else None


def _make_part_test(number: str) -> Callable[[Chunk], bool]:
    """Return the test of whether a chunk is below the heading with a number, or has a line that begins with it.

    "4.2" is in part 4, and "4.21" is not in part 4.2.
    """

    def is_in_part(chunk: Chunk) -> bool:
        headings = (chunk.heading or "").replace(HEADING_SEPARATOR, "\n")
        lines = NUMBERED.finditer(f"{headings}\n{chunk.text}")
        return any(f"{line['number']}.".startswith(f"{number}.") for line in lines)

    return is_in_part
