"""Finds the sentences of a passage that the LLM means by what it wrote from it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answer.kinds import ASKS_WHY, find_kind
from rag.answer.signs import HEDGE, NEGATION, OUTDATED, REASON, UNTOLD, is_order, points_back
from rag.text import content_words, split_sentences
from rag.types import Hit

# A sentence of the passage is meant if it has this share of the words that were written.
MIN_SUPPORT = 0.4
# An answer begins with the first sentence that has this share of the question's words, of what the best of it has.
_NEARLY = 0.75
# A clause has this many words in small letters, or no others; a name, a heading or a date line has fewer.
_FEWEST_WORDS = 3


class _Sentence(NamedTuple):
    """A sentence of a hit on one line, its offsets in the document, and its share of the question's words."""

    text: str
    words: set[str]
    start: int
    end: int
    share: float


def locate_sentences(written: str, hit: Hit, *, question: str) -> list[tuple[int, int]]:
    """Return the offsets in the document, `[start, end)`, of the hit's sentences that the LLM means, in its order.

    A sentence that points back ("He was …") comes with the one before it. A sentence about what was planned, or was so
    once, comes with the one behind it. Orders to machines are left out.
    """
    sentences = _list_sentences(hit)
    meant = _answer_why(written, sentences, question) if ASKS_WHY.search(question) else None
    if meant is None:
        meant = _find_meant(written, sentences, question)
    together = dict.fromkeys(near for i in meant for near in _add_neighbours(i, sentences))
    is_one_fact = find_kind(question) == "fact"
    places = _drop_lead_in([*together], sentences) if is_one_fact else [*together]
    return [(sentences[i].start, sentences[i].end) for i in places if not is_order(sentences[i].text)]


def _list_sentences(hit: Hit) -> list[_Sentence]:
    chunk = hit.chunk
    shares = {evidence.start: evidence.score for evidence in hit.evidence}
    found = []
    for a, b in split_sentences(chunk.text):
        text = " ".join(chunk.text[a:b].split())
        start = chunk.start + a
        found.append(_Sentence(text, content_words(text), start, chunk.start + b, shares.get(start, 0.0)))
    return found


def _find_meant(written: str, sentences: Sequence[_Sentence], question: str) -> list[int]:
    """Return the places of the sentences that were written, in the LLM's order."""
    parts = [written[start:end] for start, end in split_sentences(written)]
    if len(parts) == 1 and (lines := _find_lines(written, sentences)):
        return lines
    places = (_find_sentence(part, sentences, question) for part in parts)
    return [place for place in places if place is not None]


def _find_lines(written: str, sentences: Sequence[_Sentence]) -> list[int]:
    """Return the places of the lines that were written as one, all of each: the LLM saw them as one."""
    words = content_words(written)
    whole = [i for i, sentence in enumerate(sentences) if sentence.words and sentence.words <= words]
    stands_in_one = any(words <= sentence.words for sentence in sentences)
    has_all = words <= set().union(*(sentences[i].words for i in whole))
    return whole if has_all and not stands_in_one else []


def _find_sentence(part: str, sentences: Sequence[_Sentence], question: str) -> int | None:
    """Return the place of the sentence that is meant by a part of what was written, or None.

    A small LLM quotes too little, or the wrong words of the right sentence, or it echoes the question.
    """
    asked = content_words(question)
    support, place = _find_nearest(part, sentences, asked)
    if not content_words(part) <= asked:
        return place if support >= MIN_SUPPORT else None
    if support < 1:  # with all its words in one sentence it chooses: "5 May", of two days asked
        support, place = _find_nearest(question, sentences, asked)
    return place if support else None


def _find_nearest(text: str, sentences: Sequence[_Sentence], asked: set[str]) -> tuple[float, int]:
    """Return the share of a text's words, 0 to 1, that the nearest sentence has, and its place.

    Of several, it is the one that is the text itself, then the one that has most of the question's words.
    """
    wanted, itself = content_words(text), _get_bare(text)
    best, place = (0.0, False, 0), 0
    for i, sentence in enumerate(sentences):
        is_itself = _get_bare(sentence.text) == itself
        support = len(wanted & sentence.words) / len(wanted) if wanted else float(is_itself)
        rank = (support, is_itself, len(asked & sentence.words))
        if support and rank > best:
            best, place = rank, i
    return best[0], place


def _get_bare(sentence: str) -> list[str]:
    return sentence.rstrip(".!? ").split()


def _answer_why(written: str, sentences: Sequence[_Sentence], question: str) -> list[int] | None:
    """Return the places of the sentences that answer why, or None if what was written gives or denies a reason.

    That no reason was given comes first, if the hit says so. What is no clause gives way to the hit's reason, or to
    nothing. A clause without a sign of a reason takes along the sentence behind it, which often has the reason.
    """
    if any(sign.search(written) for sign in (REASON, NEGATION, HEDGE)):
        return None
    asked = content_words(question)
    about = [i for i, sentence in enumerate(sentences) if asked & sentence.words]
    untold = [i for i in about if UNTOLD.search(sentences[i].text)]
    if not _is_clause(written[:1].lower() + written[1:] if " " in written else written):
        return (untold + [i for i in about if REASON.search(sentences[i].text)])[:1]
    if untold:
        return untold[:1]
    meant = _find_meant(written, sentences, question)
    if len(meant) != 1 or REASON.search(sentences[meant[0]].text):
        return meant
    following = meant[0] + 1
    goes_on = following < len(sentences) and _is_clause(sentences[following].text)
    return [*meant, following] if goes_on else meant


def _is_clause(text: str) -> bool:
    if text.islower() and any(word.isalpha() for word in content_words(text)):
        return True
    return sum(word.islower() for word in text.split()) >= _FEWEST_WORDS


def _add_neighbours(place: int, sentences: Sequence[_Sentence]) -> Iterator[int]:
    """Yield the place of a sentence, and of those that it cannot stand without."""
    if place and points_back(sentences[place].text):
        yield place - 1
    yield place
    if OUTDATED.search(sentences[place].text) and place + 1 < len(sentences):
        yield place + 1


def _drop_lead_in(places: list[int], sentences: Sequence[_Sentence]) -> list[int]:
    """Return the places from the first on whose sentence shares about as much with the question as any does.

    A small LLM that quotes begins early. What that sentence points back to stays.
    """
    shares = [sentences[i].share for i in places]
    first = next((n for n, share in enumerate(shares) if share >= _NEARLY * max(shares)), 0)
    while first and points_back(sentences[places[first]].text):
        first -= 1
    return places[first:]
