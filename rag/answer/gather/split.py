"""Splits a question that compares two things into one question about each."""

import re
from collections.abc import Set

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
# A question may have these words in place of others.
_ASKING = content_words("how can")


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares.

    The LLM writes them. There are none if it writes anything else, or if the question compares nothing.
    """
    comparison = question.comparison
    if not comparison:
        return ()
    messages = fill(prompts, question=question.text)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = tuple(re.split(r"\s*\n\s*", written.strip()))
    if len(lines) != 2:
        return ()
    one, other = lines
    is_split = _ask_alike(one, other, comparison) and _adds_nothing(f"{one} {other}", question.text, comparison)
    return (one, other) if is_split else ()


def _ask_alike(one: str, other: str, comparison: Comparison) -> bool:
    """Return whether two questions ask the same of two things, each by a name of its own: not of "the year before"."""
    first_words = {one.partition(" ")[0], other.partition(" ")[0]}
    words, others = content_words(one), content_words(other)
    asked = words & others - comparison.names - _ASKING
    things = words - others, others - words
    if len(first_words) > 1 or not asked or not all(things):
        return False
    return comparison.is_named(*things) and RELATIVE.isdisjoint(words ^ others)


def _adds_nothing(text: str, question: str, comparison: Comparison) -> bool:
    """Return whether a text has the words of a question alone, or of what it compares, and all its numbers."""
    known = content_words(question) | comparison.asked | _ASKING
    is_known = _begin(content_words(text)) <= _begin(known)
    return is_known and is_faithful(text, question) and not has_new_number(question, text)


def _begin(words: Set[str]) -> set[str]:
    """Return the first letters of words."""
    return {word[:_BEGINNING] for word in words}
