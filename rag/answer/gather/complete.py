"""Completes an answer that needs several sentences: with the whole list, or with the sentences beside it."""

from collections.abc import Sequence
from functools import cache

from rag.answer.gather.blocks import find_block, list_article, quote_span
from rag.answer.gather.select import select_sentences
from rag.answer.gather.summary import summarize_nearest
from rag.answer.quote.cite import HitSpan, cite_spans, get_cited_chunks
from rag.answer.understand.kinds import Kind
from rag.answer.understand.query import Query
from rag.index.index import Index
from rag.index.store import Store
from rag.types import Answer, Chunk, Hit

# An answer of fewer words is a heading, or the beginning of an answer.
_SHORT_WORDS = 7
# Passages with no more characters between them than this are beside each other.
_GAP_CHARACTERS = 10


def complete_answer(answer: Answer, question: Query, index: Index) -> Answer:
    """Return an answer with the sentences beside it in its documents, if its kind wants more than one.

    If no single passage gives a summary, it is made of sentences of the nearest document, if that is about the topic.
    An answer about a numbered part gets no sentences beside it: these may be of another part.
    """
    kind = question.kind
    if question.part_number is not None:
        return answer
    if answer.outcome == "not_found" and kind.is_pieced:
        return _piece_together(answer, question, index)
    if answer.outcome != "answered" or not kind.wants_several:
        return answer
    with index.browse() as store:
        completed = _add_blocks(answer, store)
    if completed is answer and _is_too_little(answer, kind):
        beside = select_sentences(answer.hits, among=_find_beside(answer))
        return _add_spans(answer, beside, answer.hits)
    return completed


def _piece_together(answer: Answer, question: Query, index: Index) -> Answer:
    """Return the summary of the nearest document in place of a refusal, if the document is about the topic."""
    with index.browse() as store:
        part = summarize_nearest(question, answer.hits, store)
    return part.cited.put_into(answer, hits=part.hits, note=part.note) if part else answer


def _is_too_little(answer: Answer, kind: Kind) -> bool:
    """Return whether an answer is hardly more than a heading, or one sentence where its kind wants several."""
    words = sum(len(sentence.text.split()) for sentence in answer.sentences)
    if words < _SHORT_WORDS:
        return True
    return kind.is_open and len(answer.sentences) == 1


def _add_blocks(answer: Answer, store: Store) -> Answer:
    """Return an answer with the whole lists that it quotes from; the same answer if it quotes from none."""
    hits, spans = answer.hits, list[HitSpan]()
    articles = [citation for citation in answer.citations if citation.voice == "article"]
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
    return _add_spans(answer, spans, hits) if spans else answer


def _add_spans(answer: Answer, spans: Sequence[HitSpan], hits: tuple[Hit, ...]) -> Answer:
    """Return an answer with more spans, in the order of their documents."""
    own = [HitSpan(citation.number, citation.start, citation.end) for citation in answer.citations]
    document_ids = [hit.chunk.document_id for hit in hits]

    def get_position(span: HitSpan) -> tuple[int, int]:
        document_id = document_ids[span.number - 1]
        return document_ids.index(document_id), span.start

    ordered = sorted({*own, *spans}, key=get_position)
    return cite_spans(ordered, hits).put_into(answer, hits=hits)


def _find_beside(answer: Answer) -> list[Hit]:
    """Return the hits that an answer cites, and those that touch them."""
    cited = get_cited_chunks(answer)
    return [hit for hit in answer.hits if any(_touch(hit.chunk, chunk) for chunk in cited)]


def _touch(one: Chunk, other: Chunk) -> bool:
    """Return whether two chunks of one document are beside each other, or overlap."""
    gap = max(one.start, other.start) - min(one.end, other.end)
    return one.document_id == other.document_id and gap <= _GAP_CHARACTERS
