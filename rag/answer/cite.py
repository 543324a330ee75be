"""Makes an answer of sentences of the passages: exact quotes with the numbers of their passages, and the outcome."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rag.answer.check import find_conflict, find_names
from rag.answer.prompt import REFUSAL
from rag.answer.signs import is_order, points_back
from rag.text import content_words
from rag.types import Chunk, Citation, Evidence, Hit, Outcome, Sentence

# Without an LLM the answer has this many sentences at most. Each has this share of the question's words, and nearly
# that of the best one.
_QUOTED = 3
_LEAST_SHARE = 0.4
_NEARLY = 0.75


class Cited(NamedTuple):
    """An answer's text with its marks, its outcome, its sentences and its citations."""

    answer: str
    outcome: Outcome
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]


class Span(NamedTuple):
    """A sentence of the hit of a number, from 1: its offsets in the document, `[start, end)`."""

    number: int
    start: int
    end: int


class _Claim(NamedTuple):
    """A sentence, and the spans that state it, each of another hit."""

    text: str
    spans: dict[int, Span]


NOT_FOUND = Cited(REFUSAL, "not_found", (Sentence(REFUSAL, ()),), ())


def cite_spans(spans: Iterable[Span], hits: Sequence[Hit]) -> Cited:
    """Return the answer that sentences of the hits make, each with its hit's number, readers' words last.

    A sentence that another one states already is not repeated. What only readers' comments say is shown as a reader's
    words. The outcome is `not_found`, without citations, if there is no sentence, and `unconfirmed` if all are of
    readers' comments.
    """
    ordered = sorted(spans, key=lambda span: _is_comment(hits[span.number - 1]))
    return _conclude(_merge(ordered, hits), hits)


def quote_evidence(hits: Sequence[Hit]) -> Cited:
    """Return the sentences of the hits that share most with the question, as the answer where there is no LLM."""
    found = rank_evidence(hits)[:_QUOTED]
    best = [(n, e) for n, e in found if e.score >= max(_LEAST_SHARE, found[0][1].score * _NEARLY)]
    return cite_spans(sorted(Span(n, e.start, e.end) for n, e in best), hits)


def rank_evidence(hits: Sequence[Hit]) -> list[tuple[int, Evidence]]:
    """Return the sentences of the hits that share words with the question, each with its hit's number, from 1.

    Those that share most come first; of those that share as much, the articles'. An order is no evidence.
    """
    found = [
        (n, evidence)
        for n, hit in enumerate(hits, start=1)
        for evidence in hit.evidence
        if not is_order(get_words(hit.chunk, evidence))
    ]
    return sorted(found, key=lambda pair: (-pair[1].score, _is_comment(hits[pair[0] - 1])))


def get_words(chunk: Chunk, place: Span | Evidence) -> str:
    """Return what a chunk says at a place, `[start, end)` in its document."""
    return chunk.text[place.start - chunk.start : place.end - chunk.start]


def _merge(spans: Sequence[Span], hits: Sequence[Hit]) -> list[_Claim]:
    """Return the sentences at the spans; those that say the same are one claim."""
    claims: list[_Claim] = []
    for span, following in zip_longest(spans, spans[1:]):
        hit = hits[span.number - 1]
        text = _finish(get_words(hit.chunk, span))
        known = claims
        if following and following.number == span.number and points_back(get_words(hit.chunk, following)):
            known = claims[-1:]  # the one that "she" means has to stand right before
        if not _is_comment(hit):  # an article does not vouch for what a comment adds to it
            known = [claim for claim in known if _has_article(claim, hits)]
        if same := _find_same(text, known):
            same.spans.setdefault(span.number, span)
        else:
            claims.append(_Claim(text, {span.number: span}))
    return claims


def _find_same(text: str, claims: Sequence[_Claim]) -> _Claim | None:
    """Return the claim that says what a text does, with its names in the same order: who beat whom matters."""
    words = content_words(text)
    for claim in claims:
        names = find_names(claim.text)
        in_order = all(name in names for name in find_names(text))  # each is looked for behind the one before
        has_all = words and words <= content_words(claim.text)
        if in_order and has_all and not find_conflict(text, [claim.text], [claim.text]):
            return claim
    return None


def _finish(text: str) -> str:
    """Return words of a passage as a sentence."""
    first, space, rest = " ".join(text.split()).partition(" ")
    text = (first.capitalize() if first.isalpha() and first.islower() else first) + space + rest
    return text if text[-1] in ".!?" else f"{text.rstrip(',;:')}."


def _is_comment(hit: Hit) -> bool:
    return hit.chunk.voice == "comment"


def _has_article(claim: _Claim, hits: Sequence[Hit]) -> bool:
    return not all(_is_comment(hits[n - 1]) for n in claim.spans)


def _conclude(claims: Sequence[_Claim], hits: Sequence[Hit]) -> Cited:
    """Return the answer that sentences make."""
    if not claims:
        return NOT_FOUND
    citations: dict[tuple[int, int], Citation] = {}  # by number and place: two sentences may quote one passage
    sentences = []
    articles = {hits[n - 1].chunk for claim in claims for n in claim.spans if hits[n - 1].chunk.voice == "article"}
    differ = len({chunk.date for chunk in articles}) > 1
    speaker: list[Chunk] = []
    for text, spans in claims:
        for n, span in spans.items():
            citations[n, span.start] = _make_citation(hits[n - 1], span)
        chunks = [hits[n - 1].chunk for n in spans]
        goes_on = chunks == speaker and all(chunk.voice == "comment" for chunk in chunks)
        spoken = text if goes_on else _attribute(text, chunks, dated=differ)
        speaker = chunks
        sentences.append(Sentence(spoken, tuple(spans)))
    used = tuple(citations[key] for key in sorted(citations))
    outcome: Outcome = "unconfirmed" if all(c.voice == "comment" for c in used) else "answered"
    return Cited(" ".join(sentence.marked for sentence in sentences), outcome, tuple(sentences), used)


def _attribute(text: str, chunks: Sequence[Chunk], *, dated: bool) -> str:
    """Return a sentence as a reader's words, if only readers say so, else with the date of its article if wanted."""
    article = next((chunk for chunk in chunks if chunk.voice == "article"), None)
    if article:
        return f"{text[:-1]} ({article.date}){text[-1]}" if dated and article.date else text
    return f"Reader {chunks[0].author} says: {text}" if chunks[0].author else f"A reader says: {text}"


def _make_citation(hit: Hit, span: Span) -> Citation:
    c = hit.chunk
    return Citation(
        span.number,
        c.document_id,
        c.id,
        c.source,
        c.title,
        c.outlet,
        c.voice,
        c.author,
        c.date,
        get_words(c, span),
        span.start,
        span.end,
        c.heading,
        c.page,
        c.reply_to,
        c.metadata,
    )
