"""Opens SQLite files, which only their owner can read, and describes their errors in one line."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import UnionType

from rag.errors import StoreError
from rag.files import check_plain, restrict

LOCK_TIMEOUT_S = 30.0
# SQLite keeps these beside a file, with the same permissions.
_SIDE_FILES = ("-wal", "-shm", "-journal")
# Causes outside of the file; SQLite's messages on them contain no words of the file.
_CAUSES_OUTSIDE = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
})  # fmt: skip

Types = Mapping[str, type | UnionType]
# The values for the places of a statement, in order or by name.
Values = Sequence[object] | dict[str, object]


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a SQLite file in a URI `mode`, for use from several threads.

    Every statement is its own transaction, and `fold(text)` is the text in lower case. Rows have their values in order
    and by name. Raises sqlite3.Error, and OSError if the file, or one of SQLite's files beside it, is a link, a pipe or
    a folder.
    """
    for name in (path.name, *(f"{path.name}{side}" for side in _SIDE_FILES)):
        check_plain(path.with_name(name))
    # The sqlite3 module serialises the calls of the threads.
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=LOCK_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    db.row_factory = sqlite3.Row
    db.create_function("fold", 1, lambda text: text and text.casefold(), deterministic=True)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def restrict_database(path: Path, share: int = 0) -> None:
    """Let only the owner use a SQLite file and the files beside it, and the group as far as `share` allows."""
    for side in ("", *_SIDE_FILES):
        restrict(path.with_name(f"{path.name}{side}"), share)


def get_cause(exc: Exception) -> int:
    """Return SQLite's primary error code; 0 for an error of Python's module."""
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF


@contextmanager
def explained(failure: str, path: Path, *, remedy: str) -> Iterator[None]:
    """Raise StoreError for an error of SQLite or the system: the failure, its cause, and what to do.

    The remedy is for a damaged file. No message has words from the file.
    """
    try:
        yield
    except sqlite3.ProgrammingError:  # a mistake in our code, not in the file
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:  # SQLite's message may have damaged letters
        cause = get_cause(exc)
        if cause == sqlite3.SQLITE_FULL:
            text = f"the disk of {path.parent} is full: free some space and run the command again; finished work stays"
        elif cause in _CAUSES_OUTSIDE:
            text = f"{failure}: {exc}; check {path.parent}, and try again"
        else:
            text = f"{failure}: the file is damaged; {remedy}"
        raise StoreError(text) from exc
    except OSError as exc:
        raise StoreError(f"{failure}: {exc.strerror}; check {path.parent}, and try again") from exc


def fetch(db: sqlite3.Connection, statement: str, values: Values = (), *, types: Types) -> list[sqlite3.Row]:
    """Return the rows of a statement; `types` has the type of each column by its name.

    Raises DatabaseError if a value is of another type: then the file is damaged.
    """
    cursor = db.execute(statement, values)
    rows = cursor.fetchall()
    for column, *_ in cursor.description:
        kinds = {type(row[column]) for row in rows}
        if not all(issubclass(kind, types[column]) for kind in kinds):
            raise sqlite3.DatabaseError("a value has another type than it was stored with")
    return rows
