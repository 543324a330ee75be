"""Quotes a page of a document, or a slide ("What is on page 3?"), found by its number, not its words."""

from rag.answer.gather.blocks import list_article
from rag.answer.gather.parts import quote_part
from rag.answer.gather.request import Gathered, Request
from rag.answer.understand.kinds import SUMMARY
from rag.answer.understand.query import Query
from rag.index.index import Index
from rag.text import content_words
from rag.types import Hit

# A question with no other words asks for a page as a whole.
_NO_TOPIC = content_words("What is there on the page or slide of this document, and what stands in the file? Show it.")


def find_page(request: Request) -> Gathered | None:
    """Return the page that a question asks for as a whole, from the nearest document with such a page; or None."""
    number = request.question.page_number
    if number is None or not _asks_for_all(request.question, number):
        return None
    for hit in request.hits:
        if hit.chunk.page == number:
            return _quote_page(number, hit, request.index)
    return None


def _quote_page(number: int, hit: Hit, index: Index) -> Gathered | None:
    """Return the sentences on a page of a hit's document; None if no article is there."""
    with index.browse() as store:
        chunks = list_article(hit.chunk.document_id, store)
    inside = [chunk for chunk in chunks if chunk.page == number]
    if not inside:
        return None
    span = inside[0].start, inside[-1].end
    return Gathered(quote_part(chunks, span, score=hit.score))


def _asks_for_all(question: Query, number: int) -> bool:
    """Return whether a question names no topic besides the page."""
    topic = question.words - _NO_TOPIC - {str(number)}
    return question.kind is SUMMARY or not topic
