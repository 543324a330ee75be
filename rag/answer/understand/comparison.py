"""Finds out whether a question compares two things, and which."""

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
    words: Set[str]
    question: str


class Comparison(NamedTuple):
    """Two things that a question compares, all words of their names, and the words for what is compared of them.

    There are no sides if the question does not simply name them. If it asks which is "cheaper", "price" is such a word.
    """

    sides: tuple[Side, ...]
    names: Set[str]
    asked: Set[str]

    @property
    def is_general(self) -> bool:
        """Whether the question names two things and no property of them."""
        return len(self.sides) > 0 and not self.asked

    def are_named(self, words: Set[str], others: Set[str]) -> bool:
        """Return whether there are words and others, and if there are sides, each has a word of its side."""
        named = zip(self.sides, (words, others), strict=False)
        return bool(words and others) and all(side.words & own for side, own in named)


def find_comparison(question: str) -> Comparison | None:
    """Return the things that a question with words that compare is about; or None."""
    if not COMPARES.search(question):
        return None
    sides = _find_sides(question)
    names = content_words(" ".join(side.name for side in sides))
    asked = content_words(question) - names - COMPARING
    for comparative in asked & PROPERTIES.keys():
        asked |= PROPERTIES[comparative]
    return Comparison(sides, names, asked)


def _find_sides(question: str) -> tuple[Side, ...]:
    """Return the two sides that a question names; () unless both are names with a word of their own."""
    match = next(filter(None, (pattern.search(question) for pattern in SIDES)), None)
    if not match or not all(map(_is_name, match.group("one", "other"))):
        return ()
    one, other = match["one"].strip(), match["other"].strip()
    words, others = content_words(one), content_words(other)
    if words <= others or others <= words:
        return ()
    before, after = question[: match.start("one")].rstrip(), question[match.end("other") :]
    return (
        Side(one, words - others, f"{before} {one}{after}".lstrip()),
        Side(other, others - words, f"{before} {other}{after}".lstrip()),
    )


def _is_name(text: str) -> bool:
    """Return whether a text may be the name of a thing: it is short and asks nothing."""
    return count_words(text) <= _NAME_WORDS and not ASKS.search(text)
