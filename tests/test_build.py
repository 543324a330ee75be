"""Bringing an index up to date: what it costs, and what no kill, full disk or second process can do to it."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rag import DocumentError, Filter, Index, Settings, StoreError, build_index
from rag.index import read_entries
from rag.index.build import remove_sources
from rag.index.local import lock_folder
from rag.index.store import Entry
from rag.text import split_sentences
from tests.fakes import HashingEmbedder, local

# A fork is ready in milliseconds, and nothing here has started a thread of its own before.
processes = multiprocessing.get_context("fork")
State = list[tuple[object, ...]]


@pytest.fixture
def build(settings: Settings, embedder: HashingEmbedder) -> Callable[..., object]:
    def run(*paths: Path) -> object:
        return build_index(paths, settings=settings, embedder=embedder)

    return run


def read_state(folder: Path, embedder: HashingEmbedder) -> State:
    """Return what is in an index, whatever the ids: every chunk, with its document, and what searches find."""
    state: State = []
    with Index(folder, embedder) as index:
        for entry in index.store.list_entries():
            text = index.store.get_text(entry.document_id)
            state.append((entry.sources, entry.title, text, entry.chunks))
        ids = index.store.get_ids().tolist()
        state += sorted((c.source, c.start, c.end, c.text, c.voice, c.heading) for c in index.store.get_chunks(ids))
        # Of what is equally near, the ids and so the history decide what comes in last: those are left out.
        for number in (*range(30), *range(100, 2000, 100)):
            hits = [h for h in index.search(f"number {number}", k=10) if f"number {number} " in h.chunk.text]
            state.append((number, sorted((round(h.score, 4), h.chunk.source, h.chunk.text) for h in hits)))
    return state


def find_entry(folder: Path, name: str) -> Entry:
    (entry,) = [e for e in read_entries(folder) if any(Path(source).name == name for source in e.sources)]
    return entry


def test_unchanged_files_cost_no_list_of_the_documents(
    docs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = HashingEmbedder()
    build_index([docs], settings=settings, embedder=embedder)
    monkeypatch.setattr("rag.index.sqlite.SqliteStore.list_entries", None)
    assert build_index([docs], settings=settings, embedder=embedder).unchanged == 2


def test_a_renamed_file_is_not_embedded_again(
    docs: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    build(docs)
    done = len(embedder.embedded)
    (docs / "bridge.md").rename(docs / "crossing.md")
    build(docs)
    assert len(embedder.embedded) == done
    assert {Path(s).name for e in read_entries(settings.index_dir / "test") for s in e.sources} == {
        "crossing.md",
        "visit.txt",
    }


def test_of_a_changed_file_only_what_is_new_is_embedded(
    docs: Path, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    log = docs / "log.txt"
    log.write_text("\n\n".join(f"Entry {n} of the long log says that all is well in the year {n}." for n in range(50)))
    build(docs)
    done = len(embedder.embedded)
    log.write_text(
        log.read_text() + "\n\nA zebra escaped from the zoo, and nobody in the whole town knows where it is."
    )
    build(docs)
    assert 1 <= len(embedder.embedded) - done <= 2


def test_files_that_say_the_same_are_stored_once_with_all_their_sources(
    docs: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    text = (docs / "visit.txt").read_text()
    (docs / "copy.txt").write_text(text)
    (docs / "wrapped.txt").write_text(text.replace(" visit ", "\nvisit ").replace("'", "’"))
    report = build(docs)
    folder = settings.index_dir / "test"
    assert report.duplicates == 2  # type: ignore[attr-defined]
    entry = find_entry(folder, "copy.txt")
    assert [Path(s).name for s in entry.sources] == ["copy.txt", "visit.txt", "wrapped.txt"]
    with Index(folder, embedder) as index:
        assert {h.chunk.source for h in index.search("minister", k=9, where=Filter(source="wrapped"))} == {
            str(docs / "copy.txt")
        }
    (docs / "copy.txt").unlink()
    build(docs)
    assert [Path(s).name for s in find_entry(folder, "visit.txt").sources] == ["visit.txt", "wrapped.txt"]
    (docs / "visit.txt").write_text("Something else.")
    build(docs)
    assert [Path(s).name for s in find_entry(folder, "wrapped.txt").sources] == ["wrapped.txt"]
    assert [Path(s).name for s in find_entry(folder, "visit.txt").sources] == ["visit.txt"]


@pytest.mark.parametrize(("one", "other"), [("5 euros", "6 euros"), ("5 €", "5 $"), ("is", "is not"), ("-5", "5")])
def test_files_that_differ_in_a_number_a_sign_or_a_word_are_two(
    tmp_path: Path, settings: Settings, build: Callable[..., object], one: str, other: str
) -> None:
    for name, words in (("a", one), ("b", other)):
        (tmp_path / f"{name}.txt").write_text(f"The ticket to the island {words} as of today.")
    build(tmp_path / "a.txt", tmp_path / "b.txt")
    assert len(read_entries(settings.index_dir / "test")) == 2


def test_a_file_that_changes_its_spaces_alone_is_quoted_as_it_is_now(
    docs: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    build(docs)
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge   cost\tnine million euros.\n")
    build(docs)
    with Index(settings.index_dir / "test", embedder) as index:
        assert index.search("bridge cost", k=1)[0].chunk.text == "The bridge   cost\tnine million euros."


def test_a_removed_file_answers_no_more_and_a_folder_goes_whole(
    docs: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    build(docs)
    folder = settings.index_dir / "test"
    with Index(folder, embedder) as index:
        local(index).refresh()
        assert remove_sources(folder, [str(docs / "bridge.md")]) == 1
        assert "bridge.md" not in {Path(hit.chunk.source).name for hit in index.search("bridge", k=9)}
    with pytest.raises(DocumentError, match="is not in the index: `rag list --name test`"):
        remove_sources(folder, [str(docs / "visit.txt"), "nothing.txt"])
    assert len(read_entries(folder)) == 1
    assert remove_sources(folder, [str(docs)]) == 1
    assert read_entries(folder) == []


def write_documents(folder: Path, version: int, *, count: int = 30) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(count):
        lines = [f"Paragraph {i} of number {n} tells of the harbour in the year {version}." for i in range(8)]
        (folder / f"{n}.txt").write_text("\n\n".join(lines))


def kill_while(run: Callable[[], object], seconds: float) -> None:
    process = processes.Process(target=run)
    process.start()
    process.join(seconds)
    if process.pid and process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()


def check_whole(folder: Path, embedder: HashingEmbedder, versions: range) -> None:
    """Assert that an index opens, and each document in it is one of the versions, whole."""
    with Index(folder, embedder) as index:
        for entry in index.store.list_entries():
            text = index.store.get_text(entry.document_id)
            assert [text.count(f"year {version}.") for version in versions if f"year {version}." in text] == [8]
        ids = index.store.get_ids().tolist()
        found = index.search("the harbour", k=len(ids) or 1) if ids else ()
        assert sorted(hit.chunk.id for hit in found) == ids


@pytest.mark.slow
def test_kills_cost_no_index_its_last_state(
    tmp_path: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    docs, folder, chance = tmp_path / "many", settings.index_dir / "test", random.Random(0)  # noqa: S311
    write_documents(docs, 0)
    started = time.perf_counter()
    build(docs)
    whole = time.perf_counter() - started
    shutil.rmtree(folder)
    for kill in range(int(os.environ.get("KILLS", "50"))):
        version = kill // 5  # each version is indexed five times, the first one into nothing
        write_documents(docs, version)
        kill_while(lambda: build(docs), chance.uniform(0, whole))
        if (folder / "catalog.sqlite").is_file():
            try:
                check_whole(folder, embedder, range(version + 1))
            except StoreError as exc:
                assert "has no documents" in str(exc)
    build(docs)
    state = read_state(folder, embedder)
    shutil.rmtree(folder)
    build(docs)
    assert state == read_state(folder, embedder)


@pytest.mark.slow
def test_a_full_disk_costs_nothing_that_was_done(
    tmp_path: Path, small_disk: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    docs = tmp_path / "many"
    write_documents(docs, 0, count=400)
    full = settings.model_copy(update={"index_dir": small_disk})
    with pytest.raises(StoreError, match="is full: free some space and run the command again"):
        build_index([docs], settings=full, embedder=embedder)
    done = len(read_entries(small_disk / "test"))
    assert 0 < done < 400
    check_whole(small_disk / "test", embedder, range(1))
    (small_disk / "rest").write_bytes(b"")
    with pytest.raises(OSError, match="No space"), (small_disk / "rest").open("wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))
    check_whole(small_disk / "test", embedder, range(1))
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)  # noqa: S607
    build_index([docs], settings=full, embedder=embedder)
    build_index([docs], settings=settings, embedder=embedder)
    assert read_state(small_disk / "test", embedder) == read_state(settings.index_dir / "test", embedder)


@pytest.mark.slow
def test_a_thousand_changes_in_any_order_end_as_an_index_from_nothing(
    tmp_path: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    docs, chance = tmp_path / "many", random.Random(1)  # noqa: S311
    docs.mkdir()
    names = [f"{n}.md" for n in range(1000)]
    for step in range(6):
        for name in chance.sample(names, 600):
            if (docs / name).exists() and chance.random() < 0.4:
                (docs / name).unlink()
            else:
                words = f"# Note {chance.randrange(40)}\n\nThe harbour had number {chance.randrange(2000)} in {step}."
                (docs / name).write_text(words)
        build(docs)
    folder = settings.index_dir / "test"
    state = read_state(folder, embedder)
    shutil.rmtree(folder)
    build(docs)
    assert state == read_state(folder, embedder)


@pytest.mark.slow
def test_who_asks_while_another_process_indexes_never_sees_half_a_document(
    tmp_path: Path, settings: Settings, embedder: HashingEmbedder, build: Callable[..., object]
) -> None:
    docs, folder = tmp_path / "many", settings.index_dir / "test"
    write_documents(docs, 0, count=3)
    build(docs)

    def rewrite() -> None:
        for version in range(1, 9):
            write_documents(docs, version, count=3)
            build(docs)

    writer = processes.Process(target=rewrite)
    writer.start()
    seen = set()
    with Index(folder, embedder) as index:
        while writer.is_alive():
            by_source: dict[str, list[str]] = {}
            for hit in index.search("the harbour", k=99):
                by_source.setdefault(hit.chunk.source, []).append(hit.chunk.text)
            assert len(by_source) == 3
            for texts in by_source.values():
                sentences = [text[a:b] for text in texts for a, b in split_sentences(text)]
                years = {sentence.rsplit(" ", 1)[1] for sentence in sentences}
                assert (len(sentences), len(years)) == (8, 1)
                seen |= years
    writer.join()
    assert writer.exitcode == 0
    assert len(seen) > 1


def test_a_second_writer_waits_and_says_for_whom(
    docs: Path, settings: Settings, build: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    build(docs)
    folder = settings.index_dir / "test"
    with lock_folder(folder):
        second = threading.Thread(target=build, args=(docs,))
        second.start()
        while not caplog.messages:
            time.sleep(0.01)
        assert second.is_alive()
    second.join()
    assert f"process {os.getpid()} is writing to the index test" in caplog.messages[0]


def test_an_interrupt_keeps_what_was_done(docs: Path, settings: Settings, embedder: HashingEmbedder) -> None:
    class Interrupted(HashingEmbedder):
        def embed_documents(self, texts: list[str]):  # type: ignore[no-untyped-def]
            if self.embedded:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    for n in range(40):
        (docs / f"{n:02}.txt").write_text("\n\n".join(f"Line {i} of {n} is about the harbour wall." for i in range(60)))
    with pytest.raises(KeyboardInterrupt):
        build_index([docs], settings=settings, embedder=Interrupted())
    done = read_entries(settings.index_dir / "test")
    assert 0 < len(done) < 42
    build_index([docs], settings=settings, embedder=embedder)
    assert len(read_entries(settings.index_dir / "test")) == 42
