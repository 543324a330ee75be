"""Holds what all users of the page share: the models, the indexes, the queue for the LLM, the conversations."""

import filecmp
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from rag.answer.prompt import load_prompts
from rag.answer.understand.rewrite import stands_alone
from rag.assistant import Assistant
from rag.errors import DocumentError, ModelError, RagError, SettingsError, StoreError
from rag.files import find_share, is_plain, make_folder, remove_leftovers, restrict, write_file
from rag.index import open_store, read_entries
from rag.index.build import IndexReport, OnFile, build_index
from rag.index.embedder import Embedder, open_embedder
from rag.index.folder import is_index, list_indexes
from rag.index.index import Index
from rag.index.reranker import Reranker, open_reranker
from rag.index.store import Entry
from rag.language import QUESTION_MARKS
from rag.llm import open_llm
from rag.llm.base import LLM, Message
from rag.settings import MILVUS, Settings
from rag.system import is_path
from rag.text import repair_text
from rag.types import Answer, Answered, Chunk, Event, Hit, Retrieved
from rag.web.history import History
from rag.web.prefetch import Prefetcher
from rag.web.queue import Queue

logger = logging.getLogger(__name__)

# The folder of uploads, in the index's folder.
UPLOADS = "documents"
_TICK_S = 0.5
# Passages prefilled while the user types: most answers are in the first.
_AHEAD = 3
# The lowest temperature for asking again: at 0 the answer would be the same.
_RETRY_TEMPERATURE = 0.7


class Waiting(NamedTuple):
    """Says why the answer has not begun yet."""

    reason: str


DeskEvent = Waiting | Event


class Options(NamedTuple):
    """The options that the user of the page can choose; the settings of the same names explain them."""

    passages: int
    caution: float
    max_answer_tokens: int


class Models(NamedTuple):
    """The models; `problem` says why there is no LLM, if the settings name one."""

    embedder: Embedder
    llm: LLM | None
    reranker: Reranker | None = None
    problem: str | None = None


def open_models(settings: Settings) -> Models:
    """Return the settings' models; `llm` is None if it cannot be loaded."""
    return _add_llm(Models(open_embedder(settings), None, open_reranker(settings)), settings)


def _add_llm(models: Models, settings: Settings) -> Models:
    try:
        return models._replace(llm=open_llm(settings), problem=None)
    except ModelError as exc:
        return models._replace(problem=str(exc))


def warm_up(llm: LLM) -> None:
    """Prefill the LLM's worked examples before a user waits, because the first time takes a while."""
    for prompts in (load_prompts("rewrite"), load_prompts("reply"), load_prompts("answer")):
        llm.read([*prompts.examples, Message("user", "?")])


def is_address(index: object) -> bool:
    """Return whether a value from a browser, which may be anything, is the address of an index on a server."""
    return isinstance(index, str) and index.startswith(MILVUS)


def _ignore(_file: Path, _reason: str | None) -> None:
    """Report nothing about a file."""


class Workspace:
    """Answers all users of the page, as many at once as the LLM can; holds their indexes and conversations."""

    def __init__(self, settings: Settings, load: Callable[[Settings], Models] = open_models) -> None:
        """Take the function that loads the models later; raises StoreError if the history cannot be opened."""
        self.settings = settings
        self.history = History(settings.index_dir)
        self.queue = Queue()
        self._prefetcher = Prefetcher(self.queue)
        self.tokens_per_s = 0.0  # writing speed of the last answer
        self._load: Callable[[Settings], Models] | None = load
        self._models: Future[Models] = Future()
        self._indexes: dict[str, Index] = {}
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        # More searches at once would not be faster, and would block the page meanwhile.
        self._searching = threading.Semaphore(os.cpu_count() or 1)

    def start(self) -> None:
        """Start loading the models in a thread, unless that has begun."""
        with self._lock:
            load, self._load = self._load, None
        if load:
            threading.Thread(target=self._open, args=(load,), daemon=True).start()

    def close(self) -> None:
        """Stop prefilling, and close the history."""
        if not self.loading:
            with suppress(RagError):
                if llm := self.models.llm:
                    self._prefetcher.want(llm, [])
        self.history.close()

    def _open(self, load: Callable[[Settings], Models]) -> None:
        try:
            models = load(self.settings)
        except RagError as exc:
            self._models.set_exception(exc)
        except Exception as exc:
            logger.exception("the models could not be loaded")
            self._models.set_exception(RagError(f"the models could not be loaded: {exc}; see the log of `rag ui`"))
        else:
            self._use(models)
            if models.llm:
                with suppress(RagError):  # users see this error when they ask
                    warm_up(models.llm)

    def _use(self, models: Models) -> None:
        self.queue.width = models.llm.at_once if models.llm else 1
        self._models.set_result(models)

    @property
    def loading(self) -> bool:
        """Whether the models are still loading."""
        return not self._models.done()

    @property
    def models(self) -> Models:
        """The models, once they are loaded; raises RagError with the reason if they cannot be."""
        self.start()
        return self._models.result()

    def ask(
        self, question: str, *, index: str, options: Options, history: Sequence[Message] = (), retry: bool = False
    ) -> Generator[DeskEvent, None, None]:
        """Yield the reasons for waiting, the hits as soon as they are found, then the events of `Assistant.stream`.

        With `retry` the LLM may choose other words than before. Raises RagError.
        """
        self.start()
        question = repair_text(question)
        while self.loading:
            yield Waiting("The models are loading …")
            wait([self._models], timeout=_TICK_S)
        assistant = self._open_assistant(index, options, retry=retry)
        with self.queue.join() as place:
            first = Retrieved(self._find(assistant, question, history))
            yield first
            for ahead in place.wait():
                yield Waiting(f"{ahead} question{'s' * (ahead > 1)} before yours …")
            self._read_ahead(assistant, question, first.hits[:1], history)  # the LLM stops reading all other passages
            # The assistant searches again: the LLM can rewrite a follow-up now, misspelt words are corrected, and the
            # documents may have changed while the question waited.
            for event in assistant.stream(question, history=history):
                if isinstance(event, Answered):
                    self._measure_speed(event.answer)
                if event != first:
                    yield event

    def _measure_speed(self, answer: Answer) -> None:
        seconds = answer.seconds.get("write")
        if seconds and answer.answer_tokens > 1:
            self.tokens_per_s = answer.answer_tokens / seconds

    def find(self, question: str, *, index: str, options: Options) -> tuple[Hit, ...]:
        """Return the hits for a question, without asking the LLM; raises RagError."""
        return self._find(self._open_assistant(index, options), question, ())

    def _find(self, assistant: Assistant, question: str, history: Sequence[Message]) -> tuple[Hit, ...]:
        with self._searching:
            return assistant.find(question, history=history)

    def read_ahead(self, question: str, *, index: str, options: Options, history: Sequence[Message] = ()) -> None:
        """Prepare the answer while the user types the question, if nobody needs the LLM; raises RagError."""
        if not self.loading and not len(self.queue):
            question = repair_text(question)
            assistant = self._open_assistant(index, options)
            self._read_ahead(assistant, question, assistant.find(question, history=history)[:_AHEAD], history)

    def _read_ahead(self, assistant: Assistant, question: str, hits: Sequence[Hit], history: Sequence[Message]) -> None:
        if assistant.llm:
            prompts = assistant.build_prompts(question, hits)
            whole = [] if history and not stands_alone(question) else prompts[:1]  # the LLM rewrites a follow-up first
            self._prefetcher.want(assistant.llm, prompts, whole, soon=question.rstrip().endswith(QUESTION_MARKS))

    def _open_assistant(self, index: str, options: Options, *, retry: bool = False) -> Assistant:
        chosen: dict[str, float] = options._asdict()
        if retry:
            chosen |= {
                "seed": secrets.randbelow(2**31),
                "temperature": max(self.settings.temperature, _RETRY_TEMPERATURE),
            }
        return Assistant(self.open_index(index), self.models.llm, self.settings.model_copy(update=chosen))

    def use_llm(self, name: str) -> None:
        """Switch to another LLM for all users; if it raises ModelError, the page continues without an LLM."""
        with self.queue.join() as place:
            for _ in place.wait():
                pass
            models = self.models._replace(llm=None)
            self._models = Future()
            try:
                models = _add_llm(models, self.settings.model_copy(update={"llm": name}))
            finally:
                self._use(models)
        if models.problem:
            raise ModelError(models.problem)

    def list_indexes(self) -> list[str]:
        """Return the names of the indexes, and the name or address of the one in the settings."""
        return sorted({*list_indexes(self.settings.index_dir), self.settings.index or self.settings.name})

    def settle(self, index: str) -> Settings:
        """Return the settings with an index of this name, or at the settings' own address.

        Raises SettingsError for an invalid name, and for any other address, whose server could be anybody's.
        """
        if not is_address(index):
            return self.settings.in_folder(index)
        if index != self.settings.index:
            raise SettingsError(f"index {index} is not what this page was started with: `rag ui --index {index}`")
        return self.settings.model_copy(update={"name": index.rpartition("/")[2]})

    def get_folder(self, index: str) -> Path:
        """Return the folder on this machine where the page keeps the files of an index."""
        settings = self.settle(index)
        return settings.index_dir / settings.name

    def locate(self, index: str) -> str:
        """Return the folder or address of an index; raises StoreError if there is none."""
        location = self._find_location(index)
        if location is None:
            raise StoreError(f"index {index} has no documents yet: add some under Documents, or run `rag index`")
        return location

    def _find_location(self, index: str) -> str | None:
        """Return the folder or address of an index, None if there is none; a server is only asked when it is opened."""
        location = self.settle(index).location
        return location if is_address(index) or is_index(Path(location)) else None

    def open_index(self, name: str) -> Index:
        """Return an index, opened once for all users; raises RagError."""
        location, models = self.locate(name), self.models
        with self._lock:
            if name not in self._indexes:
                self._indexes[name] = Index(location, models.embedder, reranker=models.reranker)
            return self._indexes[name]

    def list_documents(self, index: str) -> list[Entry]:
        """Return the documents of an index, none if the index does not exist yet."""
        location = self._find_location(index)
        return read_entries(location) if location else []

    def read_document(self, index: str, source: str) -> tuple[str, list[Chunk]]:
        """Return the text of a file's document, and its chunks in order; raises RagError."""
        with closing(open_store(self.locate(index))) as store, store.snapshot():
            sources = store.get_sources()
            if source not in sources:
                raise DocumentError(f"{source} is no longer in the index {index}")
            _, document_id = sources[source]
            return store.get_text(document_id), store.list_chunks(document_id)

    def find_stale(self, index: str, answer: Answer) -> dict[int, str]:
        """Return a note for each cited passage that has changed or is gone, by its number."""
        stale = {}
        with closing(open_store(self.locate(index))) as store, store.snapshot():
            sources = store.get_sources()
            for citation in answer.citations:
                if citation.source not in sources:
                    stale[citation.number] = "This source is no longer in the index."
                elif citation.quote not in store.get_text(sources[citation.source][1]):
                    stale[citation.number] = "This source has changed since then: it no longer says this."
        return stale

    def add_files(self, index: str, files: Iterable[Path], *, on_file: OnFile = _ignore) -> IndexReport:
        """Copy files into the index's folder and index them; do not keep refused files. Raises RagError.

        A file never replaces another one: if its name is taken, it gets another name, which the report shows.
        """
        folder = self.get_folder(index) / UPLOADS
        known = {source for entry in self.list_documents(index) for source in entry.sources}
        copies: dict[Path, None] = {}
        renamed, refused = [], []
        for file in files:
            try:
                copy = self._keep_file(file, folder)
            except DocumentError as exc:
                refused.append(str(exc))
                on_file(file, str(exc))
                continue
            copies[copy] = None
            if copy.name != file.name:
                renamed.append(f"{file.name} is kept as {copy.name}: another file has its name")

        def note(file: Path, reason: str | None) -> None:
            if reason and str(file) not in known:
                file.unlink(missing_ok=True)
            on_file(file, reason)

        report = self._build(index, list(copies), on_file=note)
        return report._replace(skipped=[*refused, *report.skipped], renamed=renamed)

    def _keep_file(self, file: Path, folder: Path) -> Path:
        """Return the copy of a file in a folder, made if it is missing; raises DocumentError."""
        if not is_plain(file):
            raise DocumentError(f"cannot read {file.name}: it is not a file")
        try:
            with self._keeping:
                make_folder(folder)
                restrict(folder, find_share(folder.parent))
                remove_leftovers(folder)
                copy = next(path for path in _list_names(folder / file.name) if _is_free(path, file))
                if not is_plain(copy):
                    write_file(copy, lambda aside: shutil.copyfile(file, aside))
        except OSError as exc:
            raise DocumentError(f"cannot keep {file.name}: {exc.strerror}; check its name and the disk") from exc
        return copy.resolve()

    def update(self, index: str, *, on_file: OnFile = _ignore) -> IndexReport:
        """Bring an index up to date with the files of its documents; raises RagError.

        A file that cannot be read, such as one on a removed disk, stays in the index unchanged.
        """
        sources = [source for entry in self.list_documents(index) for source in entry.sources if is_path(source)]
        there = list(filter(os.path.isfile, sources))  # unlike Path.is_file, it raises nothing
        gone = list(filter(_is_gone, sources))
        self._remove_sources(index, gone)
        report = self._build(index, there, on_file=on_file) if there else IndexReport(0, 0, 0, 0, [])
        skipped = list(report.skipped)
        for source in sorted(set(sources).difference(there, gone)):
            skipped.append(f"cannot read {source}: its folder cannot be read; it stays as it was indexed")
            on_file(Path(source), skipped[-1])
        return report._replace(removed=len(gone), skipped=skipped)

    def remove(self, index: str, source: str) -> None:
        """Remove a file from an index, and delete it if it is a copy in the index's folder. Raises RagError."""
        with closing(open_store(self.locate(index))) as store:
            if source not in store.get_sources():
                raise DocumentError(f"{source} is not in the index {index}")
        # Delete the copy first: if the process stops in between, a second removal removes the rest.
        if self._is_upload(index, Path(source)):
            Path(source).unlink(missing_ok=True)
        self._remove_sources(index, [source])

    def _is_upload(self, index: str, path: Path) -> bool:
        """Return whether a path, with dots and links resolved, is a file in the index's folder of uploads."""
        uploads = (self.get_folder(index) / UPLOADS).resolve()
        return is_plain(path) and path.resolve().is_relative_to(uploads)

    def _remove_sources(self, index: str, sources: Collection[str]) -> None:
        """Remove these files from an index, each by its exact name."""
        if sources:
            store = open_store(self.locate(index))
            with closing(store), store.lock(lambda name: name in sources) as writable:
                for source in sources:
                    writable.remove_source(source)

    def _build(self, index: str, files: Sequence[str | Path], *, on_file: OnFile) -> IndexReport:
        return build_index(files, settings=self.settle(index), embedder=self.models.embedder, on_file=on_file)


def _is_gone(source: str) -> bool:
    """Return whether a file was deleted from its folder; an empty folder may belong to a removed disk."""
    try:
        return not os.path.lexists(source) and any(Path(source).parent.iterdir())
    except OSError:
        return False


def _list_names(path: Path) -> Iterator[Path]:
    """Yield a path, then variants with a number after the name."""
    yield path
    for number in count(1):
        yield path.with_stem(f"{path.stem}-{number}")


def _is_free(path: Path, file: Path) -> bool:
    """Return whether a file can be copied to a path: the path is free, or has the same content."""
    if is_plain(path):
        return filecmp.cmp(path, file, shallow=False)
    return not os.path.lexists(path)
