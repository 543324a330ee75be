"""Makes a follow-up question stand alone, from the turns before it."""

from collections.abc import Sequence

from rag.answer.check import find_conflict
from rag.answer.prompt import Prompts, build_rewrite
from rag.answer.signs import FOLLOWS_UP
from rag.language import QUESTION_MARKS
from rag.llm.base import LLM, Message

# A question of at most four words is treated as a follow-up, and one of more than forty as complete.
_FEW_WORDS, _MANY_WORDS = 4, 40
# The LLM reads at most this many messages of the history, and words of each.
_MESSAGES = 6
_WORDS = 60
# A turn is a question and its answer.
_TURN = 2
_MAX_TOKENS = 64


def stands_alone(question: str) -> bool:
    """Return whether the words of a question show that it can be understood without the turns before it."""
    words = len(question.split())
    is_long, is_short = words > _MANY_WORDS, words <= _FEW_WORDS
    return is_long or not (is_short or FOLLOWS_UP.search(question))


def rewrite_question(question: str, history: Sequence[Message], *, llm: LLM, prompts: Prompts) -> str | None:
    """Return a follow-up to a turn before as a question that stands alone; or None."""
    if stands_alone(question):
        return None
    recent = _choose_recent(question, history, llm=llm, prompts=prompts)
    if not recent:
        return None
    messages = build_rewrite(question, recent, prompts=prompts)
    pieces = list(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    rewritten, _, _ = "".join(pieces).strip().partition("\n")
    if not rewritten:
        return None
    is_whole = len(pieces) < _MAX_TOKENS
    said = " ".join([*(message.content for message in recent), question])
    return rewritten if is_whole and is_faithful(rewritten, said) else join_to_last(question, recent)


def _choose_recent(question: str, history: Sequence[Message], *, llm: LLM, prompts: Prompts) -> list[Message]:
    """Return the last messages, shortened, of as many turns as fit into the LLM's context."""
    recent = [message._replace(content=_shorten(message.content)) for message in history[-_MESSAGES:]]
    room = llm.context_size - _MAX_TOKENS
    while recent and llm.count_tokens(build_rewrite(question, recent, prompts=prompts)) > room:
        del recent[:_TURN]
    return recent


def _shorten(text: str) -> str:
    return " ".join(text.split()[:_WORDS])


def is_faithful(rewritten: str, said: str) -> bool:
    """Return whether a rewritten text is a question, and all its numbers and names were said before."""
    return rewritten.endswith(QUESTION_MARKS) and find_conflict(rewritten, [said]) is None


def join_to_last(question: str, history: Sequence[Message]) -> str | None:
    """Return a question with the one before it in front, if there was one: an LLM understands the two together."""
    for message in reversed(history):
        if message.role == "user":
            return f"{message.content} {question}"
    return None
