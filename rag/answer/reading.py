"""Asks the LLM about one passage at a time: whether it states the answer, and in which words."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from rag.answer.check import HEDGE, NEGATION, OUTDATED, REASON
from rag.answer.cite import MIN_SUPPORT, find_quote, get_words, points_back
from rag.answer.confidence import estimate_confidence
from rag.answer.kinds import ASKS_WHY
from rag.answer.prompt import BEGIN, NO, YES, Prompts, build_question, has_evidence
from rag.errors import QuestionError
from rag.llm.llm import LLM, Leaning, Message
from rag.text import content_words, split_sentences
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
# So many passages at most make an answer.
_MOST = 3
# Another document, found with this share of the score, is about the same, and of another date it may say otherwise.
_RIVAL = 0.9
_ASKS_TWO = re.compile(r"\b(?:and|or)\b[^?]*\b(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)
# What says that no reason was given.
_UNTOLD = re.compile(
    r"\b(?:no|not|neither|nor|never|without|declined|refused|unclear|unknown|\w+n['’]t)\b[^.,;]*?"
    r"\b(?:statements?|reasons?|expla\w+|comment(?:ed)?|announce\w*|say|said|disclos\w+|know\w*|clear|why)\b",
    re.IGNORECASE,
)
# A clause, and no name, heading or date line, has so many words in small letters, or all of them.
_FEWEST_WORDS = 3


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

    def settle(self, reading: Reading, written: str) -> list[str]:
        """Return the sentences of a hit that the LLM means by what it wrote from it.

        One that points back ("He was …") is told with the one before it, and one that says what was planned, or was so
        once, with the one behind it.
        """
        sentences = [" ".join(reading.hit.chunk.text[i:j].split()) for i, j in split_sentences(reading.hit.chunk.text)]
        before = {other: [one] for one, other in pairwise(sentences) if points_back(other)}
        told = self._choose_sentences(reading.hit, " ".join(written.split()).removeprefix(BEGIN), sentences)
        after = {one: [other] for one, other in pairwise(sentences) if OUTDATED.search(one)}
        together = ([*before.get(one, []), one, *after.get(one, [])] for one in told)
        return [*dict.fromkeys(chain.from_iterable(together))]

    def _choose_sentences(self, hit: Hit, reply: str, sentences: Sequence[str]) -> list[str]:
        """Return those of a hit's sentences that a reply means.

        Who asks why and is told no reason is told instead that none was given, if the hit says so. Else the next
        sentence, which often has the reason, is told too; what is no clause gives way to the hit's reason, or nothing.
        """
        said = [reply[i:j] for i, j in split_sentences(reply)]
        told = (len(said) == 1 and _find_lines(reply, sentences)) or [self._quote(one, hit) for one in said]
        if not ASKS_WHY.search(self._question) or any(p.search(reply) for p in (REASON, NEGATION, HEDGE)):
            return told
        asked = content_words(self._question)
        about = [sentence for sentence in sentences if asked & content_words(sentence)]
        untold = [sentence for sentence in about if _UNTOLD.search(sentence)]
        if not _is_clause(reply[:1].lower() + reply[1:] if " " in reply else reply):
            return (untold + [sentence for sentence in about if REASON.search(sentence)])[:1]
        pairs = ([one, other] for one, other in pairwise(sentences) if [one] == told)
        longer = (pair for pair in pairs if _is_clause(pair[1]) and not REASON.search(pair[0]))
        return untold[:1] or next(longer, told)

    def _quote(self, said: str, hit: Hit) -> str:
        """Return the hit's sentence for one of the reply, or what was said if it has none.

        A small LLM quotes too little, or the wrong words of the right sentence, or it echoes the question.
        """
        is_echo = content_words(said) <= content_words(self._question)
        quote = find_quote(said, hit, question=self._question)
        if is_echo and quote.support < 1:  # with all its words in one sentence it chooses: "5 May", of two days asked
            quote = find_quote(self._question, hit, question=self._question)
        is_there = quote.support and (is_echo or quote.support >= MIN_SUPPORT)
        return " ".join(get_words(hit.chunk, quote).split()) if is_there else said

    def leaves_open(self, reading: Reading, reply: str) -> bool:
        """Tell whether there may be more to say than the LLM found in a hit, as far as its words show.

        So it is if only a reader says it, if it denies or guesses, if two things were asked, or why (which others may
        see otherwise), or if a document of another date is as near.
        """
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


def _find_lines(reply: str, sentences: Sequence[str]) -> list[str]:
    """Return the lines of a hit that a reply runs together, all of each: the LLM saw them as one."""
    words, parts = content_words(reply), [content_words(sentence) for sentence in sentences]
    whole = [i for i, part in enumerate(parts) if part and part <= words]
    if any(words <= part for part in parts) or not words <= set().union(*(parts[i] for i in whole)):
        return []
    return [sentences[i] for i in whole]


def _is_clause(text: str) -> bool:
    if text.islower() and any(word.isalpha() for word in content_words(text)):
        return True
    return sum(word.islower() for word in text.split()) >= _FEWEST_WORDS
