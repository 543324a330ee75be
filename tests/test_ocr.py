"""Reading scans and pictures by OCR: what is read, what is left out, and what is refused. A stand-in is the engine."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

import rag
from rag import DocumentError, Settings, build_index
from rag.documents import ocr, tesseract
from rag.documents.formats.pdf import scans
from rag.documents.formats.pdf.reader import read_pdf
from rag.documents.formats.picture import read_picture
from rag.documents.ocr import OcrJob, run_job
from rag.documents.tesseract import TextLine
from rag.documents.worker import DocumentReader
from rag.errors import PassedOverError
from rag.formatting import describe_source
from rag.index.build import hash_file
from rag.types import Document, OcrMode, Section
from tests.fakes import HashingEmbedder

IS_INSTALLED = ocr.has_ocr()


def make_lines(*texts: str, confidence: float = 95.0) -> list[TextLine]:
    """Return lines of one paragraph, one below the other."""
    return [TextLine(text, (100, 50 * i, 900, 50 * i + 30), confidence, (1, 1, 1)) for i, text in enumerate(texts, 1)]


def make_page(head: str, sentence: str, foot: str) -> list[TextLine]:
    """Return the lines of a page of text between a head and a foot line, which are apart from it."""
    texts = {100: head, 250: sentence, 300: "It has two lines.", 450: foot}
    return [TextLine(text, (100, top, 900, top + 30), 95.0, (1, 1, 1)) for top, text in texts.items() if text]


class Reader:
    """An engine that returns the lines that are queued, and notes the sizes of the pictures."""

    def __init__(self) -> None:
        self.pages: list[list[TextLine]] = []
        self.sizes: list[tuple[int, int]] = []
        self.pictures: list[Image.Image] = []

    def read(self, picture: Image.Image) -> tuple[list[TextLine], int]:
        self.sizes.append(picture.size)
        self.pictures.append(picture)
        return (self.pages.pop(0) if self.pages else []), 0


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Reader:
    reader = Reader()
    monkeypatch.setattr(ocr, "open_engine", lambda: reader)
    monkeypatch.setattr(ocr, "has_ocr", lambda: True)
    monkeypatch.setattr(ocr, "find_skew", lambda _: 0.0)  # it turns each page in 21 ways
    return reader


def draw(size: tuple[int, int] = (1654, 2339)) -> Image.Image:
    """Return a picture that is not empty."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2, size[1] // 8), fill=0)
    return picture


def write_pdf(path: Path, pages: Sequence[tuple[str, tuple[float, float, float, float] | None]]) -> Path:
    """Write pages with a line of text and a picture at left, bottom, width, height."""
    canvas = Canvas(str(path), pagesize=(600, 800))
    for text, place in pages:
        if place:
            canvas.drawImage(ImageReader(draw((300, 400))), *place)
        canvas.drawString(72, 740, text)
        canvas.showPage()
    canvas.save()
    return path


WHOLE = (0.0, 0.0, 600.0, 800.0)


def read(path: Path, mode: OcrMode = "auto") -> tuple[list[tuple[str, int | None, int | None]], list[str]]:
    """Return the text, page and confidence of each block, and the notes."""
    job = OcrJob(mode)
    with run_job(job):
        extract = read_pdf(path) if path.suffix == ".pdf" else read_picture(path)
        blocks = [(block.text, block.page, block.ocr) for block in extract.blocks]
    return blocks, job.notes


def test_a_scanned_page_is_read_and_keeps_its_page_and_confidence(tmp_path: Path, engine: Reader) -> None:
    engine.pages = [make_lines("The harbour was rebuilt in", "the year 1912.", confidence=91.4)]
    path = write_pdf(tmp_path / "a.pdf", [("A first page.", None), ("", WHOLE), ("A last page.", None)])
    blocks, notes = read(path)
    assert blocks == [
        ("A first page.", 1, None),
        ("The harbour was rebuilt in the year 1912.", 2, 91),
        ("A last page.", 3, None),
    ]
    assert notes == []
    (size,) = engine.sizes
    assert max(size) == pytest.approx(800 * 200 / 72, abs=2)


def test_an_empty_page_is_not_given_to_the_engine(tmp_path: Path, engine: Reader) -> None:
    with pytest.raises(DocumentError, match="it has no text"):
        read(write_pdf(tmp_path / "a.pdf", [("", None)]))
    assert engine.sizes == []


def test_progress_shows_the_pages(tmp_path: Path, engine: Reader) -> None:
    engine.pages = [make_lines("One."), make_lines("Two.")]
    path = write_pdf(tmp_path / "a.pdf", [("Text.", None), ("", WHOLE), ("", WHOLE)])
    seen: list[tuple[int, int]] = []
    with run_job(OcrJob("auto", lambda page, count: seen.append((page, count)))):
        read_pdf(path)
    assert seen == [(2, 3), (3, 3)]


def test_a_large_picture_on_a_page_of_text_is_read_unless_text_lies_over_it(tmp_path: Path, engine: Reader) -> None:
    engine.pages = [make_lines("Words in the picture.")]
    below, small = (50.0, 50.0, 500.0, 600.0), (50.0, 50.0, 60.0, 60.0)
    blocks, _ = read(write_pdf(tmp_path / "a.pdf", [("Words above.", below), ("Over it.", WHOLE), ("Logo.", small)]))
    assert [(text, page) for text, page, _ in blocks] == [
        ("Words above.", 1),
        ("Words in the picture.", 1),
        ("Over it.", 2),
        ("Logo.", 3),
    ]
    (size,) = engine.sizes
    assert size[0] < size[1] < 600 * 200 / 72 + 2


def test_signs_without_a_meaning_are_no_text() -> None:
    assert scans.is_nonsense("\ue012\ue013 \ue014\ufffd x")
    assert scans.is_nonsense("\x01\x02\x03")
    assert not scans.is_nonsense("• \uf0b7 An item")
    assert not scans.is_nonsense("Ελληνικά 中文")
    assert not scans.is_nonsense(" \n")


def test_a_text_layer_of_such_signs_is_replaced_by_ocr_and_said(
    tmp_path: Path, engine: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "is_nonsense", lambda text: "qwx" in text)
    engine.pages = [make_lines("The rent is due.")]
    blocks, notes = read(write_pdf(tmp_path / "a.pdf", [("qwx qwx", None), ("Other words.", None)]))
    assert [text for text, _, _ in blocks] == ["The rent is due.", "Other words."]
    assert notes == ["the text of some pages is signs without a meaning, not letters: only OCR can read them"]


def test_a_font_that_does_not_name_its_letters_is_read_by_ocr(engine: Reader) -> None:
    engine.pages = [make_lines("The hearing takes place on 12 June.")]
    blocks, _ = read(Path(__file__).parent / "files/pdf/letters-without-map.pdf")
    assert [text for text, _, _ in blocks] == ["The hearing takes place on 12 June."]


def test_ocr_can_be_wanted_always_or_never(tmp_path: Path, engine: Reader) -> None:
    path = write_pdf(tmp_path / "a.pdf", [("The text.", None), ("", WHOLE)])
    engine.pages = [make_lines("Read 1."), make_lines("Read 2.")]
    assert [text for text, _, _ in read(path, "always")[0]] == ["Read 1.", "Read 2."]
    blocks, notes = read(path, "never")
    assert [text for text, _, _ in blocks] == ["The text."]
    assert notes == ["1 page has no text and may be scans: the setting ocr turns OCR off"]


def test_without_the_extra_a_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "has_ocr", lambda: False)
    needed = r"OCR needs the extra 'ocr': run `pip install 'footnote-rag\[ocr\]'`$"
    with pytest.raises(DocumentError, match=f"^it has no text; it may be a scan: {needed}"):
        read(write_pdf(tmp_path / "a.pdf", [("", WHOLE)]))
    draw().save(tmp_path / "a.png")
    with pytest.raises(PassedOverError, match=f"^{needed}"):
        read(tmp_path / "a.png")


def test_what_scans_repeat_on_each_page_is_left_out(tmp_path: Path, engine: Reader) -> None:
    words = ("honey", "wax", "bees", "hives", "queens")
    engine.pages = [make_page("The Yearbook", f"This page is about {word}.", str(i)) for i, word in enumerate(words, 1)]
    blocks, _ = read(write_pdf(tmp_path / "a.pdf", [("", WHOLE)] * 5))
    sentences = [f"This page is about {word}. It has two lines." for word in words]
    assert [text for text, _, _ in blocks] == sentences


def test_what_two_scans_repeat_is_read_once(tmp_path: Path, engine: Reader) -> None:
    engine.pages = [make_page("The Yearbook", f"This page is about {word}.", "") for word in ("honey", "wax")]
    blocks, _ = read(write_pdf(tmp_path / "a.pdf", [("", WHOLE)] * 2))
    assert [text for text, _, _ in blocks] == [
        "The Yearbook This page is about honey. It has two lines.",
        "This page is about wax. It has two lines.",
    ]


def test_passages_of_which_ocr_is_unsure_are_left_out_and_counted(tmp_path: Path, engine: Reader) -> None:
    unsure = [line._replace(paragraph=(2, 1, 1)) for line in make_lines("lI| rn~ vv", confidence=40)]
    specks = [line._replace(paragraph=(3, 1, 1)) for line in make_lines(". ~ '", confidence=20)]
    engine.pages = [[*make_lines("Clear words."), *unsure, *specks]]
    draw().save(tmp_path / "a.png")
    blocks, notes = read(tmp_path / "a.png")
    assert blocks == [("Clear words.", None, 95)]
    assert notes == ["1 passage was left out, because OCR was unsure of the words"]


def test_a_word_that_is_broken_at_a_line_end_is_joined() -> None:
    assert ocr.join_lines(make_lines("They rebuilt the har-", "bour of Port-", "Louis.")) == (
        "They rebuilt the harbour of Port- Louis."
    )


def test_the_columns_of_tesseracts_table_are_not_mixed() -> None:
    def row(block: int, line: int, word: int, left: int, text: str) -> str:
        return f"5\t1\t{block}\t1\t{line}\t{word}\t{left}\t{40 * line}\t50\t20\t90.5\t{text}"

    table = [
        row(1, 1, 1, 100, "left"),
        row(1, 2, 1, 100, "again"),
        row(2, 1, 1, 800, "right"),
        row(2, 1, 2, 860, "too"),
    ]
    lines = tesseract.parse_lines("4\t1\t1\t1\t1\t0\t0\t0\t9\t9\t-1\t\n" + "\n".join(table))
    assert [(line.text, line.box) for line in lines] == [
        ("left", (100, 40, 150, 60)),
        ("again", (100, 80, 150, 100)),
        ("right too", (800, 40, 910, 60)),
    ]
    assert [block.text for block in ocr.make_blocks(lines, 1, OcrJob())] == ["left again", "right too"]


def test_a_skewed_page_is_turned_and_a_straight_one_is_not() -> None:
    page = Image.new("L", (1000, 1400), 255)
    for y in range(100, 1300, 40):
        ImageDraw.Draw(page).rectangle((100, y, 900, y + 12), fill=0)
    assert ocr.find_skew(page) == 0
    assert ocr.find_skew(page.rotate(2, fillcolor=255)) == -2


@pytest.mark.parametrize(("turn", "orientation"), [(Image.Transpose.ROTATE_90, 6), (Image.Transpose.ROTATE_180, 3)])
def test_the_turn_that_a_camera_notes_is_honoured(
    tmp_path: Path, engine: Reader, turn: Image.Transpose, orientation: int
) -> None:
    page = draw()
    stored = page.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif)
    with pytest.raises(PassedOverError):
        read(tmp_path / "a.jpg")
    (seen,) = engine.pictures
    assert seen.size == page.size
    assert seen.getpixel((10, 10)) < 50  # type: ignore[operator]
    assert seen.getpixel((seen.width - 10, seen.height - 10)) > 200  # type: ignore[operator]


def test_the_pages_of_a_tiff_file_are_pages(tmp_path: Path, engine: Reader) -> None:
    engine.pages = [make_lines("One."), make_lines("Two.")]
    draw().save(tmp_path / "a.tif", save_all=True, append_images=[draw()])
    assert read(tmp_path / "a.tif")[0] == [("One.", 1, 95), ("Two.", 2, 95)]


def test_dark_words_on_nothing_are_dark_words_on_white(tmp_path: Path, engine: Reader) -> None:
    picture = Image.new("RGBA", (1400, 1400), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((100, 100, 700, 160), fill=(0, 0, 0, 255))
    picture.save(tmp_path / "a.png")
    Image.new("I;16", (1400, 1400), 65_535).save(tmp_path / "b.png")  # white, so the engine does not see it
    for name in ("a.png", "b.png"):
        with pytest.raises(PassedOverError, match="OCR finds no clear words in it"):
            read(tmp_path / name)
    (seen,) = engine.pictures
    assert (seen.getpixel((10, 10)), seen.getpixel((150, 120))) == (255, 0)


def test_a_large_picture_is_made_smaller_and_a_small_one_larger(tmp_path: Path, engine: Reader) -> None:
    for name, size in (("a.png", (5200, 3000)), ("b.webp", (600, 400))):
        draw(size).save(tmp_path / name)
        with pytest.raises(PassedOverError):
            read(tmp_path / name)
    assert engine.sizes == [(2600, 1500), (1200, 800)]


def write_png_header(path: Path, width: int, height: int) -> Path:
    """Write a file of some bytes that says it is a picture of this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    parts = [struct.pack(">I", len(c)) + t + c + struct.pack(">I", zlib.crc32(t + c)) for t, c in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.parametrize("size", [(50_000, 50_000), (13_000, 13_000)])
def test_a_picture_of_too_many_pixels_is_not_unpacked(tmp_path: Path, engine: Reader, size: tuple[int, int]) -> None:
    with pytest.raises(DocumentError, match=r"it has .* pixels.*140 million are read"):
        read(write_png_header(tmp_path / "a.png", *size))
    assert engine.sizes == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_torn_picture_is_damaged(tmp_path: Path, engine: Reader, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.effect_noise((400, 400), 90).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DocumentError, match="it is damaged, or is another format with this name"):
        read(path)
    path.write_bytes(b"no picture")
    with pytest.raises(DocumentError, match="it is damaged, or is another format with this name"):
        read(path)


def test_ocr_ends_after_a_number_of_pages_and_says_so(
    tmp_path: Path, engine: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "MOST_PAGES", 2)
    for path in (write_pdf(tmp_path / "a.pdf", [("", WHOLE)] * 4), tmp_path / "a.tif"):
        draw().save(tmp_path / "a.tif", save_all=True, append_images=[draw(), draw()])
        engine.pages = [make_lines("One."), make_lines("Two.")]
        blocks, notes = read(path)
        assert [text for text, _, _ in blocks] == ["One.", "Two."]
        assert notes == ["OCR read the first 2 pages; split the file to have the others read"]


def test_a_page_that_takes_too_long_ends_the_ocr_of_the_file(tmp_path: Path, engine: Reader) -> None:
    def read_slowly(picture: Image.Image) -> tuple[list[TextLine], int]:
        raise DocumentError("OCR takes longer than 50 s")

    path = write_pdf(tmp_path / "a.pdf", [("Some text.", None), ("", WHOLE), ("", WHOLE)])
    engine.read = read_slowly  # type: ignore[method-assign]
    blocks, notes = read(path)
    assert blocks == [("Some text.", 1, None)]
    assert notes == ["page 2: OCR takes longer than 50 s; it and the pages after it are left out"]


def test_the_first_folder_with_a_language_of_the_script_has_all_that_are_used() -> None:
    own, system = Path("own"), Path("system")
    folders = {own: frozenset({"eng", "deu", "osd"}), system: frozenset({"eng", "fra", "rus", "ell", "spa"})}
    assert tesseract.choose_languages(folders, "Latin") == (own, ["eng", "deu"])
    assert tesseract.choose_languages({system: folders[system]}, "Latin") == (system, ["eng", "fra", "spa"])
    assert tesseract.choose_languages(folders, "Cyrillic") == (system, ["rus"])
    assert tesseract.choose_languages(folders, "Thai")[1] == []


def test_a_quote_from_a_scan_is_marked_wherever_its_source_is_shown(tmp_path: Path) -> None:
    text = "The harbour was rebuilt in 1912."
    document = Document("deed", text, "A deed", (Section(0, len(text), voice="article", page=2, ocr=88),))
    with rag.open(tmp_path / "notes", create=True, embedder=HashingEmbedder(), llm=None) as notes:
        notes.add_documents([document])
        (hit,) = notes.search("harbour")
    assert hit.chunk.ocr == 88
    assert describe_source(hit.chunk) == "Article · A deed · p. 2 · read from a scan · deed"


def test_text_and_scan_of_one_page_are_two_sections() -> None:
    from rag.documents.blocks import Block, Extract, assemble

    document = assemble("a.pdf", Extract([Block("Text.", page=1), Block("Scan.", page=1, ocr=90)]))
    assert [(section.page, section.ocr) for section in document.sections] == [(1, None), (1, 90)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    draw((60, 60)).save(folder / "a.png")
    (folder / "a.txt").write_text("The harbour was rebuilt.", encoding="utf-8")
    return folder


def test_a_picture_in_a_folder_is_passed_over_if_ocr_is_off(photos: Path, settings: Settings) -> None:
    off = settings.model_copy(update={"ocr": "never"})
    report = build_index([photos], settings=off, embedder=HashingEmbedder())
    assert (report.indexed, report.unchanged, report.skipped) == (1, 0, [])
    assert report.passed_over == {"as pictures that need OCR": 1}
    report = build_index([photos / "a.png", photos / "a.txt"], settings=off, embedder=HashingEmbedder())
    assert report.skipped == [f"cannot read {photos / 'a.png'}: the setting ocr turns OCR off"]


def test_files_are_read_again_when_ocr_is_turned_on(
    photos: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_hash(mode: OcrMode, *, installed: bool) -> str:
        monkeypatch.setattr("rag.index.build.has_ocr", lambda: installed)
        return hash_file(photos / "a.png", settings.model_copy(update={"ocr": mode}), HashingEmbedder())

    off = {make_hash("never", installed=True), make_hash("auto", installed=False), make_hash("always", installed=False)}
    assert len(off) == 1
    assert len(off | {make_hash("auto", installed=True), make_hash("always", installed=True)}) == 3


def test_the_setting_has_three_values() -> None:
    with pytest.raises(rag.SettingsError, match=r"setting ocr cannot be 'sometimes'.*auto, never, or always"):
        Settings.load(ocr="sometimes")


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="the extra 'ocr' is not installed: the real OCR engine is not tested")
def test_tesseract_reads_a_scan_within_the_limits_of_the_reader(tmp_path: Path, settings: Settings) -> None:
    picture = Image.new("L", (1654, 2339), 255)
    font = ImageFont.load_default(34)
    lines = ["The harbour of Halden was rebuilt in 1912.", "It cost nine million crowns, and the town paid."]
    for i, line in enumerate(lines * 8):
        ImageDraw.Draw(picture).text((170, 170 + 60 * i), line, font=font, fill=0)
    picture.rotate(1.5, fillcolor=255).save(tmp_path / "scan.pdf", resolution=200)
    picture.rotate(90, expand=True).save(tmp_path / "turned.png")
    draw((900, 900)).save(tmp_path / "photo.jpg")
    seen: list[tuple[int, int]] = []
    with DocumentReader(settings, on_page=lambda page, count: seen.append((page, count))) as reader:
        for name in ("scan.pdf", "turned.png"):
            document = reader.read(tmp_path / name)
            assert lines[0] in document.text
            assert all(section.ocr and section.ocr > 80 for section in document.sections)
        with pytest.raises(PassedOverError, match=r"photo.jpg: OCR finds no clear words in it"):
            reader.read(tmp_path / "photo.jpg")
    assert seen == [(1, 1)] * 3
