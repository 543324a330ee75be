"""Quotes a page of a document, or a slide ("What is on page 3?"), found by its number, not its words."""

from collections.abc import Sequence

from rag.answer.gather.blocks import list_article
from rag.answer.gather.parts import quote_part
from rag.answer.quote.cite import Quotes
from rag.answer.understand.kinds import SUMMARY
from rag.answer.understand.query import Query
from rag.index.index import Index
from rag.text import content_words
from rag.types import Hit

# A question with no other words asks for a page as a whole.
_NO_TOPIC = content_words("What is there on the page or slide of this document, and what stands in the file? Show it.")


def find_page(question: Query, hits: Sequence[Hit], index: Index) -> Quotes | None:
    """Return the page that a question asks for as a whole, from the nearest document with such a page; or None."""
    number = question.page_number
    on_page = [hit for hit in hits if hit.chunk.page == number]
    if number is None or not on_page or not _asks_for_all(question, number):
        return None
    nearest = on_page[0]
    with index.browse() as store:
        chunks = list_article(nearest.chunk.document_id, store)
    inside = [chunk for chunk in chunks if chunk.page == number]
    return quote_part(chunks, (inside[0].start, inside[-1].end), score=nearest.score) if inside else None


def _asks_for_all(question: Query, number: int) -> bool:
    """Return whether a question names no topic besides the page."""
    topic = question.words - _NO_TOPIC - {str(number)}
    return question.kind is SUMMARY or not topic
