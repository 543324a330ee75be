"""Splits a question that compares two things into one question about each."""

import re
from collections.abc import Sequence, Set

from rag.answer.numbers import has_new_number
from rag.answer.prompt import Prompts, fill
from rag.answer.signs import RELATIVE
from rag.answer.understand.comparison import Comparison
from rag.answer.understand.query import Query
from rag.answer.understand.rewrite import is_faithful
from rag.llm.base import LLM
from rag.text import content_words

_MAX_TOKENS = 64
# Words are forms of one word if their first three letters are the same: "longer" and "long", "killed" and "kill".
_BEGINNING = 3
# A line may have these words in place of others of the question.
_ASKING = content_words("how can")


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares.

    The LLM writes them. If it writes anything else, each is the question without the other thing; the question has to
    name just two, and the LLM may not find more.
    """
    comparison = question.comparison
    if not comparison:
        return ()
    messages = fill(prompts, question=question.text)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = re.split(r"\s*\n\s*", written.strip())
    if len(lines) > 2:
        return ()
    if _ask_alike(lines, comparison) and _adds_nothing(" ".join(lines), question.text, comparison):
        return tuple(lines)
    return tuple(side.question for side in comparison.sides)


def _ask_alike(lines: Sequence[str], comparison: Comparison) -> bool:
    """Return whether lines ask the same of two things, each by a name of its own: not of "the year before"."""
    one, other = content_words(lines[0]), content_words(lines[-1])
    first_words = {line.partition(" ")[0] for line in lines}
    asked = one & other - comparison.names - _ASKING
    is_relative = not RELATIVE.isdisjoint(one ^ other)
    if len(first_words) > 1 or not asked or is_relative:
        return False
    return comparison.are_named(one - other, other - one)


def _adds_nothing(text: str, question: str, comparison: Comparison) -> bool:
    """Return whether a text has the words of a question alone, or of what it compares, and all its numbers."""
    known = content_words(question) | comparison.asked | _ASKING
    is_known = _begin(content_words(text)) <= _begin(known)
    return is_known and is_faithful(text, question) and not has_new_number(question, text)


def _begin(words: Set[str]) -> set[str]:
    """Return the first letters of words."""
    return {word[:_BEGINNING] for word in words}
