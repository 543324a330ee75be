"""One bad file, or one that changes while it is read, costs no other file anything."""

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag import Index, ModelError, RagError, Settings, build_index
from rag.cli import main
from rag.documents.worker import DocumentReader
from rag.index import read_entries
from rag.index.embedder import Vectors
from rag.text import split_sentences
from tests.fakes import HashingEmbedder
from tests.mutants import index_mutants, make_originals


def list_indexed(settings: Settings) -> set[str]:
    return {Path(source).name for entry in read_entries(settings.location) for source in entry.sources}


HALVES = {
    "title": {"title": "bad \ud800 title", "text": "The lamp of the title."},
    "author": {"author": "bad \udfff", "text": "The lamp of the author."},
    "date": {"date": "bad \ud800", "text": "The lamp of the date."},
    "key": {"k\ud800": "The lamp of the key."},
    "heading": {"text": "The lamp.", "parts\ud800": [{"title": "\ud83d", "text": "The lamp of the heading."}]},
    "comments": {"text": "The lamp.", "comments": [{"author": "x\ud800", "text": "@y\ud800: The lamp \ud801."}]},
    "text": {"text": "\ud800 The lamp of the text."},
}


def test_half_a_surrogate_pair_is_stored_as_a_question_mark_at_the_same_offsets(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    for name, record in HALVES.items():
        (docs / f"{name}.json").write_text(json.dumps(record))
        (docs / f"{name}.jsonl").write_text(json.dumps(record) + "\n{}\n")
    report = build_index([docs], settings=settings, embedder=embedder)
    assert report.skipped == []
    assert {f"{name}.json" for name in HALVES} <= list_indexed(settings)
    with Index(settings.location, embedder) as index:
        for hit in index.search("lamp", k=30):
            text = index.store.get_text(hit.chunk.document_id)
            assert text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


def pack(name: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


DAMAGED = {
    "name": pack("é.xml").replace("é".encode(), b"\xff\xfe"),
    "version": pack("a.xml").replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff"),
    "extra": pack("a.xml")[:-22] + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 9, 9, 9999, 2**31, 0),
    "cut": pack("a.xml" * 99)[:-30],
}


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx", ".epub", ".odt"])
def test_a_damaged_directory_of_an_archive_costs_no_other_file(
    docs: Path, settings: Settings, embedder: HashingEmbedder, suffix: str
) -> None:
    for name, content in DAMAGED.items():
        (docs / f"a-{name}{suffix}").write_bytes(content)
    report = build_index([docs], settings=settings, embedder=embedder)
    assert (report.indexed, len(report.skipped)) == (2, len(DAMAGED))
    assert all(any(f"a-{name}{suffix}:" in reason for reason in report.skipped) for name in DAMAGED)


@pytest.mark.slow
def test_the_directory_of_an_archive_is_not_read_in_this_process(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    entries = 300_000
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + b"%07d" % n for n in range(entries))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    (docs / "many.docx").write_bytes(directory + end)
    before = read_memory_mb()
    report = build_index([docs], settings=settings, embedder=embedder)
    assert read_memory_mb() - before < 60
    assert (report.indexed, len(report.skipped)) == (2, 1)


def read_memory_mb() -> float:
    """Return the most memory that this process has had."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000


def test_a_file_that_goes_while_others_are_read_is_named_and_the_others_are_indexed(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    for name in "abcd":
        (docs / f"{name}.txt").write_text(f"The letter {name}.")

    def change(file: Path, _: str | None) -> None:
        if file.name == "a.txt":
            (docs / "b.txt").unlink()
            (docs / "c.txt").unlink()
            os.mkfifo(docs / "c.txt")
            (docs / "new").write_text("Saved anew.")
            (docs / "new").rename(docs / "d.txt")

    report = build_index([docs], settings=settings, embedder=embedder, on_file=change)
    assert [reason.rpartition("/")[2].partition(":")[0] for reason in report.skipped] == ["b.txt", "c.txt"]
    assert {"a.txt", "d.txt", "visit.txt"} <= list_indexed(settings)


def test_all_files_that_cannot_be_read_are_named(tmp_path: Path, settings: Settings, embedder: HashingEmbedder) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_bytes(b"")
    with pytest.raises(RagError, match=r"nothing was indexed: .*a\.txt: it is empty; .*b\.txt: it is empty"):
        build_index([tmp_path], settings=settings, embedder=embedder)


class PanicError(BaseException):
    """What a library in Rust raises when it panics."""


class Panicking(HashingEmbedder):
    """Panics at one word."""

    def count_tokens(self, text: str) -> int:
        if "zebra" in text:
            raise PanicError("end byte index 4 is not a char boundary")
        return super().count_tokens(text)


def test_a_panic_over_one_file_costs_no_other(docs: Path, settings: Settings) -> None:
    (docs / "a.txt").write_text("The zebra escaped.")
    report = build_index([docs], settings=settings, embedder=Panicking())
    assert (report.indexed, len(report.skipped)) == (2, 1)
    assert "a.txt: it is damaged, or its reader has a fault (PanicError: end byte" in report.skipped[0]


@pytest.mark.parametrize("space", ["\xa0", "\u2028", "\u3000", "\x85"])
def test_a_wide_space_behind_an_initial_ends_no_run(space: str) -> None:
    text = f"He came from the U.S{space}.M and from J.{space}M. Smith."
    assert split_sentences(text)


def test_a_failing_embedder_ends_the_run_and_what_was_stored_stays(docs: Path, settings: Settings) -> None:
    class Failing(HashingEmbedder):
        def embed_documents(self, texts: list[str]) -> Vectors:
            if self.embedded:
                raise RuntimeError("cannot allocate\n2 GB")
            return super().embed_documents(texts)

    for n in range(40):
        (docs / f"{n:02}.txt").write_text("\n\n".join(f"Line {i} of {n} is about the harbour wall." for i in range(60)))
    with pytest.raises(ModelError, match=r"the embedder hashing failed: cannot allocate 2 GB; run `rag doctor`"):
        build_index([docs], settings=settings, embedder=Failing())
    assert 0 < len(read_entries(settings.location)) < 42


def test_what_was_read_is_stored_when_the_run_ends_in_an_error(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    def fail(file: Path, _: str | None) -> None:
        if file.name == "visit.txt":
            raise ValueError("the page is gone")

    with pytest.raises(ValueError, match="the page is gone"):
        build_index([docs], settings=settings, embedder=embedder, on_file=fail)
    assert list_indexed(settings) == {"bridge.md", "visit.txt"}


def test_a_reader_that_cannot_start_is_one_error(
    docs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with (
        DocumentReader(settings) as reader,
        pytest.raises(RagError, match=r"cannot start the process that reads files in 2,048 MB"),
    ):
        reader.read(docs / "visit.txt")


ESCAPES = "\x1b[31mred\x9b2J\u202etxt"


def test_no_escape_in_a_name_reaches_the_terminal(
    docs: Path, settings: Settings, embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / f"{ESCAPES}.txt").write_text("The zebra escaped.")
    (docs / f"bad {ESCAPES}.txt").write_bytes(b"")
    monkeypatch.setattr("rag.index.build.open_embedder", lambda _: embedder)
    commands = (
        ["index", str(docs), "--name", "test"],
        ["index", str(docs / f"bad {ESCAPES}.txt"), "--name", "other"],
        ["index", f"missing {ESCAPES}", "--name", "test"],
        ["list", "--name", "test"],
        ["list", "--json", "--name", "test"],
        ["remove", f"missing {ESCAPES}", "--name", "test"],
    )
    results = [CliRunner().invoke(main, command) for command in commands]
    assert [result.exit_code for result in results] == [1, 1, 1, 0, 0, 1]
    for result in results:
        assert all(character.isprintable() for character in result.output.replace("\n", ""))
    listed = json.loads(results[4].stdout)
    assert any(ESCAPES in source for entry in listed for source in entry["sources"])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", sorted(make_originals()))
def test_hundred_mutants_of_a_format_are_indexed_or_named(tmp_path: Path, settings: Settings, suffix: str) -> None:
    outcome = index_mutants(tmp_path / "mutants", settings, suffix, make_originals()[suffix], count=100, seed=7)
    assert outcome.skipped
