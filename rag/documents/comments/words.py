"""Recognizes names, sentences, and the person whom a comment answers, in plain text."""

import re
from collections.abc import Iterable

from rag.documents.blocks import squeeze
from rag.documents.dates import LONGEST_LINE, is_date
from rag.documents.languages import OPENERS, PARTICLES
from rag.language import SENTENCE_ENDS

# A pattern for a name or handle, without the signs that sites write between a name and a date.
NAME = r"[^@\s(),:|·•—–（），：、،][^(),:\n|·•—–（），：、،]{0,39}?"
STARS = re.compile(r"[★☆⭐✩✭]+\s*|\d(?:[.,]\d)?\s*(?:/|out of)\s*\d+(?:\s+stars?)?\s*[:·|–—-]?\s*", re.IGNORECASE)
SENTENCE_END = re.compile(rf"[{''.join(SENTENCE_ENDS)}][\"'”’»）)]?\s*$", re.MULTILINE)
_NAME = re.compile(NAME)
_IN_BRACKETS = re.compile(r"\s*\([^()]{1,30}\)$")
_AT_HANDLE = re.compile(r"\A@(?=[^ ]*\Z)")
_ADDRESSED = re.compile(r"\s*@(?P<first>[\w.-]*\w)(?P<rest>(?: [^\W\d_]+){0,2})(?P<end>\s*[:,])?")
# A name has at most this many words, and so has the place after it.
_MOST_WORDS = 5
# A text of this many characters is a sentence and not a label. An ideograph counts as two letters.
_SENTENCE_CHARACTERS = 40
_IDEOGRAPHS = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]")
# A text that ends like a sentence needs only this many.
_ENDED_CHARACTERS = 15


def is_sentence(text: str | None) -> bool:
    """Return True for a text that is too long for a label."""
    words = squeeze(text or "")
    length = len(words) + len(_IDEOGRAPHS.findall(words))
    least = _ENDED_CHARACTERS if words.endswith(SENTENCE_ENDS) else _SENTENCE_CHARACTERS
    return length >= least


def read_name(text: str, *, loose: bool = False) -> str | None:
    """Return a text as a person's name or handle, without the place after it; None if it cannot be one.

    A name is one word, or a few that begin with capitals. With `loose`, any few words are a name if they do not end a
    sentence.
    """
    if len(text) > LONGEST_LINE:
        return None
    words = STARS.sub("", text.strip(), count=1)
    name, _, place = _IN_BRACKETS.sub("", words).partition(",")
    name = _AT_HANDLE.sub("", name)
    most_words = max(len(name.split()), len(place.split()))
    if most_words > _MOST_WORDS or not _has_signs_of_name(name):
        return None
    if loose and not SENTENCE_END.search(name):
        return name
    return name if _has_form_of_name(name.split()) else None


def _has_signs_of_name(text: str) -> bool:
    """Return True if a text has letters, is not a date, and has no signs that are between names and dates."""
    if not _NAME.fullmatch(text) or is_date(text):
        return False
    return any(map(str.isalpha, text))


def _has_form_of_name(words: list[str]) -> bool:
    """Return True for a single word, and for words with capitals, the last among them."""
    if len(words) == 1:
        return True
    small_words = {word for word in words if word[0].islower()}
    return small_words <= PARTICLES and not words[-1].islower()


def find_addressee(text: str, known: Iterable[str | None]) -> str | None:
    """Return the name after the "@" at the beginning of a comment; if it begins with a `known` name, that name."""
    addressed = _ADDRESSED.match(text)
    if not addressed:
        return None
    beginning = text.lstrip()[1:].casefold()
    known_names = [name for name in known if name and beginning.startswith(name.casefold())]
    return max(known_names, key=len, default="") or _guess_addressee(addressed)


def _guess_addressee(addressed: re.Match[str]) -> str:
    """Return the name before a colon or comma, or else the first words that look like a name."""
    first, *further = (addressed["first"] + addressed["rest"]).split()
    if addressed["end"]:
        return " ".join([first, *further])
    # In "@Ana Roy You are right" the capital of "You" begins the sentence.
    if len(further) < 2 or not further[1][0].isupper():
        return first
    surname = further[0]
    is_opener = surname.lower() in OPENERS or surname.isupper()
    return first if is_opener else f"{first} {surname}"
