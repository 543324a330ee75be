"""The chat of the page: asks, shows, stops and repeats questions, and shows stored conversations."""

import logging
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import gradio as gr

from rag.errors import RagError
from rag.text import repair_text
from rag.types import Answer, Answered, Drafted, Hit
from rag.web.cancel import Cancellable
from rag.web.history import Turn, list_messages
from rag.web.render import render, render_answer, render_draft, render_sources
from rag.web.workspace import DeskEvent, Options, Waiting, Workspace

logger = logging.getLogger(__name__)

MAX_QUESTION_CHARACTERS = 4000
# With fewer words, the subject of a question is not clear yet.
_FEWEST_WORDS = 3
_EDITING = "Editing: the new answer replaces this one and all below it."
UNFORESEEN = "This failed; the reason is in the log of `rag ui`. Try again."


class View(NamedTuple):
    """The state of the chat: its messages, the sources beside it and the question box.

    Also the conversation's id, and the number of the turn that the user edits.
    """

    chat: Any
    sources: Any
    question: Any
    conversation: Any
    editing: Any


class Asked(NamedTuple):
    """A question from the page, which becomes turn `turn` of a conversation; `retry` asks it again."""

    question: str
    conversation: str
    index_name: str
    options: Options
    turn: int | None = None
    retry: bool = False


class Chat:
    """Handles the user's actions in the chat."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._asking: dict[str, Cancellable[DeskEvent]] = {}  # by the browser tab of the question

    def ask(
        self, request: gr.Request, question: str, conversation: str, editing: str, index: str, *chosen: float
    ) -> Iterator[View]:
        """Answer a question with the `chosen` options; if the user edits an earlier one, replace that."""
        turn = int(editing) if editing.isdecimal() else None
        question = repair_text(question[:MAX_QUESTION_CHARACTERS]).strip()
        if question:
            yield from self._answer(Asked(question, conversation, index, _read_options(*chosen), turn), request)
        else:
            yield _unchanged()

    def read_ahead(self, request: gr.Request, question: str, conversation: str, index: str, *chosen: float) -> None:
        """Prepare the answer while the user types the question; shows nothing, whatever happens."""
        if len(question.split()) < _FEWEST_WORDS or len(question) > MAX_QUESTION_CHARACTERS:
            return
        before = list_messages(self._read(conversation, request))
        with suppress(RagError):
            self._workspace.read_ahead(question, index=index, options=_read_options(*chosen), history=before)

    def ask_suggested(
        self, request: gr.Request, event: gr.SelectData, conversation: str, index: str, *chosen: float
    ) -> Iterator[View]:
        """Answer a question that the page suggested."""
        yield from self.ask(request, str(event.value["text"]), conversation, "", index, *chosen)

    def retry(
        self, request: gr.Request, event: gr.RetryData, conversation: str, index: str, *chosen: float
    ) -> Iterator[View]:
        """Answer a question again, perhaps in other words; drop the turns after it."""
        number = find_turn(event.index)
        turn = self._workspace.history.read_turn(conversation, number, owner=get_owner(request))
        if turn:
            options = _read_options(*chosen)
            yield from self._answer(
                Asked(turn.answer.question, conversation, index, options, number, retry=True), request
            )
        else:
            yield _unchanged()

    def _read(self, conversation: str, request: gr.Request) -> list[Turn]:
        return self._workspace.history.read(conversation, owner=get_owner(request))

    def _answer(self, asked: Asked, request: gr.Request) -> Iterator[View]:
        turns = self._read(asked.conversation, request)
        before = turns[: asked.turn]
        asking = Cancellable(
            self._workspace.ask(
                asked.question,
                index=asked.index_name,
                options=asked.options,
                history=list_messages(before),
                retry=asked.retry,
            )
        )
        tab = str(request.session_hash)
        if self._asking.setdefault(tab, asking) is not asking:  # Enter was pressed twice
            yield _unchanged()
            return

        def is_left() -> bool:
            return self._asking.get(tab) is not asking

        events = (None if is_left() and not isinstance(event, Answered) else event for event in asking)
        try:
            answer = yield from _show_progress(asked.question, before, events)
            view = self._keep(answer, asked, request) if answer else _give_back(asked, turns)
        except Exception as exc:
            reason = str(exc)
            if not isinstance(exc, RagError):
                logger.exception("a question failed")
                reason = UNFORESEEN
            shown = [*_list_turns(before), *_pair(asked.question, render("problem", text=reason))]
            view = _give_back(asked, turns)._replace(chat=_show_chat(shown, before), sources=gr.skip())
        finally:
            asking.stop()
            left = is_left()
            if not left:
                del self._asking[tab]
        if not left:
            yield view
        # Gradio sends the last event twice: by then the page may show another conversation.
        yield _unchanged()

    def _keep(self, answer: Answer, asked: Asked, request: gr.Request) -> View:
        history, owner = self._workspace.history, get_owner(request)
        turn = Turn(answer, asked.index_name, time.time())
        if asked.turn is not None:
            history.cut(asked.conversation, keep=asked.turn, owner=owner)
        conversation = history.add(asked.conversation, turn, owner=owner)
        turns = history.read(conversation, owner=owner)  # an answer that the user left may be new
        return View(_show_turns(turns), render_sources(turns), idle(), conversation, "")

    def stop(self, request: gr.Request) -> None:
        """Stop the answer in a tab; the user can then edit its question."""
        asking = self._asking.get(str(request.session_hash))
        if asking:
            asking.stop()

    def discard(self, request: gr.Request) -> None:
        """Stop the answer in a tab, and show no more of it."""
        self.stop(request)
        self._asking.pop(str(request.session_hash), None)

    def edit(self, conversation: str, event: gr.EventData, request: gr.Request) -> tuple[Any, str]:
        """Put an earlier question into the box, and note that the user edits it."""
        number = int(event._data["turn"])
        turn = self._workspace.history.read_turn(conversation, number, owner=get_owner(request))
        return (idle(turn.answer.question, info=_EDITING), str(number)) if turn else (gr.skip(), "")

    def load(self, request: gr.Request) -> View:
        """Show the conversation that the page's address names; without one, change nothing."""
        conversation = str(request.query_params.get("c", ""))
        return self.show(conversation, request) if conversation else _unchanged()

    def begin(self, request: gr.Request) -> View:
        """Show an empty conversation."""
        return self.show("", request)

    def show(self, conversation: str, request: gr.Request) -> View:
        """Show a conversation, or an empty one if it does not exist.

        An answer in progress in this tab stays in its own conversation, and is not shown here.
        """
        self._asking.pop(str(request.session_hash), None)
        turns = self._read(conversation, request)
        stale = {}
        for number, turn in enumerate(turns):
            try:
                stale[number] = self._workspace.find_stale(turn.index_name, turn.answer)
            except RagError:
                stale[number] = {c.number: "The index of this source is gone." for c in turn.answer.citations}
        return View(_show_turns(turns), render_sources(turns, stale=stale), idle(), conversation if turns else "", "")


def _show_progress(
    question: str, turns: Sequence[Turn], events: Iterable[DeskEvent | None]
) -> Generator[View, None, Answer | None]:
    """Show the progress of an answer after these turns; return it, or None if it was stopped."""
    hits: Sequence[Hit] = ()
    draft = waiting = ""
    # Only once, and not for each word of the draft.
    before = _list_turns(turns)

    def show(reply: str) -> Any:
        return _show_chat([*before, *_pair(question, reply)], turns)

    # With the first event, which comes at once: each further view costs time that the LLM could use.
    sources, box = render_sources(turns), gr.Textbox("", submit_btn=False, stop_btn=True, info=None)
    for event in events:
        if isinstance(event, Answered):
            return event.answer
        if event is None:  # a sign of life: if the page is closed, the answer is stopped
            yield _unchanged()
            continue
        if isinstance(event, Waiting):
            waiting = event.reason
        elif isinstance(event, Drafted):
            draft += event.text
        else:
            hits, waiting, sources = event.hits, "", render_sources(turns, pending=event.hits)
        yield View(show(render_draft(hits, draft=draft, waiting=waiting)), sources, box, gr.skip(), gr.skip())
        sources = box = gr.skip()
    return None


def _give_back(asked: Asked, turns: Sequence[Turn]) -> View:
    """Show a conversation as it was before a question, with the question in the box."""
    editing = asked.turn is not None
    box = idle(asked.question, info=_EDITING if editing else None)
    return View(_show_turns(turns), render_sources(turns), box, gr.skip(), str(asked.turn) if editing else "")


def _unchanged() -> View:
    return View(*[gr.skip()] * len(View._fields))


def _show_turns(turns: Sequence[Turn]) -> gr.Chatbot:
    return _show_chat(_list_turns(turns), turns)


def _show_chat(messages: list[gr.MessageDict], turns: Sequence[Turn]) -> gr.Chatbot:
    return gr.Chatbot(messages, feedback_value=[turn.rating for turn in turns])


def _list_turns(turns: Sequence[Turn]) -> list[gr.MessageDict]:
    messages = []
    for n, turn in enumerate(turns):
        messages += _pair(turn.answer.question, render_answer(turn.answer, turn=n), turn=n)
    return messages


def _pair(question: str, answer: str, *, turn: int | None = None) -> list[gr.MessageDict]:
    """Return the messages of a question, with a link to edit it if it was answered, and of the HTML of its answer."""
    asked = render("question", question=question, turn=turn)
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


def _read_options(passages: float, caution: float, max_answer_tokens: float) -> Options:
    return Options(int(passages), float(caution), int(max_answer_tokens))


def idle(question: str | None = None, *, info: str | None = None) -> gr.Textbox:
    """Return the question box, ready for typing; without `question` the words in it stay."""
    given = {} if question is None else {"value": question}
    return gr.Textbox(**given, submit_btn=True, stop_btn=False, info=info)


def find_turn(message: int | tuple[int, int]) -> int:
    """Return the index of a message's turn: each turn has two messages, the question and the answer."""
    return (message if isinstance(message, int) else message[0]) // 2


def get_owner(request: gr.Request) -> str:
    """Return the name of the user who is logged in; empty if the page has no login."""
    return request.username or ""
