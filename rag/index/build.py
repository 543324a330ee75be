"""Brings an index up to date with files: adds new ones, removes deleted ones, and skips unchanged ones."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tqdm import tqdm

from rag.documents.chunk import limit_chunk
from rag.documents.find import Search, find_files
from rag.documents.ocr import has_ocr
from rag.documents.read import check_size, describe_failure
from rag.documents.worker import DocumentReader
from rag.errors import DocumentError, PassedOverError, RagError
from rag.files import digest_file
from rag.index import open_store
from rag.index.embedder import Embedder, open_embedder
from rag.index.index import Index
from rag.index.reranker import open_reranker
from rag.index.store import Store, WritableStore
from rag.index.writer import DocumentWriter
from rag.metadata import check_metadata
from rag.settings import Settings
from rag.types import Document, Section, Voice

# A function that receives the path of each file, and the reason if it was skipped, else None.
OnFile = Callable[[Path, str | None], None]

# Raise this when the readers or the chunking change: Footnote then reads every file again, and embeds only changed
# text.
_READING = 8
# Signs that one format writes and another does not.
_PLAIN = str.maketrans("‘’“”–—\u00ad", "''\"\"-- ")


class IndexReport(NamedTuple):
    """The result of `build_index`: numbers of documents and chunks, and the reasons for skipped files and folders.

    `duplicates` counts files that became further sources of a document with the same content. `renamed` has a line for
    each file that the page saved under another name. `passed_over` counts, by reason, the files and folders that are
    not meant to be indexed. `notes` are remarks about indexed files, such as pages left out.
    """

    indexed: int
    unchanged: int
    removed: int
    chunks: int
    skipped: list[str]
    duplicates: int = 0
    renamed: Sequence[str] = ()
    passed_over: Mapping[str, int] = MappingProxyType({})
    notes: Sequence[str] = ()


def build_index(
    paths: Iterable[str | Path],
    *,
    name: str | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    on_file: OnFile | None = None,
    shard: tuple[int, int] = (1, 1),
    metadata: Mapping[str, str] | None = None,
) -> IndexReport:
    """Index the files at `paths`, and in folders, into the index `name`; arguments as in `add_files`.

    Raises DocumentError if no file can be read, StoreError if the index cannot be written.
    """
    settings = settings or Settings.load()
    if name:
        settings = settings.in_folder(name)
    search = find_files([Path(path) for path in paths])  # first, so that its errors come before the embedder loads
    embedder = embedder or open_embedder(settings)
    with Index(settings.location, embedder, create=True) as index:
        return add_files(index, search, settings=settings, on_file=on_file, shard=shard, metadata=metadata)


def add_files(
    index: Index,
    search: Search,
    *,
    settings: Settings,
    on_file: OnFile | None = None,
    shard: tuple[int, int] = (1, 1),
    metadata: Mapping[str, str] | None = None,
) -> IndexReport:
    """Bring an index up to date with the files that `find_files` found; unchanged files cost nothing.

    `on_file` is called after each file, with the reason if it was skipped. `shard` (3, 16) takes the third of sixteen
    parts of the files, chosen by their paths: sixteen machines can index into one server at once. `metadata` goes to
    the documents of all these files; with None each document keeps its own.

    If a file is gone from one of the folders, or is passed over there now, its document is removed. If a file or folder
    cannot be read, or a folder has no files any more, the index keeps its documents. However the process is stopped, a
    document is added whole or not at all. Raises as `build_index` does.
    """
    part = _Part(search, *shard)
    with index.store.lock(part.has) as store:
        update = _Update(store, index.embedder, settings, metadata=metadata, folders=search.folders)
        _read_files(part.files, update, settings, on_file)
        unread = len(update.skipped) + update.passed_over.total()
        if update.skipped and unread == len(part.files):
            raise DocumentError("nothing was indexed: " + "; ".join(update.skipped))
        # Remove deleted files last, so that a renamed file still finds its document by its content.
        gone = part.list_gone(update.known)
        for source in gone:
            store.remove_source(source)
        store.refresh()
        return IndexReport(
            update.writer.indexed,
            len(part.files) - unread - update.writer.indexed - update.duplicates,
            len(gone),
            store.count_chunks(),
            [*search.problems.values(), *update.skipped],
            update.duplicates,
            passed_over=search.passed_over + update.passed_over,
            notes=update.notes,
        )


def _read_files(files: Mapping[str, Path], update: "_Update", settings: Settings, on_file: OnFile | None) -> None:
    """Bring the index up to date with each file, and show the progress."""
    with closing(_Progress(files.values())) as progress, DocumentReader(settings, on_page=progress.show_page) as reader:
        update.notes = reader.notes
        try:
            for source, file in files.items():
                progress.file = file
                reason = update.add_file(source, file, reader)
                progress.show(file, update.writer.chunks)
                if on_file:
                    on_file(file, reason)
        except Exception:
            update.writer.flush()  # keep the files read before the error
            raise
        update.writer.flush()


class _Part:
    """The files of a search that this process indexes, by their names: part `number` of `count`, chosen by hash."""

    def __init__(self, search: Search, number: int, count: int) -> None:
        self._search, self._number, self._count = search, number, count
        self._there = {_name_file(file): file for file in search.files}
        self.files = {source: file for source, file in self._there.items() if self.has(source)}

    def has(self, source: str) -> bool:
        """Return whether a source is in this part: a file that the search found, or one in a folder of the search."""
        is_meant = source in self._there or _is_under(source, self._search.folders)
        return is_meant and int(hashlib.sha256(source.encode()).hexdigest(), 16) % self._count == self._number - 1

    def list_gone(self, known: Iterable[str]) -> list[str]:
        """Return the known sources of this part whose files are gone, but none of a folder that has problems."""
        gone = set(known) - self._there.keys()
        return [source for source in gone if self.has(source) and not _is_under(source, self._search.problems)]


def remove_sources(index: str | Path | Store, sources: Iterable[str]) -> int:
    """Remove sources from a store, or from the index at a location, and return their number.

    Each is a source's name, its path or a folder above it. Raises DocumentError if one names nothing in the index, and
    StoreError; then nothing is removed.
    """
    if isinstance(index, str | Path):
        with closing(open_store(index)) as opened:
            return remove_sources(opened, sources)
    paths = {source: _name_file(Path(source).resolve()) for source in sources}

    def is_meant(name: str, source: str) -> bool:
        return name in (source, paths[source]) or Path(name).is_relative_to(paths[source])

    with index.lock(lambda name: any(is_meant(name, source) for source in paths)) as store:
        known = store.get_sources().keys()
        gone: dict[str, None] = {}
        for source in paths:
            under = [name for name in known if is_meant(name, source)]
            if not under:
                raise DocumentError(f"{source} is not in the index: `rag list --name {store.name}` shows what is")
            gone |= dict.fromkeys(under)
        for source in gone:
            store.remove_source(source)
    return len(gone)


def add_documents(
    index: Index, documents: Iterable[Document], *, settings: Settings, progress: bool = False
) -> IndexReport:
    """Put documents into an index; each replaces the document of the same source, and unchanged ones cost nothing.

    Raises StoreError if the index cannot be written.
    """
    documents = list(documents)
    sources = {document.source for document in documents}
    with index.store.lock(sources.__contains__) as store:
        known, writer = store.get_sources(), DocumentWriter(store, index.embedder, settings)
        for document in tqdm(documents, desc="indexing", unit="document", disable=None if progress else True):
            file_hash = _hash(repr(document).encode(), chunk_tokens=writer.chunk_tokens)
            if known.get(document.source, ("",))[0] != file_hash:
                writer.add(document, file_hash=file_hash, content_hash=file_hash)
        writer.flush()
        store.refresh()
        return IndexReport(writer.indexed, len(documents) - writer.indexed, 0, store.count_chunks(), [])


def index_documents(
    documents: Iterable[Document], *, settings: Settings, embedder: Embedder | None = None, progress: bool = True
) -> Index:
    """Return the settings' index, open, with these documents and no others; unchanged ones cost nothing."""
    embedder = embedder or open_embedder(settings)
    index = Index(settings.location, embedder, reranker=open_reranker(settings), create=True)
    documents = list(documents)
    with index.store.lock(lambda _: True) as store:
        for source in store.get_sources().keys() - {document.source for document in documents}:
            store.remove_source(source)
    add_documents(index, documents, settings=settings, progress=progress)
    return index


class _Update:
    """Brings an index up to date with one file after another; lists skipped files, and counts others."""

    def __init__(
        self,
        store: WritableStore,
        embedder: Embedder,
        settings: Settings,
        *,
        metadata: Mapping[str, str] | None,
        folders: Sequence[Path],
    ) -> None:
        self.known = store.get_sources()
        self.skipped: list[str] = []
        self.passed_over: Counter[str] = Counter()
        self.notes: list[str] = []
        self.duplicates = 0
        self.writer = DocumentWriter(store, embedder, settings)
        self._store = store
        self._given = None if metadata is None else check_metadata(metadata)
        self._folders = folders
        self._settings, self._embedder = settings, embedder

    def add_file(self, source: str, file: Path, reader: DocumentReader) -> str | None:
        """Bring the index up to date with a file; return the reason if it is skipped.

        In folders, a photo without words is passed over, because the user did not name it. Raises RagError if every
        other file would fail too: the index cannot be written, or the reader cannot start.
        """
        reason = None
        try:
            self._read_file(source, file, reader)
        except DocumentError as exc:
            reason = str(exc)
            if isinstance(exc, PassedOverError) and _is_under(source, self._folders):
                self.passed_over[exc.why] += 1
                return reason
        except (RagError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as exc:  # also for a panic in a Rust library, which is not an Exception
            reason = describe_failure(file, exc)
        if reason:
            self.skipped.append(reason)
        return reason

    def _read_file(self, source: str, file: Path, reader: DocumentReader) -> None:
        check_size(file, max_mb=self._settings.max_file_mb)
        file_hash = hash_file(file, self._settings, self._embedder)
        is_same_file = self.known.get(source, ("",))[0] == file_hash
        if is_same_file and self._has_given(source):
            return
        metadata = self._metadata_by_source.get(source, {}) if self._given is None else self._given
        self.writer.flush_if_pending(file_hash)
        # Another file with the same words is the same document, unless their metadata differ.
        there = None if metadata or self._has_metadata else self._store.find_file(file_hash)
        if there is None:
            document = reader.read(file)
            # The user's values override front matter, which overrides the values in the index.
            merged = {**metadata, **document.metadata, **(self._given or {})}
            document = replace(document, source=source, metadata=dict(sorted(merged.items())))
            content_hash = _hash_content(document)
            self.writer.flush_if_pending(content_hash)
            there = self._store.find_document(content_hash, besides=source)
            if there is None:
                self.writer.add(document, file_hash=file_hash, content_hash=content_hash)
                return
        self._store.put_source(source, file_hash=file_hash, document_id=there)
        self.duplicates += 1

    @cached_property
    def _metadata_by_source(self) -> dict[str, dict[str, str]]:
        return {source: entry.metadata for entry in self._store.list_entries() for source in entry.sources}

    def _has_given(self, source: str) -> bool:
        """Return whether the index has the user's metadata for a source; it may have the file's own too."""
        if self._given is None:
            return True
        stored = self._metadata_by_source.get(source, {})
        return self._given.items() <= stored.items() if self._given else not stored

    @cached_property
    def _has_metadata(self) -> bool:
        return any(self._metadata_by_source.values())


class _Progress:
    """A bar over the bytes of the files, with files, chunks and chunks a second beside it."""

    def __init__(self, files: Collection[Path]) -> None:
        self._sizes = {file: _measure(file) for file in files}
        self.file = Path()  # the file that is read now
        self._seen, self._started = 0, time.perf_counter()
        layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
        self._bar = tqdm(total=sum(self._sizes.values()), bar_format=layout, disable=None, leave=False)
        self.close = self._bar.close

    def show(self, file: Path, chunks: int) -> None:
        """Show that a file is done, and the number of chunks embedded so far."""
        self._seen += 1
        rate = chunks / (time.perf_counter() - self._started)
        files = f"{self._seen:,}/{len(self._sizes):,} files"
        self._bar.set_description_str(f"{files}, {chunks:,} chunks, {rate:.0f} chunks/s", refresh=False)
        self._bar.update(self._sizes[file])

    def show_page(self, page: int, count: int) -> None:
        """Show the page that OCR reads now."""
        self._bar.set_description_str(f"{self.file.name}: OCR of page {page:,}/{count:,}")


def _measure(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # the file is gone; the reader reports that
        return 0


def _name_file(path: Path) -> str:
    """Return the path as text; bytes that are not UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def hash_file(path: Path, settings: Settings, embedder: Embedder) -> str:
    """Return the hash of a file's bytes, and of everything else that determines its chunks, such as the use of OCR.

    Raises DocumentError if the file cannot be read.
    """
    try:
        content = bytes.fromhex(digest_file(path))
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror}") from exc
    how = settings.ocr if has_ocr() else "never"
    chunk_tokens = limit_chunk(settings.chunk_tokens, max_tokens=embedder.max_tokens)
    return _hash(how.encode() + path.suffix.lower().encode() + content, chunk_tokens=chunk_tokens)


def _hash(content: bytes, *, chunk_tokens: int) -> str:
    return hashlib.sha256(repr((_READING, chunk_tokens)).encode() + content).hexdigest()


def _hash_content(document: Document) -> str:
    """Return the hash of a document's words, speakers and fields, without case, spacing and kinds of quotes."""
    d = document
    known: list[object] = [d.title, d.outlet, d.author, d.date]
    if d.metadata:
        known.append(d.metadata)
    runs = []
    for speaker, sections in groupby(d.sections, key=_get_speaker):
        texts = [" ".join(d.text[s.start : s.end].translate(_PLAIN).casefold().split()) for s in sections]
        runs.append((speaker, " ".join(texts)))
    return hashlib.sha256(repr((*known, runs)).encode()).hexdigest()


def _get_speaker(section: Section) -> tuple[Voice, str | bool | None]:
    return section.voice, section.voice == "comment" and section.author


def _is_under(source: str, folders: Iterable[Path]) -> bool:
    return any(Path(source).is_relative_to(folder) for folder in folders)
