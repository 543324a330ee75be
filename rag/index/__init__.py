"""The index: embeddings, a catalog in SQLite with vectors in FAISS, or a catalog on Milvus; opens the catalog."""

from contextlib import closing
from pathlib import Path

from rag.index.store import Entry, Store
from rag.settings import MILVUS


def open_store(location: str | Path, *, embedder: str = "", dim: int = 0, create: bool = False) -> Store:
    """Open the index at `location`, made by `embedder` if one is named; with `create`, make it if it is missing.

    Raises StoreError if it is missing, damaged, out of reach, or made with another embedder.
    """
    if str(location).startswith(MILVUS):
        from rag.index.milvus import MilvusStore

        return MilvusStore(str(location), embedder=embedder, dim=dim, create=create)
    from rag.index.local import LocalStore

    return LocalStore(Path(location), embedder=embedder, dim=dim, create=create)


def read_entries(location: str | Path) -> list[Entry]:
    """Return the documents of the index at `location`; raises StoreError."""
    with closing(open_store(location)) as store:
        return store.list_entries()
