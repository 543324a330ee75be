"""Suggests questions that documents answer."""

from rag.answer.prompt import Prompts, build_suggestion
from rag.answer.understand.rewrite import stands_alone
from rag.language import QUESTION_MARKS
from rag.llm.base import LLM
from rag.text import content_words
from rag.types import Chunk

_MAX_TOKENS = 32
# A question that shares fewer words with the passage and its title is about something else.
_MIN_SHARED = 2


def suggest_question(chunk: Chunk, *, llm: LLM, prompts: Prompts) -> str | None:
    """Return a question that a chunk answers, if the LLM writes one."""
    messages = build_suggestion(chunk, prompts=prompts)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0)).strip()
    question, _, _ = written.partition("\n")
    shared = content_words(question) & content_words(f"{chunk.title} {chunk.text}")
    is_about_it = len(shared) >= _MIN_SHARED
    is_question = question.endswith(QUESTION_MARKS) and stands_alone(question)
    return question if is_question and is_about_it else None
