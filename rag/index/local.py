"""An index in a folder: SQLite holds the data, FAISS finds the nearest chunks, one process writes at a time."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import numpy as np
from filelock import FileLock, Timeout

from rag.database import restrict_database
from rag.errors import StoreError
from rag.files import check_plain, find_share, is_plain, make_folder, remove_leftovers, restrict, write_file
from rag.index.embedder import Vectors
from rag.index.folder import DATABASE_FILE
from rag.index.sqlite import SqliteStore
from rag.index.vectors import FaissVectors, count_training
from rag.types import Filter

logger = logging.getLogger(__name__)

VECTORS_FILE = "vectors.faiss"
_LOCK_FILE, _HOLDER_FILE = "writer.lock", "writer.pid"
# FAISS gets this many vectors at a time.
_BATCH = 4096


class LocalStore(SqliteStore):
    """A store in a folder, with its vectors in FAISS."""

    def __init__(self, folder: Path, *, embedder: str = "", dim: int = 0, create: bool = False) -> None:
        if create:
            try:
                make_folder(folder)
            except OSError as exc:
                raise StoreError(f"cannot make {folder}: {exc.strerror}; set --index-dir to another folder") from exc
        super().__init__(folder, embedder=embedder, dim=dim, create=create)
        self._path = folder / VECTORS_FILE
        if create and self.generation == 0 and is_plain(self._path):
            self._path.unlink()  # from a deleted store
        self._in_step_with = -1
        self._vectors: FaissVectors | None = None

    @property
    def location(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        return self.folder.name

    @contextmanager
    def lock(self, mine: Callable[[str], bool]) -> Iterator[Self]:  # noqa: ARG002 - transactions finish every source
        """Hold the right to write; transactions leave no unfinished work in a folder."""
        with lock_folder(self.folder), self._writing():
            _tidy(self.folder)
            yield self

    def search_vectors(self, vector: Vectors, k: int, *, where: Filter | None = None) -> list[int]:
        return self.refresh().search(vector, k, among=self.find_chunks(where))

    def refresh(self) -> FaissVectors:
        """Return the vectors after an update from the store: without deleted ones, with new ones."""
        generation = self.generation
        if self._vectors is not None and generation == self._in_step_with:
            return self._vectors
        _, dim = self.embedder
        ids = self.get_ids()
        vectors = FaissVectors.load(self._path) if self._vectors is None else self._vectors
        if vectors is None or not vectors.fits(len(ids), dim):
            sample = np.random.default_rng(0).permutation(ids)[: count_training(len(ids))]
            _, rows = self.get_embeddings(sample.tolist(), dim=dim)
            vectors = FaissVectors.train(rows, size=len(ids))
        there = vectors.ids
        gone, new = np.setdiff1d(there, ids), np.setdiff1d(ids, there)
        if len(gone):
            vectors.remove(gone)
        for start in range(0, len(new), _BATCH):
            found, rows = self.get_embeddings(new[start : start + _BATCH].tolist(), dim=dim)
            vectors.add(np.array(found, dtype=np.int64), rows)
        if len(gone) or len(new):
            self._save(vectors)
        self._vectors, self._in_step_with = vectors, generation
        return vectors

    def _save(self, vectors: FaissVectors) -> None:
        try:
            vectors.save(self._path)
        except (OSError, RuntimeError) as exc:  # a full disk or a read-only folder; the next opening tries again
            logger.warning("cannot write %s: %s", self._path, exc)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold the right to write to the index in a folder; name a process that holds it, and wait."""
    path, holder = folder / _LOCK_FILE, folder / _HOLDER_FILE
    try:
        check_plain(path)
        lock = FileLock(path, mode=0o600 | find_share(folder) & 0o660)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            process = holder.read_text(encoding="utf-8") if is_plain(holder) else "another"
            logger.warning("process %s is writing to the index %s: waiting until it is done", process, folder.name)
            lock.acquire()
    except OSError as exc:
        raise StoreError(f"cannot write to {folder}: {exc.strerror or exc}; free some space or check it") from exc
    try:
        with suppress(OSError):  # on a full disk other processes cannot learn this one's number
            write_file(holder, str(os.getpid()))
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _tidy(folder: Path) -> None:
    """Remove a killed writer's leftovers, and the read permission for others that earlier versions gave.

    Only a folder's writer does so. A folder that its owner shares with a group stays shared (see `find_share`).
    """
    remove_leftovers(folder)
    share = find_share(folder)
    restrict(folder, share)
    restrict_database(folder / DATABASE_FILE, share)
    for name in (VECTORS_FILE, _LOCK_FILE):
        restrict(folder / name, share)
