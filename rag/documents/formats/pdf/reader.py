"""Reads PDF files: the lines of their pages, without what every page repeats."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from ctypes import c_double
from dataclasses import replace
from itertools import product
from math import hypot
from pathlib import Path
from typing import NamedTuple

from pypdfium2 import PdfDocument, PdfiumError, PdfPage, PdfTextPage, raw

from rag.documents.blocks import Extract
from rag.documents.formats.office.properties import clean_author, clean_date, clean_title
from rag.documents.formats.pdf.paragraphs import Line, join_lines, merge_rows
from rag.documents.formats.pdf.running_lines import drop_running_lines
from rag.documents.formats.pdf.visibility import hide_unseen
from rag.errors import DocumentError

_LINE = re.compile("[^\r\n\ufffe]+\ufffe?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffd]")
# Signs that no font has outside PDFs: pdfium's own for a hyphen at the end of a line, ligatures, Word's bullets.
_SIGNS = str.maketrans(
    {"\ufffe": "-", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    | {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓"}
)
# The dots that lead from a title to its page in a table of contents.
_LEADERS = re.compile(r"(?:(?<!\s)\s++)?(?:\.\s?){5,}")
_PDFIUM_PASSWORD = 4  # FPDF_ERR_PASSWORD
# A heading that its bookmark has without number: "2.3 Refunds", "Chapter IV: Refunds".
_NUMBERING = re.compile(r"(?:chapter|section|part|appendix)?[\divxlc]*[a-z]?")
_TALLEST_HEADING = 3

logger = logging.getLogger(__name__)


class _Bookmark(NamedTuple):
    """An entry of the outline: the index of its page, its level from 1, its letters."""

    page: int
    level: int
    key: str


def read_pdf(path: Path) -> Extract:
    """Return the text of a PDF file; raises DocumentError if it is encrypted, damaged or has no text."""
    try:
        with closing(PdfDocument(path)) as pdf:
            pages = _read_pages(pdf)
            bookmarks = list(_read_bookmarks(pdf))
            properties = pdf.get_metadata_dict()
    except PdfiumError as exc:
        encrypted = exc.err_code == _PDFIUM_PASSWORD
        raise DocumentError("it is encrypted; remove the password" if encrypted else "it is damaged") from exc
    if not any(pages):
        raise DocumentError("it has no text; it may be a scan, run OCR on it first")
    pages = drop_running_lines(pages)
    _mark_headings(pages, bookmarks)
    return Extract(
        blocks=join_lines([line for lines in pages for line in lines]),
        title=clean_title(properties.get("Title"), path),
        author=clean_author(properties.get("Author")),
        date=clean_date(properties.get("CreationDate")),
    )


def _read_pages(pdf: PdfDocument) -> list[list[Line]]:
    """Return each page's lines; a damaged page has none, and if there are no others that is an error."""
    pages: list[list[Line]] = []
    damage = None
    for index in range(len(pdf)):
        try:
            pages.append(_read_lines(pdf, index))
        except PdfiumError as exc:
            logger.warning("page %d is damaged; it is left out", index + 1)
            pages.append([])
            damage = exc
    if damage and not any(pages):
        raise damage
    return pages


def _read_lines(pdf: PdfDocument, index: int) -> list[Line]:
    """Return the lines of a page in the order in which they were written, which in columns is the reading order."""
    with closing(pdf[index]) as page:
        hide_unseen(page)
        return _read_shown_lines(page, index)


def _read_shown_lines(page: PdfPage, index: int) -> list[Line]:
    with closing(page.get_textpage()) as textpage:
        rotation = page.get_rotation()
        found = _LINE.finditer(textpage.get_text_range())
        lines = [_measure_line(textpage, line, index + 1, rotation) for line in found if not line[0].isspace()]
    return merge_rows(line for line in lines if line.text)


def _measure_line(textpage: PdfTextPage, found: re.Match[str], page: int, rotation: int) -> Line:
    stripped = found[0].strip(" \ufffe\xa0") or found[0]
    first = found.start() + found[0].index(stripped)
    places = (first, first + len(stripped) // 2, first + len(stripped) - 1)
    chars = [max(0, raw.FPDFText_GetCharIndexFromTextIndex(textpage, place)) for place in places]
    # An index, or a word in another font, is smaller than the line that it is in.
    size, main = max((_find_size(textpage, char), char) for char in chars)
    origin = c_double(), c_double()
    raw.FPDFText_GetCharOrigin(textpage, main, *origin)
    _, baseline = _turn(origin[0].value, origin[1].value, rotation)
    boxes = [textpage.get_charbox(chars[0]), textpage.get_charbox(chars[-1])]
    edges = [_turn(x, y, rotation)[0] for box in boxes for x, y in (box[:2], box[2:])]
    text = _LEADERS.sub(" … ", _CONTROL.sub("", found[0].translate(_SIGNS)))
    return Line(" ".join(text.split()), page, min(edges), max(edges), baseline, size)


def _find_size(textpage: PdfTextPage, char: int) -> float:
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage, char, matrix)
    return float(raw.FPDFText_GetFontSize(textpage, char) * hypot(matrix.c, matrix.d))


def _turn(x: float, y: float, rotation: int) -> tuple[float, float]:
    """Return where a point is on a page that is shown turned clockwise by `rotation` degrees."""
    return {0: (x, y), 90: (y, -x), 180: (-x, -y), 270: (-y, x)}[rotation]


def _read_bookmarks(pdf: PdfDocument) -> Iterator[_Bookmark]:
    for bookmark in pdf.get_toc():
        destination = bookmark.get_dest()
        key = _squeeze(bookmark.get_title())
        index = destination.get_index() if destination else None
        if key and index is not None:
            yield _Bookmark(index, bookmark.level + 1, key)


def _mark_headings(pages: list[list[Line]], bookmarks: Iterable[_Bookmark]) -> None:
    """Make the lines that say what a bookmark of their page says one line, a heading."""
    for index, level, key in bookmarks:
        lines = pages[index] if 0 <= index < len(pages) else []
        for count, first in product(range(1, _TALLEST_HEADING + 1), range(len(lines))):
            inside = lines[first : first + count]
            text = _squeeze("".join(line.text for line in inside))
            if text.endswith(key) and _NUMBERING.fullmatch(text.removesuffix(key)) and not inside[0].level:
                heading = replace(inside[0], text=" ".join(line.text for line in inside), level=level)
                lines[first : first + count] = [heading]
                break


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
