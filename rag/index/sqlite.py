"""The truth of an index in a folder: documents, chunks and embeddings in one SQLite file."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from rag.database import Values, connect, explained, fetch, get_cause
from rag.errors import StoreError
from rag.files import check_plain, find_share, is_plain, make_file
from rag.index.embedder import Vectors
from rag.index.folder import DATABASE_FILE
from rag.index.schema import CHANGES, SCHEMA, SCHEMA_VERSION, TYPES
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
    name_source,
)
from rag.index.vectors import Ids
from rag.language import guess_language
from rag.metadata import dump_metadata, load_metadata
from rag.types import Chunk, Document, Filter, Section

# SQLite's errors if it cannot make its files beside the store: a read-only folder, or a full disk.
_CANNOT_SHARE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_NUMBER_BYTES = 2  # in a float16
# Most chunks to rank, by the rarest words: ranking 1,000,000 would take half a second.
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
AND NOT EXISTS (
    SELECT 1 FROM json_each(:metadata) wanted WHERE NOT EXISTS (
        SELECT 1 FROM json_each(d.metadata) has WHERE has.key = wanted.key AND fold(has.value) = fold(wanted.value)
    )
)
ORDER BY c.id
"""
_HOLDING = "SELECT count(*) AS count FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
_BY_WORDS = """
SELECT rowid AS id, -bm25(words, 1.0, :about) AS score FROM words
WHERE words MATCH :query AND (:among IS NULL OR rowid IN (SELECT value FROM json_each(:among)))
ORDER BY score DESC, rowid LIMIT :k
"""
# A document with several sources shows the first; one without a title shows its file's name.
_CHUNKS = """
SELECT c.id, c.document_id, (SELECT min(source) FROM sources s WHERE s.document_id = d.id) AS source, d.title, d.outlet,
    c.start, c."end", c.text, c.voice, c.author, c.date, c.heading, c.page, c.reply_to, c.ocr, d.metadata
FROM chunks c JOIN documents d ON d.id = c.document_id
WHERE c.id IN (SELECT value FROM json_each(?))
"""
_ADD_CHUNK = """
INSERT INTO chunks (
    document_id, start, "end", text, context, voice, author, date, heading, page, reply_to, ocr, embedding
) VALUES (
    :document_id, :start, :end, :text, :context, :voice, :author, :date, :heading, :page, :reply_to, :ocr, :embedding
)
"""
_STORED = """
SELECT start, "end", voice, author, date, heading, page, reply_to, ocr, context, embedding FROM chunks
WHERE document_id = ? ORDER BY id
"""
_WITHOUT_WORDS = "SELECT 1 FROM chunks WHERE id NOT IN (SELECT rowid FROM words) LIMIT 1"
_ENTRIES = """
SELECT d.id AS document_id, d.title, d.outlet, d.author, d.date, d.metadata, d.indexed, length(d.text) AS characters,
    count(c.id) AS chunks, coalesce(sum(c.voice = 'comment'), 0) AS comments, (
        SELECT json_group_array(source) FROM (SELECT source FROM sources s WHERE s.document_id = d.id ORDER BY source)
    ) AS sources
FROM documents d LEFT JOIN chunks c ON c.document_id = d.id GROUP BY d.id
"""


class SqliteStore:
    """An open database; every change is one transaction, and raises the generation number by one.

    All threads can read it. It can be written to only within `_writing`.
    """

    def __init__(self, folder: Path, *, embedder: str = "", dim: int = 0, create: bool = False) -> None:
        """Open the store in `folder`, made by `embedder` if one is named; with `create`, make it if it is missing.

        Opening for reading writes nothing; an unfinished new store reads as one without documents. Raises
        StoreError if it is missing, damaged, on a full disk, or made with another embedder.
        """
        self.folder = folder
        self._file, self._log = folder / DATABASE_FILE, folder / f"{DATABASE_FILE}-wal"
        self._passing: tuple[object, list[int]] = None, []
        self._is_frozen = False
        with self._explained():
            if create:
                make_file(self._file, find_share(folder))
            elif not check_plain(self._file):
                raise StoreError(f"no index at {folder}: run `rag index PATHS --name {folder.name}`")
            # Before opening the file, so that the stamp does not match if another file replaces it in between.
            self._stamp: object = self._take_stamp()
            self._db = self._open(create=create)
            if not self._is_made():
                if create:  # only if it is missing, so that an existing one opens even on a full disk
                    self._db.execute("PRAGMA journal_mode = WAL")
                else:
                    self._db, self._stamp = connect(self._file, "memory"), None
                self._make(embedder, dim)
            elif create and self._read_meta()["schema_version"] in CHANGES:
                self._make(embedder, dim)
            self._db.execute("PRAGMA query_only = ON")
            self._check(embedder, dim)

    def _open(self, *, create: bool) -> sqlite3.Connection:
        try:
            db = connect(self._file, "rw")
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as exc:
            if create or get_cause(exc) not in _CANNOT_SHARE:
                raise
            self._is_frozen = True
            self._stamp = self._take_stamp()
            return self._open_frozen()
        return db

    def _open_frozen(self) -> sqlite3.Connection:
        """Open the store if SQLite cannot make a file beside it; then no process on this machine writes to it.

        `is_current` notices a writer on another machine.
        """
        if not (is_plain(self._log) and self._log.stat().st_size):
            return connect(self._file, "ro&immutable=1")
        # A writer was stopped, and its last change is in the log. SQLite can read the log only in a writable folder.
        memory = connect(self._file, "memory")
        with tempfile.TemporaryDirectory() as folder:
            for file in (self._file, self._log):
                shutil.copyfile(file, Path(folder, file.name))
            with closing(connect(Path(folder, DATABASE_FILE), "rw")) as copy:
                copy.backup(memory)
        return memory

    def _take_stamp(self) -> object:
        """Return a stamp that identifies the file at its path; the stamp of a frozen store changes with every write.

        The system does not reuse a file's number while the file is open.
        """
        status = self._file.stat()
        if not self._is_frozen:
            return status.st_dev, status.st_ino
        both = [status, *([self._log.stat()] if is_plain(self._log) else [])]
        return [(s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns) for s in both]

    @property
    def is_current(self) -> bool:
        try:
            return self._stamp == self._take_stamp()
        except OSError:
            return False

    def _is_made(self) -> bool:
        return bool(self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone())

    def _make(self, embedder: str, dim: int) -> None:
        """Make the tables, or bring those of an earlier version up to date; another process may have done so before."""
        with self._transaction():
            is_made = self._is_made()
            before = self._read_meta()["schema_version"] if is_made else SCHEMA_VERSION
            for version in range(before, SCHEMA_VERSION):
                for statement in CHANGES[version]:
                    self._db.execute(statement)
            for statement in SCHEMA.split(";\n"):
                self._db.execute(statement)
            self._add_missing_words()
            if is_made:
                self._db.execute("UPDATE meta SET schema_version = ?", (SCHEMA_VERSION,))
            else:
                self._db.execute("INSERT INTO meta VALUES (?, ?, ?, 0)", (SCHEMA_VERSION, embedder, dim))

    def _check(self, embedder: str, dim: int) -> None:
        version = self._read_meta()["schema_version"]
        name = self.folder.name
        if version in CHANGES:
            remedy = f"run `rag index PATHS --name {name}` once, which brings it up to date and embeds nothing again"
            raise StoreError(f"index {name} was made by an earlier version: {remedy}")
        if version != SCHEMA_VERSION:
            raise StoreError(f"index {name} has the format of another version: {self._remedy}")
        check_embedder(name, made_by=self.embedder, embedder=embedder, dim=dim)

    @property
    def _remedy(self) -> str:
        # Not the folder, because it has the uploaded files.
        return f"delete {self._file} and index again"

    def _explained(self) -> AbstractContextManager[None]:
        return explained(f"cannot use the index at {self.folder}", self._file, remedy=self._remedy)

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
        # The connection commits, or rolls back unless a full disk or damage has ended the transaction.
        with self._explained(), self._db:
            self._db.execute(begin)
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Allow writing to the store during the block."""
        self._db.execute("PRAGMA query_only = OFF")
        try:
            yield
        finally:
            self._db.execute("PRAGMA query_only = ON")

    def snapshot(self) -> AbstractContextManager[None]:  # not from two threads at once
        return self._transaction("BEGIN")

    def _query(self, statement: str, values: Values = ()) -> list[sqlite3.Row]:
        """Return the rows of a statement; raises StoreError, even for a value of the wrong type."""
        with self._explained():
            return fetch(self._db, statement, values, types=TYPES)

    def _query_ids(self, statement: str, values: Values = ()) -> list[int]:
        """Return the only column of a statement."""
        return [i for (i,) in self._query(statement, values)]

    def _read_meta(self) -> sqlite3.Row:
        """Return the version of the schema, the embedder, its dimensions, and the generation."""
        with self._explained():
            rows = self._query("SELECT * FROM meta")
            if not rows:
                raise sqlite3.DatabaseError("the index has no row about itself")
        return rows[0]

    def close(self) -> None:
        self._db.close()

    @property
    def generation(self) -> int:
        return int(self._read_meta()["generation"])

    @property
    def embedder(self) -> tuple[str, int]:
        meta = self._read_meta()
        return meta["embedder"], meta["dim"]

    def find_damage(self) -> str | None:
        """Return SQLite's description of damage to the file or to its word index, or None.

        In a read-only folder the word index is not checked as a whole, but no chunk may lack its words.
        """
        damage, lost = "ok", None
        try:
            (damage,) = self._db.execute("PRAGMA integrity_check(1)").fetchone()
            lost = self._db.execute(_WITHOUT_WORDS).fetchone()
            with self._writing():  # an INSERT that changes nothing
                self._db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as exc:
            if get_cause(exc) != sqlite3.SQLITE_READONLY:
                return f"{self._file} is damaged"
        if lost:
            return f"{self._file} lacks words of a passage"
        return None if damage == "ok" else str(damage)

    def get_sources(self) -> dict[str, tuple[str, int]]:
        rows = self._query("SELECT source, file_hash, document_id FROM sources")
        return {source: (file_hash, document_id) for source, file_hash, document_id in rows}

    def find_file(self, file_hash: str) -> int | None:
        ids = self._query_ids("SELECT document_id FROM sources WHERE file_hash = ? LIMIT 1", (file_hash,))
        return next(iter(ids), None)

    def find_document(self, content_hash: str, *, besides: str) -> int | None:
        ids = self._query_ids(
            "SELECT document_id FROM documents d JOIN sources ON document_id = d.id"
            " WHERE content_hash = ? AND source != ? ORDER BY document_id LIMIT 1",
            (content_hash, besides),
        )
        return next(iter(ids), None)

    def put_document(
        self, document: Document, chunks: Sequence[StoredChunk], *, content_hash: str, file_hash: str
    ) -> int:
        d = document
        check_embeddings(chunks, d.source)
        with self._transaction():
            document_id = self._db.execute(
                "INSERT INTO documents (content_hash, title, outlet, author, date, text, metadata, indexed)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (content_hash, d.title, d.outlet, d.author, d.date, d.text, dump_metadata(d.metadata), get_today()),
            ).lastrowid
            assert document_id is not None
            self._db.executemany(_ADD_CHUNK, [_make_row(chunk, document_id, d.text) for chunk in chunks])
            self._add_missing_words()
            self._set_source(d.source, file_hash, document_id)
        return document_id

    def _add_missing_words(self) -> None:
        """Index the words of the documents whose language is not known yet, in the language that their text has."""
        for document_id in self._query_ids("SELECT id FROM documents WHERE language = ''"):
            text = self.get_text(document_id)
            language = guess_language(text)
            chunks = self._query("SELECT id, text, context FROM chunks WHERE document_id = ?", (document_id,))
            for i, words, context in chunks:
                stems = stem_text(words, language), stem_text(describe_chunk(context, text), language)
                self._db.execute("INSERT INTO words (rowid, text, about) VALUES (?, ?, ?)", (i, *stems))
            self._db.execute("UPDATE documents SET language = ? WHERE id = ?", (language, document_id))

    def put_source(self, source: str, *, file_hash: str, document_id: int) -> None:
        with self._transaction():
            self._set_source(source, file_hash, document_id)

    def remove_source(self, source: str) -> None:
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
        rows = self._query(
            "SELECT context, text, embedding FROM chunks"
            " WHERE document_id = (SELECT document_id FROM sources WHERE source = ?)",
            (source,),
        )
        return {(context, text): embedding for context, text, embedding in rows}

    def list_entries(self) -> list[Entry]:
        with self._explained():
            entries = [_read_entry(row) for row in self._query(_ENTRIES)]
        return sorted(entries, key=lambda entry: entry.sources)

    def list_stored(self) -> Iterator[StoredDocument]:
        for e in self.list_entries():
            wanted = (e.document_id,)
            ((title, content_hash, text),) = self._query(
                "SELECT title, content_hash, text FROM documents WHERE id = ?", wanted
            )
            chunks = [_read_stored_chunk(row) for row in self._query(_STORED, wanted)]
            rows = self._query("SELECT source, file_hash FROM sources WHERE document_id = ?", wanted)
            files = {row["source"]: row["file_hash"] for row in rows}
            sections = tuple(chunk.section for chunk in chunks)
            document = Document(e.sources[0], text, title, sections, e.outlet, e.author, e.date, e.metadata)
            yield StoredDocument(document, chunks, content_hash, files)

    def count_chunks(self) -> int:
        ((count,),) = self._query("SELECT count(*) AS count FROM chunks")
        return int(count)

    def get_chunks(self, ids: Sequence[int]) -> list[Chunk]:
        with self._explained():
            found = {row["id"]: _read_chunk(row) for row in self._query(_CHUNKS, (json.dumps(list(ids)),))}
        return [found[i] for i in ids if i in found]

    def list_chunks(self, document_id: int) -> list[Chunk]:
        return self.get_chunks(
            self._query_ids("SELECT id FROM chunks WHERE document_id = ? ORDER BY start", (document_id,))
        )

    def find_chunks(self, where: Filter | None) -> list[int] | None:
        """Return the ids of the chunks that pass a filter, in order; None if all do."""
        if where is None:
            return None
        asked = (self.generation, where)
        if self._passing[0] != asked:  # because one search asks several times
            wanted = asdict(where) | {"metadata": dump_metadata(where.metadata)}
            self._passing = asked, self._query_ids(_FILTERED, wanted)
        return self._passing[1]

    def search_words(self, question: str, k: int, *, where: Filter | None = None) -> list[tuple[int, float]]:
        """Return what `Store.search_words` says; words that very many chunks hold count only if there are no others."""
        languages = [language for (language,) in self._query("SELECT DISTINCT language FROM documents")]
        # Within quotes a term is never query syntax; terms have no quotes of their own.
        query = self._make_query([f'"{term}"' for term in stem_question(question, languages)])
        if not query:
            return []
        among = self.find_chunks(where)
        given: dict[str, object] = {
            "query": query,
            "about": ABOUT_WEIGHT,
            "among": None if among is None else json.dumps(among),
            "k": k,
        }
        return [(i, score) for i, score in self._query(_BY_WORDS, given)]

    def _make_query(self, terms: Sequence[str]) -> str:
        """Return a query for the rarest terms, if few enough chunks hold them; otherwise for all terms together."""
        counts = {}
        for term in terms:
            ((counts[term],),) = self._query(_HOLDING, (term, MOST_RANKED + 1))
        rarest: list[str] = []
        ranked = 0
        for term in sorted(terms, key=counts.__getitem__):
            ranked += counts[term]
            if ranked <= MOST_RANKED:
                rarest.append(term)
        return " OR ".join(rarest) or " AND ".join(terms)

    def get_text(self, document_id: int) -> str:
        rows = self._query("SELECT text FROM documents WHERE id = ?", (document_id,))
        if not rows:
            raise StoreError(f"document {document_id} is no longer in the index; ask again")
        return str(rows[0]["text"])

    def get_ids(self) -> Ids:
        return np.array(self._query_ids("SELECT id FROM chunks ORDER BY id"), dtype=np.int64)

    def get_embeddings(self, ids: Collection[int], *, dim: int) -> tuple[list[int], Vectors]:
        with self._explained():
            found = self._query(
                "SELECT id, embedding FROM chunks WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(list(ids)),),
            )
            blobs = [blob for _, blob in found]
            if {len(blob) for blob in blobs} - {dim * _NUMBER_BYTES}:
                raise sqlite3.DatabaseError("an embedding does not have the length of the others")
            rows = np.frombuffer(b"".join(blobs), dtype=np.float16).reshape(len(found), dim).astype(np.float32)
            if not np.isfinite(rows).all():
                raise sqlite3.DatabaseError("an embedding has an invalid number")
        return [i for i, _ in found], rows


def _read_chunk(row: sqlite3.Row) -> Chunk:
    fields = dict(row)
    title = fields["title"] or name_source(fields["source"])
    return Chunk(**fields | {"title": title, "metadata": _load_metadata(fields["metadata"])})


def _read_stored_chunk(row: sqlite3.Row) -> StoredChunk:
    fields = dict(row)
    context, embedding = fields.pop("context"), fields.pop("embedding")
    return StoredChunk(Section(**fields), context, embedding)


def _read_entry(row: sqlite3.Row) -> Entry:
    fields = dict(row)
    sources = tuple(json.loads(fields["sources"]))
    if not sources or not all(isinstance(source, str) for source in sources):
        raise sqlite3.DatabaseError("a document has no source, or one that is no text")
    title = fields["title"] or name_source(sources[0])
    return Entry(**fields | {"title": title, "sources": sources, "metadata": _load_metadata(fields["metadata"])})


def _load_metadata(stored: str) -> dict[str, str]:
    try:
        return load_metadata(stored)
    except ValueError as exc:
        raise sqlite3.DatabaseError("the metadata of a document cannot be read") from exc


def _make_row(chunk: StoredChunk, document_id: int, text: str) -> dict[str, object]:
    """Return a chunk's row without the id; `text` is its document's."""
    s = chunk.section
    row = asdict(s) | {"document_id": document_id, "text": text[s.start : s.end]}
    return row | {"context": chunk.context, "embedding": chunk.embedding}
