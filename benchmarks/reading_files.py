"""Makes documents and has other programs write them as files of ten formats.

The parts of each document are known, so `benchmarks/reading.py` can score what readers make of the files. A writer
whose program is not installed is left out.
"""

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from itertools import groupby, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import docx
import openpyxl
import pptx
import xlsxwriter
from docx.oxml.ns import qn
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

NOUNS = "bridge harbour council mayor engineer river school budget tram station workshop library garden roof tenant"
VERBS = "repairs visits closes opens pays measures renews describes inspects paints"
ENDS = "before the end of March|in the old part of the town|without the help of the county|for the next two winters"
STATIONS = ("Ambery", "Holm", "Kvarn Bridge", "Tarnby Harbour", "Weir Lane")
RUNNING_HEAD = "Town of Ambery, yearly papers"
CSS = """body { font: 11pt 'DejaVu Serif'; } h1 { font-size: 20pt } h2 { font-size: 14pt } h3 { font-size: 11.5pt }
table { border-collapse: collapse; width: 100%; margin: 8pt 0 } td, th { padding: 2pt 6pt; text-align: left;
vertical-align: top } .ruled td, .ruled th { border: 1px solid black } .two { columns: 2 }"""
HEADINGS = ("h1", "h2", "h3")
SHEETS = ("xlsx", "ods")
TEXT_FORMATS = ("pdf", "docx", "odt", "rtf", "html", "epub")
PANDOC_FORMATS = ("docx", "odt", "rtf", "html", "epub")
SUFFIXES = ("pdf", "docx", "odt", "rtf", "html", "epub", "md", "pptx", "xlsx", "ods")

# The number of rows and columns that a cell covers, by its place; a covered cell has no entry.
Spans = dict[tuple[int, int], tuple[int, int]]


class Part(NamedTuple):
    """A heading (h1 to h3), a paragraph (p), an item (li, ol), or a table with or without rules (ruled, plain).

    `headers` is the number of rows that name the columns. If the part `merges`, equal neighbours in the first column,
    and in the first of two rows of headers, are one cell of the file. A letterhead (head) is at the top of the first
    page.
    """

    tag: str
    text: str = ""
    rows: Sequence[Sequence[str]] = ()
    headers: int = 1
    note: str = ""
    merges: bool = True


class Text(NamedTuple):
    """A document: its name, its parts and the number of its columns."""

    name: str
    parts: list[Part]
    columns: int = 1


# The texts that one program writes in one format, by the paths of their files.
Texts = dict[Path, Text]


class Sample(NamedTuple):
    """A file, who wrote it, and the text that is in it."""

    path: Path
    writer: str
    text: Text


def make_sentence(choice: random.Random) -> str:
    nouns = choice.sample(NOUNS.split(), 3)
    verb, end = choice.choice(VERBS.split()), choice.choice(ENDS.split("|"))
    return f"The {nouns[0]} {verb} the {nouns[1]} number {choice.randint(2, 999)} of the {nouns[2]} {end}."


def make_paragraph(choice: random.Random, sentences: int, note: str = "") -> Part:
    return Part("p", " ".join(make_sentence(choice) for _ in range(sentences)), note=note)


def make_texts() -> list[Text]:
    choice = random.Random(7)  # noqa: S311
    makers = (make_report, make_invoice, make_manual, make_prices, make_paper, make_letter, make_statistics)
    return [make(choice) for make in (*makers, make_leaflet)]


def make_report(choice: random.Random) -> Text:
    parts = [Part("h1", "Yearly report of the harbour"), make_paragraph(choice, 4)]
    for chapter, title in enumerate(("Traffic", "Costs", "Works", "Outlook"), 1):
        parts.append(Part("h2", f"{chapter} {title}"))
        for section, topic in enumerate(("Summary", "Figures of the year", "Changes"), 1):
            parts.append(Part("h3", f"{chapter}.{section} {topic} of {title.lower()}"))
            parts.append(make_paragraph(choice, choice.randint(3, 6)))
        body = [
            [name, str(choice.randint(10, 99)), f"{choice.randint(1, 9)},{choice.randint(100, 999)}", "yes"]
            for name in STATIONS
        ]
        parts.append(Part("ruled" if chapter % 2 else "plain", rows=[["Station", "Ships", "Tons", "Open"], *body]))
    return Text("report", parts)


def make_invoice(choice: random.Random) -> Text:
    facts = [["Invoice no.", "8841"], ["Invoice date", "3 April 2024"], ["Customer", "Sorrel Primary School"]]
    goods = ["Bicycle 20 inch, red", "Helmet size S", "Assembly and delivery", "Spare tube", "Lamp"]
    body = [[item, str(choice.randint(1, 9)), f"{choice.randint(10, 99)}.50", f"{choice.randint(100, 999)}.00"]
            for item in goods]  # fmt: skip
    parts = [Part("h1", "Invoice"), make_paragraph(choice, 2), Part("plain", rows=facts, headers=0)]
    parts += [make_paragraph(choice, 1)]
    parts += [Part("plain", rows=[["Description", "Quantity", "Unit price", "Amount"], *body])]
    parts += [Part("h2", "Payment"), make_paragraph(choice, 3)]
    return Text("invoice", parts)


def make_manual(choice: random.Random) -> Text:
    data = [
        ["", "P100", "P200", "P300"],
        ["Power (W)", "450", "750", "1100"],
        ["Maximum pressure (bar)", "", "4.2", "5.1"],
        ["Weight (kg)", "5.9", "8.4", "11.2"],
        ["Dry-run protection", "", "yes", "yes"],
    ]
    names = ("No water", "Loud noise", "Stops early", "Leak below")
    faults = [["Fault", "Cause", "Remedy"], *([name, make_sentence(choice), make_sentence(choice)] for name in names)]
    parts = [Part("h1", "Garden pumps"), make_paragraph(choice, 3), Part("h2", "Technical data")]
    parts += [make_paragraph(choice, 2), Part("plain", rows=data), make_paragraph(choice, 2)]
    parts += [Part("h2", "Faults"), make_paragraph(choice, 2), Part("ruled", rows=faults), Part("h2", "Care")]
    parts += [Part("li", make_sentence(choice)) for _ in range(5)] + [make_paragraph(choice, 4)]
    return Text("manual", parts)


def make_prices(choice: random.Random) -> Text:
    rows = [["Article", "Code", "Size", "Price"]]
    for number in range(70):
        nouns = " ".join(choice.sample(NOUNS.split(), 2)).capitalize()
        rows.append([nouns, f"K-{number + 100}", f"{choice.randint(1, 40)} cm", f"{choice.randint(2, 90)}.90"])
    return Text("prices", [Part("h1", "Price list"), make_paragraph(choice, 2), Part("plain", rows=rows)])


def make_paper(choice: random.Random) -> Text:
    parts = []
    for number, title in enumerate(("Introduction", "Methods", "Results", "Discussion", "Conclusion"), 1):
        parts.append(Part("h2", f"{number} {title}"))
        parts += [make_paragraph(choice, choice.randint(3, 7)) for _ in range(4)]
    return Text("paper", parts, columns=2)


def make_letter(choice: random.Random) -> Text:
    facts = [["Meter", "EX 4711-20"], ["Place", "Cellar, left wall"], ["Read last", "9 October 2023"]]
    parts = [Part("head", "Ambery Waterworks, 3 Mill Lane, telephone 0555 019 200"), Part("p", "3 March 2025")]
    parts += [Part("h1", "Your meter will be changed")]
    parts += [make_paragraph(choice, 3, note="By-law 12 of the town, part 4.")]
    parts += [Part("plain", rows=facts, headers=0), Part("h2", "What you should do")]
    parts += [Part("ol", make_sentence(choice)) for _ in range(6)]
    parts += [Part("h2", "Costs"), make_paragraph(choice, 2, note="Minutes of the council, December.")]
    parts += [Part("p", "Ada Lind")]
    return Text("letter", parts)


def make_statistics(choice: random.Random) -> Text:
    years = [["Station", "Year 2023", "Year 2023", "Year 2024", "Year 2024"]]
    years += [["Station", "Ships", "Tons", "Ships", "Tons"]]
    years += [[name, *(str(choice.randint(100, 999)) for _ in range(4))] for name in STATIONS]
    months = [["Region", "Month", "Visitors"]]
    for region in ("North", "South", "Islands"):
        months += [[region, month, str(choice.randint(1000, 9999))] for month in ("January", "February", "March")]
    parts = [Part("h1", "Statistics of the coast"), make_paragraph(choice, 3)]
    tables = (("Ships", Part("ruled", rows=years, headers=2)), ("Guests", Part("ruled", rows=months)))
    for title, table in tables:
        parts += [Part("h2", title), Part("h3", f"How {title.lower()} are counted"), make_paragraph(choice, 4)]
        note = f"{title} of the ferry are left out."
        parts += [Part("h3", f"{title} in each place"), table, make_paragraph(choice, 2, note=note)]
    return Text("statistics", parts)


def make_leaflet(choice: random.Random) -> Text:
    parts = [Part("h1", "Walks around the town")]
    for title in ("Along the river", "The old walls", "To the lighthouse", "Woods and fields", "With children"):
        parts += [Part("h2", title), make_paragraph(choice, 4)]
        parts += [Part("li", make_sentence(choice)) for _ in range(3)] + [make_paragraph(choice, 3)]
    return Text("leaflet", parts, columns=2)


def find_spans(part: Part) -> Spans:
    """Return how many rows and columns each cell of a table covers."""
    if not part.merges:
        return {(row, column): (1, 1) for row, cells in enumerate(part.rows) for column in range(len(cells))}
    spans: Spans = {}
    labels = [row[0] for row in part.rows]
    for row, cells in enumerate(part.rows):
        is_grouped = row < part.headers - 1
        for column, cell in enumerate(cells):
            is_below = column == 0 and row > 0 and cell and labels[row - 1] == cell
            is_beside = column > 0 and is_grouped and cells[column - 1] == cell
            if is_below or is_beside:
                continue
            height = count_equal(labels[row:]) if column == 0 and cell else 1
            width = count_equal(cells[column:]) if column > 0 and is_grouped else 1
            spans[row, column] = (height, width)
    return spans


def count_equal(cells: Sequence[str]) -> int:
    """Return how many cells at the beginning are equal."""
    return len(list(takewhile(lambda cell: cell == cells[0], cells)))


def split_slides(text: Text) -> list[list[Part]]:
    """Return the parts of each slide: a heading and what is below it, tables last."""
    slides: list[list[Part]] = [[]]
    for part in text.parts:
        if part.tag in HEADINGS:
            slides.append([])
        slides[-1].append(part)
    return [sorted(slide, key=lambda part: bool(part.rows)) for slide in slides if slide]


def make_sheets(text: Text) -> Text:
    """Return the tables of a text, each below the last heading, which names its sheet, and a sentence."""
    sheets: list[Part] = []
    names: set[str] = set()
    heading = sentence = ""
    for part in text.parts:
        if part.tag in HEADINGS:
            heading = part.text
        elif part.tag == "p":
            sentence = part.text.split(". ")[0].rstrip(".") + "."
        elif part.rows:
            name = heading if heading not in names else f"{heading} {len(names) + 1}"
            names.add(name)
            sheets += [Part("h1", name), Part("p", sentence), part]
    return Text(text.name, sheets)


def write_html(text: Text, show_note: Callable[[str, int], str]) -> str:
    body = "\n".join(show_parts(text, show_note))
    if text.columns == 2:
        body = f"<div class=two>{body}</div>"
    return f"<!doctype html><meta charset=utf-8><style>{CSS}</style><body>{body}</body>"


def show_parts(text: Text, show_note: Callable[[str, int], str]) -> Iterator[str]:
    """Yield the HTML of the parts; items that follow each other are one list."""
    number = 0
    for tag, group in groupby(text.parts, lambda part: part.tag):
        lines = []
        for part in group:
            number += bool(part.note)
            note = show_note(part.note, number) if part.note else ""
            element = {"head": "p", "ol": "li"}.get(tag, tag)
            lines.append(show_table(part) if part.rows else f"<{element}>{escape(part.text)}{note}</{element}>")
        content = "\n".join(lines)
        around = {"li": "ul", "ol": "ol"}.get(tag)
        yield f"<{around}>{content}</{around}>" if around else content


def show_table(part: Part) -> str:
    spans = find_spans(part)
    rows = []
    for number, cells in enumerate(part.rows):
        tag = "th" if number < part.headers and part.tag == "ruled" else "td"
        row = ""
        for column, cell in enumerate(cells):
            height, width = spans.get((number, column), (0, 0))
            if height:
                row += f"<{tag} rowspan={height} colspan={width}>{escape(cell)}</{tag}>"
        rows.append(f"<tr>{row}</tr>")
    return f"<table class={part.tag} border={int(part.tag == 'ruled')}>{''.join(rows)}</table>"


def show_linked_note(note: str, number: int) -> str:
    """Return the mark of a footnote: Chromium raises it, and LibreOffice reads it as a footnote with its text."""
    return f'<a class=sdfootnoteanc name=sdfootnote{number}anc href="#sdfootnote{number}sym"><sup>{number}</sup></a>'


def write_linked_html(text: Text) -> str:
    notes = [part.note for part in text.parts if part.note]
    html = write_html(text, show_linked_note)
    for number, note in enumerate(notes, 1):
        link = f'<a class=sdfootnotesym name=sdfootnote{number}sym href="#sdfootnote{number}anc">{number}</a>'
        html += f"<div id=sdfootnote{number}><p>{link} {escape(note)}</p></div>"
    return html


def write_with_chromium(text: Text, path: Path) -> None:
    page = path.with_suffix(".html")
    page.write_text(write_linked_html(text), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    run([*command, f"--print-to-pdf={path}", page.as_uri()])
    page.unlink()


def write_with_libreoffice(texts: Texts) -> None:
    """Write pages of HTML, which LibreOffice reads and saves in the format of the paths."""
    with TemporaryDirectory() as place:
        for path, text in texts.items():
            page = Path(place, path.stem + ".html")
            page.write_text(write_linked_html(text), encoding="utf-8")
        convert(Path(place).glob("*.html"), Path(place), "odt", "--infilter=HTML (StarWriter)")
        save_as(Path(place).glob("*.odt"), texts)


def save_as(files: Iterable[Path], texts: Texts) -> None:
    """Have LibreOffice save files in the folder and the format of the texts' paths."""
    path = next(iter(texts))
    convert(files, path.parent, path.suffix[1:])


def convert(files: Iterable[Path], folder: Path, suffix: str, *options: str) -> None:
    """Have LibreOffice save files in another format, in one run, because it takes seconds to start."""
    with TemporaryDirectory() as profile:
        command = ["soffice", f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", *options]
        run([*command, "--convert-to", suffix, "--outdir", str(folder), *map(str, files)])


def run(command: Sequence[str], words: str | None = None) -> str:
    """Return the output of a program that gets some words as its input."""
    done = subprocess.run(command, input=words, check=True, capture_output=True, encoding="utf-8", timeout=600)
    return done.stdout


def write_with_pandoc(text: Text, path: Path, *options: str) -> None:
    """Have pandoc write a text; it can set two columns only with an option for LaTeX."""
    page = text._replace(columns=1)
    html = write_html(page, lambda note, _: f"<span class=note>{escape(note)}</span>")
    parts = json.loads(run(["pandoc", "-f", "html", "-t", "json"], html))
    words = json.dumps(make_notes(parts))
    if path.suffix != ".md":
        title = "title" if path.suffix == ".epub" else "pagetitle"
        options = ("--standalone", f"--metadata={title}:{text.name}", *options)
    run(["pandoc", "-f", "json", *options, "-o", str(path)], words)


def make_notes(node: Any) -> Any:
    """Return pandoc's tree of a document with its spans of the class "note" as footnotes."""
    if isinstance(node, list):
        return [make_notes(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if node.get("t") == "Span" and "note" in node["c"][0][1]:
        return {"t": "Note", "c": [{"t": "Para", "c": node["c"][1]}]}
    return {name: make_notes(inner) for name, inner in node.items()}


def write_gfm(text: Text, path: Path) -> None:
    write_with_pandoc(text, path, "-t", "gfm+footnotes")


def write_slides_with_pandoc(text: Text, path: Path) -> None:
    write_with_pandoc(text, path, "--slide-level=3")


def write_with_latex(text: Text, path: Path) -> None:
    source = path.with_suffix(".tex")
    options = ["-V", "geometry=a4paper", *(["-V", "classoption=twocolumn"] if text.columns == 2 else [])]
    write_with_pandoc(text, source, *options)
    for _ in range(2):  # the second run gives the columns of long tables their widths
        run(["pdflatex", "-interaction=nonstopmode", f"-output-directory={path.parent}", str(source)])
    for suffix in (".tex", ".aux", ".log", ".out"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def write_with_reportlab(text: Text, path: Path) -> None:
    def decorate(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.drawString(72, 810, RUNNING_HEAD)
        canvas.drawCentredString(300, 30, f"Page {canvas.getPageNumber()}")

    width = 450 / text.columns
    frames = [Frame(72 + column * width, 60, width - 10, 730) for column in range(text.columns)]
    template = BaseDocTemplate(str(path), pagesize=A4)
    template.addPageTemplates([PageTemplate(frames=frames, onPage=decorate)])
    template.build([make_flowable(part) for part in text.parts])


def make_flowable(part: Part) -> Flowable:
    styles = getSampleStyleSheet()
    if not part.rows:
        return Paragraph(escape(part.text), styles[part.tag if part.tag in HEADINGS else "Normal"])
    spans = find_spans(part)
    look: list[tuple[Any, ...]] = [("VALIGN", (0, 0), (-1, -1), "TOP")]
    look += [("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if part.tag == "ruled" else []
    look += [("SPAN", (column, row), (column + width - 1, row + height - 1))
             for (row, column), (height, width) in spans.items()]  # fmt: skip
    widths = [450 / len(part.rows[0])] * len(part.rows[0])
    cells = [[Paragraph(escape(cell), styles["Normal"]) for cell in row] for row in part.rows]
    return Table(cells, colWidths=widths, style=look)


def write_with_python_docx(text: Text, path: Path) -> None:
    document = docx.Document()
    section = document.sections[0]
    columns = section._sectPr.xpath("./w:cols")[0]
    columns.set(qn("w:num"), str(text.columns))
    for part in text.parts:
        if part.tag == "head":
            section.different_first_page_header_footer = True
            section.first_page_header.paragraphs[0].text = part.text
        elif part.rows:
            table = document.add_table(len(part.rows), len(part.rows[0]))
            table.style = "Table Grid" if part.tag == "ruled" else "Normal Table"
            fill_table(table, part)
        elif part.tag in HEADINGS:
            document.add_heading(part.text, HEADINGS.index(part.tag) + 1)
        else:
            document.add_paragraph(part.text, {"li": "List Bullet", "ol": "List Number"}.get(part.tag))
    document.save(str(path))


def fill_table(table: Any, part: Part) -> None:
    """Write the cells of a table of python-docx or python-pptx, which have the same names, and merge them."""
    for (row, column), (height, width) in find_spans(part).items():
        cell = table.cell(row, column)
        cell.text = part.rows[row][column]
        if height > 1 or width > 1:
            cell.merge(table.cell(row + height - 1, column + width - 1))


def write_with_python_pptx(text: Text, path: Path) -> None:
    show = pptx.Presentation()
    for parts in split_slides(text):
        slide = show.slides.add_slide(show.slide_layouts[1])
        body = slide.placeholders[1].text_frame
        for part in parts:
            if part.tag in HEADINGS:
                slide.shapes.title.text = part.text
            elif part.rows:
                size = (len(part.rows), len(part.rows[0]))
                frame = slide.shapes.add_table(*size, Inches(1), Inches(4), Inches(8), Inches(2))
                frame.table.first_row = bool(part.headers)
                fill_table(frame.table, part)
            else:
                paragraph = body.add_paragraph() if body.text else body.paragraphs[0]
                paragraph.text = part.text
    show.save(str(path))


def write_slides_with_libreoffice(texts: Texts) -> None:
    """Have LibreOffice read slides of python-pptx and save them, through its own format."""
    with TemporaryDirectory() as place:
        for path, text in texts.items():
            write_with_python_pptx(text, Path(place, path.stem + ".pptx"))
        convert(Path(place).glob("*.pptx"), Path(place), "odp")
        save_as(Path(place).glob("*.odp"), texts)


def to_value(cell: str) -> tuple[str | float, str]:
    """Return the value of a cell in a sheet, and the format that shows it: 99.5 and "0.00" for "99.50"."""
    digits = cell.replace(",", "")
    if digits.isdecimal():
        return int(digits), "#,##0" if "," in cell else "0"
    if digits.count(".") == 1 and digits.replace(".", "").isdecimal():
        return float(digits), "0." + "0" * len(digits.partition(".")[2])
    return cell, "General"


def write_with_openpyxl(text: Text, path: Path) -> None:
    """Write sheets without styles; each table begins in the third row."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, sentence, table in group_sheets(text):
        sheet = book.create_sheet(name.text)
        sheet["A1"] = sentence.text
        for (row, column), (height, width) in find_spans(table).items():
            cell = sheet.cell(row + 3, column + 1)
            cell.value, cell.number_format = to_value(table.rows[row][column])
            if height > 1 or width > 1:
                sheet.merge_cells(None, row + 3, column + 1, row + height + 2, column + width)
    book.save(path)


def group_sheets(text: Text) -> list[tuple[Part, Part, Part]]:
    """Return the name, the sentence and the table of each sheet."""
    return list(zip(text.parts[::3], text.parts[1::3], text.parts[2::3], strict=True))


def write_with_xlsxwriter(text: Text, path: Path) -> None:
    """Write sheets with bold headers and a merged cell above each table."""
    book = xlsxwriter.Workbook(str(path))
    for name, sentence, table in group_sheets(text):
        sheet = book.add_worksheet(name.text)
        sheet.merge_range(0, 0, 0, len(table.rows[0]) - 1, sentence.text, book.add_format({"italic": True}))
        for (row, column), (height, width) in find_spans(table).items():
            value, shown = to_value(table.rows[row][column])
            look = book.add_format({"bold": row < table.headers, "num_format": shown})
            if height > 1 or width > 1:
                sheet.merge_range(row + 2, column, row + height + 1, column + width - 1, value, look)
            else:
                sheet.write(row + 2, column, value, look)
    book.close()


def write_sheets_with_libreoffice(texts: Texts) -> None:
    """Have LibreOffice save sheets of XlsxWriter as .ods, or sheets of openpyxl as .xlsx through .ods."""
    with TemporaryDirectory() as place:
        for path, text in texts.items():
            write = write_with_openpyxl if path.suffix == ".xlsx" else write_with_xlsxwriter
            write(text, Path(place, path.stem + ".xlsx"))
        convert(Path(place).glob("*.xlsx"), Path(place), "ods")
        save_as(Path(place).glob("*.ods"), texts)


def one_by_one(write: Callable[[Text, Path], None]) -> Callable[[Texts], None]:
    """Return a function that writes several texts, each by a separate call."""

    def write_all(texts: Texts) -> None:
        for path, text in texts.items():
            write(text, path)

    return write_all


class Writer(NamedTuple):
    """A function that writes texts as files, its format, and the program that it needs."""

    name: str
    suffix: str
    write: Callable[[Texts], None]
    program: str = ""
    writes_notes: bool = True
    merges_cells: bool = True


WRITERS = (
    Writer("reportlab", "pdf", one_by_one(write_with_reportlab), writes_notes=False),
    Writer("chromium", "pdf", one_by_one(write_with_chromium), "chromium"),
    Writer("latex", "pdf", one_by_one(write_with_latex), "pdflatex", merges_cells=False),
    Writer("python-docx", "docx", one_by_one(write_with_python_docx), writes_notes=False),
    Writer("python-pptx", "pptx", one_by_one(write_with_python_pptx), writes_notes=False),
    Writer("pandoc", "pptx", one_by_one(write_slides_with_pandoc), "pandoc"),
    Writer("libreoffice", "pptx", write_slides_with_libreoffice, "soffice", writes_notes=False),
    Writer("pandoc-gfm", "md", one_by_one(write_gfm), "pandoc", merges_cells=False),
    Writer("openpyxl", "xlsx", one_by_one(write_with_openpyxl)),
    Writer("xlsxwriter", "xlsx", one_by_one(write_with_xlsxwriter)),
    Writer("libreoffice", "xlsx", write_sheets_with_libreoffice, "soffice"),
    Writer("libreoffice", "ods", write_sheets_with_libreoffice, "soffice"),
    *(Writer("libreoffice", suffix, write_with_libreoffice, "soffice") for suffix in TEXT_FORMATS),
    *(Writer("pandoc", suffix, one_by_one(write_with_pandoc), "pandoc") for suffix in PANDOC_FORMATS),
    Writer("pandoc", "md", one_by_one(write_with_pandoc), "pandoc", merges_cells=False),
)


def write_files(folder: Path, formats: Sequence[str]) -> list[Sample]:
    """Write all files of some formats that are not in a folder yet, and return all."""
    samples = []
    for writer in WRITERS:
        if writer.suffix not in formats or (writer.program and not shutil.which(writer.program)):
            continue
        place = folder.resolve() / writer.suffix / writer.name
        place.mkdir(parents=True, exist_ok=True)
        texts = {place / f"{text.name}.{writer.suffix}": text for text in make_shaped_texts(writer)}
        missing = {path: text for path, text in texts.items() if not path.exists()}
        if missing:
            writer.write(missing)
        samples += [Sample(path, writer.name, text) for path, text in texts.items()]
    return samples


def make_shaped_texts(writer: Writer) -> list[Text]:
    """Return the texts that a writer can write: only tables in sheets, and tables last on slides."""
    texts = make_texts()
    if writer.suffix == "pptx":
        texts = [text._replace(parts=[part for slide in split_slides(text) for part in slide]) for text in texts]
    if writer.suffix in SHEETS:
        texts = [make_sheets(text) for text in texts]
    shaped = [text._replace(parts=[shape_part(part, writer) for part in text.parts]) for text in texts]
    return [text for text in shaped if text.parts]


def shape_part(part: Part, writer: Writer) -> Part:
    note = part.note if writer.writes_notes else ""
    return part._replace(note=note, merges=writer.merges_cells)
