"""Reads PDF files: the lines of their pages, without those that every page repeats."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, product
from pathlib import Path
from typing import Any, NamedTuple

from pypdfium2 import PdfDocument, PdfiumError

from rag.documents.blocks import Block, Extract
from rag.documents.formats.pdf.columns import order_columns
from rag.documents.formats.pdf.fields import add_entries, open_form, read_notes
from rag.documents.formats.pdf.footnotes import set_notes_aside
from rag.documents.formats.pdf.headings import mark_printed_headings
from rag.documents.formats.pdf.letters import read_lines
from rag.documents.formats.pdf.paragraphs import Line, join_lines, merge_rows
from rag.documents.formats.pdf.running_lines import drop_running_lines
from rag.documents.formats.pdf.scans import Scans
from rag.documents.formats.pdf.tables import read_tables
from rag.documents.formats.pdf.visibility import hide_unseen
from rag.documents.properties import clean_author, clean_date, clean_title
from rag.errors import DocumentError

_PDFIUM_PASSWORD = 4  # FPDF_ERR_PASSWORD
# A number that may be in a heading and not in its bookmark: "2.3 Refunds", "Chapter IV: Refunds".
_NUMBERING = re.compile(r"(?:chapter|section|part|appendix)?[\divxlc]*[a-z]?")
_TALLEST_HEADING = 3  # lines

logger = logging.getLogger(__name__)


class _Bookmark(NamedTuple):
    """An entry of the outline: the index of its page, its level from 1, and its letters without spaces and signs.

    The index is None if the entry leads to no page.
    """

    page: int | None
    level: int
    key: str


def read_pdf(path: Path) -> Extract:
    """Return the text of a PDF file; raises DocumentError if it is encrypted, damaged or has no text."""
    try:
        notes: list[Block] = []
        scans = Scans()
        with closing(PdfDocument(path)) as pdf:
            with open_form(pdf) as form:
                pages = _read_pages(pdf, form, notes, scans)
            scans.read(pdf)
            bookmarks = list(_read_bookmarks(pdf))
            properties = pdf.get_metadata_dict()
    except PdfiumError as exc:
        encrypted = exc.err_code == _PDFIUM_PASSWORD
        raise DocumentError("it is encrypted; remove the password" if encrypted else "it is damaged") from exc
    title = None
    blocks = scans.blocks
    if any(pages):
        pages = list(map(set_notes_aside, drop_running_lines(pages)))
        _mark_bookmarked(pages, bookmarks)
        pages, title = mark_printed_headings(pages)
        blocks = scans.merge(join_lines(list(chain.from_iterable(pages))))
    if not blocks:
        raise DocumentError(f"it has no text{scans.explain_rest()}")
    return Extract(
        blocks=chain(blocks, notes),
        title=clean_title(properties.get("Title"), path) or title,
        author=clean_author(properties.get("Author")),
        date=clean_date(properties.get("CreationDate")),
    )


def _read_pages(pdf: PdfDocument, form: Any, notes: list[Block], scans: Scans) -> list[list[Line]]:
    """Return each page's lines, and add its notes; a damaged page has no lines.

    Raises PdfiumError if the other pages have no text and are not scans.
    """
    pages: list[list[Line]] = []
    damage = None
    for index in range(len(pdf)):
        try:
            pages.append(_read_lines(pdf, index, form, notes, scans))
        except PdfiumError as exc:
            logger.warning("page %d is damaged; it is left out", index + 1)
            pages.append([])
            damage = exc
    if damage and not any(pages) and not scans.has_pages:
        raise damage
    return pages


def _read_lines(pdf: PdfDocument, index: int, form: Any, notes: list[Block], scans: Scans) -> list[Line]:
    """Return the lines of a page in the order of the file, which in columns is the order of reading."""
    with closing(pdf[index]) as page:
        rules = hide_unseen(page)
        with closing(page.get_textpage()) as textpage:
            lines = read_lines(textpage, index + 1) if scans.trust_text(page, textpage, index) else []
        lines = add_entries(form, page, lines, index + 1)
        notes += read_notes(page, index + 1)
        return merge_rows(read_tables(order_columns(lines, rules), rules))


def _read_bookmarks(pdf: PdfDocument) -> Iterator[_Bookmark]:
    for bookmark in pdf.get_toc():
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        key = _squeeze(bookmark.get_title())
        if key:
            yield _Bookmark(index, bookmark.level + 1, key)


def _mark_bookmarked(pages: list[list[Line]], bookmarks: Iterable[_Bookmark]) -> None:
    """Make headings of the lines that repeat the title of a bookmark to their page."""
    lines_by_page: dict[int | None, list[Line]] = dict(enumerate(pages))
    for bookmark in bookmarks:
        _mark_heading(lines_by_page.get(bookmark.page, []), bookmark)


def _mark_heading(lines: list[Line], bookmark: _Bookmark) -> None:
    """Merge the first lines that repeat the title of a bookmark into one line, which is a heading."""
    for count, first in product(range(1, _TALLEST_HEADING + 1), range(len(lines))):
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
