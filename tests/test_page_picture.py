"""The picture of a page with the quote marked: where the marks are, and what is refused."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path
from random import Random
from time import process_time
from types import SimpleNamespace

import pytest
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import PdfDocument
from reportlab.pdfgen.canvas import Canvas

from rag import DocumentError, Settings
from rag.documents import ocr
from rag.documents.ocr import OcrJob, run_job
from rag.documents.page_picture import PagePicture, Quote, _mark, _View, can_draw, draw_page, find_quote, read_letters
from rag.documents.tesseract import TextLine
from rag.documents.worker import DocumentReader
from rag.rows import format_row
from tests.test_ocr import draw, write_png_header
from tests.test_worker import write_million_pages

LINES = ["Halden was rebuilt. It cost nine million crowns, and the har-", "bour fees paid for it. Nobody complained."]
COST = "It cost nine million crowns, and the harbour fees paid for it."
SCAN = [("The", 100), ("harbour", 200), ("was", 400), ("rebuilt", 500)]


def write_pdf(path: Path, *pages: Sequence[str], rotation: int = 0) -> Path:
    """Write pages of lines, the first one 600 points above the foot of the page."""
    canvas = Canvas(str(path), pagesize=(600, 800))
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 600 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    if rotation:
        with closing(PdfDocument(path.read_bytes())) as pdf:
            pdf[0].set_rotation(rotation)
            pdf.save(path)
    return path


def measure_marks(page: PagePicture) -> tuple[float, float, float, float]:
    """Return the box around all marks, in shares of the width and height."""
    picture = Image.open(BytesIO(page.png)).convert("RGB")
    assert picture.size == (page.width, page.height)
    _, _, blue = picture.split()
    red, _, _ = picture.split()
    yellow = Image.eval(blue, lambda value: 255 if value < 200 else 0)
    light = Image.eval(red, lambda value: 255 if value > 200 else 0)
    box = Image.composite(light, Image.new("L", picture.size), yellow).getbbox()
    assert box
    return box[0] / page.width, box[1] / page.height, box[2] / page.width, box[3] / page.height


def test_a_quote_is_marked_on_each_of_its_lines_and_nothing_else_is(tmp_path: Path) -> None:
    page = draw_page(write_pdf(tmp_path / "a.pdf", ["A title.", *LINES]), 1, [Quote(COST)])
    assert page.page == 1
    assert page.place == pytest.approx(0.27, abs=0.02)
    left, top, _, bottom = measure_marks(page)
    assert left == pytest.approx(72 / 600, abs=0.01)  # of its second line
    assert top == pytest.approx(page.place, abs=0.01)
    assert (bottom - top) * 800 == pytest.approx(16 + 14, abs=6)
    first_line = draw_page(tmp_path / "a.pdf", 1, [Quote("It cost nine million crowns")])
    assert measure_marks(first_line)[0] > 150 / 600
    assert measure_marks(first_line)[3] < bottom - 0.01


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_page_is_shown_upright_and_marked(tmp_path: Path, rotation: int) -> None:
    page = draw_page(write_pdf(tmp_path / "a.pdf", LINES, rotation=rotation), 1, [Quote("Halden was rebuilt.")])
    left, top, right, bottom = measure_marks(page)
    # The words are 72 to 180 points from the left, and 600 from the foot of the page as it was before.
    assert left == pytest.approx({90: 0.74, 180: 0.70, 270: 0.22}[rotation], abs=0.04)
    assert top == pytest.approx({90: 0.12, 180: 0.74, 270: 0.70}[rotation], abs=0.04)
    assert (right - left > bottom - top) == (rotation == 180)


def test_a_quote_on_the_next_page_shows_that_page(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["It begins here"], ["and it is continued on the next page."])
    assert draw_page(path, 1, [Quote("it is continued on the next page")]).page == 2
    assert draw_page(path, 1, [Quote("It begins here")]).page == 1


def test_a_quote_that_is_not_there_leaves_the_page_without_a_mark(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", LINES)
    for quote in ("The zebra escaped on Monday.", "", "+++"):
        with run_job(OcrJob("never")):
            assert draw_page(path, 1, [Quote(quote)]).place is None


def test_accents_ligatures_and_the_labels_of_a_table_do_not_matter() -> None:
    assert find_quote(Quote("Café ﬂoor"), read_letters("the cafe\u0301 floor")) == [(3, 12)]
    row = format_row(["Article", "Code", "Price"], ["Roof tenant", "K-108", "89.90"])
    letters = read_letters("Article Code Price\nTram K-7 3.10\nRoof tenant K-108 89.90\n")
    assert [letters.text[start:end] for start, end in find_quote(Quote(row), letters)] == ["rooftenantk1088990"]
    page = read_letters("The rent is due 7 on Monday. 7 See the lease.")
    assert find_quote(Quote("The rent is due on Monday."), page) == [(0, 12), (13, 21)]


@pytest.mark.parametrize(
    ("quote", "page", "place"),
    [
        ("No.", "The notes say: No. Nothing else.", 11),
        ("Yes", "Yesterday he said “yes”.", 15),
        ("Table", "The stable has a table.", 13),
        ("90", "1.908 or 90", 6),
        ("港口", "新的港口重建了。", 2),
        ("No.", "The notes are from November.", None),
        ("Table", "The stable was rebuilt.", None),
    ],
)
def test_only_whole_words_are_marked(quote: str, page: str, place: int | None) -> None:
    spans = find_quote(Quote(quote), read_letters(page))
    assert [start for start, _ in spans] == ([] if place is None else [place])


def test_of_equal_sentences_the_one_after_the_same_words_is_marked() -> None:
    page = read_letters("Is it wet? No. Is it cold? No. Is it new? No.")
    assert find_quote(Quote("No.", before="Is it wet? No. Is it\ncold? "), page) == [(17, 19)]
    assert find_quote(Quote("No.", before="Is it dry? "), page) == [(7, 9)]


def write_prose(letters: int, *, seed: int) -> str:
    """Return words of which a few are frequent, as in prose, with this many letters."""
    rng = Random(seed)  # noqa: S311
    words = ["".join(rng.choices("etaoinshrdlucmf", k=rng.choice([2, 3, 3, 4, 5, 6, 8]))) for _ in range(2000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return " ".join(rng.choices(words, weights, k=letters))[: letters * 5 // 4]


def change_letters(text: str, *, every: int) -> str:
    return "".join(letter if number % every else "z" for number, letter in enumerate(text))


PROSE = write_prose(10_000, seed=1)
SLOW_QUOTES = {
    "prose": (write_prose(5000, seed=2), PROSE),
    "zeros": ("0 " * 2500, ("0" * 30 + "7") * 300),
    "zeros apart": ("0 " * 2500, "0 0 0 7 " * 5000),
    "changed prose": (change_letters(PROSE, every=12), PROSE),
    "few letters": (" ".join(Random(1).choices("012", k=5000)), " ".join(Random(2).choices("012", k=20_000))),  # noqa: S311
}


@pytest.mark.parametrize(("quote", "page"), SLOW_QUOTES.values(), ids=SLOW_QUOTES)
@pytest.mark.parametrize("count", [1, 10])
def test_the_largest_request_takes_less_than_two_seconds(quote: str, page: str, count: int) -> None:
    letters = read_letters(page)
    view = _View(1, Image.new("L", (1, 1)), letters, [(0, 0, 1, 1)] * len(letters.text))
    quotes = [Quote(quote[number * 10 :][:5000]) for number in range(count)]
    start = process_time()
    for _ in range(3):  # the page, the next one, and the page as OCR reads it
        _mark(view, quotes)
    assert process_time() - start < 2


def test_words_that_the_page_hides_are_not_marked(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800))
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 700, "The zebra escaped on Monday.")
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawString(72, 300, "The zebra escaped on Monday.")
    canvas.save()
    page = draw_page(tmp_path / "a.pdf", 1, [Quote("The zebra escaped on Monday.")])
    assert page.place == pytest.approx(0.61, abs=0.02)


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Have each picture read as the words of SCAN, 1,000 pixels from the top; the fixture is how far it is turned."""
    words = tuple((text, (left, 1000, left + 90, 1040)) for text, left in SCAN)
    lines = [TextLine("The harbour was rebuilt", (100, 1000, 590, 1040), 95.0, (1, 1, 1), words)]
    turn = SimpleNamespace(degrees=0)
    engine = SimpleNamespace(read=lambda _: (lines, turn.degrees))
    monkeypatch.setattr(ocr, "open_engine", lambda: engine)
    monkeypatch.setattr(ocr, "has_ocr", lambda: True)
    yield turn


@pytest.mark.parametrize("name", ["a.pdf", "a.png", "a.jpg", "a.tif", "a.webp"])
def test_a_scan_is_marked_where_ocr_reads_the_words(tmp_path: Path, turn: SimpleNamespace, name: str) -> None:
    draw().convert("RGB").save(tmp_path / name, dpi=(200, 200))
    page = draw_page(tmp_path / name, 1, [Quote("Harbour was re-\nbuilt")])
    box = [198 / 1654, 998 / 2339, 592 / 1654, 1042 / 2339]
    assert list(measure_marks(page)) == pytest.approx(box, abs=0.003)


def test_a_scan_that_lies_on_its_side_is_shown_upright(tmp_path: Path, turn: SimpleNamespace) -> None:
    turn.degrees = 90
    draw((2339, 1654)).save(tmp_path / "a.png")
    page = draw_page(tmp_path / "a.png", 1, [Quote("harbour")])
    assert page.width < page.height
    assert measure_marks(page)[1] == pytest.approx(998 / 2339, abs=0.003)


def test_what_cannot_be_drawn_is_refused_in_one_line_and_the_process_goes_on(
    tmp_path: Path, settings: Settings
) -> None:
    path = write_pdf(tmp_path / "a.pdf", LINES)
    broken, large, many = tmp_path / "broken.pdf", tmp_path / "large.png", tmp_path / "many.pdf"
    broken.write_bytes(b"no pdf")
    write_png_header(large, 50_000, 50_000)
    write_million_pages(many)
    with DocumentReader(settings.model_copy(update={"read_memory_mb": 512})) as reader:
        for refused, page, reason in (
            (broken, 1, "it is damaged.*Data format error"),
            (large, 1, "it is damaged.*exceeds limit of 178956970 pixels"),
            (path, 7, "it is damaged"),
            (tmp_path / "gone.pdf", 1, "it is damaged"),
        ):
            with pytest.raises(DocumentError, match=f"^cannot read .*{refused.name}: {reason}"):
                reader.draw_page(refused, page, [Quote(COST)])
        assert reader.draw_page(many, 999_999, [Quote("The rent is due")]).place is not None
        assert reader.draw_page(path, 1, [Quote(COST)]) == draw_page(path, 1, [Quote(COST)])
        assert "Nobody complained." in reader.read(path).text


def test_only_pdf_files_and_pictures_have_pages_to_draw() -> None:
    assert can_draw("/a/b.PDF")
    assert can_draw("C:\\a\\b.jpeg")
    for source in ("/a/b.docx", "/a/b.txt", "b.pdf", "deed"):
        assert not can_draw(source)


@pytest.mark.slow
@pytest.mark.skipif(not ocr.has_ocr(), reason="the extra 'ocr' is not installed: the real OCR engine is not tested")
def test_tesseract_finds_the_place_of_a_quote_in_a_skewed_scan(tmp_path: Path, settings: Settings) -> None:
    picture = Image.new("L", (1654, 2339), 255)
    lines = ["The town was proud of its old harbour.", "The quay was rebuilt in 1912 by the state."] * 3
    lines.insert(4, "It cost nine million crowns in all.")
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((170, 170 + 200 * number), line, font=ImageFont.load_default(34), fill=0)
    picture.rotate(2, fillcolor=255).save(tmp_path / "scan.pdf", resolution=200)
    with DocumentReader(settings) as reader:
        page = reader.draw_page(tmp_path / "scan.pdf", 1, [Quote(lines[4])])
    _, top, _, bottom = measure_marks(page)
    assert top == pytest.approx(970 / 2339, abs=0.015)
    assert (bottom - top) * 2339 == pytest.approx(40, abs=20)
