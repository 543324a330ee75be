"""An index on a Milvus server, or in a file of milvus-lite; many machines can write at once.

It has three collections: NAME, NAME_documents and NAME_sources. An id is the hash of its content, so writing the same
row again changes nothing. A document belongs to the index once one of its sources is written. Before that no search
sees its chunks. A note about them lets the next writer of the same source finish or remove them.
"""

import json
import logging
import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from operator import itemgetter
from typing import Any, Self

import numpy as np

from rag.errors import StoreError
from rag.extras import explain_missing
from rag.index.embedder import Vectors
from rag.index.milvus_rows import (
    CHUNK,
    COUNTS,
    MADE_WITH,
    PIECE,
    STRINGS,
    check_length,
    describe_fields,
    make_chunk,
    make_collections,
    make_id,
    make_piece,
    make_source,
    quote,
    read_chunk,
    read_entry,
    read_section,
    to_bytes,
)
from rag.index.stems import stem_question, stem_text
from rag.index.store import (
    ABOUT_WEIGHT,
    Entry,
    StoredChunk,
    StoredDocument,
    check_embedder,
    check_embeddings,
    describe_chunk,
    get_today,
)
from rag.index.vectors import Ids
from rag.language import guess_language
from rag.metadata import dump_metadata, has_metadata, load_metadata
from rag.settings import MILVUS
from rag.types import Chunk, Document, Filter

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 5
# USER:PASSWORD or an API key, if the server needs one. Addresses are shown, so they do not hold it.
TOKEN_VARIABLE = "MILVUS_TOKEN"  # noqa: S105
# A file with the certificate of the server's authority, if the system does not know it.
CA_VARIABLE = "MILVUS_CA_FILE"
_TIMEOUT_S = 20.0
_MOST_ROWS = 16_384  # in one answer of the server
_BATCH = 500
_FULL_TEXT_SINCE = (2, 5)


class MilvusStore:
    """A store on a server; a writer sees its own changes at once."""

    def __init__(self, location: str, *, embedder: str = "", dim: int = 0, create: bool = False) -> None:
        """Open the index at `milvus:URI/NAME`, made by `embedder` if one is named; with `create`, make it.

        Raises StoreError if the server is out of reach, or has no such index, or one of another embedder.
        """
        with explain_missing(location, StoreError):
            from pymilvus import MilvusClient
        self.location = location
        uri, _, self.name = location.removeprefix(MILVUS).rpartition("/")
        if "@" in uri:
            raise StoreError(f"everybody can see an address: put the password in {TOKEN_VARIABLE} instead")
        self._level = "Session"
        self._chunks, self._documents, self._sources = self.name, f"{self.name}_documents", f"{self.name}_sources"
        # This writer's own rows, which a server may show only after a moment; during `lock`, all sources.
        self._written: dict[str, tuple[int, str]] = {}
        self._known: dict[str, tuple[str, int]] = {}
        self._languages: frozenset[str] = frozenset()
        with self._explained():
            self._client = MilvusClient(
                uri,
                token=os.environ.get(TOKEN_VARIABLE, ""),
                server_pem_path=os.environ.get(CA_VARIABLE, ""),  # `https:` addresses are encrypted without it
                timeout=_TIMEOUT_S,
            )
            version = self._client.get_server_version(timeout=_TIMEOUT_S)
            self._is_lite = version.startswith("milvus_lite")
            numbers = re.findall(r"\d+", version)[:2]
            words = tuple(map(int, numbers)) >= _FULL_TEXT_SINCE
            if create:
                make_collections(self._client, self.name, dim=dim, words=words, timeout=_TIMEOUT_S)
            elif not self._client.has_collection(self._sources, timeout=_TIMEOUT_S):
                raise StoreError(f"no index at {location}: run `rag index PATHS --index {location}`")
            for collection in (self._chunks, self._documents, self._sources):
                self._client.load_collection(collection, timeout=_TIMEOUT_S)
        about = self._read_about()
        if create and not about:
            about = {"schema": SCHEMA_VERSION, "embedder": embedder, "dim": dim, "words": words}
            self._upsert(self._documents, [make_piece(0, MADE_WITH, json.dumps(about))])
        if about.get("schema") != SCHEMA_VERSION:
            raise StoreError(f"{location} is not an index of this version: choose another name, index again")
        self.embedder: tuple[str, int] = about["embedder"], about["dim"]
        check_embedder(self.name, made_by=self.embedder, embedder=embedder, dim=dim)
        self._full_text = bool(about["words"])
        if embedder and not self._full_text:  # opened for searching or writing
            logger.warning("the server of %s is older than Milvus 2.5: it finds less, because it has no BM25", location)

    def _read_about(self) -> dict[str, Any]:
        try:
            (row,) = self._query(self._documents, f"part == {MADE_WITH}", "text", level="Strong")
            return dict(json.loads(row["text"]))
        except ValueError:
            return {}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, RpcError) as exc:
            details = exc.message if isinstance(exc, MilvusException) else exc.details()
            reason = " ".join(str(details).split())[:200] or type(exc).__name__
            raise StoreError(
                f"cannot use {self.location}: {reason}; check whether the server runs, and try again"
            ) from exc

    @property
    def is_current(self) -> bool:
        """Always true: every request names the index."""
        return True

    def close(self) -> None:
        self._client.close()

    def snapshot(self) -> nullcontext[None]:
        """Do nothing: a server has no snapshots; a chunk that is removed between two requests is left out."""
        return nullcontext()

    @contextmanager
    def lock(self, mine: Callable[[str], bool]) -> Iterator[Self]:
        """Undo the unfinished work of stopped writers, and read all writers' rows until the end of the block."""
        self._level = "Strong"
        try:
            self._known = self.get_sources()
            for row in self._query(self._sources, 'file_hash == ""', "source", "document_id"):
                if mine(row["source"]):
                    self._settle(row["source"], row["document_id"])
            yield self
        finally:
            self._level, self._known = "Session", {}

    def refresh(self) -> None:
        """Make milvus-lite index the new rows, which it would otherwise scan; a server does so itself."""
        if self._is_lite:
            with self._explained():
                self._client.flush(self._chunks, timeout=_TIMEOUT_S)

    @property
    def generation(self) -> int:
        """The number of chunks; it misses a change if a new document has as many as the old one."""
        return self.count_chunks()

    def get_sources(self) -> dict[str, tuple[str, int]]:
        if self._known:
            return dict(self._known)
        rows = self._query(self._sources, 'file_hash != ""', "source", "file_hash", "document_id")
        return {row["source"]: (row["file_hash"], row["document_id"]) for row in rows}

    def find_file(self, file_hash: str) -> int | None:
        if file_hash in self._written:
            return self._written[file_hash][0]
        rows = self._query(self._sources, f"file_hash == {quote(file_hash)}", "document_id", level="Bounded")
        return min((row["document_id"] for row in rows), default=None)

    def find_document(self, content_hash: str, *, besides: str) -> int | None:
        written, source = self._written.get(content_hash, (None, besides))
        if source != besides:
            return written
        rows = self._query(self._documents, f"content_hash == {quote(content_hash)}", "document_id", level="Bounded")
        sources = self._list_sources({row["document_id"] for row in rows})
        others = [document_id for document_id, names in sources.items() if names != [besides]]
        return min(others, default=None)

    def put_document(
        self, document: Document, chunks: Sequence[StoredChunk], *, content_hash: str, file_hash: str
    ) -> int:
        d = document
        check_embeddings(chunks, d.source)
        spans = [(c.section.start, c.section.end, c.context) for c in chunks]
        document_id = make_id(content_hash, d.text, d.title, spans)
        self._note(d.source, document_id)
        rows = [make_chunk(chunk, d, document_id) for chunk in chunks]
        language = guess_language(d.text)
        if self._full_text:
            for row in rows:
                row["text_stems"] = stem_text(row["text"], language)
                row["about_stems"] = stem_text(describe_chunk(row["context"], d.text), language)
        self._upsert(self._chunks, rows)
        about = {
            "content_hash": content_hash,
            "title": d.title,
            "outlet": d.outlet,
            "author": d.author,
            "date": d.date,
            "metadata": dump_metadata(d.metadata),
            "indexed": get_today(),
            "language": language,
            "characters": len(d.text),
            "chunks": len(chunks),
            "comments": sum(c.section.voice == "comment" for c in chunks),
        }
        pieces = [d.text[start : start + PIECE] for start in range(0, max(1, len(d.text)), PIECE)]
        self._upsert(
            self._documents, [make_piece(document_id, part, text, **about) for part, text in enumerate(pieces)]
        )
        self._written[content_hash] = document_id, d.source
        self.put_source(d.source, file_hash=file_hash, document_id=document_id)
        return document_id

    def put_source(self, source: str, *, file_hash: str, document_id: int) -> None:
        _, before = self._known.get(source, ("", document_id))
        if before != document_id:
            self._note(source, before)
        self._upsert(self._sources, [make_source(make_id(source), source, file_hash, document_id)])
        self._written[file_hash] = document_id, source
        self._known[source] = file_hash, document_id
        self._delete(self._sources, f"id in [{make_id(source, document_id)}]")
        if before != document_id:
            self._settle(source, before)

    def remove_source(self, source: str) -> None:
        if source in self._known:
            _, document_id = self._known[source]
            self._note(source, document_id)
            self._delete(self._sources, f"id in [{make_id(source)}]")
            del self._known[source]
            self._settle(source, document_id)

    def _note(self, source: str, document_id: int) -> None:
        """Write a note that a document may have no source, until `_settle` checks it."""
        self._upsert(self._sources, [make_source(make_id(source, document_id), source, "", document_id)])

    def _settle(self, source: str, document_id: int) -> None:
        """Remove a document without sources, and then its note."""
        if not self._query(self._sources, f'document_id == {document_id} and file_hash != ""', "id"):
            self._delete(self._chunks, f"document_id == {document_id}")
            self._delete(self._documents, f"document_id == {document_id}")
            self._languages = frozenset()
            self._written = {key: there for key, there in self._written.items() if there[0] != document_id}
        self._delete(self._sources, f"id in [{make_id(source, document_id)}]")

    def get_reusable(self, source: str) -> dict[tuple[str, str], bytes]:
        if source not in self._known:
            return {}
        _, document_id = self._known[source]
        rows = self._query(self._chunks, f"document_id == {document_id}", "context", "text", "embedding")
        return {(row["context"], row["text"]): to_bytes(row["embedding"]) for row in rows}

    def list_entries(self) -> list[Entry]:
        rows = self._query(self._documents, "part == 0", "document_id", *STRINGS, *COUNTS)
        sources = self._list_sources()
        entries = [read_entry(row, sources[row["document_id"]]) for row in rows if row["document_id"] in sources]
        return sorted(entries, key=lambda entry: entry.sources)

    def list_stored(self) -> Iterator[StoredDocument]:
        files: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for source, (file_hash, document_id) in self.get_sources().items():
            files[document_id][source] = file_hash
        for e in self.list_entries():
            condition = f"document_id == {e.document_id}"
            (first,) = self._query(self._documents, f"{condition} and part == 0", "title", "content_hash")
            rows = self._query(self._chunks, condition, *CHUNK, "context", "embedding")
            chunks = [
                StoredChunk(read_section(row), row["context"], to_bytes(row["embedding"]))
                for row in sorted(rows, key=itemgetter("start"))
            ]
            sections = tuple(chunk.section for chunk in chunks)
            text = self.get_text(e.document_id)
            document = Document(e.sources[0], text, first["title"], sections, e.outlet, e.author, e.date, e.metadata)
            yield StoredDocument(document, chunks, first["content_hash"], files[e.document_id])

    def count_chunks(self) -> int:
        with self._explained():
            counted = self._client.query(
                self._chunks, output_fields=["count(*)"], consistency_level=self._level, timeout=_TIMEOUT_S
            )
        return int(counted[0]["count(*)"])

    def get_ids(self) -> Ids:
        return np.array(sorted(row["id"] for row in self._query(self._chunks, "", "id")), dtype=np.int64)

    def get_chunks(self, ids: Sequence[int]) -> list[Chunk]:
        rows = self._query_ids(ids, "id", "title", "outlet", *CHUNK)
        sources = self._list_sources({row["document_id"] for row in rows})
        chunks = {}
        for row in rows:
            if row["document_id"] in sources:
                chunks[row["id"]] = read_chunk(row, sources[row["document_id"]][0])
        return [chunks[i] for i in ids if i in chunks]

    def list_chunks(self, document_id: int) -> list[Chunk]:
        rows = self._query(self._chunks, f"document_id == {document_id}", "id", "start")
        return self.get_chunks([row["id"] for row in sorted(rows, key=itemgetter("start"))])

    def get_text(self, document_id: int) -> str:
        rows = self._query(self._documents, f"document_id == {document_id}", "part", "text")
        if not rows:
            raise StoreError(f"document {document_id} is no longer in the index; ask again")
        return "".join(row["text"] for row in sorted(rows, key=itemgetter("part")))

    def get_embeddings(self, ids: Collection[int], *, dim: int) -> tuple[list[int], Vectors]:
        rows = sorted(self._query_ids(list(ids), "id", "embedding"), key=itemgetter("id"))
        vectors = np.array([row["embedding"] for row in rows], dtype=np.float32).reshape(len(rows), dim)
        return [row["id"] for row in rows], vectors

    def search_words(self, question: str, k: int, *, where: Filter | None = None) -> list[tuple[int, float]]:
        query = " ".join(stem_question(question, self._list_languages())) if self._full_text else ""
        if not query:
            return []
        condition = self._describe(where)
        scores: defaultdict[int, float] = defaultdict(float)
        for field, weight in (("text", 1.0), ("about", ABOUT_WEIGHT)):
            for i, score in self._search(query, k, condition, field=f"{field}_bm25", options={}):
                scores[i] += weight * score
        found = [(i, score) for i, score in scores.items() if score > 0]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def _list_languages(self) -> frozenset[str]:
        """Return the languages of the documents, remembered from earlier searches.

        One request asks whether a document has another language; other writers may have added it since. Milvus has no
        DISTINCT, so each new language takes one more request.
        """
        while True:
            condition = f"part == 0 and language not in {sorted(self._languages)}"
            rows = self._query(self._documents, condition, "language", limit=1)
            if not rows:
                return self._languages
            self._languages |= {rows[0]["language"]}

    def search_vectors(self, vector: Vectors, k: int, *, where: Filter | None = None) -> list[int]:
        effort = {"params": {"ef": min(max(2 * k, 128), 32_768)}}
        return [i for i, _ in self._search(vector, k, self._describe(where), field="embedding", options=effort)]

    def _search(
        self, wanted: str | Vectors, k: int, condition: str | None, *, field: str, options: dict[str, Any]
    ) -> list[tuple[int, float]]:
        if condition is None:
            return []
        with self._explained():
            (found,) = self._client.search(
                self._chunks,
                [wanted],
                filter=condition,
                limit=min(k, _MOST_ROWS),
                output_fields=["id"],
                search_params=options,
                anns_field=field,
                consistency_level=self._level,
                timeout=_TIMEOUT_S,
            )
        # milvus-lite returns negative BM25 scores, and a server positive ones.
        return [(int(hit["id"]), abs(float(hit["distance"]))) for hit in found]

    def _describe(self, where: Filter | None) -> str | None:
        """Return a filter in Milvus's syntax, None if nothing passes it."""
        if where is None:
            return ""
        wanted = describe_fields(where)
        if where.source is not None or where.metadata:
            ids = self._find_documents(where)
            if not ids:
                return None
            wanted.append(f"document_id in {ids}")
        return " and ".join(wanted)

    def _find_documents(self, where: Filter) -> list[int]:
        """Return the ids of the documents with the filter's source and metadata."""
        part = (where.source or "").casefold()
        sources = self._list_sources()
        rows = self._query(self._documents, "part == 0", "document_id", "metadata")
        return [
            row["document_id"]
            for row in rows
            if has_metadata(load_metadata(row["metadata"]), where.metadata)
            and any(part in source.casefold() for source in sources[row["document_id"]])
        ]

    def _list_sources(self, ids: Collection[int] | None = None) -> dict[int, list[str]]:
        """Return the sources of all or these documents, in order; a document without a source is unfinished."""
        sources: defaultdict[int, list[str]] = defaultdict(list)
        condition = 'file_hash != ""'
        if ids is not None:
            condition += f" and document_id in {list(ids)}"
            if not ids:
                return sources
        rows = self._query(self._sources, condition, "source", "document_id")
        for row in sorted(rows, key=itemgetter("source")):
            sources[row["document_id"]].append(row["source"])
        return sources

    def _query_ids(self, ids: Sequence[int], *fields: str) -> list[dict[str, Any]]:
        rows = []
        for start in range(0, len(ids), _BATCH):
            rows += self._query(self._chunks, f"id in {[int(i) for i in ids[start : start + _BATCH]]}", *fields)
        return rows

    def _query(
        self, collection: str, condition: str, *fields: str, level: str | None = None, limit: int = _MOST_ROWS
    ) -> list[dict[str, Any]]:
        given = {"output_fields": list(fields), "consistency_level": level or self._level, "timeout": _TIMEOUT_S}
        with self._explained():
            rows = self._client.query(collection, condition, limit=limit, **given)
            if len(rows) < _MOST_ROWS:
                return list(rows)
            pages = self._client.query_iterator(collection, batch_size=_BATCH, filter=condition, **given)
            rows = []
            while page := pages.next():
                rows += page
            pages.close()
            return rows

    def _upsert(self, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        for row in rows:
            check_length(row)
        with self._explained():
            for start in range(0, len(rows), _BATCH):
                self._client.upsert(collection, list(rows[start : start + _BATCH]), timeout=_TIMEOUT_S)

    def _delete(self, collection: str, condition: str) -> None:
        with self._explained():
            self._client.delete(collection, filter=condition, timeout=_TIMEOUT_S)
