"""Turns what the LLM wrote into sentences with citations: exact quotes of the passages that support them."""

import calendar
import logging
import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.answer.check import find_conflict
from rag.answer.prompt import REFUSAL
from rag.text import content_words, split_sentences
from rag.types import Chunk, Citation, Evidence, Hit, Outcome, Sentence, Verdict

logger = logging.getLogger(__name__)

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\b")
_NAMES_READER = re.compile(r"(?:a|another|one|some|the)?\s*(?:other\s+)?(?:readers?|commenters?)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(r"\W*(?:\w+\W+){0,2}(?:he|she|it|they|this|these|those|his|her|its|their)\b", re.IGNORECASE)
# Below this share of an answer's words, a passage does not support it; above it by _MARGIN, it does so better.
MIN_SUPPORT = 0.4
_MARGIN = 0.25
# Without an LLM at most so many sentences are the answer: those that hold this share of the question's words, and
# nearly that of the best.
_QUOTED = 3
_LEAST_SHARE = 0.4
_NEARLY = 0.75


class Cited(NamedTuple):
    """An answer's text with its marks, its outcome, its sentences, its citations, and what no passage supports."""

    answer: str
    outcome: Outcome
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    left_out: tuple[str, ...] = ()


class _Claim(NamedTuple):
    """A sentence, and what supports it by the number of the hit."""

    text: str
    quotes: dict[int, "Quote"]
    verdict: Verdict = "supported"


class Quote(NamedTuple):
    """The sentence of a hit that best supports one of an answer; `support` is the share of its words found, 0 to 1."""

    support: float
    start: int
    end: int


class Reply(NamedTuple):
    """What the LLM wrote from the hit of a number."""

    number: int
    text: str


def cite_answer(replies: Sequence[Reply], hits: Sequence[Hit], *, question: str = "") -> Cited:
    """Return what the LLM wrote, each sentence with the number of the hit that supports it, readers' words last.

    A sentence whose own hit holds too few of its words, lacks a number or a name in it, or denies it, gets the number
    of a hit that supports it, and gives way to that hit's sentence; without one it is left out. What another sentence
    says already is not said again. What only readers' comments support is told as a reader's words, and what is told so
    only a comment can support. The outcome is `not_found`, without citations, if nothing is supported, and
    `unconfirmed` if readers' comments are all the support there is.
    """
    claims: list[_Claim] = []
    left_out = []
    for number, written in sorted(replies, key=lambda reply: hits[reply.number - 1].chunk.voice == "comment"):
        for text in _shorten(written, hits[number - 1]):
            n, quote = _find_support(text, number, hits, question)
            if quote is None:
                left_out.append(text)
                continue
            if n != number:
                text = _finish(get_words(hits[n - 1].chunk, quote))
            # An article does not vouch for what only a comment says beyond it.
            known = [claim for claim in claims if hits[n - 1].chunk.voice == "comment" or _has_article(claim, hits)]
            if same := _find_same(text, known):
                same.quotes.setdefault(n, quote)
            else:
                claims.append(_Claim(text, {n: quote}, "supported" if n == number else "corrected"))
    return _conclude(claims, hits)._replace(left_out=tuple(left_out))


def _shorten(written: str, hit: Hit) -> list[str]:
    """Return the sentences of a reply, without those that lead up to its last and share less with the question.

    A small LLM that quotes begins early, and stops when the answer is told. What a sentence points back to stays.
    """
    shares = {evidence.start: evidence.score for evidence in hit.evidence}
    sentences = [_finish(written[start:end]) for start, end in split_sentences(written)]
    weights = [shares.get(find_quote(text, hit).start, 0.0) for text in sentences]
    least = _NEARLY * max(weights, default=0.0)
    kept: list[str] = []
    for text, weight in zip(reversed(sentences), reversed(weights), strict=True):
        if not kept or weight >= least or points_back(kept[-1]):
            kept.append(text)
    return kept[::-1]


def points_back(sentence: str) -> bool:
    """Tell whether a sentence begins with somebody or something that the one before it has named."""
    return bool(_POINTS_BACK.match(sentence))


def _finish(text: str) -> str:
    """Return words of a passage as a sentence."""
    first, space, rest = " ".join(text.split()).partition(" ")
    text = (first.capitalize() if first.isalpha() and first.islower() else first) + space + rest
    return text if text[-1] in ".!?" else f"{text.rstrip(',;:')}."


def _has_article(claim: _Claim, hits: Sequence[Hit]) -> bool:
    return any(hits[n - 1].chunk.voice == "article" for n in claim.quotes)


def _find_same(text: str, claims: Sequence[_Claim]) -> _Claim | None:
    words = content_words(text)
    for claim in claims:
        if words <= content_words(claim.text) and not find_conflict(text, [claim.text], [claim.text]):
            return claim
    return None


def quote_evidence(hits: Sequence[Hit]) -> Cited:
    """Return the sentences of the hits that share most with the question, as the answer where there is no LLM."""
    found = rank_evidence(hits)[:_QUOTED]
    best = [(n, e) for n, e in found if e.score >= max(_LEAST_SHARE, found[0][1].score * _NEARLY)]
    claims = []
    for n, evidence in sorted(best, key=lambda pair: (pair[0], pair[1].start)):
        quote = Quote(evidence.score, evidence.start, evidence.end)
        claims.append(_Claim(_finish(get_words(hits[n - 1].chunk, evidence)), {n: quote}))
    return _conclude(claims, hits)


def rank_evidence(hits: Sequence[Hit]) -> list[tuple[int, Evidence]]:
    """Return the sentences of the hits that share words with the question, each with its hit's number, from 1.

    Those that share most come first; of those that share as much, the articles'.
    """
    found = [(n, evidence) for n, hit in enumerate(hits, start=1) for evidence in hit.evidence]
    return sorted(found, key=lambda pair: (-pair[1].score, hits[pair[0] - 1].chunk.voice == "comment"))


def _conclude(claims: Sequence[_Claim], hits: Sequence[Hit]) -> Cited:
    """Return the answer that sentences make."""
    citations: dict[tuple[int, int], Citation] = {}  # by number and place: two sentences may quote one passage
    sentences = []
    articles = {hits[n - 1].chunk for claim in claims for n in claim.quotes if hits[n - 1].chunk.voice == "article"}
    differ = len({chunk.date for chunk in articles}) > 1
    for text, quotes, verdict in claims:
        for n, quote in quotes.items():
            citations[n, quote.start] = _make_citation(n, hits[n - 1], quote)
        spoken = _attribute(text, [hits[n - 1].chunk for n in quotes], dated=differ)
        sentences.append(Sentence(spoken, tuple(quotes), verdict))
    if not sentences:
        return Cited(REFUSAL, "not_found", (Sentence(REFUSAL, ()),), ())
    used = tuple(citations[key] for key in sorted(citations))
    outcome: Outcome = "unconfirmed" if all(c.voice == "comment" for c in used) else "answered"
    return Cited(" ".join(map(_mark, sentences)), outcome, tuple(sentences), used)


def _attribute(text: str, chunks: Sequence[Chunk], *, dated: bool) -> str:
    """Return a sentence as a reader's words, if only readers say so, else with the date of its article if wanted."""
    article = next((chunk for chunk in chunks if chunk.voice == "article"), None)
    if article:
        return f"{text[:-1]} ({article.date}){text[-1]}" if dated and article.date else text
    if _NAMES_READER.match(text):
        return text
    return f"Reader {chunks[0].author} says: {text}" if chunks[0].author else f"A reader says: {text}"


def find_quote(text: str, hit: Hit, *, question: str = "") -> Quote:
    """Return the sentence of a hit that holds most of a text's words, and then of the question's, with its offsets."""
    wanted, asked = content_words(text), content_words(question)
    best, best_share = Quote(0.0, hit.chunk.start, hit.chunk.end), (0.0, 0)
    for start, end in split_sentences(hit.chunk.text):
        words = content_words(hit.chunk.text[start:end])
        support = len(wanted & words) / len(wanted) if wanted else 0.0
        if support and (share := (support, len(asked & words))) > best_share:
            best, best_share = Quote(support, hit.chunk.start + start, hit.chunk.start + end), share
    return best


def _find_support(text: str, number: int, hits: Sequence[Hit], question: str) -> tuple[int, Quote | None]:
    """Return the number and quote of the hit that supports a sentence: its own, else the one that does so best."""
    readers_words = _NAMES_READER.match(text)
    quotes = {
        n: find_quote(text, hit, question=question)
        for n, hit in enumerate(hits, start=1)
        if hit.chunk.voice == "comment" or not readers_words
    }
    most = max((quote.support for quote in quotes.values()), default=0.0)
    for n in sorted(quotes, key=lambda n: (n != number or quotes[n].support < most - _MARGIN, -quotes[n].support, n)):
        if quotes[n].support >= MIN_SUPPORT and not _find_conflict(text, hits[n - 1].chunk, quotes[n], question):
            return n, quotes[n]
    return number, None


def _find_conflict(text: str, chunk: Chunk, quote: Quote, question: str) -> str | None:
    """Return what a sentence says and its passage does not."""
    conflict = find_conflict(text, [_describe(chunk)], [get_words(chunk, quote)], question=question)
    if conflict:
        logger.info("not in passage %d: %s of: %s", chunk.id, conflict, text)
    return conflict


def get_words(chunk: Chunk, place: Quote | Evidence) -> str:
    """Return what a chunk says at a place, `[start, end)` in its document."""
    return chunk.text[place.start - chunk.start : place.end - chunk.start]


def _describe(chunk: Chunk) -> str:
    """Return all that a chunk says, and what is known of it."""
    dated = _MONTH.match(chunk.date or "")
    month = calendar.month_name[int(dated[1])] if dated else ""
    known = (chunk.title, chunk.heading, chunk.outlet, chunk.author, chunk.date, month)
    return " ".join(filter(None, [chunk.text, *known]))


def _make_citation(number: int, hit: Hit, quote: Quote) -> Citation:
    c = hit.chunk
    return Citation(
        number,
        c.document_id,
        c.id,
        c.source,
        c.title,
        c.outlet,
        c.voice,
        c.author,
        c.date,
        get_words(c, quote),
        quote.start,
        quote.end,
        c.heading,
        c.page,
        c.reply_to,
    )


def _mark(sentence: Sentence) -> str:
    marks = "".join(f"[{n}]" for n in sentence.citations)
    text = sentence.text
    return f"{text[:-1]} {marks}{text[-1]}" if text[-1] in ".!?" else f"{text} {marks}"
