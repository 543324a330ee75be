"""Writes documents into a store, and embeds the chunks of several together."""

from typing import NamedTuple

import numpy as np

from rag.documents.chunk import describe_context, limit_chunk, limit_sentence, split_document
from rag.errors import ModelError, RagError
from rag.index.embedder import Embedder, Vectors
from rag.index.store import StoredChunk, WritableStore
from rag.settings import Settings
from rag.types import Document

# The embedder takes this many chunks at a time, from several documents if they are short.
_BATCH = 256

_Key = tuple[str, str]


class _Pending(NamedTuple):
    """A document on its way into the index, its chunks without embeddings.

    `keys` are the texts to embed: the context and text of each chunk. `known` has the embeddings from before.
    """

    document: Document
    chunks: list[StoredChunk]
    keys: list[_Key]
    known: dict[_Key, bytes]
    file_hash: str
    content_hash: str


class DocumentWriter:
    """Writes documents into a store; counts the documents written and the chunks embedded."""

    def __init__(self, store: WritableStore, embedder: Embedder, settings: Settings) -> None:
        self.indexed = self.chunks = 0
        self.chunk_tokens = limit_chunk(settings.chunk_tokens, max_tokens=embedder.max_tokens)
        self._store, self._embedder = store, embedder
        self._pending: list[_Pending] = []
        self._new: dict[_Key, None] = {}  # the texts to embed, each once

    def flush_if_pending(self, file_or_content_hash: str) -> None:
        """Write the pending documents if one of them has this hash, so that the store finds it."""
        if any(file_or_content_hash in (one.file_hash, one.content_hash) for one in self._pending):
            self.flush()

    def add(self, document: Document, *, file_hash: str, content_hash: str) -> None:
        """Add a document, which replaces its source's earlier one; it is written at the next `flush` or before."""
        count = self._embedder.count_tokens
        chunks = [
            StoredChunk(
                section,
                describe_context(document, section, max_tokens=self._embedder.max_tokens, count_tokens=count),
                b"",
            )
            for section in split_document(
                document,
                chunk_tokens=self.chunk_tokens,
                sentence_tokens=limit_sentence(max_tokens=self._embedder.max_tokens),
                count_tokens=count,
            )
        ]
        keys = [(c.context, document.text[c.section.start : c.section.end]) for c in chunks]
        known = self._store.get_reusable(document.source)
        self._pending.append(_Pending(document, chunks, keys, known, file_hash, content_hash))
        self._new |= {key: None for key in keys if key not in known}
        if max(len(self._new), len(self._pending)) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Embed the pending chunks, and add each document whole when its chunks are embedded; raises RagError."""
        new, self._new = list(self._new), {}
        embedded: dict[_Key, bytes] = {}
        for start in range(0, len(new), _BATCH):
            keys = new[start : start + _BATCH]
            rows = self._embed(["\n".join(filter(None, key)) for key in keys])
            embedded |= zip(keys, (row.astype(np.float16).tobytes() for row in rows), strict=True)
            self.chunks += len(keys)
            self._put(embedded)
        self._put(embedded)

    def _embed(self, texts: list[str]) -> Vectors:
        try:
            return self._embedder.embed_documents(texts)
        except RagError:
            raise
        except Exception as exc:  # from a library: the cause need not be the current file
            words = " ".join(str(exc).split())
            raise ModelError(f"the embedder {self._embedder.name} failed: {words}; run `rag doctor`") from exc

    def _put(self, embedded: dict[_Key, bytes]) -> None:
        """Add the documents whose chunks are all embedded, in their order."""
        while self._pending:
            document, chunks, keys, known, file_hash, content_hash = self._pending[0]
            # The last key is embedded last. For a long document, most calls need only this check.
            if not all(key in known or key in embedded for key in reversed(keys)):
                return
            del self._pending[0]
            embeddings = (known.get(key) or embedded[key] for key in keys)
            self._store.put_document(
                document,
                [chunk._replace(embedding=e) for chunk, e in zip(chunks, embeddings, strict=True)],
                content_hash=content_hash,
                file_hash=file_hash,
            )
            self.indexed += 1
