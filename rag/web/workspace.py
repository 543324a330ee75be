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

from rag.answer.prompt import load_answer_prompts, load_reply_prompts, load_rewrite_prompts
from rag.answer.rewrite import stands_alone
from rag.assistant import Assistant
from rag.errors import CatalogError, DocumentError, ModelError, RagError, SettingsError
from rag.files import find_share, is_plain, make_folder, remove_leftovers, restrict, write_file
from rag.index import open_catalog, read_entries
from rag.index.build import IndexReport, OnFile, build_index
from rag.index.catalog import Entry
from rag.index.embedder import Embedder, open_embedder
from rag.index.index import Index
from rag.index.reranker import Reranker, open_reranker
from rag.index.sqlite import is_index, list_indexes
from rag.llm import open_llm
from rag.llm.base import LLM, Message
from rag.settings import MILVUS, Settings
from rag.text import repair_text
from rag.types import Answer, Answered, Chunk, Event, Hit, Retrieved
from rag.web.history import History
from rag.web.prefetch import Prefetcher
from rag.web.queue import Queue

logger = logging.getLogger(__name__)

# Files that were handed to the page lie here, in the index's folder.
UPLOADS = "documents"
_TICK_S = 0.5
# Passages prefilled while a question is typed: most answers are in the first.
_AHEAD = 3
# An answer written anew is sampled at this temperature at least: at 0 it would be the same.
_ANEW = 0.7


class Waiting(NamedTuple):
    """Why an answer is not being written yet."""

    reason: str


DeskEvent = Waiting | Event


class Options(NamedTuple):
    """What one who asks may choose: see the settings of the same names."""

    passages: int
    caution: float
    max_answer_tokens: int


class Models(NamedTuple):
    """What answers are made with; `problem` says why there is no LLM, if there should be one."""

    embedder: Embedder
    llm: LLM | None
    reranker: Reranker | None = None
    problem: str | None = None


def open_models(settings: Settings) -> Models:
    """Return the settings' models; without an LLM that cannot be loaded."""
    embedder, reranker = open_embedder(settings), open_reranker(settings)
    try:
        return Models(embedder, open_llm(settings), reranker)
    except ModelError as exc:
        return Models(embedder, None, reranker, str(exc))


def warm_up(llm: LLM) -> None:
    """Let an LLM read its worked examples, before anybody waits for it: the first time that takes it a while."""
    for prompts in (load_rewrite_prompts(), load_reply_prompts(), load_answer_prompts()):
        llm.read([*prompts.examples, Message("user", "?")])


def is_address(index: object) -> bool:
    """Return whether an index is named by its address on a server; a browser may send what is no name at all."""
    return isinstance(index, str) and index.startswith(MILVUS)


class Workspace:
    """Answers all who use the page, as many at once as the LLM can, and keeps their indexes and conversations."""

    def __init__(self, settings: Settings, load: Callable[[Settings], Models] = open_models) -> None:
        """Take what loads the models, once they are asked for; raises CatalogError if there is no place for history."""
        self.settings = settings
        self.history = History(settings.index_dir)
        self.queue = Queue()
        self._prefetcher = Prefetcher(self.queue)
        self.tokens_per_s = 0.0  # of the last answer, as it was written
        self._load: Callable[[Settings], Models] | None = load
        self._models: Future[Models] = Future()
        self._indexes: dict[str, Index] = {}
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        # More searches at once would not end sooner, and the page would answer nobody meanwhile.
        self._searching = threading.Semaphore(os.cpu_count() or 1)

    def start(self) -> None:
        """Begin to load the models, in a thread, if they are not being loaded yet."""
        with self._lock:
            load, self._load = self._load, None
        if load:
            threading.Thread(target=self._open, args=(load,), daemon=True).start()

    def close(self) -> None:
        """Leave off what is being read ahead, and close the history."""
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
                with suppress(RagError):  # a server that is away is told to who asks
                    warm_up(models.llm)

    def _use(self, models: Models) -> None:
        self.queue.width = models.llm.at_once if models.llm else 1
        self._models.set_result(models)

    @property
    def loading(self) -> bool:
        """Whether the models are still being loaded."""
        return not self._models.done()

    @property
    def models(self) -> Models:
        """The models, once they are loaded; raises RagError, saying what stood in the way."""
        self.start()
        return self._models.result()

    def ask(
        self, question: str, *, index: str, options: Options, history: Sequence[Message] = (), anew: bool = False
    ) -> Generator[DeskEvent, None, None]:
        """Yield why one has to wait, the hits as soon as there are some, then what `Assistant.stream` yields.

        `anew`: the question is asked again, and the LLM may choose other words. Raises RagError.
        """
        self.start()
        question = repair_text(question)
        while self.loading:
            yield Waiting("The models are being loaded …")
            wait([self._models], timeout=_TICK_S)
        assistant = self._open_assistant(index, options, anew=anew)
        with self.queue.join() as place:
            found = self._find(assistant, question, history)
            yield Retrieved(found)
            for ahead in place.wait():
                yield Waiting(f"{ahead} question{'s' * (ahead > 1)} before yours …")
            self._read_ahead(assistant, question, found[:1], history)  # no more than this, if it is being read
            for event in assistant.stream(question, history=history):
                if isinstance(event, Answered):
                    self._measure_speed(event.answer)
                if event != Retrieved(found):
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
        """Prepare the answer to a question that is still being typed, if nobody needs the LLM; raises RagError."""
        if not self.loading and not len(self.queue):
            question = repair_text(question)
            assistant = self._open_assistant(index, options)
            self._read_ahead(assistant, question, assistant.find(question, history=history)[:_AHEAD], history)

    def _read_ahead(self, assistant: Assistant, question: str, hits: Sequence[Hit], history: Sequence[Message]) -> None:
        if assistant.llm:
            prompts = assistant.build_prompts(question, hits)
            whole = [] if history and not stands_alone(question) else prompts[:1]  # a follow-up is rewritten first
            self._prefetcher.want(assistant.llm, prompts, whole, soon=question.rstrip().endswith("?"))

    def _open_assistant(self, index: str, options: Options, *, anew: bool = False) -> Assistant:
        chosen: dict[str, float] = options._asdict()
        if anew:
            chosen |= {"seed": secrets.randbelow(2**31), "temperature": max(self.settings.temperature, _ANEW)}
        return Assistant(self.open_index(index), self.models.llm, self.settings.model_copy(update=chosen))

    def use_llm(self, name: str) -> None:
        """Answer with another LLM, for all who use the page; raises ModelError, and then goes on without one."""
        with self.queue.join() as place:
            for _ in place.wait():
                pass
            without = self.models._replace(llm=None)
            self._models = Future()
            models = without
            try:
                models = without._replace(llm=open_llm(self.settings.model_copy(update={"llm": name})), problem=None)
            except ModelError as exc:
                models = without._replace(problem=str(exc))
                raise
            finally:
                self._use(models)

    def list_indexes(self) -> list[str]:
        """Return the names of the indexes there are, and the name or address of the one that the settings name."""
        return sorted({*list_indexes(self.settings.index_dir), self.settings.index or self.settings.name})

    def settle(self, index: str) -> Settings:
        """Return the settings with an index of this name, or at the address that the settings have.

        Raises SettingsError if no index can be named so; at another address it might be anybody's.
        """
        if not is_address(index):
            return self.settings.in_folder(index)
        if index != self.settings.index:
            raise SettingsError(f"index {index} is not what this page was started with: `rag ui --index {index}`")
        return self.settings.model_copy(update={"name": index.rpartition("/")[2]})

    def get_folder(self, index: str) -> Path:
        """Return the folder on this machine where the page keeps what belongs to an index."""
        settings = self.settle(index)
        return settings.index_dir / settings.name

    def locate(self, index: str) -> str:
        """Return where an index is, its folder or address; raises CatalogError if there is none."""
        location = self.settle(index).location
        if not (is_address(index) or is_index(Path(location))):
            raise CatalogError(f"index {index} has no documents yet: add some under Documents, or run `rag index`")
        return location

    def open_index(self, name: str) -> Index:
        """Return an index, opened once for all, and anew if another has taken its place; raises RagError."""
        location, models = self.locate(name), self.models
        with self._lock:
            if name not in self._indexes:
                self._indexes[name] = Index(location, models.embedder, reranker=models.reranker)
            index = self._indexes[name]
        index.renew()
        return index

    def list_documents(self, index: str) -> list[Entry]:
        """Return the documents of an index, none where there is no index yet."""
        location = self.settle(index).location
        return read_entries(location) if is_address(index) or is_index(Path(location)) else []

    def read_document(self, index: str, source: str) -> tuple[str, list[Chunk]]:
        """Return the text of the document that a file became, and its chunks in order; raises RagError."""
        with closing(open_catalog(self.locate(index))) as catalog, catalog.snapshot():
            sources = catalog.get_sources()
            if source not in sources:
                raise DocumentError(f"{source} is no longer in the index {index}")
            _, document_id = sources[source]
            return catalog.get_text(document_id), catalog.list_chunks(document_id)

    def find_stale(self, index: str, answer: Answer) -> dict[int, str]:
        """Return what became of the passages that an answer cites, by their number, where they are not as they were."""
        stale = {}
        with closing(open_catalog(self.locate(index))) as catalog, catalog.snapshot():
            sources = catalog.get_sources()
            for citation in answer.citations:
                if citation.source not in sources:
                    stale[citation.number] = "This source is no longer in the index."
                elif citation.quote not in catalog.get_text(sources[citation.source][1]):
                    stale[citation.number] = "This source has changed since: it does not say this any more."
        return stale

    def add_files(self, index: str, files: Iterable[Path], *, on_file: OnFile | None = None) -> IndexReport:
        """Copy files into the index's folder and index them; one that is refused is not kept. Raises RagError.

        A file never takes the place of another of its name: it is kept by another name, which the report gives.
        """
        tell = on_file or (lambda _file, _reason: None)
        folder = self.get_folder(index) / UPLOADS
        known = {source for entry in self.list_documents(index) for source in entry.sources}
        copies: dict[Path, None] = {}
        renamed, refused = [], []
        for file in files:
            try:
                copy = self._keep_file(file, folder)
            except DocumentError as exc:
                refused.append(str(exc))
                tell(file, str(exc))
                continue
            copies[copy] = None
            if copy.name != file.name:
                renamed.append(f"{file.name} is kept as {copy.name}: another file of its name was there")

        def note(file: Path, reason: str | None) -> None:
            if reason and str(file) not in known:
                file.unlink(missing_ok=True)
            tell(file, reason)

        report = self._build(index, list(copies), on_file=note)
        return report._replace(skipped=[*refused, *report.skipped], renamed=renamed)

    def _keep_file(self, file: Path, folder: Path) -> Path:
        """Return a copy of a file in a folder, which may have been there already; raises DocumentError."""
        if not is_plain(file):
            raise DocumentError(f"cannot read {file.name}: it is no file")
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

    def update(self, index: str, *, on_file: OnFile | None = None) -> IndexReport:
        """Bring an index up to date with the files of its documents; raises RagError.

        What cannot be read, such as a file on a disk that was taken out, stays as it was indexed.
        """
        sources = [source for entry in self.list_documents(index) for source in entry.sources]
        there = [Path(source) for source in sources if os.path.isfile(source)]  # noqa: PTH113  # it raises nothing
        gone = [source for source in sources if _is_gone(Path(source))]
        self._remove_sources(index, gone)
        report = self._build(index, there, on_file=on_file) if there else IndexReport(0, 0, 0, 0, [])
        skipped = list(report.skipped)
        for source in sources:
            if source not in gone and Path(source) not in there:
                skipped.append(f"cannot read {source}: its folder cannot be read; it stays as it was indexed")
                if on_file:
                    on_file(Path(source), skipped[-1])
        return report._replace(removed=len(gone), skipped=skipped)

    def remove(self, index: str, source: str) -> None:
        """Take a file out of an index, and delete it if it is a copy in the index's folder. Raises RagError."""
        with closing(open_catalog(self.locate(index))) as catalog:
            if source not in catalog.get_sources():
                raise DocumentError(f"{source} is not in the index {index}")
        # The copy goes first: if this is stopped in between, removing again removes the rest.
        if self._is_upload(index, Path(source)):
            Path(source).unlink(missing_ok=True)
        self._remove_sources(index, [source])

    def _is_upload(self, index: str, path: Path) -> bool:
        """Return whether a path leads to a file in the index's folder of uploads, whatever dots and links it has."""
        uploads = (self.get_folder(index) / UPLOADS).resolve()
        return is_plain(path) and path.resolve().is_relative_to(uploads)

    def _remove_sources(self, index: str, sources: Collection[str]) -> None:
        """Take these files out of an index, each by its exact name."""
        if sources:
            with closing(open_catalog(self.locate(index))) as catalog, catalog.lock(lambda name: name in sources):
                for source in sources:
                    catalog.remove_source(source)

    def _build(self, index: str, files: Sequence[Path], *, on_file: OnFile | None) -> IndexReport:
        return build_index(files, settings=self.settle(index), embedder=self.models.embedder, on_file=on_file)


def _is_gone(path: Path) -> bool:
    """Return whether a file was deleted from its folder; an empty folder may be that of a disk that was taken out."""
    try:
        return not os.path.lexists(path) and any(path.parent.iterdir())
    except OSError:
        return False


def _list_names(path: Path) -> Iterator[Path]:
    """Yield a path, then others with a number behind the name."""
    yield path
    for number in count(1):
        yield path.with_stem(f"{path.stem}-{number}")


def _is_free(path: Path, file: Path) -> bool:
    """Return whether a file can be copied to a path: there is nothing, or the same."""
    if is_plain(path):
        return filecmp.cmp(path, file, shallow=False)
    return not os.path.lexists(path)
