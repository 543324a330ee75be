"""The parts of an index, and the protocol of every store that can hold one: a folder, or a Milvus server."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import numpy as np

from rag.errors import StoreError
from rag.index.embedder import Vectors
from rag.index.vectors import Ids
from rag.system import parse_source
from rag.types import Chunk, Document, Filter, Section

# The first characters of a document. Like its title, they count for each of its chunks (docs/experiments.md).
_LEAD = 400
# The weight of a word in a chunk's description, relative to the chunk's own words (docs/experiments.md).
ABOUT_WEIGHT = 0.3


class StoredChunk(NamedTuple):
    """A chunk for the store: its section, the context embedded before its own words, and its embedding."""

    section: Section
    context: str
    embedding: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in an index, with all its files; `characters` is the length of its text.

    `indexed` is the day on which it was last indexed; None if an earlier version indexed it.
    """

    document_id: int
    title: str
    outlet: str | None
    author: str | None
    date: str | None
    sources: tuple[str, ...]
    characters: int
    chunks: int
    comments: int
    metadata: dict[str, str] = field(default_factory=dict, hash=False)
    indexed: str | None = None


class StoredDocument(NamedTuple):
    """A document in a store, with the hash of its content and of each of its files."""

    document: Document
    chunks: list[StoredChunk]
    content_hash: str
    files: dict[str, str]


class Store(Protocol):
    """An open index without its embedder, to read: documents, their sources and their chunks, with words and vectors.

    All methods raise StoreError if the store is damaged, full or out of reach. A search sees only whole documents, even
    if their writer was stopped.
    """

    @property
    def location(self) -> str:
        """The index's folder or address."""

    @property
    def name(self) -> str:
        """The index's name."""

    @property
    def generation(self) -> int:
        """A number that changes with the documents."""

    @property
    def embedder(self) -> tuple[str, int]:
        """The name and the dimensions of the embedder that made the index."""

    @property
    def is_current(self) -> bool:
        """Whether the location still has this index; false if somebody deleted or replaced it."""

    def close(self) -> None:
        """Close the store."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Read one state of the store during the block, despite other writers, if the store can."""

    def lock(self, mine: Callable[[str], bool]) -> "AbstractContextManager[WritableStore]":
        """Hold the right to write; undo the unfinished work of a stopped writer on the sources that are `mine`.

        A folder has one writer at a time. A server can have many, each with its own sources.
        """

    def get_sources(self) -> dict[str, tuple[str, int]]:
        """Return the file hash and the document's id of each source."""

    def list_entries(self) -> list[Entry]:
        """Return the documents, in order of their first source."""

    def list_stored(self) -> Iterator[StoredDocument]:
        """Yield the documents with all their stored data."""

    def count_chunks(self) -> int:
        """Return the number of chunks."""

    def get_ids(self) -> Ids:
        """Return the ids of all chunks, in order."""

    def get_chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """Return the chunks with these ids, in this order, without missing ones."""

    def list_chunks(self, document_id: int) -> list[Chunk]:
        """Return a document's chunks, in the order of its text."""

    def get_text(self, document_id: int) -> str:
        """Return a document's text; the offsets of citations refer to it."""

    def get_embeddings(self, ids: Collection[int], *, dim: int) -> tuple[list[int], Vectors]:
        """Return the existing ids among these, in order, and their embeddings, a row each."""

    def search_words(self, question: str, k: int, *, where: Filter | None = None) -> list[tuple[int, float]]:
        """Return the ids and BM25 scores, above 0, of the k best chunks for a question, ties by id.

        It compares words by their stems in the language of each document. Words in double quotes also count as a
        phrase. Stop words count only if the question has no others.
        """

    def search_vectors(self, vector: Vectors, k: int, *, where: Filter | None = None) -> list[int]:
        """Return the ids of the k chunks nearest to a unit vector, best first."""


class WritableStore(Store, Protocol):
    """A store while its `lock` is held: it can be changed."""

    def refresh(self) -> object:
        """Make the written documents searchable."""

    def find_file(self, file_hash: str) -> int | None:
        """Return the id of the document of a file with this hash, if there is one."""

    def find_document(self, content_hash: str, *, besides: str) -> int | None:
        """Return the id of the document with this content that has another source than `besides`, if there is one."""

    def put_document(
        self, document: Document, chunks: Sequence[StoredChunk], *, content_hash: str, file_hash: str
    ) -> int:
        """Add a document, and remove the source's earlier one; return the new id."""

    def put_source(self, source: str, *, file_hash: str, document_id: int) -> None:
        """Make a file one more source of a document, and remove the file's earlier document."""

    def remove_source(self, source: str) -> None:
        """Remove a source, and its document if it has no other source."""

    def get_reusable(self, source: str) -> dict[tuple[str, str], bytes]:
        """Return the embeddings, float16, of a source's chunks, by context and text."""


def check_embedder(name: str, *, made_by: tuple[str, int], embedder: str, dim: int) -> None:
    """Raise StoreError if another embedder made the index `name`; an empty `embedder` passes."""
    if embedder and made_by != (embedder, dim):
        raise StoreError(
            f"index {name} was made with embedder {made_by[0]} ({made_by[1]} dimensions), not {embedder} ({dim}): add "
            f"`--embedder {made_by[0]}`, or run `rag index PATHS --name OTHER --embedder {embedder}`"
        )


def filter_entries(entries: Iterable[Entry], words: Iterable[str]) -> list[Entry]:
    """Return the documents with all the words in their title, outlet or path, in upper or lower case."""
    folded = [word.casefold() for word in words]
    matching = []
    for entry in entries:
        text = f"{entry.title} {entry.outlet} {entry.sources}".casefold()
        if all(word in text for word in folded):
            matching.append(entry)
    return matching


def check_embeddings(chunks: Sequence[StoredChunk], source: str) -> None:
    """Raise StoreError if an embedding has an invalid number: a search would never find it."""
    numbers = np.frombuffer(b"".join(chunk.embedding for chunk in chunks), dtype=np.float16)
    if not np.isfinite(numbers).all():
        raise StoreError(
            f"the embedder returned invalid numbers for {source}, which is not stored: run `rag models verify`, then "
            "index again"
        )


def get_today() -> str:
    """Return the day on which a document is indexed, in ISO 8601."""
    return datetime.now(UTC).date().isoformat()


def describe_chunk(context: str, text: str) -> str:
    """Return the words that a search uses beside a chunk's own: its context, and the lead of its document's text.

    The lead names the subject of the document; a chunk further down has "he" or "the appliance".
    """
    return f"{context} {text[:_LEAD]}"


def name_source(source: str) -> str:
    """Return a title for a document without one: its file's name, in words."""
    return parse_source(source).stem.replace("-", " ").replace("_", " ")
