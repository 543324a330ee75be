"""Files that would hang, fill or break the reader: each is refused or read within the limits, the others are read."""

import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import DocumentError, Settings, build_index
from rag.documents.find import find_files
from rag.documents.read import check_size, check_unpacked
from rag.documents.worker import DocumentReader
from rag.index import read_entries
from tests.fakes import HashingEmbedder


@pytest.fixture
def reader(settings: Settings) -> Iterator[DocumentReader]:
    limits = settings.model_copy(update={"read_timeout_s": 2, "read_memory_mb": 512})
    with DocumentReader(limits) as opened:
        yield opened


def test_a_document_comes_whole_out_of_the_other_process(reader: DocumentReader, docs: Path) -> None:
    document = reader.read(docs / "visit.txt")
    assert [section.voice for section in document.sections] == ["article", "comment", "comment"]
    assert (document.outlet, document.date) == ("Test Times", "2012-10-04")


def test_python_files_of_the_current_folder_are_not_run(settings: Settings, docs: Path) -> None:
    for name in ("json", "typing", "rag"):
        Path(f"{name}.py").write_text(f"open('{name}-was-run', 'w')", encoding="utf-8")
    with DocumentReader(settings) as reader:
        assert reader.read(docs / "bridge.md").title == "A new bridge"
    assert not [*Path().glob("*-was-run")]


def write_million_rows(path: Path) -> None:
    path.write_text("name,price\n" + "a,1\n" * 8_000_000)


def write_million_pages(path: Path) -> None:
    """Write one page that is a million pages: three levels of the page tree name the next one a hundred times."""
    words = b"BT /F 12 Tf 72 700 Td (The rent is due on the third day of each month.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1000000/Kids[" + b"3 0 R " * 100 + b"]>>",
        b"<</Type/Pages/Parent 2 0 R/Count 10000/Kids[" + b"4 0 R " * 100 + b"]>>",
        b"<</Type/Pages/Parent 3 0 R/Count 100/Kids[" + b"5 0 R " * 100 + b"]>>",
        b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 600 800]/Contents 6 0 R/Resources<</Font<</F 7 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(words), words),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    numbered = [b"%d 0 obj\n%b\nendobj\n" % (number, body) for number, body in enumerate(objects, start=1)]
    path.write_bytes(b"%PDF-1.4\n" + b"".join(numbered) + b"trailer <</Root 1 0 R>>\n%%EOF")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "write"), [("slow.csv", write_million_rows), ("pages.pdf", write_million_pages)])
def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(
    name: str, write: Callable[[Path], object], reader: DocumentReader, docs: Path, tmp_path: Path
) -> None:
    slow = tmp_path / name
    write(slow)
    started = time.perf_counter()
    with pytest.raises(DocumentError, match=rf"{name}: it takes longer than 2 s; see the setting read_timeout_s"):
        reader.read(slow)
    assert time.perf_counter() - started < 10
    assert reader.read(docs / "bridge.md").title == "A new bridge"


@pytest.mark.slow
def test_a_file_that_takes_too_much_memory_is_given_up_and_the_next_is_read(
    settings: Settings, docs: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.json"
    large.write_text("[" + ",".join(["[]"] * 9_000_000) + "]")
    with DocumentReader(settings.model_copy(update={"read_memory_mb": 512})) as reader:
        with pytest.raises(DocumentError, match=r"large.json: it needs more than 512 MB of memory"):
            reader.read(large)
        assert reader.read(docs / "bridge.md").title == "A new bridge"


def test_a_large_file_and_a_zip_bomb_are_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(DocumentError, match="it has 1,000 MB, and at most 100 are read"):
        check_size(tmp_path / "large.txt", max_mb=100)
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(30_000_000))
    assert (tmp_path / "bomb.docx").stat().st_size < 100_000
    with pytest.raises(DocumentError, match="it has 30 MB, and at most 20 are read"):
        check_unpacked(tmp_path / "bomb.docx", max_mb=1)


def test_hidden_files_loops_and_pipes_are_passed_over_in_a_folder(docs: Path) -> None:
    (docs / "loop").symlink_to(docs)
    (docs / "gone.txt").symlink_to(docs / "nothing.txt")
    (docs / ".hidden").mkdir()
    (docs / ".hidden" / "secret.txt").write_text("A secret.")
    (docs / "questions.jsonl").write_text("{}")
    os.mkfifo(docs / "pipe.txt")
    assert [path.name for path in find_files([docs]).files] == ["bridge.md", "visit.txt"]
    with pytest.raises(DocumentError, match="it is no file"):
        find_files([docs / "pipe.txt"])


def write_encrypted_pdf(path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), encrypt="secret")
    canvas.drawString(72, 700, "Nobody may read this.")
    canvas.save()


def write_broken_pdf(path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    canvas.drawString(72, 700, "The table of this file is broken.")
    canvas.save()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"startxref", b"startxxxx")[: len(content) - 40])


def write_entities(path: Path) -> None:
    from docx import Document

    Document().save(str(path))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    secret = path.with_name("secret")
    secret.write_text("TOP SECRET")
    members["word/document.xml"] = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY secret SYSTEM "file://{secret}"><!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        + '<!ENTITY lol "&i;">]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>Before &secret; &lol; after.</w:t></w:r></w:p></w:body></w:document>"
    ).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "deep.html": lambda path: path.write_text("<div>" * 100_000 + "deep" + "</div>" * 100_000),
    "deep.json": lambda path: path.write_text("[" * 100_000 + "]" * 100_000),
    "encrypted.pdf": write_encrypted_pdf,
    "broken.pdf": write_broken_pdf,
    "noise.pdf": lambda path: path.write_bytes(b"%PDF-1.7\n" + os.urandom(100_000)),
    "noise.docx": lambda path: path.write_bytes(os.urandom(100_000)),
    "torn.xlsx": lambda path: path.write_bytes(b"PK\x03\x04" + bytes(1000)),
    "entities.docx": write_entities,
    "two\nlines.txt": lambda path: path.write_text("The name of this file has two lines."),
    "half.eml": lambda path: path.write_bytes(b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/"),
    "long.csv": lambda path: path.write_text('a,b\n"' + "x" * 3_000_000),
    "wrong.epub": lambda path: zipfile.ZipFile(path, "w").writestr("mimetype", "application/epub+zip"),
    "nul.txt": lambda path: path.write_bytes(b"abc\0def"),
}


@pytest.mark.slow
def test_hostile_files_are_refused_or_read_and_the_rest_is_indexed(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    for name, write in HOSTILE.items():
        write(docs / name)
    Path(os.fsdecode(os.fsencode(docs) + b"/latin\xe9.txt")).write_text("The name of this file is no UTF-8.")
    (docs / "z.txt").write_text("The last file of all is about a zebra.")
    started = time.perf_counter()
    report = build_index([docs], settings=settings, embedder=embedder)
    assert time.perf_counter() - started < 60
    assert all(reason.startswith("cannot read ") for reason in report.skipped)
    assert not any("Error:" in reason for reason in report.skipped), "each reason is one of ours"
    read = {source.rpartition("/")[2] for e in read_entries(settings.index_dir / "test") for source in e.sources}
    assert {"z.txt", "two\nlines.txt", "latin\\xe9.txt", "visit.txt"} <= read
    assert read.isdisjoint({"encrypted.pdf", "noise.docx", "torn.xlsx", "nul.txt", "wrong.epub", "deep.json"})
    texts = json.dumps([e.title for e in read_entries(settings.index_dir / "test")])
    assert "SECRET" not in texts
    again = build_index([docs], settings=settings, embedder=embedder)
    assert (again.indexed, again.unchanged) == (0, report.indexed + report.unchanged)


READING = """
import sys
from pathlib import Path
from rag import RagError, Settings
from rag.documents.worker import DocumentReader
with DocumentReader(Settings.load()) as reader:
    for path in sys.argv[1:]:
        try:
            print(len(reader.read(Path(path)).text))
        except RagError as exc:
            print(exc)
"""


@pytest.mark.slow
def test_a_lower_limit_of_the_shell_holds_and_is_named(docs: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_text("[" + ",".join(["[]"] * 9_000_000) + "]")
    limit = 600_000_000
    run = subprocess.run(
        [sys.executable, "-c", READING, str(docs / "bridge.md"), str(large)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    characters, reason = run.stdout.splitlines()
    assert characters.isdecimal()
    assert reason.endswith("it needs more than 600 MB of memory (the limit of ulimit -v), or broke its reader")
