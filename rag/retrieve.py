"""Turns a question into ranked hits: the nearest chunks without duplicates, with a limit for comments."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from rag.index.embedder import TokenEmbedder
from rag.index.index import Index
from rag.index.late_interaction import compare_words, knows_words
from rag.narrow import keep_numbered, keep_of_day
from rag.statements import find_statements
from rag.text import WORD, content_words, list_sentences
from rag.types import Chunk, Evidence, Filter, Hit

# The largest share of readers' comments among the passages, unless the question asks for them.
_COMMENT_SHARE = 0.25
# Candidates for each wanted passage: enough to find an article below a long thread of comments.
_CANDIDATES = 25
# Multiplies the candidates if the question names a place in a document, such as a page.
_WIDER = 8
# Candidates for a reranker, which takes about 10 ms for each.
_RERANKED = 20
# Candidates for the comparison word by word.
COMPARED = 12
# A hit's relevance is its score, which is about 1, plus these weights: for saying what a thing is, and for the
# similarity of its words (docs/experiments.md).
_STATEMENT, _SIMILARITY = 0.3, 5.0
_ASKS_READERS = re.compile(r"\b(?:readers?|comments?|commenters?|commented|commentators?)\b", re.IGNORECASE)
# Two chunks say the same thing if they share 90 % of their words, and differ in no number, name or "not".
_SAME = 0.9
_SETS_APART = re.compile(r"\d|^[^\W\d_a-z]|^(?:no|not|never|none|without)$")


def retrieve(
    index: Index,
    question: str,
    *,
    passages: int,
    where: Filter | None = None,
    rewritten: str | None = None,
    is_in_place: Callable[[Chunk], bool] | None = None,
) -> tuple[Hit, ...]:
    """Return the best `passages` hits for a question, best first, with the evidence in them.

    Near-duplicates are dropped. `rewritten` is a follow-up question, made complete.
    `is_in_place` says whether a chunk is in the place that the question names. Raises QuestionError if no document
    passes the filter.
    """
    wordings = f"{question} {rewritten or ''}"
    complete = rewritten or question
    candidates = passages * _CANDIDATES * (_WIDER if is_in_place else 1)
    found = index.search(question, k=candidates, where=where, rewritten=rewritten)
    found = keep_of_day(keep_numbered(found, wordings), complete)
    found = _weigh(found, find_statements(found, complete), weight=_STATEMENT)
    if is_in_place:
        found = _narrow(found, is_in_place, passages=passages)
    wants_readers = _ASKS_READERS.search(wordings) or (where and (where.voice or where.author))
    share = 1.0 if wants_readers else _COMMENT_SHARE
    # The comparison leaves room for articles, or comments with the question's words would take all of it.
    compared = _choose(found, count=max(passages, _RERANKED if index.reranker else COMPARED), comment_share=share)
    kept = _choose(_reorder(compared, complete, index), count=passages, comment_share=share)
    return find_evidence(wordings, kept, candidates=found)


def _weigh(found: Sequence[Hit], values: Sequence[float], *, weight: float) -> tuple[Hit, ...]:
    """Return the hits with a value of each added to its relevance, the most relevant first."""
    weighed = [replace(hit, bonus=hit.bonus + weight * value) for hit, value in zip(found, values, strict=True)]
    # Ties keep their order.
    return tuple(sorted(weighed, key=lambda hit: -hit.relevance))


def _narrow(found: tuple[Hit, ...], is_in_place: Callable[[Chunk], bool], *, passages: int) -> tuple[Hit, ...]:
    """Return the hits in a place of the nearest documents; all hits if none of these documents has such a place."""
    nearest = {hit.chunk.document_id for hit in found[:passages]}
    inside = tuple(hit for hit in found if hit.chunk.document_id in nearest and is_in_place(hit.chunk))
    return inside or found


def _reorder(found: Sequence[Hit], question: str, index: Index) -> Sequence[Hit]:
    """Return the hits in the order of the reranker; their scores stay those of the search.

    Without a reranker they are ordered by the comparison word by word, if the embedder has vectors for tokens and knows
    the words of the question.
    """
    if index.reranker:
        scores = index.reranker.score(question, [hit.chunk.text for hit in found])
        order = sorted(range(len(found)), key=lambda i: -scores[i])
        return [found[i] for i in order]
    if isinstance(index.embedder, TokenEmbedder) and knows_words(question, index.embedder):
        similarities = compare_words(question, [add_titles(hit.chunk) for hit in found], index.embedder)
        return _weigh(found, similarities, weight=_SIMILARITY)
    return found


def add_titles(chunk: Chunk) -> str:
    """Return the words of a chunk below its title and heading: they may name what the chunk is about."""
    return "\n".join(filter(None, [chunk.title, chunk.heading, chunk.text]))


def _choose(found: Sequence[Hit], *, count: int, comment_share: float) -> list[Hit]:
    """Return the first hits without near-duplicates; more comments than their share only if no article is left."""
    comments = max(1, int(count * comment_share))
    kept = _keep_apart(found, count=count, comments=comments)
    return kept if len(kept) == count else _keep_apart(found, count=count, comments=comments + count - len(kept))


def _keep_apart(found: Sequence[Hit], *, count: int, comments: int) -> list[Hit]:
    """Return the first hits without near-duplicates, and with at most `comments` comments."""
    kept: dict[int, set[str]] = {}
    for i, hit in enumerate(found):
        is_comment = hit.chunk.voice == "comment"
        if is_comment and not comments:
            continue
        words = set(WORD.findall(hit.chunk.text))
        if any(_say_the_same(words, others) for others in kept.values()):
            continue
        kept[i] = words
        comments -= is_comment
        if len(kept) == count:
            break
    return [found[i] for i in kept]


def _say_the_same(words: set[str], others: set[str]) -> bool:
    return len(words & others) >= _SAME * len(words | others) and not any(_SETS_APART.search(w) for w in words ^ others)


def find_evidence(question: str, hits: Sequence[Hit], *, candidates: Sequence[Hit] = ()) -> tuple[Hit, ...]:
    """Return the hits, ranked in their order, each with the sentences that share words with the question.

    A word's weight is its rarity among the candidates (inverse document frequency), or else among the hits.
    """
    texts = [f" {hit.chunk.text.lower()}" for hit in candidates or hits]
    weights = {
        word: math.log(1 + len(texts) / (1 + sum(f" {word}" in text for text in texts)))
        for word in content_words(question)
    }
    return tuple(
        replace(hit, rank=rank, evidence=tuple(_weigh_sentences(hit, weights)))
        for rank, hit in enumerate(hits, start=1)
    )


def _weigh_sentences(hit: Hit, weights: Mapping[str, float]) -> Iterator[Evidence]:
    total = sum(weights.values())
    for sentence, span in list_sentences(hit.chunk):
        share = sum(weights.get(word, 0.0) for word in content_words(sentence))
        if share:
            yield Evidence(*span, share / total)
