"""Reads files in a process of its own, which is stopped if a file takes too much time or memory.

That process runs this module too. It reads one path a line, and writes the document or the error, all in JSON. If the
line has quotes, it writes a picture of their page.
"""

import json
import os
import subprocess
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, cast

from rag.documents.ocr import OcrJob, run_job
from rag.documents.page_picture import PagePicture, Quote, draw_page
from rag.documents.read import check_unpacked, describe_failure, read_document
from rag.errors import DocumentError, PassedOverError, RagError
from rag.process import make_command, make_environment
from rag.system import can_limit_memory, forbid_core_dumps, get_memory_limit, limit_memory
from rag.types import Document, OcrMode, Section

if TYPE_CHECKING:  # the process that reads files does not need these
    from rag.settings import Settings

_MEGABYTE = 1_000_000
_READY = "ready\n"


class DocumentReader:
    """Reads documents within the settings' limits; as a context manager it ends the process.

    `on_page` gets the number of each page before it is read by OCR, and the number of pages. `notes` are the remarks
    about the files so far.
    """

    def __init__(self, settings: "Settings", *, on_page: Callable[[int, int], None] | None = None) -> None:
        self.notes: list[str] = []
        self._settings = settings
        self._on_page = on_page
        self._process: subprocess.Popen[str] | None = None
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: Path) -> Document:
        """Return the document in a file; raises DocumentError if it cannot be read within the limits.

        Raises RagError if no file can be read because the process cannot start.
        """
        reply = self._ask(path, {})
        self.notes += [f"{path}: {note}" for note in reply["notes"]]
        fields = reply["document"]
        sections = tuple(Section(**section) for section in fields["sections"])
        return Document(**{**fields, "sections": sections})

    def draw_page(self, path: Path, page: int, quotes: Sequence[Quote]) -> PagePicture:
        """Return a page of a file with quotes marked, as `page_picture.draw_page` does; raises as `read` does."""
        fields = self._ask(path, {"page": page, "quotes": list(quotes)})["picture"]
        return PagePicture(**{**fields, "png": b64decode(fields["png"])})

    def _ask(self, path: Path, wanted: dict[str, Any]) -> dict[str, Any]:
        """Return the reply of the process about a file."""
        process = self._process = self._process or self._start()
        request, in_time = json.dumps({"path": str(path), **wanted}) + "\n", True
        while in_time:
            answer, in_time = self._exchange(process, request)
            if not answer.endswith("\n"):
                break
            reply: dict[str, Any] = json.loads(answer)
            if "page" not in reply:
                _check(reply)
                return reply
            if self._on_page:
                self._on_page(reply["page"], reply["count"])
            request = ""
        self._stop()
        limit = f"it takes longer than {self._settings.read_timeout_s} s; see the setting read_timeout_s"
        if in_time:
            limit = "it broke its reader"
            if can_limit_memory():
                limit = f"it needs more than {self._describe_memory()}, or broke its reader"
        raise DocumentError(f"cannot read {path}: {limit}")

    def _exchange(self, process: "subprocess.Popen[str]", request: str) -> tuple[str, bool]:
        """Return the next line of the process, and whether it came in time; each page of OCR has the whole time."""
        assert process.stdin and process.stdout
        timer = threading.Timer(self._settings.read_timeout_s, process.kill)
        timer.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            return process.stdout.readline(), timer.is_alive()
        except OSError:  # the pipe is broken, which Windows calls an invalid argument
            return "", timer.is_alive()
        finally:
            timer.cancel()

    def _start(self) -> "subprocess.Popen[str]":
        limits = (str(self._settings.read_memory_mb), str(self._settings.max_file_mb), self._settings.ocr)
        # A process that is killed leaves files there. `tempfile` reads the last two names on Windows.
        self._folder = TemporaryDirectory(prefix="rag-")
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._folder.name)
        try:
            process = self._process = subprocess.Popen(
                make_command("rag.documents.worker", *limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="ascii",  # JSON escapes all other characters
                # Tesseract's threads take more time than they save.
                env={**make_environment(), **temporary, "OMP_THREAD_LIMIT": "1"},
                start_new_session=True,  # Ctrl-C reaches only the main process, which ends this one
            )
        except OSError as exc:
            raise RagError(f"cannot start the process that reads files: {exc.strerror}; free some memory") from exc
        assert process.stdout
        if process.stdout.readline() != _READY:
            self._stop()
            raise RagError(f"cannot start the process that reads files in {self._describe_memory()}: raise the limit")
        return process

    def _describe_memory(self) -> str:
        limit = _limit_memory(self._settings.read_memory_mb)
        is_own = limit == self._settings.read_memory_mb
        return f"{limit:,} MB of memory ({'the setting read_memory_mb' if is_own else 'the limit of ulimit -v'})"

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._folder:
            self._folder.cleanup()
            self._folder = None


def _check(answer: dict[str, Any]) -> None:
    """Raise the error that a reply names."""
    if "passed_over" in answer:
        raise PassedOverError(answer["error"], answer["passed_over"])
    if "error" in answer:
        raise DocumentError(answer["error"])


def _limit_memory(limit_mb: int) -> int:
    """Return how many megabytes a process may use: `limit_mb`, or the limit of the system if that is lower."""
    limit = get_memory_limit()
    return limit_mb if limit is None else min(limit_mb, limit // _MEGABYTE)


def _serve(limit_mb: int, max_file_mb: int, ocr: OcrMode) -> None:
    # A library's output must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    limit_memory(_limit_memory(limit_mb) * _MEGABYTE)
    forbid_core_dumps()

    def send(text: str) -> None:
        answers.write(text)
        answers.flush()

    def show_page(page: int, count: int) -> None:
        send(json.dumps({"page": page, "count": count}) + "\n")

    send(_READY)
    for line in sys.stdin:
        request = json.loads(line)
        path = Path(request["path"])
        try:
            job = OcrJob(ocr, show_page)
            with run_job(job):
                answer = _answer(request, path, max_file_mb)
            answer["notes"] = job.notes
        except PassedOverError as exc:
            answer = {"error": str(exc), "passed_over": exc.why}
        except DocumentError as exc:
            answer = {"error": str(exc)}
        except (MemoryError, ImportError):  # a library was not loaded for lack of memory
            return  # too little is left to go on
        except Exception as exc:  # any error of a library: only this file is skipped
            answer = {"error": describe_failure(path, exc)}
        send(json.dumps(answer) + "\n")


def _answer(request: dict[str, Any], path: Path, max_file_mb: int) -> dict[str, Any]:
    """Return the document in a file, or the picture of a page if the request has quotes."""
    if "quotes" in request:
        quotes = [Quote(*quote) for quote in request["quotes"]]
        picture = draw_page(path, request["page"], quotes)
        return {"picture": {**picture._asdict(), "png": b64encode(picture.png).decode("ascii")}}
    check_unpacked(path, max_mb=max_file_mb)
    return {"document": asdict(read_document(path))}


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), cast("OcrMode", sys.argv[3]))
