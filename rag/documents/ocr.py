"""Reads the words in pictures by OCR, and keeps the results of a file beside its text."""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from rag.documents.blocks import Block
from rag.documents.tesseract import TextLine, measure_confidence, open_engine
from rag.errors import DocumentError
from rag.extras import describe_missing, is_installed
from rag.types import OcrMode

if TYPE_CHECKING:
    from PIL.Image import Image

# The longest side of a picture that is read, in pixels; A4 at 200 dots an inch has 2339. A larger picture takes longer
# and gives the same words.
LONGEST_SIDE = 2600
# A picture with a shorter longest side is enlarged: Tesseract wants letters of 20 pixels, and a screen's have 10.
_SHORT_SIDE = 1300
# At 2 seconds a page this is 7 minutes: one file may delay the others for this time.
MOST_PAGES = 200
# Clear print has more than 90 per cent, and Greek that is read as Latin 50.
_LEAST_CONFIDENCE = 60
# A picture has grain if a median filter changes half of its points by at least this, of 255.
_GRAIN = 3
# Largest skew, its steps, and the least that is corrected, in degrees. Tesseract reads a smaller one as it is.
_MOST_SKEW, _SKEW_STEP, _LEAST_SKEW = 5.0, 0.5, 1.0
_SKEW_SIDE = 700  # pixels; lines of text are still apart in a picture of this size
# Darkest and lightest point of an empty page differ by at most this, of 255.
_EMPTY = 40
_LETTER = re.compile(r"\w")
_BROKEN = re.compile(r"[^\W\d_]-$")


@dataclass(slots=True)
class OcrJob:
    """The permission of OCR for a file, and its results beside the text.

    `on_page` gets the number of each page before it is read, and the number of pages. `notes` are lines for the user.
    """

    mode: OcrMode = "auto"
    on_page: Callable[[int, int], None] = lambda page, count: None  # noqa: ARG005
    notes: list[str] = field(default_factory=list)
    pages: int = 0
    unsure: int = 0

    def note(self, line: str) -> None:
        """Add a line for the user, once."""
        if line not in self.notes:
            self.notes.append(line)

    def explain_refusal(self) -> str | None:
        """Return why pictures are not read; None if they are."""
        if self.mode == "never":
            return "the setting ocr turns OCR off"
        return None if has_ocr() else describe_missing("OCR", "ocr")


_JOB: ContextVar[OcrJob] = ContextVar("job")


def get_job() -> OcrJob:
    """Return the job of the file that is being read, or a new one outside of `run_job`.

    A reader calls this once and passes the job on.
    """
    return _JOB.get(OcrJob())


@contextmanager
def run_job(job: OcrJob) -> Iterator[None]:
    """Read files with a job during the block."""
    token = _JOB.set(job)
    try:
        yield
    finally:
        _JOB.reset(token)
    if job.unsure:
        passages = "1 passage was" if job.unsure == 1 else f"{job.unsure:,} passages were"
        job.note(f"{passages} left out, because OCR was unsure of the words")


def has_ocr() -> bool:
    """Return whether the extra is installed."""
    return is_installed("tesserocr") and is_installed("PIL")


def read_pages(
    pictures: Iterable[tuple[int, "Image"]], count: int, job: OcrJob
) -> Iterator[tuple[int, list[TextLine]]]:
    """Yield the lines of each picture; both come with the number of their page. `count` is of all pages.

    Stops after `MOST_PAGES` of one file, or after a page that takes too long, and notes it.
    """
    for page, picture in pictures:
        if job.pages >= MOST_PAGES:
            job.note(f"OCR read the first {MOST_PAGES} pages; split the file to have the others read")
            return
        job.pages += 1
        job.on_page(page, count)
        open_engine()  # raises the error that no page of the file can be read
        try:
            lines = read_picture(picture)
        except DocumentError as exc:
            job.note(f"page {page}: {exc}; it and the pages after it are left out")
            return
        yield page, lines


def read_picture(picture: "Image") -> list[TextLine]:
    """Return the lines of a picture; none if it is empty."""
    _, lines = read_upright(picture.convert("L"))
    return lines


def read_upright(picture: "Image") -> tuple["Image", list[TextLine]]:
    """Return a picture upright, with level lines of text, and these lines; their places are in the new picture."""
    scaled = _scale(picture)
    grey = scaled.convert("L")
    if _is_empty(grey):
        return scaled, []
    smooth = _smooth(grey)
    angle = find_skew(smooth)
    lines, turn = open_engine().read(_rotate(smooth, angle))
    return _rotate(scaled, angle).rotate(turn, expand=True), lines


def _is_empty(picture: "Image") -> bool:
    shades = [shade for shade, count in enumerate(picture.histogram()) if count]
    return shades[-1] - shades[0] <= _EMPTY


def _smooth(picture: "Image") -> "Image":
    """Return a picture without its grain, which can hide all words from Tesseract."""
    from PIL import ImageChops, ImageFilter

    smooth = picture.filter(ImageFilter.MedianFilter(3))
    changes = ImageChops.difference(picture, smooth).histogram()
    unchanged = sum(changes[:_GRAIN])
    return smooth if unchanged < sum(changes) / 2 else picture


def _rotate(picture: "Image", angle: float) -> "Image":
    """Return a picture turned to the left, in degrees, unless that is too little to matter."""
    from PIL.Image import Resampling

    if abs(angle) < _LEAST_SKEW:
        return picture
    paper = tuple(_find_paper(band) for band in picture.split())
    return picture.rotate(angle, Resampling.BICUBIC, fillcolor=paper)


def find_skew(picture: "Image") -> float:
    """Return how far to turn a picture to the left for level lines, in degrees.

    The darkness of neighbouring rows then differs most.
    """
    from PIL.Image import Resampling

    small = picture.copy()
    small.thumbnail((_SKEW_SIDE, _SKEW_SIDE))
    paper = _find_paper(small)
    exact = small.convert("F")
    steps = round(_MOST_SKEW / _SKEW_STEP)

    def measure_rows(angle: float) -> float:
        turned = exact.rotate(angle, Resampling.BILINEAR, fillcolor=paper)
        rows = array("f", turned.resize((1, turned.height), Resampling.BOX).tobytes())
        return sum((above - below) ** 2 for above, below in pairwise(rows))

    angles = [step * _SKEW_STEP for step in sorted(range(-steps, steps + 1), key=abs)]
    return max(angles, key=measure_rows)


def _find_paper(picture: "Image") -> int:
    """Return the commonest shade of a picture."""
    shades = picture.histogram()
    return shades.index(max(shades))


def _scale(picture: "Image") -> "Image":
    longest = max(picture.size)
    factor = 2.0 if longest < _SHORT_SIDE else min(1.0, LONGEST_SIDE / longest)
    if factor == 1:
        return picture
    return picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))


def make_blocks(lines: Sequence[TextLine], page: int | None, job: OcrJob) -> list[Block]:
    """Return the paragraphs of a page with the page's mean confidence; the job counts the unsure ones, left out."""
    clear: list[list[TextLine]] = []
    for _, run in groupby(lines, key=attrgetter("paragraph")):
        paragraph = list(run)
        if not any(_LETTER.search(line.text) for line in paragraph):
            continue  # OCR reads specks as signs
        if measure_confidence(paragraph) >= _LEAST_CONFIDENCE:
            clear.append(paragraph)
        else:
            job.unsure += 1
    mean = round(measure_confidence(list(chain.from_iterable(clear))))
    return [Block(join_lines(paragraph), page=page, ocr=mean) for paragraph in clear]


def join_lines(lines: Sequence[TextLine]) -> str:
    """Return the text of a paragraph's lines; a word that was broken at a line's end is joined."""
    text = lines[0].text
    for _, line in pairwise(lines):
        is_broken = _BROKEN.search(text) is not None and line.text[0].islower()
        text = text[:-1] + line.text if is_broken else f"{text} {line.text}"
    return text
