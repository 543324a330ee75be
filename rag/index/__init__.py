"""The index: an embedder and a store, which is a folder (SQLite and FAISS) or on Milvus; opens the store."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rag.index.store import Entry, Store
from rag.settings import MILVUS
from rag.types import Document


def open_store(location: str | Path, *, embedder: str = "", dim: int = 0, create: bool = False) -> Store:
    """Open the index at `location`, made by `embedder` if one is named; with `create`, make it if it is missing.

    Raises StoreError if it is missing, damaged, out of reach, or made with another embedder.
    """
    if str(location).startswith(MILVUS):
        from rag.index.milvus import MilvusStore

        return MilvusStore(str(location), embedder=embedder, dim=dim, create=create)
    from rag.index.local import LocalStore

    return LocalStore(Path(location), embedder=embedder, dim=dim, create=create)


def read_documents(location: str | Path) -> list[Document]:
    """Return the documents of an index, each once for each of its sources, in order; the sections are the chunks.

    Raises StoreError.
    """
    with closing(open_store(location)) as store, store.snapshot():
        documents = [
            replace(stored.document, source=source) for stored in store.list_stored() for source in stored.files
        ]
    return sorted(documents, key=lambda document: document.source)


def read_entries(location: str | Path) -> list[Entry]:
    """Return the documents of the index at `location`; raises StoreError."""
    with closing(open_store(location)) as store:
        return store.list_entries()
