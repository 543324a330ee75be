"""Completes quotes where an answer needs several: with the whole list, or with the sentences beside them."""

from collections.abc import Sequence, Set
from functools import cache

from rag.answer.gather.blocks import covers, find_block, list_article, quote_span
from rag.answer.gather.select import select_sentences
from rag.answer.gather.summary import summarize_nearest
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.signs import TOTAL, compile_any
from rag.answer.understand.kinds import Kind
from rag.answer.understand.query import Query
from rag.documents.blocks import join_filled
from rag.index.index import Index
from rag.index.store import Store
from rag.rows import is_row

# "What is the total?", and the line of a bill that says it: "Total due: 5,688.20".
_TOTAL = compile_any(rf"\b(?:grand |net )?{TOTAL}\b")
# A line of a bill is a row, or has at most this many words.
_LINE_WORDS = 12
# An answer of fewer words is a heading, or the beginning of an answer.
_SHORT_WORDS = 7


def complete_quotes(quotes: Quotes, question: Query, index: Index) -> Quotes:
    """Return quotes with more sentences of their documents, if the question's kind wants more than one.

    Quotes about a numbered part get none: these may be of another part.
    """
    if question.part_number is not None:
        return quotes
    with index.browse() as store:
        if quotes.outcome == "not_found" and question.kind.is_pieced:
            return summarize_nearest(question, quotes.hits, store) or quotes
        return _complete(quotes, question, store) if quotes.outcome == "answered" else quotes


def _complete(quotes: Quotes, question: Query, store: Store) -> Quotes:
    """Return the quotes of an answer with those that belong to them."""
    if question.kind.wants_several:
        return _add_beside(quotes, question.kind, store)
    if _TOTAL.search(question.text):
        return _add_totals(quotes, store)
    return _add_blocks(quotes, store, topic=question.words) if question.is_phrase else quotes


def _add_totals(quotes: Quotes, store: Store) -> Quotes:
    """Return quotes of the lines of a bill with the totals below them, if no line has one."""
    for span in quotes.spans:
        has_total = _TOTAL.search(span.words) is not None
        if has_total or not _is_line(span):
            return quotes
    totals = _find_totals(quotes.spans[-1], store)
    return _add_spans(quotes, totals) if totals else quotes


def _find_totals(line: HitSpan, store: Store) -> list[HitSpan]:
    """Return the lines below another one, in its section, that begin with a total."""
    quoted = line.hit.chunk
    section = [chunk for chunk in list_article(quoted.document_id, store) if chunk.heading == quoted.heading]
    below = quote_span(section, (line.end, section[-1].end), score=line.hit.score)
    totals = [span for span in below.spans if _TOTAL.match(span.words)]
    return list(filter(_is_line, totals))


def _is_line(span: HitSpan) -> bool:
    """Return whether a sentence may be a line of a bill."""
    return is_row(span.words) or len(span.words.split()) <= _LINE_WORDS


def _add_beside(quotes: Quotes, kind: Kind, store: Store) -> Quotes:
    """Return quotes with their whole lists, or else with more sentences of their passages if they say too little."""
    completed = _add_blocks(quotes, store)
    if completed is quotes and _is_too_little(quotes, kind):
        return _add_spans(quotes, select_sentences(quotes.cited_hits))
    return completed


def _is_too_little(quotes: Quotes, kind: Kind) -> bool:
    """Return whether the quotes are hardly more than a heading, or one sentence where their kind wants several.

    A row of a table says all that there is to say.
    """
    words = sum(len(sentence.text.split()) for sentence in quotes.sentences)
    is_short = words < _SHORT_WORDS or (kind.is_open and len(quotes.sentences) == 1)
    return is_short and not any(is_row(sentence.text) for sentence in quotes.sentences)


def _add_blocks(quotes: Quotes, store: Store, *, topic: Set[str] = frozenset()) -> Quotes:
    """Return quotes with the whole lists that they are from; the same quotes if they are from none.

    The heading and the first line of a list have to name the topic.
    """
    spans: list[HitSpan] = []
    # Several citations may be of one document.
    get_text = cache(store.get_text)
    get_chunks = cache(lambda document_id: list_article(document_id, store))
    for span in quotes.spans:
        chunks = get_chunks(span.hit.chunk.document_id)
        block = find_block(get_text(span.hit.chunk.document_id), chunks, span.start)
        if block is None:
            continue
        quoted = quote_span(chunks, block, score=span.hit.score).spans
        if quoted and covers(join_filled(" ", (span.hit.chunk.heading, quoted[0].words)), topic):
            spans += quoted
    return _add_spans(quotes, spans) if spans else quotes


def _add_spans(quotes: Quotes, spans: Sequence[HitSpan]) -> Quotes:
    """Return quotes with more spans of their documents, in the order of the documents."""
    document_ids = [hit.chunk.document_id for hit in quotes.hits]
    together: dict[tuple[int, int], HitSpan] = {}  # each sentence once
    for span in [*spans, *quotes.spans]:
        number = document_ids.index(span.hit.chunk.document_id)
        together[number, span.start] = span
    return cite_spans([together[place] for place in sorted(together)], quotes.hits)
