"""Finds out whether the quotes speak of the opposite of what a question asks for: the lowest, not the highest price."""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from rag.answer.negation import BOUNDS, EXCLUSION, NEGATION, QUALITIES, find_reversal
from rag.answer.signs import AUXILIARY, compile_any
from rag.text import content_words, list_stems

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# "Unsuitable" is the opposite of "suitable". After "in", "dis" and "de" only long words are: "discover".
_PREFIX = re.compile(r"(?:un|non-?|il|ir)(?=[^\W\d_]{5})|(?:in|im(?!m)|dis|de)(?=[^\W\d_]{8})")
# Two forms of one word differ by at most three letters at the end: "deactivated", "activation".
_ENDING = 3
# A question for what is not so: "What does the insurance not cover?", but not "What if it does not start?"
_DENIES = compile_any(
    r"\b(?:what|which|who|whom|where|when|how (?:many|much))\b"
    r"(?:(?!\b(?:if|because|that|why|reason|cause))[^.,;:?!]){0,80}?"
    rf"\b(?:{AUXILIARY} (?:[^\s,;’']+ ){{0,4}}?(?:not|never)|cannot|\w+n['’]t)\b"
)
# A shorter quote may leave the "not" to the sentence before it: "Twelve of us."
_SHORT = 6
# The line about what the passages have instead names at most this many.
_MOST_NAMED = 3


class Unmet(NamedTuple):
    """A word that a question asks for and the passages lack, and what they have instead."""

    wanted: str
    others: tuple[str, ...]

    @property
    def note(self) -> str:
        """A line that names what the passages have instead."""
        others = '", "'.join(self.others[:_MOST_NAMED])
        return f'The passages found say "{others}", not "{self.wanted}".'


def find_opposite(question: str, quotes: Iterable[str], texts: Iterable[str]) -> Unmet | None:
    """Return a word of a question that no text has, if the quotes have its opposite.

    `texts` are the passages of the quotes, with their labels. With a "not" in the question or the quotes there is none:
    "not allowed" is forbidden. Nor is there if the question has both: "Which is cheaper, A or B?"
    """
    quoted = " ; ".join(quotes)
    if " or " in question or NEGATION.search(f"{question} ; {quoted}"):
        return None
    known = f"{quoted} ; {' ; '.join(texts)}"
    # Rising and falling do not count here: "When do prices rise?" "When supply falls."
    reversal = find_reversal([*BOUNDS, *QUALITIES], question, known=known, quoted=quoted)
    reversal = reversal or _find_prefixed(question, known=known, quoted=quoted)
    return Unmet(reversal[0], reversal[1:]) if reversal else None


def asks_for_exception(question: str, quotes: Sequence[str]) -> bool:
    """Return whether a question asks what is not so, and the quotes state just that without excluding anything.

    They state it if they have the word after the "not": "What does the insurance not cover?" "It covers fire."
    """
    denial = _DENIES.search(question)
    is_short = any(len(quote.split()) < _SHORT for quote in quotes)
    if not denial or is_short:
        return False
    quoted = " ; ".join(quotes)
    denied = list_stems(question[denial.end() :])[:1]
    states_it = bool(content_words(quoted).intersection(denied))
    return states_it and not EXCLUSION.search(quoted)


def _find_prefixed(question: str, *, known: str, quoted: str) -> tuple[str, str] | None:
    """Return a word of a question that is not known, with its opposite in the quotes: "unsuitable", "suitable"."""
    asked, quoted_words, known_words = map(_list_words, (question, quoted, known))
    for word, other in product(sorted(asked), sorted(quoted_words - asked)):
        is_opposite = _negates(word, other) or _negates(other, word)
        if is_opposite and not any(_is_form(word, one) for one in known_words):
            return word, other
    return None


def _list_words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _negates(word: str, other: str) -> bool:
    """Return whether a word is another one with a prefix such as "un"."""
    prefix = _PREFIX.match(word)
    return prefix is not None and _is_form(word[prefix.end() :], other)


def _is_form(word: str, other: str) -> bool:
    """Return whether two words are forms of one word: they begin with the same letters."""
    shared = max(_ENDING + 1, len(word) - _ENDING, len(other) - _ENDING)
    return word[:shared] == other[:shared]
