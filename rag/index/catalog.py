"""The truth of an index: documents, chunks and embeddings in one SQLite file."""

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from rag.errors import CatalogError
from rag.index.embedder import Vectors
from rag.index.vectors import Ids
from rag.text import STOP_WORDS
from rag.types import Chunk, Document, Filter, Section

SCHEMA_VERSION = 2
LOCK_TIMEOUT_S = 30.0
CATALOG_FILE = "catalog.sqlite"

_SCHEMA = """
CREATE TABLE meta (schema_version INTEGER, embedder TEXT, dim INTEGER, generation INTEGER);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT UNIQUE NOT NULL, content_hash TEXT NOT NULL,
    title TEXT NOT NULL, outlet TEXT, author TEXT, date TEXT, text TEXT NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL,
    voice TEXT NOT NULL, author TEXT, date TEXT, embedding BLOB NOT NULL
);
CREATE INDEX chunks_by_document ON chunks (document_id);
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = 'chunks', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
"""
# Keep the words in step with the chunks, those that a removed document takes along too.
_TRIGGERS = (
    "CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN"
    " INSERT INTO words (rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN"
    " INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text); END",
)
_WORD = re.compile(r"\w+")
# Of a longer question the first words count: FTS5 takes no query of thousands.
_MAX_TERMS = 64
_FILTERED = """
SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id
WHERE (:outlet IS NULL OR fold(d.outlet) = fold(:outlet))
AND (:author IS NULL OR fold(c.author) = fold(:author) OR (c.voice = 'article' AND fold(d.author) = fold(:author)))
AND (:voice IS NULL OR c.voice = :voice)
AND (:source IS NULL OR instr(fold(d.source), fold(:source)))
AND (:date IS NULL OR instr(coalesce(c.date, d.date), :date) = 1)
ORDER BY c.id
"""
_BY_WORDS = """
SELECT rowid, -bm25(words) AS score FROM words
WHERE words MATCH :query AND (:among IS NULL OR rowid IN (SELECT value FROM json_each(:among)))
ORDER BY score DESC, rowid LIMIT :k
"""
_CHUNKS = """
SELECT c.id, c.document_id, d.source, d.title, d.outlet, c.start, c."end", c.text, c.voice, c.author, c.date
FROM chunks c JOIN documents d ON d.id = c.document_id
WHERE c.id IN (SELECT value FROM json_each(?))
"""


def check_index(folder: Path) -> None:
    """Raise CatalogError if there is no index in `folder`."""
    if not (folder / CATALOG_FILE).is_file():
        raise CatalogError(f"no index at {folder}: run `rag index PATHS --name {folder.name}`")


class Catalog:
    """An open catalog; every change is one transaction, and raises the generation number by one."""

    def __init__(self, folder: Path, *, embedder: str, dim: int, create: bool = False) -> None:
        """Open the catalog in `folder`, made by `embedder`; with `create`, make it where there is none.

        Raises CatalogError if it is missing, damaged, or made with another embedder.
        """
        self.folder = folder
        if not create:
            check_index(folder)
        try:
            # The page asks from several threads; the sqlite3 module serialises the calls.
            self._db = sqlite3.connect(
                folder / CATALOG_FILE, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._db.create_function("fold", 1, lambda text: text and text.casefold(), deterministic=True)
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._open(embedder, dim)
        except sqlite3.DatabaseError as exc:
            raise CatalogError(f"cannot open the index at {folder}: {exc}; delete the folder and index again") from exc

    def _open(self, embedder: str, dim: int) -> None:
        with self._transaction():
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                for statement in (*_SCHEMA.split(";"), *_TRIGGERS):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO meta VALUES (?, ?, ?, 0)", (SCHEMA_VERSION, embedder, dim))
        version, made_by, made_dim, _ = self._db.execute("SELECT * FROM meta").fetchone()
        name = self.folder.name
        if version != SCHEMA_VERSION:
            raise CatalogError(f"index {name} has the format of another version: delete {self.folder}, index again")
        if (made_by, made_dim) != (embedder, dim):
            raise CatalogError(
                f"index {name} was made with embedder {made_by} ({made_dim} dimensions), not {embedder} ({dim}): add "
                f"`--embedder {made_by}`, or run `rag index PATHS --name OTHER --embedder {embedder}`"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @property
    def generation(self) -> int:
        """The number of changes made so far."""
        return int(self._db.execute("SELECT generation FROM meta").fetchone()[0])

    def hashes(self) -> dict[str, str]:
        """Return the content hash of each document by its source."""
        return dict(self._db.execute("SELECT source, content_hash FROM documents"))

    def replace_document(self, document: Document, content_hash: str, chunks: Sequence[Section], rows: Vectors) -> None:
        """Put a document with its chunks and their embeddings in, and what had its source out."""
        d = document
        with self._transaction():
            self._db.execute("DELETE FROM documents WHERE source = ?", (d.source,))
            document_id = self._db.execute(
                "INSERT INTO documents (source, content_hash, title, outlet, author, date, text)"
                " VALUES (?,?,?,?,?,?,?)",
                (d.source, content_hash, d.title, d.outlet, d.author, d.date, d.text),
            ).lastrowid
            self._db.executemany(
                'INSERT INTO chunks (document_id, start, "end", text, voice, author, date, embedding)'
                " VALUES (?,?,?,?,?,?,?,?)",
                [
                    (document_id, c.start, c.end, d.text[c.start : c.end], c.voice, c.author, c.date, blob)
                    for c, blob in zip(chunks, (row.astype(np.float16).tobytes() for row in rows), strict=True)
                ],
            )
            self._db.execute("UPDATE meta SET generation = generation + 1")

    def remove_document(self, source: str) -> None:
        """Take a document and its chunks out."""
        with self._transaction():
            self._db.execute("DELETE FROM documents WHERE source = ?", (source,))
            self._db.execute("UPDATE meta SET generation = generation + 1")

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return int(self._db.execute("SELECT count(*) FROM chunks").fetchone()[0])

    def get_chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """Return the chunks with these ids, in their order; ids that are gone are left out."""
        rows = self._db.execute(_CHUNKS, (json.dumps(list(ids)),))
        found = {row[0]: Chunk(*row) for row in rows}
        return [found[i] for i in ids if i in found]

    def find_chunks(self, only: Filter) -> list[int]:
        """Return the ids of the chunks that pass a filter, in order."""
        return [int(row[0]) for row in self._db.execute(_FILTERED, asdict(only))]

    def search_words(self, question: str, k: int, *, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Return the ids and BM25 scores, above 0, of the k chunks that share most with a question, ties by id.

        Words are compared by their English stems; those in double quotes count together too, as a phrase. Stop words
        count only where there are no others.
        """
        words = _WORD.findall(question.lower())
        phrases = re.findall(r'["“]([^"“”]+)["”]', question)
        telling = [word for word in words if word not in STOP_WORDS] or words
        terms = dict.fromkeys([*telling, *(" ".join(_WORD.findall(phrase)) for phrase in phrases)])
        # Quoted and without signs, a term is no query syntax.
        query = " OR ".join(f'"{term}"' for term in list(terms)[:_MAX_TERMS] if term)
        if not query:
            return []
        given = {"query": query, "among": None if among is None else json.dumps(among), "k": k}
        return [(int(i), float(score)) for i, score in self._db.execute(_BY_WORDS, given)]

    def get_text(self, document_id: int) -> str:
        """Return a document's text, which citations' offsets count in."""
        row = self._db.execute("SELECT text FROM documents WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise CatalogError(f"document {document_id} is not in the index any more; ask again")
        return str(row[0])

    def get_ids(self) -> Ids:
        """Return the ids of all chunks, in order."""
        return np.array([i for (i,) in self._db.execute("SELECT id FROM chunks ORDER BY id")], dtype=np.int64)

    def get_embeddings(self, ids: Collection[int], *, dim: int) -> tuple[list[int], Vectors]:
        """Return those of the ids that are there, in order, and their chunks' embeddings, a row each."""
        found = self._db.execute(
            "SELECT id, embedding FROM chunks WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(ids)),),
        ).fetchall()
        rows = np.frombuffer(b"".join(blob for _, blob in found), dtype=np.float16).reshape(len(found), dim)
        return [i for i, _ in found], rows.astype(np.float32)
