"""The measures of `benchmarks/reading.py`, and files that readers of documents read wrongly once."""

from pathlib import Path

import docx
import openpyxl
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from benchmarks.reading import Content, Score, score
from benchmarks.reading_files import Part, Text, find_spans, make_sheets
from rag.documents.formats.pdf.reader import read_pdf
from rag.documents.read import read_document

FILES = Path(__file__).parent / "files" / "pdf"
TABLE = Part("ruled", rows=[["Boat", "Built"], ["Petrel", "1998"], ["Tern", "2004"]])
TEXT = Text("boats", [Part("h1", "Our boats"), Part("p", "There are two."), TABLE, Part("p", "Both sail.")])


def test_a_text_that_is_read_whole_has_full_scores() -> None:
    text = "Our boats\n\nThere are two.\n\nBoat: Petrel; Built: 1998\nBoat: Tern; Built: 2004\n\nBoth sail."
    # 13 words; the header is repeated, which adds "Boat" and "Built" once.
    assert score(TEXT, Content(text, {"Our boats"})) == Score((13, 13), (15, 15), (2, 2), (2, 2), (1, 1), (3, 3), 0)


def test_each_fault_of_a_reader_lowers_its_measure() -> None:
    # The second row is on two lines, "two" is lost, "Part 9" and a heading are made up, the last part is first.
    text = "Both sail.\n\nOur boats\n\nThere are.\n\nBoat Built\nPetrel 1998\nTern\n2004\n\nchapter"
    assert score(TEXT, Content(text, {"Petrel"})) == Score((12, 13), (12, 13), (1, 2), (1, 2), (0, 1), (0, 3), 1)


def test_equal_neighbours_in_headers_and_labels_are_one_cell() -> None:
    rows = [["Place", "2023", "2023"], ["Place", "In", "Out"], ["North", "1", "1"], ["North", "2", "2"]]
    spans = find_spans(Part("ruled", rows=rows, headers=2))
    assert {place: span for place, span in spans.items() if span != (1, 1)} == {
        (0, 0): (2, 1),
        (0, 1): (1, 2),
        (2, 0): (2, 1),
    }
    assert set(spans) == {(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 1), (3, 2)}


def test_each_sheet_has_the_name_of_the_heading_and_a_sentence() -> None:
    assert [part.text or "table" for part in make_sheets(TEXT).parts] == ["Our boats", "There are two.", "table"]


def test_hebrew_of_a_pdf_file_that_is_drawn_from_left_to_right_is_read_from_right_to_left() -> None:
    text = read_document(FILES / "hebrew.pdf").text
    assert "דמי החבר לשנה הם 45 שקלים." in text
    assert "המנהלת היא רותי כהן." in text


def test_a_first_column_without_a_label_names_the_rows_of_a_word_table(tmp_path: Path) -> None:
    document = docx.Document()
    rows = [("", "Weekday", "Weekend"), ("Adult", "8.00", "9.50"), ("Family (2 + 3)", "19.00", "24.00")]
    table = document.add_table(3, 3)
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, words in zip(row.cells, cells, strict=True):
            cell.text = words
    path = tmp_path / "prices.docx"
    document.save(str(path))
    assert read_document(path).text.split("\n") == [
        "Adult; Weekday: 8.00; Weekend: 9.50",
        "Family (2 + 3); Weekday: 19.00; Weekend: 24.00",
    ]


def test_a_sheet_with_a_look_in_its_last_row_has_no_empty_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Item", "Stock"], ["Screws", 5400], ["Washers", 12000]):
        book.active.append(row)
    book.active.cell(1_048_576, 1).number_format = "0.00"
    path = tmp_path / "stock.xlsx"
    book.save(path)
    assert read_document(path).text == "Sheet\n\nItem: Screws; Stock: 5400\nItem: Washers; Stock: 12000"


def test_the_facts_beside_an_article_are_lines_with_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "lake.html"
    facts = "<tr><th>Area</th><td>37.4 km<sup>2</sup></td></tr><tr><th>Max. depth</th><td>118 m (387 ft)</td></tr>"
    path.write_text(
        f"<title>Lake Torvann</title><h1>Lake Torvann</h1><table>{facts}</table><p>Lake Torvann is a lake "
        "in the county of Nordmark. Its ice carries cars from January to March in most years.</p>",
        encoding="utf-8",
    )
    assert "Area: 37.4 km²\nMax. depth: 118 m (387 ft)" in read_document(path).text


def test_a_table_of_a_text_file_keeps_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "paid.txt"
    path.write_text("DATE\tCustomer\tAmount\n03-Jan\tAlder\t5\n06-Feb\tBirch\t75\n", encoding="utf-8")
    assert "06-Feb\tBirch\t75" in read_document(path).text.splitlines()


def test_numbers_of_a_table_that_goes_on_on_the_next_page_are_whole() -> None:
    text = read_document(FILES / "long-table.pdf").text
    assert [f"K-{number}" for number in range(100, 170) if f"K-{number}" not in text] == []
    assert "Article: Council workshop; Code: K-162; Size: 11 cm; Price: 11.90" in text


@pytest.mark.parametrize("number", ["Page 1", "1 of 3", "– Seite 2/3 –", "第 1 页"])
def test_the_number_of_a_single_page_is_not_a_heading(tmp_path: Path, number: str) -> None:
    path = tmp_path / "letter.pdf"
    canvas = Canvas(str(path))
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    canvas.setFont("STSong-Light", 12)
    canvas.drawCentredString(300, 30, number)
    canvas.setFont("Helvetica-Bold", 14)
    canvas.drawString(72, 700, "3 Phase 2")
    canvas.setFont("Helvetica", 10)
    for line in range(8):
        canvas.drawString(
            72, 680 - 12 * line, "The bridge opens the library of the tenant in the old part of the town,"
        )
    canvas.save()
    headings = [block.text for block in read_pdf(path).blocks if block.kind == "heading"]
    assert headings == ["3 Phase 2"]
