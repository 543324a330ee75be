"""Copies an index to another place without reading or embedding anything again."""

from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from rag.errors import StoreError
from rag.index import open_store


def copy_index(source: str | Path, target: str | Path, *, progress: bool = False) -> int:
    """Copy the index at one folder or address to another, and return the number of documents.

    Raises StoreError if there is no index, or the target has documents. A stopped copy continues when it is run again.
    """
    with closing(open_store(source)) as given:
        embedder, dim = given.embedder
        empty = open_store(target, embedder=embedder, dim=dim, create=True)
        with closing(empty), empty.lock(lambda _: True) as made:
            known, there = given.get_sources(), made.get_sources()
            if any(known.get(name, ("",))[0] != file_hash for name, (file_hash, _) in there.items()):
                raise StoreError(f"the index at {target} is not empty: choose another name, or remove its documents")
            count = 0
            for stored in tqdm(
                given.list_stored(), desc="copying", unit="document", disable=None if progress else True
            ):
                count += 1
                document, chunks, content_hash, files = stored
                first = document.source
                if first in there:
                    _, document_id = there[first]
                else:
                    document_id = made.put_document(document, chunks, content_hash=content_hash, file_hash=files[first])
                for name in files.keys() - there.keys() - {first}:
                    made.put_source(name, file_hash=files[name], document_id=document_id)
            made.refresh()
    return count
