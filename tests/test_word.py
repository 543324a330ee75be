"""Reading what Word shows beside plain paragraphs: numbers, letterheads, forms, tables, charts."""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.text.paragraph import Paragraph

from rag.documents.blocks import assemble
from rag.documents.formats.office.reader import read_docx


def read(document: Document, folder: Path) -> list[str]:
    document.save(str(folder / "file.docx"))
    return [block.text for block in read_docx(folder / "file.docx").blocks]


# Levels of an outline: the form of the numbers, their text, and what follows.
LEGAL = (("decimal", "%1.", ""), ("decimal", "%1.%2", ""), ("lowerLetter", "(%3)", ""), ("lowerRoman", "(%4)", ""))


def add_outline(
    document: Document, levels: Iterable[tuple[str, str, str]], number: int = 70, *, changes: str = "", name: int = 0
) -> None:
    """Add a list to a document; with a `name` it continues the outline of that number."""
    numbering = document.part.numbering_part.element
    parts = (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}<w:lvlText w:val="{text}"/>'
        "</w:lvl>"
        for level, (form, text, more) in enumerate(levels)
    )
    outline = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}">{"".join(parts)}</w:abstractNum>'
    if not name:
        numbering.insert(0, parse_xml(outline))
    reference = f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{name or number}"/>{changes}</w:num>'
    numbering.append(parse_xml(reference))


def number_paragraph(paragraph: Paragraph, level: int, number: int = 70) -> None:
    xml = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    paragraph._p.get_or_add_pPr().append(parse_xml(xml))


def add_clauses(document: Document, levels: str, number: int = 70) -> None:
    for level in levels:
        number_paragraph(document.add_paragraph("x"), int(level), number)


@pytest.mark.parametrize(
    ("levels", "clauses", "numbers"),
    [
        (LEGAL, "0112230112", "1. 1.1 1.2 (a) (b) (i) 2. 2.1 2.2 (a)"),
        ((("upperRoman", "Art. %1", ""), ("upperLetter", "%2)", "")), "01101", "Art. I A) B) Art. II A)"),
        ((("decimalZero", "%1", ""), ("ordinal", "%2", "")), "011", "01 1st 2nd"),
        ((("upperRoman", "%1", ""), ("decimal", "%1.%2", "<w:isLgl/>")), "001", "I II 2.1"),
        ((("decimal", "%1.", ""), ("decimal", "%2.", '<w:lvlRestart w:val="0"/>')), "01101", "1. 1. 2. 2. 3."),
        ((("none", "Note:", ""),), "00", "Note: Note:"),
        ((("bullet", "\uf0b7", ""),), "00", ""),
        (LEGAL, "12", "1.1 (a)"),
    ],
)
def test_the_numbers_of_clauses_are_in_the_text(
    tmp_path: Path, levels: tuple[tuple[str, str, str], ...], clauses: str, numbers: str
) -> None:
    document = docx.Document()
    add_outline(document, levels)
    add_clauses(document, clauses)
    assert " ".join(text.removesuffix("x").strip() for text in read(document, tmp_path)).strip() == numbers


def test_lists_of_one_outline_go_on_and_one_with_a_start_of_its_own_begins_anew(tmp_path: Path) -> None:
    document = docx.Document()
    add_outline(document, LEGAL)
    add_outline(document, (), 71, name=70)
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    add_outline(document, (), 72, name=70, changes=start)
    for number in (70, 70, 71, 72, 72, 71):
        add_clauses(document, "0", number)
    assert read(document, tmp_path) == ["1. x", "2. x", "3. x", "5. x", "6. x", "7. x"]


def test_a_heading_has_the_number_that_its_style_gives_it(tmp_path: Path) -> None:
    document = docx.Document()
    add_outline(
        document,
        (("decimal", "%1", '<w:pStyle w:val="Heading1"/>'), ("decimal", "%1.%2", '<w:pStyle w:val="Heading2"/>')),
    )
    for name in ("Heading 1", "Heading 2"):
        number = parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="70"/></w:numPr>')
        document.styles[name].element.get_or_add_pPr().append(number)
    for text, level in (("Rent", 1), ("Amount", 2), ("Deposit", 1)):
        document.add_heading(text, level)
    number_paragraph(document.add_heading("Annex", 1), 0, 0)  # the list 0 takes the number away
    document.add_paragraph("See 1.1.")
    result = read(document, tmp_path)
    assert result == ["1 Rent", "1.1 Amount", "2 Deposit", "Annex", "See 1.1."]


def test_a_question_for_a_clause_finds_it_in_its_section(tmp_path: Path) -> None:
    document = docx.Document()
    add_outline(document, LEGAL)
    for text, level in (("Rent", 0), ("It is 900 euros.", 1), ("It is due on the third day.", 1)):
        number_paragraph(document.add_paragraph(text, "Heading 1" if level == 0 else None), level)
    document.save(str(tmp_path / "lease.docx"))
    lease = assemble("lease.docx", read_docx(tmp_path / "lease.docx"))
    assert [(s.heading, lease.text[s.start : s.end]) for s in lease.sections] == [
        ("1. Rent", "1.1 It is 900 euros.\n1.2 It is due on the third day.")
    ]


@pytest.mark.parametrize(
    ("levels", "kinds"),
    [(LEGAL, ["heading", "item", "heading", "item"]), (LEGAL[:1] + LEGAL[2:3], ["item"] * 4)],
)
def test_the_words_above_numbered_clauses_are_headings(
    tmp_path: Path, levels: tuple[tuple[str, str, str], ...], kinds: list[str]
) -> None:
    document = docx.Document()
    add_outline(document, levels)
    for text, level in (("Rent", 0), ("It is 900 euros.", 1), ("Deposit", 0), ("It is 1,800 euros.", 1)):
        number_paragraph(document.add_paragraph(text), level)
    document.save(str(tmp_path / "lease.docx"))
    assert [block.kind for block in read_docx(tmp_path / "lease.docx").blocks] == kinds


def test_a_deleted_paragraph_takes_no_number(tmp_path: Path) -> None:
    document = docx.Document()
    add_outline(document, LEGAL)
    add_clauses(document, "0")
    gone = document.add_paragraph()
    number_paragraph(gone, 0)
    gone._p.pPr.append(parse_xml(f"<w:rPr {nsdecls('w')}><w:del/></w:rPr>"))
    add_clauses(document, "0")
    assert [text for text in read(document, tmp_path) if text] == ["1. x", "2. x"]


def test_a_letterhead_is_read_once_and_a_running_header_only_if_it_has_facts(tmp_path: Path) -> None:
    document = docx.Document()
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.first_page_header.paragraphs[0].text = "Example Waterworks"
    section.header.paragraphs[0].text = "Your meter"
    section.footer.paragraphs[0].text = "Telephone 0555 019 777"
    page = section.footer.add_paragraph("Page ")
    add_field(page, "PAGE", "1")
    document.add_paragraph("It will be changed on 9 April.")
    document.add_section()
    document.add_paragraph("Yours.")
    assert [text for text in read(document, tmp_path) if text] == [
        "Example Waterworks",
        "Telephone 0555 019 777",
        "It will be changed on 9 April.",
        "Yours.",
    ]


def add_field(paragraph: Paragraph, code: str, value: str) -> None:
    for xml in (
        '<w:fldChar w:fldCharType="begin"/>',
        f"<w:instrText>{code}</w:instrText>",
        '<w:fldChar w:fldCharType="separate"/>',
        f"<w:t>{value}</w:t>",
        '<w:fldChar w:fldCharType="end"/>',
    ):
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{xml}</w:r>"))


def test_a_large_first_letter_belongs_to_its_word(tmp_path: Path) -> None:
    document = docx.Document()
    letter = document.add_paragraph("T")
    letter._p.get_or_add_pPr().append(parse_xml(f'<w:framePr {nsdecls("w")} w:dropCap="drop" w:lines="3"/>'))
    document.add_paragraph("he harbour was dug.")
    second = document.add_paragraph("A")
    second._p.get_or_add_pPr().append(parse_xml(f'<w:framePr {nsdecls("w")} w:dropCap="margin"/>'))
    document.add_paragraph(" ship came.")
    assert read(document, tmp_path) == ["The harbour was dug.", "A ship came."]


def test_one_empty_paragraph_in_a_document_without_headings_does_no_harm(tmp_path: Path) -> None:
    document = docx.Document()
    for text in ("A line", "", "A longer line that ends like a sentence."):
        document.add_paragraph(text)
    assert read(document, tmp_path) == ["A line", "A longer line that ends like a sentence."]


@pytest.mark.parametrize(
    ("xml", "shown"),
    [
        ("<w:r><w:t>☒ yes ☐ no ☑ late</w:t></w:r>", "[x] yes [ ] no [x] late"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:t> paid</w:t></w:r>', "[x] paid"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/><w:t> paid</w:t></w:r>', "[ ] paid"),
        ('<w:r><w:t>20</w:t><w:sym w:font="Symbol" w:char="F0B0"/><w:t>C</w:t></w:r>', "20°C"),
        ('<w:r><w:sym w:font="Symbol" w:char="F06D"/><w:t>m</w:t></w:r>', "μm"),
        ('<w:r><w:sym w:font="Webdings" w:char="F0"/><w:sym w:font="Symbol" w:char="x"/><w:t>on</w:t></w:r>', "on"),
        ("<w:r><w:t>\uf0b7</w:t><w:tab/><w:t>first</w:t></w:r>", "•\tfirst"),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/>'
            "</w:checkBox>"
            "</w:ffData></w:fldChar></w:r><w:r><w:t> married</w:t></w:r>",
            "[x] married",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/></w:checkBox></w:ffData>'
            "</w:fldChar></w:r><w:r><w:t> single</w:t></w:r>",
            "[ ] single",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/>'
            '<w:listEntry w:val="blue"/></w:ddList></w:ffData></w:fldChar></w:r>',
            "blue",
        ),
        (
            "<w:r><w:t>in 2019</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>12</w:t></w:r>",
            "in 2019¹²",
        ),
        ("<w:r><w:t>5 m</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>2</w:t></w:r>", "5 m2"),
    ],
)
def test_ticks_symbols_and_raised_numbers_are_read(tmp_path: Path, xml: str, shown: str) -> None:
    document = docx.Document()
    paragraph = parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>")
    document.add_paragraph()._p.addnext(paragraph)
    assert [text for text in read(document, tmp_path) if text] == [shown]


def fill_table(document: Document, rows: list[list[str]]) -> Any:
    table = document.add_table(len(rows), len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return table


def merge_labels(table: Any) -> None:
    table.cell(1, 0).merge(table.cell(2, 0))


def merge_headers(table: Any) -> None:
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 1).merge(table.cell(0, 2))


def embolden(table: Any) -> None:
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True


@pytest.mark.parametrize(
    ("rows", "change", "texts"),
    [
        (
            [["Region", "Month", "Sales"], ["North", "January", "120"], ["", "February", "130"]],
            merge_labels,
            ["Region: North; Month: January; Sales: 120", "Region: North; Month: February; Sales: 130"],
        ),
        (
            [["Region", "Sales", ""], ["", "2023", "2024"], ["North", "1", "2"]],
            merge_headers,
            ["Region: North; Sales 2023: 1; Sales 2024: 2"],
        ),
        (
            [["Name", "Signature", "Date"], ["Ada", "", ""], ["Ben", "", ""]],
            str,
            ["Signature; Date", "Name: Ada", "Name: Ben"],
        ),
        ([["Item", "Serial number"], ["", ""], ["", ""]], str, ["Item; Serial number"]),
        (
            [["Tenant", "Ada"], ["Rent", "900"], ["Start", "1 April"]],
            str,
            ["Tenant: Ada", "Rent: 900", "Start: 1 April"],
        ),
        ([["Name", ""], ["Born", ""]], str, ["Name", "Born"]),
        ([["Term", "Meaning"], ["VAT", "a tax"]], embolden, ["Term: VAT; Meaning: a tax"]),
        (
            [
                ["Prices", "", ""],
                ["Item", "Price", "Sum"],
                ["Tea", "3", "6"],
                ["Item", "Price", "Sum"],
                ["Cocoa", "4", "4"],
            ],
            str,
            ["Prices", "Item: Tea; Price: 3; Sum: 6", "Item: Cocoa; Price: 4; Sum: 4"],
        ),
        ([["Nr.", "Item", "Price"], ["1", "Tea", "3"]], str, ["Nr.: 1; Item: Tea; Price: 3"]),
    ],
)
def test_the_labels_of_a_table_are_in_its_rows(
    tmp_path: Path, rows: list[list[str]], change: Callable[[Any], object], texts: list[str]
) -> None:
    document = docx.Document()
    change(fill_table(document, rows))
    assert read(document, tmp_path) == texts


def test_a_table_in_a_comment_is_read(tmp_path: Path) -> None:
    document = docx.Document()
    run = document.add_paragraph("The price is open.").runs[0]
    comment = document.add_comment(run, text="We ask:", author="Ann")
    table = comment.add_table(2, 2, docx.shared.Inches(3))
    for cell, text in zip(table._cells, ("Item", "Price", "Tea", "3"), strict=True):
        cell.text = text
    assert read(document, tmp_path)[-1].split("\n")[:2] == ["We ask:", "Item: Tea; Price: 3"]


def add_part(document: Document, name: str, content_type: str, kind: str, data: bytes) -> str:
    part = Part(PackURI(name), content_type, data, document.part.package)
    relation = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    number: str = document.part.relate_to(part, relation)
    return number


def add_chunk(document: Document, name: str, content_type: str, data: bytes) -> None:
    relation = add_part(document, name, content_type, "aFChunk", data)
    document.add_paragraph("Before.")._p.addnext(parse_xml(f'<w:altChunk {nsdecls("w", "r")} r:id="{relation}"/>'))


def write_inner() -> bytes:
    inner = docx.Document()
    inner.add_paragraph("Inside.")
    data = BytesIO()
    inner.save(data)
    return data.getvalue()


WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


@pytest.mark.parametrize(
    ("name", "content_type", "data", "text"),
    [
        ("/chunk.html", "text/html", b"<html><body><p>Inside.</p></body></html>", "Inside."),
        ("/chunk.docx", WORD_TYPE, write_inner(), "Inside."),
        ("/chunk.xyz", "application/x-unknown", b"?", "A part of this file is not read: its format is not read."),
    ],
)
def test_a_whole_file_inside_of_a_document_is_read_or_named(
    tmp_path: Path, name: str, content_type: str, data: bytes, text: str
) -> None:
    document = docx.Document()
    add_chunk(document, name, content_type, data)
    assert read(document, tmp_path) == ["Before.", text]


CHART = (
    '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r>'
    "<a:t>Sales by region</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart>{}</c:barChart>"
    "<c:catAx><c:title><c:tx><c:rich><a:p><a:r><a:t>Region</a:t></a:r></a:p></c:rich></c:tx></c:title></c:catAx>"
    "</c:plotArea></c:chart></c:chartSpace>"
)
SERIES = (
    "<c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>{}</c:v></c:pt></c:strCache></c:strRef></c:tx>"
    "<c:cat><c:strRef>"
    "<c:strCache><c:pt idx='0'><c:v>East</c:v></c:pt><c:pt idx='1'><c:v>West</c:v></c:pt></c:strCache></c:strRef>"
    "</c:cat>"
    "<c:val><c:numRef><c:numCache><c:formatCode>{}</c:formatCode><c:pt idx='0'><c:v>0.192</c:v></c:pt>"
    "<c:pt idx='1'>"
    "<c:v>0.25</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>"
)


def add_chart(document: Document, data: bytes) -> None:
    relation = add_part(document, "/word/charts/chart1.xml", "application/x-chart+xml", "chart", data)
    paragraph = document.add_paragraph("See the chart.")
    drawing = f"<w:drawing><a:graphic><c:chart r:id='{relation}'/></a:graphic></w:drawing>"
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w', 'c', 'r', 'a')}>{drawing}</w:r>"))


def test_a_chart_is_its_title_and_its_values_with_their_labels(tmp_path: Path) -> None:
    document = docx.Document()
    add_chart(document, CHART.format(SERIES.format("Share", "0%") + SERIES.format("Sum", "General")).encode())
    assert read(document, tmp_path) == [
        "See the chart.",
        "Sales by region",
        "Region: East; Share: 19%; Sum: 0.192",
        "Region: West; Share: 25%; Sum: 0.25",
    ]


def test_a_damaged_chart_is_named(tmp_path: Path) -> None:
    document = docx.Document()
    add_chart(document, b"<c:chart")
    assert read(document, tmp_path) == ["See the chart.", "A drawing of this file is damaged, and is not read."]
