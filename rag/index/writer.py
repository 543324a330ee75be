"""Writes documents into a store, and embeds the chunks of several together."""

from typing import NamedTuple

import numpy as np

from rag.documents.chunk import describe_context, limit_chunk, limit_sentence, split_document
from rag.errors import ModelError, RagError
from rag.index.embedder import Embedder, Vectors
from rag.index.store import StoredChunk, WritableStore
from rag.settings import Settings
from rag.types import Document, Section

# The embedder takes this many chunks at a time, from several documents if they are short.
_BATCH = 256

_Key = tuple[str, str]


class _Pending(NamedTuple):
    """A document on its way into the index; `keys` are the texts to embed: the context and text of each section."""

    document: Document
    sections: list[Section]
    keys: list[_Key]
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
        self._embedded: dict[_Key, bytes] = {}  # the embeddings of the pending documents, with those from before

    def flush_if_pending(self, file_or_content_hash: str) -> None:
        """Write the pending documents if one of them has this hash, so that the store finds it."""
        if any(file_or_content_hash in (one.file_hash, one.content_hash) for one in self._pending):
            self.flush()

    def add(self, document: Document, *, file_hash: str, content_hash: str) -> None:
        """Add a document, which replaces its source's earlier one; it is written at the next `flush` or before."""
        count, most = self._embedder.count_tokens, self._embedder.max_tokens
        sentence = limit_sentence(max_tokens=most)
        sections = list(
            split_document(document, chunk_tokens=self.chunk_tokens, sentence_tokens=sentence, count_tokens=count)
        )
        contexts = [describe_context(document, s, max_tokens=most, count_tokens=count) for s in sections]
        keys = [(c, document.text[s.start : s.end]) for c, s in zip(contexts, sections, strict=True)]
        known = self._store.get_reusable(document.source)
        for key in keys:
            if key in known:
                self._embedded[key] = known[key]
            elif key not in self._embedded:
                self._new[key] = None
        self._pending.append(_Pending(document, sections, keys, file_hash, content_hash))
        if max(len(self._new), len(self._pending)) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Embed the pending chunks, and add each document whole when its chunks are embedded; raises RagError."""
        new, self._new = list(self._new), {}
        for start in range(0, len(new), _BATCH):
            keys = new[start : start + _BATCH]
            rows = self._embed(["\n".join(filter(None, key)) for key in keys])
            self._embedded |= zip(keys, (row.astype(np.float16).tobytes() for row in rows), strict=True)
            self.chunks += len(keys)
            self._put()
        self._put()
        self._embedded.clear()

    def _embed(self, texts: list[str]) -> Vectors:
        try:
            return self._embedder.embed_documents(texts)
        except RagError:
            raise
        except Exception as exc:  # from a library: the cause need not be the current file
            words = " ".join(str(exc).split())
            raise ModelError(f"the embedder {self._embedder.name} failed: {words}; run `rag doctor`") from exc

    def _put(self) -> None:
        """Add the documents whose chunks are all embedded, in their order."""
        while self._pending:
            document, sections, keys, file_hash, content_hash = self._pending[0]
            # The last key is embedded last. For a long document, most calls need only this check.
            if not all(key in self._embedded for key in reversed(keys)):
                return
            del self._pending[0]
            chunks = [StoredChunk(s, key[0], self._embedded[key]) for s, key in zip(sections, keys, strict=True)]
            self._store.put_document(document, chunks, content_hash=content_hash, file_hash=file_hash)
            self.indexed += 1
