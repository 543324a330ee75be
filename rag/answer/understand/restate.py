"""Turns a user's wish, long story or file name into the question to ask of the documents."""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from rag.answer.numbers import write_ordinals
from rag.answer.signs import BEGINS_QUESTION, BEGINS_THING, WANTS_ACTION, WISH
from rag.documents.read import SUFFIXES
from rag.language import QUESTION_MARKS, guess_language
from rag.text import split_sentences, stem
from rag.types import Hit

# A story has more words than this; only the question in it is asked.
_STORY_WORDS = 40
# Two words are spellings of one word if they have 80 % of their letters in common, in order (difflib).
_MISSPELT = 0.8
# A shorter word is similar to too many others.
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
# Tables and reports write "Q3"; the LLM takes another row for the third quarter.
_QUARTER = re.compile(r"\b(first|second|third|fourth|1st|2nd|3rd|4th) quarter\b(?! \(q)", re.IGNORECASE)
_FILE_NAME = re.compile(r"[\"'“‘]?(?P<name>[\w][\w()+-]*(?:\.[\w()+-]+)*\.\w{2,5})\b[\"'”’]?")


def restate(question: str) -> str:
    """Return a wish ("I need the price") as a question, and a long story as the question in it.

    A wish for an action stays as it is: "I want my money back". "(Q3)" is added to "third quarter".
    """
    question = _QUARTER.sub(lambda it: f"{it[0]} (Q{write_ordinals(it[1])[0]})", _find_question(question))
    wish = WISH.match(question)
    if not wish:
        return question
    wanted = question[wish.end() :].strip().rstrip(".!?")
    if BEGINS_QUESTION.match(wanted):
        return f"{wanted[0].upper()}{wanted[1:]}?"
    is_thing = BEGINS_THING.match(wanted) and not WANTS_ACTION.search(wanted)
    return f"What is {wanted}?" if is_thing else question


def _find_question(text: str) -> str:
    """Return the question in a long text, with the sentence before it; a text with several questions stays as it is."""
    if not _is_long(text):
        return text
    sentences = [text[start:end] for start, end in split_sentences(text)]
    questions = [sentence for sentence in sentences if sentence.endswith(QUESTION_MARKS)]
    if len(questions) != 1:
        return text
    question = questions[0]
    number = sentences.index(question)
    with_context = " ".join(sentences[max(0, number - 1) : number + 1])
    return question if _is_long(with_context) else with_context


def _is_long(text: str) -> bool:
    return len(text.split()) > _STORY_WORDS


def correct_typos(question: str, hits: Sequence[Hit], *, count_tokens: Callable[[str], int]) -> str:
    """Return a question with its misspelt words as the hits spell them.

    A word is misspelt if it is neither a token of the embedder nor in a hit. A similar word of the hits replaces it. It
    has the same first letter ("deactivated" is not "activated") and another stem ("inserting" is a form of "insert").
    Both are in small letters, so that a name never becomes another. Words of other languages have too many forms.
    """
    if guess_language(question) != "en":
        return question
    hit_words = set(_LONG_WORD.findall(" ".join(hit.chunk.text for hit in hits)))
    small_words = sorted(word for word in hit_words if word.islower())
    lowered = " ".join(hit_words).lower()

    def correct(match: re.Match[str]) -> str:
        word = match[0]
        if not word.islower() or word in lowered or count_tokens(word) == 1:
            return word
        alike = [other for other in small_words if other[0] == word[0] and stem(other) != stem(word)]
        return find_spelling(word, alike)

    return _LONG_WORD.sub(correct, question)


def find_spelling(word: str, words: Iterable[str]) -> str:
    """Return the one of some words that a misspelt word may be, or the word itself if none is similar."""
    similar = get_close_matches(word, list(words), n=1, cutoff=_MISSPELT)
    return similar[0] if similar else word


def find_file_name(question: str) -> str | None:
    """Return the name in a question of a file with a readable format, or None."""
    for match in _FILE_NAME.finditer(question):
        if Path(match["name"]).suffix.lower() in SUFFIXES:
            return match["name"]
    return None


def forget_file_name(question: str, name: str) -> str:
    """Return a question with "the document" in place of the file's name."""
    return re.sub(rf"(?:the (?:file|document) )?[\"'“‘]?{re.escape(name)}[\"'”’]?", "the document", question)
