"""An index in a folder: opened, brought up to date with files, searched."""

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from tqdm import tqdm

from rag.documents.chunk import split_document
from rag.documents.read import find_files, read_document
from rag.errors import CatalogError, DocumentError, QuestionError
from rag.index.catalog import Catalog, check_index
from rag.index.embedder import Embedder, open_embedder
from rag.index.reranker import Reranker, open_reranker
from rag.index.vectors import FaissStore, count_training
from rag.settings import Settings
from rag.types import Document, Filter, Hit

logger = logging.getLogger(__name__)

# Of 0.1 to 2, the middle of the best (docs/experiments.md); nothing between 0.3 and 0.7 is clearly better or worse.
WORDS_WEIGHT = 0.5
# Of a follow-up question made to stand alone; what was asked itself weighs 1 (docs/experiments.md).
_REWRITTEN_WEIGHT = 0.5
# So many vectors are put into FAISS at a time.
_BATCH = 4096


class IndexReport(NamedTuple):
    """What `build_index` did: numbers of documents, chunks in the index, and why files were skipped."""

    indexed: int
    unchanged: int
    removed: int
    chunks: int
    skipped: list[str]


class Index:
    """The documents of one folder `index_dir/name`, to be searched with one embedder, and a reranker perhaps."""

    def __init__(
        self, folder: Path, embedder: Embedder, *, reranker: Reranker | None = None, create: bool = False
    ) -> None:
        """Open the index in `folder`; with `create`, make it where there is none. Raises CatalogError."""
        self.folder = folder
        self.embedder = embedder
        self.reranker = reranker
        if create:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise CatalogError(f"cannot make {folder}: {exc.strerror}; set --index-dir to another folder") from exc
        self.catalog = Catalog(folder, embedder=embedder.name, dim=embedder.dim, create=create)
        self._path = folder / "vectors.faiss"
        if self.catalog.generation == 0:
            self._path.unlink(missing_ok=True)  # of a catalog that is gone
        self._generation = -1
        self._vectors: FaissStore | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.catalog.close()

    def search(
        self, question: str, *, k: int, only: Filter | None = None, rewritten: str | None = None
    ) -> tuple[Hit, ...]:
        """Return the k chunks nearest to a question by meaning and by words, best first, ties by id.

        The score is the cosine similarity and WORDS_WEIGHT of the BM25 score as a share of the best one's (a convex
        combination: Bruch et al. 2023, https://arxiv.org/abs/2210.11934), for a question that was rewritten to stand
        alone the weighted mean of both. Raises CatalogError if there is no chunk, QuestionError if none passes `only`.
        """
        among = self.catalog.find_chunks(only) if only else None
        if among == []:
            raise QuestionError("nothing in the index passes the filter: change it, or ask without it")
        wordings = {question: 1.0} | ({rewritten: _REWRITTEN_WEIGHT} if rewritten else {})
        total = sum(wordings.values())
        vector = np.zeros(self.embedder.dim, dtype=np.float32)
        by_words: defaultdict[int, float] = defaultdict(float)
        for wording, weight in wordings.items():
            vector += weight / total * self.embedder.embed_query(wording)
            found = self.catalog.search_words(wording, k, among=among)
            for i, score in found:
                by_words[i] += WORDS_WEIGHT * weight / total * score / found[0][1]
        with self._lock:
            candidates = self.refresh().search(vector, 2 * k, among=among)
        # FAISS proposes; the catalog, which has the last word on what there is, gives the vectors to score exactly.
        ids, rows = self.catalog.get_embeddings({*candidates, *by_words}, dim=self.embedder.dim)
        scores = {i: float(score) + by_words[i] for i, score in zip(ids, rows @ vector, strict=True)}
        if not scores:
            raise CatalogError(
                f"index {self.folder.name} has no documents: run `rag index PATHS --name {self.folder.name}`"
            )
        best = sorted(scores, key=lambda i: (-scores[i], i))[:k]
        chunks = self.catalog.get_chunks(best)
        return tuple(Hit(chunk, scores[chunk.id], rank) for rank, chunk in enumerate(chunks, start=1))

    def refresh(self) -> FaissStore:
        """Return the vectors, brought in step with the catalog: what is gone taken out, what is new put in."""
        generation = self.catalog.generation
        if self._vectors is not None and generation == self._generation:
            return self._vectors
        dim = self.embedder.dim
        ids = self.catalog.get_ids()
        store = FaissStore.load(self._path) if self._vectors is None else self._vectors
        if store is None or not store.fits(len(ids), dim):
            sample = np.random.default_rng(0).permutation(ids)[: count_training(len(ids))]
            _, rows = self.catalog.get_embeddings(sample.tolist(), dim=dim)
            store = FaissStore.train(rows, size=len(ids))
        there = store.ids
        gone, new = np.setdiff1d(there, ids), np.setdiff1d(ids, there)
        if len(gone):
            store.remove(gone)
        for start in range(0, len(new), _BATCH):
            found, rows = self.catalog.get_embeddings(new[start : start + _BATCH].tolist(), dim=dim)
            store.add(np.array(found, dtype=np.int64), rows)
        if len(gone) or len(new):
            self._save(store)
        self._vectors, self._generation = store, generation
        return store

    def _save(self, store: FaissStore) -> None:
        try:
            store.save(self._path)
        except (OSError, RuntimeError) as exc:  # a full disk or a read-only folder: the next opening makes it again
            logger.warning("cannot write %s: %s", self._path, exc)


def open_index(folder: Path, settings: Settings) -> Index:
    """Return the index in `folder`, with the settings' embedder; raises CatalogError or ModelError."""
    check_index(folder)  # at once, not after the seconds that the embedder takes to load
    return Index(folder, open_embedder(settings), reranker=open_reranker(settings))


def build_index(
    paths: Iterable[str | Path],
    *,
    name: str | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
) -> IndexReport:
    """Index the files at `paths`, and in folders, into the index `name`; what is unchanged costs nothing.

    A file that is gone from one of the folders is removed from the index; one that cannot be read is skipped, and its
    last good state stays. Raises DocumentError if a path does not exist or nothing at all can be read.
    """
    settings = settings or Settings.load(**({"name": name} if name else {}))
    roots = [Path(path) for path in paths]
    files = list(dict.fromkeys(find_files(roots)))
    embedder = embedder or open_embedder(settings)
    with Index(settings.index_dir / (name or settings.name), embedder, create=True) as index:
        known = index.catalog.hashes()
        gone = [source for source in known.keys() - set(map(str, files)) if _is_under(Path(source), roots)]
        for source in gone:
            index.catalog.remove_document(source)
        indexed, skipped = 0, []
        for file in tqdm(files, desc="indexing", unit="file", disable=None):
            try:
                indexed += _update_document(index, read_document(file), settings, known.get(str(file)))
            except DocumentError as exc:
                skipped.append(str(exc))
        if len(skipped) == len(files):
            raise DocumentError(
                "nothing was indexed: " + ("none of the files can be read" if len(skipped) > 1 else skipped[0])
            )
        index.refresh()
        chunks = index.catalog.count_chunks()
    return IndexReport(indexed, len(files) - len(skipped) - indexed, len(gone), chunks, skipped)


def index_documents(
    documents: Iterable[Document], *, settings: Settings, embedder: Embedder | None = None, progress: bool = True
) -> Index:
    """Return the settings' index, open, brought to hold these documents alone; what is unchanged costs nothing."""
    folder, embedder = settings.index_dir / settings.name, embedder or open_embedder(settings)
    index = Index(folder, embedder, reranker=open_reranker(settings), create=True)
    documents = list(documents)
    known = index.catalog.hashes()
    for source in known.keys() - {document.source for document in documents}:
        index.catalog.remove_document(source)
    for document in tqdm(documents, desc="indexing", unit="document", disable=None if progress else True):
        _update_document(index, document, settings, known.get(document.source))
    index.refresh()
    return index


def _is_under(path: Path, roots: list[Path]) -> bool:
    return any(path.is_relative_to(root.resolve()) for root in roots if root.is_dir())


def _update_document(index: Index, document: Document, settings: Settings, known_hash: str | None) -> bool:
    embedder = index.embedder
    chunk_tokens = min(settings.chunk_tokens, embedder.max_tokens)
    content_hash = hashlib.sha256(repr((chunk_tokens, document)).encode()).hexdigest()
    if content_hash == known_hash:
        return False
    chunks = list(split_document(document, chunk_tokens=chunk_tokens, count_tokens=embedder.count_tokens))
    rows = embedder.embed_documents([document.text[chunk.start : chunk.end] for chunk in chunks])
    index.catalog.replace_document(document, content_hash, chunks, rows)
    return True
