"""Opens and searches an index."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from rag.errors import ModelError, QuestionError, StoreError
from rag.index import open_store
from rag.index.embedder import Embedder, Vectors, open_embedder
from rag.index.floor import measure_floor
from rag.index.reranker import Reranker, open_reranker
from rag.index.store import Store
from rag.settings import Settings
from rag.text import repair_text
from rag.types import Chunk, Filter, Hit

# Weights from 0.3 to 0.7 are about equally good (docs/experiments.md).
WORDS_WEIGHT = 0.5
# The weight of a rewritten follow-up; the question itself has weight 1 (docs/experiments.md).
_REWRITTEN_WEIGHT = 0.5


class Index:
    """A store with its embedder, and perhaps a reranker."""

    def __init__(
        self,
        location: str | Path | Store,
        embedder: Embedder,
        *,
        reranker: Reranker | None = None,
        create: bool = False,
    ) -> None:
        """Open the index in a folder, at an address or in a store; with `create`, make it if it is missing.

        Raises StoreError.
        """
        self.embedder = embedder
        self.reranker = reranker
        self._location = location
        self.store = self._open(create=create)
        self._lock = threading.Lock()

    def _open(self, *, create: bool = False) -> Store:
        if not isinstance(self._location, str | Path):
            return self._location
        return open_store(self._location, embedder=self.embedder.name, dim=self.embedder.dim, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def search(
        self, question: str, *, k: int, where: Filter | None = None, rewritten: str | None = None
    ) -> tuple[Hit, ...]:
        """Return the k chunks nearest to a question by meaning and by words, best first, ties by id.

        The score is the cosine similarity plus WORDS_WEIGHT times the BM25 score as a share of the best one's (a convex
        combination: Bruch et al. 2023, https://arxiv.org/abs/2210.11934). If the embedder finds unrelated texts
        similar, the similarity counts from theirs on. For a rewritten question the score is the weighted mean of both
        wordings. Raises StoreError if there is no chunk, QuestionError if none passes `where`.
        """
        question = repair_text(question)
        wordings = {question: 1.0}
        if rewritten:
            wordings[rewritten] = _REWRITTEN_WEIGHT
        total = sum(wordings.values())
        weights = {wording: weight / total for wording, weight in wordings.items()}
        vector = self._embed(weights)
        with self.browse() as store:
            by_words = self._score_words(weights, k, where)
            candidates = store.search_vectors(vector, 2 * k, where=where)
            hits = self._make_hits({*candidates, *by_words}, vector, by_words, k)
        if not hits and where:
            raise QuestionError("nothing in the index passes the filter: `rag list` shows the documents")
        if not hits:
            name = store.name
            raise StoreError(f"index {name} has no documents: run `rag index PATHS --name {name}`")
        return hits

    def rank(self, question: str, ids: Collection[int]) -> tuple[Hit, ...]:
        """Return the chunks with these ids as hits, scored and ordered as a search for the question would do."""
        weights = {repair_text(question): 1.0}
        vector = self._embed(weights)
        with self.browse() as store:
            by_words = self._score_words(weights, store.count_chunks(), None)
            return self._make_hits(ids, vector, by_words, len(ids))

    def list_chunks(self, sources: Iterable[str]) -> list[Chunk]:
        """Return the chunks of the documents with these sources, without unknown ones."""
        with self.browse() as store:
            known = store.get_sources()
            document_ids = {known[source][1] for source in sources if source in known}
            return [chunk for document_id in document_ids for chunk in store.list_chunks(document_id)]

    @cached_property
    def _floor(self) -> float:
        return measure_floor(self.embedder)

    @contextmanager
    def browse(self) -> Iterator[Store]:
        """Read one state of the store during the block: no document appears half old and half new.

        Opens the index again if it was deleted or replaced; raises StoreError if there is none now.
        """
        with self._lock:
            # Do not close the old one: another thread may be reading it. It closes with its last reference.
            if not self.store.is_current:
                self.store = self._open()
            with self.store.snapshot():
                yield self.store

    def _embed(self, weights: Mapping[str, float]) -> Vectors:
        """Return the weighted mean of the embedded wordings."""
        vector = np.zeros(self.embedder.dim, dtype=np.float32)
        for wording, weight in weights.items():
            vector += weight * self.embedder.embed_query(wording)
        if not np.isfinite(vector).all():
            raise ModelError("the embedder returned invalid numbers for the question: run `rag models verify`")
        return vector

    def _score_words(self, weights: Mapping[str, float], k: int, where: Filter | None) -> dict[int, float]:
        """Return the words' part of the score, for the k best chunks by words."""
        scores: defaultdict[int, float] = defaultdict(float)
        for wording, weight in weights.items():
            found = self.store.search_words(wording, k, where=where)
            for i, score in found:
                scores[i] += WORDS_WEIGHT * weight * score / found[0][1]
        return scores

    def _make_hits(
        self, candidates: Collection[int], vector: Vectors, by_words: Mapping[int, float], k: int
    ) -> tuple[Hit, ...]:
        """Return the k best candidates, best first; the store's embeddings score them exactly."""
        ids, rows = self.store.get_embeddings(candidates, dim=self.embedder.dim)
        similarities = (rows @ vector - self._floor) / (1 - self._floor)
        scores = {i: float(score) + by_words.get(i, 0.0) for i, score in zip(ids, similarities, strict=True)}
        best = sorted(scores, key=lambda i: (-scores[i], i))[:k]
        chunks = self.store.get_chunks(best)
        return tuple(Hit(chunk, scores[chunk.id], rank) for rank, chunk in enumerate(chunks, start=1))


def open_index(
    location: str | Path | Store,
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    reranker: Reranker | None = None,
    create: bool = False,
) -> Index:
    """Return the index at `location`, with the given models or the settings' own; raises StoreError or ModelError.

    With `create`, make it if it is missing.
    """
    if isinstance(location, str | Path) and not create:
        open_store(location).close()  # first, because the embedder takes seconds to load
    return Index(
        location, embedder or open_embedder(settings), reranker=reranker or open_reranker(settings), create=create
    )
