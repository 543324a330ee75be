"""Serves the page; while Gradio is imported, which takes some seconds, a greeting answers at its address."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from rag.errors import RagError
from rag.settings import Settings

# Looks whether the page is there; a reload that comes between the two servers would show a browser's error.
_GREETING = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Footnote</title>
<style>body { font: 1.1rem system-ui; margin: 20vh auto; text-align: center; color-scheme: light dark }</style>
<h1>Footnote</h1><p role="status">The page is being opened &hellip;</p>
<script>setInterval(() => fetch(location).then(r => r.ok && location.reload()).catch(() => {}), 300)</script></html>"""


def serve_page(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    auth: tuple[str, str] | None = None,
    share: bool = False,
    mcp: bool = False,
) -> None:
    """Serve the page until interrupted, the models loading behind it; raises RagError.

    `auth` is a name and a password to log in with; `share` asks Gradio for a public address, `mcp` serves MCP tools.
    """
    if share and not auth:
        raise RagError("a shared page can be read by anyone: give --auth NAME:PASSWORD with --share")
    with greet(host, port):
        from rag.web.desk import Desk
        from rag.web.launch import launch_page
        from rag.web.page import build_page

        desk = Desk(settings)
        page = build_page(desk)
    try:
        with suppress(KeyboardInterrupt):
            launch_page(desk, page, host=host, port=port, auth=auth, share=share, mcp_server=mcp)
            Event().wait()
        # Gradio's own `block_thread` forgets to end what open pages listen to, and then waits for them for 5 seconds.
        page.close(verbose=False)
    finally:
        desk.close()


class _Greeting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_GREETING)))
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(_GREETING)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def explain_address(host: str, port: int | None) -> Iterator[None]:
    """Raise RagError, saying what to do, if an address cannot be used."""
    try:
        yield
    except OSError as exc:
        raise RagError(
            f"cannot serve the page on {host}:{port}: it is in use or not allowed; choose another --port"
        ) from exc


@contextmanager
def greet(host: str, port: int) -> Iterator[None]:
    """Answer at an address until the end of the block; raises RagError if it cannot be used."""
    with explain_address(host, port):
        server = ThreadingHTTPServer((host, port), _Greeting)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
