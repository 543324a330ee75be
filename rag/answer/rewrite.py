"""Makes a follow-up question stand alone, from the turns before it."""

import re
from collections.abc import Sequence

from rag.answer.prompt import Prompts, build_rewrite
from rag.llm.llama import LLM, Message

# A question with a word that points back, or of so few words, may not stand alone.
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|ones?|former|latter"
    r"|same|others?|another|else|both|either|neither|above|again|too|instead)\b"
    r"|^\W*(?:and|but|so|or|also|what about|how about)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 4
# The latest turns that fit are given to the LLM, of each so many words.
_MAX_HISTORY_TOKENS = 512
_MAX_WORDS = 60
_MAX_TOKENS = 64


def stands_alone(question: str) -> bool:
    """Tell whether a question can be understood without what was said before, as far as its words show."""
    return len(question.split()) > _FEW_WORDS and not _POINTS_BACK.search(question)


def rewrite_question(question: str, history: Sequence[Message], *, llm: LLM, prompts: Prompts) -> str | None:
    """Return a follow-up as a question that stands alone, or None if it does as it is, or there was nothing before."""
    recent = [Message(m.role, " ".join(m.content.split()[:_MAX_WORDS])) for m in history]
    while recent and llm.count_tokens(recent) > _MAX_HISTORY_TOKENS:
        del recent[0]
    if not recent or stands_alone(question):
        return None
    messages = build_rewrite(question, recent, prompts=prompts)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0)).strip()
    return written.splitlines()[0] if written else None
