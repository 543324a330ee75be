"""Finds out whether a question compares two things, and which."""

import re
from collections.abc import Set
from typing import NamedTuple

from rag.answer.signs import ASKS, COMPARES, COMPARING, PROPERTIES, SIDES
from rag.text import content_words, count_words

# The name of a thing that is compared has no more words than this.
_NAME_WORDS = 8


class Side(NamedTuple):
    """One of two things that a question compares: its name there, and the words that the other one does not have.

    `question` is the question without the other thing: "Which is longer, the old bridge?".
    """

    name: str
    words: frozenset[str]
    question: str


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

    def are_named(self, words: Set[str], others: Set[str]) -> bool:
        """Return whether there are words and others, and if there are sides, each has a word of its side."""
        named = zip(self.sides, (words, others), strict=False)
        return bool(words and others) and all(side.words & own for side, own in named)


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
    one, other = _make_side(match, "one"), _make_side(match, "other")
    if not _is_name(one.name) or not _is_name(other.name):
        return ()
    sides = one._replace(words=one.words - other.words), other._replace(words=other.words - one.words)
    return sides if all(side.words for side in sides) else ()


def _make_side(match: re.Match[str], group: str) -> Side:
    """Return the side in a group of the pattern that found two of them, with all words of its name."""
    before, name, after = match.string[: match.start("one")], match[group].strip(), match.string[match.end("other") :]
    return Side(name, frozenset(content_words(name)), f"{before.rstrip()} {name}{after}".lstrip())


def _is_name(text: str) -> bool:
    """Return whether a text may be the name of a thing: it is short and asks nothing."""
    return count_words(text) <= _NAME_WORDS and not ASKS.search(text)
