"""The files of an index and of the page: who may read them, and what no damage, link or other process can do."""

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rag import Assistant, Index, ModelError, RagError, Settings, StoreError, build_index
from rag.cli import main
from rag.doctor import check_store
from rag.files import remove_leftovers, write_file
from rag.index import open_store, read_entries
from rag.index.build import remove_sources
from rag.index.embedder import Vectors
from rag.index.folder import DATABASE_FILE
from tests.fakes import HashingEmbedder, local, wait_until

NOBODY = 65534
QUESTION = "What did the new bridge cost?"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Do without the rights of root, which reads and writes everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail, and do not hang, if something takes longer than this."""

    def fail(_signal: int, _frame: object) -> None:
        raise AssertionError(f"this took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def get_mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def find(folder: Path, question: str = QUESTION) -> list[str]:
    with Index(folder, HashingEmbedder()) as index:
        return [hit.chunk.text for hit in index.search(question, k=9)]


# ---- Opening to read writes nothing.


def leave_empty(file: Path) -> None:
    file.touch()


def leave_half_made(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize("leave", [leave_empty, leave_half_made])
def test_a_store_whose_making_was_stopped_is_read_as_empty_and_can_be_made(
    leave: Callable[[Path], None], docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    folder = settings.index_dir / "test"
    folder.mkdir(parents=True)
    leave(folder / DATABASE_FILE)
    before = (folder / DATABASE_FILE).read_bytes()
    assert read_entries(folder) == []
    assert CliRunner().invoke(main, ["list", "--name", "test"]).exit_code == 0
    with Index(folder, embedder) as index, pytest.raises(StoreError, match="index test has no documents: run `rag"):
        index.search(QUESTION, k=1)
    with closing(open_store(folder)) as store:
        assert not check_store(store).ok
    assert (folder / DATABASE_FILE).read_bytes() == before
    assert build_index([docs], settings=settings, embedder=embedder).indexed == 2
    with Index(folder, embedder) as index:
        assert index.store.embedder == ("hashing", 256)


def test_an_index_opened_before_it_was_made_answers_once_it_is(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    folder = settings.index_dir / "test"
    folder.mkdir(parents=True)
    (folder / DATABASE_FILE).touch()
    with Index(folder, embedder) as index:
        build_index([docs], settings=settings, embedder=embedder)
        assert "nine million" in index.search(QUESTION, k=1)[0].chunk.text


def test_a_reader_cannot_write(index: Index) -> None:
    with pytest.raises(StoreError, match="readonly"):
        local(index).remove_source("any")


def kill_writer(folder: Path) -> None:
    """Leave the files of a writer that was killed: the last document stands in the log alone."""
    copy = folder.with_name("copy")
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as db:
        db.execute("UPDATE chunks SET heading = 'killed'")
        db.commit()
        shutil.copytree(folder, copy)
    shutil.rmtree(folder)
    copy.rename(folder)


def leave_clean(folder: Path) -> None:
    pass


def leave_log(folder: Path) -> None:
    kill_writer(folder)
    (folder / f"{DATABASE_FILE}-shm").unlink()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def take_permission(folder: Path) -> Iterator[None]:
    """Make the files of an index belong to somebody who may not write to them."""
    paths = [*folder.iterdir(), folder]
    for path in paths:
        path.chmod(0o555)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    with unprivileged():
        yield
    folder.chmod(0o755)


@contextmanager
def mount_read_only(folder: Path) -> Iterator[None]:
    """Make the disk of an index read-only."""
    commands = [["mount", "--bind", str(folder), str(folder)], ["mount", "-o", "remount,ro,bind", str(folder)]]
    if any(subprocess.run(command, capture_output=True, check=False).returncode for command in commands):
        pytest.skip("only root can mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


@pytest.mark.parametrize("prevent", [take_permission, mount_read_only])
@pytest.mark.parametrize("leave", [leave_clean, kill_writer, leave_log])
def test_a_read_only_index_is_listed_searched_and_examined(
    leave: Callable[[Path], None],
    prevent: Callable[[Path], AbstractContextManager[None]],
    open_folder: Path,
    docs: Path,
    embedder: HashingEmbedder,
) -> None:
    settings = Settings.load(index_dir=open_folder, name="test", chunk_tokens=32)
    folder = open_folder / "test"
    build_index([docs], settings=settings, embedder=embedder)
    expected = find(folder)
    leave(folder)
    with prevent(folder):
        files = sorted(folder.iterdir())
        assert len(read_entries(folder)) == 2
        assert find(folder) == expected
        with Index(folder, embedder) as index:
            answer = Assistant(index, None, settings).ask(QUESTION)
            assert "nine million" in answer.answer
            headings = {hit.chunk.heading for hit in index.search(QUESTION, k=9)}
            assert (headings == {"killed"}) == (leave is not leave_clean)
            assert check_store(index.store).ok
        with pytest.raises(StoreError, match=r"cannot write to|cannot use"):
            remove_sources(folder, [str(docs / "bridge.md")])
        assert sorted(folder.iterdir()) == files


def test_a_read_only_index_that_its_owner_writes_to_is_read_anew(
    open_folder: Path, docs: Path, embedder: HashingEmbedder
) -> None:
    settings = Settings.load(index_dir=open_folder, name="test", chunk_tokens=32)
    folder = open_folder / "test"
    build_index([docs], settings=settings, embedder=embedder)
    with take_permission(folder):
        index = Index(folder, embedder)
        assert "nine million" in index.search(QUESTION, k=1)[0].chunk.text
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    (folder / DATABASE_FILE).chmod(0o600)
    build_index([docs], settings=settings, embedder=embedder)
    with take_permission(folder), index:
        assert "ten million" in index.search(QUESTION, k=1)[0].chunk.text


# ---- Another index in the place of one that is open.


@pytest.mark.parametrize("replace", ["deleted", "moved"])
def test_an_open_index_that_is_deleted_and_made_anew_answers_from_the_new_one(
    replace: str, index: Index, docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    assert "nine million" in index.search(QUESTION, k=1)[0].chunk.text
    folder = local(index).folder
    if replace == "deleted":
        shutil.rmtree(folder)
    else:
        folder.rename(folder.with_name("old"))
    with pytest.raises(StoreError, match="no index at"):
        index.search(QUESTION, k=1)
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    build_index([docs], settings=settings, embedder=embedder)
    texts = [hit.chunk.text for hit in index.search(QUESTION, k=9)]
    assert "ten million" in texts[0]
    assert not any("nine" in text for text in texts)


def test_an_index_can_be_replaced_while_many_search_in_it(
    index: Index, docs: Path, settings: Settings, embedder: HashingEmbedder, tmp_path: Path
) -> None:
    folder, versions = local(index).folder, []
    for n in range(4):
        (docs / "bridge.md").write_text(f"# A new bridge\n\nThe bridge cost {n} million euros.\n")
        there = settings.model_copy(update={"name": f"version{n}"})
        build_index([docs], settings=there, embedder=embedder)
        versions.append(settings.index_dir / there.name)
    seen: set[str] = set()
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            try:
                seen.add(index.search(QUESTION, k=1)[0].chunk.text)
            except StoreError as exc:  # in between there is none
                if "no index at" not in str(exc):
                    failures.append(exc)
            except Exception as exc:
                failures.append(exc)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in versions:
        folder.rename(tmp_path / f"before {version.name}")
        version.rename(folder)
        wait_until(lambda: any(f"cost {version.name[-1]} million" in text for text in seen))  # noqa: B023
    done.set()
    for thread in threads:
        thread.join(20)
    assert failures == []


# ---- Who may read.


def list_modes(folder: Path) -> set[int]:
    return {get_mode(path) for path in folder.rglob("*") if path.is_file()}


def test_an_index_is_its_owners_alone_whatever_the_umask(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    folder = settings.index_dir / "test"
    with umask(0):
        build_index([docs], settings=settings, embedder=embedder)
        with Index(folder, embedder) as index:  # with the files that SQLite has while it is open
            index.search(QUESTION, k=1)
            assert list_modes(folder) == {0o600}
    assert get_mode(folder) == get_mode(settings.index_dir) == 0o700


def test_an_index_of_an_earlier_version_is_closed_to_others_when_it_is_written(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    build_index([docs], settings=settings, embedder=embedder)
    folder = settings.index_dir / "test"
    for path in (*folder.iterdir(), folder):
        path.chmod(0o755 if path.is_dir() else 0o644)
    read_entries(folder)
    assert get_mode(folder) == 0o755
    build_index([docs], settings=settings, embedder=embedder)
    assert (get_mode(folder), list_modes(folder)) == (0o700, {0o600})


def test_an_index_that_is_shared_with_a_group_stays_shared_with_it_alone(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    folder = settings.index_dir / "test"
    folder.mkdir(parents=True)
    folder.chmod(0o750)
    for _ in range(2):
        build_index([docs], settings=settings, embedder=embedder)
        assert get_mode(folder) == 0o750
        assert list_modes(folder) == {0o640}


# ---- Damage.


DAMAGES = {
    "letters": "UPDATE chunks SET text = CAST(x'61fe6c6c6f' AS TEXT) WHERE text LIKE '%nine million%'",
    "text": "UPDATE chunks SET text = CAST(text AS BLOB) WHERE text LIKE '%nine million%'",
    "number": "UPDATE chunks SET start = 'nine million'",
    "size of a vector": "UPDATE chunks SET embedding = substr(embedding, 3)",
    "number of a vector": "UPDATE chunks SET embedding = CAST(x'007e' || substr(embedding, 3) AS BLOB)",
    "version": "DELETE FROM meta",
    "table": "DROP TABLE sources",
}


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_said_in_one_line_without_the_words_of_a_document(statement: str, index: Index) -> None:
    folder = local(index).folder
    index.store.close()
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as db:
        db.execute(statement)
        db.commit()
    (folder / "vectors.faiss").unlink()
    with pytest.raises(StoreError) as raised, Index(folder, HashingEmbedder()) as opened:
        opened.search(QUESTION, k=9)
    message = str(raised.value)
    assert f"the file is damaged; delete {folder / DATABASE_FILE} and index again" in message
    assert "million" not in message
    assert "\n" not in message


def flip(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes of a file with a bit, a few bytes or a whole page changed, or without their end."""
    damaged = bytearray(data)
    place = chance.randrange(len(data))
    page = place // 4096 * 4096
    kinds: Sequence[Callable[[], None]] = (
        lambda: damaged.__setitem__(place, damaged[place] ^ 1 << chance.randrange(8)),
        lambda: damaged.__setitem__(slice(place, place + 8), chance.randbytes(8)),
        lambda: damaged.__setitem__(slice(page, page + 4096), bytes(4096)),
        lambda: damaged.__delitem__(slice(place, None)),
    )
    chance.choice(kinds)()
    return bytes(damaged)


@pytest.mark.slow
@pytest.mark.parametrize("name", [DATABASE_FILE, "vectors.faiss"])
def test_whatever_page_is_damaged_each_command_works_or_says_so(
    name: str, docs: Path, tmp_path: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    for n in range(12):
        lines = [f"Secretword {n} of paragraph {i} tells of the harbour and ünï." for i in range(8)]
        (docs / f"{n}.md").write_text(f"# Note {n}\n\n" + "\n\n".join(lines))
    build_index([docs], settings=settings, embedder=embedder)
    whole, folder = settings.index_dir / "whole", settings.index_dir / "test"
    folder.rename(whole)
    data, chance, messages = (whole / name).read_bytes(), random.Random(7), []  # noqa: S311
    for number in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        (folder / name).write_bytes(flip(data, chance))
        (docs / "0.md").write_text(f"Secretword is now {number}.")

        def ask() -> None:
            with Index(folder, embedder) as index:
                Assistant(index, None, settings).ask("What of the harbour?")

        commands: Sequence[Callable[[], object]] = (
            lambda: read_entries(folder),
            ask,
            lambda: build_index([docs], settings=settings, embedder=embedder),
        )
        for command in commands:
            try:
                command()
            except RagError as exc:
                messages.append(str(exc))
    assert not any("ecretword" in message or "\n" in message for message in messages)
    assert bool(messages) == (name == DATABASE_FILE)  # FAISS's file is made again


# ---- Vectors with invalid numbers.


class Broken(HashingEmbedder):
    def embed_query(self, text: str) -> Vectors:
        return super().embed_query(text) * np.float32("nan")


def test_vectors_that_are_no_numbers_are_never_stored_nor_searched_for(
    index: Index, docs: Path, settings: Settings
) -> None:
    (docs / "new.txt").write_text("A zebra escaped.")
    with pytest.raises(StoreError, match=r"returned invalid numbers for .*new\.txt, which is not stored"):
        build_index([docs], settings=settings, embedder=Broken())
    assert len(read_entries(local(index).folder)) == 2
    index.embedder = Broken()
    with pytest.raises(ModelError, match="the embedder returned invalid numbers for the question"):
        index.search(QUESTION, k=1)


# ---- What is no file, and what a killed writer leaves.


def make_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "outside")


def make_dangling_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "nothing")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, make_link, make_dangling_link])
@pytest.mark.parametrize(
    "name",
    ["vectors.faiss", DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-journal", "writer.lock", "writer.pid"],
)
def test_what_is_no_file_neither_hangs_nor_leads_out(
    name: str, make: Callable[[Path], None], docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    build_index([docs], settings=settings, embedder=embedder)
    folder, outside = settings.index_dir / "test", settings.index_dir / "outside"
    outside.write_text("It is another's.")
    outside.chmod(0o644)
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    is_derived = name in ("vectors.faiss", "writer.pid")
    with within(20):
        for command in (lambda: find(folder), lambda: build_index([docs], settings=settings, embedder=embedder)):
            try:
                command()
            except StoreError as exc:
                assert not is_derived
                assert f"{name} is not a plain file: move it away" in str(exc)
                assert "\n" not in str(exc)
            else:
                assert is_derived or name == "writer.lock"
    assert (outside.read_text(), get_mode(outside)) == ("It is another's.", 0o644)
    assert not (settings.index_dir / "nothing").exists()
    if is_derived:
        assert "ten million" in find(folder)[0]


def test_what_a_killed_writer_left_is_removed_and_what_one_is_writing_is_not(
    docs: Path, settings: Settings, embedder: HashingEmbedder, tmp_path: Path
) -> None:
    build_index([docs], settings=settings, embedder=embedder)
    folder = settings.index_dir / "test"
    for name in ("vectors.4242.tmp", ".vectors.abcdefgh.tmp", ".writer.12345678.tmp"):
        (folder / name).write_bytes(b"half")
    os.mkfifo(folder / ".vectors.pipe.tmp")
    with within(20):
        build_index([docs], settings=settings, embedder=embedder)
    assert list(folder.glob("*.tmp")) == []
    written = tmp_path / "text"

    def write(aside: Path) -> None:
        remove_leftovers(tmp_path)
        aside.write_text("whole")

    write_file(written, write)
    assert (written.read_text(), get_mode(written)) == ("whole", 0o600)
    with pytest.raises(ZeroDivisionError):
        write_file(written, lambda _: 1 // 0)
    assert [path.name for path in tmp_path.glob(".*.tmp")] == []


def test_a_full_first_disk_spoils_nothing(docs: Path, small_disk: Path, embedder: HashingEmbedder) -> None:
    settings = Settings.load(index_dir=small_disk / "index", name="test", chunk_tokens=32)
    with pytest.raises(OSError, match="No space"), (small_disk / "rest").open("wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))
    with pytest.raises(StoreError):
        build_index([docs], settings=settings, embedder=embedder)
    listing = ["list", "--name", "test", "--index-dir", str(settings.index_dir)]
    full = CliRunner().invoke(main, listing)
    (small_disk / "rest").unlink()
    free = CliRunner().invoke(main, listing)
    for result in (full, free):
        assert isinstance(result.exception, SystemExit | None)
        assert result.stderr.count("\n") == 1
    assert build_index([docs], settings=settings, embedder=embedder).indexed == 2
