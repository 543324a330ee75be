"""A watcher goes on whatever becomes of the files and folders that it watches."""

import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import Index, Settings, StoreError, build_index
from rag.cli import main
from rag.index import read_entries
from tests.fakes import HashingEmbedder, wait_until
from tests.test_build import check_whole, read_state, write_documents

pytestmark = pytest.mark.slow  # a watcher waits for what becomes of a file, in a process of its own
processes = multiprocessing.get_context("fork")


@pytest.fixture
def watch(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Start watchers, return their process ids, and end them after the test."""
    monkeypatch.setattr("rag.index.embedder.open_embedder", lambda _: HashingEmbedder())
    started = []
    with Index(settings.location, HashingEmbedder(), create=True):
        pass  # so that it can be read at once

    def run(*paths: Path) -> int:
        options = ["--name", "test", "--index-dir", str(settings.index_dir), "--chunk-tokens", "32"]
        process = processes.Process(target=main, args=(["watch", *map(str, paths), *options],))
        process.start()
        started.append(process)
        assert process.pid
        return process.pid

    yield run
    for process in started:
        assert process.exitcode in (None, -signal.SIGKILL), "the watcher ended by itself"
        process.kill()
        process.join()


def list_indexed(settings: Settings) -> set[str]:
    return {Path(source).name for entry in read_entries(settings.location) for source in entry.sources}


def expect(settings: Settings, *names: str) -> None:
    wait_until(lambda: list_indexed(settings) == set(names), timeout_s=30)


def save_by_rename(path: Path, text: str) -> None:
    """Save as editors do: write aside, put the old file out of the way, rename."""
    aside = path.with_name(f"{path.name}.tmp")
    aside.write_text(text, encoding="utf-8")
    path.unlink(missing_ok=True)
    aside.rename(path)


def test_a_folder_may_be_deleted_renamed_and_made_anew(
    watch: Callable[..., int], docs: Path, tmp_path: Path, settings: Settings
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "o.txt").write_text("The other one.")
    watch(docs, other)
    expect(settings, "bridge.md", "visit.txt", "o.txt")
    shutil.rmtree(docs)
    (other / "p.txt").write_text("Written while a folder is gone.")
    expect(settings, "bridge.md", "visit.txt", "o.txt", "p.txt")
    docs.mkdir()
    (docs / "new.txt").write_text("In the new folder.")
    expect(settings, "new.txt", "o.txt", "p.txt")
    docs.rename(tmp_path / "away")
    (tmp_path / "away").rename(docs)
    (docs / "late.txt").write_text("After it came back.")
    expect(settings, "late.txt", "new.txt", "o.txt", "p.txt")


def test_an_index_that_cannot_be_written_for_a_while_is_written_later(
    watch: Callable[..., int], docs: Path, settings: Settings
) -> None:
    watch(docs)
    expect(settings, "bridge.md", "visit.txt")
    wait_until(lambda: not Path(settings.location, "writer.pid").exists())
    aside = settings.index_dir.with_name("aside")
    settings.index_dir.rename(aside)
    settings.index_dir.write_text("a file in its place")
    (docs / "a.txt").write_text("A lamp.")
    time.sleep(1.5)
    settings.index_dir.unlink()
    aside.rename(settings.index_dir)
    expect(settings, "bridge.md", "visit.txt", "a.txt")


def test_saves_by_rename_cost_nothing(watch: Callable[..., int], docs: Path, settings: Settings) -> None:
    watch(docs)
    expect(settings, "bridge.md", "visit.txt")
    chance = random.Random(0)  # noqa: S311
    for number in range(int(os.environ.get("SAVES", "40"))):
        save_by_rename(docs / f"{chance.randrange(5)}.txt", f"Save {number} of the lamp.")
        time.sleep(chance.choice((0, 0.01, 0.1)))
    save_by_rename(docs / "last.txt", "The last save of all.")
    expect(settings, "bridge.md", "visit.txt", "0.txt", "1.txt", "2.txt", "3.txt", "4.txt", "last.txt")


def test_kills_of_a_watcher_cost_nothing(
    watch: Callable[..., int], tmp_path: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    docs, chance = tmp_path / "many", random.Random(0)  # noqa: S311
    kills = int(os.environ.get("KILLS", "10"))
    for kill in range(kills):
        write_documents(docs, kill)
        pid = watch(docs)
        time.sleep(chance.uniform(0.4, 1.6))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        try:
            check_whole(Path(settings.location), embedder, range(kill + 1))
        except StoreError as exc:
            assert "has no documents" in str(exc)
    build_index([docs], settings=settings, embedder=embedder)
    state = read_state(Path(settings.location), embedder)
    shutil.rmtree(settings.location)
    build_index([docs], settings=settings, embedder=embedder)
    assert state == read_state(Path(settings.location), embedder)
