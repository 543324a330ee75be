"""A folder of real files in every format, written by those formats' own writers: each sentence is found where it is."""

import csv
import json
import re
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import docx
import openpyxl
import pptx
import pytest
from reportlab.pdfgen.canvas import Canvas

from rag import Index, Settings, build_index
from rag.documents.read import SUFFIXES
from rag.index import read_entries
from tests.fakes import HashingEmbedder
from tests.libreoffice import convert, needs_office


def write_html(path: Path) -> None:
    filler = (
        "<p>The council met on Monday and talked about the budget of the town for the next two years at length.</p>"
    )
    path.write_text(
        "<html><head><title>Lighthouse sold</title><meta property='og:site_name' content='Coast News'></head><body>"
        "<nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav><article><h1>Lighthouse sold</h1>"
        f"{filler * 3}<h2>The buyer</h2><p>The old lighthouse was bought by a family of beekeepers.</p>{filler}"
        "</article><div id='comments'><h3>1 comment</h3><ol class='comment-list'><li class='comment'>"
        "<div class='comment-author'><cite class='fn'>Pia</cite></div><time datetime='2025-03-01'>March 1</time>"
        "<div class='comment-content'><p>Surely the beekeepers want the lamp.</p></div></li></ol></div></body></html>",
        encoding="utf-8",
    )


def write_pdf(path: Path) -> None:
    canvas = Canvas(str(path))
    for page, sentence in enumerate(["The first page is about glass.", "The second page tells of a copper mine."], 1):
        canvas.drawString(72, 700, sentence)
        canvas.drawString(72, 40, f"Report {page}")
        canvas.showPage()
    canvas.save()


def write_docx(path: Path) -> None:
    document = docx.Document()
    document.add_heading("Travel rules", 1)
    document.add_paragraph("These rules hold for everyone.")
    document.add_heading("Trains", 2)
    document.add_paragraph("Night trains are paid for in full.")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip([c for row in table.rows for c in row.cells], ["City", "Limit", "Oslo", "190"], strict=True):
        cell.text = text
    document.save(str(path))


def write_pptx(path: Path) -> None:
    slides = pptx.Presentation()
    for title, text in (("Start", "Welcome to all."), ("Results", "Sales of kites doubled in spring.")):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    slides.save(str(path))


def write_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Stock"
    for row in (["Article", "Shelf", "Pieces"], ["Compass", "B7", 14], ["Anchor", "C1", 3]):
        book.active.append(row)
    book.save(path)


def write_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["tree", "height in m"], ["larch", "31"], ["yew", "12"]])


def write_jsonl(path: Path) -> None:
    turns = [{"author": "Mona", "date": "2025-02-03", "text": "The boiler was repaired on Friday."}]
    path.write_text("".join(json.dumps(turn) + "\n" for turn in turns))


def write_epub(path: Path) -> None:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>Whale watching</dc:title></metadata><manifest>"
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine>'
        "</package>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("b.opf", package)
        archive.writestr(
            "a.xhtml",
            '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Winter</h1>'
            "<p>The whales pass the cape in January.</p></body></html>",
        )


def write_eml(path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["Date"] = (
        "Keys",
        "Ida Holm <i@example.org>",
        "Mon, 3 Feb 2025 10:00:00 +0000",
    )
    message.set_content("The spare keys are under the blue pot.")
    path.write_bytes(message.as_bytes())


def write(text: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    def write_text(path: Path) -> None:
        path.write_text(text, encoding=encoding)

    return write_text


class File(NamedTuple):
    """How a file is written, a sentence in it, and where that stands."""

    write: Callable[[Path], None]
    sentence: str
    title: str
    heading: str | None = None
    page: int | None = None


BEAR = "Der Bär schläft im Gebüsch hinter der Mühle."
FILES = {
    "page.html": File(
        write_html, "The old lighthouse was bought by a family of beekeepers.", "Lighthouse sold", "The buyer"
    ),
    "mine.pdf": File(write_pdf, "The second page tells of a copper mine.", "mine", page=2),
    "rules.docx": File(write_docx, "Night trains are paid for in full.", "rules", "Travel rules › Trains"),
    "sales.pptx": File(write_pptx, "Sales of kites doubled in spring.", "sales", "Results", 2),
    "stock.xlsx": File(write_xlsx, "Article: Compass; Shelf: B7; Pieces: 14", "stock", "Stock"),
    "trees.csv": File(write_csv, "tree: larch; height in m: 31", "trees"),
    "chat.jsonl": File(write_jsonl, "The boiler was repaired on Friday.", "chat"),
    "whales.epub": File(write_epub, "The whales pass the cape in January.", "Whale watching", "Winter"),
    "keys.eml": File(write_eml, "The spare keys are under the blue pot.", "Keys"),
    "latin.txt": File(write(BEAR, "cp1252"), BEAR, "latin"),
    "notes.md": File(
        write("# Garden\n\n## Roses\n\nCut the roses in March.\n"), "Cut the roses in March.", "Garden", "Roses"
    ),
    "pump.py": File(write("def start_pump(pressure):\n    return pressure > 3\n"), "def start_pump(pressure):", "pump"),
    "data.json": File(write('{"ferry": {"captain": "Olga Brandt"}}'), "ferry.captain: Olga Brandt", "data"),
}


def check_found(index: Index, name: str, file: File) -> None:
    chunk = index.search(file.sentence, k=1)[0].chunk
    assert Path(chunk.source).name == name
    assert file.sentence in chunk.text
    assert index.store.get_text(chunk.document_id)[chunk.start : chunk.end] == chunk.text
    assert (chunk.title, chunk.heading, chunk.page, chunk.voice) == (file.title, file.heading, file.page, "article")


def test_a_sentence_of_every_format_is_found_where_it_is(
    tmp_path: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, file in FILES.items():
        file.write(folder / name)
    report = build_index([folder], settings=settings, embedder=embedder)
    assert (report.indexed, report.skipped) == (len(FILES), [])
    with Index(settings.index_dir / "test", embedder) as index:
        for name, file in FILES.items():
            check_found(index, name, file)
        (comment,) = [hit.chunk for hit in index.search("beekeepers", k=50) if hit.chunk.voice == "comment"]
    assert (comment.author, comment.date, comment.text) == ("Pia", "2025-03-01", "Surely the beekeepers want the lamp.")


def test_every_format_that_the_readme_names_is_read() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in readme.splitlines() if "`.docx`" in line]
    named = set(re.findall(r"`(\.\w+)`", line))
    assert named <= SUFFIXES
    assert {Path(name).suffix for name in FILES} - {".py"} <= named


@pytest.mark.model
@needs_office
def test_files_that_libreoffice_wrote_are_read(tmp_path: Path, settings: Settings, embedder: HashingEmbedder) -> None:
    folder, made = tmp_path / "written", tmp_path / "made"
    for path in (folder, made):
        path.mkdir()
    for name, targets in (
        ("rules.docx", ["pdf", "docx", "html"]),
        ("sales.pptx", ["pdf", "pptx"]),
        ("stock.xlsx", ["xlsx", "csv"]),
    ):
        FILES[name].write(folder / name)
        for target in targets:
            convert(folder / name, target, made / target)
    report = build_index([made], settings=settings, embedder=embedder)
    assert report.skipped == []
    entries = {
        Path(source).relative_to(made).as_posix()
        for e in read_entries(settings.index_dir / "test")
        for source in e.sources
    }
    assert len(entries) == 7
    with Index(settings.index_dir / "test", embedder) as index:
        for name in ("rules.docx", "sales.pptx", "stock.xlsx"):
            sentence = FILES[name].sentence
            found = [h.chunk for h in index.search(sentence, k=50) if sentence in " ".join(h.chunk.text.split())]
            assert len({chunk.source for chunk in found}) >= 2, name
        pages = {h.chunk.page for h in index.search(FILES["sales.pptx"].sentence, k=50) if "kites" in h.chunk.text}
        assert pages == {2}
