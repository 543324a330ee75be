"""Weighs the words of a search, in the same way for every store."""

import re

from rag.text import STOP_WORDS

# The weight of a word in a chunk's description, relative to the chunk's own words (docs/experiments.md).
ABOUT_WEIGHT = 0.3
# Only the first words of a longer question count, because FTS5 rejects queries of thousands.
MAX_TERMS = 64
_WORD = re.compile(r"\w+")


def list_words(text: str) -> list[str]:
    """Return the words of a text."""
    return _WORD.findall(text)


def list_telling_words(question: str) -> list[str]:
    """Return the words of a question in lower case, without stop words unless it has no others."""
    words = list_words(question.lower())
    return [word for word in words if word not in STOP_WORDS] or words
