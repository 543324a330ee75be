"""Quotes a page of a document, or a slide ("What is on page 3?"), found by its number, not its words."""

from rag.answer.gather.blocks import list_article
from rag.answer.gather.parts import quote_part
from rag.answer.gather.request import Gathered, Request
from rag.answer.understand.kinds import SUMMARY
from rag.text import content_words

# A question with no other words asks for a page as a whole.
_NO_TOPIC = content_words("What is there on the page or slide of this document, and what stands in the file? Show it.")


def find_page(request: Request) -> Gathered | None:
    """Return the page that a question asks for as a whole, from the nearest document with such a page; or None."""
    number = request.question.page_number
    topic = request.question.words - _NO_TOPIC - {str(number)}
    is_whole = not topic or request.question.kind is SUMMARY
    if number is None or not is_whole:
        return None
    for hit in request.best_hits:
        with request.index.browse() as store:
            chunks = list_article(hit.chunk.document_id, store)
        inside = [chunk for chunk in chunks if chunk.page == number]
        if inside:
            return Gathered(quote_part(chunks, (inside[0].start, inside[-1].end), score=hit.score))
    return None
