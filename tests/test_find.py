"""What a search of a folder finds, what it passes over, and what it says when it cannot look."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag import DocumentError, Settings, build_index
from rag.documents.find import find_files
from rag.index import read_entries
from tests.fakes import HashingEmbedder

ROOT = Path(__file__).parents[1]


def write(path: Path, text: str = "Some words.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def find_names(folder: Path) -> list[str]:
    return [path.name for path in find_files([folder]).files]


def list_indexed(settings: Settings) -> set[str]:
    return {Path(source).name for entry in read_entries(settings.location) for source in entry.sources}


def test_a_link_that_leads_out_of_the_folder_is_passed_over_and_counted(docs: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "home" / "diary.txt")
    (docs / "notes.txt").symlink_to(secret)
    (docs / "relative.txt").symlink_to("../home/diary.txt")
    (docs / "chain.txt").symlink_to("notes.txt")
    (docs / "folder").symlink_to(secret.parent)
    (docs / "inside.txt").symlink_to("bridge.md")
    (docs / "nowhere.txt").symlink_to("missing")
    search = find_files([docs])
    assert {path.name for path in search.files} == {"bridge.md", "visit.txt"}
    assert search.passed_over == {"as a link out of the folder": 4}


def test_a_link_that_the_user_names_is_followed(docs: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "other" / "diary.txt")
    (docs / "notes.txt").symlink_to(outside)
    (tmp_path / "shortcut").symlink_to(outside.parent)
    assert find_files([docs / "notes.txt"]).files == [outside.resolve()]
    assert find_files([tmp_path / "shortcut"]).files == [outside.resolve()]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("node_modules/left-pad/README.md", "as node_modules"),
        ("code/__pycache__/notes.txt", "as __pycache__"),
        ("env/lib/licence.txt", "as a virtual environment"),
        ("target/doc/page.html", "as a cache"),
        ("credentials.json", "as a file of keys or passwords"),
        ("deploy/Secrets.yaml", "as a file of keys or passwords"),
        ("client_secret_42.json", "as a file of keys or passwords"),
    ],
)
def test_what_is_no_document_is_passed_over_and_read_if_it_is_named(docs: Path, place: str, why: str) -> None:
    path = write(docs / place)
    (docs / "env").mkdir(exist_ok=True)
    write(docs / "env" / "pyvenv.cfg")
    (docs / "target").mkdir(exist_ok=True)
    write(docs / "target" / "CACHEDIR.TAG")
    search = find_files([docs])
    assert path.resolve() not in search.files
    assert search.passed_over[why] == 1
    assert find_files([path]).files == [path.resolve()]


@pytest.mark.parametrize("folder", ["Prices_files", "Prices-Dateien", "Prices_fichiers", "Prices.files"])
def test_the_scripts_and_styles_of_a_saved_page_are_passed_over(docs: Path, folder: str) -> None:
    write(docs / "Prices.html")
    write(docs / folder / "app.js")
    write(docs / "Other_files" / "kept.txt")
    search = find_files([docs])
    assert {"Prices.html", "kept.txt"} <= {path.name for path in search.files}
    assert "app.js" not in {path.name for path in search.files}
    assert search.passed_over == {"as files of a saved page": 1}


def test_a_link_to_a_key_in_the_folder_is_passed_over(docs: Path) -> None:
    write(docs / "keys" / "id_rsa")
    (docs / "notes.txt").symlink_to("keys/id_rsa")
    assert "id_rsa" not in find_names(docs)


def test_the_rules_of_gitignore_and_ragignore_hold_in_nested_folders(docs: Path) -> None:
    write(docs / ".gitignore", "*.log\n!keep.log\n/build/\ndrafts/**/old*\n# a comment ****\n\\#odd.txt\n")
    write(docs / ".ragignore", "private/\n!build/\n")
    write(docs / "sub" / ".gitignore", "!loud.log\nonly.txt\n")
    there = ["a.log", "keep.log", "build/made.txt", "sub/loud.log", "sub/only.txt", "drafts/x/y/old.txt", "#odd.txt"]
    for name in (*there, "only.txt", "private/p.txt", "sub/private/q.txt", "drafts/new.txt"):
        write(docs / name)
    search = find_files([docs])
    names = {str(path.relative_to(docs.resolve())) for path in search.files}
    assert names == {
        "bridge.md", "visit.txt", "keep.log", "build/made.txt", "sub/loud.log", "only.txt", "drafts/new.txt",
    }  # fmt: skip
    assert search.passed_over == {"by .gitignore": 4, "by .ragignore": 2}


def test_a_hostile_ignore_file_costs_no_time_and_a_huge_one_closes_its_folder(docs: Path) -> None:
    write(docs / ("a" * 200 + ".txt"))
    write(docs / ".gitignore", "*a*a*a*a*a*a*a*a*a*a*b\n!\n[z-a]\n\\\nbridge.md\n")
    write(docs / "sub" / ".gitignore", "x\n" * 2000)
    write(docs / "sub" / "kept.txt")
    started = time.perf_counter()
    search = find_files([docs])
    assert time.perf_counter() - started < 2
    assert {path.name for path in search.files} == {"a" * 200 + ".txt", "visit.txt"}
    assert list(search.problems) == [docs.resolve() / "sub"]
    assert "its .gitignore has more than 1,000 rules" in search.problems[docs.resolve() / "sub"]


def test_a_folder_of_many_levels_is_searched(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "top.txt")
    handle = os.open(tmp_path / "deep", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    try:
        assert find_names(tmp_path) == ["top.txt"]
    finally:  # Python itself does not come so deep
        subprocess.run(["rm", "-r", str(tmp_path / "deep")], check=True)  # noqa: S607


def test_what_an_ignore_rule_names_now_goes_out_of_the_index(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    build_index([docs], settings=settings, embedder=embedder)
    write(docs / ".ragignore", "visit.*\n")
    report = build_index([docs], settings=settings, embedder=embedder)
    assert (report.removed, report.skipped, dict(report.passed_over)) == (1, [], {"by .ragignore": 1})
    assert list_indexed(settings) == {"bridge.md"}


def test_a_folder_that_is_empty_now_keeps_its_documents_and_the_others_are_indexed(
    docs: Path, tmp_path: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    stick = tmp_path / "stick"
    write(stick / "notes.txt", "The zebra escaped.")
    build_index([docs, stick], settings=settings, embedder=embedder)
    (stick / "notes.txt").unlink()  # as if it were not mounted
    write(docs / "new.txt", "A new lamp.")
    report = build_index([docs, stick], settings=settings, embedder=embedder)
    assert (report.indexed, report.removed) == (1, 0)
    assert len(report.skipped) == 1
    assert f"no file in {stick} can be read" in report.skipped[0]
    assert f"`rag remove {stick}`" in report.skipped[0]
    assert "notes.txt" in list_indexed(settings)
    stick.rmdir()
    report = build_index([docs, stick], settings=settings, embedder=embedder)
    assert report.skipped == [f"no such file or folder: {stick}; check the spelling"]
    assert "notes.txt" in list_indexed(settings)
    with pytest.raises(DocumentError, match="no such file or folder"):
        build_index([stick], settings=settings, embedder=embedder)


INDEXING = """
import sys
from pathlib import Path
from rag import Settings, build_index
from tests.fakes import HashingEmbedder
settings = Settings.load(index_dir=sys.argv[1], name="test")
report = build_index([Path(sys.argv[2])], settings=settings, embedder=HashingEmbedder())
print(report.indexed, report.removed, *report.skipped, sep="\\n")
"""


def index_as_other(settings: Settings, folder: Path) -> list[str]:
    """Index a folder in a process that must keep to permissions, even if root runs it."""
    drop = "-dac_override,-dac_read_search"
    before = [] if os.geteuid() else ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"]
    command = [*before, sys.executable, "-c", INDEXING, str(settings.index_dir), str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("mode", [0o000, 0o400, 0o100])
def test_a_folder_that_may_not_be_read_keeps_its_documents_and_is_named(
    docs: Path, settings: Settings, mode: int
) -> None:
    closed = docs / "closed"
    write(closed / "notes.txt", "The zebra escaped.")
    given = Settings.load(index_dir=settings.index_dir, name="test")
    assert build_index([docs], settings=given, embedder=HashingEmbedder()).indexed == 3
    (docs / "bridge.md").unlink()
    closed.chmod(mode)
    try:
        indexed, removed, *skipped = index_as_other(settings, docs)
    finally:
        closed.chmod(0o700)
    assert (indexed, removed) == ("0", "1")
    assert len(skipped) == 1
    assert skipped[0].startswith(f"cannot read {closed}")
    assert skipped[0].endswith("Permission denied")
    assert list_indexed(settings) == {"notes.txt", "visit.txt"}


def test_files_of_other_formats_are_counted_by_their_format(docs: Path) -> None:
    for name in ("a.gif", "b.GIF", "c.xyz", "d.\x1b[2J"):
        (docs / name).write_bytes(b"\x00\x01")
    (docs / "program").write_bytes(b"\x7fELF\x00\x01")
    (docs / "empty").touch()
    write(docs / "README", "Wie man es benutzt: zuerst lesen. " + "ü" * 2000)
    search = find_files([docs])
    assert {path.name for path in search.files} == {"bridge.md", "visit.txt", "README"}
    assert search.passed_over == {
        "of the unreadable format .gif": 2,
        "of the unreadable format .xyz": 1,
        "of an unreadable format": 3,
    }
