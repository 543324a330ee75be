"""Summarises a document, or its part about a topic, in its own sentences and without an LLM."""

from collections.abc import Sequence
from datetime import datetime

from rag.answer.gather.blocks import covers, find_section, list_article
from rag.answer.gather.parts import quote_part
from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.select import select_sentences
from rag.answer.quote.cite import Quotes, cite_spans
from rag.answer.signs import SUMMARY_WORDS
from rag.answer.understand.kinds import SUMMARY
from rag.answer.understand.query import Query
from rag.documents.blocks import join_filled
from rag.index.store import Store
from rag.retrieve import find_evidence
from rag.text import MONTH_NAMES, content_words, split_sentences
from rag.types import Chunk, Hit, Span

# The note of an answer that was pieced together.
GATHERED = "Pieced together from the document that comes nearest to the question."
# The bonus for the first sentences of a document: they often say what the rest is about.
_LEAD = 0.5
# The headings of a document's own summary.
_OWN_SUMMARIES = (
    "Summary", "Executive summary", "Abstract", "Overview", "At a glance", "Key points", "Zusammenfassung", "Resumen",
    "Résumé", "Özet", "Резюме", "摘要", "ملخص",
)  # fmt: skip


def find_summary(request: Request) -> Gathered | None:
    """Return the section of the nearest document that a question names, or the summary of that document; or None.

    That is the document's own summary, if it has one. A summary has to be asked for; a numbered part has a finder of
    its own.
    """
    question = request.question
    is_topical = question.kind is SUMMARY or question.is_phrase
    is_numbered = question.part_number is not None
    if not request.hits or not is_topical or is_numbered:
        return None
    nearest, topic = request.hits[0], _find_topic(question)
    with request.index.browse() as store:
        chunks = list_article(nearest.chunk.document_id, store)
        span = find_section(chunks, topic, title=nearest.chunk.title)
        if span:
            return Gathered(quote_part(chunks, span, score=nearest.score))
        if question.kind is SUMMARY and is_nearest_meant(topic, request.hits):
            own = _find_own_summary(chunks)
            quotes = quote_part(chunks, own, score=nearest.score) if own else _summarize(question, request.hits, store)
            return Gathered(quotes) if quotes else None
    return None


def _find_own_summary(chunks: Sequence[Chunk]) -> Span | None:
    """Return the span of the section in which a document sums itself up; or None."""
    spans = (find_section(chunks, content_words(heading), title="") for heading in _OWN_SUMMARIES)
    return next(filter(None, spans), None)


def is_nearest_meant(topic: set[str], hits: Sequence[Hit]) -> bool:
    """Return whether the topic names the nearest document, or is empty and all hits are of one document."""
    if topic:
        nearest = hits[0].chunk
        return covers(f"{nearest.title} {_spell_day(nearest.date)}", topic)
    return len({hit.chunk.document_id for hit in hits}) == 1


def _spell_day(date: str | None) -> str:
    """Return a date in ISO 8601 in words, as questions name the day of a document; "" for another one."""
    try:
        day = datetime.fromisoformat(date or "")
    except ValueError:
        return ""
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}"


def summarize_nearest(question: Query, hits: Sequence[Hit], store: Store) -> Quotes | None:
    """Return a summary of the nearest document, if its hits are about the topic; else None."""
    nearest = hits[0].chunk
    texts: list[str | None] = [nearest.title]
    for hit in hits:
        if hit.chunk.document_id == nearest.document_id:
            texts += [hit.chunk.heading, hit.chunk.text]
    topic = _find_topic(question)
    is_about = bool(topic) and covers(join_filled(" ", texts), topic)
    return _summarize(question, hits, store) if is_about else None


def _find_topic(question: Query) -> set[str]:
    """Return the words of the topic to summarise: of the last sentence, if it has any."""
    start, end = split_sentences(question.text)[-1]
    topic = content_words(question.text[start:end]) - SUMMARY_WORDS
    return topic or question.words - SUMMARY_WORDS


def _summarize(question: Query, hits: Sequence[Hit], store: Store) -> Quotes | None:
    """Return the best sentences of the nearest document's article together, if it has any."""
    scores = {hit.chunk.id: hit.score for hit in hits}
    lowest = min(scores.values())
    article = list_article(hits[0].chunk.document_id, store)
    whole = [Hit(chunk, scores.get(chunk.id, lowest), rank=1) for chunk in article]
    spans = select_sentences(find_evidence(question.text, whole), lead=_LEAD)
    return cite_spans(spans)._replace(note=GATHERED, is_pieced=True) if spans else None
