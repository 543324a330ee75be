"""A question in, ranked hits out: the nearest chunks, each thing once, readers' comments held to their share."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.index.index import Index
from rag.text import content_words, split_sentences
from rag.types import Evidence, Filter, Hit

# Of the passages, at most this share is readers' comments, unless the question asks for them.
_COMMENT_SHARE = 0.25
# So many candidates a wanted passage: enough that an article is found behind a long thread of comments.
_CANDIDATES = 25
_ASKS_READERS = re.compile(r"\b(?:readers?|comments?|commenters?|commented|commentators?)\b", re.IGNORECASE)
# Two chunks that share more than this of their words say the same thing.
_SAME = 0.8


def retrieve(
    index: Index, question: str, *, passages: int, only: Filter | None = None, rewritten: str | None = None
) -> tuple[Hit, ...]:
    """Return the best `passages` hits for a question, best first, with the evidence in them.

    Of chunks that say the same the best is kept. `rewritten` is a follow-up made to stand alone. Raises QuestionError
    if no document passes the filter.
    """
    limit = passages if _ASKS_READERS.search(question) else max(1, int(passages * _COMMENT_SHARE))
    found = index.search(question, k=passages * _CANDIDATES, only=only, rewritten=rewritten)
    words = [content_words(hit.chunk.text) for hit in found]
    kept: list[int] = []
    comments = 0
    for i, hit in enumerate(found):
        is_comment = hit.chunk.voice == "comment"
        if (is_comment and comments == limit) or any(_say_the_same(words[i], words[j]) for j in kept):
            continue
        kept.append(i)
        comments += is_comment
        if len(kept) == passages:
            break
    weights = _weigh_words(content_words(f"{question} {rewritten or ''}"), words)
    return tuple(
        replace(found[i], rank=rank, evidence=tuple(_find_evidence(found[i], weights)))
        for rank, i in enumerate(kept, start=1)
    )


def _say_the_same(words: set[str], others: set[str]) -> bool:
    return len(words & others) > _SAME * len(words | others) or words == others


def _weigh_words(asked: set[str], candidates: Sequence[set[str]]) -> dict[str, float]:
    # Inverse document frequency among the candidates: what all of them say tells none of them apart.
    frequency = Counter(word for words in candidates for word in asked & words)
    return {word: math.log(1 + len(candidates) / (1 + frequency[word])) for word in asked}


def _find_evidence(hit: Hit, weights: Mapping[str, float]) -> Iterator[Evidence]:
    """Yield the sentences of a hit that share words with the question, in order."""
    total = sum(weights.values())
    for start, end in split_sentences(hit.chunk.text):
        share = sum(weights.get(word, 0.0) for word in content_words(hit.chunk.text[start:end]))
        if share:
            yield Evidence(hit.chunk.start + start, hit.chunk.start + end, share / total)
