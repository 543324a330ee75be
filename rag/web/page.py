"""The chat page: the question, the answer as it is written, the sources that it cites."""

import logging
import re
from collections.abc import Iterator
from itertools import groupby

import gradio as gr

from rag.assistant import Assistant, make_turn
from rag.errors import RagError
from rag.llm.llama import Message
from rag.settings import Settings
from rag.show import describe_voice
from rag.types import Answer, Chunk, Citation, Hit

logger = logging.getLogger(__name__)

# A draft's numbers are not checked yet: they are not shown.
_UNCHECKED = re.compile(r"\s*\[[^\]]*\]?")
# What Markdown would make a link, an image or markup of.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#+\-!|~&:$@]|(?<=www)\.", re.IGNORECASE)
MAX_QUESTION_CHARACTERS = 4000
# So many passages are shown where none answers.
_NEAREST = 2


def build_page(assistant: Assistant) -> gr.Blocks:
    """Return the page; documents' and the model's words are escaped in it."""

    def reply(message: str, shown: list[object], said: list[Message]) -> Iterator[str]:
        draft = ""
        del said[len(shown) :]  # what was undone, or cleared, was not said
        question = message[:MAX_QUESTION_CHARACTERS]
        turn = [Message("user", question), Message("assistant", "")]
        try:
            for event in assistant.stream(question, history=said):
                if isinstance(event, Answer):
                    turn = make_turn(event)
                    yield format_markdown(event)
                elif isinstance(event, str):
                    draft += event
                    yield _escape(_UNCHECKED.sub("", draft)) + " …"
                else:
                    yield f"*Reading {len(event)} passages …*"
        except RagError as exc:
            yield f"**{_escape(str(exc))}**"
        except Exception:
            logger.exception("a question failed")
            yield "**This question failed; the reason is in the log of `rag ui`. Ask again.**"
        finally:
            said += turn

    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_height=True) as page:
        gr.ChatInterface(
            reply,
            chatbot=gr.Chatbot(label="Answers", buttons=["copy"], scale=1),
            additional_inputs=[gr.State([])],
            fill_height=True,
            title="Footnote",
            description="Ask your documents. Every sentence cites its source; readers' comments are marked as such.",
            concurrency_limit=1,
            api_name="chat",
        )
    return page


def format_markdown(answer: Answer) -> str:
    """Return an answer and its cited sources as Markdown and safe HTML."""
    parts = [f"*Understood as: {_escape(answer.rewritten)}*"] if answer.rewritten else []
    parts.append(_escape(answer.answer))
    if answer.outcome == "unconfirmed":
        parts.append("*Not confirmed: only readers' comments say so.*")
    if answer.note:
        parts.append(f"*{_escape(answer.note)}*")
    if answer.outcome == "not_found":
        parts += [_format_nearest(hit) for hit in answer.hits[:_NEAREST]]
    parts += [_format_card(n, list(same)) for n, same in groupby(answer.citations, key=lambda c: c.number)]
    return "\n\n".join(parts)


def _format_card(number: int, citations: list[Citation]) -> str:
    quotes = "".join(f"<blockquote>{_escape(same.quote)}</blockquote>" for same in citations)
    return f"<details><summary>[{number}] {_describe(citations[0])}</summary>{quotes}</details>"


def _format_nearest(hit: Hit) -> str:
    text = f"<blockquote>{_escape(hit.chunk.text)}</blockquote>"
    return f"<details><summary>Near, but no answer: {_describe(hit.chunk)}</summary>{text}</details>"


def _describe(source: Citation | Chunk) -> str:
    voice, *rest = map(_escape, describe_voice(source))
    return " · ".join([f"<mark>{voice}</mark>" if source.voice == "comment" else voice, *rest])


def _escape(text: str) -> str:
    # One line: a blank one would end the HTML block, and Markdown would read on in the document's words.
    return _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))


def serve_page(settings: Settings, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Open the settings' index and models, then serve the page until interrupted; raises RagError."""
    page = build_page(Assistant.open(settings=settings))
    try:
        page.queue(max_size=32).launch(server_name=host, server_port=port, share=False, show_error=False)
    except OSError as exc:
        raise RagError(
            f"cannot serve the page on {host}:{port}: it is in use or not allowed; choose another --port"
        ) from exc
