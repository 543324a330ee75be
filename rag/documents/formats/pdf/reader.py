"""Reads PDF files: the lines of their pages, without lines that every page repeats."""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, product
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from pypdfium2 import PdfDocument, PdfiumError, raw

from rag.documents.blocks import Block, Extract
from rag.documents.formats.pdf.columns import order_columns
from rag.documents.formats.pdf.fields import add_entries, read_notes
from rag.documents.formats.pdf.footnotes import set_notes_aside
from rag.documents.formats.pdf.headings import TALLEST_HEADING, mark_printed_headings
from rag.documents.formats.pdf.labels import label_continued_tables
from rag.documents.formats.pdf.letters import read_lines
from rag.documents.formats.pdf.paragraphs import Line, join_lines, merge_rows
from rag.documents.formats.pdf.running_lines import drop_running_lines
from rag.documents.formats.pdf.scans import Picture, find_pictures, read_scans
from rag.documents.formats.pdf.tables import read_tables
from rag.documents.formats.pdf.visibility import hide_unseen
from rag.documents.ocr import OcrJob, get_job
from rag.documents.properties import clean_properties
from rag.documents.sequences import flat_map
from rag.errors import DocumentError
from rag.types import OcrMode

_PDFIUM_PASSWORD = 4  # FPDF_ERR_PASSWORD
# A number that may be in a heading and not in its bookmark: "2.3 Refunds", "Chapter IV: Refunds".
_NUMBERING = re.compile(r"(?:chapter|section|part|appendix)?[\divxlc]*[a-z]?")

logger = logging.getLogger(__name__)


class _Bookmark(NamedTuple):
    """An entry of the outline: the index of its page, its level from 1, and its letters without spaces and signs."""

    page: int
    level: int
    key: str


class _Page(NamedTuple):
    """The content of a page: its lines, its notes, and the pictures for OCR, which may be the page itself."""

    lines: list[Line]
    notes: list[Block]
    pictures: list[Picture]


def read_pdf(path: Path) -> Extract:
    """Return the text of a PDF file; raises DocumentError if it is encrypted, damaged or has no text."""
    job = get_job()
    try:
        with closing(PdfDocument(path)) as pdf:
            pages = _read_pages(pdf, job)
            scanned = _read_scans(pdf, pages, job)
            bookmarks = list(_read_bookmarks(pdf))
            properties = pdf.get_metadata_dict()
    except PdfiumError as exc:
        encrypted = exc.err_code == _PDFIUM_PASSWORD
        raise DocumentError("it is encrypted; remove the password" if encrypted else "it is damaged") from exc
    printed, title = _make_blocks([page.lines for page in pages], bookmarks)
    blocks = sorted([*printed, *scanned], key=lambda block: block.page or 0)
    if not blocks:
        raise DocumentError(f"it has no text{_explain_rest(job)}")
    notes = flat_map(attrgetter("notes"), pages)
    extract = clean_properties(path, properties.get("Title"), properties.get("Author"), properties.get("CreationDate"))
    return extract._replace(blocks=chain(blocks, notes), title=extract.title or title)


def _read_pages(pdf: PdfDocument, job: OcrJob) -> list[_Page]:
    """Return the pages; a damaged one is empty. Raises PdfiumError if the others have neither text nor pictures."""
    pages: list[_Page] = []
    damage = None
    mode = "never" if job.explain_refusal() else job.mode
    pdf.init_forms(raw.FPDF_FORMFILLINFO(version=2))  # without a platform for scripts: none runs
    for index in range(len(pdf)):
        try:
            pages.append(_read_page(pdf, index, mode))
        except PdfiumError as exc:
            logger.warning("page %d is damaged; it is left out", index + 1)
            pages.append(_Page([], [], []))
            damage = exc
    has_content = any(page.lines or page.pictures for page in pages)
    if damage and not has_content:
        raise damage
    return pages


def _read_page(pdf: PdfDocument, index: int, mode: OcrMode) -> _Page:
    """Return a page with its lines in the order of the file, which in columns is the order of reading."""
    with closing(pdf[index]) as page:
        rules = hide_unseen(page)
        with closing(page.get_textpage()) as textpage:
            pictures = find_pictures(page, textpage, index, mode)
            is_scan = any(picture.area is None for picture in pictures)
            lines = [] if is_scan else read_lines(textpage, index + 1)
        lines = add_entries(page, lines, index + 1)
        rows = merge_rows(read_tables(order_columns(lines, rules), rules))
        return _Page(rows, list(read_notes(page, index + 1)), pictures)


def _read_scans(pdf: PdfDocument, pages: Iterable[_Page], job: OcrJob) -> list[Block]:
    """Return what OCR reads of the pages; notes what the user should know."""
    pictures = list(flat_map(attrgetter("pictures"), pages))
    if any(picture.has_nonsense for picture in pictures):
        job.note("the text of some pages is signs without a meaning, not letters: only OCR can read them")
    refusal = job.explain_refusal()
    if not refusal:
        return list(read_scans(pdf, pictures, job))
    if pictures:
        count = "1 page has" if len(pictures) == 1 else f"{len(pictures):,} pages have"
        job.note(f"{count} no text and may be scans: {refusal}")
    return []


def _make_blocks(pages: Sequence[Sequence[Line]], bookmarks: Iterable[_Bookmark]) -> tuple[list[Block], str | None]:
    """Return the blocks that the lines form, and the title at the top of the first page."""
    if not any(pages):
        return [], None
    text_pages = list(map(set_notes_aside, label_continued_tables(drop_running_lines(pages))))
    for bookmark in bookmarks:
        _mark_heading(text_pages[bookmark.page], bookmark)
    lines, title = mark_printed_headings(list(chain.from_iterable(text_pages)))
    return list(join_lines(lines)), title


def _explain_rest(job: OcrJob) -> str:
    """Return why a file without text was not read, as the rest of a sentence."""
    refusal = job.explain_refusal()
    if refusal:
        return f"; it may be a scan: {refusal}"
    return f"; {job.notes[-1]}" if job.notes else ""


def _read_bookmarks(pdf: PdfDocument) -> Iterator[_Bookmark]:
    for bookmark in pdf.get_toc():
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        key = _squeeze(bookmark.get_title())
        if key and index is not None:
            yield _Bookmark(index, bookmark.level + 1, key)


def _mark_heading(lines: list[Line], bookmark: _Bookmark) -> None:
    """Merge the first lines of a page that repeat the title of a bookmark to it into one line, which is a heading."""
    for count, first in product(range(1, TALLEST_HEADING + 1), range(len(lines))):
        inside = lines[first : first + count]
        if not inside[0].level and _is_title(inside, bookmark.key):
            text = " ".join(line.text for line in inside)
            lines[first : first + count] = [replace(inside[0], text=text, level=bookmark.level)]
            return


def _is_title(lines: Iterable[Line], key: str) -> bool:
    text = _squeeze("".join(line.text for line in lines))
    return text.endswith(key) and _NUMBERING.fullmatch(text.removesuffix(key)) is not None


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
