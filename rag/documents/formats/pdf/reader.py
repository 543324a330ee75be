"""Reads PDF files: the lines of their pages, without those that every page repeats."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from ctypes import c_double, c_int, create_string_buffer
from dataclasses import replace
from itertools import product
from math import hypot
from pathlib import Path
from typing import NamedTuple

from pypdfium2 import PdfDocument, PdfiumError, PdfTextPage, raw

from rag.documents.blocks import Extract
from rag.documents.formats.office.properties import clean_author, clean_date, clean_title
from rag.documents.formats.pdf.headings import mark_printed_headings
from rag.documents.formats.pdf.paragraphs import Line, join_lines, merge_rows
from rag.documents.formats.pdf.running_lines import drop_running_lines
from rag.documents.formats.pdf.scans import Scans
from rag.documents.formats.pdf.visibility import hide_unseen
from rag.errors import DocumentError

_LINE = re.compile("[^\r\n\ufffe]+\ufffe?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffd]")
# Signs that only PDF files have: pdfium's own for a hyphen at the end of a line, ligatures, Word's bullets.
_SIGNS = str.maketrans(
    {"\ufffe": "-", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    | {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓"}
)
# The dots that lead from a title to its page in a table of contents.
_LEADERS = re.compile(r"(?:(?<!\s)\s++)?(?:\.\s?){5,}")
_PDFIUM_PASSWORD = 4  # FPDF_ERR_PASSWORD
# A number that may be in a heading and not in its bookmark: "2.3 Refunds", "Chapter IV: Refunds".
_NUMBERING = re.compile(r"(?:chapter|section|part|appendix)?[\divxlc]*[a-z]?")
_TALLEST_HEADING = 3  # lines
_REGULAR, _BOLD = 400, 700
_LONGEST_NAME = 100

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
        scans = Scans()
        with closing(PdfDocument(path)) as pdf:
            pages = _read_pages(pdf, scans)
            scans.read(pdf)
            bookmarks = list(_read_bookmarks(pdf))
            properties = pdf.get_metadata_dict()
    except PdfiumError as exc:
        encrypted = exc.err_code == _PDFIUM_PASSWORD
        raise DocumentError("it is encrypted; remove the password" if encrypted else "it is damaged") from exc
    blocks, title = list(scans.blocks), None
    if any(pages):
        pages = drop_running_lines(pages)
        _mark_bookmarked(pages, bookmarks)
        pages, title = mark_printed_headings(pages)
        blocks = scans.merge(join_lines([line for lines in pages for line in lines]))
    if not blocks:
        raise DocumentError(f"it has no text{scans.explain_rest()}")
    return Extract(
        blocks=blocks,
        title=clean_title(properties.get("Title"), path) or title,
        author=clean_author(properties.get("Author")),
        date=clean_date(properties.get("CreationDate")),
    )


def _read_pages(pdf: PdfDocument, scans: Scans) -> list[list[Line]]:
    """Return each page's lines; a damaged page has none. Raises PdfiumError if the other pages have no text."""
    pages: list[list[Line]] = []
    damage = None
    for index in range(len(pdf)):
        try:
            pages.append(_read_lines(pdf, index, scans))
        except PdfiumError as exc:
            logger.warning("page %d is damaged; it is left out", index + 1)
            pages.append([])
            damage = exc
    if damage and not any(pages):
        raise damage
    return pages


def _read_lines(pdf: PdfDocument, index: int, scans: Scans) -> list[Line]:
    """Return the lines of a page in the order of the file, which in columns is the order of reading."""
    with closing(pdf[index]) as page:
        hide_unseen(page)
        with closing(page.get_textpage()) as textpage:
            if not scans.trust_text(page, textpage, index):
                return []
            lines = _measure_lines(textpage, index + 1, page.get_rotation())
            return merge_rows(line for line in lines if line.text)


def _measure_lines(textpage: PdfTextPage, page: int, rotation: int) -> Iterator[Line]:
    for match in _LINE.finditer(textpage.get_text_range()):
        if not match[0].isspace():
            yield _measure_line(textpage, match, page, rotation)


def _measure_line(textpage: PdfTextPage, match: re.Match[str], page: int, rotation: int) -> Line:
    stripped = match[0].strip(" \ufffe\xa0") or match[0]
    first = match.start() + match[0].index(stripped)
    places = (first, first + len(stripped) // 2, first + len(stripped) - 1)
    chars = [max(0, raw.FPDFText_GetCharIndexFromTextIndex(textpage, place)) for place in places]
    # An index, or a word in another font, is smaller than the rest of its line.
    size, largest = max((_find_size(textpage, char), char) for char in chars)
    origin = c_double(), c_double()
    raw.FPDFText_GetCharOrigin(textpage, largest, *origin)
    _, baseline = _turn(origin[0].value, origin[1].value, rotation)
    edges = (*_find_edges(textpage, chars[0], rotation), *_find_edges(textpage, chars[-1], rotation))
    text = _LEADERS.sub(" … ", _CONTROL.sub("", match[0].translate(_SIGNS)))
    weight = min(_find_weight(textpage, chars[0]), _find_weight(textpage, chars[-1]))
    return Line(" ".join(text.split()), page, min(edges), max(edges), baseline, size, weight=weight)


def _find_edges(textpage: PdfTextPage, char: int, rotation: int) -> tuple[float, float]:
    """Return the two ends of a character on the line that readers see, in any order."""
    left, bottom, right, top = textpage.get_charbox(char)
    return _turn(left, bottom, rotation)[0], _turn(right, top, rotation)[0]


def _find_size(textpage: PdfTextPage, char: int) -> float:
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage, char, matrix)
    return float(raw.FPDFText_GetFontSize(textpage, char) * hypot(matrix.c, matrix.d))


def _find_weight(textpage: PdfTextPage, char: int) -> int:
    """Return the weight of a character's font; the fonts that every viewer has state theirs by name alone."""
    weight = int(raw.FPDFText_GetFontWeight(textpage, char))
    if weight > 0:
        return weight
    name = create_string_buffer(_LONGEST_NAME)
    raw.FPDFText_GetFontInfo(textpage, char, name, _LONGEST_NAME, c_int())
    return _BOLD if b"bold" in name.value.lower() else _REGULAR


def _turn(x: float, y: float, rotation: int) -> tuple[float, float]:
    """Return where a point is on a page that viewers turn clockwise by `rotation` degrees."""
    return {0: (x, y), 90: (y, -x), 180: (-x, -y), 270: (-y, x)}[rotation]


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
