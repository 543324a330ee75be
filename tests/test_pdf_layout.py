"""Reading PDF files with more than one column of text: tables, columns, forms, notes."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from reportlab.lib.colors import black
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

from rag.documents.formats.pdf.footnotes import set_notes_aside
from rag.documents.formats.pdf.letters import read_lines
from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.reader import read_pdf

FILES = Path(__file__).parent / "files" / "pdf"
PROSE = (
    "The board met on Monday in the hall at the harbour and heard the report of the treasurer, who said that",
    "the costs of the new roof are higher than planned, because the price of slate has risen since spring and the",
    "firm that was to do the work has closed. The board decided to ask three other firms for an offer.",
)
BOATS = (
    ("Boat", "Built", "Keeper"),
    ("Petrel", "1998", "Ada Lind"),
    ("Tern", "2004", "Ben Okafor"),
    ("Gannet", "2011", "Carla Ruiz"),
)
ROWS = [f"Boat: {name}; Built: {year}; Keeper: {keeper}" for name, year, keeper in BOATS[1:]]


def read_texts(path: Path) -> list[str]:
    return [block.text for block in read_pdf(path).blocks]


def open_canvas(path: Path) -> Canvas:
    canvas = Canvas(str(path))
    canvas.setFont("Helvetica", 11)
    return canvas


def draw_lines(canvas: Canvas, lines: Sequence[str], *, left: float = 72, top: float = 760, pitch: float = 14) -> None:
    for i, line in enumerate(lines):
        canvas.drawString(left, top - pitch * i, line)


def draw_rows(
    canvas: Canvas, rows: Sequence[Sequence[str]], *, top: float, lefts: Sequence[float], pitch: float = 16
) -> None:
    for i, row in enumerate(rows):
        for left, cell in zip(lefts, row, strict=True):
            canvas.drawString(left, top - pitch * i, cell)


def test_each_row_of_a_table_is_an_item_with_the_words_of_its_header() -> None:
    blocks = list(read_pdf(FILES / "table.pdf").blocks)
    assert [block.text for block in blocks if block.kind == "item"] == [
        "Description: Body labour on the rear bumper; Quantity: 2; Unit price: 150.00; Amount: 300.00",
        "Description: Paint labour; Quantity: 1.5; Unit price: 150.00; Amount: 225.00",
        "Description: Paint and supplies; Quantity: 1; Unit price: 60.00; Amount: 60.00",
        "Description: Sales tax; Unit price: 10.20 %; Amount: 278.46",
        "Description: Total; Amount: 863.46",
    ]


def test_a_table_that_goes_on_on_the_next_pages_keeps_its_labels(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "boats.pdf")
    boats = [("Boat", "Built", "Keeper"), *((f"Tern {number}", str(1990 + number), "Ada") for number in range(30))]
    for start in (0, 10, 20):
        canvas.setFont("Helvetica", 11)
        canvas.drawString(72, 800, "Boats of the club")
        canvas.drawCentredString(300, 30, f"Page {1 + start // 10}")
        draw_rows(canvas, boats[start : start + 10], top=720, lefts=(72, 200, 300))
        canvas.showPage()
    canvas.save()
    items = [block.text for block in read_pdf(tmp_path / "boats.pdf").blocks if block.kind == "item"]
    assert items == [f"Boat: {name}; Built: {year}; Keeper: {keeper}" for name, year, keeper in boats[1:30]]


@pytest.mark.parametrize(("line", "lefts"), [("The boats of another club:", (72, 200, 300)), ("", (72, 230, 360))])
def test_another_table_on_the_next_page_has_no_labels_of_the_one_before(
    tmp_path: Path, line: str, lefts: Sequence[float]
) -> None:
    canvas = open_canvas(tmp_path / "boats.pdf")
    draw_rows(canvas, BOATS, top=720, lefts=(72, 200, 300))
    canvas.showPage()
    canvas.setFont("Helvetica", 11)
    canvas.drawString(72, 760, line)
    draw_rows(canvas, BOATS[1:], top=720, lefts=lefts)
    canvas.save()
    assert read_texts(tmp_path / "boats.pdf")[-3:] == ["; ".join(boat) for boat in BOATS[1:]]


def test_an_empty_cell_stays_empty() -> None:
    texts = read_texts(FILES / "empty-cells.pdf")
    assert "Maximum pressure (bar); P200: 4.2; P300: 5.1" in texts
    assert "Weight (kg); P100: 5.9; P200: 8.4; P300: 11.2" in texts


def test_a_table_that_the_file_has_column_by_column_is_read_by_rows() -> None:
    texts = read_texts(FILES / "table-by-columns.pdf")
    assert "Due date: 17 April 2024" in texts
    assert "Pos: 2; Description: Helmet size S; Qty: 6; Unit price: 24.50; Amount: 147.00" in texts
    assert "Total due: 1,595.79" in texts


def test_a_table_is_apart_from_the_text_around_it(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    draw_lines(canvas, PROSE)
    draw_rows(canvas, BOATS, top=700, lefts=(72, 200, 330))
    draw_lines(canvas, PROSE, top=630)
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == [" ".join(PROSE), *ROWS, " ".join(PROSE)]


def test_lines_drawn_around_cells_show_which_lines_are_one_row(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    heights = (720, 690, 660, 630)
    cells = (("Fault", "Remedy of the fault"), ("No water", "Open the valve at the|wall"), ("Noise", "Call the|firm"))
    for (top, bottom), row in zip(pairwise(heights), cells, strict=True):
        for (left, right), cell in zip(((72, 140), (140, 300)), row, strict=True):
            canvas.rect(left, bottom, right - left, top - bottom)
            draw_lines(canvas, cell.split("|"), left=left + 4, top=top - 12, pitch=12)
    canvas.save()
    texts = read_texts(tmp_path / "a.pdf")
    assert [text.split(": ", 1)[-1] for text in texts if "valve" in text] == ["Open the valve at the wall"]
    assert any("Noise" in text and "Call the firm" in text for text in texts)


def test_lines_under_the_header_and_above_the_last_row_do_not_join_the_rows_between(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    draw_rows(canvas, BOATS, top=700, lefts=(72, 200, 330))
    for y in (712, 696, 664, 648):
        canvas.line(70, y, 400, y)
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == ROWS


def draw_grid(path: Path, rows: Sequence[Sequence[str]], *style: tuple[object, ...]) -> list[str]:
    """Return what is read of a table with lines around its cells."""
    canvas = open_canvas(path)
    grid = Table(rows, colWidths=90, style=[("GRID", (0, 0), (-1, -1), 0.5, black), *style])
    grid.wrapOn(canvas, 500, 500)
    grid.drawOn(canvas, 72, 500)
    canvas.save()
    return read_texts(path)


@pytest.mark.parametrize("height", ["TOP", "MIDDLE", "BOTTOM"])
def test_the_label_of_several_rows_is_in_each_of_them(tmp_path: Path, height: str) -> None:
    months = ("January", "February", "March")
    rows = [["Place", "Month", "Guests"], *(["", month, guests] for guests in ("6739", "8270") for month in months)]
    rows[1][0], rows[4][0] = "North", "South"
    spans = [("SPAN", (0, 1), (0, 3)), ("SPAN", (0, 4), (0, 6)), ("VALIGN", (0, 0), (-1, -1), height)]
    assert draw_grid(tmp_path / "guests.pdf", rows, *spans) == [
        *(f"Place: North; Month: {month}; Guests: 6739" for month in months),
        *(f"Place: South; Month: {month}; Guests: 8270" for month in months),
    ]


def test_an_empty_cell_with_lines_around_it_has_no_label_of_another_row(tmp_path: Path) -> None:
    rows = [["Place", "Month", "Guests"], ["North", "January", "6739"], ["", "February", "8270"]]
    assert draw_grid(tmp_path / "guests.pdf", rows)[1] == "Month: February; Guests: 8270"


@pytest.mark.parametrize("side", ["LEFT", "CENTER"])
def test_a_header_of_two_rows_names_each_column(tmp_path: Path, side: str) -> None:
    rows = [
        ["Place", "In 2023", "", "In 2024", ""],
        ["", "Ships", "Tons", "Ships", "Tons"],
        *([f"Holm {number}", "561", "198", "165", f"75{number}"] for number in range(6)),
    ]
    spans = [("SPAN", (0, 0), (0, 1)), ("SPAN", (1, 0), (2, 0)), ("SPAN", (3, 0), (4, 0))]
    assert draw_grid(tmp_path / "ships.pdf", rows, *spans, ("ALIGN", (0, 0), (-1, -1), side)) == [
        f"Place: Holm {number}; In 2023 Ships: 561; In 2023 Tons: 198; In 2024 Ships: 165; In 2024 Tons: 75{number}"
        for number in range(6)
    ]


def test_a_list_with_wide_gaps_behind_its_numbers_is_no_table(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    items = [("1.", "Order the crane."), ("2.", "Dig the basin."), ("3.", "Fill it."), ("4.", "Test the pump.")]
    draw_rows(canvas, items, top=700, lefts=(72, 110))
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == [f"{number} {text}" for number, text in items]


def test_two_columns_of_text_that_the_file_has_one_after_the_other_are_no_table(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    columns = [[f"the {side} column number {i} goes on and on" for i in range(12)] for side in ("left", "right")]
    for left, lines in zip((72, 320), columns, strict=True):
        draw_lines(canvas, lines, left=left)
    canvas.save()
    assert " ".join(read_texts(tmp_path / "a.pdf")).split() == " ".join([*columns[0], *columns[1]]).split()


def test_short_lines_beside_a_column_of_text_are_no_table(tmp_path: Path) -> None:
    skills = ["Skills", "Python", "SQL", "Languages", "English", "German", "Hobbies", "Chess"]
    text = [f"of the work that I did in year {number} I liked the boats best and" for number in range(8)]
    canvas = open_canvas(tmp_path / "a.pdf")
    draw_lines(canvas, skills)
    draw_lines(canvas, text, left=200)
    canvas.save()
    words = " ".join(read_texts(tmp_path / "a.pdf")).split()
    assert words == " ".join([*skills, *text]).split()


def test_the_next_line_of_a_cell_belongs_to_its_row_although_the_rows_are_as_near(tmp_path: Path) -> None:
    rows = [
        ("Part", "Use", "Price"),
        ("Pump", "Moves the water from the", "40.00"),
        ("", "cellar to the garden.", ""),
        ("Valve", "Closes the pipe.", "7.50"),
        ("Hose", "Joins them.", "9.00"),
    ]
    canvas = open_canvas(tmp_path / "a.pdf")
    draw_rows(canvas, rows, top=700, lefts=(72, 150, 320), pitch=14)
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == [
        "Part: Pump; Use: Moves the water from the cellar to the garden.; Price: 40.00",
        "Part: Valve; Use: Closes the pipe.; Price: 7.50",
        "Part: Hose; Use: Joins them.; Price: 9.00",
    ]


def test_a_table_in_one_of_two_columns_is_read_by_rows(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    left, right = ([f"the {side} column number {i} goes on and on" for i in range(14)] for side in ("left", "right"))
    draw_lines(canvas, left)
    boats = [("Petrel", "1998"), ("Tern", "2004"), ("Gannet", "2011"), ("Heron", "2015"), ("Curlew", "2019")]
    draw_rows(canvas, boats, top=760 - 14 * 15, lefts=(72, 160))
    draw_lines(canvas, right, left=330)
    draw_lines(canvas, right, left=330, top=760 - 14 * 14)
    canvas.save()
    texts = read_texts(tmp_path / "a.pdf")
    rows = [f"{boat}: {year}" for boat, year in boats]
    assert [text for text in texts if text in rows] == rows
    assert texts.index(rows[-1]) < min(i for i, text in enumerate(texts) if "right column" in text)


def test_two_columns_that_the_file_has_line_by_line_are_read_one_after_the_other() -> None:
    assert read_texts(FILES / "columns-by-rows.pdf") == [
        "The council met on Monday evening to decide about the bridge over the river, which has been closed since the "
        "flood of last spring. The mayor said that the repair would cost four million euros.",
        "The school gets a new roof in summer. Lessons move to the town hall in June and July, and the pupils are "
        "taken there by bus every morning. The head teacher asks parents to write to her by May.",
    ]


def test_a_turned_stamp_does_not_part_a_sentence(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    draw_lines(canvas, PROSE[:2])
    canvas.saveState()
    canvas.translate(200, 500)
    canvas.rotate(45)
    canvas.setFont("Helvetica", 40)
    canvas.drawString(0, 0, "DRAFT COPY")
    canvas.restoreState()
    draw_lines(canvas, PROSE[2:], top=732)
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == [" ".join(PROSE), "DRAFT COPY"]


def test_marks_of_footnotes_are_no_digits_of_numbers_and_notes_do_not_part_a_sentence() -> None:
    texts = read_texts(FILES / "footnote.pdf")
    assert "more than 1.5 degrees, and the plan which the council made in the winter" in texts[0]
    assert texts[0].endswith("as the mayor says in his letter to the tenants of the northern building.")
    assert texts[1:] == ["7 Paris Agreement, article 2.", "8 Minutes of 4 December."]


def test_other_raised_digits_stay_raised(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    text = canvas.beginText(72, 700)
    for words, rise in (("The flat has 85 m", 0), ("2", 4), (" and the lake 10", 0), ("6", 4), (" litres; H", 0)):
        text.setFont("Helvetica", 7 if rise else 12)
        text.setRise(rise)
        text.textOut(words)
    canvas.drawText(text)
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == ["The flat has 85 m² and the lake 10⁶ litres; H"]


POWERS = ["80 m²", "80m²", "30 km²", "4 in²", "12 cm³", "80 €/m²", "x² + y²", "(a + b)²", "5 s⁻²"]


@pytest.mark.parametrize("power", POWERS)
def test_a_power_stays_beside_the_mark_of_a_note_with_the_same_number(power: str) -> None:
    assert read_with_note(f"The sum is {power} in all.²", "2 Measured in 2019.") == f"The sum is {power} in all."


@pytest.mark.parametrize(
    "words", ["the harbour", "the year 900", "the house they live in", "it’s", "tenants (see below)"]
)
def test_a_mark_after_a_word_is_of_a_note(words: str) -> None:
    assert read_with_note(f"That is {words}² and more.", "2 Measured in 2019.") == f"That is {words} and more."


def read_with_note(text: str, note: str) -> str:
    """Return the text of a page without the marks of a note in small letters at its foot."""
    lines = [Line(text, 1, 72, 500, 700, 11), Line(note, 1, 72, 300, 60, 8)]
    return set_notes_aside(lines)[0].text


def test_a_line_at_the_edge_of_pages_that_is_a_fact_of_each_page_stays() -> None:
    texts = " ".join(read_texts(FILES / "page-per-record.pdf"))
    assert "Invoice 1003 Customer: Carl Example Amount due: 310.00 euros Please pay within thirty days." in texts


def test_head_and_foot_lines_of_two_pages_do_not_part_a_sentence_and_are_read_once(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for number, lines in enumerate((PROSE[:2], PROSE[2:]), 1):
        canvas.setFont("Helvetica", 9)
        canvas.drawString(72, 800, "Minutes of the board")
        canvas.drawString(72, 40, "Tel. 0555 019 777")
        canvas.drawString(300, 28, str(number))
        canvas.setFont("Helvetica", 11)
        draw_lines(canvas, lines)
        canvas.showPage()
    canvas.save()
    texts = read_texts(tmp_path / "a.pdf")
    assert sorted(texts) == ["Minutes of the board", "Tel. 0555 019 777", " ".join(PROSE)]


def test_a_foot_line_with_a_telephone_number_is_read_once(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for thing in ("glass", "copper", "slate", "rope", "paint"):
        canvas.drawString(72, 700, f"Here is what we know of {thing}.")
        canvas.drawString(72, 40, "Heron House, Tel. 0555 019 777")
        canvas.showPage()
    canvas.save()
    assert read_texts(tmp_path / "a.pdf").count("Heron House, Tel. 0555 019 777") == 1


def test_the_values_of_a_form_are_beside_their_labels() -> None:
    assert read_texts(FILES / "form.pdf") == [
        "Application for a parking permit",
        "Name: Ada Example",
        "Street: 12 Harbour Road",
        "Number plate: EX 4711",
        "Resident since 2019: yes",
    ]


def test_labels_may_be_above_fields_and_behind_boxes_or_missing(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    form = canvas.acroForm
    canvas.drawString(72, 700, "Family name")
    canvas.drawString(300, 700, "Given name")
    form.textfield(name="a1", value="Okonjo", x=72, y=672, width=200, height=20)
    form.textfield(name="a2", value="Tobias", x=300, y=672, width=200, height=20)
    for left, label, is_selected in ((72, "Full member", True), (200, "Half member", False)):
        form.radio(name="r", value=label, selected=is_selected, x=left, y=590, size=14)
        canvas.drawString(left + 20, 593, label)
    form.textfield(name="Remarks", value="Has a key", x=72, y=480, width=200, height=20)
    canvas.save()
    texts = " ".join(read_texts(tmp_path / "a.pdf"))
    assert texts == (
        "Family name: Okonjo Given name: Tobias [x] Full member [ ] Half member Remarks: Has a key"
    )  # fmt: skip


def test_a_form_without_printed_words_is_no_scan(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    canvas.acroForm.textfield(name="Allergies", value="hazelnuts", x=72, y=672, width=200, height=20)
    canvas.save()
    assert read_texts(tmp_path / "a.pdf") == ["Allergies: hazelnuts"]


def test_notes_are_comments_with_their_author(tmp_path: Path) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    draw_lines(canvas, PROSE)
    canvas.save()
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as pdf:
        raw = pypdfium2.raw
        note = raw.FPDFPage_CreateAnnot(pdf[0], raw.FPDF_ANNOT_TEXT)
        for key, value in ((b"Contents", "Is this sure?"), (b"T", "Ann Lee")):
            text = (value + "\0").encode("utf-16-le")
            buffer = (raw.FPDF_WCHAR * (len(text) // 2)).from_buffer_copy(text)
            raw.FPDFAnnot_SetStringValue(note, key, buffer)
        raw.FPDFPage_CloseAnnot(note)
        pdf.save(tmp_path / "b.pdf")
    *_, comment = read_pdf(tmp_path / "b.pdf").blocks
    assert (comment.text, comment.voice, comment.author, comment.page) == ("Is this sure?", "comment", "Ann Lee", 1)


@pytest.mark.parametrize("angle", [0, 90, 270])
def test_lines_of_a_page_in_any_direction_have_words_between_wide_gaps(tmp_path: Path, angle: int) -> None:
    canvas = open_canvas(tmp_path / "a.pdf")
    canvas.translate(300, 400)
    canvas.rotate(angle)
    canvas.setFillColor(black)
    draw_rows(canvas, BOATS, top=0, lefts=(0, 60, 130))
    canvas.save()
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as pdf:
        lines = read_lines(pdf[0].get_textpage(), 1)
    assert [tuple(word.text for word in line.words) for line in lines] == list(BOATS)
    assert [text for text in read_texts(tmp_path / "a.pdf") if "Tern" in text] == [ROWS[1]]
