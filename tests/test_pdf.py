"""Reading PDF files: lines into paragraphs, without what pages repeat."""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph

from rag.documents.blocks import assemble
from rag.documents.formats.pdf.reader import read_pdf
from rag.documents.ocr import OcrJob, run_job
from rag.errors import DocumentError

WORDS = "the minister of a well-known city announced bridges over this river because engineers had found some damage"


def make_sentences(count: int, seed: int) -> str:
    """Return sentences of words in a random order."""
    choice = random.Random(seed)  # noqa: S311
    return " ".join(
        " ".join(choice.choices(WORDS.split(), k=choice.randint(8, 18))).capitalize() + "." for _ in range(count)
    )


def write_lines(path: Path, pages: Iterable[Sequence[str]], *, left: int = 72, rotation: int = 0) -> Path:
    """Write lines 14 points apart; an empty one leaves a gap, and a space at the beginning is an indent."""
    canvas = Canvas(str(path))
    for lines in pages:
        if rotation:
            canvas.setPageRotation(rotation)
            canvas.translate(A4[0], 0)
            canvas.rotate(90)
        for i, line in enumerate(lines):
            indent = 20 * (len(line) - len(line.lstrip()))
            canvas.drawString(left + indent, 560 - 14 * i, line.strip())
        canvas.showPage()
    canvas.save()
    return path


def write_article(path: Path, paragraphs: Sequence[str], *, columns: int = 1, breaks: bool = False) -> Path:
    """Write justified paragraphs, each on a page of its own if `breaks`, with a running title and the page's number."""

    def decorate(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.drawString(72, 800, "Yearly report on bridges")
        canvas.drawCentredString(300, 30, str(canvas.getPageNumber()))

    template = BaseDocTemplate(str(path), pagesize=A4, title="Bridges", author="Jane Doe")
    width = 450 / columns
    frames = [Frame(72 + i * width, 72, width - 10, 700) for i in range(columns)]
    template.addPageTemplates([PageTemplate(frames=frames, onPage=decorate)])
    style = ParagraphStyle("body", alignment=TA_JUSTIFY, firstLineIndent=14, pageBreakBefore=breaks)
    template.build([Paragraph(text, style) for text in paragraphs])
    return path


def read_texts(path: Path) -> list[str]:
    return [block.text for block in read_pdf(path).blocks]


@pytest.mark.parametrize("columns", [1, 2])
def test_paragraphs_are_whole_over_lines_columns_and_pages(tmp_path: Path, columns: int) -> None:
    paragraphs = [make_sentences(2 + i % 7, seed=i) for i in range(60)]
    found = read_texts(write_article(tmp_path / "a.pdf", paragraphs, columns=columns))
    # Only where a sentence ends with a page or column may a paragraph end there too.
    assert " ".join(found) == " ".join(paragraphs)
    assert len(set(found) & set(paragraphs)) >= 57


def test_pages_and_metadata_are_those_of_the_file(tmp_path: Path) -> None:
    texts = [make_sentences(20, seed=n) for n in range(5)]
    extract = read_pdf(write_article(tmp_path / "a.pdf", texts, breaks=True))
    document = assemble("a.pdf", extract)
    assert (document.title, document.author) == ("Bridges", "Jane Doe")
    assert document.date and len(document.date) == 10
    # reportlab begins with an empty page.
    assert [(s.page, document.text[s.start : s.end]) for s in document.sections] == list(enumerate(texts, 2))


LINES = [
    "A long line that is as wide as the text on this page can ever be at most,",
    "which is why the next one goes on where it ends. The last is short.",
    "",
    "After a gap a paragraph begins, whose lines are as wide as are the other",
    "Ones before it.",
    " An indent begins one as well when the line before it was a sentence that",
    "had ended.",
]


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_gap_or_an_indent_begins_a_paragraph_also_on_a_turned_page(tmp_path: Path, rotation: int) -> None:
    assert read_texts(write_lines(tmp_path / "a.pdf", [LINES], rotation=rotation)) == [
        f"{LINES[0]} {LINES[1]}",
        f"{LINES[3]} {LINES[4]}",
        f"{LINES[5].strip()} {LINES[6]}",
    ]


def test_words_broken_at_the_end_of_a_line_are_mended_and_compounds_keep_their_hyphen(tmp_path: Path) -> None:
    lines = [
        "The government acknowl-",
        "edged that the well-",
        "known long-term plan for the Anglo-",
        "American bridge and the long-",
        "term costs in the short-",
        "and middle-run was misunder\xad",
        "stood in Vor- und Nach-",
        "teilen by all of them.",
    ]
    assert read_texts(write_lines(tmp_path / "a.pdf", [lines])) == [
        "The government acknowledged that the well-known long-term plan for the Anglo-American bridge and the "
        "long-term costs in the short- and middle-run was misunderstood in Vor- und Nachteilen by all of them."
    ]


def test_items_of_a_list_stay_apart_and_whole(tmp_path: Path) -> None:
    lines = [
        "The plan has parts, of which each is told about in the list that follows here:",
        "• The first item is so long that it has to go on in the line that is below it",
        " and ends there.",
        "• The second.",
        "1. A numbered item that is long enough to go on in the line that is below",
        " as well.",
        "2. The last.",
    ]
    blocks = list(read_pdf(write_lines(tmp_path / "a.pdf", [lines])).blocks)
    assert [(b.kind, b.text) for b in blocks] == [
        ("paragraph", lines[0]),
        ("item", f"{lines[1]} {lines[2].strip()}"),
        ("item", lines[3]),
        ("item", f"{lines[4]} {lines[5].strip()}"),
        ("item", lines[6]),
    ]


def test_rows_of_a_table_stay_lines(tmp_path: Path) -> None:
    rows = ["City River", "Bern Aare", "Basel Rhine", "Geneva Rhone and Arve"]
    found = read_texts(write_lines(tmp_path / "a.pdf", [[LINES[0], LINES[1], "", *rows, "", *LINES[3:5]]]))
    assert found == [f"{LINES[0]} {LINES[1]}", "\n".join(rows), f"{LINES[3]} {LINES[4]}"]


def test_a_sentence_that_runs_over_a_page_is_in_the_block_where_it_begins(tmp_path: Path) -> None:
    pages = [["Here a sentence begins that is wide and goes", "on and on until the page is at its end, where"],
             ["it goes over to the next and", "ends."], ["New."]]  # fmt: skip
    document = assemble("a.pdf", read_pdf(write_lines(tmp_path / "a.pdf", pages)))
    assert [(s.page, document.text[s.start : s.end]) for s in document.sections] == [
        (1, " ".join([*pages[0], *pages[1]])),
        (3, "New."),
    ]


RUNNING = [
    lambda n: (["The yearly report"], [str(n)]),
    lambda n: (["The yearly report", f"Page {n} of 9"], []),
    lambda n: ([f"{n} Chapter on bridges" if n % 2 else f"Chapter {n // 4}: roads {n}"], []),
    lambda n: ([], [f"- {n} -", "Confidential"]),
    lambda n: ([f"Bridges and roads | Seite {n} von 9"], [f"{n} | P a g e"]),
    lambda n: ([f"{n} / 9"], [f"{n} of 9"]),
    lambda n: ([["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"][n - 1]], []),
]


@pytest.mark.parametrize("running", RUNNING)
def test_running_titles_and_page_numbers_are_dropped(
    tmp_path: Path, running: Callable[[int], tuple[list[str], list[str]]]
) -> None:
    texts = [make_sentences(1, seed=n) for n in range(9)]
    pages = []
    for n, text in enumerate(texts, 1):
        above, below = running(n)
        pages.append([*above, *[""] * (3 - len(above)), text, *[""] * 20, *below])
    assert read_texts(write_lines(tmp_path / "a.pdf", pages)) == texts


COUNTED = [
    lambda n: f"Week {n}",
    lambda n: f"Lesson {n} of 6",
    lambda n: f"Invoice no. {n + 16}",
    lambda n: f"{n} Strategy",
    lambda n: f"Week {n} of 2024",
]


@pytest.mark.parametrize("count", COUNTED)
@pytest.mark.parametrize("is_above", [True, False])
def test_a_line_on_each_page_that_counts_something_is_kept(
    tmp_path: Path, count: Callable[[int], str], *, is_above: bool
) -> None:
    pages, expected = [], []
    for n in range(1, 7):
        text = make_sentences(1, seed=n)
        pages.append([count(n), "", "", text] if is_above else [text, *[""] * 20, count(n)])
        expected += [count(n), text] if is_above else [text, count(n)]
    assert read_texts(write_lines(tmp_path / "a.pdf", pages)) == expected


def test_a_line_that_counts_something_parts_no_sentence(tmp_path: Path) -> None:
    halves = [
        ("the old bridge was", "closed in spring"),
        ("and a new one", "opens there in"),
        ("may, as the", "mayor said"),
        ("of the town told", "the council"),
    ]
    pages = [[f"Report {n}", "", "", *lines] for n, lines in enumerate(halves, 1)]
    texts = read_texts(write_lines(tmp_path / "a.pdf", pages))
    words = [" ".join(lines) for lines in halves]
    assert texts == ["Report 1", " ".join(words), "Report 2", "Report 3", "Report 4"]


def test_what_is_at_the_top_of_a_few_pages_alone_is_kept(tmp_path: Path) -> None:
    pages = [
        [f"Table {n}.", make_sentences(1, seed=n)] if n in (2, 7) else [make_sentences(1, seed=n)] for n in range(9)
    ]
    found = read_texts(write_lines(tmp_path / "a.pdf", pages))
    assert found == [line for lines in pages for line in lines if line]


def test_bookmarks_are_headings_where_their_page_has_them_as_a_line(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    for title, shown, level in (
        ("Bridges", "1 Bridges", 0),
        ("Their costs", "1.1 Their costs", 1),
        ("Missing", "None", 0),
    ):
        canvas.bookmarkPage(title)
        canvas.addOutlineEntry(title, title, level)
        for i, line in enumerate((shown, f"What is said of {title}.")):
            canvas.drawString(72, 700 - 14 * i, line)
        canvas.showPage()
    canvas.save()
    document = assemble("a.pdf", read_pdf(tmp_path / "a.pdf"))
    assert [(s.page, s.heading, document.text[s.start : s.end]) for s in document.sections] == [
        (1, "1 Bridges", "What is said of Bridges."),
        (2, "1 Bridges › 1.1 Their costs", "What is said of Their costs."),
        (3, "1 Bridges › 1.1 Their costs", "None\nWhat is said of Missing."),
    ]


@pytest.mark.parametrize(
    "title", ["untitled", "Microsoft Word - a.doc", "report_final.docx", "a", "PowerPoint Presentation"]
)
def test_a_title_that_a_program_made_up_is_none(tmp_path: Path, title: str) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    canvas.setTitle(title)
    canvas.drawString(72, 700, "Words.")
    canvas.save()
    extract = read_pdf(tmp_path / "a.pdf")
    assert (extract.title, extract.author) == (None, None)


def test_an_encrypted_file_says_so_unless_it_opens_without_a_password(tmp_path: Path) -> None:
    for password in ("secret", ""):
        canvas = Canvas(str(tmp_path / f"a{password}.pdf"), encrypt=StandardEncryption(password, "owner"))
        canvas.drawString(72, 700, "Words.")
        canvas.save()
    assert read_texts(tmp_path / "a.pdf") == ["Words."]
    with pytest.raises(DocumentError, match=r"^it is encrypted; remove the password$"):
        read_pdf(tmp_path / "asecret.pdf")


def test_a_scan_says_that_it_has_no_text(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    canvas.rect(72, 72, 300, 300, fill=1)
    canvas.save()
    refusal = r"^it has no text; it may be a scan: the setting ocr turns OCR off$"
    with pytest.raises(DocumentError, match=refusal), run_job(OcrJob("never")):
        read_pdf(tmp_path / "a.pdf")


@pytest.mark.parametrize("data", [b"", b"No PDF.", b"%PDF-1.4\n", b"%PDF-1.4\n" + bytes(1000)])
def test_a_damaged_file_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(DocumentError, match=r"^it is damaged$"):
        read_pdf(tmp_path / "a.pdf")


def test_a_file_without_its_table_of_objects_is_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.pdf", [["Words."]])
    path.write_bytes(path.read_bytes().replace(b"startxref", b"startyref"))
    assert read_texts(path) == ["Words."]
