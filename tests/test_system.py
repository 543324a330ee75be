"""macOS and Windows, simulated: what they lack is taken away, and everything else works as before."""

import ctypes
import io
import mmap
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pathspec import GitIgnoreSpec
from starlette.datastructures import UploadFile

from rag import DocumentError, Settings, SettingsError
from rag.documents import find
from rag.documents.worker import DocumentReader
from rag.files import make_folder, remove_leftovers, write_file
from rag.index.store import name_source
from rag.index.vectors import FaissVectors
from rag.llm import llama
from rag.llm.prompt_cache import PromptCache
from rag.llm.trial import try_loading
from rag.process import describe_crash
from rag.system import (
    avoid_reserved,
    count_cores,
    get_file_limit,
    get_memory_limit,
    get_peak_memory,
    is_reserved,
    list_gaps,
    parse_source,
    write_utf8,
)
from rag.web import server, uploads
from tests.fakes import HashingEmbedder

ROOT = Path(__file__).parents[1]

# These scripts become a `sitecustomize.py`, which Python runs before all else.
# Windows has no limits of processes, no locks of files, and fewer flags.
WINDOWS = """
import mmap, os, sys
sys.modules["fcntl"] = sys.modules["resource"] = None
del os.sched_getaffinity, os.O_NOFOLLOW, os.getuid, mmap.MAP_PRIVATE, mmap.MAP_ANONYMOUS, mmap.MADV_HUGEPAGE
import rag.system
rag.system.IS_WINDOWS = True
"""
# macOS refuses the limit of memory, or does not keep it, and counts the memory in bytes.
MACOS = """
import os, resource
from types import SimpleNamespace
limit = resource.setrlimit
def set_limit(kind, limits):
    if kind == resource.RLIMIT_AS:
        raise ValueError("current limit exceeds maximum limit")
    limit(kind, limits)
def get_usage(who):  # Linux counts the peak of the parent process too
    with open("/proc/self/statm") as file:
        return SimpleNamespace(ru_maxrss=int(file.read().split()[1]) * resource.getpagesize())
resource.getrusage = get_usage
resource.setrlimit = set_limit
del os.sched_getaffinity
import rag.system
rag.system.IS_MACOS = True
"""


@pytest.fixture
def simulate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that has all processes started from here run a script first."""

    def start(script: str) -> None:
        folder = tmp_path / "simulated"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(script, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))
        monkeypatch.syspath_prepend(str(folder))  # the process that reads files is given this one's paths

    return start


EVERYTHING = """
from contextlib import closing
from rag import Assistant, Index, Settings, build_index
from rag.doctor import check_store, check_sources, check_vectors
from rag.index.build import remove_sources
from rag.llm.prompt_cache import PromptCache
from tests.fakes import HashingEmbedder

settings, embedder = Settings.load(name="test", index_dir="index"), HashingEmbedder()
for expected in (2, 0):
    report = build_index(["docs"], settings=settings, embedder=embedder)
    assert (report.indexed, report.skipped) == (expected, []), report
with Index(settings.location, embedder) as index:
    answer = Assistant(index, None, settings).ask("What did the bridge cost?")
    assert all(finding.ok for finding in [
        check_store(index.store), check_sources(index, settings), check_vectors(index.store)
    ])
assert remove_sources(settings.location, ["docs/visit.txt"]) == 1
print(answer.answer)
"""


@pytest.mark.slow
@pytest.mark.parametrize("system", [WINDOWS, MACOS], ids=["Windows", "macOS"])
def test_documents_are_indexed_asked_and_removed(system: str, simulate: Callable[[str], None], docs: Path) -> None:
    simulate(system)
    result = subprocess.run([sys.executable, "-c", EVERYTHING], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "nine million euros" in result.stdout


@pytest.mark.slow
def test_macos_ends_a_reader_that_needs_too_much_memory(
    simulate: Callable[[str], None], settings: Settings, docs: Path, tmp_path: Path
) -> None:
    simulate(MACOS)
    large = tmp_path / "large.json"
    large.write_text("[" + ",".join(["[]"] * 9_000_000) + "]")
    with DocumentReader(settings.model_copy(update={"read_memory_mb": 512})) as reader:
        with pytest.raises(DocumentError, match=r"large.json: it needs more than 512 MB of memory"):
            reader.read(large)
        assert reader.read(docs / "bridge.md").title == "A new bridge"


def test_windows_names_no_limit_of_memory(
    simulate: Callable[[str], None], settings: Settings, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(WINDOWS)
    monkeypatch.setattr("rag.system.resource", None)
    with DocumentReader(settings) as reader:
        assert reader.read(docs / "bridge.md").title == "A new bridge"
        assert reader._process
        reader._process.kill()
        reader._process.wait()
        with pytest.raises(DocumentError, match=r"bridge.md: it broke its reader$"):
            reader.read(docs / "bridge.md")
        assert reader.read(docs / "bridge.md").title == "A new bridge"


def test_a_system_without_limits_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_gaps() == []
    assert get_peak_memory() > 2**20
    monkeypatch.setattr("rag.system.IS_MACOS", True)
    assert list_gaps() == ["a file that is read may exceed the setting read_memory_mb for a moment"]
    monkeypatch.setattr("rag.system.IS_MACOS", False)
    monkeypatch.setattr("rag.system.IS_WINDOWS", True)
    monkeypatch.setattr("rag.system.resource", None)
    assert [gap.split(":")[0] for gap in list_gaps()] == [
        "reading a file is limited in time, not in memory",
        "an index can be read by everyone who can read the folder above it",
    ]
    assert (get_memory_limit(), get_file_limit(), get_peak_memory()) == (None, None, 0)
    assert server._count_most_connections() == 512


def test_unlimited_files_are_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert get_file_limit() is None
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert server._count_most_connections() == 128


def test_doctor_lists_what_the_system_lacks(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    from rag.doctor import examine

    own = settings.model_copy(update={"home": tmp_path})
    assert "system" not in [finding.subject for finding in examine(own)]
    monkeypatch.setattr("rag.system.IS_WINDOWS", True)
    (system,) = [finding for finding in examine(own) if finding.subject == "system"]
    assert system.ok
    assert "the folder above it" in system.text


def test_the_cores_are_counted_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert count_cores() == os.cpu_count()


def find_open_files() -> set[str]:
    return {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}  # noqa: PTH208


def test_windows_moves_no_file_that_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def move(self: Path, target: Path) -> Path:
        if str(self) in find_open_files():
            raise PermissionError(13, "The process cannot access the file")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", move)
    monkeypatch.setattr("rag.files.fcntl", None)
    with pytest.raises(PermissionError):
        write_file(tmp_path / "a.txt", "one")
    monkeypatch.setattr("rag.files.IS_WINDOWS", True)
    for text in ("one", "two"):
        write_file(tmp_path / "a.txt", text)
        assert (tmp_path / "a.txt").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_windows_leaves_a_file_that_another_process_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def delete(self: Path, missing_ok: bool = False) -> None:
        if self.name == ".open.tmp":
            raise PermissionError(13, "The process cannot access the file")
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", delete)
    monkeypatch.setattr("rag.files.fcntl", None)
    for name in (".open.tmp", ".left.tmp"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".open.tmp"]


def test_a_folder_on_a_drive_that_is_not_there_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    with pytest.raises(OSError, match="/"):
        make_folder(Path("/index/test"))


def refuse_path(place: Any) -> Any:
    assert not isinstance(place, str)
    return place


def test_faiss_need_not_name_the_file_that_it_reads_and_writes(
    tmp_path: Path, embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import faiss
    import numpy as np

    path = tmp_path / "Jörg" / "vectors.faiss"
    path.parent.mkdir()
    rows = embedder.embed_documents(["one", "two"])
    store = FaissVectors.train(rows, size=2)
    store.add(np.array([5, 7]), rows)
    write = faiss.write_index
    monkeypatch.setattr(faiss, "write_index", lambda index, place, flags=0: write(index, refuse_path(place), flags))
    read = faiss.read_index
    monkeypatch.setattr(faiss, "read_index", lambda place, flags=0: read(refuse_path(place), flags))
    store.save(path)
    saved = FaissVectors.load(path)
    assert saved is not None
    assert saved.search(rows[1], 1) == [7]
    path.write_bytes(path.read_bytes()[:100])
    assert FaissVectors.load(path) is None


def test_prompts_are_kept_without_large_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mmap, "MADV_HUGEPAGE")  # macOS
    PromptCache(tmp_path, model="m").put([1, 2], b"state", on_disk=True)
    monkeypatch.delattr(mmap, "MAP_PRIVATE")  # Windows
    assert bytes(PromptCache(tmp_path, model="m").get([1, 2]) or b"") == b"state"


def test_strlen_comes_from_the_library_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert llama._find_strlen()(b"!") == 1
    libraries = {"msvcrt": SimpleNamespace(strlen=len)}
    monkeypatch.setattr(ctypes, "CDLL", libraries.__getitem__)
    monkeypatch.setattr(llama, "IS_WINDOWS", True)
    assert llama._find_strlen() is len


def test_a_crash_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [describe_crash(status) for status in (0, 1, -11, 0xC0000005)] == [None, None, "SIGSEGV", "0xC0000005"]
    crashed = subprocess.CompletedProcess([], 0xC0000005, "", "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: crashed)
    with pytest.raises(RuntimeError, match=r"llama.cpp crashes \(0xC0000005\); run"):
        try:
            try_loading(Path("a.gguf"), context=512, gpu_layers=0, key="a", cache=tmp_path)
        except Exception as exc:
            raise RuntimeError(str(exc)) from exc


def test_windows_writes_utf_8_to_files_and_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252")
    write_utf8(stream)
    assert stream.encoding == "cp1252"
    monkeypatch.setattr("rag.system.IS_WINDOWS", True)
    write_utf8(stream)
    stream.write("日本語")
    stream.flush()
    assert written.getvalue().decode() == "日本語"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("con.txt", "_con.txt"),
        ("NUL", "_NUL"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("contract.txt", "contract.txt"),
        ("notes. ", "_notes"),
        ("a.txt", "a.txt"),
    ],
)
def test_windows_has_no_files_of_some_names(name: str, safe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert avoid_reserved(name) == name
    monkeypatch.setattr("rag.system.IS_WINDOWS", True)
    assert avoid_reserved(name) == safe
    assert not is_reserved(safe)


def test_windows_keeps_an_upload_by_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [UploadFile(io.BytesIO(b"text"), filename=name) for name in ("aux.txt", "a:b.txt")]
    monkeypatch.setattr("rag.system.IS_WINDOWS", True)
    assert [Path(path).name for path in uploads._keep(files, tmp_path)] == ["_aux.txt", "ab.txt"]


def test_windows_has_no_index_of_some_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load(name="con").name == "con"
    monkeypatch.setattr("rag.system.IS_WINDOWS", True)
    with pytest.raises(SettingsError, match="setting name cannot be 'con': Windows has no folder of this name"):
        Settings.load(name="con")


def test_a_source_is_named_as_on_the_system_that_stored_it() -> None:
    assert name_source(r"C:\Users\ann\rent-2024.txt") == "rent 2024"
    assert name_source(r"\\server\share\my_notes.md") == "my notes"
    assert name_source("/home/ann/rent-2024.txt") == "rent 2024"
    assert parse_source("/home/ann/a\\b.txt").name == "a\\b.txt"


class Entry:
    """An entry of a folder with the marks of another system."""

    def __init__(self, name: str, **marks: int) -> None:
        self.name, self.path = name, f"C:\\docs\\{name}"
        self._status = SimpleNamespace(**marks)

    def stat(self, *, follow_symlinks: bool) -> Any:
        assert not follow_symlinks
        return self._status

    def is_symlink(self) -> bool:
        return False


def test_hidden_files_are_hidden_by_a_mark_too(monkeypatch: pytest.MonkeyPatch) -> None:
    entries: list[Any] = [
        Entry(".a.txt"),
        Entry("desktop.ini", st_file_attributes=stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_SYSTEM),
        Entry("Library", st_flags=stat.UF_HIDDEN),
        Entry("a.txt", st_file_attributes=stat.FILE_ATTRIBUTE_ARCHIVE, st_flags=0),
    ]
    assert [find._is_hidden(entry) for entry in entries] == [True, False, False, False]
    monkeypatch.setattr(find, "IS_WINDOWS", True)
    assert [find._is_hidden(entry) for entry in entries] == [True, True, True, False]


def test_a_junction_is_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    junction: Any = Entry("Application Data", st_reparse_tag=0xA0000003)
    cloud: Any = Entry("in the cloud.docx", st_reparse_tag=0x9000001A)
    assert not find._is_link(junction)
    monkeypatch.setattr(find, "IS_WINDOWS", True)
    assert [find._is_link(entry) for entry in (junction, cloud)] == [True, False]


def test_the_rules_of_an_ignore_file_hold_for_backslashes(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = find._Rules("C:\\docs", ".gitignore", GitIgnoreSpec.from_lines(["/drafts/*.txt", "!keep.txt"]))
    monkeypatch.setattr(os, "sep", "\\")
    assert rules.judge("C:\\docs\\drafts\\a.txt") is True
    assert rules.judge("C:\\docs\\drafts\\keep.txt") is False
    assert rules.judge("C:\\docs\\other\\drafts\\a.txt") is None
