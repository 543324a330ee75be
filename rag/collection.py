"""One handle for one index: add documents, search them, ask them."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rag.assistant import Assistant, Chat, check_question, get_answer
from rag.documents.find import find_files
from rag.documents.read import make_document
from rag.errors import DocumentError, QuestionError, StoreError
from rag.index.build import IndexReport, OnFile, add_documents, add_files, remove_sources
from rag.index.embedder import Embedder
from rag.index.index import Index, open_index
from rag.index.reranker import Reranker
from rag.index.store import Entry, Store
from rag.llm import open_llm
from rag.llm.base import LLM, Message
from rag.metadata import Where, check_metadata, make_filter
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.system import is_path
from rag.types import Answer, Document, Event, Hit

if TYPE_CHECKING:
    from rag.evaluation.report import Report
    from rag.evaluation.run import Context, Stage

_LONGEST_ID = 500


class Collection:
    """The documents of one index: change, search and ask them; `rag.open` returns one.

    Several threads can use it. The settings name the models, unless others are given. The first question
    opens the LLM.
    """

    def __init__(
        self,
        location: str | Path | Store | None = None,
        *,
        create: bool = False,
        settings: Settings | None = None,
        llm: LLM | None = None,
        embedder: Embedder | None = None,
        reranker: Reranker | None = None,
        prompts: str | Path | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        """Open the index in a folder, at an address or in a store; with `create`, make it if it is missing.

        Without a location it opens the settings' own index. `prompts` is a folder with the texts that the LLM receives
        (see prompts/README.md). `on_event` receives every event of every answer, for tracing. Raises StoreError or
        ModelError, saying what to run.
        """
        self.settings = settings or Settings.load()
        self._store: Store | None = None
        if isinstance(location, str | Path):
            self.settings = self.settings.at(location)
        else:
            self._store = location
        self._index = open_index(
            self._store or self.settings.location,
            self.settings,
            embedder=embedder,
            reranker=reranker,
            create=create,
        )
        self._given_llm = llm
        self._make_assistant = partial(Assistant, prompts=prompts, on_event=on_event)
        self._opened: Assistant | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index, and free the LLM unless it was given."""
        with self._lock:
            if self._opened and self._opened.llm and not self._given_llm:
                self._opened.llm.close()
            self._opened = None
            self._is_closed = True
            self._index.store.close()

    @property
    def index(self) -> Index:
        """The index that is searched; raises StoreError if the handle is closed."""
        if self._is_closed:
            raise StoreError(f"the handle of {self._index.store.name} is closed: open it again with rag.open")
        return self._index

    @property
    def assistant(self) -> Assistant:
        """The assistant that answers; raises ModelError if the LLM cannot be opened."""
        with self._lock:
            index = self.index
            if self._opened is None:
                llm = self._given_llm or open_llm(self.settings)
                self._opened = self._make_assistant(index, llm, self.settings)
            return self._opened

    # Documents

    def add(
        self, *paths: str | Path, metadata: Mapping[str, str] | None = None, on_file: OnFile | None = None
    ) -> IndexReport:
        """Bring the index up to date with files and folders; skip unchanged files, and remove deleted ones.

        `metadata` goes to the documents of all these files; with None each keeps its own. `on_file` is called after
        each file, with the reason if it was skipped. Raises DocumentError if nothing can be read, StoreError if the
        index cannot be written.
        """
        if not paths:
            raise DocumentError("no path is given: name files or folders to add")
        search = find_files([Path(path).expanduser() for path in paths])
        with self._writing() as index:
            return add_files(index, search, settings=self.settings, metadata=metadata, on_file=on_file)

    def add_text(
        self,
        text: str,
        *,
        id: str,  # noqa: A002
        title: str = "",
        outlet: str | None = None,
        author: str | None = None,
        date: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> IndexReport:
        """Add a text, or replace the one with this id; fields that are None are read from the text.

        The id becomes the document's `source`. Raises DocumentError if the text is empty, or the id is a file's path.
        """
        if not isinstance(id, str) or not isinstance(text, str):
            raise DocumentError("the text and its id must be strings")
        if not id.strip() or len(id) > _LONGEST_ID or is_path(id):
            raise DocumentError(
                f"a text cannot have the id {id!r}: choose one of at most {_LONGEST_ID} characters that is not a path"
            )
        document = make_document(id, text, title=title or None, outlet=outlet, author=author, date=date)
        if not document.sections:
            raise DocumentError(f"the text {id!r} is empty: give it some words")
        return self.add_documents([replace(document, metadata=check_metadata(metadata or {}))])

    def add_documents(self, documents: Iterable[Document]) -> IndexReport:
        """Add documents, or replace the ones with the same sources; skip unchanged ones."""
        with self._writing() as index:
            return add_documents(index, documents, settings=self.settings)

    def remove(self, *sources: str | Path) -> int:
        """Remove documents by their id, their path or a folder above it; return their number.

        Raises DocumentError if one is not in the index; then nothing is removed.
        """
        with self._writing() as index:
            return remove_sources(index.store, map(str, sources))

    def documents(self) -> list[Entry]:
        """Return the documents, in order of their first source."""
        with self.index.browse() as store:
            return store.list_entries()

    @contextmanager
    def _writing(self) -> Iterator[Index]:
        """Open the index a second time, for writing during searches; a given store is shared."""
        index = self.index
        if self._store:
            yield index
            return
        with Index(self.settings.location, index.embedder, create=True) as writer:
            yield writer

    # Questions

    def search(self, question: str, *, where: Where | None = None, k: int | None = None) -> tuple[Hit, ...]:
        """Return the k passages (default: the setting `passages`) nearest to a question, best first.

        Raises QuestionError if nothing passes the filter `where`.
        """
        count = self.settings.passages if k is None else k
        if not isinstance(count, int) or count < 1:
            raise QuestionError(f"k must be a whole number of at least 1, not {k!r}")
        return retrieve(self.index, check_question(question), passages=count, where=make_filter(where))

    def ask(self, question: str, *, where: Where | None = None, history: Sequence[Message] = ()) -> Answer:
        """Return the answer to a question; arguments and errors as in `stream`."""
        return get_answer(self.stream(question, where=where, history=history))

    async def aask(self, question: str, *, where: Where | None = None, history: Sequence[Message] = ()) -> Answer:
        """Return the answer to a question, from a thread, so that other tasks can run meanwhile.

        Once begun, an answer runs to its end, even if the task is cancelled.
        """
        return await asyncio.to_thread(self.ask, question, where=where, history=history)

    def stream(self, question: str, *, where: Where | None = None, history: Sequence[Message] = ()) -> Iterator[Event]:
        """Yield `Retrieved`, then a `Drafted` for each piece that the LLM writes, and last `Answered`.

        `where` filters the search, by the fields of `Filter` or by metadata. `history` has the earlier messages, oldest
        first, so that follow-ups are understood. Raises QuestionError if the question is empty or too long for the
        LLM's context, or nothing passes the filter.
        """
        return self.assistant.stream(question, where=where, history=history)

    def chat(self) -> Chat:
        """Return a new conversation, which understands follow-up questions from earlier ones."""
        return Chat(self.assistant)

    def evaluate(
        self,
        dataset: str | Path,
        *,
        context: "Context" = "retrieved",
        stage: "Stage" = "answers",
        folder: Path | None = None,
        baseline: "Report | None" = None,
        progress: bool = False,
    ) -> "Report":
        """Ask the questions of a data set about these documents, and return the report.

        Options as in `rag.evaluate`. Raises DatasetError if the folder is not a data set.
        """
        from rag.evaluation.dataset import load_dataset
        from rag.evaluation.run import evaluate

        return evaluate(
            self.assistant,
            load_dataset(Path(dataset)),
            context=context,
            stage=stage,
            folder=folder,
            baseline=baseline,
            progress=progress,
        )


# `rag.open(…)` reads as what it does.
open = Collection  # noqa: A001
