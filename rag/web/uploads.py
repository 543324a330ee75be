"""Takes the files that are handed to the page; of what breaks off or fails, nothing stays."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio_client.utils import is_http_url_like, strip_invalid_filename_characters
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from rag.web.guard import UPLOAD

# A folder that is handed over is one request.
_MOST_FILES = 1000


def make_upload(page: gr.Blocks, *, max_file_mb: int) -> Route:
    """Return the route that takes files, in the place of Gradio's.

    Gradio's leaves what broke off, and reads a field that is no file into memory.
    """

    async def upload(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return PlainTextResponse("Files come as multipart/form-data.", 400)
        async with request.form(max_files=_MOST_FILES, max_fields=10) as form:
            files = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
            too_large = [file.filename for file in files if (file.size or 0) > max_file_mb * 1_000_000]
            if too_large:
                return PlainTextResponse(f"{too_large[0]} is larger than max_file_mb, {max_file_mb} MB.", 413)
            try:
                paths = await asyncio.to_thread(_keep, files, Path(request.app.uploaded_file_dir))
            except OSError as exc:
                return PlainTextResponse(f"The files could not be kept: {exc.strerror}.", 507)
        page.upload_file_set.update(paths)
        return JSONResponse(paths)

    return Route(UPLOAD, upload, methods=["POST"])


def _keep(files: list[UploadFile], folder: Path) -> list[str]:
    """Write files into a folder, all of them or none, and return their paths; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(dir=folder))
    paths = []
    try:
        for number, file in enumerate(files):
            name = strip_invalid_filename_characters(Path(file.filename or "").name) or "file"
            path = own / str(number) / name  # two may have the same name
            path.parent.mkdir()
            with path.open("wb") as target:
                shutil.copyfileobj(file.file, target)
            paths.append(str(path))
    except OSError:
        shutil.rmtree(own, ignore_errors=True)
        raise
    return paths


def forbid_addresses(page: gr.Blocks) -> None:
    """Let the parts of a page take files, but no addresses: Gradio would fetch what an address names."""
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _take_files_only(block.async_move_resource_to_block_cache)


def _take_files_only(take: Callable[[Any], Awaitable[str | None]]) -> Callable[[Any], Awaitable[str | None]]:
    async def take_file(given: Any) -> str | None:
        if is_http_url_like(str(given)):
            raise gr.Error("Hand over a file: the page fetches nothing from an address.", print_exception=False)
        return await take(given)

    return take_file
