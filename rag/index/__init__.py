"""The index: embeddings, a catalog in SQLite with vectors in FAISS, or a catalog on Milvus; opens the catalog."""

from contextlib import closing
from pathlib import Path

from rag.index.catalog import Catalog, Entry
from rag.settings import MILVUS


def open_catalog(location: str | Path, *, embedder: str = "", dim: int = 0, create: bool = False) -> Catalog:
    """Open the index at `location`, made by `embedder` if one is named; with `create`, make it if it is missing.

    Raises CatalogError if it is missing, damaged, out of reach, or made with another embedder.
    """
    if str(location).startswith(MILVUS):
        from rag.index.milvus import MilvusCatalog

        return MilvusCatalog(str(location), embedder=embedder, dim=dim, create=create)
    from rag.index.local import LocalCatalog

    return LocalCatalog(Path(location), embedder=embedder, dim=dim, create=create)


def read_entries(location: str | Path) -> list[Entry]:
    """Return the documents of the index at `location`; raises CatalogError."""
    with closing(open_catalog(location)) as catalog:
        return catalog.list_entries()
