"""Decides which passages the LLM judges, which of them make the answer, and whether there is more to say.

Nothing here asks the LLM: a decision follows from the question, the hits and the judgements so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rag.answer.negation import is_unsure
from rag.answer.quote.cite import is_comment
from rag.answer.understand.query import Query
from rag.types import Hit


class Judged(NamedTuple):
    """A hit, and how likely it states the answer.

    `log_odds` are the LLM's; `confidence` is the probability, 0 to 1, which takes the hit's score into account too.
    """

    hit: Hit
    log_odds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions about a question and its hits, with their thresholds; shares and probabilities are 0 to 1."""

    question: Query
    hits: Sequence[Hit]
    # The least confidence to answer with.
    caution: float
    # After an article with this confidence no more hits are judged, unless its words leave the question open.
    # Other hits with this confidence add to the answer.
    enough: float = 0.3
    # A hit with less of the first one's relevance is hardly ever the likeliest, and hardly ever adds to it.
    near: float = 0.84
    # If the question asks why, a hit with higher log-odds adds to the answer: the LLM rarely recognises a reason.
    shy_log_odds: float = -0.5
    # An answer has at most this many passages.
    most_passages: int = 3
    # A document with at least 90 % of a hit's score is a rival: it is about the same thing. If its date differs, it may
    # say something else. This share was measured on scores, and the one above on relevances.
    rival: float = 0.9

    @property
    def sure(self) -> float:
        """The confidence above which a hit answers the question; at least the caution."""
        return max(self.enough, self.caution)

    @property
    def asks_more(self) -> bool:
        """Whether the question asks for two things, or for a reason: other passages may give other reasons."""
        return self.question.asks_why or self.question.asks_two

    def is_enough(self, one: Judged) -> bool:
        """Return whether a hit answers the question, so that no others need judging."""
        return one.confidence >= self.sure and not is_comment(one.hit)

    def is_near(self, hit: Hit) -> bool:
        """Return whether a hit is nearly as relevant as the first one, so that it may state the answer as well."""
        return hit.relevance >= self.near * self.hits[0].relevance

    def could_add(self, hit: Hit, best: Judged) -> bool:
        """Return whether a hit that was not judged may add to the answer that the best one gives."""
        is_worth_it = self.asks_more or self.is_near(hit)
        return is_worth_it and self._is_about_the_same(hit, best)

    def choose_others(self, judged: Sequence[Judged], best: Judged) -> list[Judged]:
        """Return the hits that add to the best one: the likeliest articles first, then one reader's comment."""
        likeliest_first = sorted(judged, key=lambda one: -one.confidence)
        others = [one for one in likeliest_first if self._adds(one, best)]
        comments = [one for one in others if is_comment(one.hit)][:1]
        articles = [one for one in others if not is_comment(one.hit)]
        most_articles = self.most_passages - 1 - len(comments)
        return articles[:most_articles] + comments

    def leaves_open(self, one: Judged, words: str) -> bool:
        """Return whether there may be more to say than the words that were quoted from a hit.

        There may be if the words are a reader's, or deny or guess. The same holds if the question asks two things or
        a reason, or if a document of another date scores nearly as high.
        """
        if is_comment(one.hit) or self.asks_more or is_unsure(words):
            return True
        return any(hit.chunk.date != one.hit.chunk.date for hit in self._find_rivals(one.hit))

    def _adds(self, one: Judged, best: Judged) -> bool:
        """Return whether a hit states an answer too, and is of the best hit's document or of a rival."""
        if one is best or not self._is_about_the_same(one.hit, best):
            return False
        if self.question.asks_why:
            return one.log_odds > self.shy_log_odds
        return one.confidence >= self.sure

    def _is_about_the_same(self, hit: Hit, best: Judged) -> bool:
        """Return whether a hit is of the best hit's document, or of a rival."""
        document_ids = {rival.chunk.document_id for rival in self._find_rivals(best.hit)}
        return hit.chunk.document_id in document_ids | {best.hit.chunk.document_id}

    def _find_rivals(self, hit: Hit) -> list[Hit]:
        """Return the hits of other documents that score nearly as high as a hit."""
        own, least = hit.chunk.document_id, self.rival * hit.score
        return [other for other in self.hits if other.chunk.document_id != own and other.score >= least]
