"""Finds out whether the quotes speak of the opposite of what a question asks for: the lowest, not the highest price."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from rag.answer.signs import AUXILIARY, NEGATION

# Words of which a text has one or the other. "Bought" and "sold", or "before" and "after", may both describe one event.
_PAIRS = (
    "accepted rejected", "allowed forbidden", "allowed prohibited", "best worst", "cheapest dearest", "earliest latest",
    "eastern western", "easy difficult", "external internal", "failure success", "fastest slowest", "female male",
    "greatest least", "higher lower", "highest lowest", "increase decrease", "increase reduction",
    "inner outer", "inside outside", "larger smaller", "largest smallest", "least most", "less more",
    "longest shortest", "maximum minimum", "men women", "negative positive", "north south", "northern southern",
    "oldest youngest", "private public", "rising falling", "strong weak", "stronger weaker", "strongest weakest",
    "tallest shortest",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# "Unsuitable" is the opposite of "suitable". After "in", "dis" and "de" only long words are: "discover".
_PREFIX = re.compile(r"(?:un|non-?|il|ir)(?=[^\W\d_]{5})|(?:in|im(?!m)|dis|de)(?=[^\W\d_]{8})")
# Two forms of one word differ by at most three letters at the end: "deactivated", "activation".
_ENDING = 3
# A question for what is not so: "What does the insurance not cover?", but not "What if it does not start?", nor "Who
# sings 'I don't want to miss you'?".
_BETWEEN = r"(?:(?!\b(?:if|unless|because|since|though|although|while|that|why)\b)[^.,;:?!]){0,80}?"
_NOT = rf"\b{AUXILIARY} (?:(?!(?:i|you|we)\b)[^\s,;’']+ ){{0,4}}?(?:not|never)\b(?! only)"
_DENIES = re.compile(
    rf"\b(?:what|which|who|whom|where|when|how (?:many|much))\b{_BETWEEN}"
    rf"(?:{_NOT}|\bcannot\b|(?<!\bi )(?<!\bon )\b(?:{AUXILIARY}|ca|wo)n['’]t\b)",
    re.IGNORECASE,
)
# Words with which a sentence says that something is not so.
_NOT_SO = re.compile(
    r"\b(?:no|not|never|cannot|nor|neither|without|none|nothing|nobody|nowhere|hardly|rarely|seldom|lack\w*|absen\w*"
    r"|fail\w*|refus\w*|declin\w*|reject\w*|exclu\w*|except\w*|exempt\w*|forb\w+|prohibit\w*|prevent\w*|avoid\w*"
    r"|bann?(?:s|ed)?|deny|denie[sd]|unless|instead|rather|only|free|stop\w*|miss\w*|too|little|few|outside|beyond"
    r"|other than|but|although|however|despite|until|barred|against|oppos\w*|unlike|differ\w*|limit\w*|restrict\w*"
    r"|un\w{4,}|non-?\w+|il(?:leg|lic)\w+|ir\w+able|impossible|improper\w*|dis(?:allow|agree|qualif|continu)\w+"
    r"|in(?:accessible|accurate|active|admissible|appropriate|capable|complete|correct|eligible|sufficient|valid))\b"
    r"|n['’]t\b",
    re.IGNORECASE,
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
        return f"The passages found speak of {', '.join(self.others[:_MOST_NAMED])}, not of {self.wanted}."


def find_opposite(question: str, quotes: Iterable[str], texts: Iterable[str]) -> Unmet | None:
    """Return a word of a question that no text has, if the quotes have its opposite.

    `texts` are the passages of the quotes, with their labels. With a "not" in the question or the quotes there is none:
    "not allowed" is forbidden.
    """
    quotes = list(quotes)
    if any(map(NEGATION.search, [question, *quotes])):
        return None
    quoted = set(_list_words(quotes))
    known = quoted.union(_list_words(texts))
    asked = set(_list_words([question]))
    for word in sorted(asked):
        if any(_is_form(word, other) for other in known):
            continue
        for other in sorted(quoted - asked):
            if _are_opposites(word, other):
                return Unmet(word, (other,))
    return None


def asks_for_what_quotes_deny(question: str, quotes: Iterable[str]) -> bool:
    """Return whether a question asks for what is not so, and the quotes only say what is so."""
    texts = list(quotes)
    is_short = any(len(text.split()) < _SHORT for text in texts)
    return bool(_DENIES.search(question)) and not is_short and not any(map(_NOT_SO.search, texts))


def _list_words(texts: Iterable[str]) -> Iterator[str]:
    return chain.from_iterable(_WORD.findall(text.lower()) for text in texts)


def _are_opposites(word: str, other: str) -> bool:
    if f"{word} {other}" in _PAIRS or f"{other} {word}" in _PAIRS:
        return True
    return _negates(word, other) or _negates(other, word)


def _negates(word: str, other: str) -> bool:
    """Return whether a word is another one with a prefix such as "un"."""
    prefix = _PREFIX.match(word)
    return prefix is not None and _is_form(word[prefix.end() :], other)


def _is_form(word: str, other: str) -> bool:
    """Return whether two words are forms of one word, by their letters."""
    same = 0
    for one, two in zip(word, other, strict=False):
        if one != two:
            break
        same += 1
    return same >= max(len(word), len(other)) - _ENDING and same > _ENDING
