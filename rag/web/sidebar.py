"""Lists, searches, renames and deletes conversations beside the chat; stores ratings of answers."""

from typing import Any

import gradio as gr

from rag.evaluation.dataset import Question, add_question
from rag.web.api import explained
from rag.web.chat import find_turn, get_owner
from rag.web.render import render
from rag.web.workspace import Workspace

# Gradio sends True for a thumb up, False for a thumb down, and another value if the user takes the thumb back.
_RATINGS: dict[Any, str] = {True: "Like", False: "Dislike"}


class Sidebar:
    """Handles the user's actions on whole conversations."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def show(self, words: str, conversation: str, request: gr.Request) -> Any:
        """Return the conversations with these words; the open one is selected."""
        listed = self._workspace.history.list_conversations(owner=get_owner(request), words=words)
        shown = conversation if any(one.id == conversation for one in listed) else None
        return gr.Radio([(one.title, one.id) for one in listed], value=shown)

    def describe(self, conversation: str, request: gr.Request) -> tuple[str, str]:
        """Return the title of a conversation, and links to export it."""
        title = self._workspace.history.get_title(conversation, owner=get_owner(request))
        return title, render("exports", conversation=conversation)

    def rename(self, conversation: str, title: str, request: gr.Request) -> None:
        """Rename the open conversation, if there is one."""
        if title.strip():
            self._workspace.history.rename(conversation, title, owner=get_owner(request))

    def delete(self, conversation: str, request: gr.Request) -> None:
        """Delete the open conversation."""
        self._workspace.history.delete(conversation, owner=get_owner(request))


class Feedback:
    """Handles the user's rating of an answer."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._history = workspace.history

    def rate(self, conversation: str, event: gr.LikeData, request: gr.Request) -> tuple[Any, int, str, str]:
        """Store a thumb, and return the open form, the turn, its comment, and its right answer so far."""
        owner, number = get_owner(request), find_turn(event.index)
        turn = self._history.read_turn(conversation, number, owner=owner)
        if turn is None:
            return gr.skip(), 0, "", ""
        rating = _RATINGS.get(event.liked)
        self._history.rate(conversation, number, rating=rating, comment=turn.comment, owner=owner)
        right = " ".join(sentence.text for sentence in turn.answer.sentences)
        wanted = right if rating == "Like" and turn.answer.outcome != "not_found" else ""
        return gr.Group(visible=rating is not None), number, turn.comment or "", wanted

    def comment(self, conversation: str, number: int, comment: str, request: gr.Request) -> Any:
        """Store a comment with the thumb, and close the form."""
        owner = get_owner(request)
        turn = self._history.read_turn(conversation, number, owner=owner)
        if turn:
            self._history.rate(conversation, number, rating=turn.rating, comment=comment.strip() or None, owner=owner)
            gr.Info("Saved with the answer, on this machine.")
        return gr.Group(visible=False)

    def make_test(self, conversation: str, number: int, wanted: str, request: gr.Request) -> Any:
        """Write the question, with the texts of a right answer, into the question set of its index."""
        turn = self._history.read_turn(conversation, number, owner=get_owner(request))
        if turn is None:
            return gr.skip()
        answer = turn.answer
        answers = tuple(line.strip() for line in wanted.splitlines() if line.strip())
        sources = tuple(dict.fromkeys(citation.source for citation in answer.citations))
        question = Question(
            f"page-{conversation[:6]}-{number + 1}",
            answer.rewritten or answer.question,
            bool(answers),
            answers,
            sources if answers and turn.rating == "Like" else (),
            type="from the page",
        )
        with explained():
            path = add_question(self._workspace.get_folder(turn.index_name), question)
        gr.Info(f"Written to {path.name}: `rag eval {path.parent}` asks it.")
        return gr.Group(visible=False)
