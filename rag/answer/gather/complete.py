"""Completes quotes where an answer needs several: with the whole list, the section, or the sentences beside them."""

from collections.abc import Sequence
from functools import cache

from rag.answer.gather.blocks import find_block, quote_range
from rag.answer.gather.select import select_sentences
from rag.answer.gather.summary import summarize_nearest
from rag.answer.quote.cite import Quotes, Span, cite_spans
from rag.answer.understand.kinds import Kind
from rag.answer.understand.query import Query
from rag.index.index import Index
from rag.index.store import Store
from rag.types import Chunk, Hit

# An answer of fewer words is a heading, or the beginning of an answer.
_SHORT_WORDS = 7
# Passages with no more characters between them than this are beside each other.
_GAP_CHARACTERS = 10


def complete_quotes(quotes: Quotes, question: Query, index: Index) -> Quotes:
    """Return quotes with the sentences beside them in their documents, if the question's kind wants more than one.

    If no single passage gives a summary, it is made of sentences of the nearest document, if that is about the topic.
    Quotes about a numbered part get no sentences beside them: these may be of another part.
    """
    kind = question.kind
    if question.part_number is not None:
        return quotes
    if quotes.outcome == "not_found" and kind.is_pieced:
        with index.browse() as store:
            return summarize_nearest(question, quotes.hits, store) or quotes
    if quotes.outcome != "answered" or not kind.wants_several:
        return quotes
    with index.browse() as store:
        completed = _add_blocks(quotes, store)
    if completed is quotes and _is_too_little(quotes, kind):
        beside = select_sentences(quotes.hits, among=_find_beside(quotes))
        return _add_spans(quotes, beside, quotes.hits)
    return completed


def _is_too_little(quotes: Quotes, kind: Kind) -> bool:
    """Return whether the quotes are hardly more than a heading, or one sentence where their kind wants several."""
    words = sum(len(sentence.text.split()) for sentence in quotes.sentences)
    is_one = len(quotes.sentences) == 1
    return words < _SHORT_WORDS or (is_one and kind.is_open)


def _add_blocks(quotes: Quotes, store: Store) -> Quotes:
    """Return quotes with the whole lists and sections that they are from; the same quotes without any."""
    hits, spans = quotes.hits, list[Span]()
    articles = [citation for citation in quotes.citations if citation.voice == "article"]
    get_text = cache(store.get_text)  # several citations may be of one document
    for citation in articles:
        block = find_block(get_text(citation.document_id), citation.start)
        if block:
            score = hits[citation.number - 1].score
            quoted = quote_range(citation.document_id, block, hits, store, score=score)
            hits = quoted.hits
            spans += quoted.spans
    return _add_spans(quotes, spans, hits) if spans else quotes


def _add_spans(quotes: Quotes, spans: Sequence[Span], hits: tuple[Hit, ...]) -> Quotes:
    """Return quotes with more spans, in the order of their documents."""
    own = [Span(citation.number, citation.start, citation.end) for citation in quotes.citations]
    document_ids = [hit.chunk.document_id for hit in hits]

    def get_place(span: Span) -> tuple[int, int]:
        document_id = document_ids[span.number - 1]
        return document_ids.index(document_id), span.start

    ordered = sorted({*own, *spans}, key=get_place)
    return cite_spans(ordered, hits)


def _find_beside(quotes: Quotes) -> list[Hit]:
    """Return the hits that are cited, and those that touch them."""
    cited = quotes.cited_chunks
    return [hit for hit in quotes.hits if any(_touch(hit.chunk, chunk) for chunk in cited)]


def _touch(one: Chunk, other: Chunk) -> bool:
    """Return whether two chunks of one document are beside each other, or overlap."""
    gap = max(one.start, other.start) - min(one.end, other.end)
    return one.document_id == other.document_id and gap <= _GAP_CHARACTERS
