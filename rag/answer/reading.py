"""Asks the LLM about one passage at a time whether it states the answer, and chooses which one to ask about next."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answer.cite import Span, get_words
from rag.answer.confidence import estimate_confidence
from rag.answer.kinds import ASKS_WHY
from rag.answer.locate import locate_sentences
from rag.answer.prompt import BEGIN, NO, YES, Prompts, build_question, has_evidence
from rag.answer.signs import HEDGE, NEGATION
from rag.errors import QuestionError
from rag.llm.base import LLM, Leaning, Message
from rag.types import Hit

# An article as likely as this to state the answer is the last that is read, unless its words leave the question open;
# then others as likely add to it.
_SURE = 0.3
# A hit with less than this share of the first one's score hardly ever turns out to be the likeliest, or adds to it.
_NEAR = 0.8
# The log-odds are hardly ever higher: where even these would not be enough, nothing is read.
_HIGHEST = Leaning(3.0)
# If the question is why, what has log-odds above this adds to it: the LLM is shy of reasons.
_SHY = -0.5
# Passages that make an answer, at most.
_MOST = 3
# Another document, found with this share of the score, is about the same, and of another date it may say otherwise.
_RIVAL = 0.9
_ASKS_TWO = re.compile(r"\b(?:and|or)\b[^?]*\b(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)


class Reading(NamedTuple):
    """A hit, its number, what the LLM was asked about it, and how likely it states the answer.

    `log_odds` are the LLM's, that it does; `confidence` is the probability, 0 to 1, with the hit's score.
    """

    number: int
    hit: Hit
    messages: list[Message]
    log_odds: float
    confidence: float

    @property
    def is_comment(self) -> bool:
        return self.hit.chunk.voice == "comment"


class Reader:
    """Reads the hits of a question, no more of them than it takes; `prompt_tokens` counts what was read."""

    def __init__(
        self, question: str, hits: Sequence[Hit], *, llm: LLM, prompts: Prompts, caution: float, room: int
    ) -> None:
        """Hits that take more than `room` tokens with the question are passed over.

        Raises QuestionError if all do.
        """
        self._question = question
        self._hits = hits
        self._caution = caution
        self._sure = max(_SURE, caution)
        self._llm = llm
        self.readings: list[Reading] = []
        self.prompt_tokens = instructions = llm.count_tokens(prompts.examples)
        asked = [build_question(question, hit, prompts=prompts) for hit in hits]
        tokens = [llm.count_tokens(messages) for messages in asked]
        if min(tokens) > room:
            words = len(question.split())
            raise QuestionError(
                f"the question is too long for the LLM's context ({words:,} words): shorten it or raise --context"
            )
        self._unread = [
            (n, messages, count - instructions)
            for n, (messages, count) in enumerate(zip(asked, tokens, strict=True), start=1)
            if count <= room and has_evidence(hits[n - 1])
        ]

    @property
    def confidence(self) -> float:
        """The probability that one of the hits states the answer: that of the likeliest; 0 if none was read."""
        return self._best.confidence if self._best else 0.0

    @property
    def _best(self) -> Reading | None:
        return max(self.readings, key=lambda reading: reading.confidence, default=None)

    def choose(self) -> Iterator[Reading]:
        """Yield the hit that likeliest states the answer, if that is likely enough, then those that may add to it.

        Only who asks for these has them read. The likeliest articles come first, and one reader's comment last.
        """
        for part in [*self._unread]:
            if self._is_enough():
                break
            if self._could_be_likeliest(self._hits[part[0] - 1]):
                self._unread.remove(part)
                self._read(*part)
        best = self._best
        if best is None or best.confidence < self._caution:
            return
        yield best
        asks_why = ASKS_WHY.search(self._question)
        asks_more = asks_why or _ASKS_TWO.search(self._question)
        documents = {hit.chunk.document_id for hit in (best.hit, *self._find_rivals(best))}
        for part in self._unread:
            hit = self._hits[part[0] - 1]
            if hit.chunk.document_id in documents and (asks_more or self._is_near(hit)):
                self._read(*part)
        others = [
            reading
            for reading in self.readings
            if reading is not best and reading.hit.chunk.document_id in documents
            and (reading.log_odds > _SHY if asks_why else reading.confidence >= self._sure)
        ]  # fmt: skip
        others.sort(key=lambda reading: -reading.confidence)
        readers = [reading for reading in others if reading.is_comment][:1]
        yield from [reading for reading in others if not reading.is_comment][: _MOST - 1 - len(readers)]
        yield from readers

    def _is_enough(self) -> bool:
        last = self.readings[-1] if self.readings else None
        return last is not None and last.confidence >= self._sure and not last.is_comment

    def _could_be_likeliest(self, hit: Hit) -> bool:
        return self._is_near(hit) and estimate_confidence(_HIGHEST, hit.score, llm=self._llm.name) >= self._caution

    def _is_near(self, hit: Hit) -> bool:
        return hit.score >= _NEAR * self._hits[0].score

    def _read(self, number: int, messages: list[Message], tokens: int) -> None:
        hit = self._hits[number - 1]
        leaning = self._llm.compare(messages, YES, NO)
        confidence = estimate_confidence(leaning, hit.score, llm=self._llm.name)
        self.readings.append(Reading(number, hit, messages, leaning.log_odds, confidence))
        self.prompt_tokens += tokens

    def locate(self, reading: Reading, written: str) -> list[Span]:
        """Return the sentences of a hit that the LLM means by what it wrote from it."""
        reply = " ".join(written.split()).removeprefix(BEGIN)
        places = locate_sentences(reply, reading.hit, question=self._question)
        return [Span(reading.number, start, end) for start, end in places]

    def leaves_open(self, reading: Reading, spans: Sequence[Span]) -> bool:
        """Return whether there may be more to say than the LLM found in a hit, as far as the words at its spans show.

        There may be if only a reader says it, if it denies or guesses, if two things were asked, or why (which others
        may see otherwise), or if a document of another date is as near.
        """
        reply = " ".join(get_words(reading.hit.chunk, span) for span in spans)
        return bool(
            reading.is_comment
            or NEGATION.search(reply)
            or HEDGE.search(reply)
            or ASKS_WHY.search(self._question)
            or _ASKS_TWO.search(self._question)
            or any(hit.chunk.date != reading.hit.chunk.date for hit in self._find_rivals(reading))
        )

    def _find_rivals(self, reading: Reading) -> list[Hit]:
        """Return the hits of other documents that are as near to the question."""
        near = [hit for hit in self._hits if hit.score >= _RIVAL * reading.hit.score]
        return [hit for hit in near if hit.chunk.document_id != reading.hit.chunk.document_id]
