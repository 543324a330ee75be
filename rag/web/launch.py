"""Launches the page, and serves whole documents and exported conversations beside it."""

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import click
import gradio as gr
from gradio import http_server, networking
from gradio_client import Client
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rag.errors import RagError
from rag.formatting import escape_markdown, format_answer
from rag.text import repair_text
from rag.web.access import Access
from rag.web.entrance import make_entrance
from rag.web.guard import Guard, get_user
from rag.web.history import Turn
from rag.web.layout import CSS, HEAD, THEME
from rag.web.net import format_address, open_socket
from rag.web.pages import Pages, read_quotes
from rag.web.queue import LONGEST
from rag.web.render import link_picture, render_document
from rag.web.server import PageServer
from rag.web.uploads import forbid_addresses, make_upload
from rag.web.workspace import Workspace

# Most waiting events of all pages; if the queue is full, the page says so at once.
_MAX_QUEUE = 64
# One for each user in the queue for the LLM, and some for other work.
_THREADS = 2 * LONGEST
# Gradio keeps about 0.2 MB for each browser tab and program; beyond this number it forgets the oldest.
_MOST_SESSIONS = 128
# The total size of one upload, as a multiple of the largest file.
_UPLOAD_FILES = 5
_GRADIO: dict[str, Any] = {
    "quiet": True, "share": False, "show_error": False, "ssr_mode": False, "pwa": False, "run_history": False,
    "footer_links": [], "theme": THEME, "css": CSS, "head": HEAD, "prevent_thread_lock": True, "max_threads": _THREADS,
}  # fmt: skip


def launch_page(
    workspace: Workspace,
    page: gr.Blocks,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    listening: socket.socket | None = None,
    names: Iterable[str] = (),
    access: Access | None = None,
    share: bool = False,
    mcp_server: bool = False,
    quiet: bool = False,
) -> str:
    """Launch a workspace's page, and return its address; raises RagError.

    `listening` is a socket at the host and port, if it is open already. `names` are other names of the page. `access`
    is its login. `share` gives it a public address.
    """
    listening = listening or open_socket(host, port)
    port = listening.getsockname()[1]
    address = format_address(host, port)
    if share:
        public_address = _open_tunnel(page, host, port)
        names = [*names, urlsplit(public_address).netloc]
    upload_bytes = _UPLOAD_FILES * workspace.settings.max_file_mb * 1_000_000

    def start_server(app: ASGIApp, **_: Any) -> tuple[str, int, str, PageServer]:
        guard = Guard(app, host=host, port=port, names=names, access=access, upload_bytes=upload_bytes)
        server = PageServer(guard, listening)
        server.start()
        return host, port, address, server

    forbid_addresses(page)
    page.queue(max_size=_MAX_QUEUE)
    # After each event Gradio would count all events, with pandas, for statistics that the guard hides anyway.
    page._queue.compute_analytics_summary = lambda _records: {}
    with _replace_server(start_server):
        page.launch(
            **_GRADIO,
            auth_dependency=get_user,
            mcp_server=mcp_server,
            max_file_size=f"{workspace.settings.max_file_mb}mb",
            state_session_capacity=_MOST_SESSIONS,
            app_kwargs={"routes": _list_routes(workspace, page, access, port=port)},
        )
    if mcp_server:
        _connect_mcp(page, address, access)
    if not quiet:
        click.echo(f"Footnote is at {address}")
        if share:
            click.echo(f"and for everybody at {public_address}")
    # Not earlier: while llama.cpp loads, printed text does not appear.
    workspace.start()
    return address


def _list_routes(workspace: Workspace, page: gr.Blocks, access: Access | None, *, port: int) -> list[Route]:
    """Return the routes that the page adds to Gradio's, or replaces."""
    return [
        Route("/document", _serve(workspace, _show_document)),
        Route("/page", _serve(workspace, Pages().show)),
        Route("/export", _serve(workspace, _export)),
        make_upload(page, max_file_mb=workspace.settings.max_file_mb),
        *(make_entrance(access, port=port) if access else []),
    ]


@contextmanager
def _replace_server(start_server: Callable[..., Any]) -> Iterator[None]:
    """Make Gradio start our web server; its own has no limits, and trusts the headers of proxies."""
    original = http_server.start_server
    http_server.start_server = start_server
    try:
        yield
    finally:
        http_server.start_server = original


def _open_tunnel(page: gr.Blocks, host: str, port: int) -> str:
    """Return the page's public address from Gradio's servers; raises RagError."""
    try:
        return str(
            networking.setup_tunnel(
                local_host=host,
                local_port=port,
                share_token=page.share_token,
                share_server_address=None,
                share_server_tls_certificate=None,
            )
        )
    except Exception as exc:
        reason = " ".join(str(exc.__cause__ or exc).split())
        raise RagError(
            f"no public address from gradio.live: {reason}; check the network, or leave out --share"
        ) from exc


def _connect_mcp(page: gr.Blocks, address: str, access: Access | None) -> None:
    """Let the MCP tools past the login: Gradio calls them through the page's own address."""
    headers = {"Authorization": f"Bearer {access.token}"} if access else {}

    @cache
    def get_client() -> _SilentClient:
        return _SilentClient(address, download_files=False, verbose=False, _skip_components=False, headers=headers)

    page.mcp_server_obj._get_or_create_client = get_client


class _SilentClient(Client):  # type: ignore[misc]
    """Gradio's client without its report to Hugging Face, which `analytics_enabled=False` does not stop."""

    def _telemetry_thread(self) -> None:
        pass


def _serve(workspace: Workspace, answer: Callable[[Workspace, Request], Response]) -> Callable[[Request], Response]:
    """Return a route that reports a failure in one line."""

    def serve(request: Request) -> Response:
        try:
            response = answer(workspace, request)
        except RagError as exc:
            response = PlainTextResponse(str(exc), 404)
        response.headers["Cache-Control"] = "no-store"  # the browser keeps nothing after the sign-out
        return response

    return serve


def _show_document(workspace: Workspace, request: Request) -> Response:
    asked = request.query_params
    index = asked.get("index", "")
    text, chunks = workspace.read_document(index, asked.get("source", ""))
    quotes = read_quotes(asked.get("quotes", ""))
    picture = link_picture(index, chunks, quotes)
    return HTMLResponse(render_document(text, chunks, quotes=quotes, css=CSS, picture=picture))


def _export(workspace: Workspace, request: Request) -> Response:
    asked = request.query_params
    turns = workspace.history.read(asked.get("conversation", ""), owner=get_user(request))
    as_json = asked.get("format") == "json"
    if as_json:
        text = json.dumps([turn._asdict() | {"answer": turn.answer.to_dict()} for turn in turns], indent=2)
    else:
        text = format_conversation(turns)
    headers = {"Content-Disposition": f'attachment; filename="conversation.{"json" if as_json else "md"}"'}
    return PlainTextResponse(text, headers=headers)


def format_conversation(turns: list[Turn]) -> str:
    """Return a conversation as Markdown, each answer with its sources and quotes as in a terminal."""
    parts = []
    for turn in turns:
        asked = datetime.fromtimestamp(turn.asked, UTC).isoformat(timespec="seconds")
        answer = format_answer(turn.answer).replace("\n", "\n    ")
        question, index = escape_markdown(turn.answer.question), escape_markdown(turn.index_name)
        parts.append(f"## {question}\n\n{asked}, index {index}\n\n    {answer}\n")
    return repair_text("\n".join(parts))
