"""Launches the page, and beside it serves whole documents and exported conversations."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import RagError
from rag.show import escape_markdown, format_answer
from rag.text import repair_text
from rag.web.desk import Desk
from rag.web.history import Turn
from rag.web.layout import CSS, HEAD, THEME
from rag.web.line import LONGEST
from rag.web.render import render_document
from rag.web.serve import explain_address

# Nothing is fetched from another machine, whatever a document or the LLM writes. (Gradio makes functions of texts.)
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'"
)
_QUOTE = re.compile(r"(\d{1,12})-(\d{1,12})")
# So many events of all pages wait; a full queue is said at once.
_MAX_QUEUE = 64
# One for each who waits in the line before the LLM, and some for the rest.
_THREADS = 2 * LONGEST


def launch_page(desk: Desk, page: gr.Blocks, *, host: str = "127.0.0.1", port: int | None = None, **how: Any) -> str:
    """Launch a desk's page, and return its address; `how` is more for Gradio's `launch`. Raises RagError."""
    routes = [Route("/document", _serve(desk, _show_document)), Route("/export", _serve(desk, _export))]
    with explain_address(host, port):
        _, address, _ = page.queue(max_size=_MAX_QUEUE).launch(
            server_name=host,
            server_port=port,
            show_error=False,
            ssr_mode=False,
            pwa=False,
            footer_links=[],
            max_threads=_THREADS,
            max_file_size=f"{desk.settings.max_file_mb}mb",
            theme=THEME,
            css=CSS,
            head=HEAD,
            app_kwargs={"routes": routes, "middleware": [Middleware(_Headers)]},
            prevent_thread_lock=True,
            **how,
        )
    # Not before: while llama.cpp loads, nothing that is printed is seen.
    desk.start()
    return str(address)


class _Headers:
    """Adds to each answer the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_with)


def _serve(desk: Desk, answer: Callable[[Desk, Request, str], Response]) -> Callable[[Request], Response]:
    """Return a route that only those who are logged in may use, and that says in one line what failed."""

    def serve(request: Request) -> Response:
        # As Gradio tells who is asking (`routes.get_current_user`).
        app, cookies = request.app, request.cookies
        token = cookies.get(f"access-token-{app.cookie_id}") or cookies.get(f"access-token-unsecure-{app.cookie_id}")
        owner = app.tokens.get(token)
        if app.auth is not None and owner is None:
            return PlainTextResponse("Log in first.", 401)
        try:
            return answer(desk, request, owner or "")
        except RagError as exc:
            return PlainTextResponse(str(exc), 404)

    return serve


def _show_document(desk: Desk, request: Request, _owner: str) -> Response:
    asked = request.query_params
    text, chunks = desk.read_document(asked.get("index", ""), asked.get("source", ""))
    quotes = [(int(start), int(end)) for start, end in _QUOTE.findall(asked.get("quotes", ""))]
    return HTMLResponse(render_document(text, chunks, quotes=quotes, css=CSS))


def _export(desk: Desk, request: Request, owner: str) -> Response:
    asked = request.query_params
    turns = desk.history.read(asked.get("conversation", ""), owner=owner)
    as_json = asked.get("format") == "json"
    if as_json:
        text = json.dumps([turn._asdict() | {"answer": asdict(turn.answer)} for turn in turns], indent=2)
    else:
        text = format_conversation(turns)
    headers = {"Content-Disposition": f'attachment; filename="conversation.{"json" if as_json else "md"}"'}
    return PlainTextResponse(text, headers=headers)


def format_conversation(turns: list[Turn]) -> str:
    """Return a conversation as Markdown, each answer with its sources and quotes as they are shown in a terminal."""
    parts = []
    for turn in turns:
        asked = datetime.fromtimestamp(turn.asked, UTC).isoformat(timespec="seconds")
        answer = format_answer(turn.answer).replace("\n", "\n    ")
        question, index = escape_markdown(turn.answer.question), escape_markdown(turn.index_name)
        parts.append(f"## {question}\n\n{asked}, index {index}\n\n    {answer}\n")
    return repair_text("\n".join(parts))
