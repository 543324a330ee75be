"""Turns what the LLM wrote into sentences with citations: exact quotes of the passages that support them."""

import calendar
import logging
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from rag.answer.check import find_conflict, find_names, is_order
from rag.answer.prompt import REFUSAL
from rag.text import content_words, split_sentences
from rag.types import Chunk, Citation, Evidence, Hit, Outcome, Sentence, Verdict

logger = logging.getLogger(__name__)

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\b")
# "IT" is no pronoun.
_POINTS_BACK = re.compile(
    r"\W*(?:\w+\W+){0,2}(?:he|she|(?-i:[Ii]t)|they|this|these|those|his|her|its|their)\b", re.IGNORECASE
)
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


class Quote(NamedTuple):
    """The sentence of a hit that best supports one of an answer; `support` is the share of its words found, 0 to 1."""

    support: float
    start: int
    end: int


class _Claim(NamedTuple):
    """A sentence, and what supports it by the number of the hit."""

    text: str
    quotes: dict[int, Quote]
    verdict: Verdict = "supported"


class Reply(NamedTuple):
    """What the LLM said from the hit of a number, sentence by sentence."""

    number: int
    sentences: Sequence[str]


class _Support(NamedTuple):
    """The hit's number and the sentence of it that supports what was said from the same hit or another."""

    number: int
    quote: Quote
    verdict: Verdict


def cite_answer(replies: Sequence[Reply], hits: Sequence[Hit], *, question: str = "") -> Cited:
    """Return the hits' sentences that support what the LLM said, each with its hit's number, readers' words last.

    What its own hit holds too few words of, lacks a number or a name of, or denies, another hit may support; without
    one it is left out. What another sentence says already is not said again. What only readers' comments support is
    told as a reader's words. The outcome is `not_found`, without citations, if nothing is supported, and `unconfirmed`
    if readers' comments are all the support there is.
    """
    found: list[_Support] = []
    left_out = []
    for number, sentences in replies:
        supports = [_find_support(text, number, hits, question) for text in sentences]
        unsupported = [text for text, support in zip(sentences, supports, strict=True) if support is None]
        left_out += [text for text in unsupported if not is_order(text)]
        found += _shorten([support for support in supports if support], hits)
    found.sort(key=lambda support: _is_comment(hits[support.number - 1]))
    return _conclude(_merge(found, hits), hits)._replace(left_out=tuple(left_out))


def _merge(supports: Sequence[_Support], hits: Sequence[Hit]) -> list[_Claim]:
    """Return the sentences, what says the same once."""
    claims: list[_Claim] = []
    for (n, quote, verdict), following in zip_longest(supports, supports[1:]):
        chunk = hits[n - 1].chunk
        text = _finish(get_words(chunk, quote))
        # Who "she" is has to stand right before.
        named = following and following.number == n and points_back(get_words(chunk, following.quote))
        # An article does not vouch for what only a comment says beyond it.
        known = [
            claim
            for claim in (claims[-1:] if named else claims)
            if _is_comment(hits[n - 1]) or _has_article(claim, hits)
        ]
        if same := _find_same(text, known):
            same.quotes.setdefault(n, quote)
        else:
            claims.append(_Claim(text, {n: quote}, verdict))
    return claims


def _shorten(supports: Sequence[_Support], hits: Sequence[Hit]) -> list[_Support]:
    """Return the sentences behind a reply, from the first on that shares about as much with the question as any does.

    A small LLM that quotes begins early. What that sentence points back to stays.
    """
    shares = [{evidence.start: evidence.score for evidence in hit.evidence} for hit in hits]
    weights = [shares[n - 1].get(quote.start, 0.0) for n, quote, _ in supports]
    first = next((i for i, weight in enumerate(weights) if weight >= _NEARLY * max(weights)), 0)
    while first and points_back(get_words(hits[supports[first].number - 1].chunk, supports[first].quote)):
        first -= 1
    return [*supports[first:]]


def points_back(sentence: str) -> bool:
    """Tell whether a sentence begins with somebody or something that the one before it has named."""
    return bool(_POINTS_BACK.match(sentence))


def _finish(text: str) -> str:
    """Return words of a passage as a sentence."""
    first, space, rest = " ".join(text.split()).partition(" ")
    text = (first.capitalize() if first.isalpha() and first.islower() else first) + space + rest
    return text if text[-1] in ".!?" else f"{text.rstrip(',;:')}."


def _is_comment(hit: Hit) -> bool:
    return hit.chunk.voice == "comment"


def _has_article(claim: _Claim, hits: Sequence[Hit]) -> bool:
    return not all(_is_comment(hits[n - 1]) for n in claim.quotes)


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


def quote_evidence(hits: Sequence[Hit]) -> Cited:
    """Return the sentences of the hits that share most with the question, as the answer where there is no LLM."""
    found = rank_evidence(hits)[:_QUOTED]
    best = [(n, e) for n, e in found if e.score >= max(_LEAST_SHARE, found[0][1].score * _NEARLY)]
    best.sort(key=lambda pair: (pair[0], pair[1].start))
    return cite_quotes([(n, Quote(e.score, e.start, e.end)) for n, e in best], hits)


def cite_quotes(quotes: Sequence[tuple[int, Quote]], hits: Sequence[Hit]) -> Cited:
    """Return the answer that sentences of the hits make, each with its hit's number."""
    return _conclude(_merge([_Support(n, quote, "supported") for n, quote in quotes], hits), hits)


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


def _conclude(claims: Sequence[_Claim], hits: Sequence[Hit]) -> Cited:
    """Return the answer that sentences make."""
    citations: dict[tuple[int, int], Citation] = {}  # by number and place: two sentences may quote one passage
    sentences = []
    articles = {hits[n - 1].chunk for claim in claims for n in claim.quotes if hits[n - 1].chunk.voice == "article"}
    differ = len({chunk.date for chunk in articles}) > 1
    speaker: list[Chunk] = []
    for text, quotes, verdict in claims:
        for n, quote in quotes.items():
            citations[n, quote.start] = _make_citation(n, hits[n - 1], quote)
        chunks = [hits[n - 1].chunk for n in quotes]
        goes_on = chunks == speaker and all(chunk.voice == "comment" for chunk in chunks)
        spoken = text if goes_on else _attribute(text, chunks, dated=differ)
        speaker = chunks
        sentences.append(Sentence(spoken, tuple(quotes), verdict))
    if not sentences:
        return Cited(REFUSAL, "not_found", (Sentence(REFUSAL, ()),), ())
    used = tuple(citations[key] for key in sorted(citations))
    outcome: Outcome = "unconfirmed" if all(c.voice == "comment" for c in used) else "answered"
    return Cited(" ".join(sentence.marked for sentence in sentences), outcome, tuple(sentences), used)


def _attribute(text: str, chunks: Sequence[Chunk], *, dated: bool) -> str:
    """Return a sentence as a reader's words, if only readers say so, else with the date of its article if wanted."""
    article = next((chunk for chunk in chunks if chunk.voice == "article"), None)
    if article:
        return f"{text[:-1]} ({article.date}){text[-1]}" if dated and article.date else text
    return f"Reader {chunks[0].author} says: {text}" if chunks[0].author else f"A reader says: {text}"


def find_quote(text: str, hit: Hit, *, question: str = "") -> Quote:
    """Return the sentence of a hit that holds most of a text's words, with its offsets.

    Of several, the one that is the text itself, then the one that holds most of the question's words.
    """
    wanted, asked, itself = content_words(text), content_words(question), _get_bare(text)
    best, best_share = Quote(0.0, hit.chunk.start, hit.chunk.end), (0.0, False, 0)
    for start, end in split_sentences(hit.chunk.text):
        said = hit.chunk.text[start:end]
        words, is_itself = content_words(said), _get_bare(said) == itself
        support = len(wanted & words) / len(wanted) if wanted else float(is_itself)
        if support and (share := (support, is_itself, len(asked & words))) > best_share:
            best, best_share = Quote(support, hit.chunk.start + start, hit.chunk.start + end), share
    return best


def _get_bare(sentence: str) -> list[str]:
    return sentence.rstrip(".!? ").split()


def _find_support(text: str, number: int, hits: Sequence[Hit], question: str) -> _Support | None:
    """Return what supports a sentence: its own hit, else the one that does so best, in a sentence that stands alone."""
    quotes = {n: find_quote(text, hit, question=question) for n, hit in enumerate(hits, start=1)}
    most = max((quote.support for quote in quotes.values()), default=0.0)
    for n in sorted(quotes, key=lambda n: (n != number or quotes[n].support < most - _MARGIN, -quotes[n].support, n)):
        chunk, quote = hits[n - 1].chunk, quotes[n]
        if quote.support < MIN_SUPPORT or (n != number and points_back(get_words(chunk, quote))):
            continue
        if not _find_conflict(text, chunk, quote, question):
            return _Support(n, quote, "supported" if n == number else "corrected")
    return None


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
