"""Reads the pages of PDF files that are pictures, and the large pictures on pages of text, by OCR."""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from pypdfium2 import PdfDocument, PdfiumError, PdfPage, PdfTextPage, raw

from rag.documents.blocks import Block
from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.running_lines import drop_running_lines
from rag.documents.ocr import (
    DOTS_PER_INCH,
    LONGEST_SIDE,
    TextLine,
    can_read,
    explain_refusal,
    get_job,
    make_blocks,
    read_pages,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_POINTS_PER_INCH = 72
# A font without a map to Unicode shows these in place of letters: replacement, private and control characters.
_NONSENSE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]")
# A text is nonsense if more than this share of it is such characters. Bullets and symbols stay far below.
_MOST_NONSENSE = 0.5
# A smaller picture on a page of text is a logo or a small photo; the share is of the page's area.
_LEAST_AREA = 0.2
# Pixels: the same running title is at most this much higher or lower on the next scan.
_SHIFT = 10

_Area = tuple[float, float, float, float]  # left, bottom, right, top, in points


class _Picture(NamedTuple):
    """A page, by its index, or the place of a picture on it."""

    page: int
    area: _Area | None


class Scans:
    """The parts of a PDF file that OCR reads: pages without text, and large pictures with no text over them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._pages: list[_Picture] = []
        self._pictures: list[_Picture] = []
        self._can_read = can_read()
        self._reads_all = self._can_read and get_job().mode == "always"

    @property
    def has_pages(self) -> bool:
        """Whether pages were found that may be scans."""
        return bool(self._pages)

    def trust_text(self, page: PdfPage, textpage: PdfTextPage, index: int) -> bool:
        """Return whether to read the text of a page, and note what OCR is to read of it."""
        if not raw.FPDFPage_CountObjects(page):
            return True  # an empty page
        if self._is_scan(textpage):
            self._pages.append(_Picture(index, None))
            return False
        if self._can_read:
            for area in _find_pictures(page, textpage):
                self._pictures.append(_Picture(index, area))
        return True

    def _is_scan(self, textpage: PdfTextPage) -> bool:
        """Return whether OCR is to read a page, and not its text."""
        text = textpage.get_text_range()
        if is_nonsense(text) or _lacks_letters(textpage):
            get_job().note("the text of some pages is signs without a meaning, not letters: only OCR can read them")
            return True
        return self._reads_all or not text.strip()

    def read(self, pdf: PdfDocument) -> None:
        """Read the pages and pictures by OCR."""
        if self._can_read:
            self.blocks = [*self._read_pages(pdf), *self._read_pictures(pdf)]
        elif self._pages:
            pages = "1 page has" if len(self._pages) == 1 else f"{len(self._pages):,} pages have"
            get_job().note(f"{pages} no text and may be scans: {explain_refusal()}")

    def merge(self, blocks: Iterable[Block]) -> list[Block]:
        """Return the blocks of the text and those of OCR, page after page."""
        return sorted([*blocks, *self.blocks], key=lambda block: block.page or 0)

    def explain_rest(self) -> str:
        """Return why a file without text was not read, as the rest of a sentence."""
        if not self._can_read:
            return f"; it may be a scan: {explain_refusal()}"
        return "".join(f"; {note}" for note in get_job().notes[-1:])

    def _read_pages(self, pdf: PdfDocument) -> Iterator[Block]:
        pages = list(read_pages(_render(pdf, self._pages), len(pdf)))
        printed_pages = []
        for page, lines in pages:
            printed_pages.append([_place(line, page) for line in lines])
        remaining_pages = drop_running_lines(printed_pages)
        for (page, lines), printed, remaining in zip(pages, printed_pages, remaining_pages, strict=True):
            # A running line that stays once comes back as another object, with the same place.
            places = {(line.left, line.y) for line in remaining}
            pairs = zip(lines, printed, strict=True)
            yield from make_blocks([line for line, place in pairs if (place.left, place.y) in places], page)

    def _read_pictures(self, pdf: PdfDocument) -> Iterator[Block]:
        for page, lines in read_pages(_render(pdf, self._pictures), len(pdf)):
            yield from make_blocks(lines, page)


def is_nonsense(text: str) -> bool:
    """Return whether most of a text is characters without a meaning."""
    signs = len("".join(text.split()))
    return len(_NONSENSE.findall(text)) > _MOST_NONSENSE * signs


def _lacks_letters(textpage: PdfTextPage) -> bool:
    """Return whether the fonts do not say which letters most of the signs on a page are.

    The rest of a page is not looked at once enough of its letters are known.
    """
    signs: int = textpage.count_chars()
    known = 0
    for index in range(signs):
        if raw.FPDFText_HasUnicodeMapError(textpage, index) != 1:
            known += 1
        if known >= (1 - _MOST_NONSENSE) * signs:
            return False
    return signs > 0


def _find_pictures(page: PdfPage, textpage: PdfTextPage) -> Iterator[_Area]:
    """Yield the places of the large pictures of a page that have no text over them; none of a turned page."""
    if page.get_rotation():
        return
    width, height = page.get_size()
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) < _LEAST_AREA * width * height:
            continue
        if not textpage.get_text_bounded(left, bottom, right, top).strip():
            yield left, bottom, right, top


def _render(pdf: PdfDocument, pictures: Iterable[_Picture]) -> Iterator[tuple[int, "Image"]]:
    """Yield the pictures with the numbers of their pages; a damaged page is left out."""
    for index, area in pictures:
        try:
            with closing(pdf[index]) as page:
                picture = _draw(page, area)
        except PdfiumError:
            continue
        yield index + 1, picture


def _draw(page: PdfPage, area: _Area | None) -> "Image":
    outer = page.get_cropbox()
    left, bottom, right, top = area or outer
    size = max(right - left, top - bottom)
    scale = min(DOTS_PER_INCH / _POINTS_PER_INCH, LONGEST_SIDE / max(1.0, size))
    margins = (left - outer[0], bottom - outer[1], outer[2] - right, outer[3] - top)
    crop = tuple(max(0.0, margin) for margin in margins)
    picture: Image = page.render(scale=scale, crop=crop, grayscale=True).to_pil()
    return picture


def _place(line: TextLine, page: int) -> Line:
    """Return a line of a scan as one of a PDF page, in pixels; small shifts between scans do not change its height."""
    left, top, right, bottom = line.box
    height = round(bottom / _SHIFT) * _SHIFT
    return Line(line.text, page, left, right, -height, bottom - top)
