"""Shows the page of a file that a quote is from; other files than those of the index cannot be named."""

import re
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rag.documents.page_picture import PagePicture, Quote, can_draw
from rag.documents.read import check_size
from rag.documents.worker import DocumentReader
from rag.errors import DocumentError
from rag.files import is_plain
from rag.index import open_store
from rag.index.build import hash_file
from rag.types import Span
from rag.web.render import render_page
from rag.web.workspace import Workspace

_QUOTE = re.compile(r"(\d{1,12})-(\d{1,12})")
_ID = re.compile(r"[0-9]{1,19}")
_HIGHEST_ID = 2**63 - 1
_MOST_QUOTES, _LONGEST_QUOTE = 10, 5000
# This many characters before a quote tell equal sentences apart.
_BEFORE = 100
# A page takes a core and some memory, so one is drawn at a time. Others wait this long.
_WAIT_S = 10.0


class Pages:
    """Draws pages for all users, one at a time."""

    def __init__(self) -> None:
        self._drawing = threading.Lock()

    def show(self, workspace: Workspace, request: Request) -> Response:
        """Return the HTML of a page with the quotes marked; raises RagError with the reason if there is none."""
        asked = request.query_params
        if not _ID.fullmatch(asked.get("document", "")):
            raise DocumentError("There is no such document.")
        picture = self._draw(
            workspace,
            asked.get("index", ""),
            min(int(asked["document"]), _HIGHEST_ID),
            read_quotes(asked.get("quotes", "")),
        )
        return HTMLResponse(render_page(picture))

    def _draw(self, workspace: Workspace, index: str, document_id: int, quotes: Sequence[Span]) -> PagePicture:
        with closing(open_store(workspace.locate(index))) as store, store.snapshot():
            text, chunks = store.get_text(document_id), store.list_chunks(document_id)
            sources = store.get_sources()
        chunk = next((chunk for chunk in chunks for start, _ in quotes if chunk.start <= start < chunk.end), None)
        if chunk is None or not can_draw(chunk.source):
            raise DocumentError("There is no picture of this page.")
        path = Path(chunk.source)
        file_hash, _ = sources[chunk.source]
        _check_unchanged(path, file_hash, workspace)
        marked = [
            Quote(text[start:end][:_LONGEST_QUOTE], text[max(0, start - _BEFORE) : start])
            for start, end in sorted(quotes)[:_MOST_QUOTES]
        ]
        if not self._drawing.acquire(timeout=_WAIT_S):
            raise DocumentError("Other pages are being drawn. Load this one again.")
        try:
            with DocumentReader(workspace.settings) as reader:
                return reader.draw_page(path, chunk.page or 1, marked)
        finally:
            self._drawing.release()


def read_quotes(given: str) -> list[Span]:
    """Return the places of quotes that an address names as START-END."""
    return [(int(start), int(end)) for start, end in _QUOTE.findall(given)]


def _check_unchanged(path: Path, file_hash: str, workspace: Workspace) -> None:
    """Raise DocumentError if a file is gone, or is not the one that was indexed."""
    if not is_plain(path):
        raise DocumentError(f"The file {path} is gone. Here is its text as it was indexed.")
    settings = workspace.settings
    check_size(path, max_mb=settings.max_file_mb)
    if hash_file(path, settings, workspace.models.embedder) != file_hash:
        raise DocumentError(
            "The file, or a setting for reading it, has changed since it was indexed. Here is the indexed text; "
            "“Reread changed files” under Documents brings it up to date."
        )
