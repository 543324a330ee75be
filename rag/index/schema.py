"""The tables of an index in SQLite, and how those of earlier versions become the same."""

from rag.database import Types

SCHEMA_VERSION = 7
# The statements that make a new index; in one of an earlier version they make what is missing.
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (schema_version INTEGER, embedder TEXT, dim INTEGER, generation INTEGER);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash TEXT NOT NULL,
    title TEXT NOT NULL, outlet TEXT, author TEXT, date TEXT, text TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}', indexed TEXT, language TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS documents_by_content ON documents (content_hash);
CREATE INDEX IF NOT EXISTS documents_by_language ON documents (language);
CREATE TABLE IF NOT EXISTS sources (
    source TEXT PRIMARY KEY, file_hash TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS sources_by_document ON sources (document_id, source);
CREATE INDEX IF NOT EXISTS sources_by_file ON sources (file_hash);
CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, context TEXT NOT NULL,
    voice TEXT NOT NULL, author TEXT, date TEXT, heading TEXT, page INTEGER, reply_to TEXT, ocr INTEGER,
    embedding BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks (document_id);
-- The word index has its own text: the stems of a chunk, and of what describes the chunk.
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, about, tokenize = 'unicode61');
-- Drops the words with a chunk, even if a whole document is removed.
CREATE TRIGGER IF NOT EXISTS chunk_removed AFTER DELETE ON chunks BEGIN DELETE FROM words WHERE rowid = old.id; END;
"""
# The statements that change the tables of an earlier version, by that version, before `SCHEMA` makes what is missing.
CHANGES = {
    4: (
        "ALTER TABLE documents ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE documents ADD COLUMN indexed TEXT",
    ),
    5: ("ALTER TABLE chunks ADD COLUMN ocr INTEGER",),
    6: (
        "DROP TRIGGER chunk_added",
        "DROP TRIGGER chunk_removed",
        "DROP TABLE words",
        "ALTER TABLE chunks DROP COLUMN about",
        "ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT ''",
    ),
}
# The type of each column that is read, by its name; another type means that the file is damaged.
TYPES: Types = {
    **dict.fromkeys(("id", "document_id", "start", "end", "characters", "chunks", "comments", "count"), int),
    **dict.fromkeys(("schema_version", "dim", "generation"), int),
    **dict.fromkeys(("source", "sources", "file_hash", "content_hash", "title", "text", "metadata", "language"), str),
    **dict.fromkeys(("context", "voice", "embedder"), str),
    **dict.fromkeys(("outlet", "author", "date", "indexed", "heading", "reply_to"), str | None),
    **dict.fromkeys(("page", "ocr"), int | None),
    "score": float,
    "embedding": bytes,
}
