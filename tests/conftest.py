"""What the tests share: a corpus, an index over it, settings that touch nothing outside the test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from rag import Index, Settings, build_index
from rag.documents.worker import DocumentReader
from rag.process import make_command
from tests.fakes import HashingEmbedder

# `make test` asks for the second one.
hypothesis.settings.register_profile("quick", max_examples=20)
hypothesis.settings.register_profile("thorough", max_examples=100)
hypothesis.settings.load_profile("quick")

# Texts that lie beside some checkouts and are no part of the repository.
SHARED = Path(__file__).parents[2] / "shared" / "data"
SEED = SHARED / "seed"
_MISSING = "NOT TESTED: {} is not there. It is no part of the repository, and a checkout is complete without it"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=_MISSING.format("../shared/data (the measured data sets)")
)
needs_seed = pytest.mark.skipif(not SEED.is_dir(), reason=_MISSING.format("../shared/data/seed (a news article)"))

ARTICLE = """Title: Minister arrives after summit is called off
Outlet: Test Times
Date: October 4th, 2012
Author: A. Writer

The minister arrived on Wednesday. The president cancelled his visit without giving a reason.

Some officials suspect that a rival power was behind the cancellation.

Comments (2)

Comments are moderated and may be edited.

Zara (5 October 2012): The pipeline contract was surely not ready.

I like good relations.
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Take the user's RAG_* settings and rag.toml away, but leave the fetched models to the tests that need them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in [v for v in os.environ if v.startswith("RAG_")]:
        if variable != "RAG_HOME" or "model" not in request.keywords:
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)


class SharedReader(DocumentReader):
    """A reader that goes on with the process of an earlier test: another one takes a third of a second to start."""

    _waiting: dict[object, list["subprocess.Popen[str]"]] = {}  # noqa: RUF012 - all readers share them

    @property
    def _kind(self) -> object:
        """The user, the modules and the limits that a process was started with."""
        limits = (str(self._settings.read_memory_mb), str(self._settings.max_file_mb), self._settings.ocr)
        user = os.geteuid() if sys.platform != "win32" else None
        return os.getpid(), user, *make_command("", *limits), *sys.path

    def _ask(self, path: Path, wanted: dict[str, Any]) -> dict[str, Any]:
        if not self._process and path.is_absolute():  # the process has the working directory of an earlier test
            with suppress(KeyError, IndexError):
                self._process = self._waiting[self._kind].pop()
        return super()._ask(path, wanted)

    def __exit__(self, *error: object) -> None:
        if self._process and not any(error):
            self._waiting.setdefault(self._kind, []).append(self._process)
            self._process = None
        super().__exit__(*error)

    @classmethod
    def end_all(cls) -> None:
        for processes in cls._waiting.values():
            for process in processes:
                process.kill()
                process.communicate()


@pytest.fixture(autouse=True, scope="session")
def _shared_readers() -> Iterator[None]:
    """Have `build_index` read with the processes of earlier tests; the tests of `DocumentReader` start their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.index.build.DocumentReader", SharedReader)
        yield
    SharedReader.end_all()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "visit.txt").write_text(ARTICLE, encoding="utf-8")
    (folder / "bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    return folder


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(index_dir=tmp_path / "index", name="test", chunk_tokens=32)


@pytest.fixture
def index(docs: Path, settings: Settings, embedder: HashingEmbedder) -> Index:
    build_index([docs], settings=settings, embedder=embedder)
    return Index(settings.index_dir / "test", embedder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S607
