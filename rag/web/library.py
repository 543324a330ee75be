"""Handles the documents on the page: adds them with progress, lists, removes and reindexes them; makes indexes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.index.build import IndexReport, OnFile
from rag.web.api import explained
from rag.web.render import render_documents, render_progress
from rag.web.workspace import Workspace

# Most files in one upload.
MAX_FILES = 500


class Library:
    """Handles the user's actions on documents and indexes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def show(self, index: str, words: str) -> str:
        """Return the table of an index's documents that have all the words."""
        with explained():
            return render_documents(self._workspace.list_documents(index), index=index, words=words)

    def add(self, files: list[str] | None, index: str) -> Iterator[tuple[str, str, Any]]:
        """Index uploaded files; yield the progress, the documents, and the emptied box."""
        paths = [Path(file) for file in files or []]
        if len(paths) > MAX_FILES:
            problem = f"{len(paths)} files at once are too many: add at most {MAX_FILES}, or run `rag index`"
            yield render_progress([], total=0, problem=problem), gr.skip(), None
            return
        for progress in self._follow(
            lambda note: self._workspace.add_files(index, paths, on_file=note), total=len(paths)
        ):
            yield progress, gr.skip(), gr.skip()
        yield progress, self.show(index, ""), None

    def update(self, index: str) -> Iterator[tuple[str, str]]:
        """Bring the index up to date with its files; yield the progress and the documents."""
        with explained():
            total = sum(len(entry.sources) for entry in self._workspace.list_documents(index))
        for progress in self._follow(lambda note: self._workspace.update(index, on_file=note), total=total):
            yield progress, gr.skip()
        yield progress, self.show(index, "")

    def remove(self, index: str, words: str, event: gr.EventData) -> tuple[Any, str]:
        """Remove the file that a button names from the index; return the result, and the documents."""
        try:
            source = str(event._data["source"])
            self._workspace.remove(index, source)
        except (KeyError, TypeError):  # a browser can send anything
            return gr.skip(), self.show(index, words)
        except RagError as exc:
            return render_progress([], total=0, problem=str(exc)), self.show(index, words)
        done = render_progress([], total=0, summary=f"{Path(source).name} is removed.")
        return done, self.show(index, words)

    def create(self, name: str) -> tuple[Any, str]:
        """Switch to a new index of this name, and empty the box; the first file makes the index."""
        with explained():
            index = self._workspace.settle((name or "").strip()).name
        return gr.Dropdown(sorted({*self._workspace.list_indexes(), index}), value=index), ""

    def _follow(self, work: Callable[[OnFile], IndexReport], *, total: int) -> Iterator[str]:
        """Do some work in a thread; yield its progress, and last its result."""
        seen: SimpleQueue[tuple[Path, str | None] | None] = SimpleQueue()  # None: the end
        files: list[tuple[str, str | None]] = []
        yield render_progress(files, total=total)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work, lambda file, reason: seen.put((file, reason)))
            future.add_done_callback(lambda _: seen.put(None))
            for file, reason in iter(seen.get, None):
                files.append((file.name, reason))
                yield render_progress(files, total=total)
            try:
                report = future.result()
            except RagError as exc:
                yield render_progress(files, total=0, problem=str(exc))
                return
        yield render_progress(files, total=0, summary=_summarise(report))


def _summarise(report: IndexReport) -> str:
    counts = {
        "added or changed": report.indexed,
        "the same as another": report.duplicates,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "refused": len(report.skipped),
    }
    summary = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "Nothing to do"
    return "; ".join([summary, *report.renamed, *report.notes])
