"""Words that no reader of a file sees are left out; words that only look hidden to a program stay."""

import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.text.run import Run
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.colors import Color as CellColor
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image
from pptx.dml.color import RGBColor
from pptx.slide import Slide
from pptx.util import Inches, Pt
from reportlab.lib.colors import Color, black, navy, white
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from rag.documents.blocks import assemble
from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.markup import parse_html
from rag.documents.formats.html.reader import extract_html
from rag.documents.formats.office.reader import read_docx, read_pptx, read_xlsx
from rag.documents.formats.pdf.reader import read_pdf
from rag.documents.read import read_document

SHOWN, SECRET = "The harbour fee is 170 crowns.", "The harbour fee is 888 crowns."


def read_page(body: str, style: str = "", head: str = "") -> str:
    return assemble("page.html", extract_html(f"<head>{head}<style>{style}</style></head><body>{body}</body>")).text


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : NONE !important",
        "display:block;display:none",
        "visibility:hidden",
        "visibility: collapse",
        "content-visibility:hidden",
        "opacity:0",
        "opacity: 0.01",
        "filter:opacity(0%)",
        "font-size:0",
        "font-size:1px",
        "font-size: .05em",
        "font:1px/1 serif",
        "color:#fff",
        "color:white;background:white",
        "color:rgb(255, 255, 255)",
        "color:hsl(0 0% 100%)",
        "color:#fefefe",
        "color:transparent",
        "color:rgba(0,0,0,0)",
        "background:#000",
        "color:teal;background-color:teal",
        "color:navy;background:#000080",
        "color:hwb(0 100% 0%)",
        "color:hsl(.5turn 100% 100%)",
        "text-indent:-9999px",
        "position:absolute;left:-9999px",
        "position:fixed; top:-500em",
        "position:absolute;right:-2000px",
        "margin-left:-5000px",
        "transform:translateX(-9999px)",
        "transform:scale(0)",
        "zoom:0",
        "position:absolute;clip:rect(0 0 0 0)",
        "position:absolute;clip:rect(1px, 1px, 1px, 1px)",
        "clip-path:inset(50%)",
        "clip-path:inset(0 100% 0 0)",
        "clip-path:circle(0)",
        "height:0;overflow:hidden",
        "max-height:0;overflow-y:hidden",
        "width:1px;height:1px;overflow:hidden",
    ],
)
@pytest.mark.parametrize("place", ["attribute", "class"])
def test_words_that_a_style_hides_are_left_out(style: str, place: str) -> None:
    hidden = f'<p style="{style}">{SECRET}</p>' if place == "attribute" else f'<p class="x">{SECRET}</p>'
    rules = f".y, .x {{ {style} }}" if place == "class" else ""
    assert read_page(f"<p>{SHOWN}</p>{hidden}", rules) == SHOWN


@pytest.mark.parametrize(
    ("style", "hidden"),
    [
        ("#x { display:none }", f'<p id="x">{SECRET}</p>'),
        ("aside, em { display:none }", f"<p><em>{SECRET}</em></p>"),
        ("div > p.x { display:none }", f'<div><p class="x">{SECRET}</p></div>'),
        (".a .b { display:none }", f'<div class="a"><div><p class="b">{SECRET}</p></div></div>'),
        ("p[data-x] { display:none }", f"<p data-x>{SECRET}</p>"),
        ("[data-x] { display:none }", f"<p data-x>{SECRET}</p>"),
        ("", f'<p style="clip-path:polygon(0 0, 0px 0.0%)">{SECRET}</p>'),
        ("@media screen { .x { display:none } }", f'<p class="x">{SECRET}</p>'),
        ("@media (min-width: 600px) { .x { display:none } }", f'<p class="x">{SECRET}</p>'),
        ("@supports (display:grid) { .x { display:none } }", f'<p class="x">{SECRET}</p>'),
        ("/* } */ .x { content: '}'; display/**/: none; }", f'<p class="x y">{SECRET}</p>'),
        (".x { display:none } p { display:block }", f'<p class="x">{SECRET}</p>'),
        (".x { display:block } .x { display:none }", f'<p class="x">{SECRET}</p>'),
        (".x { color:#fff } :root { background:#fff }", f'<div class="x"><p>{SECRET}</p></div>'),
        ("body { background:#222; color:#eee }", f'<p style="color:#222">{SECRET}</p>'),
        (".x { display:none } .y:hover { display:block }", f'<p class="x">{SECRET}</p>'),
        (".x { display:none } .x::before { display:block }", f'<p class="x">{SECRET}</p>'),
        ("", f"<p hidden>{SECRET}</p>"),
        # Only "#p" would refer to an element, and no attribute refers to a tag.
        ("", f'<a href="p"></a><hr><p id="p" hidden>{SECRET}</p>'),
        ("", f'<a href="em"></a><hr><p><em hidden>{SECRET}</em></p>'),
        ("", f'<hr data-kind="x"><hr><p id="x" hidden>{SECRET}</p>'),
        ("", f"<dialog>{SECRET}</dialog>"),
        ("", f"<div popover>{SECRET}</div>"),
        ("", f"<template>{SECRET}</template>"),
        ("", f"<noscript>{SECRET}</noscript>"),
        ("", f"<!-- {SECRET} -->"),
        ("", f'<font color="#ffffff">{SECRET}</font>'),
        ("", f'<table bgcolor="black"><tr><td>{SECRET}</td></tr></table>'),
        ("", f'<p style="visibility:hidden">{SECRET} <b style="visibility:visible"></b> {SECRET}</p>'),
    ],
)
def test_words_that_a_page_hides_in_other_ways_are_left_out(style: str, hidden: str) -> None:
    assert read_page(f"<p>{SHOWN}</p>{hidden}", style) == SHOWN


@pytest.mark.parametrize(
    ("style", "body"),
    [
        # Collapsed parts that a reader opens.
        ("", f"<details><summary>More</summary><p>{SHOWN}</p></details>"),
        (".panel { display:none }", f'<button>Fees</button><div class="panel"><p>{SHOWN}</p></div>'),
        (".panel { display:none } .panel.open { display:block }", f'<p class="panel">{SHOWN}</p>'),
        (".a { max-height:0; overflow:hidden; transition:max-height .2s }", f'<p class="a">{SHOWN}</p>'),
        (".accordion-body { display:none }", f'<div class="accordion-body">{SHOWN}</div>'),
        ("#fees { display:none } #fees:target { display:block }", f'<p id="fees">{SHOWN}</p>'),
        (".more { display:none } input:checked ~ .more { display:block }", f'<p class="more">{SHOWN}</p>'),
        ("", f'<a href="#fees">Fees</a><hr><p id="fees" style="display:none">{SHOWN}</p>'),
        ("", f'<h3 aria-controls="f">Fees</h3><hr><p id="f" hidden>{SHOWN}</p>'),
        ("", f'<h3 aria-controls="e f">Fees</h3><hr><p id="f" hidden>{SHOWN}</p>'),
        ("", f'<h3 data-target="f">Fees</h3><hr><p id="f" hidden>{SHOWN}</p>'),
        ("", f'<h3 data-show=".f">Fees</h3><hr><p class="f" hidden>{SHOWN}</p>'),
        ("", f'<div role="tabpanel" hidden>{SHOWN}</div>'),
        ("", f'<p id="q" style="display:none">{SHOWN}</p><script>show(document.getElementById("q"))</script>'),
        (".spoiler { color:#000; background:#000 } .spoiler:hover { color:#fff }", f'<p class="spoiler">{SHOWN}</p>'),
        ("", f'<p hidden="until-found">{SHOWN}</p>'),
        ("", f"<dialog open>{SHOWN}</dialog>"),
        # What fades in, and what a small screen or a printer shows.
        ("p { animation: appear 1s forwards; opacity:0 }", f"<p>{SHOWN}</p>"),
        ("", f'<p style="opacity:0" data-aos="fade-up">{SHOWN}</p>'),
        ("@media print { p { display:none } }", f"<p>{SHOWN}</p>"),
        ("@media (max-width: 600px) { p { display:none } }", f"<p>{SHOWN}</p>"),
        ("@media (max-width: 0) { p { display:none } }", f"<p>{SHOWN}</p>"),
        ("@media (prefers-color-scheme: dark) { p { color:#fff } }", f"<p>{SHOWN}</p>"),
        (".m { display:none } @media (max-width: 600px) { .m { display:block } }", f'<p class="m">{SHOWN}</p>'),
        (".m { display:none } @media (min-width: 600px) { .m { display:block } }", f'<p class="m">{SHOWN}</p>'),
        # Light letters on what is dark, or may be.
        ("body { background:#111; color:#eee }", f"<p>{SHOWN}</p>"),
        ("th { background:#036; color:#fff }", f"<table><tr><th>{SHOWN}</th></tr></table>"),
        ("tr { background:navy } td { color:white }", f"<table><tr><td>{SHOWN}</td></tr></table>"),
        (".hero { background:url(sea.jpg) } p { color:#fff }", f'<div class="hero"><p>{SHOWN}</p></div>'),
        ("p { position:absolute; color:#fff }", f'<img src="sea.jpg"><p>{SHOWN}</p>'),
        (
            "p { background:linear-gradient(red,blue); -webkit-background-clip:text; color:transparent }",
            f"<p>{SHOWN}</p>",
        ),
        ("p { color:var(--text); background:var(--page) }", f"<p>{SHOWN}</p>"),
        ("", f'<table bgcolor="#003366"><tr><td><font color="white">{SHOWN}</font></td></tr></table>'),
        # Small, pale or set apart, and yet seen.
        ("p { color:#999; font-size:8px }", f"<p>{SHOWN}</p>"),
        ("p { clip-path:circle(0.5px at 0 0) }", f"<p>{SHOWN}</p>"),
        (".row { font-size:0 } p { font-size:16px }", f'<div class="row"><p>{SHOWN}</p></div>'),
        (".row { visibility:hidden } p { visibility:visible }", f'<div class="row"><p>{SHOWN}</p></div>'),
        ("p { display:none } .shown { display:block }", f'<p class="shown">{SHOWN}</p>'),
        (".x { display:none !important } .x { display:block !important }", f'<p class="x">{SHOWN}</p>'),
        ("div > p { display:none }", f"<div><section><p>{SHOWN}</p></section></div>"),
        (".x::after { display:none }", f'<p class="x">{SHOWN}</p>'),
        ("p { left:-9999px; text-indent:-20px; opacity:.5; height:0 }", f"<p>{SHOWN}</p>"),
        ("body { visibility:hidden; opacity:0 }", f"<p>{SHOWN}</p>"),
        ("", f'<p aria-hidden="true">{SHOWN}</p>'),
        ("", f'<p><i aria-hidden="true">★</i><span aria-hidden="true">{SHOWN}</span></p>'),
        ("p { background:#fff } a { text-decoration:none }", f'<p style="color:#fff"><a href="/x">{SHOWN}</a></p>'),
    ],
)
def test_words_that_a_reader_sees_stay(style: str, body: str) -> None:
    assert SHOWN in read_page(body, style)


def test_white_words_stay_on_a_page_whose_style_sheet_is_elsewhere() -> None:
    page = (
        f'<div class="banner"><p style="color:#fff">{SHOWN}</p></div><p style="color:#fff;background:#fff">{SECRET}</p>'
    )
    assert read_page(page, head='<link rel="stylesheet" href="site.css">') == SHOWN


def test_words_for_screen_readers_alone_are_left_out_and_what_they_describe_stays() -> None:
    style = ".sr-only { position:absolute; width:1px; height:1px; overflow:hidden; clip:rect(0,0,0,0) }"
    page = '<p>Stars: <b aria-hidden="true">4 of 5</b><span class="sr-only">four out of five</span></p>'
    assert read_page(page, style) == "Stars: 4 of 5"


def test_words_around_what_is_hidden_are_kept_in_order() -> None:
    page = "<p>One <i hidden>x</i>two<b hidden>y</b> <u>three</u><s hidden>z</s> four</p>"
    assert read_page(page) == "One two three four"


@pytest.mark.slow
def test_many_rules_and_many_elements_take_seconds() -> None:
    rules = "".join(f".a.b .c{number}, .a, .a .b.c, div .a > .b {{ color:#{number:06} }}" for number in range(10_000))
    elements = "".join(f'<p class="a b c" id="i{number}">Word {number}.</p>' for number in range(10_000))
    tree = parse_html(f'<style>{rules}.x {{ display:none }}</style>{elements}<p class="x">{SECRET}</p>')
    start = time.process_time()
    drop_hidden(tree)
    assert time.process_time() - start < 30  # to compare all with all takes minutes
    assert SECRET not in tree.text_content()


@pytest.mark.parametrize(
    "page",
    [
        "<style>" + "'\\" * 200_000 + "</style>",
        "<style>" + "[" * 200_000 + "{color:red}</style>",
        "<style>p{clip-path:inset(" + "1% " * 100_000 + ")}</style>" + "<p>x</p>" * 300,
        "<p style='color:color()'>x</p>",
        "<p bgcolor='" + "1" * 100_000 + "'>x</p>",
        "<p bgcolor='" + "(" * 100_000 + "'>x</p>",
        "<p>" + "<span hidden>x</span>y" * 20_000,
        "<h3>T</h3><p style='display:none'>x</p>" * 30_000 + "<script></script>",
    ],
)
def test_odd_styles_take_no_more_than_seconds(page: str) -> None:
    tree = parse_html(page)
    start = time.process_time()
    drop_hidden(tree)
    assert time.process_time() - start < 10


def draw(
    canvas: Canvas, words: str, x: float = 72, y: float = 600, *, color: Color = black, size: float = 12, mode: int = 0
) -> None:
    text = canvas.beginText(x, y)
    text.setFont("Helvetica", size)
    text.setFillColor(color)
    text.setTextRenderMode(mode)
    text.textOut(words)
    text.setTextRenderMode(0)
    canvas.drawText(text)
    canvas.setFillColor(black)


def draw_box(canvas: Canvas, color: Color, height: float = 40) -> None:
    canvas.setFillColor(color)
    canvas.rect(50, 590, 400, height, stroke=0, fill=1)


def draw_clipped(canvas: Canvas, words: str, width: float, x: float = 0) -> None:
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(x, 590, width, 40)
    canvas.clipPath(path, stroke=0)
    draw(canvas, words)
    canvas.restoreState()


def draw_image(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("L", (8, 8), 200)), 0, 0, 595, 842)


def draw_form(canvas: Canvas, paint: Callable[[Canvas], object]) -> None:
    canvas.beginForm("form")
    paint(canvas)
    canvas.endForm()
    canvas.saveState()
    canvas.translate(20, -30)
    canvas.doForm("form")
    canvas.restoreState()


def draw_scaled(canvas: Canvas, words: str, scale: float) -> None:
    canvas.saveState()
    canvas.scale(scale, scale)
    draw(canvas, words, 72 / scale, 600 / scale)
    canvas.restoreState()


def read_drawing(folder: Path, *paints: Callable[[Canvas], object], crop: tuple[int, ...] | None = None) -> str:
    canvas = Canvas(str(folder / "page.pdf"))
    if crop:
        canvas.setCropBox(crop)
    for paint in paints:
        paint(canvas)
    canvas.showPage()
    canvas.save()
    return assemble("page.pdf", read_pdf(folder / "page.pdf")).text


@pytest.mark.parametrize(
    "paints",
    [
        [lambda c: draw(c, SECRET, mode=3)],
        [lambda c: draw(c, SECRET, mode=7)],
        [lambda c: draw(c, SECRET, color=white)],
        [lambda c: draw(c, SECRET, color=Color(0.99, 0.98, 0.99))],
        [lambda c: draw(c, SECRET, color=Color(0, 0, 0, alpha=0))],
        [lambda c: draw(c, SECRET, size=0.5)],
        [lambda c: draw(c, SECRET, size=1)],
        [lambda c: draw_scaled(c, SECRET, 0.01)],
        [lambda c: draw(c, SECRET, x=-900)],
        [lambda c: draw(c, SECRET, y=2000)],
        [lambda c: draw_box(c, navy), lambda c: draw(c, SECRET, color=navy)],
        [lambda c: draw_box(c, navy), lambda c: draw_box(c, white), lambda c: draw(c, SECRET, color=white)],
        [lambda c: draw(c, SECRET, color=white), lambda c: draw_box(c, navy, height=3)],
        [lambda c: draw_clipped(c, SECRET, 20)],
        [lambda c: draw_form(c, lambda form: draw(form, SECRET, mode=3))],
        [lambda c: draw_form(c, lambda form: draw(form, SECRET, color=white))],
        [lambda c: draw_form(c, lambda form: draw_clipped(form, SECRET, 20))],
    ],
)
def test_words_that_no_page_of_a_pdf_shows_are_left_out(
    tmp_path: Path, paints: list[Callable[[Canvas], object]]
) -> None:
    assert read_drawing(tmp_path, lambda c: draw(c, SHOWN, y=500), *paints) == SHOWN


def test_words_outside_of_the_crop_box_are_left_out(tmp_path: Path) -> None:
    shown, cropped = (lambda c: draw(c, SHOWN, y=500)), (lambda c: draw(c, SECRET, y=800))
    assert read_drawing(tmp_path, shown, cropped, crop=(0, 0, 595, 700)) == SHOWN


@pytest.mark.parametrize(
    "paints",
    [
        [draw_image, lambda c: draw(c, SHOWN, mode=3)],
        [lambda c: draw(c, SHOWN, mode=3), draw_image],
        [draw_image, lambda c: draw(c, SHOWN, color=white)],
        [lambda c: draw_form(c, draw_image), lambda c: draw(c, SHOWN, mode=3)],
        [draw_image, lambda c: draw_form(c, lambda form: draw(form, SHOWN, mode=3))],
        [lambda c: draw_box(c, black, height=20), lambda c: draw(c, SHOWN, mode=3)],
        [lambda c: draw_box(c, navy), lambda c: draw(c, SHOWN, color=white)],
        [lambda c: draw_form(c, lambda form: draw_box(form, navy)), lambda c: draw(c, SHOWN, y=575, color=white)],
        [lambda c: c.circle(200, 600, 190, fill=1), lambda c: draw(c, SHOWN, color=white)],
        [lambda c: c.setLineWidth(30), lambda c: c.line(50, 605, 400, 605), lambda c: draw(c, SHOWN, color=white)],
        [lambda c: c.linearGradient(0, 590, 400, 630, (black, navy)), lambda c: draw(c, SHOWN, color=white)],
        [lambda c: draw(c, SHOWN, size=4)],
        [lambda c: draw(c, SHOWN, color=Color(0.8, 0.8, 0.8))],
        [lambda c: draw(c, SHOWN, color=white, mode=2)],
        [lambda c: draw_scaled(c, SHOWN, 0.5)],
        [lambda c: draw(c, SHOWN, x=-20)],
        [lambda c: draw_clipped(c, SHOWN, 120)],
        [lambda c: draw_form(c, lambda form: draw_clipped(form, SHOWN, 120))],
    ],
)
def test_words_that_a_page_of_a_pdf_shows_stay(tmp_path: Path, paints: list[Callable[[Canvas], object]]) -> None:
    assert read_drawing(tmp_path, *paints) == SHOWN


W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'


def format_run(run: Run, settings: str) -> None:
    properties = parse_xml(f"<w:rPr {nsdecls('w')} {W14}>{settings}</w:rPr>")
    for setting in properties:
        run._r.get_or_add_rPr().append(setting)


def read_letter(folder: Path, build: Callable[[docx.document.Document], object]) -> str:
    document = docx.Document()
    document.add_paragraph(SHOWN)
    build(document)
    document.save(str(folder / "letter.docx"))
    return assemble("letter.docx", read_docx(folder / "letter.docx")).text


def add_run(document: docx.document.Document, words: str, settings: str, paragraph: str = "") -> None:
    added = document.add_paragraph()
    if paragraph:
        added._p.get_or_add_pPr().append(parse_xml(f"<{paragraph} {nsdecls('w')}/>"))
    format_run(added.add_run(words), settings)


def add_styled(document: docx.document.Document, words: str, settings: str, kind: int) -> None:
    style, derived = document.styles.add_style("Base", kind), document.styles.add_style("Derived", kind)
    style.element.append(parse_xml(f"<w:rPr {nsdecls('w')}>{settings}</w:rPr>"))
    derived.base_style = style
    if kind == 1:
        document.add_paragraph(words, derived)
    else:
        document.add_paragraph().add_run(words, derived)


def add_row(
    document: docx.document.Document, words: str, settings: str, *, row: str = "", cell: str = "", style: str = ""
) -> None:
    table = document.add_table(1, 1, style or None)
    if row:
        table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<{row} {nsdecls('w')}/>"))
    if cell:
        table.cell(0, 0)._tc.get_or_add_tcPr().append(parse_xml(f"<{cell} {nsdecls('w')}/>"))
    format_run(table.cell(0, 0).paragraphs[0].add_run(words), settings)


WHITE = '<w:color w:val="FFFFFF"/>'


@pytest.mark.parametrize(
    "build",
    [
        lambda d: add_run(d, SECRET, "<w:vanish/>"),
        lambda d: add_run(d, SECRET, '<w:vanish w:val="true"/>'),
        lambda d: add_run(d, SECRET, "<w:webHidden/>"),
        lambda d: add_run(d, SECRET, WHITE),
        lambda d: add_run(d, SECRET, '<w:color w:val="FDFDFD"/>'),
        lambda d: add_run(d, SECRET, '<w:sz w:val="2"/>'),
        lambda d: add_run(d, SECRET, '<w:color w:val="FFFFFF"/><w:sz w:val="1"/>'),
        lambda d: add_run(d, SECRET, '<w:color w:val="1F3864"/><w:shd w:val="clear" w:fill="1F3864"/>'),
        lambda d: add_run(d, SECRET, '<w:color w:val="000000"/><w:highlight w:val="black"/>'),
        lambda d: add_run(d, SECRET, "<w14:textFill><w14:noFill/></w14:textFill>"),
        lambda d: add_styled(d, SECRET, "<w:vanish/>", 1),
        lambda d: add_styled(d, SECRET, "<w:vanish/>", 2),
        lambda d: add_styled(d, SECRET, WHITE, 1),
        lambda d: add_row(d, SECRET, "", row="w:hidden"),
        lambda d: add_row(d, SECRET, WHITE),
        lambda d: add_row(d, SECRET, WHITE, style="Table Grid"),
    ],
)
def test_words_that_a_letter_hides_are_left_out(
    tmp_path: Path, build: Callable[[docx.document.Document], object]
) -> None:
    assert read_letter(tmp_path, build) == SHOWN


NOTE = "Showers are included."


@pytest.mark.parametrize(
    "build",
    [
        lambda d: add_run(d, NOTE, '<w:vanish w:val="0"/>'),
        lambda d: add_run(d, NOTE, '<w:sz w:val="12"/><w:color w:val="A6A6A6"/>'),
        lambda d: add_run(d, NOTE, f'{WHITE}<w:shd w:val="clear" w:fill="1F3864"/>'),
        lambda d: add_run(d, NOTE, f'{WHITE}<w:highlight w:val="darkBlue"/>'),
        lambda d: add_run(d, NOTE, WHITE, paragraph='w:shd w:val="clear" w:fill="000000"'),
        lambda d: add_run(d, NOTE, '<w:color w:val="auto"/><w:shd w:val="clear" w:fill="000000"/>'),
        lambda d: add_row(d, NOTE, WHITE, cell='w:shd w:val="clear" w:fill="1F3864"'),
        lambda d: add_row(d, NOTE, WHITE, style="Medium Shading 1 Accent 1"),
        lambda d: add_styled(d, NOTE, '<w:vanish w:val="false"/>', 1),
    ],
)
def test_words_that_a_letter_shows_stay(tmp_path: Path, build: Callable[[docx.document.Document], object]) -> None:
    assert NOTE in read_letter(tmp_path, build)


def add_words(
    slide: Slide, words: str, *, left: float = 1, xml: str = "", size: float = 18, hidden: bool = False
) -> object:
    """Add a box of text; `xml` is what fills its letters."""
    box = slide.shapes.add_textbox(Inches(left), Inches(3), Inches(4), Inches(1))
    run = box.text_frame.paragraphs[0].add_run()
    run.text = words
    run.font.size = Pt(size)
    if xml:
        run._r.get_or_add_rPr().insert(0, parse_drawing(xml))
    if hidden:
        box.element._nvXxPr.cNvPr.set("hidden", "1")
    return None


def parse_drawing(xml: str) -> object:
    return pptx.oxml.parse_xml(f"<a:rPr {pptx.oxml.ns.nsdecls('a')}>{xml}</a:rPr>")[0]


def fill(inside: str) -> str:
    return f"<a:solidFill>{inside}</a:solidFill>"


def fill_box(slide: Slide, color: str) -> object:
    shape = slide.shapes.add_shape(1, Inches(1), Inches(3), Inches(4), Inches(1))
    shape.fill.solid()
    shape.fill.fore_color.rgb = RGBColor.from_string(color)
    return None


def add_filled(slide: Slide, words: str, letters: str, color: str) -> None:
    fill_box(slide, color)
    run = slide.shapes[-1].text_frame.paragraphs[0].add_run()
    run.text = words
    run.font.color.rgb = RGBColor.from_string(letters)


def add_cell(slide: Slide, words: str, letters: str, color: str = "") -> None:
    cell = slide.shapes.add_table(2, 1, 0, 0, Inches(4), Inches(1)).table.cell(1, 0)
    run = cell.text_frame.paragraphs[0].add_run()
    run.text = words
    run.font.color.rgb = RGBColor.from_string(letters)
    if color:
        cell.fill.solid()
        cell.fill.fore_color.rgb = RGBColor.from_string(color)


def darken(slide: Slide) -> object:
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = RGBColor(0, 0, 64)
    return None


def read_talk(folder: Path, build: Callable[[Slide], object], *, show: str = "1") -> str:
    presentation = pptx.Presentation()
    for number in range(2):
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        add_first = add_words if number == 0 else build
        add_first(slide, *([SHOWN] if number == 0 else []))
    slide.element.set("show", show)
    presentation.save(str(folder / "talk.pptx"))
    return assemble("talk.pptx", read_pptx(folder / "talk.pptx")).text


@pytest.mark.parametrize(
    "build",
    [
        lambda s: add_words(s, SECRET, size=1),
        lambda s: add_words(s, SECRET, left=-9),
        lambda s: add_words(s, SECRET, left=20),
        lambda s: add_words(s, SECRET, hidden=True),
        lambda s: add_words(s, SECRET, xml="<a:noFill/>"),
        lambda s: add_words(s, SECRET, xml=fill('<a:srgbClr val="000000"><a:alpha val="0"/></a:srgbClr>')),
        lambda s: add_words(s, SECRET, xml=fill('<a:srgbClr val="FFFFFF"/>')),
        lambda s: add_words(s, SECRET, xml=fill('<a:schemeClr val="bg1"/>')),
        lambda s: darken(s) or add_words(s, SECRET, xml=fill('<a:srgbClr val="000040"/>')),
        lambda s: add_filled(s, SECRET, "FFFFFF", "FFFFFF"),
        lambda s: add_cell(s, SECRET, "203864", "203864"),
    ],
)
def test_words_that_a_talk_hides_are_left_out(tmp_path: Path, build: Callable[[Slide], object]) -> None:
    text = read_talk(tmp_path, build)
    assert SHOWN in text
    assert SECRET not in text


def test_a_hidden_slide_is_left_out(tmp_path: Path) -> None:
    assert read_talk(tmp_path, lambda slide: add_words(slide, SECRET), show="0") == f"Slide 1\n\n{SHOWN}"


@pytest.mark.parametrize(
    "build",
    [
        lambda s: add_words(s, NOTE, size=6),
        lambda s: add_words(s, NOTE, left=-3),
        lambda s: add_words(s, NOTE, xml=fill('<a:srgbClr val="BFBFBF"/>')),
        lambda s: darken(s) or add_words(s, NOTE, xml=fill('<a:schemeClr val="bg1"/>')),
        lambda s: fill_box(s, "203864") or add_words(s, NOTE, xml=fill('<a:srgbClr val="FFFFFF"/>')),
        lambda s: add_filled(s, NOTE, "FFFFFF", "203864"),
        lambda s: add_cell(s, NOTE, "FFFFFF"),
        lambda s: add_cell(s, NOTE, "FFFFFF", "203864"),
    ],
)
def test_words_that_a_talk_shows_stay(tmp_path: Path, build: Callable[[Slide], object]) -> None:
    assert NOTE in read_talk(tmp_path, build)


def read_book(folder: Path, change: Callable[[Worksheet], object]) -> str:
    """Return the text of a workbook whose row 3, or cell B3, is changed."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [["Harbour", "Fee", "Boats"], ["Odderoy", 170, 12], ["Querva", 888, 34]]:
        sheet.append(row)
    change(sheet)
    book.save(folder / "book.xlsx")
    return assemble("book.xlsx", read_xlsx(folder / "book.xlsx")).text


def style(sheet: Worksheet, **styles: object) -> None:
    for name, value in styles.items():
        setattr(sheet["B3"], name, value)


def add_sheet(sheet: Worksheet, state: str) -> None:
    sheet.delete_rows(3)
    other = sheet.parent.create_sheet("More")
    other.append(["Querva", 888])
    other.sheet_state = state


def add_filter(sheet: Worksheet) -> None:
    sheet.auto_filter.ref = "A1:C3"
    sheet.auto_filter.add_filter_column(0, ["Odderoy"])
    sheet.row_dimensions[3].hidden = True


def add_table(sheet: Worksheet) -> None:
    sheet.add_table(Table(ref="A1:C3", displayName="Fees", tableStyleInfo=TableStyleInfo("TableStyleDark1")))
    style(sheet, font=Font(color="FFFFFF"))


def add_condition(sheet: Worksheet) -> None:
    sheet.conditional_formatting.add("B2:B3", FormulaRule(["B2>500"], fill=PatternFill(bgColor="FF0000")))
    style(sheet, font=Font(color="FFFFFF"))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: add_sheet(s, "hidden"),
        lambda s: add_sheet(s, "veryHidden"),
        lambda s: setattr(s.row_dimensions[3], "hidden", True),
        lambda s: setattr(s.row_dimensions[3], "height", 0.5),
        lambda s: setattr(s.column_dimensions["B"], "hidden", True),
        lambda s: style(s, number_format=";;;"),
        lambda s: style(s, number_format=";;"),
        lambda s: style(s, number_format="[White]0"),
        lambda s: style(s, font=Font(color="FFFFFF")),
        lambda s: style(s, font=Font(color=CellColor(theme=0))),
        lambda s: style(s, font=Font(color=CellColor(indexed=9))),
        lambda s: style(s, font=Font(size=1)),
        lambda s: style(s, font=Font(color="203864"), fill=PatternFill("solid", "203864")),
    ],
)
def test_what_a_sheet_hides_is_left_out(tmp_path: Path, change: Callable[[Worksheet], object]) -> None:
    text = read_book(tmp_path, change)
    assert "888" not in text
    assert "Harbour: Odderoy" in text


@pytest.mark.parametrize(
    "change",
    [
        add_filter,
        add_table,
        add_condition,
        lambda s: s.row_dimensions.group(3, 3, hidden=True),
        lambda s: s.column_dimensions.group("B", "B", hidden=True),
        lambda s: style(s, number_format="0;;"),
        lambda s: style(s, font=Font(color="FFFFFF"), fill=PatternFill("solid", "203864")),
        lambda s: style(s, font=Font(color=CellColor(theme=0, tint=-0.35))),
        lambda s: style(s, font=Font(color="BFBFBF", size=6)),
        lambda s: style(s, font=Font(color=CellColor(auto=True))),
    ],
)
def test_what_a_sheet_shows_stays(tmp_path: Path, change: Callable[[Worksheet], object]) -> None:
    assert "Fee: 888" in read_book(tmp_path, change)


def read_markdown(folder: Path, text: str) -> str:
    path = folder / "note.md"
    path.write_text(text, encoding="utf-8")
    return " ".join(read_document(path).text.split())


@pytest.mark.parametrize(
    "hidden",
    [
        f"<!-- {SECRET} -->",
        f"<!--\n\n{SECRET}\n\n-->",
        f"- <!-- {SECRET} -->",
        f"[//]: # ({SECRET})",
        f'[comment]: <> "{SECRET}"',
        f"[unused]: https://example.org '{SECRET}'",
        f'<p style="display:none">{SECRET}</p>',
        f"<div hidden>\n\n{SECRET} <div>{SECRET}</div>\n\n</div>",
        f'<span style="color:white; font-size:1px">{SECRET}</span>',
        f'<font color="#fff">{SECRET}</font>',
        f'<style>.x {{ display:none }}</style><p class="x">{SECRET}</p>',
        f"<template>{SECRET}</template>",
        f"~~{SECRET}~~",
        f"~~{SECRET}\n{SECRET}~~",
        f"<del>{SECRET}</del>",
        f"<s>{SECRET}</s>",
    ],
)
def test_words_that_markdown_hides_are_left_out(tmp_path: Path, hidden: str) -> None:
    assert (
        read_markdown(tmp_path, f"# Harbour\n\n{SHOWN}\n\n{hidden}\n\n{NOTE}\n").replace(" - ", " ")
        == f"# Harbour {SHOWN} {NOTE}"
    )


@pytest.mark.parametrize(
    "shown",
    [
        f"```html\n<!-- {NOTE} -->\n```",
        f"~~~\n<p hidden>{NOTE}</p>\n~~~",
        f"Write `<!-- {NOTE} -->` in the page.",
        f"As a block:\n\n    <div hidden>\n\n    {NOTE} </div>",
        f"<details><summary>More</summary>{NOTE}</details>",
        f'<p style="color:#666">{NOTE}</p>',
        f"<!-- is how a comment begins. {NOTE}",
        f"Write <div hidden> to hide. {NOTE}",
        f'See [the list][fees].\n\n[fees]: https://example.org "{NOTE}"',
        f"[^1]: {NOTE}",
        f"[Fees]: {NOTE}",
        f"Write `~~{NOTE}~~` to strike it out.",
        f"Write \\~~{NOTE}~~ to strike it out.",
        f"It took ~~ {NOTE} ~~ of a day.",
        f"It took ~~5 hours.\n\n{NOTE}~~",
        f"~~~\n~~{NOTE}~~\n~~~",
    ],
)
def test_words_that_markdown_shows_stay(tmp_path: Path, shown: str) -> None:
    assert NOTE in read_markdown(tmp_path, f"{SHOWN}\n\n{shown}\n")


def test_signs_that_spell_unseen_words_are_left_out_and_those_of_scripts_stay(tmp_path: Path) -> None:
    unseen = "".join(chr(0xE0000 + ord(letter)) for letter in SECRET)
    scripts = "می‌خواهم 👩‍🚒 क्‍ष"
    path = tmp_path / "note.txt"
    path.write_text(f"{scripts} {unseen}{SHOWN}\u202e", encoding="utf-8")
    assert read_document(path).text == f"{scripts} {SHOWN}"
    assert read_page(f"<p>{scripts} {unseen}{SHOWN}</p>") == f"{scripts} {SHOWN}"


def write_epub(path: Path, chapter: str, style: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        container = '<container><rootfiles><rootfile full-path="book/book.opf"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", container)
        item = '<item id="c" href="text/c.xhtml" media-type="application/xhtml+xml"/>'
        archive.writestr(
            "book/book.opf", f'<package><manifest>{item}</manifest><spine><itemref idref="c"/></spine></package>'
        )
        head = '<link rel="stylesheet" href="../style%20one.css"/><link rel="stylesheet" href="gone.css"/>'
        page = f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{chapter}</body></html>'
        archive.writestr("book/text/c.xhtml", page)
        archive.writestr("book/style one.css", style)
    return path


def test_words_that_the_style_sheet_of_a_book_hides_are_left_out(tmp_path: Path) -> None:
    chapter = f'<p>{SHOWN}</p><p class="x">{SECRET}</p><p style="opacity:0">{SECRET}</p><p class="y">{NOTE}</p>'
    style = ".x { display:none } .y { color:#fff; background:#036 }"
    document = read_document(write_epub(tmp_path / "book.epub", chapter, style))
    assert document.text == f"{SHOWN}\n\n{NOTE}"


def test_words_that_a_letter_in_the_mail_hides_are_left_out(tmp_path: Path) -> None:
    page = f'<style>.x {{ display:none }}</style><p>{SHOWN}</p><p class="x">{SECRET}</p><p style="zoom:0">{SECRET}</p>'
    path = tmp_path / "letter.eml"
    path.write_text(f"From: a@example.org\nSubject: Fee\nContent-Type: text/html\n\n{page}", encoding="utf-8")
    assert read_document(path).text == SHOWN
