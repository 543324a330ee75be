"""Makes an answer of sentences of the passages: exact quotes with the numbers of their passages, and the outcome."""

from collections.abc import Iterable, Sequence, Set
from itertools import chain, zip_longest
from typing import NamedTuple

from rag.answer.check import find_conflict
from rag.answer.mentions import find_names
from rag.answer.prompt import REFUSAL
from rag.answer.signs import is_order, points_back
from rag.text import content_words
from rag.types import Chunk, Citation, Evidence, Hit, Outcome, Sentence

# Without an LLM the answer has this many sentences at most.
_QUOTED = 3
# Each of them has this share of the question's words,
_LEAST_SHARE = 0.4
# and this share of what the best one has.
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
    ordered = sorted(spans, key=lambda span: is_comment(hits[span.number - 1]))
    claims = _merge(ordered, hits)
    return _conclude(claims, hits) if claims else NOT_FOUND


def quote_evidence(hits: Sequence[Hit]) -> Cited:
    """Return the sentences of the hits that share most with the question, as the answer where there is no LLM."""
    ranked = rank_evidence(hits)[:_QUOTED]
    best_score = max((evidence.score for _, evidence in ranked), default=0.0)
    enough = max(_LEAST_SHARE, best_score * _NEARLY)
    spans = [Span(number, one.start, one.end) for number, one in ranked if one.score >= enough]
    return cite_spans(sorted(spans), hits)


def rank_evidence(hits: Sequence[Hit]) -> list[tuple[int, Evidence]]:
    """Return the sentences of the hits that share words with the question, each with its hit's number, from 1.

    Those that share most come first; of those that share as much, the articles'. An order is no evidence.
    """
    ranked = [(number, one) for number, hit in enumerate(hits, start=1) for one in _list_evidence(hit)]
    return sorted(ranked, key=lambda pair: (-pair[1].score, is_comment(hits[pair[0] - 1])))


def _list_evidence(hit: Hit) -> list[Evidence]:
    return [evidence for evidence in hit.evidence if not is_order(get_words(hit.chunk, evidence))]


def get_words(chunk: Chunk, place: Span | Evidence) -> str:
    """Return what a chunk says at a place, `[start, end)` in its document."""
    return chunk.text[place.start - chunk.start : place.end - chunk.start]


def is_comment(hit: Hit) -> bool:
    """Return whether a reader says what a hit has."""
    return hit.chunk.voice == "comment"


def _merge(spans: Sequence[Span], hits: Sequence[Hit]) -> list[_Claim]:
    """Return the sentences at the spans; those that say the same are one claim."""
    claims: list[_Claim] = []
    for span, following in zip_longest(spans, spans[1:]):
        hit = hits[span.number - 1]
        text = _finish(get_words(hit.chunk, span))
        is_pointed_at = following is not None and _points_at(following, span, hit.chunk)
        # The one that "she" means has to stand right before: only the last claim may take its place.
        known = claims[-1:] if is_pointed_at else claims
        same = _find_same(text, _list_vouching(known, hit, hits))
        if same:
            same.spans.setdefault(span.number, span)
        else:
            claims.append(_Claim(text, {span.number: span}))
    return claims


def _points_at(following: Span, span: Span, chunk: Chunk) -> bool:
    """Return whether the span behind one is of the same chunk, and begins with somebody that the one has named."""
    return following.number == span.number and points_back(get_words(chunk, following))


def _list_vouching(claims: Sequence[_Claim], hit: Hit, hits: Sequence[Hit]) -> list[_Claim]:
    """Return the claims that a hit may add to: an article does not vouch for what only readers say."""
    return [claim for claim in claims if is_comment(hit) or _has_article(claim, hits)]


def _has_article(claim: _Claim, hits: Sequence[Hit]) -> bool:
    return not all(is_comment(hits[number - 1]) for number in claim.spans)


def _find_same(text: str, claims: Sequence[_Claim]) -> _Claim | None:
    """Return the first claim that says what a text does, or None."""
    return next((claim for claim in claims if _says(claim.text, text)), None)


def _says(claim: str, text: str) -> bool:
    """Return whether a claim says what a text does, with its names in the same order: who beat whom matters."""
    words = content_words(text)
    has_words = bool(words) and words <= content_words(claim)
    claimed_names = find_names(claim)
    in_order = all(name in claimed_names for name in find_names(text))  # each is looked for behind the one before
    return has_words and in_order and not find_conflict(text, [claim], [claim])


def _finish(text: str) -> str:
    """Return words of a passage as a sentence."""
    first, space, rest = " ".join(text.split()).partition(" ")
    is_small = first.isalpha() and first.islower()
    sentence = (first.capitalize() if is_small else first) + space + rest
    return sentence if sentence[-1] in ".!?" else f"{sentence.rstrip(',;:')}."


def _conclude(claims: Sequence[_Claim], hits: Sequence[Hit]) -> Cited:
    """Return the answer that claims make, one or more."""
    sentences = _attribute_all(claims, hits)
    # By number and place: two sentences may quote one passage.
    spans = {(span.number, span.start): span for claim in claims for span in claim.spans.values()}
    citations = tuple(_make_citation(hits[number - 1], spans[number, start]) for number, start in sorted(spans))
    is_confirmed = any(citation.voice == "article" for citation in citations)
    answer = " ".join(sentence.marked for sentence in sentences)
    return Cited(answer, "answered" if is_confirmed else "unconfirmed", sentences, citations)


def _attribute_all(claims: Sequence[_Claim], hits: Sequence[Hit]) -> tuple[Sentence, ...]:
    """Return claims as sentences that say who speaks, and of which date articles of several dates are."""
    groups = [[hits[number - 1].chunk for number in claim.spans] for claim in claims]
    dates = {chunk.date for chunk in chain.from_iterable(groups) if chunk.voice == "article"}
    sentences = []
    for claim, chunks, before in zip(claims, groups, [None, *groups], strict=False):
        has_article = any(chunk.voice == "article" for chunk in chunks)
        text = claim.text
        if has_article:
            text = _date(text, chunks, dates)
        elif chunks != before:  # a reader who goes on speaking is named once
            text = _attribute_to_reader(text, chunks[0])
        sentences.append(Sentence(text, tuple(claim.spans)))
    return tuple(sentences)


def _attribute_to_reader(text: str, chunk: Chunk) -> str:
    speaker = f"Reader {chunk.author}" if chunk.author else "A reader"
    return f"{speaker} says: {text}"


def _date(text: str, chunks: Sequence[Chunk], dates: Set[str | None]) -> str:
    """Return a sentence with the date of the first article that says it, if the articles' dates differ."""
    date = next(chunk.date for chunk in chunks if chunk.voice == "article")
    is_dated = date and len(dates) > 1
    return f"{text[:-1]} ({date}){text[-1]}" if is_dated else text


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
