"""Cuts texts and questions into word stems, in the same way for every store."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import snowballstemmer

from rag.text import STOP_WORDS, WORD, drop_accents

# The stemmer for each language that `rag.language` guesses (https://snowballstem.org).
_STEMMERS = {
    "ar": "arabic",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "tr": "turkish",
}
# Only the first words of a longer question count, because FTS5 rejects queries of thousands.
_MOST_WORDS = 64
# Different words in memory: a large vocabulary, about 10 MB.
_REMEMBERED = 100_000
_PHRASE = re.compile(r'["“]([^"“”]+)["”]')
# Between the parts of a name in a program or a form: "PayableAmount".
_NEW_PART = re.compile(r"(?<=[a-z])(?=[A-Z])")


def stem_text(text: str, language: str) -> str:
    """Return the stems of a text's words without accents, joined by spaces; `language` is its code in ISO 639-1.

    Each Chinese and Japanese character is a word. A word such as "PayableAmount" is followed by its parts.
    """
    return " ".join(_stem(word, language) for word in _list_words(text))


def stem_question(question: str, languages: Iterable[str]) -> list[str]:
    """Return the stems of a question's words, in each of some languages, without duplicates.

    Stop words count only if there are no others. A phrase in double quotes is one more stem, with spaces.
    """
    words = [word.lower() for word in _list_words(question)]
    telling = [word for word in words if word not in STOP_WORDS]
    phrases = [" ".join(WORD.findall(phrase)) for phrase in _PHRASE.findall(question)]
    wanted = list(dict.fromkeys([*(telling or words), *phrases]))[:_MOST_WORDS]
    stems: dict[str, None] = {}
    for language in sorted(languages):
        stems |= dict.fromkeys(stem_text(each, language) for each in wanted)
    stems.pop("", None)  # of a phrase without words
    return list(stems)


def _list_words(text: str) -> Iterator[str]:
    for word in WORD.findall(text):
        yield word
        parts = _NEW_PART.split(word)
        if len(parts) > 1:
            yield from parts


@lru_cache(maxsize=_REMEMBERED)
def _stem(word: str, language: str) -> str:
    # A stemmer works for one thread at a time, and a new one costs nothing.
    return drop_accents(snowballstemmer.stemmer(_STEMMERS[language]).stemWord(word.lower()))
