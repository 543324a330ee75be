"""Named endpoints for other programs; with `rag ui --mcp` they are also MCP tools."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from rag.assistant import get_answer
from rag.errors import QuestionError, RagError
from rag.web.chat import MAX_QUESTION_CHARACTERS
from rag.web.workspace import Options, Workspace


def add_endpoints(workspace: Workspace) -> None:
    """Add the endpoints `ask`, `search`, `documents` and `index` to the open page."""
    settings = workspace.settings
    chosen = settings.index or settings.name
    options = Options(settings.passages, settings.caution, settings.max_answer_tokens)

    def ask(question: str, index: str = chosen) -> dict[str, Any]:
        """Answer a question from the documents of an index, each sentence with the exact words that support it.

        Args:
            question: The question, in plain words.
            index: The name of the index.
        """
        with explained():
            check_length(question)
            events = workspace.ask(question, index=index, options=options)
            return get_answer(events).to_dict()

    def search(question: str, index: str = chosen) -> list[dict[str, Any]]:
        """Find the passages nearest to a question, without an answer, within a second.

        Args:
            question: The question, in plain words.
            index: The name of the index.
        """
        with explained():
            check_length(question)
            return [asdict(hit) for hit in workspace.find(question, index=index, options=options)]

    def documents(index: str = chosen) -> list[dict[str, Any]]:
        """List the documents of an index: title, outlet, author, date, files, passages, comments.

        Args:
            index: The name of the index.
        """
        with explained():
            return [asdict(entry) for entry in workspace.list_documents(index)]

    def index(files: list[str], index: str) -> dict[str, Any]:
        """Add files to an index, and report the result for each.

        Args:
            files: The files.
            index: The name of the index; it is made if it does not exist.
        """
        with explained():
            return workspace.add_files(index or chosen, [Path(file) for file in files or []])._asdict()

    gr.api(ask, concurrency_limit=None)
    gr.api(search, concurrency_limit=None)
    gr.api(documents, concurrency_limit=None)
    # Files go through a component, which checks that they were uploaded.
    given = [gr.File(file_count="multiple", visible=False, label="files"), gr.Textbox(visible=False, label="index")]
    gr.Button(visible=False).click(index, given, gr.JSON(visible=False), api_name="index")


def check_length(question: str) -> None:
    """Raise QuestionError for a question that is too long for the page."""
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(question):,} characters: ask in {MAX_QUESTION_CHARACTERS:,} at most"
        )


@contextmanager
def explained() -> Iterator[None]:
    """Turn a RagError into an error that Gradio shows in one line."""
    try:
        yield
    except RagError as exc:
        raise gr.Error(str(exc), print_exception=False) from exc
