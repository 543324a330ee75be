"""A question in, ranked hits out: the nearest chunks, readers' comments held to their share."""

import re

from rag.index.index import Index
from rag.types import Hit

# Of the passages, at most this share is readers' comments, unless the question asks for them.
_COMMENT_SHARE = 0.25
# So many candidates a wanted passage: enough that an article is found behind a long thread of comments.
_CANDIDATES = 25
_ASKS_READERS = re.compile(r"\b(?:readers?|comments?|commenters?|commented|commentators?)\b", re.IGNORECASE)


def retrieve(index: Index, question: str, *, passages: int) -> tuple[Hit, ...]:
    """Return the best `passages` hits for a question, best first, each text once."""
    limit = passages if _ASKS_READERS.search(question) else max(1, int(passages * _COMMENT_SHARE))
    kept: list[Hit] = []
    texts: set[str] = set()
    comments = 0
    for hit in index.search(question, k=passages * _CANDIDATES):
        is_comment = hit.chunk.voice == "comment"
        if hit.chunk.text in texts or (is_comment and comments == limit):
            continue
        kept.append(hit)
        texts.add(hit.chunk.text)
        comments += is_comment
        if len(kept) == passages:
            break
    return tuple(Hit(hit.chunk, hit.score, rank) for rank, hit in enumerate(kept, start=1))
