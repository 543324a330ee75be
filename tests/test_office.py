"""Reading Word documents, presentations and workbooks."""

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from pptx.presentation import Presentation
from pptx.util import Inches

from rag.documents.blocks import Block, Extract, assemble
from rag.documents.formats.office.reader import read_docx, read_pptx, read_xlsx
from rag.documents.read import check_unpacked, read_document
from rag.errors import DocumentError
from tests.libreoffice import convert, needs_office


def read_words(path: Path) -> list[Block]:
    return list(read_docx(path).blocks)


def save(document: WordDocument, folder: Path) -> Path:
    path = folder / "file.docx"
    document.save(str(path))
    return path


def texts(extract: Extract) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in extract.blocks]


def write_report(folder: Path) -> Path:
    document = docx.Document()
    document.core_properties.author = "Jane Doe"
    document.core_properties.created = datetime(2012, 10, 4, 9, 12)
    document.add_paragraph("The bridge", "Title")
    document.add_paragraph("An opening paragraph.")
    document.add_heading("Costs", 1)
    document.add_paragraph("It cost nine million euros.")
    document.add_heading("Overruns", 2)
    document.add_paragraph("Steel became dearer.", "List Bullet")
    document.add_paragraph("Wages rose.", "List Number")
    table = document.add_table(0, 3)
    for row in (("Year", "Cost", "Paid by"), ("2019", "3", "City"), ("2020", "6", "State")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph("The end.")
    document.sections[0].header.paragraphs[0].text = "Confidential"
    document.sections[0].footer.paragraphs[0].text = "Page 1"
    return save(document, folder)


def check_report(path: Path) -> None:
    extract = read_docx(path)
    document = assemble("report.docx", extract)
    assert (document.title, document.author, document.date) == ("The bridge", "Jane Doe", "2012-10-04")
    assert [(s.heading, document.text[s.start : s.end]) for s in document.sections] == [
        (None, "An opening paragraph."),
        ("Costs", "It cost nine million euros."),
        (
            "Costs › Overruns",
            "Steel became dearer.\n1. Wages rose.\nYear: 2019; Cost: 3; Paid by: City\n"
            "Year: 2020; Cost: 6; Paid by: State\n\nThe end.",
        ),
    ]
    assert "Confidential" not in document.text and "Page 1" not in document.text


def test_a_word_document_is_read_in_order_with_its_headings_lists_and_tables(tmp_path: Path) -> None:
    check_report(write_report(tmp_path))


@pytest.mark.model
@needs_office
def test_a_word_document_that_another_program_saved_is_read_alike(tmp_path: Path) -> None:
    odt = convert(write_report(tmp_path), "odt")
    check_report(convert(odt, "docx"))


def test_headings_are_found_by_outline_level_and_by_the_style_that_a_style_is_based_on(tmp_path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("House heading", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("By style", "House heading")
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "0")
    document.add_paragraph("By level")._p.get_or_add_pPr().append(level)
    assert [(b.kind, b.level, b.text) for b in read_words(save(document, tmp_path))] == [
        ("heading", 2, "By style"),
        ("heading", 1, "By level"),
    ]


def test_the_first_title_is_the_documents_and_others_are_headings(tmp_path: Path) -> None:
    document = docx.Document()
    for text in ("The bridge", "Second part"):
        document.add_paragraph(text, "Title")
    extract = read_docx(save(document, tmp_path))
    assert (extract.title, texts(extract)) == ("The bridge", [("heading", "Second part")])


def test_styles_based_on_each_other_end(tmp_path: Path) -> None:
    document = docx.Document()
    one, two = (document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH) for name in ("One", "Two"))
    one.base_style, two.base_style = two, one
    document.add_paragraph("Words.", "One")
    assert [b.text for b in read_words(save(document, tmp_path))] == ["Words."]


def test_a_merged_cell_is_read_once_and_a_table_in_a_cell_with_the_cell(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for i, row in enumerate((("City", "River", "Note"), ("Bern", "Aare", ""), ("Basel", "Rhine", "Port"))):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    table.cell(1, 1).merge(table.cell(1, 2))
    inner = table.cell(2, 2).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "Depth", "5 m"
    assert [b.text for b in read_words(save(document, tmp_path))] == [
        "City: Bern; River: Aare",
        "City: Basel; River: Rhine; Note: Port Depth: 5 m",
    ]


def test_a_table_without_header_has_its_labels_or_bare_cells(tmp_path: Path) -> None:
    document = docx.Document()
    for rows in ((("Name:", "Ada"), ("Born:", "1815")), (("1", "2", "3"), ("4", "5", "6"))):
        table = document.add_table(0, len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    assert [b.text for b in read_words(save(document, tmp_path))] == ["Name: Ada", "Born: 1815", "1; 2; 3", "4; 5; 6"]


def test_a_frame_of_one_cell_is_no_table(tmp_path: Path) -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "First."
    cell.add_paragraph("Second.")
    assert [(b.kind, b.text) for b in read_words(save(document, tmp_path))] == [
        ("paragraph", "First."),
        ("paragraph", "Second."),
    ]


def test_reviewers_comments_are_comments_with_author_and_date(tmp_path: Path) -> None:
    document = docx.Document()
    run = document.add_paragraph("The visit was cancelled.").runs[0]
    comment = document.add_comment(run, text="Is this sure?", author="Ann Lee", initials="AL")
    comment._comment_elm.date = datetime(2012, 10, 5, 8, 0)
    document.add_paragraph("More.")
    result = assemble("file.docx", read_docx(save(document, tmp_path)))
    assert [(s.voice, s.author, s.date, result.text[s.start : s.end]) for s in result.sections] == [
        ("article", None, None, "The visit was cancelled.\n\nMore."),
        ("comment", "Ann Lee", "2012-10-05", "Is this sure?"),
    ]


def test_inserted_and_wrapped_text_is_read_and_deleted_text_is_not(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Kept")
    for xml in (
        "<w:ins {}><w:r><w:t xml:space='preserve'> added</w:t></w:r></w:ins>",
        "<w:del {}><w:r><w:delText> gone</w:delText></w:r></w:del>",
        "<w:sdt {}><w:sdtContent><w:r><w:t xml:space='preserve'> filled</w:t></w:r></w:sdtContent></w:sdt>",
        "<w:hyperlink {}><w:r><w:t xml:space='preserve'> linked</w:t></w:r></w:hyperlink>",
    ):
        paragraph._p.append(parse_xml(xml.format(nsdecls("w"))))
    body = "<w:sdt {}><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    paragraph._p.addnext(parse_xml(body.format(nsdecls("w"))))
    assert [b.text for b in read_words(save(document, tmp_path))] == ["Kept added filled linked", "In a control."]


def test_a_text_box_is_read_once_after_its_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    box = "<w:txbxContent><w:p><w:r><w:t>In the box.</w:t></w:r></w:p></w:txbxContent>"
    compatibility = "xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'"
    xml = (
        f"<w:r {nsdecls('w')} {compatibility}><mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    document.add_paragraph("Around.")._p.append(parse_xml(xml))
    assert [b.text for b in read_words(save(document, tmp_path))] == ["Around.", "In the box."]


@pytest.mark.model
@needs_office
def test_footnotes_stand_behind_their_paragraph(tmp_path: Path) -> None:
    (tmp_path / "note.html").write_text(
        "<p>It is disputed<a class='sdfootnoteanc' name='sdfootnote1anc' href='#sdfootnote1sym'>1</a>.</p><p>Next.</p>"
        "<div id='sdfootnote1'><p><a class='sdfootnotesym' name='sdfootnote1sym' href='#sdfootnote1anc'>1</a>"
        "See the report of 2011.</p></div>",
        encoding="utf-8",
    )
    words = [b.text for b in read_words(convert(convert(tmp_path / "note.html", "odt"), "docx"))]
    assert words == ["It is disputed.", "See the report of 2011.", "Next."]


def test_what_a_program_put_into_the_properties_is_not_taken(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Words.")
    extract = read_docx(save(document, tmp_path))
    assert (extract.title, extract.author, extract.date) == (None, None, None)


def make_slides() -> Presentation:
    slides = pptx.Presentation()
    slides.core_properties.title = "A plan"
    slides.core_properties.author = "Jane Doe"
    first = slides.slides.add_slide(slides.slide_layouts[1])
    first.shapes.title.text = "Aims"
    first.placeholders[1].text = "Build\nOpen"
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    second = slides.slides.add_slide(slides.slide_layouts[6])
    for text, left, top in (("right", 5, 1), ("bottom", 1, 4), ("left", 1, 1)):
        box = second.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1))
        box.text_frame.text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(6), Inches(2), Inches(1)).text_frame.text = "grouped"
    third = slides.slides.add_slide(slides.slide_layouts[5])
    third.shapes.title.text = "Costs"
    table = third.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for i, row in enumerate((("Year", "Cost"), ("2020", "6"))):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    return slides


SLIDES = [
    (1, "Aims", "Build\nOpen\n\nNotes: Say it slowly."),
    (2, "Slide 2", "left\n\nright\n\nbottom\n\ngrouped"),
    (3, "Costs", "Year: 2020; Cost: 6"),
]


def check_slides(path: Path) -> None:
    document = assemble("plan.pptx", read_pptx(path))
    assert (document.title, document.author) == ("A plan", "Jane Doe")
    assert [(s.page, s.heading, document.text[s.start : s.end]) for s in document.sections] == SLIDES


def test_slides_are_pages_with_titles_texts_in_reading_order_tables_and_notes(tmp_path: Path) -> None:
    make_slides().save(str(tmp_path / "plan.pptx"))
    check_slides(tmp_path / "plan.pptx")


@pytest.mark.model
@needs_office
def test_slides_that_another_program_saved_are_read_alike(tmp_path: Path) -> None:
    make_slides().save(str(tmp_path / "plan.pptx"))
    check_slides(convert(convert(tmp_path / "plan.pptx", "odp"), "pptx"))


def test_a_sheet_is_its_name_what_is_above_the_table_and_its_rows(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Trips")
    for row in (
        ["All trips"],
        [],
        ["City", "Day", "At", "Hours", "Share", "Paid"],
        ["Bern", date(2012, 10, 4), time(9, 30), 3.0, 0.25, True],
        [],
        ["Basel", datetime(2012, 10, 5, 8, 15), None, 0.1 + 0.2, 0.07, None],
    ):
        sheet.append(row)
    for number in (4, 6):
        sheet.cell(number, 5).number_format = "0%"
    workbook.create_sheet("Only one row").append(["a", "b"])
    workbook.save(tmp_path / "trips.xlsx")
    assert texts(read_xlsx(tmp_path / "trips.xlsx")) == [
        ("heading", "Trips"),
        ("paragraph", "All trips"),
        ("item", "City: Bern; Day: 2012-10-04; At: 09:30:00; Hours: 3; Share: 25%; Paid: True"),
        ("item", "City: Basel; Day: 2012-10-05 08:15:00; Hours: 0.3; Share: 7%"),
        ("heading", "Only one row"),
        ("item", "a; b"),
    ]


@pytest.mark.model
@needs_office
def test_formulas_have_the_values_that_they_had_when_they_were_saved(tmp_path: Path) -> None:
    (tmp_path / "sums.csv").write_text("Item,Cost\nTea,3\nSum,=B2*2\nBad,=1/0\n", encoding="utf-8")
    path = convert(tmp_path / "sums.csv", "xlsx")
    assert [b.text for b in read_xlsx(path).blocks][1:] == ["Item: Tea; Cost: 3", "Item: Sum; Cost: 6", "Item: Bad"]


def test_cells_beyond_wrong_dimensions_are_read(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Data")
    for row in (["a", "b"], ["1", "2"]):
        sheet.append(row)
    workbook.save(tmp_path / "right.xlsx")
    rewrite(tmp_path / "right.xlsx", tmp_path / "wrong.xlsx", lambda data: data.replace(b'ref="A1:B2"', b'ref="A1:A1"'))
    assert [b.text for b in read_xlsx(tmp_path / "wrong.xlsx").blocks][1:] == ["a: 1; b: 2"]


def rewrite(path: Path, target: Path, change: Callable[[bytes], bytes]) -> None:
    """Write an archive with a change to each of its parts."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as changed:
        for name in source.namelist():
            changed.writestr(name, change(source.read(name)))


READERS = {"docx": read_docx, "pptx": read_pptx, "xlsx": read_xlsx}


def write_any(folder: Path, suffix: str) -> Path:
    path = folder / f"file.{suffix}"
    if suffix == "docx":
        write_report(folder)
    elif suffix == "pptx":
        make_slides().save(str(path))
    else:
        workbook = openpyxl.Workbook()
        workbook.create_sheet("Data").append(["a", "b"])
        workbook.save(path)
    return path


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"Just a text.",
        lambda data: data.replace(b"word/", b"wort/").replace(b"ppt/", b"pqt/").replace(b"xl/", b"xm/"),
    ],
    ids=["cut", "empty", "text", "renamed"],
)
def test_a_damaged_file_is_said_to_be_none(tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    path = write_any(tmp_path, suffix)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DocumentError, match=r"^it is not a valid (Word|PowerPoint|Excel) file$"):
        list(READERS[suffix](path).blocks)


@pytest.mark.parametrize("suffix", READERS)
def test_broken_xml_in_a_part_is_said_to_be_no_valid_file(tmp_path: Path, suffix: str) -> None:
    path, broken = write_any(tmp_path, suffix), tmp_path / f"broken.{suffix}"
    rewrite(path, broken, lambda data: data[: len(data) * 2 // 3])
    with pytest.raises(DocumentError, match="not a valid"):
        list(READERS[suffix](broken).blocks)


@pytest.mark.parametrize("suffix", READERS)
def test_an_encrypted_file_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000))
    with pytest.raises(DocumentError, match=rf"encrypted or of an old kind; save it as \.{suffix} without a password"):
        READERS[suffix](path)


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_with_a_password_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000) + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(DocumentError, match="it has a password; save it without one"):
        READERS[suffix](path)
    check_unpacked(path, max_mb=1)  # the reader gives the reason


@pytest.mark.parametrize("suffix", READERS)
def test_strict_open_xml_is_read(tmp_path: Path, suffix: str) -> None:
    path, strict = write_any(tmp_path, suffix), tmp_path / f"strict.{suffix}"
    usual = re.compile(rb"http://schemas.openxmlformats.org/(officeDocument|\w+ml)/2006/")
    rewrite(path, strict, lambda data: usual.sub(rb"http://purl.oclc.org/ooxml/\1/", data))
    assert read_document(strict).text == read_document(path).text


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_without_properties_has_no_date(tmp_path: Path, suffix: str) -> None:
    path, bare = write_any(tmp_path, suffix), tmp_path / f"bare.{suffix}"
    properties = re.compile(rb"<Relationship [^>]*core-properties[^>]*>")
    rewrite(path, bare, lambda data: properties.sub(b"", data))
    document = read_document(bare)
    assert (document.author, document.date) == (None, None)
    assert document.text == read_document(path).text


def test_entities_from_other_files_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", encoding="utf-8")
    document = docx.Document()
    document.add_paragraph("Before MARK after.")
    entity = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode()
    hostile = tmp_path / "hostile.docx"
    rewrite(
        save(document, tmp_path),
        hostile,
        lambda data: data.replace(b"<w:document ", entity + b"<w:document ").replace(b"MARK", b"&e;"),
    )
    assert "secret" not in assemble("hostile.docx", read_docx(hostile)).text


WORD, SLIDES_TYPE, SHEETS = ("wordprocessingml.document", "presentationml.presentation", "spreadsheetml.sheet")
TYPES = {
    "docm": ("docx", WORD, "application/vnd.ms-word.document.macroEnabled.main+xml"),
    "dotx": ("docx", WORD, "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"),
    "dotm": ("docx", WORD, "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"),
    "pptm": ("pptx", SLIDES_TYPE, "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
    "ppsx": ("pptx", SLIDES_TYPE, "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"),
    "ppsm": ("pptx", SLIDES_TYPE, "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml"),
    "potx": ("pptx", SLIDES_TYPE, "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml"),
    "potm": ("pptx", SLIDES_TYPE, "application/vnd.ms-powerpoint.template.macroEnabled.main+xml"),
    "xlsm": ("xlsx", SHEETS, "application/vnd.ms-excel.sheet.macroEnabled.main+xml"),
    "xltx": ("xlsx", SHEETS, "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml"),
    "xltm": ("xlsx", SHEETS, "application/vnd.ms-excel.template.macroEnabled.main+xml"),
}


@pytest.mark.parametrize("suffix", TYPES)
def test_templates_shows_and_files_with_macros_are_read_like_the_usual_kind(tmp_path: Path, suffix: str) -> None:
    usual, kind, content_type = TYPES[suffix]
    path = write_any(tmp_path, usual)
    whole = f"application/vnd.openxmlformats-officedocument.{kind}.main+xml".encode()
    assert whole in zipfile.ZipFile(path).read("[Content_Types].xml")
    other = tmp_path / f"file.{suffix}"
    rewrite(path, other, lambda data: data.replace(whole, content_type.encode()))
    assert read_document(other).text == read_document(path).text
