"""Asks the LLM, one passage at a time, whether the passage states the answer, and in which words."""

from collections.abc import Iterator, Sequence

from rag.answer.prompt import BEGIN, NO, YES, Prompts, build_question, has_evidence
from rag.answer.quote.cite import HitSpan
from rag.answer.quote.confidence import estimate_confidence
from rag.answer.quote.locate import locate_sentences
from rag.answer.quote.policy import Judged, Policy
from rag.answer.understand.query import Query
from rag.errors import QuestionError
from rag.llm.base import LLM, Message
from rag.types import Hit


class Reader:
    """Has the LLM judge as few hits of a question as needed; `prompt_tokens` counts the tokens that it read."""

    def __init__(
        self, question: Query, hits: Sequence[Hit], *, llm: LLM, prompts: Prompts, caution: float, room: int
    ) -> None:
        """Prepare to judge the hits that take at most `room` tokens with the question.

        Raises QuestionError if every hit takes more.
        """
        self._policy = Policy(question, hits, caution)
        self._llm = llm
        self._judged: list[Judged] = []
        self._messages = {hit.chunk.id: build_question(question.text, hit, prompts=prompts) for hit in hits}
        self.prompt_tokens = self._instruction_tokens = llm.count_tokens(prompts.examples)
        self._tokens = {chunk_id: llm.count_tokens(messages) for chunk_id, messages in self._messages.items()}
        fitting = [hit for hit in hits if self._tokens[hit.chunk.id] <= room]
        if not fitting:
            words = len(question.text.split())
            raise QuestionError(
                f"the question is too long for the LLM's context ({words:,} words): shorten it or raise --context"
            )
        self._left = list(filter(has_evidence, fitting))

    @property
    def confidence(self) -> float:
        """The highest probability of a judged hit that it states the answer; 0 if none was judged."""
        return max((one.confidence for one in self._judged), default=0.0)

    def choose(self) -> Iterator[Judged]:
        """Yield the hit that most likely states the answer, if it is likely enough, then hits that may add to it.

        These others are judged only when the caller asks for the next one.
        """
        best = self._find_likeliest()
        if best is None or best.confidence < self._policy.caution:
            return
        yield best
        for hit in list(self._left):
            if self._policy.could_add(hit, best):
                self._judge(hit)
        yield from self._policy.choose_others(self._judged, best)

    def _find_likeliest(self) -> Judged | None:
        """Judge hits in order until one answers the question; return the likeliest one judged, or None."""
        for hit in list(filter(self._policy.is_near, self._left)):
            if self._policy.is_enough(self._judge(hit)):
                break
        return max(self._judged, key=lambda one: one.confidence, default=None)

    def _judge(self, hit: Hit) -> Judged:
        """Have the LLM judge a hit; return the judgement."""
        leaning = self._llm.compare(self._messages[hit.chunk.id], YES, NO)
        confidence = estimate_confidence(leaning, hit.score, llm=self._llm.name)
        judged = Judged(hit, leaning.log_odds, confidence)
        self._judged.append(judged)
        self._left.remove(hit)
        # The LLM reads the instruction once.
        self.prompt_tokens += self._tokens[hit.chunk.id] - self._instruction_tokens
        return judged

    def get_messages(self, one: Judged) -> list[Message]:
        """Return the messages about a hit; the LLM's reply to them goes on with the words that state the answer."""
        return self._messages[one.hit.chunk.id]

    def locate(self, one: Judged, written: str) -> list[HitSpan]:
        """Return the sentences of a hit that the LLM means by the words it wrote."""
        reply = " ".join(written.split()).removeprefix(BEGIN)
        spans = locate_sentences(reply, one.hit, question=self._policy.question)
        return [HitSpan(one.hit, start, end) for start, end in spans]

    def leaves_open(self, one: Judged, spans: Sequence[HitSpan]) -> bool:
        """Return whether there may be more to say than a hit says at its spans."""
        return self._policy.leaves_open(one, " ".join(span.words for span in spans))
