"""Damages files of every format at random, to see that a damaged file costs no other one."""

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from rag import Settings, build_index
from rag.index import read_entries
from tests.fakes import HashingEmbedder

_FILES = Path(__file__).parent / "files"
GOOD = {
    "good.txt": "The good text file is about a harbour.",
    "good.md": "# Good\n\nThe good Markdown file is about a bridge.",
    "good.json": json.dumps({"title": "Good", "text": "The good record is about a zebra."}),
}
# What parsers stumble over, as bytes of text formats.
_TOKENS = (
    b"\\ud800", b"\xed\xa0\x80", b"\0", b"\xff\xfe", b"\xf0\x9f", b"\x1b[2J", b"\xe2\x80\xae", b"\n\n", b"]]>", b"<!--",
    b"</", b"<", b">", b"&#xd800;", b"&#0;", b'"', b"'", b"{", b"}", b"[" * 60, b"9" * 400, b"-1", b"1e999", b"NaN",
    b"=?utf-8?q?=ff?=", b"--x\n", b"Content-Type: multipart/mixed; boundary=x\n\n", b"\r", b"Comments (3)\n", b"@a: ",
    b"Date: 99999-99-99\n", b"> " * 50, b"#" * 90, b"J.\xc2\xa0", b"obj", b"endobj", b"stream\n", b"/Length 9999999999",
)  # fmt: skip
_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_VALUES: tuple[object, ...] = (
    "bad \ud800", "\udfff" * 9, "a\0b", "\x1b[2J", "\u202e", "", " ", None, True, 10**30, -1, 1e308, float("nan"), [],
    {}, [[[]]], ["\ud800", 1], {"name": "\ud800"}, [{"text": "\ud801", "author": "\ud800"}], {"a": {"b": [{}]}},
    "@a: " * 99, "x" * 5000, "4 October 2012", 1349308800, 10**12, "J.\xa0", "\u2028",
)  # fmt: skip
_VALID_JSON = 0.6


class Outcome(NamedTuple):
    """What became of a batch of mutants: how many were indexed, and why each of the others was skipped."""

    indexed: int
    skipped: list[str]


def make_originals() -> dict[str, list[bytes]]:
    """Return small valid files of each format, by suffix."""
    comments = "\n\nComments (2)\n\nZara (5 October 2012): It was not ready.\n\nOtto, 6 October 2012: @Zara: It was."
    text = f"Title: A visit\nOutlet: Times\nDate: 4 October 2012\nBy A. Writer\n\nHe came. Mr. J. Smith left.{comments}"
    markdown = (
        "# A bridge\n\nIt cost *nine* million.\n\n## Terms\n\n- one\n- two\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n"
    )
    page = (
        "<html><head><title>A page</title><meta charset=utf-8></head><body><main><h1>A page</h1><p>Words of it.</p>"
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><div class=comment>"
        "<span class=author>Zara</span><time datetime=2012-10-05>5 October 2012</time><p>I say so.</p></div></main>"
    )
    record = {"title": "A record", "author": "Zara", "date": "2012-10-04", "text": "It says so.", "n": 3.5,
              "comments": [{"author": "Otto", "text": "It does not."}]}  # fmt: skip
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Zara Khan <z@example.org>", "o@example.org", "A létter"
    mail["Date"] = "Mon, 05 Mar 2025 10:12:00 +0000"
    mail.set_content("Hello.\n\nOn Mon, 5 Mar 2025 at 10:12, Otto wrote:\n> It is late.\n")
    mail.add_alternative("<p>Hello.</p><blockquote>It is late.</blockquote>", subtype="html")
    mail.add_attachment(b"abc", maintype="application", subtype="pdf", filename="a.pdf")
    return {
        ".txt": [text.encode(), text.encode("utf-16"), "Grüße aus Köln. Überall.".encode("cp1252")],
        ".md": [markdown.encode(), f"---\ntitle: A\n---\n{markdown}{comments}".encode()],
        ".html": [page.encode()],
        ".csv": [b"name,price\nTea,3\nMilk,4\n", b"name;price\nTea;3\nMilk;4\n"],
        ".json": [json.dumps(record).encode(), json.dumps([record, record]).encode()],
        ".jsonl": [b"\n".join([json.dumps(record).encode()] * 3)],
        ".eml": [mail.as_bytes()],
        ".pdf": [_make_pdf()],
        ".docx": [_make_docx()],
        ".pptx": [_make_pptx()],
        ".xlsx": [_make_xlsx()],
        ".epub": [_make_epub()],
        ".odt": [(_FILES / "report.odt").read_bytes(), (_FILES / "note.odt").read_bytes()],
        ".ods": [(_FILES / "trips.ods").read_bytes()],
        ".odp": [(_FILES / "plan.odp").read_bytes()],
        ".rtf": [(_FILES / "note.rtf").read_bytes()],
        ".fb2": [
            b"<FictionBook><body><section><title><p>One</p></title><p>It was a day.</p></section></body></FictionBook>"
        ],
        ".xml": [b"<books><book id='1'><title>Tea</title><price>3</price></book><p>Some <b>words</b>.</p></books>"],
        ".svg": [b"<svg><title>Map</title><g><text x='1'>Pier <tspan>one</tspan></text></g></svg>"],
    }


def _make_pdf() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pageCompression=0)
    canvas.setTitle("A report")
    for page in ("First", "Second"):
        canvas.bookmarkPage(page)
        canvas.addOutlineEntry(page, page)
        canvas.drawString(72, 700, f"{page} page of the report on the harbour.")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _make_docx() -> bytes:
    from docx import Document

    file = io.BytesIO()
    document = Document()
    document.add_heading("A contract", 1)
    document.add_paragraph("The notice period is six weeks.")
    table = document.add_table(2, 2)
    for i, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {i}"
    document.save(file)
    return file.getvalue()


def _make_pptx() -> bytes:
    from pptx import Presentation

    file = io.BytesIO()
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "A slide", "One point\nAnother point"
    slide.notes_slide.notes_text_frame.text = "Say this."
    presentation.save(file)
    return file.getvalue()


def _make_xlsx() -> bytes:
    from openpyxl import Workbook

    file = io.BytesIO()
    workbook = Workbook()
    for row in (["name", "price"], ["Tea", 3.5], ["Milk", 4]):
        workbook.active.append(row)
    workbook.save(file)
    return file.getvalue()


def _make_epub() -> bytes:
    chapter = "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>One</h1><p>It was a day.</p></body></html>"
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": "<container><rootfiles><rootfile full-path='c.opf'/></rootfiles></container>",
        "c.opf": "<package xmlns:dc='http://purl.org/dc/elements/1.1/'><metadata><dc:title>A book</dc:title></metadata>"
        "<manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
        "<spine><itemref idref='a'/></spine></package>",
        "a.xhtml": chapter,
    }
    return _pack({name: content.encode() for name, content in members.items()})


def _pack(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


Change = Callable[[random.Random, bytearray], None]


def _flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 3, 20))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice((1, 10, 300, len(data)))]


def _repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.choice((1, 10, 300))]
    data[start:start] = piece * chance.choice((1, 3, 500))


def _insert(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.choice(_TOKENS)


def _overwrite(chance: random.Random, data: bytearray) -> None:
    number = struct.pack("<I", chance.choice(_NUMBERS))
    place = chance.randrange(len(data))
    data[place : place + 4] = number


_CHANGES: tuple[Change, ...] = (_flip, _cut, _repeat, _insert, _overwrite)


def mutate(chance: random.Random, original: bytes) -> bytes:
    """Return a file damaged in one to three places; of an archive, its directory, its headers or a member in it."""
    is_json = original[:1] in (b"{", b"[") and not original.startswith(b"{\\rtf")
    if is_json and chance.random() < _VALID_JSON:
        return b"\n".join(_change_record(chance, line) for line in original.splitlines())
    if not original.startswith(b"PK"):
        return _change(chance, original)
    part = chance.choice(("member", "member", "directory", "header", "anywhere", "name"))
    if part == "anywhere":
        return _change(chance, original)
    if part in ("member", "name"):
        return _change_member(chance, original, is_name=part == "name")
    directory = original.index(b"PK\x01\x02")
    heads = [directory] if part == "directory" else [i for i in range(directory) if original.startswith(b"PK\3\4", i)]
    start = chance.choice(heads)
    end = len(original) if part == "directory" else start + 60
    return original[:start] + _change(chance, original[start:end]) + original[end:]


def _change(chance: random.Random, original: bytes) -> bytes:
    data = bytearray(original)
    for _ in range(chance.randint(1, 3)):
        chance.choice(_CHANGES)(chance, data)
        data = data or bytearray(b"x")
    return bytes(data)


def _change_record(chance: random.Random, line: bytes) -> bytes:
    """Return JSON that is still valid, with another value in one place."""
    data = json.loads(line)
    record = chance.choice(data) if isinstance(data, list) else data
    key = chance.choice([*record, "k\ud800"])
    record[key] = chance.choice(_VALUES)
    if chance.random() < 0.2:
        record["x\udfff"] = record.pop(key)
    return json.dumps(data).encode()


def _change_member(chance: random.Random, original: bytes, *, is_name: bool) -> bytes:
    with zipfile.ZipFile(io.BytesIO(original)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    content = members.pop(name)
    if is_name:
        damaged_name = _change(chance, name.encode()).decode("latin-1")[:60000]
        # Python ends a name at its first zero, and writes no empty one.
        members[damaged_name.lstrip("\0") or "x"] = content
    else:
        members[name] = _change(chance, content or b"x")
    return _pack(members)


def index_mutants(
    folder: Path, settings: Settings, suffix: str, originals: list[bytes], *, count: int, seed: int
) -> Outcome:
    """Index mutants of files in a folder with good files; assert that the good ones are indexed, all others named."""
    chance = random.Random(seed)  # noqa: S311
    folder.mkdir()
    for name, text in GOOD.items():
        (folder / name).write_text(text, encoding="utf-8")
    mutants = [folder / f"mutant-{number}{suffix}" for number in range(count)]
    for mutant in mutants:
        mutant.write_bytes(mutate(chance, chance.choice(originals)))
    report = build_index([folder], settings=settings, embedder=HashingEmbedder())
    names = {Path(source).name for entry in read_entries(settings.location) for source in entry.sources}
    missing = GOOD.keys() - names
    assert not missing, f"{missing} is not indexed"
    unnamed = [m for m in mutants if m.name not in names and not any(f"{m}:" in reason for reason in report.skipped)]
    assert not unnamed, f"neither indexed nor named: {unnamed}"
    assert all("\n" not in reason for reason in report.skipped)
    return Outcome(len(names) - len(GOOD), report.skipped)


def list_reasons(skipped: list[str]) -> Iterator[str]:
    """Yield the reasons without the names of the files."""
    for reason in skipped:
        yield reason.partition(": ")[2]
