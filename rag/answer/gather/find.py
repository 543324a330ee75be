"""Answers a question without an LLM, for example by a computed value, a section or a summary."""

from collections.abc import Callable

from rag.answer.gather.author import find_author
from rag.answer.gather.compare import compare_in_general
from rag.answer.gather.parts import find_page, find_part
from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.summary import find_summary
from rag.answer.gather.table import compute_over_table

# The first of these that finds something answers the question.
FINDERS: tuple[Callable[[Request], Gathered | None], ...] = (
    compute_over_table,
    find_part,
    find_page,
    find_summary,
    find_author,
    compare_in_general,
)


def gather(request: Request) -> Gathered | None:
    """Return what the first finder finds, if it can be quoted; otherwise the LLM has to answer."""
    for find in FINDERS:
        gathered = find(request)
        if gathered:
            return gathered if gathered.quotes.citations else None
    return None
