"""Cuts texts into the same word stems as SQLite does, for a store that has other stems or none."""

import sqlite3
import threading
from collections.abc import Sequence

# English stems, without accents (https://www.sqlite.org/fts5.html#porter_tokenizer).
TOKENIZE = "porter unicode61 remove_diacritics 2"


class Stemmer:
    """Makes SQLite cut texts into words and stem them."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute(f"CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = '{TOKENIZE}')")
        self._db.execute("CREATE VIRTUAL TABLE stems USING fts5vocab ('texts', 'instance')")
        self._lock = threading.Lock()

    def stem(self, texts: Sequence[str]) -> list[str]:
        """Return the stems of each text, in their order, joined by spaces."""
        with self._lock:
            self._db.execute("DELETE FROM texts")
            self._db.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", enumerate(texts))
            stems: list[list[str]] = [[] for _ in texts]
            for doc, stem in self._db.execute('SELECT doc, term FROM stems ORDER BY doc, "offset"'):
                stems[doc].append(stem)
        return [" ".join(words) for words in stems]
