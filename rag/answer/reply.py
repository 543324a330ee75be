"""Has the LLM write a short reply to a question from the quoted sentences, and checks it against them."""

import logging
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rag.answer.check import find_fault
from rag.answer.negation import UNEXPLAINED, YES_OR_NO, is_unsure
from rag.answer.prompt import Prompts, fill, label_chunk
from rag.answer.quote.cite import Quotes
from rag.answer.signs import REASON
from rag.answer.understand.query import Query
from rag.language import QUESTION_MARKS
from rag.llm.base import LLM, Message
from rag.text import content_words
from rag.types import Chunk, Sentence

logger = logging.getLogger(__name__)

_MAX_TOKENS = 48
_YES, _NO = "Yes", "No"
# "How much higher is the rent than last year?", but not "How many are older than 65?"
_THAN = re.compile(r"\bthan\b(?! \d)", re.IGNORECASE)
_ASKS_DIFFERENCE = re.compile(rf"\bhow (?:much|many)\b.*{_THAN.pattern}", re.IGNORECASE)
# Between these log-odds of yes against no, half of its "Yes" and "No" are wrong (docs/experiments.md).
_CLEAR_NO, _CLEAR_YES = -1.2, 2.5


class Reply(NamedTuple):
    """A reply that the quotes support, or none, and the number of tokens that the LLM read and wrote."""

    sentences: tuple[Sentence, ...] = ()
    prompt_tokens: int = 0
    answer_tokens: int = 0


class _Facts(NamedTuple):
    """A question, the article sentences quoted for it, and the passages that these cite, by number."""

    question: Query
    texts: tuple[str, ...]
    chunks: dict[int, Chunk]


def write_reply(quotes: Quotes, query: Query, *, llm: LLM, prompts: Prompts) -> Reply | None:
    """Return the LLM's reply to a question from the quotes of articles, unless they speak for themselves; or None.

    `_SPEAKS_FOR_ITSELF` says when. From readers' comments there is no reply, because that would report them as facts.
    """
    facts = _collect_facts(quotes, query)
    if any(rule(facts) for rule in _SPEAKS_FOR_ITSELF):
        return None
    messages = fill(prompts, quotes=" ".join(facts.texts), question=query.text)
    pieces = list(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    text = "".join(pieces).strip()
    fault = _find_fault(text, facts, messages, llm) if 0 < len(pieces) < _MAX_TOKENS else "no end"
    if fault:
        logger.info("the reply has %s: %s", fault, text)
    sentences = () if fault else (Sentence(text, tuple(facts.chunks)),)
    return Reply(sentences, llm.count_tokens(messages), len(pieces))


def _find_fault(text: str, facts: _Facts, messages: Sequence[Message], llm: LLM) -> str | None:
    """Return what is wrong with a reply: the facts do not support it, or the LLM is not sure of its yes or no.

    A reply that says why has to be from a sentence that gives a reason.
    """
    sources = [label_chunk(chunk) for chunk in facts.chunks.values()]
    if text.endswith(QUESTION_MARKS):
        return "a question"
    if facts.question.asks_why and not REASON.search(_find_nearest(text, facts.texts)):
        return "no reason"
    fault = find_fault(text, facts.texts, sources=sources, question=facts.question.text)
    if not fault and YES_OR_NO.match(text) and _CLEAR_NO < llm.compare(messages, _YES, _NO).log_odds < _CLEAR_YES:
        return "no clear yes or no"
    return fault


def _find_nearest(text: str, quotes: Sequence[str]) -> str:
    """Return the quote that shares the most words with a text, without the words for a reason."""
    words = content_words(REASON.sub(" ", text))
    return max(quotes, key=lambda quote: len(words & content_words(quote)))


def _collect_facts(quotes: Quotes, query: Query) -> _Facts:
    """Return the facts for a reply: the sentences that cite an article."""
    texts: list[str] = []
    chunks: dict[int, Chunk] = {}
    for sentence in quotes.sentences:
        cited = {number: quotes.hits[number - 1].chunk for number in sentence.citations}
        if any(chunk.voice == "article" for chunk in cited.values()):
            texts.append(sentence.text)
            chunks |= cited
    return _Facts(query, tuple(texts), chunks)


def _lacks_reason(facts: _Facts) -> bool:
    """Return whether the question asks for a reason, and no sentence gives one, or one says that none is known.

    Otherwise the LLM takes the reason for something else: "It gave no reason. He moved because of the rent."
    """
    if not facts.question.asks_why:
        return False
    gives_reason = any(map(REASON.search, facts.texts))
    is_unexplained = any(map(UNEXPLAINED.search, facts.texts))
    return not gives_reason or is_unexplained or all(map(is_unsure, facts.texts))


def _chooses(facts: _Facts) -> bool:
    """Return whether the question is about two things: the LLM mostly names the one that the quotes name first."""
    comparison = facts.question.comparison
    return comparison is not None and len(comparison.sides) > 0


def _lacks_difference(facts: _Facts) -> bool:
    """Return whether the question asks by how much one thing is more than another, and no sentence says so.

    The LLM would take the amount of one of them.
    """
    return bool(_ASKS_DIFFERENCE.search(facts.question.text)) and not any(map(_THAN.search, facts.texts))


# The quotes stand alone if one of these holds.
_SPEAKS_FOR_ITSELF: tuple[Callable[[_Facts], bool], ...] = (
    lambda facts: not facts.texts,
    lambda facts: facts.question.is_topic,
    _lacks_reason,
    lambda facts: len(facts.texts) > facts.question.kind.most_replied,
    _lacks_difference,
    _chooses,
)
