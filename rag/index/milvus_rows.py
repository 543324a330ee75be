"""The collections of an index on Milvus: their fields, and the rows of documents and chunks."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag.errors import StoreError
from rag.index.store import Entry, StoredChunk, name_source
from rag.metadata import dump_metadata, load_metadata
from rag.types import ORIGIN_FIELDS, Chunk, Document, Filter, Section

_MOST_BYTES = 65_535  # in one string
PIECE = _MOST_BYTES // 4  # characters that always fit
# The fields of a document, on each piece of its text.
STRINGS = ("content_hash", "title", "outlet", "author", "date", "metadata", "indexed", "language")
COUNTS = ("characters", "chunks", "comments")
MADE_WITH = -1  # the "piece" that names the embedder of the index
_CHUNK_NUMBERS = ("document_id", "start", "end", "page", "ocr")
_CHUNK_TEXTS = (
    "text", "context", "voice", "author", "date", "heading", "reply_to", "title", "outlet", "writer", "dated",
    "metadata", "outlet_folded", "author_folded", "writer_folded",
)  # fmt: skip
# The fields of a chunk that `read_chunk` needs, except for its title and outlet.
CHUNK = ("document_id", "start", "end", "text", *ORIGIN_FIELDS, "metadata")
# Milvus has no NULL: a missing text is empty, and a missing number is -1.
_NO_TEXT, _NO_NUMBER = "", -1
# Milvus wants vectors in each collection.
_NOWHERE: dict[str, Any] = {"embedding": [0.0, 0.0]}
_GRAPH = {"M": 16, "efConstruction": 200}  # Milvus's recommendation for HNSW
_LIKE_FTS5 = {"bm25_k1": 1.2, "bm25_b": 0.75}


def make_collections(client: Any, name: str, *, dim: int, words: bool, timeout: float) -> None:
    """Make the missing collections of an index; with `words`, with BM25 over its stems."""
    fields: dict[str, dict[str, type]] = {
        name: {**dict.fromkeys(_CHUNK_NUMBERS, int), **dict.fromkeys(_CHUNK_TEXTS, str)},
        f"{name}_documents": {
            **dict.fromkeys(("document_id", "part", *COUNTS), int),
            **dict.fromkeys(("text", *STRINGS), str),
        },
        f"{name}_sources": {"source": str, "file_hash": str, "document_id": int},
    }
    for collection, of in fields.items():
        if client.has_collection(collection, timeout=timeout):
            continue
        is_chunks = collection == name
        schema, indexes = _describe(client, of, dim=dim if is_chunks else 2)
        if is_chunks and words:
            for field in ("text", "about"):
                _add_words(schema, indexes, field)
        try:
            client.create_collection(collection, schema=schema, index_params=indexes, timeout=timeout)
        except Exception:
            if not client.has_collection(collection, timeout=timeout):  # otherwise another writer was first
                raise


def _describe(client: Any, fields: Mapping[str, type], *, dim: int) -> tuple[Any, Any]:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    indexes = client.prepare_index_params()
    schema.add_field("id", DataType.INT64, is_primary=True)
    for field, kind in fields.items():
        if kind is str:
            schema.add_field(field, DataType.VARCHAR, max_length=_MOST_BYTES)
        else:
            schema.add_field(field, DataType.INT64)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=dim)
    indexes.add_index("embedding", index_type="HNSW", metric_type="IP", params=_GRAPH)
    return schema, indexes


def _add_words(schema: Any, indexes: Any, field: str) -> None:
    from pymilvus import DataType, Function, FunctionType

    stems, scores = f"{field}_stems", f"{field}_bm25"
    schema.add_field(stems, DataType.VARCHAR, max_length=_MOST_BYTES, enable_analyzer=True)
    schema.add_field(scores, DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(Function(field, FunctionType.BM25, input_field_names=[stems], output_field_names=[scores]))
    indexes.add_index(scores, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=_LIKE_FTS5)


def make_id(*parts: object) -> int:
    """Return the id of a thing with these parts: 63 bits of their SHA-256."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).digest()[:8]) >> 1


def make_source(key: int, source: str, file_hash: str, document_id: int) -> dict[str, Any]:
    """Return the row of a source; without a file hash it is a note on a document that may be unfinished."""
    return {"id": key, "source": source, "file_hash": file_hash, "document_id": document_id} | _NOWHERE


def make_piece(document_id: int, part: int, text: str, **about: object) -> dict[str, Any]:
    """Return the row of a piece of a document's text, with the document's metadata."""
    row = dict.fromkeys(STRINGS, "") | dict.fromkeys(COUNTS, 0) | _fill(about)
    return row | {"document_id": document_id, "part": part, "text": text, "id": make_id(document_id, part)} | _NOWHERE


def check_length(row: Mapping[str, Any]) -> None:
    """Raise StoreError if a text of a row is too long for Milvus."""
    for field, value in row.items():
        if isinstance(value, str) and len(value.encode()) > _MOST_BYTES:
            raise StoreError(f"a {field} of {len(value):,} characters is too long for Milvus: index it locally")


def _fill(values: Mapping[str, object]) -> dict[str, Any]:
    """Return the values as Milvus stores them, without None."""
    empty = {"page": _NO_NUMBER, "ocr": _NO_NUMBER}
    return {name: empty.get(name, _NO_TEXT) if value is None else value for name, value in values.items()}


def _read(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return some values of a row, with None for the missing ones."""
    return {name: None if row[name] in (_NO_TEXT, _NO_NUMBER) else row[name] for name in names}


def make_chunk(chunk: StoredChunk, d: Document, document_id: int) -> dict[str, Any]:
    """Return the row of a chunk, with the fields for filters; `document_id` is its document's."""
    s = chunk.section
    row = {
        **s.get_origin(),
        "id": make_id(document_id, s.start, s.end, s.voice),
        "document_id": document_id,
        "start": s.start,
        "end": s.end,
        "text": d.text[s.start : s.end],
        "context": chunk.context,
        "title": d.title,
        "outlet": d.outlet,
        "writer": d.author,
        "outlet_folded": (d.outlet or "").casefold(),
        "author_folded": (s.author or "").casefold(),
        "writer_folded": (d.author or "").casefold(),
        "dated": s.date or d.date,
        "metadata": dump_metadata(d.metadata),
        "embedding": np.frombuffer(chunk.embedding, dtype=np.float16).astype(np.float32),
    }
    return _fill(row)


def read_section(row: Mapping[str, Any]) -> Section:
    """Return the section of a row."""
    return Section(row["start"], row["end"], **_read(row, *ORIGIN_FIELDS))


def read_entry(row: Mapping[str, Any], sources: Sequence[str]) -> Entry:
    """Return the entry of the first piece of a document with these sources."""
    known = _read(row, "outlet", "author", "date", "indexed", *COUNTS)
    title, metadata = row["title"] or name_source(sources[0]), load_metadata(row["metadata"])
    return Entry(row["document_id"], title, sources=tuple(sources), metadata=metadata, **known)


def read_chunk(row: Mapping[str, Any], source: str) -> Chunk:
    """Return the chunk of a row, from a document with this first source."""
    s = read_section(row)
    title, outlet = row["title"] or name_source(source), row["outlet"] or None
    metadata, origin = load_metadata(row["metadata"]), s.get_origin()
    return Chunk(row["id"], row["document_id"], source, title, outlet, s.start, s.end, row["text"], metadata, **origin)


def to_bytes(embedding: Sequence[float]) -> bytes:
    """Return the bytes of an embedding in float16, as stores hold it."""
    return np.asarray(embedding, dtype=np.float16).tobytes()


def quote(text: str) -> str:
    """Return a text as a quoted string in Milvus's syntax."""
    return json.dumps(text, ensure_ascii=False)


def describe_fields(where: Filter) -> list[str]:
    """Return the conditions on the fields of chunks that a filter sets, in Milvus's syntax."""
    conditions = []
    if where.outlet is not None:
        conditions.append(f"outlet_folded == {quote(where.outlet.casefold())}")
    if where.author is not None:
        author = quote(where.author.casefold())
        conditions.append(f'(author_folded == {author} or (voice == "article" and writer_folded == {author}))')
    if where.voice is not None:
        conditions.append(f"voice == {quote(where.voice)}")
    if where.date is not None:
        conditions.append(f"dated >= {quote(where.date)} and dated < {quote(where.date + chr(0x10FFFF))}")
    return conditions
