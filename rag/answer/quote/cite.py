"""Makes the evidence for an answer: exact quotes with the numbers of their passages, and the outcome."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

from rag.answer.check import find_conflict
from rag.answer.mentions import find_names
from rag.answer.negation import NEGATION
from rag.answer.prompt import REFUSAL
from rag.answer.signs import is_order, points_back
from rag.language import SENTENCE_ENDS
from rag.text import are_in_order, content_words, is_code
from rag.types import Chunk, Citation, Hit, Outcome, Sentence

# Without an LLM an answer has at most this many sentences.
_QUOTED = 3
# Each of them has at least 40 % of the question's words, and at least 75 % as many as the best one.
_LEAST_SHARE = 0.4
_NEARLY = 0.75
# Words in bold letters in Markdown; in "2 ** 3" the stars mean something else.
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)([^*]+)(?<=\S)\*\*(?![\w*])")


class Quotes(NamedTuple):
    """The evidence for an answer: hits, sentences of them with their citations, the outcome, a note for the user.

    `is_pieced` says that the sentences were chosen from a whole document, as a summary.
    """

    hits: tuple[Hit, ...]
    outcome: Outcome = "not_found"
    sentences: tuple[Sentence, ...] = (Sentence(REFUSAL, ()),)
    citations: tuple[Citation, ...] = ()
    note: str | None = None
    is_pieced: bool = False

    @property
    def spans(self) -> "list[HitSpan]":
        """The sentences that are cited, in the order of their numbers."""
        return [HitSpan(self.hits[citation.number - 1], citation.start, citation.end) for citation in self.citations]

    @property
    def cited_hits(self) -> list[Hit]:
        """The hits that are cited, each once, in the order of their numbers."""
        return list(dict.fromkeys(span.hit for span in self.spans))


class HitSpan(NamedTuple):
    """A sentence of a hit, and its span in the document."""

    hit: Hit
    start: int
    end: int

    @property
    def words(self) -> str:
        """The words of the sentence."""
        chunk = self.hit.chunk
        return chunk.text[self.start - chunk.start : self.end - chunk.start]


class _Claim(NamedTuple):
    """A sentence, and the first span of each hit that states it, by the number of the hit."""

    text: str
    spans: dict[int, HitSpan]

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks that state the sentence, those of articles first."""
        return [span.hit.chunk for span in self.spans.values()]

    @property
    def articles(self) -> list[Chunk]:
        """The article chunks that state the sentence."""
        return [chunk for chunk in self.chunks if chunk.voice == "article"]


def cite_spans(spans: Sequence[HitSpan], hits: Iterable[Hit] = ()) -> Quotes:
    """Return sentences as the evidence for an answer, each with its hit's number; readers' words come last.

    The hits have the first numbers; others get the next ones. A sentence that another one already states is not
    repeated. If only readers' comments state a sentence, the answer names the reader. The outcome is `not_found`,
    without citations, if there is no sentence. It is `unconfirmed` if all sentences are of readers' comments.
    """
    numbered: dict[int, Hit] = {}
    for hit in [*hits, *(span.hit for span in spans)]:
        numbered.setdefault(hit.chunk.id, replace(hit, rank=len(numbered) + 1))
    hits = tuple(numbered.values())
    claims = _merge(sorted(spans, key=lambda span: is_comment(span.hit)), numbered)
    if not claims:
        return Quotes(hits)
    # Two sentences may quote one passage. The claims of articles come first.
    places = {(number, span.start): span for claim in claims for number, span in claim.spans.items()}
    citations = tuple(_make_citation(number, places[number, start]) for number, start in sorted(places))
    outcome: Outcome = "answered" if claims[0].articles else "unconfirmed"
    return Quotes(hits, outcome, _attribute(claims), citations)


def quote_evidence(hits: Sequence[Hit]) -> Quotes:
    """Return the answer without an LLM: the sentences of the hits that share the most words with the question."""
    ranked = rank_evidence(hits)[:_QUOTED]
    most = max((share for _, share in ranked), default=0.0)
    best = [span for span, share in ranked if share >= max(_LEAST_SHARE, most * _NEARLY)]
    return cite_spans(sorted(best, key=lambda span: (span.hit.rank, span.start)), hits)


def rank_evidence(hits: Iterable[Hit]) -> list[tuple[HitSpan, float]]:
    """Return the sentences of the hits that share words with the question, each with its share, 0 to 1.

    The sentences that share the most come first, and articles before readers' comments that share as much. Orders to
    machines are left out.
    """
    evidence = [(HitSpan(hit, one.start, one.end), one.score) for hit in hits for one in hit.evidence]
    sentences = [(span, share) for span, share in evidence if not is_order(span.words)]
    return sorted(sentences, key=lambda pair: (-pair[1], is_comment(pair[0].hit)))


def is_comment(hit: Hit) -> bool:
    """Return whether a hit is of a reader's comment."""
    return hit.chunk.voice == "comment"


def _merge(spans: Sequence[HitSpan], numbered: Mapping[int, Hit]) -> list[_Claim]:
    """Return the sentences at the spans as claims; sentences that say the same are one claim.

    Articles come first, so that none joins a claim of readers: it would seem to confirm their words.
    """
    claims: list[_Claim] = []
    for span, following in zip_longest(spans, spans[1:]):
        chunk = span.hit.chunk
        is_pointed_at = following is not None and following.hit.chunk.id == chunk.id and points_back(following.words)
        # "She" in the next sentence means a person named right before: so only the last claim can be the same.
        known = claims[-1:] if is_pointed_at else claims
        text = _finish(span.words)
        claim = next((one for one in known if _says(one.text, text)), None)
        if claim is None:
            claim = _Claim(text, {})
            claims.append(claim)
        claim.spans.setdefault(numbered[chunk.id].rank, span)
    return claims


def _says(claim: str, text: str) -> bool:
    """Return whether a claim says the same as a text. Names must be in order: "A beat B" is not "B beat A"."""
    words = content_words(text)
    if not words or not words <= content_words(claim):
        return False
    in_order = are_in_order(find_names(text), find_names(claim))
    denies_as_often = len(NEGATION.findall(text)) == len(NEGATION.findall(claim))
    return in_order and denies_as_often and find_conflict(text, [claim]) is None


def _finish(text: str) -> str:
    """Return words of a passage as a sentence, without the marks of bold letters; code stays as it is."""
    if is_code(text):
        return text
    first, space, rest = _BOLD.sub(r"\1", " ".join(text.split())).partition(" ")
    is_small = first.isalpha() and first.islower()
    sentence = (first.capitalize() if is_small else first) + space + rest
    is_ended = sentence.rstrip("*_").endswith(SENTENCE_ENDS)
    return sentence if is_ended else f"{sentence.rstrip(',;:')}."


def _attribute(claims: Sequence[_Claim]) -> tuple[Sentence, ...]:
    """Return claims as sentences that name a reader who speaks, or the date if the articles have several.

    A reader's successive words become one sentence of the answer, so that the name covers them all.
    """
    dates = {chunk.date for claim in claims for chunk in claim.articles}
    sentences: list[Sentence] = []
    speaking: list[Chunk] = []
    for claim in claims:
        if claim.articles:
            text = _add_date(claim.text, claim.articles[0].date if len(dates) > 1 else None)
        elif claim.chunks == speaking:
            text = f"{sentences.pop().text} {claim.text}"
        else:
            text = _name_reader(claim.text, claim.chunks[0])
        speaking = claim.chunks
        sentences.append(Sentence(text, tuple(claim.spans)))
    return tuple(sentences)


def _add_date(text: str, date: str | None) -> str:
    return f"{text[:-1]} ({date}){text[-1]}" if date else text


def _name_reader(text: str, chunk: Chunk) -> str:
    speaker = f"Reader {chunk.author}" if chunk.author else "A reader"
    return f"{speaker} says: {text}"


def _make_citation(number: int, span: HitSpan) -> Citation:
    c = span.hit.chunk
    return Citation(
        number,
        c.document_id,
        c.id,
        c.source,
        c.title,
        c.outlet,
        span.words,
        span.start,
        span.end,
        c.metadata,
        **c.get_origin(),
    )
