"""Keeps the vectors of the chunks in FAISS and finds the nearest."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.files import is_plain, write_file
from rag.index.embedder import Vectors

# The ids of chunks, in one dimension.
Ids = NDArray[np.int64]

# Up to this many vectors a search compares all; above, only the vectors in the nearest lists.
FLAT_LIMIT = 100_000
# Lists of an inverted file that are searched.
_PROBES = 64
# k-means needs no more vectors than this for each list.
_TRAINED_ON = 40


class FaissVectors:
    """Search over 64-bit chunk ids, by inner product.

    Up to FLAT_LIMIT vectors, a search is exact. More are in an inverted file of 4 √n lists over 8-bit vectors, where a
    search can miss some.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def train(cls, vectors: Vectors, *, size: int) -> "FaissVectors":
        """Return an object for `size` vectors like these, float32 of shape (n, dim); only a large one needs samples.

        `count_training(size)` returns the number it needs.
        """
        import faiss

        dim = vectors.shape[1]
        if size <= FLAT_LIMIT:
            return cls(faiss.IndexIDMap2(faiss.IndexFlatIP(dim)))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dim), dim, _count_lists(size), faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
        index.train(vectors)
        return cls(index)

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    @property
    def ids(self) -> Ids:
        """The ids of the vectors, in no order."""
        import faiss

        if isinstance(self._index, faiss.IndexIDMap2):
            return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).copy()
            for i in range(lists.nlist)
            if lists.list_size(i)
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts])

    def fits(self, size: int, dim: int) -> bool:
        """Return whether this search suits `size` vectors of `dim` numbers."""
        import faiss

        if self._index.d != dim:
            return False
        if isinstance(self._index, faiss.IndexIDMap2):
            return size <= FLAT_LIMIT
        # Half or twice the lists are as good. A little below the limit a new store is not worth its time.
        return size > FLAT_LIMIT / 2 and 0.5 <= self._index.nlist / _count_lists(size) <= 2

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add unit vectors, float32 of shape (len(ids), dim)."""
        self._index.add_with_ids(vectors, ids)

    def remove(self, ids: Ids) -> None:
        """Remove vectors."""
        import faiss

        self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, vector: Vectors, k: int, *, among: Sequence[int] | None = None) -> list[int]:
        """Return the ids of the k nearest vectors, of all or among some ids, best first."""
        import faiss

        if not len(self):
            return []
        selector = None if among is None else faiss.IDSelectorBatch(np.array(among, dtype=np.int64))
        wanted: dict[str, Any] = {"sel": selector}
        if isinstance(self._index, faiss.IndexIDMap2):
            parameters = faiss.SearchParameters(**wanted)
        else:
            # For all vectors or a few chosen ids it searches all lists, because the nearest lists may not hold them.
            wanted["nprobe"] = _PROBES if among is None and k < len(self) else self._index.nlist
            parameters = faiss.SearchParametersIVF(**wanted)
        _, ids = self._index.search(vector[np.newaxis], min(k, len(self)), params=parameters)
        return [int(i) for i in ids[0] if i >= 0]

    def save(self, path: Path) -> None:
        """Write a temporary file, then put it in place; two processes may do so at once."""
        import faiss

        def write(aside: Path) -> None:
            # By its path, FAISS could not open every file: on Windows it knows the letters of one region only.
            with aside.open("wb") as file:
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

        write_file(path, write)

    @classmethod
    def load(cls, path: Path) -> "FaissVectors | None":
        """Return the saved vectors, or None if their file is missing, incomplete or not a plain file."""
        import faiss

        if not is_plain(path):
            return None
        try:
            with path.open("rb") as file:
                return cls(faiss.read_index(faiss.PyCallbackIOReader(file.read)))  # type: ignore[attr-defined]
        except (OSError, RuntimeError):
            return None


def count_training(size: int) -> int:
    """Return the number of training vectors for a store of `size` vectors."""
    return 0 if size <= FLAT_LIMIT else _TRAINED_ON * _count_lists(size)


def _count_lists(size: int) -> int:
    return int(4 * math.sqrt(size))
