"""The chat of the page: asks, shows, stops, asks again; shows a conversation that was kept."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import gradio as gr

from rag.errors import RagError
from rag.types import Answer, Hit
from rag.web.desk import Desk, Options, Waiting
from rag.web.history import Turn, list_messages
from rag.web.render import render_answer, render_draft, render_problem, render_question, render_sources

logger = logging.getLogger(__name__)

MAX_QUESTION_CHARACTERS = 4000
UNFORESEEN = "This failed; the reason is in the log of `rag ui`. Try again."


class View(NamedTuple):
    """What the chat shows: its messages, the sources beside it, the box of the question; and what is behind it:
    the conversation's id, and the question that is being answered.
    """

    chat: Any
    sources: Any
    question: Any
    conversation: Any
    asked: Any


class Asked(NamedTuple):
    """A question as it comes from the page: to be the turn `turn` of a conversation, once more if `anew`."""

    question: str
    conversation: str
    index_name: str
    options: Options
    turn: int | None = None
    anew: bool = False


class Chat:
    """Handles what is done in the chat."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ask(
        self,
        question: str,
        conversation: str,
        editing: str,
        index: str,
        passages: float,
        caution: float,
        max_answer_tokens: float,
        request: gr.Request,
    ) -> Iterator[View]:
        """Answer a question, in the place of the one that is being edited if there is one."""
        turn = int(editing) if editing.isdecimal() else None
        options = Options(int(passages), float(caution), int(max_answer_tokens))
        asked = Asked(question[:MAX_QUESTION_CHARACTERS].strip(), conversation, index, options, turn)
        if asked.question:
            yield from self._answer(asked, owner=get_owner(request))
        else:
            yield _unchanged()

    def ask_suggested(
        self,
        conversation: str,
        index: str,
        passages: float,
        caution: float,
        max_answer_tokens: float,
        event: gr.SelectData,
        request: gr.Request,
    ) -> Iterator[View]:
        """Answer a question that the page suggested."""
        question = str(event.value["text"])
        yield from self.ask(question, conversation, "", index, passages, caution, max_answer_tokens, request)

    def retry(
        self,
        conversation: str,
        index: str,
        passages: float,
        caution: float,
        max_answer_tokens: float,
        event: gr.RetryData,
        request: gr.Request,
    ) -> Iterator[View]:
        """Answer a question again, in other words perhaps; what followed it is dropped."""
        owner = get_owner(request)
        turns = self._desk.history.read(conversation, owner=owner)
        turn = find_turn(event.index)
        if turn < len(turns):
            options = Options(int(passages), float(caution), int(max_answer_tokens))
            asked = Asked(turns[turn].answer.question, conversation, index, options, turn, anew=True)
            yield from self._answer(asked, owner=owner)
        else:
            yield _unchanged()

    def _answer(self, asked: Asked, *, owner: str) -> Iterator[View]:
        desk, conversation = self._desk, asked.conversation
        turns = desk.history.read(conversation, owner=owner)[: asked.turn]
        hits: Sequence[Hit] = ()
        draft = waiting = ""
        busy = gr.Textbox("", submit_btn=False, stop_btn=True)
        sources: Any = render_sources(turns)
        # Not again at each word of the draft.
        before, question = _list_turns(turns), render_question(asked.question, turn=None)

        def show(reply: str) -> Any:
            return _show_chat([*before, *_pair(question, reply)], turns)

        yield View(show(render_draft(())), sources, busy, gr.skip(), asked.question)
        try:
            for event in desk.ask(
                asked.question,
                index=asked.index_name,
                options=asked.options,
                history=list_messages(turns),
                anew=asked.anew,
            ):
                sources = gr.skip()
                if isinstance(event, Answer):
                    desk.history.cut(conversation, keep=len(turns), owner=owner)
                    turns.append(Turn(event, asked.index_name, time.time()))
                    conversation = desk.history.add(conversation, turns[-1], owner=owner)
                    yield View(_show_turns(turns), render_sources(turns), idle(), conversation, "")
                    return
                if isinstance(event, Waiting):
                    waiting = event.reason
                elif isinstance(event, str):
                    draft += event
                else:
                    hits, waiting, sources = event, "", render_sources(turns, pending=event)
                reply = render_draft(hits, draft=draft, waiting=waiting)
                yield View(show(reply), sources, gr.skip(), gr.skip(), gr.skip())
        except Exception as exc:
            if not isinstance(exc, RagError):
                logger.exception("a question failed")
            problem = render_problem(str(exc) if isinstance(exc, RagError) else UNFORESEEN)
            yield View(show(problem), gr.skip(), idle(asked.question), gr.skip(), "")

    def stop(self, conversation: str, asked: str, request: gr.Request) -> View:
        """Show the conversation as it was before the question that was stopped, which can be edited."""
        turns = self._desk.history.read(conversation, owner=get_owner(request))
        return View(_show_turns(turns), render_sources(turns), idle(asked), gr.skip(), "")

    def edit(self, conversation: str, event: gr.EventData, request: gr.Request) -> tuple[Any, str]:
        """Put an earlier question into the box, and note that it is being edited."""
        turn = int(event._data["turn"])
        turns = self._desk.history.read(conversation, owner=get_owner(request))
        if turn >= len(turns):
            return gr.skip(), ""
        info = "Editing: this answer and what follows it are replaced."
        return idle(turns[turn].answer.question, info=info), str(turn)

    def load(self, request: gr.Request) -> View:
        """Show the conversation that the page's address names; without one, what is there stays."""
        conversation = str(request.query_params.get("c", ""))
        return self.show(conversation, request) if conversation else _unchanged()

    def show(self, conversation: str, request: gr.Request) -> View:
        """Show a conversation, an empty one if it is not there."""
        owner = get_owner(request)
        turns = self._desk.history.read(conversation, owner=owner)
        stale = {}
        for number, turn in enumerate(turns):
            try:
                stale[number] = self._desk.find_stale(turn.index_name, turn.answer)
            except RagError:
                stale[number] = {c.number: "The index of this source is gone." for c in turn.answer.citations}
        return View(_show_turns(turns), render_sources(turns, stale=stale), idle(), conversation if turns else "", "")


def _unchanged() -> View:
    return View(*[gr.skip()] * len(View._fields))


def _show_turns(turns: Sequence[Turn]) -> gr.Chatbot:
    return _show_chat(_list_turns(turns), turns)


def _show_chat(messages: list[gr.MessageDict], turns: Sequence[Turn]) -> gr.Chatbot:
    return gr.Chatbot(messages, feedback_value=[turn.rating for turn in turns])


def _list_turns(turns: Sequence[Turn]) -> list[gr.MessageDict]:
    messages = []
    for n, turn in enumerate(turns):
        messages += _pair(render_question(turn.answer.question, turn=n), render_answer(turn.answer, turn=n))
    return messages


def _pair(question: str, answer: str) -> list[gr.MessageDict]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def idle(question: str | None = None, *, info: str | None = None) -> gr.Textbox:
    """Return the box of the question, ready to be written in; what is being written there stays, if it is not given."""
    given = {} if question is None else {"value": question}
    return gr.Textbox(**given, submit_btn=True, stop_btn=False, info=info)


def find_turn(message: int | tuple[int, int]) -> int:
    """Return the place of the turn that a message belongs to: each has two, the question and the answer."""
    return (message if isinstance(message, int) else message[0]) // 2


def get_owner(request: gr.Request) -> str:
    return request.username or ""
