"""Summarises a document, or what it says about a topic, by its own sentences and without an LLM."""

from collections.abc import Sequence

from rag.answer.blocks import COVERED, find_section
from rag.answer.cite import cite_spans
from rag.answer.gather import gather
from rag.answer.kinds import find_kind, is_phrase, names_part
from rag.answer.parts import Part, quote_part
from rag.index.catalog import Catalog
from rag.index.index import Index
from rag.retrieve import find_evidence
from rag.text import content_words, split_sentences
from rag.types import Hit

# The note of an answer that was pieced together.
GATHERED = "Pieced together from the document that comes nearest to the question."
# How much it counts that a sentence opens the document: the first ones often say what the rest is about.
_LEAD = 0.5
_INSTRUCTIONS = content_words(
    "please can could you give me summarise summarize summary sum up outline describe explain overview gist story tell"
    " about know happened what's going few sentences words short article document page text post blog section clause"
    " whole main points key topics ideas message findings discussion discussed discuss meeting"
)


def find_summary(question: str, hits: Sequence[Hit], index: Index) -> Part | None:
    """Return the section that a topic names, or the summary of the document that it names, or None."""
    kind = find_kind(question)
    if not hits or names_part(question) or not (kind == "summary" or is_phrase(question)):
        return None
    topic = _find_topic(question)
    nearest = hits[0].chunk
    is_only_one = not topic and all(hit.chunk.document_id == nearest.document_id for hit in hits)
    with index.browse() as catalog:
        section = find_section(catalog.get_text(nearest.document_id), topic, title=nearest.title)
        if section:
            return quote_part(nearest.document_id, section, catalog, score=hits[0].score)
        is_whole = kind == "summary" and (is_only_one or _covers(nearest.title, topic))
        return _summarize(question, hits, catalog) if is_whole else None


def summarize_nearest(question: str, hits: Sequence[Hit], catalog: Catalog) -> Part | None:
    """Return a summary of the nearest document, if what was found of it is about the topic; else None."""
    nearest = hits[0].chunk
    topic = _find_topic(question)
    of_nearest = [hit.chunk for hit in hits if hit.chunk.document_id == nearest.document_id]
    found = " ".join([nearest.title, *(f"{chunk.heading} {chunk.text}" for chunk in of_nearest)])
    return _summarize(question, hits, catalog) if _covers(found, topic) else None


def _find_topic(question: str) -> set[str]:
    """Return the words of what is to be summarised: of the last sentence, if it has any."""
    start, end = split_sentences(question)[-1]
    topic = content_words(question[start:end]) - _INSTRUCTIONS
    return topic or content_words(question) - _INSTRUCTIONS


def _covers(text: str, topic: set[str]) -> bool:
    return bool(topic) and len(topic & content_words(text)) >= COVERED * len(topic)


def _summarize(question: str, hits: Sequence[Hit], catalog: Catalog) -> Part | None:
    """Return the sentences of the nearest document that are worth most together."""
    document_id = hits[0].chunk.document_id
    scores = {hit.chunk.id: hit.score for hit in hits}
    lowest = min(scores.values())
    chunks = [chunk for chunk in catalog.list_chunks(document_id) if chunk.voice == "article"]
    whole = [Hit(chunk, scores.get(chunk.id, lowest), rank) for rank, chunk in enumerate(chunks, start=1)]
    whole = list(find_evidence(question, whole))
    spans = gather(whole, lead=_LEAD)
    used = sorted({span.number for span in spans})
    quoted = tuple(whole[number - 1] for number in used)
    renumbered = [span._replace(number=used.index(span.number) + 1) for span in spans]
    return Part(quoted, cite_spans(renumbered, quoted), GATHERED) if spans else None
