"""Measures how similar an embedder finds texts that have nothing to do with each other."""

import numpy as np

from rag.index.embedder import Embedder

_QUESTIONS = ("Who painted the ceiling?", "How do I reset my password?", "When does the train leave?",
              "Why is the river so high?")  # fmt: skip
_PASSAGES = [
    "The harbour closed at noon because of the storm.",
    "Wash the lettuce and dry it in a cloth.",
    "The court dismissed the appeal.",
    "Turn the screw until the lid opens.",
    "Sales fell by a tenth in spring.",
    "Owls hunt at night.",
]
# A floor below 0.3 counts as 0: all-MiniLM-L6-v2's is 0.07. Above 0.95 an embedder finds all texts the same.
_LEAST, _MOST = 0.3, 0.95


def measure_floor(embedder: Embedder) -> float:
    """Return the mean cosine similarity of unrelated questions and passages, 0 to 0.95; 0 if it is low.

    E5's is 0.73: it is trained with a low temperature (Wang et al. 2024, https://arxiv.org/abs/2402.05672), so that
    all its similarities are high.
    """
    passages = embedder.embed_documents(_PASSAGES)
    questions = np.stack([embedder.embed_query(question) for question in _QUESTIONS])
    mean = float((questions @ passages.T).mean())
    return min(mean, _MOST) if mean >= _LEAST else 0.0
