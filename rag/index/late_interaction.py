"""Compares a question with passages word by word, from the embedder's vectors of single tokens.

An embedder's one vector of a passage blurs its details, and a search by words knows no synonyms. Late interaction keeps
both (ColBERT: Khattab & Zaharia 2020, https://arxiv.org/abs/2004.12832). The default embedder has weights
that were trained for it (word_weights.py); docs/experiments.md has the measurements.
"""

from collections.abc import Sequence

import numpy as np

from rag.index.embedder import Embedder, TokenEmbedder
from rag.language import LETTERS

# An embedder spells out words of a language that it does not know: all-MiniLM-L6-v2 has 0.7 to 1.6 letters a token in
# Russian, Arabic and Chinese, 1.4 to 3.3 in Turkish, and at least 2 in English (docs/experiments.md).
_FEWEST_LETTERS = 1.5


def knows_words(question: str, embedder: Embedder) -> bool:
    """Return whether the embedder has tokens for the words of a question, and not only for their letters."""
    words = LETTERS.findall(question)  # codes such as "XJ-900" have many tokens in any language
    return sum(map(len, words)) >= _FEWEST_LETTERS * embedder.count_tokens(" ".join(words))


def compare_words(question: str, passages: Sequence[str], embedder: TokenEmbedder) -> list[float]:
    """Return how similar each passage is to the words of a question: their mean similarity, 0 to 1.

    A token is as similar as the most similar token of the passage, and a word as the mean of its tokens.
    """
    asked, *others = embedder.embed_tokens([question, *passages])
    _, words, lengths = np.unique(asked.words, return_inverse=True, return_counts=True)
    if not len(words):
        return [0.0] * len(passages)
    weights = 1 / lengths[words]
    similarities = [(asked.vectors @ other.vectors.T).max(axis=1, initial=0.0) for other in others]
    return [float(np.average(row, weights=weights)) for row in similarities]
