"""Gathers the sentences of several passages that together answer a question, without asking an LLM."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from itertools import takewhile
from typing import NamedTuple

from rag.answer.quote.cite import HitSpan
from rag.answer.signs import is_order, needs_context
from rag.language import QUESTION_MARKS, SENTENCE_ENDS
from rag.text import NEW_ITEM, content_words, list_sentences
from rag.types import Hit, Span

MOST_SENTENCES = 5
MOST_WORDS = 120
# A line with fewer words in small letters is a heading, a label or a date. List items may be as short; they come with
# the line before them.
_FEWEST_SMALL_WORDS = 3
# A sign between the entries of a menu or a path: "News | Sport", "Recipes » Cakes", "Home > News".
_MENU = re.compile(r"\s[|»›·•>]\s")
# Words in quotation marks, without the name of the speaker.
_SPEECH = re.compile(r"[\"“„«].*[\"”“»]\W*", re.DOTALL)
# Two sentences are duplicates if they have 80 % of the shorter one's words in common.
_SAME = 0.8
# The weight of the words that a sentence shares with many others; the question's words have the weight 1.
_CENTRALITY = 0.5
# A sentence's weight is (its passage's score / the best score) to this power: an eighth for half of the best score.
_STEEPNESS = 3
# The weight of the overlap with sentences chosen before, which is subtracted (Carbonell and Goldstein 1998, MMR).
_REDUNDANCY = 0.3
# The bonus for a sentence near the beginning of a document falls to 1/e after each of these lengths.
_LEAD_CHARACTERS = 400


class _Candidate(NamedTuple):
    """A sentence of a hit, with the neighbours that it needs to be understood.

    `words` are the words of the sentence, and of the list that it introduces.
    """

    number: int
    spans: tuple[Span, ...]
    text: str
    words: frozenset[str]
    relevance: float
    weight: float


def select_sentences(
    hits: Sequence[Hit],
    *,
    naming: Set[str] = frozenset(),
    lead: float = 0.0,
    most: int = MOST_SENTENCES,
) -> list[HitSpan]:
    """Return the sentences of the hits that are worth most together, in the order of the hits and of their text.

    A sentence's worth grows with the question's rare words in it (the evidence of its hit), and with the words that it
    shares with many others. The hit's score weighs this. Words that a chosen sentence already has count against it.
    `lead` is the bonus of a sentence at the beginning of a document. At most `most` sentences are chosen, of
    `MOST_WORDS` words together, with the neighbours that they need. Readers' comments and orders to machines are left
    out, and so are sentences without all words of `naming`.
    """
    named = [candidate for candidate in _list_candidates(hits) if naming <= content_words(candidate.text)]
    chosen = _choose(_measure_worth(named, lead=lead), most=most)
    places = {(candidate.number, *span) for candidate in chosen for span in candidate.spans}
    return [HitSpan(hits[number - 1], start, end) for number, start, end in sorted(places)]


def _measure_worth(candidates: Sequence[_Candidate], *, lead: float) -> dict[_Candidate, float]:
    """Return the worth of each candidate by itself."""
    frequency = Counter[str]()
    for candidate in candidates:
        frequency.update(candidate.words)
    highest = math.log1p(len(candidates))
    worth = {}
    for candidate in candidates:
        shared = sum(math.log1p(frequency[word]) for word in candidate.words) / max(len(candidate.words), 1)
        centrality = _CENTRALITY * shared / highest
        start, _ = candidate.spans[0]
        worth[candidate] = candidate.weight * (candidate.relevance + centrality)
        # A line that ends otherwise names the document or its author.
        if candidate.text.endswith(SENTENCE_ENDS):
            worth[candidate] += lead * math.exp(-start / _LEAD_CHARACTERS)
    return worth


def _choose(worth: dict[_Candidate, float], *, most: int) -> list[_Candidate]:
    """Return the candidates that are worth most together, the best first; a candidate loses what it repeats."""
    left = dict(worth)
    chosen: list[_Candidate] = []
    words_left = MOST_WORDS
    while left and len(chosen) < most:
        best = max(left, key=lambda one: left[one] - _REDUNDANCY * _measure_overlap(one, chosen))
        del left[best]
        length = len(best.text.split())
        is_new = _measure_overlap(best, chosen) < _SAME
        if is_new and length <= words_left:
            chosen.append(best)
            words_left -= length
    return chosen


def _list_candidates(hits: Sequence[Hit]) -> Iterator[_Candidate]:
    """Yield the sentences of articles that can be quoted from the hits."""
    best_score = max((hit.score for hit in hits), default=0.0)
    for number, hit in enumerate(hits, start=1):
        if hit.chunk.voice == "article" and hit.score > 0:
            weight = (hit.score / best_score) ** _STEEPNESS
            yield from _split_hit(number, hit, weight=weight)


def _split_hit(number: int, hit: Hit, *, weight: float) -> Iterator[_Candidate]:
    """Yield the sentences of a hit that can be quoted, each with the neighbours that it needs."""
    texts = []
    spans = []
    for text, span in list_sentences(hit.chunk):
        texts.append(text)
        spans.append(span)
    shares = {evidence.start: evidence.score for evidence in hit.evidence}
    for index, sentence in enumerate(texts):
        first = index - 1 if _leans_back(sentence) else index
        if first < 0:  # the sentence before it is not in the hit
            continue
        end = _find_last_item(texts, index) + 1
        whole = " ".join(texts[first:end])
        if not _says_something(sentence) or is_order(whole):
            continue
        own_words = frozenset(content_words(" ".join(texts[index:end])))
        relevance = max(shares.get(start, 0.0) for start, _ in spans[first:end])
        yield _Candidate(number, tuple(spans[first:end]), whole, own_words, relevance, weight)


def _leans_back(sentence: str) -> bool:
    """Return whether a sentence needs the one before it, which names a person, a thing or the speaker."""
    return needs_context(sentence) or _SPEECH.fullmatch(sentence) is not None


def _says_something(sentence: str) -> bool:
    """Return whether a sentence is not a question, a heading, a label or a menu."""
    if sentence.endswith(QUESTION_MARKS) or _MENU.search(sentence):
        return False
    small_words = sum(not word[0].isupper() and not word[0].isdecimal() for word in sentence.split())
    return small_words >= _FEWEST_SMALL_WORDS


def _find_last_item(sentences: Sequence[str], lead: int) -> int:
    """Return the index of the last item of the list that a sentence with a colon introduces, or its own index."""
    if not sentences[lead].endswith(":"):
        return lead
    items = takewhile(lambda sentence: NEW_ITEM.match(f"{sentence} "), sentences[lead + 1 :])
    return lead + len(list(items))


def _measure_overlap(one: _Candidate, chosen: Sequence[_Candidate]) -> float:
    """Return the largest overlap with a chosen candidate, 0 to 1: the share of the shorter one's words in both."""
    shares = (len(one.words & other.words) / max(min(len(one.words), len(other.words)), 1) for other in chosen)
    return max(shares, default=0.0)
