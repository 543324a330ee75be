"""Measures how the reader of PDF files keeps headings, the rows of tables and the order of the text.

    python benchmarks/reading.py [FOLDER]

The program writes its own documents with reportlab, Chromium and LibreOffice, as far as they are installed, and reads
them. FOLDER keeps the PDF files.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from click import echo as say
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

from rag.documents.blocks import Block
from rag.documents.formats.pdf.reader import read_pdf

NOUNS = "bridge harbour council mayor engineer river school budget tram station workshop library garden roof tenant"
VERBS = "repairs visits closes opens pays measures renews describes inspects paints"
ENDS = "before the end of March|in the old part of the town|without the help of the county|for the next two winters"
CSS = """body { font: 11pt 'DejaVu Serif'; } h1 { font-size: 20pt } h2 { font-size: 14pt } h3 { font-size: 11.5pt }
table { border-collapse: collapse; width: 100%; margin: 8pt 0 } td, th { padding: 2pt 6pt; text-align: left;
vertical-align: top } .ruled td, .ruled th { border: 1px solid black } .two { columns: 2 }"""


class Part(NamedTuple):
    """A heading (h1 to h3), a paragraph (p), an item (li), or a table with or without rules (ruled, plain)."""

    tag: str
    text: str = ""
    rows: Sequence[Sequence[str]] = ()

    @property
    def has_header(self) -> bool:
        """Whether the first row names the columns."""
        return bool(self.rows) and len(self.rows[0]) > 2


class Text(NamedTuple):
    """A document: its name, its parts and the number of its columns."""

    name: str
    parts: list[Part]
    columns: int = 1


class Score(NamedTuple):
    """How many of the headings, rows and pairs of neighbouring parts a reader kept, and how many there are."""

    headings: tuple[int, int]
    wrong_headings: int
    rows: tuple[int, int]
    pairs: tuple[int, int]


def make_sentence(choice: random.Random) -> str:
    nouns = choice.sample(NOUNS.split(), 3)
    verb, end = choice.choice(VERBS.split()), choice.choice(ENDS.split("|"))
    return f"The {nouns[0]} {verb} the {nouns[1]} number {choice.randint(2, 999)} of the {nouns[2]} {end}."


def make_paragraph(choice: random.Random, sentences: int) -> Part:
    return Part("p", " ".join(make_sentence(choice) for _ in range(sentences)))


def make_texts() -> list[Text]:
    choice = random.Random(7)  # noqa: S311
    return [make_report(choice), make_invoice(choice), make_manual(choice), make_prices(choice), make_paper(choice)]


def make_report(choice: random.Random) -> Text:
    parts = [Part("h1", "Yearly report of the harbour"), make_paragraph(choice, 4)]
    for chapter, title in enumerate(("Traffic", "Costs", "Works", "Outlook"), 1):
        parts.append(Part("h2", f"{chapter} {title}"))
        for section, topic in enumerate(("Summary", "Figures of the year", "Changes"), 1):
            parts.append(Part("h3", f"{chapter}.{section} {topic} of {title.lower()}"))
            parts.append(make_paragraph(choice, choice.randint(3, 6)))
        names = ["Ambery", "Holm", "Kvarn Bridge", "Tarnby Harbour", "Weir Lane"]
        body = [
            [name, str(choice.randint(10, 99)), f"{choice.randint(1, 9)},{choice.randint(100, 999)}", "yes"]
            for name in names
        ]
        parts.append(Part("ruled" if chapter % 2 else "plain", rows=[["Station", "Ships", "Tons", "Open"], *body]))
    return Text("report", parts)


def make_invoice(choice: random.Random) -> Text:
    facts = [["Invoice no.", "8841"], ["Invoice date", "3 April 2024"], ["Customer", "Sorrel Primary School"]]
    goods = ["Bicycle 20 inch, red", "Helmet size S", "Assembly and delivery", "Spare tube", "Lamp"]
    body = [[item, str(choice.randint(1, 9)), f"{choice.randint(10, 99)}.50", f"{choice.randint(100, 999)}.00"]
            for item in goods]  # fmt: skip
    parts = [Part("h1", "Invoice"), make_paragraph(choice, 2), Part("plain", rows=facts), make_paragraph(choice, 1)]
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


def write_html(text: Text) -> str:
    body = "\n".join(map(show_part, text.parts))
    kind = "two" if text.columns == 2 else "one"
    return f"<!doctype html><meta charset=utf-8><style>{CSS}</style><body><div class={kind}>{body}</div></body>"


def show_part(part: Part) -> str:
    if not part.rows:
        return f"<{part.tag}>{escape(part.text)}</{part.tag}>"
    cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in part.rows]
    return f"<table class={part.tag}>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def write_with_chromium(text: Text, path: Path) -> None:
    page = path.with_suffix(".html")
    page.write_text(write_html(text), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    run([*command, f"--print-to-pdf={path}", page.as_uri()])


def write_with_libreoffice(text: Text, path: Path) -> None:
    page = path.with_suffix(".html")
    page.write_text(write_html(text), encoding="utf-8")
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    filters = ["--infilter=HTML (StarWriter)", "--convert-to", "pdf:writer_pdf_Export"]
    run(["soffice", profile, "--headless", *filters, "--outdir", str(path.parent), str(page)])


def run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def write_with_reportlab(text: Text, path: Path) -> None:
    def decorate(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.drawString(72, 810, "Town of Ambery, yearly papers")
        canvas.drawCentredString(300, 30, f"Page {canvas.getPageNumber()}")

    width = 450 / text.columns
    frames = [Frame(72 + column * width, 60, width - 10, 730) for column in range(text.columns)]
    template = BaseDocTemplate(str(path), pagesize=A4)
    template.addPageTemplates([PageTemplate(frames=frames, onPage=decorate)])
    template.build([make_flowable(part) for part in text.parts])


def make_flowable(part: Part) -> Flowable:
    styles = getSampleStyleSheet()
    if not part.rows:
        return Paragraph(escape(part.text), styles[{"p": "Normal", "li": "Normal"}.get(part.tag, part.tag)])
    rules = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if part.tag == "ruled" else []
    widths = [450 / len(part.rows[0])] * len(part.rows[0])
    cells = [[Paragraph(escape(cell), styles["Normal"]) for cell in row] for row in part.rows]
    return Table(cells, colWidths=widths, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *rules])


WRITERS: dict[str, tuple[Callable[[Text, Path], None], str | None]] = {
    "reportlab": (write_with_reportlab, None),
    "chromium": (write_with_chromium, "chromium"),
    "libreoffice": (write_with_libreoffice, "soffice"),
}


def squeeze(text: str) -> str:
    return "".join(text.split())


def score(text: Text, blocks: Sequence[Block], title: str | None) -> Score:
    headings = {squeeze(part.text) for part in text.parts if part.tag.startswith("h")}
    found = {squeeze(block.text) for block in blocks if block.kind == "heading"} | {squeeze(title or "")}
    # The first row of three columns or more names them; its words are in the other rows.
    rows = [row for part in text.parts for row in part.rows[part.has_header :]]
    lines = [squeeze(line) for block in blocks for line in block.text.split("\n")]
    kept = sum(any(is_row(row, rows, line) for line in lines) for row in rows)
    everything = squeeze("".join(block.text for block in blocks))
    places = list(find_places(text, everything))
    pairs = [0 <= one < other for one, other in pairwise(places)]
    wrong = len({block.text for block in blocks if block.kind == "heading" and squeeze(block.text) not in headings})
    return Score((len(headings & found), len(headings)), wrong, (kept, len(rows)), (sum(pairs), len(pairs)))


def is_row(row: Sequence[str], rows: Sequence[Sequence[str]], line: str) -> bool:
    """Return whether a line has all cells of a row in their order, and not those of another row."""
    place = 0
    for cell in map(squeeze, row):
        place = line.find(cell, place)
        if place < 0:
            return False
        place += len(cell)
    others = (squeeze("".join(other)) for other in rows if other is not row)
    longest = 3 * len(squeeze("".join(row))) + 60  # with the words of the header
    return len(line) <= longest and not any(other in line for other in others)


def find_places(text: Text, everything: str) -> Iterator[int]:
    """Yield where the parts of a text begin in what was read; a broken one, or one that is missing, is at -1."""
    place = 0
    for part in text.parts:
        words = part.text if not part.rows else part.rows[-1][0]
        place_now = everything.find(squeeze(words), max(place, 0))
        yield place_now
        place = max(place, place_now)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as place:
        return measure(folder or Path(place))


def measure(folder: Path) -> int:
    say(f"{'file':28}{'headings':>12}{'wrong':>8}{'rows':>12}{'order':>12}")
    totals: list[Score] = []
    for writer, (write, program) in WRITERS.items():
        if program and not shutil.which(program):
            continue
        (folder / writer).mkdir(parents=True, exist_ok=True)
        for text in make_texts():
            path = (folder / writer / f"{text.name}.pdf").resolve()
            if not path.exists():
                write(text, path)
            extract = read_pdf(path)
            totals.append(score(text, list(extract.blocks), extract.title))
            show(f"{writer}/{text.name}", totals[-1])
    wrong = sum(result.wrong_headings for result in totals)
    headings = add_up([result.headings for result in totals])
    rows = add_up([result.rows for result in totals])
    pairs = add_up([result.pairs for result in totals])
    show("all", Score(headings, wrong, rows, pairs))
    return 0


def add_up(counts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(kept for kept, _ in counts), sum(count for _, count in counts)


def show(name: str, result: Score) -> None:
    shares = [f"{kept}/{count}" for kept, count in (result.headings, result.rows, result.pairs)]
    say(f"{name:28}{shares[0]:>12}{result.wrong_headings:>8}{shares[1]:>12}{shares[2]:>12}")


if __name__ == "__main__":
    sys.exit(main())
