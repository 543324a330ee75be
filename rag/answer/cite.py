"""Turns what the LLM wrote into sentences with citations: exact quotes of the passages that support them."""

import calendar
import logging
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rag.answer.check import find_conflict
from rag.answer.prompt import REFUSAL
from rag.text import content_words, normalise, split_sentences
from rag.types import Chunk, Citation, Hit, Outcome, Sentence, Verdict

logger = logging.getLogger(__name__)

# A mark as the model writes it: [1], [1, 2], [passage 1].
_MARK = re.compile(r"\s*\[(?:passages?\s*)?(\d+(?:\s*[,;]\s*\d+)*)\]", re.IGNORECASE)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\b")
_NAMES_READER = re.compile(r"(?:a|another|one|some|the)?\s*(?:other\s+)?(?:readers?|commenters?)\b", re.IGNORECASE)
# Below this share of an answer's words, a passage does not support it; above it by _MARGIN, it does so better.
_MIN_SUPPORT = 0.4
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
    quotes: Mapping[int, "Quote"]
    verdict: Verdict = "supported"


class Quote(NamedTuple):
    """The sentence of a hit that best supports one of an answer; `support` is the share of its words found, 0 to 1."""

    support: float
    start: int
    end: int


def cite_answer(raw: str, hits: Sequence[Hit], *, question: str = "") -> Cited:
    """Return what the LLM wrote, each sentence with the numbers of the hits that support it.

    A number that was not offered is removed. One whose passage holds too few of the sentence's words, lacks a number or
    a name in it, or denies it, is replaced by that of a passage that supports it. What only readers' comments support
    is told as a reader's words, and what is told so only a comment can support. The outcome is `not_found`, without
    citations, if the LLM refused or nothing that it wrote is supported, and `unconfirmed` if readers' comments are all
    the support there is.
    """
    claims, left_out = [], []
    for text, offered in _split_answer(raw, len(hits)):
        if normalise(text) == normalise(REFUSAL):
            continue
        readers_words = _NAMES_READER.match(text)
        quotes = {
            n: find_quote(text, hit)
            for n, hit in enumerate(hits, start=1)
            if hit.chunk.voice == "comment" or not readers_words
        }
        numbers = _choose_numbers(text, offered, quotes, hits, question)
        if numbers:
            verdict: Verdict = "supported" if set(numbers) <= set(offered) else "corrected"
            claims.append(_Claim(text, {n: quotes[n] for n in numbers}, verdict))
        else:
            left_out.append(text)
    return _conclude(claims, hits)._replace(left_out=tuple(left_out))


def quote_evidence(hits: Sequence[Hit]) -> Cited:
    """Return the sentences of the hits that share most with the question, as the answer where there is no LLM."""
    found = [(evidence, n) for n, hit in enumerate(hits, start=1) for evidence in hit.evidence]
    found.sort(key=lambda pair: (-pair[0].score, pair[1], pair[0].start))
    best = [(e, n) for e, n in found[:_QUOTED] if e.score >= max(_LEAST_SHARE, found[0][0].score * _NEARLY)]
    claims = []
    for evidence, n in sorted(best, key=lambda pair: (pair[1], pair[0].start)):
        quote = Quote(evidence.score, evidence.start, evidence.end)
        claims.append(_Claim(" ".join(_get_words(hits[n - 1].chunk, quote).split()), {n: quote}))
    return _conclude(claims, hits)


def _conclude(claims: Sequence[_Claim], hits: Sequence[Hit]) -> Cited:
    """Return the answer that sentences make."""
    citations: dict[tuple[int, int], Citation] = {}  # by number and place: two sentences may quote one passage
    sentences = []
    for text, quotes, verdict in claims:
        for n, quote in quotes.items():
            citations[n, quote.start] = _make_citation(n, hits[n - 1], quote)
        told_by_readers = all(hits[n - 1].chunk.voice == "comment" for n in quotes) and not _NAMES_READER.match(text)
        sentences.append(Sentence(f"A reader says: {text}" if told_by_readers else text, tuple(quotes), verdict))
    if not sentences:
        return Cited(REFUSAL, "not_found", (Sentence(REFUSAL, ()),), ())
    used = tuple(citations[key] for key in sorted(citations))
    outcome: Outcome = "unconfirmed" if all(c.voice == "comment" for c in used) else "answered"
    return Cited(" ".join(map(_mark, sentences)), outcome, tuple(sentences), used)


def find_quote(text: str, hit: Hit) -> Quote:
    """Return the sentence of a hit that holds most of a text's words, with its offsets in the document."""
    wanted = content_words(text)
    best = Quote(0.0, hit.chunk.start, hit.chunk.end)
    for start, end in split_sentences(hit.chunk.text):
        words = content_words(hit.chunk.text[start:end])
        support = len(wanted & words) / len(wanted) if wanted else 0.0
        if support > best.support:
            best = Quote(support, hit.chunk.start + start, hit.chunk.start + end)
    return best


def _split_answer(raw: str, offered: int) -> list[tuple[str, list[int]]]:
    # Marks are taken out first, with the place where they stood, so that they cannot mislead the sentence splitter.
    marks: list[tuple[int, int]] = []
    plain = ""
    position = 0
    for mark in _MARK.finditer(raw):
        plain += raw[position : mark.start()]
        position = mark.end()
        for number in map(int, re.findall(r"\d+", mark[1])):
            if 1 <= number <= offered:
                marks.append((len(plain), number))
            else:
                logger.warning("removed the mark [%d]: %d passages were offered", number, offered)
    plain += raw[position:]
    spans = split_sentences(plain)
    return [
        (
            plain[start:end],
            [n for at, n in marks if start < at <= (spans[i + 1][0] if i + 1 < len(spans) else len(plain))],
        )
        for i, (start, end) in enumerate(spans)
    ]


def _choose_numbers(
    text: str, offered: Sequence[int], quotes: Mapping[int, Quote], hits: Sequence[Hit], question: str
) -> tuple[int, ...]:
    """Return the numbers offered that support a sentence, else that of the passage that does so best, or none."""
    ranked = sorted((n for n in quotes if quotes[n].support >= _MIN_SUPPORT), key=lambda n: (-quotes[n].support, n))
    enough = quotes[ranked[0]].support - _MARGIN if ranked else 1.0
    good = tuple(n for n in dict.fromkeys(offered) if n in ranked and quotes[n].support >= enough)
    supporting = tuple(n for n in good if not _find_conflict(text, (n,), quotes, hits, question))
    if supporting:
        return supporting
    # None of those offered alone: then perhaps together, or another one.
    together = [good] if len(good) > 1 else []
    for numbers in [*together, *((n,) for n in ranked if n not in good)]:
        if not _find_conflict(text, numbers, quotes, hits, question):
            return numbers
    return ()


def _find_conflict(
    text: str, numbers: Sequence[int], quotes: Mapping[int, Quote], hits: Sequence[Hit], question: str
) -> str | None:
    """Return what a sentence says and the passages of these numbers, together, do not."""
    chunks = [hits[n - 1].chunk for n in numbers]
    quoted = [_get_words(chunk, quotes[n]) for chunk, n in zip(chunks, numbers, strict=True)]
    conflict = find_conflict(text, [_describe(chunk) for chunk in chunks], quoted, question=question)
    if conflict:
        logger.info("not in %s: %s of: %s", list(numbers), conflict, text)
    return conflict


def _get_words(chunk: Chunk, quote: Quote) -> str:
    return chunk.text[quote.start - chunk.start : quote.end - chunk.start]


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
        _get_words(c, quote),
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
