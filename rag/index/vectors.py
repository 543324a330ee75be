"""Keeps the vectors of the chunks in FAISS and finds the nearest."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag.index.embedder import Vectors

Ids = NDArray[np.int64]


class FaissStore:
    """Exact search over 64-bit chunk ids: `IndexIDMap2` over a flat inner-product index."""

    def __init__(self, dim: int) -> None:
        import faiss

        self._index: faiss.Index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add unit vectors, float32 of shape (len(ids), dim)."""
        self._index.add_with_ids(vectors, ids)

    def search(self, vector: Vectors, k: int, *, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Return the ids and inner products of the k nearest, or of those among some ids, best first, ties by id."""
        import faiss

        parameters = None
        if among is not None:
            selector = faiss.IDSelectorBatch(np.array(among, dtype=np.int64))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # its stub lags behind
        scores, ids = self._index.search(vector[np.newaxis], min(k, len(self)), params=parameters)
        found = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def score(self, vector: Vectors, ids: Iterable[int]) -> Iterator[tuple[int, float]]:
        """Yield the ids that are there, each with its inner product."""
        for i in ids:
            with suppress(RuntimeError):  # what FAISS raises for an id that it does not have
                yield i, float(self._index.reconstruct(i) @ vector)

    def save(self, path: Path) -> None:
        """Write the store aside, then put it in place."""
        import faiss

        aside = path.with_suffix(".tmp")
        faiss.write_index(self._index, str(aside))
        aside.replace(path)

    @classmethod
    def load(cls, path: Path, *, dim: int) -> Self | None:
        """Return the saved store, or None if it is missing, torn or of another dimension."""
        import faiss

        store = cls(dim)
        try:
            store._index = faiss.read_index(str(path))
        except RuntimeError:
            return None
        return store if store._index.d == dim else None
