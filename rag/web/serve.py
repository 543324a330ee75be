"""Serves the page; a small server answers at its address while Gradio is imported, which takes some seconds."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, NoReturn

from rag.errors import RagError
from rag.extras import explain_missing
from rag.process import end_process
from rag.settings import Settings
from rag.web.net import is_loopback, open_socket

if TYPE_CHECKING:
    from rag.web.access import Access

_WAIT_S = 1.0
# Checks whether the page is ready.
_GREETING = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Footnote</title>
<style>body { font: 1.1rem system-ui; margin: 20vh auto; text-align: center; color-scheme: light dark }</style>
<h1>Footnote</h1><p role="status">The page is being opened &hellip;</p>
<script>setInterval(() => fetch(location).then(r => r.ok && location.reload()).catch(() => {}), 300)</script></html>"""


def serve_page(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    names: Sequence[str] = (),
    access: "Access | None" = None,
    no_login: bool = False,
    share: bool = False,
    mcp: bool = False,
) -> NoReturn:
    """Serve the page until interrupted, then end the process; the models load in the background. Raises RagError.

    `names` are other names of the page, `access` is its login. An address that other machines reach needs a login, or
    `no_login`. `share` asks Gradio for a public address, `mcp` serves MCP tools.
    """
    if share and not access:
        raise RagError("a shared page can be read by anyone: give --auth NAME with --share")
    if not (access or no_login or is_loopback(host)):
        raise RagError(
            f"at {host} other machines reach the page: give --auth NAME to ask for a login, "
            "or --no-login to let anyone read and change everything"
        )
    listening = open_socket(host, port)
    with greet(listening), explain_missing("the chat page"):
        if mcp:
            import_module("mcp")  # Gradio itself would continue without it
        from rag.web.launch import launch_page
        from rag.web.page import build_page
        from rag.web.workspace import Workspace

        workspace = Workspace(settings)
        page = build_page(workspace, can_sign_out=access is not None)
    try:
        with suppress(KeyboardInterrupt):
            launch_page(
                workspace, page, host=host, listening=listening, names=names, access=access, share=share, mcp_server=mcp
            )
            while True:  # on Windows, Ctrl-C does not end a longer wait
                time.sleep(_WAIT_S)
        # Gradio's own `block_thread` does not end the streams of open pages, and then waits 5 seconds for them.
        page.close(verbose=False)
    finally:
        workspace.close()
    end_process()


class _Greeting(BaseHTTPRequestHandler):
    """Says that the page is loading; it serves nothing that needs the guard."""

    timeout = 5  # longest request, in seconds

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_GREETING)))
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(_GREETING)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@contextmanager
def greet(listening: socket.socket) -> Iterator[None]:
    """Answer requests at a socket until the end of the block."""
    server = ThreadingHTTPServer(listening.getsockname()[:2], _Greeting, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
