"""Finds the names and phrases that a text mentions, and those that another text does not have."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from rag.answer.signs import QUANTIFIER
from rag.rows import get_first_cell, split_row
from rag.text import STOP_WORDS, stem

_NAME_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
# The text before a sentence: it ends another sentence, or has no word.
_BEFORE_SENTENCE = re.compile(r"[.!?:“\"]\s*$|\A[\W\d_]*$")
_WORDS = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)*")
# A comma or a point between two digits is part of a number.
_PUNCTUATION = re.compile(r"(?:[;:()\[\]/–—-]|(?<!\d)[,.]|[,.](?!\d))+")
# A cell of a table that begins with a number: "100", "12.50 EUR".
_NUMBER_CELL = re.compile(r"\A\d+(?:[.,]\d+)*(?!\w)")
_LINKS = ("of", "the")
# These words have a capital at the beginning of a sentence and are not names.
_OPENERS = {"according", "after", "also", "although", "because", "both", "during", "however", "many", "since"}
_NO_NAMES = STOP_WORDS | _OPENERS
# "Russia" and "Russian" are one name: a beginning of this many letters is shared, and the longer has few more.
_FEWEST_SHARED, _MOST_ADDED = 4, 3


def find_names(text: str) -> Iterator[str]:
    """Yield the capitalised words of a text, except words that only begin a sentence."""
    for match in _NAME_WORD.finditer(text):
        word = _strip_possessive(match[0])
        is_capitalised = word[0].isupper() and word != "I"
        if is_capitalised and not _only_opens_sentence(text, match):
            yield word


def _only_opens_sentence(text: str, match: re.Match[str]) -> bool:
    """Return whether a capitalised word begins a sentence and is not the beginning of a name."""
    if not _BEFORE_SENTENCE.search(text[: match.start()]):
        return False
    word = _strip_possessive(match[0]).lower()
    following = _NAME_WORD.search(text, match.end())
    name_goes_on = following is not None and following[0][0].isupper()
    return not name_goes_on or word in _NO_NAMES


def has_new_name(text: str, known: str) -> bool:
    """Return whether a text has a name that another text lacks."""
    known_words = {_strip_possessive(word.lower()) for word in _NAME_WORD.findall(known)}
    new_names = {name.lower() for name in find_names(text)} - known_words
    return any(not any(_is_nearly(name, word) for word in known_words) for name in new_names)


def _is_nearly(name: str, word: str) -> bool:
    """Return whether two words in small letters are forms of one name: "russian" and "russia"."""
    shorter, longer = sorted([name, word], key=len)
    is_near = len(shorter) >= _FEWEST_SHARED and len(longer) - len(shorter) <= _MOST_ADDED
    return is_near and longer.startswith(shorter)


def has_new_phrase(text: str, known: str) -> bool:
    """Return whether a text has a phrase with a name or a number whose words another text has only apart.

    "Louis XIV beat Aas" does not make "Aas XIV" known. The words that "of" or "the" links are one phrase too.
    """
    known_phrases = {_flatten(phrase) for phrase in [*_list_phrases(known), *_list_labelled(known)]}
    for clause in _PUNCTUATION.split(text):
        for phrase in _list_phrases(clause):
            is_named = any(not word.islower() for word in phrase)
            if is_named and _flatten(phrase) not in known_phrases:
                return True
    return False


def _list_phrases(text: str) -> Iterator[list[str]]:
    """Yield each word of a text with the next one; common words are left out, but for "of" and "the" between them."""
    words = _WORDS.findall(text)
    places = [place for place, word in enumerate(words) if word.lower() not in _LINKS]
    for start, end in pairwise(places):
        if not _is_common(words[start]) and not _is_common(words[end]):
            yield words[start : end + 1]


def _list_labelled(text: str) -> Iterator[list[str]]:
    """Yield each number in a cell of a table with each word of its label: "Range (km): 100" says "100 km" too.

    The quotes are one line each.
    """
    for line in text.split("\n"):
        name = get_first_cell(line)  # "Pressure (bar)" in "Pressure (bar); P200: 4.2"
        for cell in split_row(line):
            for number, word in product(_NUMBER_CELL.findall(cell.value), _WORDS.findall(f"{cell.label} {name}")):
                yield [number, word]
                yield [word, number]


def _is_common(word: str) -> bool:
    """Return whether a word is never a name, also not with a capital."""
    is_quantifier = QUANTIFIER.fullmatch(word) is not None
    return is_quantifier or word.lower() in _NO_NAMES


def _flatten(phrase: Sequence[str]) -> str:
    """Return the stems of a phrase; a comma in a number is a point, as in `list_known_numbers`."""
    return " ".join(stem(word.lower()).replace(",", ".") for word in phrase)


def _strip_possessive(word: str) -> str:
    """Return a word without the "'s" at its end."""
    return _POSSESSIVE.sub("", word)
