"""Puts what a user typed into the form in which the documents are asked: a wish, a long story, a file's name."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from rag.documents.read import SUFFIXES
from rag.text import split_sentences
from rag.types import Hit

# A story has more words than this; the question in it is asked alone.
_STORY_WORDS = 40
# A shorter word is near to too many others.
_LONG_WORD = 5
# Two words are spellings of one if this share of their letters is the same, in order (difflib).
_MISSPELT = 0.8
_WORD = re.compile(r"[^\W\d_]+")
_POLITE = r"(?:(?:please|hi|hello|hey|sorry|excuse me)\W+)*"
# "I need the …", "Can you tell me when …"
_WISH = re.compile(
    rf"\W*{_POLITE}(?:i(?:'m| am)? (?:need(?: to know)?|want(?: to know)?|would like(?: to (?:know|have))?"
    r"|looking for|wonder(?:ing)?(?: about)?|search(?:ing)? for)"
    r"|(?:can|could|would|will) you (?:please )?(?:tell|give|show) me|(?:tell|give|show|get|find) me)\s+"
    r"(?!(?:a |an |the )?(?:more|summary|overview|gist|story)\b|about\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(r"(?:who|whom|whose|what|when|where|which|why|how|if|whether)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|a|an|my|your|our|his|her|its|their)\b", re.IGNORECASE)
_FILE_NAME = re.compile(r"[\"'“‘]?(?P<name>[\w][\w()+-]*(?:\.[\w()+-]+)*\.\w{2,5})\b[\"'”’]?")


def restate(question: str) -> str:
    """Return a wish ("I need the price") as a question, and a long story as the question in it."""
    question = _find_question(question)
    wish = _WISH.match(question)
    if not wish:
        return question
    wanted = question[wish.end() :].strip().rstrip(".!?")
    if _ASKS.match(wanted):
        return f"{wanted[0].upper()}{wanted[1:]}?"
    return f"What is {wanted}?" if _ARTICLE.match(wanted) else question


def _find_question(text: str) -> str:
    """Return the question in a long text, with the sentence before it; a text that asks several is left as it is."""
    if len(text.split()) <= _STORY_WORDS:
        return text
    sentences = [text[start:end] for start, end in split_sentences(text)]
    questions = [i for i, sentence in enumerate(sentences) if sentence.endswith("?")]
    if len(questions) != 1:
        return text
    last = questions[0]
    together = " ".join(sentences[max(0, last - 1) : last + 1])
    return together if len(together.split()) <= _STORY_WORDS else sentences[last]


def correct_typos(question: str, hits: Sequence[Hit], *, count_tokens: Callable[[str], int]) -> str:
    """Return a question with its misspelt words as the hits spell them.

    A word is misspelt if it is no token of the embedder's own and is in no hit. What stands in its place is nearly the
    same, and the hits write it small: a name is never taken for another.
    """
    written = {word for hit in hits for word in _WORD.findall(hit.chunk.text) if len(word) >= _LONG_WORD}
    small = {word for word in written if word.islower()}

    def correct(match: re.Match[str]) -> str:
        word = match[0]
        is_known = not word.islower() or len(word) < _LONG_WORD or word in small or count_tokens(word) == 1
        if is_known or any(word in other.lower() for other in written):
            return word
        return next(iter(get_close_matches(word, sorted(small), n=1, cutoff=_MISSPELT)), word)

    return _WORD.sub(correct, question)


def find_file_name(question: str) -> str | None:
    """Return the file name in a question, if it has one of a file that can be read."""
    for match in _FILE_NAME.finditer(question):
        if Path(match["name"]).suffix.lower() in SUFFIXES:
            return match["name"]
    return None


def forget_file_name(question: str, name: str) -> str:
    """Return a question about a file as one about "the document"."""
    return re.sub(rf"(?:the (?:file|document) )?[\"'“‘]?{re.escape(name)}[\"'”’]?", "the document", question)
