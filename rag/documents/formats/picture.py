"""Reads scans and photos of pages by OCR."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.blocks import Block, Extract
from rag.documents.ocr import LONGEST_SIDE, MOST_PAGES, OcrJob, get_job, make_blocks, read_pages
from rag.errors import DocumentError, PassedOverError

if TYPE_CHECKING:
    from PIL.Image import Image

# A page of A2 at 600 dots an inch has this many. Unpacked, that is a third of the memory that a reader may use.
_MOST_PIXELS = 140_000_000
_ONE_BYTE = 256


def read_picture(path: Path) -> Extract:
    """Return the words in a picture, page by page if it is a TIFF file with several.

    Raises PassedOverError if it has no words, or OCR is off; DocumentError if it is damaged or too large.
    """
    job = get_job()
    refusal = job.explain_refusal()
    if refusal:
        raise PassedOverError(refusal, "as pictures that need OCR")
    try:
        blocks = _read_blocks(path, job)
    except (DocumentError, MemoryError):
        raise
    except Exception as exc:  # Pillow raises many kinds on a damaged file
        raise DocumentError("it is damaged, or is another format with this name") from exc
    if not blocks and job.notes:
        raise DocumentError(job.notes[-1])
    if not blocks:
        raise PassedOverError("OCR finds no clear words in it", "as pictures without clear words")
    return Extract(blocks)


def open_picture(path: Path, page: int) -> "Image":
    """Return a page, counted from 1, in colour; raises DocumentError if it is too large, and errors of Pillow."""
    from PIL import Image

    with Image.open(path) as image:
        image.seek(page - 1)
        return _open_page(image, "RGB")


def _read_blocks(path: Path, job: OcrJob) -> list[Block]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            # An animated picture counts as its first frame; only the pages of a TIFF file are pages.
            count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            pages = list(read_pages(_list_pages(image, count), count, job))
    except Image.DecompressionBombError as exc:
        raise DocumentError(f"it has too many pixels: {_MOST_PIXELS // 1_000_000} million are read") from exc
    blocks: list[Block] = []
    for page, lines in pages:
        blocks += make_blocks(lines, page if count > 1 else None, job)
    return blocks


def _list_pages(image: "Image", count: int) -> Iterator[tuple[int, "Image"]]:
    for index in range(min(count, MOST_PAGES + 1)):
        image.seek(index)
        yield index + 1, _open_page(image, "L")


def _open_page(image: "Image", mode: str) -> "Image":
    """Return a page on white, the right way up: grey with the mode "L", in colour with "RGB"."""
    from PIL import Image, ImageOps

    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise DocumentError(
            f"it has {width:,} x {height:,} pixels, and at most {_MOST_PIXELS // 1_000_000} million are read: make it "
            "smaller"
        )
    image.draft(mode, (LONGEST_SIDE, LONGEST_SIDE))  # JPEG files can be read smaller
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        return upright.point(lambda value: value / _ONE_BYTE).convert("L").convert(mode)
    if upright.has_transparency_data:
        paper = Image.new("RGBA", upright.size, "white")
        return Image.alpha_composite(paper, upright.convert("RGBA")).convert(mode)
    return upright.convert(mode)
