"""What an index is made of, and what every place that can hold one does: a folder, or a Milvus server."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from rag.errors import CatalogError
from rag.index.embedder import Vectors
from rag.index.vectors import Ids
from rag.system import parse_source
from rag.types import Chunk, Document, Filter, Section

# The first characters of a document that count, like its title, for each of its chunks (docs/experiments.md).
_LEAD = 400


class StoredChunk(NamedTuple):
    """A chunk as it goes into the catalog: where it stands, the words embedded before its own, and its embedding."""

    section: Section
    context: str
    embedding: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in an index, with all the files that say the same; `characters` is the length of its text."""

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


class StoredDocument(NamedTuple):
    """A document as a catalog holds it, with the hash of its content and that of each file that it was read from."""

    document: Document
    chunks: list[StoredChunk]
    content_hash: str
    files: dict[str, str]


class Catalog(Protocol):
    """An open index but for its embedder: documents, their sources and their chunks, by the words and the vectors.

    All methods raise CatalogError where the place is damaged, full or out of reach. A document that a search sees is
    whole, whenever its writer was stopped.
    """

    @property
    def location(self) -> str:
        """Where the index is: its folder or address."""

    @property
    def name(self) -> str:
        """The index's name."""

    @property
    def generation(self) -> int:
        """A number that changes when the documents do."""

    @property
    def embedder(self) -> tuple[str, int]:
        """The name and the dimensions of the embedder that made the index."""

    @property
    def is_current(self) -> bool:
        """Whether this is still what is at the location, and not an index that was deleted or replaced."""

    def close(self) -> None:
        """Let go of the place."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Read in one state, whatever another process writes meanwhile, as far as the place can do that."""

    def lock(self, mine: Callable[[str], bool]) -> AbstractContextManager[None]:
        """Hold the right to write, and take back what a stopped writer left half done of the sources that are `mine`.

        In a folder there is one writer at a time; on a server there can be many, each with sources of its own.
        """

    def refresh(self) -> object:
        """Make ready to be searched what was written."""

    def get_sources(self) -> dict[str, tuple[str, int]]:
        """Return the file hash and the document's id of each source."""

    def find_file(self, file_hash: str) -> int | None:
        """Return the id of the document that a file with this hash became, if there is one."""

    def find_document(self, content_hash: str, *, but: str) -> int | None:
        """Return the id of the document with this content that has another source than `but`, if there is one."""

    def put_document(
        self, document: Document, chunks: Sequence[StoredChunk], *, content_hash: str, file_hash: str
    ) -> int:
        """Put a document in, and out what its source had before; return its id."""

    def put_source(self, source: str, *, file_hash: str, document_id: int) -> None:
        """Make a file one more source of a document, and take out what it had before."""

    def remove_source(self, source: str) -> None:
        """Take a source out, and its document if it has no other."""

    def get_reusable(self, source: str) -> dict[tuple[str, str], bytes]:
        """Return the embeddings, float16, of a source's chunks by their context and text."""

    def list_entries(self) -> list[Entry]:
        """Return the documents, in order of their first source."""

    def list_stored(self) -> Iterator[StoredDocument]:
        """Yield the documents with all that is stored of them."""

    def count_chunks(self) -> int:
        """Return the number of chunks."""

    def get_ids(self) -> Ids:
        """Return the ids of all chunks, in order."""

    def get_chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """Return the chunks with these ids, in their order; ids that are gone are left out."""

    def list_chunks(self, document_id: int) -> list[Chunk]:
        """Return a document's chunks, in the order of its text."""

    def get_text(self, document_id: int) -> str:
        """Return a document's text, which citations' offsets count in."""

    def get_embeddings(self, ids: Collection[int], *, dim: int) -> tuple[list[int], Vectors]:
        """Return those of the ids that are there, in order, and their chunks' embeddings, a row each."""

    def search_words(self, question: str, k: int, *, only: Filter | None = None) -> list[tuple[int, float]]:
        """Return the ids and BM25 scores, above 0, of the k chunks that share most with a question, ties by id.

        Words are compared by their English stems. Stop words count only where there are no others.
        """

    def search_vectors(self, vector: Vectors, k: int, *, only: Filter | None = None) -> list[int]:
        """Return the ids of the k chunks nearest to a unit vector, best first."""


def check_embedder(name: str, *, made_by: tuple[str, int], embedder: str, dim: int) -> None:
    """Raise CatalogError if the index `name` was made with another embedder than this, if one is named."""
    if embedder and made_by != (embedder, dim):
        raise CatalogError(
            f"index {name} was made with embedder {made_by[0]} ({made_by[1]} dimensions), not {embedder} ({dim}): add "
            f"`--embedder {made_by[0]}`, or run `rag index PATHS --name OTHER --embedder {embedder}`"
        )


def filter_entries(entries: Iterable[Entry], words: Iterable[str]) -> list[Entry]:
    """Return the documents that have all the words in their title, outlet or path, in any case."""
    folded = [word.casefold() for word in words]
    return [
        entry
        for entry in entries
        if all(word in f"{entry.title} {entry.outlet} {entry.sources}".casefold() for word in folded)
    ]


def check_embeddings(chunks: Sequence[StoredChunk], source: str) -> None:
    """Raise CatalogError if an embedding of a document holds what is no number: nothing near it would be found."""
    numbers = np.frombuffer(b"".join(chunk.embedding for chunk in chunks), dtype=np.float16)
    if not np.isfinite(numbers).all():
        raise CatalogError(
            f"the embedder gave no numbers for {source}, which is not stored: run `rag models verify`, index again"
        )


def describe_chunk(chunk: StoredChunk, text: str) -> str:
    """Return what a chunk is searched by beside its own words: its context, and the lead of its document's text.

    The lead names whom or what the document is about, where a chunk further down has "he" or "the appliance".
    """
    return f"{chunk.context} {text[:_LEAD]}"


def name_source(source: str) -> str:
    """Return the title of a document that names none: its file's name, in words."""
    return parse_source(source).stem.replace("-", " ").replace("_", " ")
