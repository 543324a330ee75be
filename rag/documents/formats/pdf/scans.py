"""Reads the pages of PDF files that are pictures, and the large pictures on pages of text, by OCR."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pypdfium2 import PdfDocument, PdfiumError, PdfPage, PdfTextPage, raw

from rag.documents.blocks import Block
from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.running_lines import drop_running_lines
from rag.documents.ocr import LONGEST_SIDE, OcrJob, make_blocks, read_pages
from rag.documents.tesseract import DOTS_PER_INCH, TextLine
from rag.types import OcrMode

if TYPE_CHECKING:
    from PIL.Image import Image

_POINTS_PER_INCH = 72
# A font without a map to Unicode shows these in place of letters: replacement, private and control characters.
_NONSENSE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]")
# A text is nonsense if more than this share of it is such characters. Bullets and symbols stay far below.
_MOST_NONSENSE = 0.5
# No more signs of a page are looked at, from its beginning to its end.
_SAMPLE = 200
# A smaller picture on a page of text is a logo or a small photo; the share is of the page's area.
_LEAST_AREA = 0.2
# Pixels: the same running title is at most this much higher or lower on the next scan.
_SHIFT = 10

_Area = tuple[float, float, float, float]  # left, bottom, right, top, in points


class Picture(NamedTuple):
    """A page, by its index, or a picture at a place on it; `has_nonsense` if the page's text has no meaning."""

    page: int
    area: _Area | None = None
    has_nonsense: bool = False


@dataclass(frozen=True, slots=True)
class _ScannedLine(Line):
    """A line of a scan as one of a PDF page, in pixels, and what OCR said of it."""

    source: TextLine = field(kw_only=True)


def find_pictures(page: PdfPage, textpage: PdfTextPage, index: int, mode: OcrMode) -> list[Picture]:
    """Return what OCR is to read of a page: the page itself, or its large pictures without text over them."""
    if not raw.FPDFPage_CountObjects(page):
        return []
    text = textpage.get_text_range()
    has_nonsense = is_nonsense(text) or _lacks_letters(textpage)
    if any((has_nonsense, mode == "always", not text.strip())):
        return [Picture(index, None, has_nonsense)]
    if mode == "never":
        return []
    return [Picture(index, area) for area in _find_areas(page, textpage)]


def is_nonsense(text: str) -> bool:
    """Return whether most of a text is characters without a meaning."""
    signs = len("".join(text.split()))
    return len(_NONSENSE.findall(text)) > _MOST_NONSENSE * signs


def _lacks_letters(textpage: PdfTextPage) -> bool:
    """Return whether the fonts do not say which letters most of the signs on a page are; looks at some of the signs."""
    signs: int = textpage.count_chars()
    sample = range(0, signs, 1 + signs // _SAMPLE)
    unknown = len([index for index in sample if raw.FPDFText_HasUnicodeMapError(textpage, index) == 1])
    return unknown > _MOST_NONSENSE * len(sample)


def _find_areas(page: PdfPage, textpage: PdfTextPage) -> Iterator[_Area]:
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


def read_scans(pdf: PdfDocument, pictures: Sequence[Picture], job: OcrJob) -> Iterator[Block]:
    """Yield the paragraphs of pages and pictures; the running lines of whole pages are left out."""
    whole_pages = [picture for picture in pictures if picture.area is None]
    parts = [picture for picture in pictures if picture.area is not None]
    pages = list(read_pages(_render(pdf, whole_pages), len(pdf), job))
    placed_pages = [[_place(line, page) for line in lines] for page, lines in pages]
    remaining_pages = drop_running_lines(placed_pages)
    for (page, _), remaining in zip(pages, remaining_pages, strict=True):
        yield from make_blocks([line.source for line in remaining], page, job)
    for page, lines in read_pages(_render(pdf, parts), len(pdf), job):
        yield from make_blocks(lines, page, job)


def _render(pdf: PdfDocument, pictures: Iterable[Picture]) -> Iterator[tuple[int, "Image"]]:
    """Yield the pictures with the numbers of their pages; a damaged page is left out."""
    for index, area, _ in pictures:
        try:
            with closing(pdf[index]) as page:
                picture = draw(page, area)
        except PdfiumError:
            continue
        yield index + 1, picture


def draw(page: PdfPage, area: _Area | None = None, *, in_colour: bool = False) -> "Image":
    """Return a picture of a page, or of an area on it, as large as OCR needs."""
    outer = page.get_cropbox()
    left, bottom, right, top = area or outer
    size = max(right - left, top - bottom)
    scale = min(DOTS_PER_INCH / _POINTS_PER_INCH, LONGEST_SIDE / max(1.0, size))
    margins = (left - outer[0], bottom - outer[1], outer[2] - right, outer[3] - top)
    crop = tuple(max(0.0, margin) for margin in margins)
    drawn = page.render(scale=scale, crop=crop, grayscale=not in_colour, may_draw_forms=in_colour)
    picture: Image = drawn.to_pil()
    return picture


def _place(line: TextLine, page: int) -> _ScannedLine:
    """Return a line of a scan with its place; small shifts between scans do not change its height."""
    left, top, right, bottom = line.box
    height = round(bottom / _SHIFT) * _SHIFT
    return _ScannedLine(line.text, page, left, right, -height, bottom - top, source=line)
