"""Headings of texts without markup."""

from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from rag.documents.headings import find_unmarked_headings
from rag.documents.read import make_document, read_document

TEXT = "It is open from nine to five, and on Saturdays until noon."


def list_headings(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.text) for heading in find_unmarked_headings(text, len(text))]


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (f"1. North\n\n{TEXT}\n\n2. South\n\n{TEXT}", [(1, "1. North"), (1, "2. South")]),
        (f"North\n{TEXT}\n\nSouth\n{TEXT}", [(1, "North"), (1, "South")]),
        (f"§ 1 Norden\n{TEXT}\n\n§ 2 Süden\n{TEXT}", [(1, "§ 1 Norden"), (1, "§ 2 Süden")]),
        (f"Who can come?\n\n{TEXT}\n\nMay I park?\n\n{TEXT}", [(1, "Who can come?"), (1, "May I park?")]),
        (
            f"PART ONE\n\n1.1 North\n{TEXT}\n\n1.2 South\n{TEXT}\n\nPART TWO\n\n{TEXT}",
            [(1, "PART ONE"), (2, "1.1 North"), (2, "1.2 South"), (1, "PART TWO")],
        ),
        ("Data\nPower: 3 W\nNoise: 4 dB\n\nCare\nOil it once a year.", [(1, "Data"), (1, "Care")]),
        ("図書館\n九時から五時まで開いています。\n\n駐車場\n土曜日は正午まで。", [(1, "図書館"), (1, "駐車場")]),
    ],
)
def test_lines_with_the_form_of_headings_are_found(text: str, headings: list[tuple[int, str]]) -> None:
    assert list_headings(text) == headings


@pytest.mark.parametrize(
    "text",
    [
        f"North\n\n{TEXT}",  # one line alone may be anything
        "1. Buy milk\n2. Call Ada\n3. Water the plants",
        "1. Buy milk\n\n2. Call Ada\n\n3. Water the plants",
        f"Hello,\n\n{TEXT}\n\nAda\n\nFrom: Otto\nTo: Ada\n\n{TEXT}\n\nOtto\n\n---\n\nFrom: Ada\nTo: Otto\n\n{TEXT}",
        f"Ada\n{TEXT}\n\nOtto\n{TEXT}\n\nAda\n{TEXT}\n\nOtto\n{TEXT}",  # a chat
        "The old harbour of\nthe town was closed.\n\nThe new harbour of\nthe town was opened.",  # wrapped
        f"Price: 3\n{TEXT}\n\nPlace: Oberau\n{TEXT}",
        f"- North\n{TEXT}\n\n- South\n{TEXT}",
        f"| North |\n{TEXT}\n\n| South |\n{TEXT}",
        "",
        "\n\n \n",
        "North",
    ],
)
def test_other_short_lines_are_no_headings(text: str) -> None:
    assert list_headings(text) == []


def test_a_passage_of_a_plain_text_knows_the_heading_above_it() -> None:
    document = make_document(
        "a.txt", f"OPENING HOURS\n\nThis list is kept by the office.\n\nNorth\n\n{TEXT}\n\nSouth\n\n{TEXT}"
    )
    assert [section.heading for section in document.sections] == [None, "North", "South"]
    assert document.text[document.sections[1].start : document.sections[1].end].strip() == TEXT


def list_sections(path: Path) -> list[tuple[str | None, str]]:
    document = read_document(path)
    return [
        (section.heading, " ".join(document.text[section.start : section.end].split())) for section in document.sections
    ]


def test_bold_lines_of_a_word_document_are_headings(tmp_path: Path) -> None:
    file = docx.Document()
    for heading in ("North", "South"):
        file.add_paragraph().add_run(heading).bold = True
        file.add_paragraph(TEXT)
    file.save(str(tmp_path / "a.docx"))
    assert list_sections(tmp_path / "a.docx") == [("North", TEXT), ("South", TEXT)]


def draw(path: Path, lines: Sequence[tuple[str, int, str]]) -> Path:
    """Write a PDF file of lines, each with its font and size, below one another."""
    page = canvas.Canvas(str(path), pagesize=A4)
    y = 800.0
    for font, size, text in lines:
        page.setFont(font, size)
        page.drawString(60, y, text)
        y -= 1.5 * size
    page.save()
    return path


BOLD, REGULAR = "Helvetica-Bold", "Helvetica"


def test_large_and_bold_lines_of_a_pdf_file_are_headings_and_the_largest_at_the_top_its_title(tmp_path: Path) -> None:
    lines = [
        (BOLD, 20, "The library"),
        (BOLD, 14, "1 North"),
        (BOLD, 10, "1.1 Hours"),
        (REGULAR, 10, TEXT),
        (BOLD, 14, "2 South, which is beside the old harbour"),
        (BOLD, 14, "and the market"),
        (REGULAR, 10, TEXT),
    ]
    path = draw(tmp_path / "a.pdf", [*lines, *[(REGULAR, 10, f"{TEXT} {n}.") for n in range(9)]])
    assert read_document(path).title == "The library"
    headings = [heading for heading, _ in list_sections(path)]
    assert headings == [None, "1 North › 1.1 Hours", "2 South, which is beside the old harbour and the market"]


@pytest.mark.parametrize(
    "lines",
    [
        [(BOLD, 20, f"Slide {n}") for n in range(9)],
        [(REGULAR, 10, TEXT)] * 5 + [(BOLD, 10, "This sentence matters, and so it is bold.")],
        [(REGULAR, 10, TEXT)] * 5 + [(BOLD, 12, "1.1 Hours ........................ 7"), (REGULAR, 10, TEXT)],
        [(REGULAR, 10, TEXT)] * 5 + [(BOLD, 12, "31.5"), (REGULAR, 10, TEXT)],
    ],
)
def test_other_bold_lines_of_a_pdf_file_are_no_headings(tmp_path: Path, lines: list[tuple[str, int, str]]) -> None:
    assert {heading for heading, _ in list_sections(draw(tmp_path / "a.pdf", lines))} == {None}
