"""The truth of an index in a folder: documents, chunks and embeddings in one SQLite file."""

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path

import numpy as np

from rag.errors import CatalogError
from rag.index.catalog import Entry, StoredChunk, StoredDocument, check_embedder, describe_chunk, name_source
from rag.index.embedder import Vectors
from rag.index.vectors import Ids
from rag.index.words import TOKENIZE
from rag.text import STOP_WORDS
from rag.types import Chunk, Document, Filter, Section

SCHEMA_VERSION = 4
LOCK_TIMEOUT_S = 30.0
CATALOG_FILE = "catalog.sqlite"

_SCHEMA = f"""
CREATE TABLE meta (schema_version INTEGER, embedder TEXT, dim INTEGER, generation INTEGER);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash TEXT NOT NULL,
    title TEXT NOT NULL, outlet TEXT, author TEXT, date TEXT, text TEXT NOT NULL
);
CREATE INDEX documents_by_content ON documents (content_hash);
CREATE TABLE sources (
    source TEXT PRIMARY KEY, file_hash TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE
);
CREATE INDEX sources_by_document ON sources (document_id, source);
CREATE INDEX sources_by_file ON sources (file_hash);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, context TEXT NOT NULL,
    about TEXT NOT NULL,
    voice TEXT NOT NULL, author TEXT, date TEXT, heading TEXT, page INTEGER, reply_to TEXT, embedding BLOB NOT NULL
);
CREATE INDEX chunks_by_document ON chunks (document_id);
CREATE VIRTUAL TABLE words USING fts5 (
    text, about, content = 'chunks', content_rowid = 'id', tokenize = '{TOKENIZE}'
);
"""
# Keep the words in step with the chunks, those that a removed document takes along too.
_TRIGGERS = (
    "CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN"
    " INSERT INTO words (rowid, text, about) VALUES (new.id, new.text, new.about); END",
    "CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN"
    " INSERT INTO words (words, rowid, text, about) VALUES ('delete', old.id, old.text, old.about); END",
)
# What a word is worth in what describes a chunk, beside one of its own (docs/experiments.md).
ABOUT_WEIGHT = 0.3
_WORD = re.compile(r"\w+")
# Of a longer question the first words count: FTS5 takes no query of thousands.
MAX_TERMS = 64
# So many chunks are ranked by their words at most, those of the rarest: of 1,000,000 it would take half a second.
MOST_RANKED = 10_000
_FILTERED = """
SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id
WHERE (:outlet IS NULL OR fold(d.outlet) = fold(:outlet))
AND (:author IS NULL OR fold(c.author) = fold(:author) OR (c.voice = 'article' AND fold(d.author) = fold(:author)))
AND (:voice IS NULL OR c.voice = :voice)
AND (:source IS NULL OR EXISTS (
    SELECT 1 FROM sources s WHERE s.document_id = d.id AND instr(fold(s.source), fold(:source))
))
AND (:date IS NULL OR instr(coalesce(c.date, d.date), :date) = 1)
ORDER BY c.id
"""
_HOLDING = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
_BY_WORDS = """
SELECT rowid, -bm25(words, 1.0, :about) AS score FROM words
WHERE words MATCH :query AND (:among IS NULL OR rowid IN (SELECT value FROM json_each(:among)))
ORDER BY score DESC, rowid LIMIT :k
"""
# A document with several sources is shown with the first; one without a title, by its file's name.
_CHUNKS = """
SELECT c.id, c.document_id, (SELECT min(source) FROM sources s WHERE s.document_id = d.id) AS source, d.title, d.outlet,
    c.start, c."end", c.text, c.voice, c.author, c.date, c.heading, c.page, c.reply_to
FROM chunks c JOIN documents d ON d.id = c.document_id
WHERE c.id IN (SELECT value FROM json_each(?))
"""
_STORED = """
SELECT start, "end", voice, author, date, heading, page, reply_to, context, embedding FROM chunks
WHERE document_id = ? ORDER BY id
"""
_ENTRIES = """
SELECT d.id, d.title, d.outlet, d.author, d.date,
    (SELECT json_group_array(source) FROM (SELECT source FROM sources s WHERE s.document_id = d.id ORDER BY source)),
    length(d.text), count(c.id), coalesce(sum(c.voice = 'comment'), 0)
FROM documents d LEFT JOIN chunks c ON c.document_id = d.id GROUP BY d.id
"""


def list_indexes(index_dir: Path) -> list[str]:
    """Return the names of the indexes in a folder."""
    return sorted(file.parent.name for file in index_dir.glob(f"*/{CATALOG_FILE}"))


def is_index(folder: Path) -> bool:
    """Tell whether there is an index in `folder`."""
    return (folder / CATALOG_FILE).is_file()


def check_index(folder: Path) -> None:
    """Raise CatalogError if there is no index in `folder`."""
    if not is_index(folder):
        raise CatalogError(f"no index at {folder}: run `rag index PATHS --name {folder.name}`")


class SqliteCatalog:
    """An open database; every change is one transaction, and raises the generation number by one."""

    def __init__(self, folder: Path, *, embedder: str = "", dim: int = 0, create: bool = False) -> None:
        """Open the catalog in `folder`, made by `embedder` if one is named; with `create`, make it where there is none.

        Raises CatalogError if it is missing, damaged, on a full disk, or made with another embedder.
        """
        self.folder = folder
        self._passing: tuple[object, list[int]] = None, []
        if not create:
            check_index(folder)
        with self._explained():
            # The page asks from several threads; the sqlite3 module serialises the calls.
            self._db = sqlite3.connect(
                folder / CATALOG_FILE, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._db.create_function("fold", 1, lambda text: text and text.casefold(), deterministic=True)
            self._db.execute("PRAGMA foreign_keys = ON")
            # Only the first opening writes: later ones work on a full disk too.
            if not self._is_made():
                self._db.execute("PRAGMA journal_mode = WAL")
                self._make(embedder, dim)
            self._check(embedder, dim)

    def _is_made(self) -> bool:
        return bool(self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone())

    def _make(self, embedder: str, dim: int) -> None:
        with self._transaction():
            if not self._is_made():
                for statement in (*_SCHEMA.split(";"), *_TRIGGERS):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO meta VALUES (?, ?, ?, 0)", (SCHEMA_VERSION, embedder, dim))

    def _check(self, embedder: str, dim: int) -> None:
        version, made_by, made_dim, _ = self._db.execute("SELECT * FROM meta").fetchone()
        name = self.folder.name
        if version != SCHEMA_VERSION:
            raise CatalogError(f"index {name} has the format of another version: delete {self.folder}, index again")
        check_embedder(name, made_by=(made_by, made_dim), embedder=embedder, dim=dim)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                raise CatalogError(
                    f"the disk of {self.folder} is full: free some space and run the same again; what was done is kept"
                ) from exc
            raise CatalogError(
                f"cannot use the index at {self.folder}: {exc}; check the folder, or index again"
            ) from exc
        except sqlite3.DatabaseError as exc:
            raise CatalogError(
                f"cannot use the index at {self.folder}: {exc}; delete the folder and index again"
            ) from exc

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read in one state of the catalog, whatever another process writes meanwhile; not from two threads at once."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @property
    def generation(self) -> int:
        """The number of changes made so far."""
        return int(self._db.execute("SELECT generation FROM meta").fetchone()[0])

    @property
    def embedder(self) -> tuple[str, int]:
        """The name and the dimensions of the embedder that made the index."""
        name, dim = self._db.execute("SELECT embedder, dim FROM meta").fetchone()
        return str(name), int(dim)

    def find_damage(self) -> str | None:
        """Return what SQLite finds wrong with the file, or with the words it keeps of the chunks; None: nothing."""
        try:
            (found,) = self._db.execute("PRAGMA integrity_check(1)").fetchone()
            self._db.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as exc:
            return str(exc)
        return None if found == "ok" else str(found)

    def get_sources(self) -> dict[str, tuple[str, int]]:
        """Return the file hash and the document's id of each source."""
        return {
            row[0]: (row[1], row[2]) for row in self._db.execute("SELECT source, file_hash, document_id FROM sources")
        }

    def find_file(self, file_hash: str) -> int | None:
        """Return the id of the document that a file with this hash became, if there is one."""
        row = self._db.execute("SELECT document_id FROM sources WHERE file_hash = ?", (file_hash,)).fetchone()
        return int(row[0]) if row else None

    def find_document(self, content_hash: str, *, but: str) -> int | None:
        """Return the id of the document with this content that has another source than `but`, if there is one."""
        row = self._db.execute(
            "SELECT d.id FROM documents d JOIN sources s ON s.document_id = d.id"
            " WHERE d.content_hash = ? AND s.source != ? ORDER BY d.id LIMIT 1",
            (content_hash, but),
        ).fetchone()
        return int(row[0]) if row else None

    def put_document(
        self, document: Document, chunks: Sequence[StoredChunk], *, content_hash: str, file_hash: str
    ) -> int:
        """Put a document in, and out what its source had before, in one transaction; return its id."""
        d = document
        with self._transaction():
            document_id = self._db.execute(
                "INSERT INTO documents (content_hash, title, outlet, author, date, text) VALUES (?,?,?,?,?,?)",
                (content_hash, d.title, d.outlet, d.author, d.date, d.text),
            ).lastrowid
            assert document_id is not None
            self._db.executemany(
                'INSERT INTO chunks (document_id, start, "end", text, context, about, voice, author, date, heading,'
                " page, reply_to, embedding) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [_make_row(chunk, document_id, d.text) for chunk in chunks],
            )
            self._set_source(d.source, file_hash, document_id)
        return document_id

    def put_source(self, source: str, *, file_hash: str, document_id: int) -> None:
        """Make a file one more source of a document, and take out what it had before."""
        with self._transaction():
            self._set_source(source, file_hash, document_id)

    def remove_source(self, source: str) -> None:
        """Take a source out, and its document if it has no other."""
        with self._transaction():
            self._drop_source(source)
            self._db.execute("UPDATE meta SET generation = generation + 1")

    def _set_source(self, source: str, file_hash: str, document_id: int) -> None:
        self._drop_source(source)
        self._db.execute("INSERT INTO sources VALUES (?, ?, ?)", (source, file_hash, document_id))
        self._db.execute("UPDATE meta SET generation = generation + 1")

    def _drop_source(self, source: str) -> None:
        row = self._db.execute("DELETE FROM sources WHERE source = ? RETURNING document_id", (source,)).fetchone()
        if row:
            self._db.execute(
                "DELETE FROM documents WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM sources WHERE document_id = ?1)", row
            )

    def get_reusable(self, source: str) -> dict[tuple[str, str], bytes]:
        """Return the embeddings of a source's chunks by their context and text."""
        return {
            (context, text): embedding
            for context, text, embedding in self._db.execute(
                "SELECT context, text, embedding FROM chunks"
                " WHERE document_id = (SELECT document_id FROM sources WHERE source = ?)",
                (source,),
            )
        }

    def list_entries(self) -> list[Entry]:
        """Return the documents, in order of their first source."""
        entries = []
        for document_id, title, *known, sources, characters, chunks, comments in self._db.execute(_ENTRIES):
            paths = tuple(json.loads(sources))
            outlet, author, date = known
            entries.append(
                Entry(
                    document_id,
                    title or name_source(paths[0]),
                    outlet,
                    author,
                    date,
                    paths,
                    characters,
                    chunks,
                    comments,
                )
            )
        return sorted(entries, key=lambda entry: entry.sources)

    def list_stored(self) -> Iterator[StoredDocument]:
        """Yield the documents with all that is stored of them."""
        for entry in self.list_entries():
            d = entry.document_id
            title, content_hash = self._db.execute(
                "SELECT title, content_hash FROM documents WHERE id = ?", (d,)
            ).fetchone()
            chunks = [
                StoredChunk(Section(*section), context, embedding)
                for *section, context, embedding in self._db.execute(_STORED, (d,))
            ]
            files = dict(self._db.execute("SELECT source, file_hash FROM sources WHERE document_id = ?", (d,)))
            sections = tuple(chunk.section for chunk in chunks)
            document = Document(
                entry.sources[0], self.get_text(d), title, sections, entry.outlet, entry.author, entry.date
            )
            yield StoredDocument(document, chunks, content_hash, files)

    def list_documents(self) -> Iterator[Document]:
        """Yield the documents once for each of their sources; the sections are their chunks."""
        known = "SELECT s.source, d.text, d.title, d.outlet, d.author, d.date, d.id FROM sources s"
        for source, text, title, *about, document_id in self._db.execute(
            f"{known} JOIN documents d ON d.id = s.document_id ORDER BY s.source"
        ).fetchall():
            chunks = self.list_chunks(document_id)
            sections = tuple(
                Section(c.start, c.end, c.voice, c.author, c.date, c.heading, c.page, c.reply_to) for c in chunks
            )
            yield Document(source, text, title, sections, *about)

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return int(self._db.execute("SELECT count(*) FROM chunks").fetchone()[0])

    def get_chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """Return the chunks with these ids, in their order; ids that are gone are left out."""
        rows = self._db.execute(_CHUNKS, (json.dumps(list(ids)),))
        found = {
            i: Chunk(i, document_id, source, title or name_source(source), *rest)
            for i, document_id, source, title, *rest in rows
        }
        return [found[i] for i in ids if i in found]

    def list_chunks(self, document_id: int) -> list[Chunk]:
        """Return a document's chunks, in the order of its text."""
        rows = self._db.execute("SELECT id FROM chunks WHERE document_id = ? ORDER BY start", (document_id,))
        return self.get_chunks([i for (i,) in rows])

    def find_chunks(self, only: Filter | None) -> list[int] | None:
        """Return the ids of the chunks that pass a filter, in order; None: all."""
        if only is None:
            return None
        asked = (self.generation, only)
        if self._passing[0] != asked:  # one search asks several times
            self._passing = asked, [int(row[0]) for row in self._db.execute(_FILTERED, asdict(only))]
        return self._passing[1]

    def search_words(self, question: str, k: int, *, only: Filter | None = None) -> list[tuple[int, float]]:
        """Return the ids and BM25 scores, above 0, of the k chunks that share most with a question, ties by id.

        Words are compared by their English stems; those in double quotes count together too, as a phrase. Stop words
        count only where there are no others, and what very many chunks hold only where nothing else is asked for.
        """
        phrases = re.findall(r'["“]([^"“”]+)["”]', question)
        telling = telling_words(question)
        terms = dict.fromkeys([*telling, *(" ".join(_WORD.findall(phrase)) for phrase in phrases)])
        # Quoted and without signs, a term is no query syntax.
        query = self._make_query([f'"{term}"' for term in list(terms)[:MAX_TERMS] if term])
        if not query:
            return []
        among = self.find_chunks(only)
        given = {
            "query": query,
            "about": ABOUT_WEIGHT,
            "among": None if among is None else json.dumps(among),
            "k": k,
        }
        return [(int(i), float(score)) for i, score in self._db.execute(_BY_WORDS, given)]

    def _make_query(self, terms: Sequence[str]) -> str:
        """Return a query for the rarest terms, which few enough chunks hold; if there are none, for all together."""
        holding = {t: self._db.execute(_HOLDING, (t, MOST_RANKED + 1)).fetchone()[0] for t in terms}
        rarest = sorted(terms, key=holding.__getitem__)
        totals = dict(zip(rarest, accumulate(holding[term] for term in rarest), strict=True))
        return " OR ".join(term for term in terms if totals[term] <= MOST_RANKED) or " AND ".join(terms)

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


def telling_words(question: str) -> list[str]:
    """Return the words of a question, in lower case, without stop words where there are others."""
    words = _WORD.findall(question.lower())
    return [word for word in words if word not in STOP_WORDS] or words


def _make_row(chunk: StoredChunk, document_id: int, text: str) -> tuple[object, ...]:
    """Return a chunk's row but for the id, `text` being its document's."""
    s = chunk.section
    told = (s.voice, s.author, s.date, s.heading, s.page, s.reply_to)
    words = (text[s.start : s.end], chunk.context, describe_chunk(chunk, text))
    return (document_id, s.start, s.end, *words, *told, chunk.embedding)
