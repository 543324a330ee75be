"""Receives uploaded files; an upload that fails or breaks off leaves nothing behind."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.routes import file_upload_statuses
from gradio_client.utils import is_http_url_like, strip_invalid_filename_characters
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from rag.system import avoid_reserved
from rag.web.guard import UPLOAD

# The page may ask for the progress of an upload for this long.
_PROGRESS_S = 10.0


class _FileTooLargeError(MultiPartException):
    pass


class _Parser(MultiPartParser):
    """Limits the size of each file while it arrives, and records the progress for Gradio's page."""

    def __init__(self, request: Request, *, max_file_mb: int, upload_id: str) -> None:
        super().__init__(request.headers, request.stream())
        self._max_file_mb, self._upload_id = max_file_mb, upload_id
        self._bytes: dict[int, int] = {}  # by the file's number

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        file = self._current_part.file
        if file:
            arrived = self._bytes.get(self._current_files, 0) + end - start
            self._bytes[self._current_files] = arrived
            if arrived > self._max_file_mb * 1_000_000:
                raise _FileTooLargeError(f"{file.filename} is larger than max_file_mb, {self._max_file_mb} MB.")
            file_upload_statuses.append(self._upload_id, file.filename, data[start:end])
        super().on_part_data(data, start, end)


def make_upload(page: gr.Blocks, *, max_file_mb: int) -> Route:
    """Return the route that receives files, instead of Gradio's.

    Gradio's route keeps broken uploads, and reads fields that are not files into memory.
    """

    async def upload(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return PlainTextResponse("Files come as multipart/form-data.", 400)
        upload_id = request.query_params.get("upload_id", "")
        try:
            form = await _Parser(request, max_file_mb=max_file_mb, upload_id=upload_id).parse()
        except MultiPartException as exc:
            return PlainTextResponse(exc.message, 413 if isinstance(exc, _FileTooLargeError) else 400)
        finally:
            file_upload_statuses.set_done(upload_id)
            asyncio.get_running_loop().call_later(_PROGRESS_S, file_upload_statuses.stop_tracking, upload_id)
        try:
            files = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
            paths = await asyncio.to_thread(_keep, files, Path(request.app.uploaded_file_dir))
        except OSError as exc:
            return PlainTextResponse(f"The files could not be kept: {exc.strerror}.", 507)
        finally:
            await form.close()
        page.upload_file_set.update(paths)
        return JSONResponse(paths)

    return Route(UPLOAD, upload, methods=["POST"])


def _keep(files: list[UploadFile], folder: Path) -> list[str]:
    """Write all of the files into a folder, or none; return their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(dir=folder))
    paths = []
    try:
        for number, file in enumerate(files):
            name = avoid_reserved(strip_invalid_filename_characters(Path(file.filename or "").name) or "file")
            path = own / str(number) / name  # because two may have the same name
            path.parent.mkdir()
            with path.open("wb") as target:
                shutil.copyfileobj(file.file, target)
            paths.append(str(path))
    except OSError:
        shutil.rmtree(own, ignore_errors=True)
        raise
    return paths


def forbid_addresses(page: gr.Blocks) -> None:
    """Make the parts of a page accept files only, because Gradio would download an address."""
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _take_files_only(block.async_move_resource_to_block_cache)


def _take_files_only(take: Callable[[Any], Awaitable[str | None]]) -> Callable[[Any], Awaitable[str | None]]:
    async def take_file(given: Any) -> str | None:
        if is_http_url_like(str(given)):
            raise gr.Error("Upload a file: the page downloads nothing from an address.", print_exception=False)
        return await take(given)

    return take_file
