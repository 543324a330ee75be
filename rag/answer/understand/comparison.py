"""Finds out whether a question compares two things, and which."""

from typing import NamedTuple

from rag.answer.signs import ASKS, COMPARES, COMPARING, SIDES
from rag.text import content_words, count_words

# The name of a thing that is compared has no more words than this.
_NAME_WORDS = 8


class Side(NamedTuple):
    """One of two things that a question compares: its name there, and the words that the other one does not have."""

    name: str
    words: frozenset[str]


class Comparison(NamedTuple):
    """What a question compares: its two sides with all words of their names, and the words for a property of them.

    There are no sides if the question does not simply name them.
    """

    sides: tuple[Side, ...]
    names: frozenset[str]
    asked: frozenset[str]

    @property
    def is_general(self) -> bool:
        """Whether the question names two things and no property of them."""
        return len(self.sides) > 0 and not self.asked


def find_comparison(question: str) -> Comparison | None:
    """Return what a question compares; None if it has no words that compare."""
    if not COMPARES.search(question):
        return None
    sides = _find_sides(question)
    names = frozenset(content_words(" ".join(side.name for side in sides)))
    return Comparison(sides, names, content_words(question) - names - COMPARING)


def _find_sides(question: str) -> tuple[Side, ...]:
    """Return the two sides that a question names; () unless both are names with a word of their own."""
    match = next(filter(None, (pattern.search(question) for pattern in SIDES)), None)
    if not match:
        return ()
    names = match["one"].strip(), match["other"].strip()
    one, other = map(content_words, names)
    if not all(map(_is_name, names)) or one <= other or other <= one:
        return ()
    return Side(names[0], frozenset(one - other)), Side(names[1], frozenset(other - one))


def _is_name(text: str) -> bool:
    """Return whether a text may be the name of a thing: it is short and asks nothing."""
    return count_words(text) <= _NAME_WORDS and not ASKS.search(text)
