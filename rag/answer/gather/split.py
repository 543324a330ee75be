"""Splits a question that compares two things into one question about each."""

import re
from collections.abc import Sequence

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
# Words that a line may add: "more people" becomes "how many people".
_ASKING = content_words("how much many can")


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares.

    The LLM writes them. There are none if it writes anything else, or if the question compares nothing.
    """
    if not question.comparison:
        return ()
    messages = fill(prompts, question=question.text)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = tuple(re.split(r"\s*\n\s*", written.strip()))
    is_split = len(lines) == 2 and _ask_the_same(lines, question) and _are_of_both(lines, question.comparison)
    return lines if is_split else ()


def _ask_the_same(lines: Sequence[str], question: Query) -> bool:
    """Return whether lines ask in the same way, with the words of a question alone and with all its numbers."""
    first_words = {line.split()[0] for line in lines}
    words = content_words(" ".join(lines)) - _ASKING
    said = {word[:_BEGINNING] for word in question.words}
    is_said = all(word[:_BEGINNING] in said for word in words)
    numbers = {word for word in question.words if word[0].isdigit()}
    are_faithful = all(is_faithful(line, question.text) for line in lines)
    return len(first_words) == 1 and is_said and numbers <= words and are_faithful


def _are_of_both(lines: Sequence[str], comparison: Comparison) -> bool:
    """Return whether two lines ask for a property of two things, and neither names its thing by the other."""
    one, other = map(content_words, lines)
    own_words = (one - other, other - one)
    is_property = bool(one & other - _ASKING - comparison.names)
    is_relative = not RELATIVE.isdisjoint(one ^ other)
    are_sides = all(side.words & words for side, words in zip(comparison.sides, own_words, strict=False))
    return all(own_words) and is_property and are_sides and not is_relative
