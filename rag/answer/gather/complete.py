"""Completes quotes where an answer needs several: with the whole list, or with the sentences beside them."""

from collections.abc import Sequence
from functools import cache

from rag.answer.gather.blocks import find_block, list_article, quote_span
from rag.answer.gather.select import select_sentences
from rag.answer.gather.summary import summarize_nearest
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.understand.kinds import Kind
from rag.answer.understand.query import Query
from rag.index.index import Index
from rag.index.store import Store
from rag.rows import is_row
from rag.text import list_sentences
from rag.types import Chunk, Hit

# An answer of fewer words is a heading, or the beginning of an answer.
_SHORT_WORDS = 7
# Passages with no more characters between them than this are beside each other.
_GAP_CHARACTERS = 10


def complete_quotes(quotes: Quotes, question: Query, index: Index) -> Quotes:
    """Return quotes with the sentences beside them in their documents, if the question's kind wants more than one.

    Quotes about a numbered part get no sentences beside them: these may be of another part. A question gets its answer.
    """
    if question.part_number is not None:
        return quotes
    if quotes.outcome == "not_found":
        return _piece_together(quotes, question, index)
    if quotes.outcome != "answered":
        return quotes
    if quotes.citations[-1].quote.rstrip().endswith("?"):
        return _add_following(quotes, index)
    if question.kind.wants_several:
        return _add_beside(quotes, question.kind, index)
    return quotes


def _piece_together(quotes: Quotes, question: Query, index: Index) -> Quotes:
    """Return a summary of the nearest document if the question's kind allows it and that is about the topic."""
    if not question.kind.is_pieced:
        return quotes
    with index.browse() as store:
        return summarize_nearest(question, quotes.hits, store) or quotes


def _add_beside(quotes: Quotes, kind: Kind, index: Index) -> Quotes:
    """Return quotes with their whole lists, or else with the sentences beside them if they say too little."""
    with index.browse() as store:
        completed = _add_blocks(quotes, store)
    if completed is quotes and _is_too_little(quotes, kind):
        beside = select_sentences(quotes.hits, among=_find_beside(quotes))
        return _add_spans(quotes, beside, quotes.hits)
    return completed


def _add_following(quotes: Quotes, index: Index) -> Quotes:
    """Return quotes that end with a question, with the sentence after it: it may answer the question."""
    asked = quotes.citations[-1]
    with index.browse() as store:
        chunks = list_article(asked.document_id, store)
    for chunk in chunks:
        for _, span in list_sentences(chunk):
            if span[0] >= asked.end:
                quoted = quote_span(chunks, span, quotes.hits, score=quotes.hits[asked.number - 1].score)
                return _add_spans(quotes, quoted.spans, quoted.hits)
    return quotes


def _is_too_little(quotes: Quotes, kind: Kind) -> bool:
    """Return whether the quotes are hardly more than a heading, or one sentence where their kind wants several.

    A row of a table says all that there is to say.
    """
    if any(is_row(sentence.text) for sentence in quotes.sentences):
        return False
    words = sum(len(sentence.text.split()) for sentence in quotes.sentences)
    if words < _SHORT_WORDS:
        return True
    return kind.is_open and len(quotes.sentences) == 1


def _add_blocks(quotes: Quotes, store: Store) -> Quotes:
    """Return quotes with the whole lists that they are from; the same quotes if they are from none."""
    hits, spans = quotes.hits, list[HitSpan]()
    articles = [citation for citation in quotes.citations if citation.voice == "article"]
    # Several citations may be of one document.
    get_text = cache(store.get_text)
    get_chunks = cache(lambda document_id: list_article(document_id, store))
    for citation in articles:
        chunks = get_chunks(citation.document_id)
        block = find_block(get_text(citation.document_id), chunks, citation.start)
        if block:
            quoted = quote_span(chunks, block, hits, score=hits[citation.number - 1].score)
            hits = quoted.hits
            spans += quoted.spans
    return _add_spans(quotes, spans, hits) if spans else quotes


def _add_spans(quotes: Quotes, spans: Sequence[HitSpan], hits: tuple[Hit, ...]) -> Quotes:
    """Return quotes with more spans, in the order of their documents."""
    own = [HitSpan(citation.number, citation.start, citation.end) for citation in quotes.citations]
    document_ids = [hit.chunk.document_id for hit in hits]

    def get_position(span: HitSpan) -> tuple[int, int]:
        document_id = document_ids[span.number - 1]
        return document_ids.index(document_id), span.start

    ordered = sorted({*own, *spans}, key=get_position)
    return cite_spans(ordered, hits)


def _find_beside(quotes: Quotes) -> list[Hit]:
    """Return the cited hits, and the hits that touch them."""
    cited = quotes.cited_chunks
    return [hit for hit in quotes.hits if any(_touch(hit.chunk, chunk) for chunk in cited)]


def _touch(one: Chunk, other: Chunk) -> bool:
    """Return whether two chunks of one document are beside each other, or overlap."""
    gap = max(one.start, other.start) - min(one.end, other.end)
    return one.document_id == other.document_id and gap <= _GAP_CHARACTERS
