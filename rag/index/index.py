"""An index in a folder: opened and searched."""

import logging
import threading
from collections import defaultdict
from pathlib import Path
from typing import Self

import numpy as np

from rag.errors import CatalogError, QuestionError
from rag.index.catalog import Catalog, check_index
from rag.index.embedder import Embedder, Vectors, open_embedder
from rag.index.reranker import Reranker, open_reranker
from rag.index.vectors import FaissStore, count_training
from rag.settings import Settings
from rag.types import Filter, Hit

logger = logging.getLogger(__name__)

# Of 0.1 to 2, the middle of the best (docs/experiments.md); nothing between 0.3 and 0.7 is clearly better or worse.
WORDS_WEIGHT = 0.5
# Of a follow-up question made to stand alone; what was asked itself weighs 1 (docs/experiments.md).
_REWRITTEN_WEIGHT = 0.5
# So many vectors are put into FAISS at a time.
_BATCH = 4096


class Index:
    """The documents of one folder `index_dir/name`, to be searched with one embedder, and a reranker perhaps."""

    def __init__(
        self, folder: Path, embedder: Embedder, *, reranker: Reranker | None = None, create: bool = False
    ) -> None:
        """Open the index in `folder`; with `create`, make it where there is none. Raises CatalogError."""
        self.folder = folder
        self.embedder = embedder
        self.reranker = reranker
        if create:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise CatalogError(f"cannot make {folder}: {exc.strerror}; set --index-dir to another folder") from exc
        self.catalog = Catalog(folder, embedder=embedder.name, dim=embedder.dim, create=create)
        self._path = folder / "vectors.faiss"
        if self.catalog.generation == 0:
            self._path.unlink(missing_ok=True)  # of a catalog that is gone
        self._generation = -1
        self._vectors: FaissStore | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.catalog.close()

    def search(
        self, question: str, *, k: int, only: Filter | None = None, rewritten: str | None = None
    ) -> tuple[Hit, ...]:
        """Return the k chunks nearest to a question by meaning and by words, best first, ties by id.

        The score is the cosine similarity and WORDS_WEIGHT of the BM25 score as a share of the best one's (a convex
        combination: Bruch et al. 2023, https://arxiv.org/abs/2210.11934), for a question that was rewritten to stand
        alone the weighted mean of both. Raises CatalogError if there is no chunk, QuestionError if none passes `only`.
        """
        wordings = {question: 1.0} | ({rewritten: _REWRITTEN_WEIGHT} if rewritten else {})
        total = sum(wordings.values())
        weights = {wording: weight / total for wording, weight in wordings.items()}
        vector = np.zeros(self.embedder.dim, dtype=np.float32)
        for wording, weight in weights.items():
            vector += weight * self.embedder.embed_query(wording)
        # One search at a time, in one state of the catalog: no document is seen half old and half new.
        with self._lock, self.catalog.snapshot():
            return self._search(weights, vector, k, only)

    def _search(self, weights: dict[str, float], vector: Vectors, k: int, only: Filter | None) -> tuple[Hit, ...]:
        among = self.catalog.find_chunks(only) if only else None
        if among == []:
            raise QuestionError("nothing in the index passes the filter: change it, or ask without it")
        by_words: defaultdict[int, float] = defaultdict(float)
        for wording, weight in weights.items():
            found = self.catalog.search_words(wording, k, among=among)
            for i, score in found:
                by_words[i] += WORDS_WEIGHT * weight * score / found[0][1]
        candidates = self.refresh().search(vector, 2 * k, among=among)
        # FAISS proposes; the catalog, which has the last word on what there is, gives the vectors to score exactly.
        ids, rows = self.catalog.get_embeddings({*candidates, *by_words}, dim=self.embedder.dim)
        scores = {i: float(score) + by_words[i] for i, score in zip(ids, rows @ vector, strict=True)}
        if not scores:
            raise CatalogError(
                f"index {self.folder.name} has no documents: run `rag index PATHS --name {self.folder.name}`"
            )
        best = sorted(scores, key=lambda i: (-scores[i], i))[:k]
        chunks = self.catalog.get_chunks(best)
        return tuple(Hit(chunk, scores[chunk.id], rank) for rank, chunk in enumerate(chunks, start=1))

    def refresh(self) -> FaissStore:
        """Return the vectors, brought in step with the catalog: what is gone taken out, what is new put in."""
        generation = self.catalog.generation
        if self._vectors is not None and generation == self._generation:
            return self._vectors
        dim = self.embedder.dim
        ids = self.catalog.get_ids()
        store = FaissStore.load(self._path) if self._vectors is None else self._vectors
        if store is None or not store.fits(len(ids), dim):
            sample = np.random.default_rng(0).permutation(ids)[: count_training(len(ids))]
            _, rows = self.catalog.get_embeddings(sample.tolist(), dim=dim)
            store = FaissStore.train(rows, size=len(ids))
        there = store.ids
        gone, new = np.setdiff1d(there, ids), np.setdiff1d(ids, there)
        if len(gone):
            store.remove(gone)
        for start in range(0, len(new), _BATCH):
            found, rows = self.catalog.get_embeddings(new[start : start + _BATCH].tolist(), dim=dim)
            store.add(np.array(found, dtype=np.int64), rows)
        if len(gone) or len(new):
            self._save(store)
        self._vectors, self._generation = store, generation
        return store

    def _save(self, store: FaissStore) -> None:
        try:
            store.save(self._path)
        except (OSError, RuntimeError) as exc:  # a full disk or a read-only folder: the next opening makes it again
            logger.warning("cannot write %s: %s", self._path, exc)


def open_index(folder: Path, settings: Settings) -> Index:
    """Return the index in `folder`, with the settings' embedder; raises CatalogError or ModelError."""
    check_index(folder)  # at once, not after the seconds that the embedder takes to load
    return Index(folder, open_embedder(settings), reranker=open_reranker(settings))
