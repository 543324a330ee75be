"""Makes a follow-up question stand alone, from the turns before it."""

import re
from collections.abc import Sequence

from rag.answer.check import find_conflict
from rag.answer.prompt import Prompts, build_rewrite
from rag.llm.base import LLM, Message

# A question with a word that points back, or of few words, may not stand alone; one of many words does.
_FOLLOWS_UP = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|ones?|former|latter"
    r"|same|others?|another|else|both|either|neither|above|again|too|instead)\b"
    r"|^\W*(?:and|but|so|or|also|what about|how about)\b",
    re.IGNORECASE,
)
_FEW_WORDS, _MANY_WORDS = 4, 40
# Messages of the history that are given to the LLM, and words of each.
_MESSAGES = 6
_WORDS = 60
_MAX_TOKENS = 64


def stands_alone(question: str) -> bool:
    """Return whether a question can be understood without what was said before, as far as its words show."""
    words = len(question.split())
    return words > _MANY_WORDS or (words > _FEW_WORDS and not _FOLLOWS_UP.search(question))


def rewrite_question(question: str, history: Sequence[Message], *, llm: LLM, prompts: Prompts) -> str | None:
    """Return a follow-up as a question that stands alone, or None if it does as it is, or there was nothing before."""
    if stands_alone(question):
        return None
    recent = [Message(m.role, " ".join(m.content.split()[:_WORDS])) for m in history[-_MESSAGES:]]
    while recent:
        messages = build_rewrite(question, recent, prompts=prompts)
        if llm.count_tokens(messages) + _MAX_TOKENS <= llm.context_size:
            pieces = list(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
            lines = "".join(pieces).strip().splitlines()
            if not lines:
                return None
            rewritten = lines[0] if len(pieces) < _MAX_TOKENS else ""
            said = " ".join(message.content for message in recent)
            return rewritten if is_faithful(rewritten, f"{said} {question}") else _put_behind(question, recent)
        del recent[:2]
    return None


def is_faithful(rewritten: str, said: str) -> bool:
    """Return whether a rewritten question is one, with no number or name that nobody said."""
    return rewritten.endswith("?") and find_conflict(rewritten, [said], []) is None


def _put_behind(question: str, history: Sequence[Message]) -> str | None:
    """Return a question behind the one before it, if there was one: an LLM understands the two together."""
    earlier = [message.content for message in history if message.role == "user"]
    return f"{earlier[-1]} {question}" if earlier else None
