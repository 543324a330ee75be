"""Stores the conversations of the page, with the full record of each answer, in a SQLite file on this machine."""

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from rag.assistant import make_turn
from rag.database import connect, explained, fetch, restrict_database
from rag.files import make_file
from rag.llm.base import Message
from rag.text import repair_text
from rag.types import Answer

HISTORY_FILE = "conversations.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, changed REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    index_name TEXT NOT NULL, asked REAL NOT NULL, record TEXT NOT NULL, rating TEXT, comment TEXT
);
CREATE INDEX IF NOT EXISTS turns_of ON turns (conversation);
"""
_LIST = """
SELECT id, title, changed FROM conversations c WHERE owner = :owner AND NOT EXISTS (
    SELECT 1 FROM json_each(:words) WHERE NOT instr(fold(c.title || ' ' || (
        SELECT group_concat(
            json_extract(record, '$.question') || ' ' || json_extract(record, '$.answer')
            || ' ' || ifnull(json_extract(record, '$.text'), ''), ' ')
        FROM turns WHERE conversation = c.id
    )), value)
) ORDER BY changed DESC, id LIMIT :limit
"""
_TYPES = {
    **dict.fromkeys(("id", "title", "record", "index_name"), str),
    **dict.fromkeys(("changed", "asked"), float),
    **dict.fromkeys(("rating", "comment"), str | None),
}
_TITLE_CHARACTERS = 60
_ANSWER = TypeAdapter(Answer)


class Listed(NamedTuple):
    """A conversation in the list; `changed` is in seconds since 1970."""

    id: str
    title: str
    changed: float


class Turn(NamedTuple):
    """A question and its answer: the index, the time (seconds since 1970), and the user's rating and comment."""

    answer: Answer
    index_name: str
    asked: float
    rating: str | None = None
    comment: str | None = None


class History:
    """The conversations of all users; each sees only their own, by `owner`."""

    def __init__(self, folder: Path) -> None:
        """Open the history in a folder, or make it if it is missing; raises StoreError.

        Only the owner of the file can read it, even in a shared folder.
        """
        self._path = folder / HISTORY_FILE
        self._lock = threading.Lock()
        with self._explained():
            make_file(self._path)
            restrict_database(self._path)
            self._db = connect(self._path, "rw")
            self._db.executescript(f"PRAGMA journal_mode = WAL; {_SCHEMA}")

    def list_conversations(self, *, owner: str, words: str = "", limit: int = 100) -> list[Listed]:
        """Return the conversations that hold all the words, the latest first."""
        given = {"owner": owner, "words": json.dumps(repair_text(words).casefold().split()), "limit": limit}
        with self._opened() as db:
            return [Listed(*row) for row in fetch(db, _LIST, given, types=_TYPES)]

    def get_title(self, conversation: str, *, owner: str) -> str:
        """Return the title of a conversation, "" if this owner has none with this id."""
        with self._opened() as db:
            asked = "SELECT title FROM conversations WHERE id = ? AND owner = ?"
            titles = fetch(db, asked, (conversation, owner), types=_TYPES)
        return str(titles[0]["title"]) if titles else ""

    def read(self, conversation: str, *, owner: str) -> list[Turn]:
        """Return the turns of a conversation, none if this owner has none with this id."""
        with self._opened() as db:
            rows = fetch(
                db,
                "SELECT record, index_name, asked, rating, comment FROM turns JOIN conversations c"
                " ON c.id = conversation WHERE conversation = ? AND owner = ? ORDER BY turns.id",
                (conversation, owner),
                types=_TYPES,
            )
            try:
                return [Turn(_ANSWER.validate_json(record), *rest) for record, *rest in rows]
            except ValidationError as exc:
                raise sqlite3.DatabaseError("an answer is damaged") from exc

    def read_turn(self, conversation: str, number: int, *, owner: str) -> Turn | None:
        """Return a turn of a conversation by its number, from 0; None if this owner has none."""
        turns = self.read(conversation, owner=owner)
        return turns[number] if number < len(turns) else None

    def add(self, conversation: str, turn: Turn, *, owner: str) -> str:
        """Add a turn to the end of a conversation, or to a new one; return the conversation's id."""
        with self._opened() as db:
            if not self._owns(conversation, owner):
                conversation = secrets.token_urlsafe(12)
                title = _shorten_title(turn.answer.question)
                db.execute("INSERT INTO conversations VALUES (?, ?, ?, ?)", (conversation, owner, title, turn.asked))
            db.execute("UPDATE conversations SET changed = ? WHERE id = ?", (turn.asked, conversation))
            db.execute(
                "INSERT INTO turns (conversation, record, index_name, asked, rating, comment)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (conversation, json.dumps(turn.answer.to_dict()), *turn[1:]),
            )
        return conversation

    def cut(self, conversation: str, *, keep: int, owner: str) -> None:
        """Drop all but the first turns of a conversation."""
        with self._opened() as db:
            if self._owns(conversation, owner):
                db.execute(
                    "DELETE FROM turns WHERE conversation = ?1 AND id NOT IN"
                    " (SELECT id FROM turns WHERE conversation = ?1 ORDER BY id LIMIT ?2)",
                    (conversation, keep),
                )

    def rename(self, conversation: str, title: str, *, owner: str) -> None:
        """Give a conversation another title."""
        with self._opened() as db:
            title = _shorten_title(repair_text(title))
            db.execute("UPDATE conversations SET title = ? WHERE id = ? AND owner = ?", (title, conversation, owner))

    def delete(self, conversation: str, *, owner: str) -> None:
        """Delete a conversation with all its turns."""
        with self._opened() as db:
            db.execute("DELETE FROM conversations WHERE id = ? AND owner = ?", (conversation, owner))

    def rate(self, conversation: str, turn: int, *, rating: str | None, comment: str | None, owner: str) -> None:
        """Store the user's rating and comment for a turn, by its number in the conversation, from 0."""
        with self._opened() as db:
            if self._owns(conversation, owner):
                db.execute(
                    "UPDATE turns SET rating = ?3, comment = ?4 WHERE id ="
                    " (SELECT id FROM turns WHERE conversation = ?1 ORDER BY id LIMIT 1 OFFSET ?2)",
                    (conversation, turn, rating, comment and repair_text(comment)),
                )

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _owns(self, conversation: str, owner: str) -> bool:
        asked = "SELECT 1 FROM conversations WHERE id = ? AND owner = ?"
        return self._db.execute(asked, (conversation, owner)).fetchone() is not None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Hold the database for one thread, in one transaction."""
        with self._lock, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield self._db

    def _explained(self) -> AbstractContextManager[None]:
        failure = f"cannot keep conversations in {self._path}"
        return explained(failure, self._path, remedy="move it away, and the page starts a new one")


def list_messages(turns: Sequence[Turn]) -> list[Message]:
    """Return the messages of a conversation, for understanding a follow-up."""
    return [message for turn in turns for message in make_turn(turn.answer)]


def _shorten_title(title: str) -> str:
    """Return a title on one line, cut at the end of a word."""
    title = " ".join(title.split())
    ends_at_word = shorten(title, _TITLE_CHARACTERS, placeholder=" …")
    return ends_at_word if ends_at_word != "…" else title[:_TITLE_CHARACTERS]
