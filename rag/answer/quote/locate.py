"""Finds the sentences of a passage that the LLM's words mean."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from rag.answer.negation import UNEXPLAINED, is_unsure
from rag.answer.signs import OUTDATED, REASON, is_order, points_back
from rag.answer.understand.query import Query
from rag.language import QUESTION_MARKS
from rag.text import content_words, list_sentences, split_sentences
from rag.types import Hit, Span

# The LLM means a sentence of the passage if the sentence has at least 40 % of the LLM's words.
MIN_SUPPORT = 0.4
# The sentences are skipped until one has at least 75 % as many of the question's words as the best one.
_NEARLY = 0.75
# A clause has at least three words in small letters, or only such words. A name, a heading or a date line has fewer.
_FEWEST_WORDS = 3
# The mark of bold letters in Markdown.
_BOLD = "**"


class _Sentence(NamedTuple):
    """A sentence of a hit on one line, its span in the document, and its share of the question's words."""

    text: str
    words: set[str]
    span: Span
    share: float


def locate_sentences(written: str, hit: Hit, *, question: Query) -> list[Span]:
    """Return the spans in the document of the hit's sentences that the LLM means, in its order.

    A sentence that points back ("He was …") comes with the one before it. A question, a label in bold letters and a
    sentence about a plan or a state of the past come with the one after them. Orders to machines are left out.
    """
    sentences = _list_sentences(hit)
    meant = _find_reason(written, sentences, question) if question.asks_why else None
    if meant is None:
        meant = _find_meant(written, sentences, question)
    chosen = _add_neighbours(meant, sentences)
    if not question.kind.wants_several:
        chosen = _drop_lead_in(chosen)
    return [sentence.span for sentence in chosen if not is_order(sentence.text)]


def _list_sentences(hit: Hit) -> list[_Sentence]:
    """Return the sentences of a hit in their order, with their shares of the question's words from its evidence."""
    shares = {evidence.start: evidence.score for evidence in hit.evidence}
    return [
        _Sentence(" ".join(text.split()), content_words(text), span, shares.get(span[0], 0.0))
        for text, span in list_sentences(hit.chunk)
    ]


def _find_meant(written: str, sentences: Sequence[_Sentence], question: Query) -> list[int]:
    """Return the indices of the sentences that the LLM wrote, in its order."""
    spans = split_sentences(written)
    lines = _find_lines(written, sentences, question) if len(spans) == 1 else []
    if lines:
        return lines
    indices: list[int] = []
    for start, end in spans:
        indices += _find_sentence(written[start:end], sentences, question)
    return indices


def _find_lines(written: str, sentences: Sequence[_Sentence], question: Query) -> list[int]:
    """Return the indices of lines that the LLM wrote as one; [] if it wrote other words, or those of one sentence."""
    words = content_words(written)
    lines: list[int] = []
    covered = set(question.words)
    for index, sentence in enumerate(sentences):
        if words <= sentence.words:
            return []
        if sentence.words and sentence.words <= words:
            lines.append(index)
            covered |= sentence.words
    return lines if words <= covered else []


def _find_sentence(part: str, sentences: Sequence[_Sentence], question: Query) -> list[int]:
    """Return the index of the sentence that a part of the LLM's words means, or [].

    A small LLM may quote too little, or the wrong words of the right sentence, or it echoes the question.
    """
    support, index = _find_nearest(part, sentences, question)
    is_echo = content_words(part) <= question.words
    if not is_echo:
        return [index] if support >= MIN_SUPPORT else []
    if support < 1:  # an echo whose words are all in one sentence is a choice: "5 May", if the question names two days
        support, index = _find_nearest(question.text, sentences, question)
    return [index] if support else []


def _find_nearest(text: str, sentences: Sequence[_Sentence], question: Query) -> tuple[float, int]:
    """Return the share of a text's words, 0 to 1, that the nearest sentence has, and its index.

    Of equally near sentences, one that equals the text comes first, then the one with the most words of the question.
    """
    wanted, bare = content_words(text), _split_bare(text)
    ranks: list[tuple[float, bool, int]] = []
    for sentence in sentences:
        is_itself = _split_bare(sentence.text) == bare
        support = len(wanted & sentence.words) / len(wanted) if wanted else float(is_itself)
        ranks.append((support, is_itself, len(question.words & sentence.words)))
    best = max(ranks)
    return best[0], ranks.index(best)


def _split_bare(sentence: str) -> list[str]:
    """Return the words of a sentence, without its end mark."""
    return sentence.rstrip(".!? ").split()


def _find_reason(written: str, sentences: Sequence[_Sentence], question: Query) -> list[int] | None:
    """Return the indices of the sentences that answer why, unless the LLM's words give or deny a reason.

    If the hit says that no reason was given, that is the answer. If the LLM wrote no clause, the answer is the hit's
    reason, or nothing.
    """
    if REASON.search(written) or is_unsure(written):
        return None
    unexplained = _find_sign(UNEXPLAINED, sentences, question)
    if unexplained:
        return unexplained
    if not _is_written_clause(written):
        return _find_sign(REASON, sentences, question)
    return _add_reason(_find_meant(written, sentences, question), sentences)


def _find_sign(sign: re.Pattern[str], sentences: Sequence[_Sentence], question: Query) -> list[int]:
    """Return the index of the first sentence about the question that has a sign, or []."""
    for index, sentence in enumerate(sentences):
        is_about_it = question.words & sentence.words
        if is_about_it and sign.search(sentence.text):
            return [index]
    return []


def _add_reason(meant: list[int], sentences: Sequence[_Sentence]) -> list[int]:
    """Return the indices. A single sentence without a reason gets the next clause, which often gives it."""
    if len(meant) != 1 or REASON.search(sentences[meant[0]].text):
        return meant
    following = meant[0] + 1
    goes_on = following < len(sentences) and _is_clause(sentences[following].text)
    return [*meant, following] if goes_on else meant


def _is_written_clause(written: str) -> bool:
    """Return whether the LLM wrote a clause; the first of several words has a capital only because it is first."""
    is_one_word = " " not in written
    return _is_clause(written if is_one_word else written[:1].lower() + written[1:])


def _is_clause(text: str) -> bool:
    """Return whether a text is more than a name, a heading or a date line."""
    small_words = sum(word.islower() for word in text.split())
    if small_words >= _FEWEST_WORDS:
        return True
    return text.islower() and any(word.isalpha() for word in content_words(text))


def _add_neighbours(indices: Sequence[int], sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """Return the sentences at the indices, with the neighbours that they need to be understood, each once."""
    together: dict[int, None] = {}
    for index in indices:
        text = sentences[index].text
        is_label = text.startswith(_BOLD) and text.endswith(_BOLD)
        # The next sentence may answer a question, or say what happened to a plan.
        goes_on = is_label or text.endswith(QUESTION_MARKS) or OUTDATED.search(text)
        first = index - 1 if points_back(text) else index
        last = index + 1 if goes_on else index
        together |= dict.fromkeys(range(max(first, 0), last + 1))
    return [sentences[index] for index in together if index < len(sentences)]


def _drop_lead_in(chosen: list[_Sentence]) -> list[_Sentence]:
    """Return the sentences from the first one on that shares nearly the most with the question.

    A small LLM begins its quotes too early. A sentence that this first one points back to stays.
    """
    least = _NEARLY * max((sentence.share for sentence in chosen), default=0.0)
    lead_in = list(takewhile(lambda sentence: sentence.share < least, chosen))
    first = len(lead_in)
    while first and points_back(chosen[first].text):
        first -= 1
    return chosen[first:]
