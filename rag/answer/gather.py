"""Gathers the sentences of several passages that together answer a question, without asking an LLM."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from rag.answer.cite import Span, cite_spans
from rag.answer.kinds import OPEN_KINDS, Kind, names_part
from rag.answer.signs import is_order, points_back
from rag.text import NEW_ITEM, content_words, split_lines, split_sentences
from rag.types import Answer, Chunk, Hit

# The note of an answer that was pieced together.
GATHERED = "Pieced together from the document that comes nearest to the question."

MOST_SENTENCES = 5
MOST_WORDS = 120
# A line with fewer words that begin small is a heading or a label. Items of a list may be as short; they come with the
# line before them.
_FEWEST_SMALL_WORDS = 3
# Of two that share this much of the words of the shorter, one is enough.
_SAME = 0.8
# How much it counts that a sentence has the words of many others, beside those of the question.
_CENTRALITY = 0.5
# Sentences of a passage that was found with half of the best score count an eighth.
_STEEPNESS = 3
# How much a sentence loses for the words that it shares with one chosen before it (Carbonell and Goldstein 1998, MMR).
_REDUNDANCY = 0.3
# Fewer quoted words than this are a heading, or the beginning of an answer.
_SHORT_WORDS = 7
# A document is about a topic if its title and the passages found of it have this share of the topic's words.
_COVERED = 0.6
_INSTRUCTIONS = content_words(
    "please can could you give me summarise summarize summary sum up outline describe explain overview gist story tell"
    " about know happened what's going few sentences words short article document page text post section clause"
)
# One sentence is too little for these.
_LONG_KINDS = frozenset({"comparison", "steps", "summary"})
# Passages with no more characters between them than this stand together.
_GAP_CHARACTERS = 10


def complete_answer(answer: Answer, kind: Kind, *, question: str) -> Answer:
    """Return an answer with what stands beside it in its passages, if its kind wants more than one sentence.

    A summary that no passage alone can give is made of sentences of the document that comes nearest, if it is about the
    topic.
    """
    if names_part(question):  # what is nearest to its number may be of another
        return answer
    if answer.outcome == "not_found":
        return _summarize(answer, question) if kind == "summary" else answer
    if answer.outcome != "answered" or kind not in OPEN_KINDS:
        return answer
    if items := _find_items(answer):
        return _add_quotes(answer, items)
    is_short = sum(len(sentence.text.split()) for sentence in answer.sentences) < _SHORT_WORDS
    is_one = len(answer.sentences) == 1 and kind in _LONG_KINDS
    if is_short or is_one:
        return _add_quotes(answer, gather(answer.hits, among=_find_beside(answer)))
    return answer


def _summarize(answer: Answer, question: str) -> Answer:
    nearest = answer.hits[0].chunk
    hits = [hit for hit in answer.hits if hit.chunk.document_id == nearest.document_id]
    topic = content_words(question) - _INSTRUCTIONS
    words = content_words(" ".join([nearest.title, *(f"{hit.chunk.heading} {hit.chunk.text}" for hit in hits)]))
    is_about_it = topic and len(topic & words) >= _COVERED * len(topic)
    # "Summarise this document" can mean only one, if there is only one.
    is_only_one = not topic and len(hits) == len(answer.hits)
    if not (is_about_it or is_only_one):
        return answer
    cited = cite_spans(gather(answer.hits, among=hits), answer.hits)
    return replace(answer, **cited._asdict(), note=GATHERED if cited.citations else answer.note)


def _add_quotes(answer: Answer, quotes: Sequence[Span]) -> Answer:
    """Return an answer with more quotes, in the order of their passages."""
    told = [Span(c.number, c.start, c.end) for c in answer.citations]
    together = cite_spans(sorted({*told, *quotes}), answer.hits)
    return replace(answer, **together._asdict())


def _find_items(answer: Answer) -> list[Span]:
    """Return the sentences of the lists, with what leads them in, of which an answer quotes some."""
    found = []
    for citation in answer.citations:
        chunk = answer.hits[citation.number - 1].chunk
        start, end = _find_list(chunk.text, citation.start - chunk.start)
        found += [
            Span(citation.number, chunk.start + a, chunk.start + b)
            for a, b in split_sentences(chunk.text)
            if start <= a and b <= end
        ]
    return found


def _find_list(text: str, place: int) -> tuple[int, int]:
    """Return the offsets of the list around a place of a text, or of nothing."""
    lines = split_lines(text)
    first = last = next(i for i, (_, end) in enumerate(lines) if place < end)
    while first >= 0 and NEW_ITEM.match(text, lines[first][0]):
        first -= 1
    leads_in = first >= 0 and text[: lines[first][1]].endswith(":")
    first += not leads_in
    while last + 1 < len(lines) and NEW_ITEM.match(text, lines[last + 1][0]):
        last += 1
    return (lines[first][0], lines[last][1]) if first < last else (0, 0)


def _find_beside(answer: Answer) -> list[Hit]:
    """Return the hits that an answer cites, and those that touch them."""
    cited = [answer.hits[citation.number - 1] for citation in answer.citations]
    return [hit for hit in answer.hits if any(_touch(hit.chunk, other.chunk) for other in cited)]


def _touch(one: Chunk, other: Chunk) -> bool:
    gap = max(one.start, other.start) - min(one.end, other.end)
    return one.document_id == other.document_id and gap <= _GAP_CHARACTERS


class _Candidate(NamedTuple):
    """Sentences of the hit of a number that stand together: one, and those that it needs to be understood."""

    number: int
    spans: tuple[tuple[int, int], ...]
    text: str
    words: frozenset[str]
    relevance: float
    weight: float


def gather(hits: Sequence[Hit], *, among: Collection[Hit] | None = None) -> list[Span]:
    """Return the sentences of the hits that are worth most together, by number and place.

    A sentence is worth the question's rare words in it (the evidence of its hit), and the words that it shares with
    many others; the hit's score weighs it, and what an earlier choice has said counts against it. At most
    `MOST_SENTENCES` are chosen, of `MOST_WORDS` words together, with what they cannot stand without. Readers' comments
    and orders to machines are left out, and so are the hits that are not `among` those given.
    """
    best_score = max((hit.score for hit in hits), default=0.0)
    candidates = [
        candidate
        for number, hit in enumerate(hits, start=1)
        if hit.chunk.voice == "article" and hit.score > 0
        if among is None or hit in among
        for candidate in _list_candidates(number, hit, weight=(hit.score / best_score) ** _STEEPNESS)
    ]
    frequency = Counter(chain.from_iterable(candidate.words for candidate in candidates))
    most = math.log1p(len(candidates))
    worth = {
        one: one.weight * (one.relevance + _CENTRALITY * _average(one.words, frequency) / most) for one in candidates
    }
    chosen: list[_Candidate] = []
    words_left = MOST_WORDS
    while worth and len(chosen) < MOST_SENTENCES:
        best = max(worth, key=lambda one: worth[one] - _REDUNDANCY * _measure_overlap(one, chosen))
        del worth[best]
        length = len(best.text.split())
        is_new = _measure_overlap(best, chosen) < _SAME
        if is_new and length <= words_left:
            chosen.append(best)
            words_left -= length
    places = {Span(one.number, *place) for one in chosen for place in one.spans}
    return sorted(places)


def _list_candidates(number: int, hit: Hit, *, weight: float) -> Iterator[_Candidate]:
    chunk = hit.chunk
    shares = {evidence.start: evidence.score for evidence in hit.evidence}
    spans = split_sentences(chunk.text)
    for i, (start, end) in enumerate(spans):
        sentence = chunk.text[start:end]
        leans_back = points_back(sentence)
        is_fragment = sum(not word[0].isupper() for word in sentence.split()) < _FEWEST_SMALL_WORDS
        is_cut_off = leans_back and i == 0
        if is_fragment or is_cut_off or sentence.endswith("?"):
            continue
        first = i - 1 if leans_back else i
        last = _find_last_item(chunk.text, spans, i)
        together = spans[first : last + 1]
        text = " ".join(chunk.text[a:b] for a, b in together)
        if is_order(text):
            continue
        places = tuple((chunk.start + a, chunk.start + b) for a, b in together)
        relevance = max(shares.get(a, 0.0) for a, _ in places)
        yield _Candidate(number, places, text, frozenset(content_words(text)), relevance, weight)


def _find_last_item(text: str, spans: Sequence[tuple[int, int]], lead: int) -> int:
    """Return the place of the last item of the list that a sentence with a colon leads in, or its own place."""
    last = lead
    if text[slice(*spans[lead])].endswith(":"):
        while last + 1 < len(spans) and NEW_ITEM.match(text, spans[last + 1][0]):
            last += 1
    return last


def _average(words: frozenset[str], frequency: Counter[str]) -> float:
    return sum(math.log1p(frequency[word]) for word in words) / max(len(words), 1)


def _measure_overlap(one: _Candidate, chosen: Sequence[_Candidate]) -> float:
    """Return the largest share of the words of one of two candidates that the other has too, 0 to 1."""
    shares = (len(one.words & other.words) / max(min(len(one.words), len(other.words)), 1) for other in chosen)
    return max(shares, default=0.0)
