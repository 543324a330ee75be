"""Builds the page, and connects each part to its handler."""

from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.web.api import add_endpoints, explained
from rag.web.chat import Chat
from rag.web.layout import Parts
from rag.web.library import Library
from rag.web.render import render
from rag.web.sidebar import Feedback, Sidebar
from rag.web.suggestions import Suggestions
from rag.web.workspace import Workspace

# Puts the conversation into the page's address, so that a reload shows it again.
_KEEP_ADDRESS = "c => history.replaceState(null, '', c ? '?c=' + encodeURIComponent(c) : location.pathname)"
# These handlers are neither endpoints nor MCP tools; they show their own progress.
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# Short handlers bypass Gradio's queue, which sends results over a stream. When the stream is empty, it closes, and the
# user's action at that moment gets lost. Only the queue can show a `gr.Info` or a `gr.Error`.
_AT_ONCE: dict[str, Any] = {**_PRIVATE, "queue": False}
# By default Gradio drops actions while the same handler runs. These handlers must run for each action,
_EACH: dict[str, Any] = {**_AT_ONCE, "trigger_mode": "multiple"}
# and these for the last one.
_LATEST: dict[str, Any] = {**_AT_ONCE, "trigger_mode": "always_last"}


def build_page(workspace: Workspace, *, can_sign_out: bool = False) -> gr.Blocks:
    """Return the page of a workspace; the words of documents and of the LLM are escaped in it."""
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as page:
        add_endpoints(workspace)  # first: Gradio assigns the names of endpoints in this order
        parts = Parts(workspace, can_sign_out=can_sign_out)
        chat = Chat(workspace)
        asked = _bind_chat(parts, workspace, chat)
        _bind_sidebar(page, parts, workspace, chat, asked)
        _bind_library(page, parts, workspace)
        _bind_status(page, parts, workspace)
    return page


def _bind_chat(parts: Parts, workspace: Workspace, chat: Chat) -> list[Any]:
    """Return the events that end with a new answer."""
    feedback = Feedback(workspace)
    # The workspace has its own queue for the LLM; users in it already see the passages found.
    many: dict[str, Any] = {**_PRIVATE, "concurrency_limit": None}
    given = [parts.question, parts.conversation, parts.editing, *parts.options]
    typed = [parts.question, parts.conversation, *parts.options]
    parts.question.input(chat.read_ahead, typed, None, **_LATEST)
    asked = [
        parts.question.submit(chat.ask, given, parts.view, trigger_mode="multiple", **many),
        parts.chat.retry(chat.retry, [parts.conversation, *parts.options], parts.view, **many),
        parts.chat.example_select(chat.ask_suggested, [parts.conversation, *parts.options], parts.view, **many),
    ]
    parts.question.stop(chat.stop, None, None, **_AT_ONCE)
    parts.sources.edit(chat.edit, parts.conversation, [parts.question, parts.editing], **_AT_ONCE)
    parts.chat.like(
        feedback.rate, parts.conversation, [parts.form, parts.number, parts.comment, parts.wanted], **_AT_ONCE
    )
    parts.send.click(feedback.comment, [parts.conversation, parts.number, parts.comment], parts.form, **_PRIVATE)
    parts.make_test.click(feedback.make_test, [parts.conversation, parts.number, parts.wanted], parts.form, **_PRIVATE)
    return asked


def _bind_sidebar(page: gr.Blocks, parts: Parts, workspace: Workspace, chat: Chat, asked: list[Any]) -> None:
    sidebar = Sidebar(workspace)
    listing: dict[str, Any] = {
        "fn": sidebar.show,
        "inputs": [parts.words, parts.conversation],
        "outputs": parts.listed,
        **_AT_ONCE,
    }

    page.load(chat.load, None, parts.view, **_AT_ONCE)
    page.load(**listing)
    parts.conversation.change(None, parts.conversation, None, js=_KEEP_ADDRESS, api_visibility="private")
    parts.conversation.change(**listing)
    for event in asked:  # even if the page shows another conversation by then
        event.then(**listing)
    # Other events do not overwrite a title while the user types it.
    parts.conversation.change(sidebar.describe, parts.conversation, [parts.title, parts.exports], **_AT_ONCE)
    parts.words.change(**listing | _LATEST)
    parts.listed.input(chat.show, parts.listed, parts.view, **_EACH)
    parts.new.click(chat.begin, None, parts.view, **_EACH)
    parts.title.submit(sidebar.rename, [parts.conversation, parts.title], None, **_AT_ONCE).then(**listing)
    discarded = parts.delete.click(chat.discard, None, None, **_AT_ONCE)
    discarded.then(sidebar.delete, parts.conversation, None, **_AT_ONCE).then(chat.begin, None, parts.view, **_AT_ONCE)


def _bind_library(page: gr.Blocks, parts: Parts, workspace: Workspace) -> None:
    library = Library(workspace)
    listing: dict[str, Any] = {
        "fn": library.show,
        "inputs": [parts.index, parts.find],
        "outputs": parts.documents,
        **_LATEST,
    }
    for files in (parts.upload, parts.folder):
        files.upload(library.add, [files, parts.index], [parts.progress, parts.documents, files], **_PRIVATE)
    parts.update.click(library.update, parts.index, [parts.progress, parts.documents], **_PRIVATE)
    parts.documents.delete(
        library.remove,
        [parts.index, parts.find],
        [parts.progress, parts.documents],
        trigger_mode="multiple",
        **_PRIVATE,
    )
    parts.create.click(library.create, parts.name, [parts.index, parts.name], **_PRIVATE)
    for changed in (page.load, parts.index.change, parts.find.change):
        changed(**listing)


def _bind_status(page: gr.Blocks, parts: Parts, workspace: Workspace) -> None:
    suggestions = Suggestions(workspace)

    def show(index: str) -> tuple[str, Any, Any]:
        suggested = suggestions.get(index)
        chat = gr.Chatbot(examples=[{"text": question} for question in suggested]) if suggested else gr.skip()
        return describe_desk(workspace, index), chat, gr.Timer(active=suggested is None)

    def use_llm(name: str) -> None:
        with explained():
            workspace.use_llm(name)

    showing: dict[str, Any] = {
        "fn": show,
        "inputs": parts.index,
        "outputs": [parts.status, parts.chat, parts.timer],
        **_AT_ONCE,
    }
    for event in (page.load, parts.timer.tick, parts.index.change, parts.conversation.change, parts.documents.change):
        event(**showing)
    parts.llm.input(use_llm, parts.llm, None, **_PRIVATE).then(**showing)


def describe_desk(workspace: Workspace, index: str) -> str:
    """Return the line with the LLM, the index and the speed of answers."""
    try:
        documents = len(workspace.list_documents(index))
        count = "1 document" if documents == 1 else f"{documents:,} documents"
    except RagError as exc:
        count = str(exc)
    if workspace.loading:
        return render("status", loading=True, problem=None, about=[f"index {index}", count])
    try:
        models = workspace.models
    except RagError as exc:
        return render("status", loading=False, problem=str(exc), about=[])
    speed = f"{workspace.tokens_per_s:.0f} tokens/s" if workspace.tokens_per_s else ""
    waiting = f"{len(workspace.queue)} in the queue" if len(workspace.queue) else ""
    llm = models.llm.name if models.llm else "no LLM: quotes the best sentences"
    return render("status", loading=False, problem=models.problem, about=[llm, f"index {index}", count, speed, waiting])
