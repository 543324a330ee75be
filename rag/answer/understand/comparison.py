"""Finds out whether a question compares two things, and which."""

from collections.abc import Set
from typing import NamedTuple

from rag.answer.signs import ASKS, COMPARES, COMPARING, PROPERTIES, SIDES
from rag.text import content_words, count_words

# The name of a thing that is compared has no more words than this.
_NAME_WORDS = 8


class Side(NamedTuple):
    """One of two things that a question compares: its name there, and the words that the other one does not have."""

    name: str
    words: frozenset[str]


class Comparison(NamedTuple):
    """Two things that a question compares, all words of their names, and the words for what is compared of them.

    There are no sides if the question does not simply name them. If it asks which is "cheaper", "price" is such a word.
    """

    sides: tuple[Side, ...]
    names: frozenset[str]
    asked: frozenset[str]

    @property
    def is_general(self) -> bool:
        """Whether the question names two things and no property of them."""
        return len(self.sides) > 0 and not self.asked

    def is_named(self, *words: Set[str]) -> bool:
        """Return whether the first words name the first side, and the second words the other one, if there are any."""
        return all(side.words & own for side, own in zip(self.sides, words, strict=False))


def find_comparison(question: str) -> Comparison | None:
    """Return the things that a question compares; None if it has no words that compare."""
    if not COMPARES.search(question):
        return None
    sides = _find_sides(question)
    names = frozenset(content_words(" ".join(side.name for side in sides)))
    asked = content_words(question) - names - COMPARING
    for comparative in asked & PROPERTIES.keys():
        asked |= PROPERTIES[comparative]
    return Comparison(sides, names, frozenset(asked))


def _find_sides(question: str) -> tuple[Side, ...]:
    """Return the two sides that a question names; () unless both are names with a word of their own."""
    matches = filter(None, (pattern.search(question) for pattern in SIDES))
    match = next(matches, None)
    if not match:
        return ()
    one, other = match["one"].strip(), match["other"].strip()
    if not _is_name(one) or not _is_name(other):
        return ()
    words, others = content_words(one), content_words(other)
    sides = Side(one, frozenset(words - others)), Side(other, frozenset(others - words))
    return sides if sides[0].words and sides[1].words else ()


def _is_name(text: str) -> bool:
    """Return whether a text may be the name of a thing: it is short and asks nothing."""
    return count_words(text) <= _NAME_WORDS and not ASKS.search(text)
