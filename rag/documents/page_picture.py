"""Draws a page of a PDF file or of a picture, with quotes marked on it.

Letters are compared without spaces, signs and accents: a quote is found across lines, hyphens and ligatures.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from difflib import SequenceMatcher
from io import BytesIO
from itertools import chain
from math import sqrt
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from rag.documents.ocr import get_job, read_upright
from rag.documents.read import find_suffix
from rag.documents.sequences import merge_runs
from rag.documents.tesseract import Box
from rag.rows import is_row, split_row
from rag.system import is_path, parse_source
from rag.text import UNSPACED, WORD
from rag.types import Span

if TYPE_CHECKING:  # a program that draws nothing loads none of these
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage

_PDF = ".pdf"
_SUFFIXES = frozenset((_PDF, ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"))
# A page of A4 has this many at 150 dots an inch.
_MOST_PIXELS = 2_200_000
# A quote may differ from the page: its row is spelled out, or a footnote's number is left out. Shorter runs of the same
# letters are chance, and so are all of them if they are a smaller share of the quote.
_SHORTEST_RUN = 5
_LEAST_SHARE = 0.5
# An alignment takes time, so this many letters of all quotes together get one, with this many of a page.
_MOST_ALIGNED, _MOST_ON_PAGE = 3000, 10_000
# The letters of a quote are this near to its longest run, as a multiple of its length.
_REACH = 2
_MARK, _MARK_SHARE = (255, 213, 0), 0.4
_MARGIN = 2  # pixels around the words of a line
# Parts of a line are apart by at most this multiple of its height.
_WIDEST_GAP = 3


class PagePicture(NamedTuple):
    """A picture of a page as a PNG file, its page number from 1, its width and its height in pixels.

    `place` is where the first mark is, as a share of the height from the top; None: the quotes were not found.
    """

    png: bytes
    page: int
    width: int
    height: int
    place: float | None


class Quote(NamedTuple):
    """The words to mark, and the text before them, which shows the place if the words are in several."""

    words: str
    before: str = ""


class Letters(NamedTuple):
    """The letters of a text as `simplify` returns them, and the offsets where a word may begin or end, in order."""

    text: str
    edges: Sequence[int]


class _View(NamedTuple):
    """A page with the letters that were read on it, and the box of each letter in the picture."""

    page: int
    picture: "Image"
    letters: Letters
    boxes: Sequence[Box]


class _Marked(NamedTuple):
    """A page with a box for each line of the quotes, and the number of their letters that are on it."""

    view: _View
    marks: list[Box]
    found: int


def can_draw(source: str) -> bool:
    """Return whether a stored source is a file of a kind whose pages can be drawn."""
    return is_path(source) and find_suffix(parse_source(source)) in _SUFFIXES


def draw_page(path: Path, page: int, quotes: Sequence[Quote]) -> PagePicture:
    """Return a page, counted from 1, with quotes marked; or the next page, if more of the quotes are on it.

    The text of the file counts before the words that OCR reads. Raises DocumentError if OCR takes too long, and the
    errors of the libraries if the file is damaged.
    """
    if path.suffix.lower() == _PDF:
        return _draw(_search_pdf(path, page, quotes))
    from rag.documents.formats.picture import open_picture

    return _draw(_mark(_read_by_ocr(page, open_picture(path, page)), quotes))


def _search_pdf(path: Path, page: int, quotes: Sequence[Quote]) -> _Marked:
    """Return the page that has most of the quotes, or the one that was asked for if none has them."""
    from pypdfium2 import PdfDocument

    letters = sum(len(simplify(quote.words)) for quote in quotes)
    with closing(PdfDocument(path)) as pdf:
        pdf.init_forms()
        asked = best = _mark(_read_text(pdf, page), quotes)
        if asked.found < letters and page < len(pdf):
            best = max(asked, _mark(_read_text(pdf, page + 1), quotes), key=attrgetter("found"))
    if not best.found:
        best = _mark(_read_by_ocr(page, asked.view.picture), quotes)
    return best if best.found else asked


def _read_text(pdf: "PdfDocument", page: int) -> _View:
    """Return a page with the letters of the file's text that a reader sees."""
    from rag.documents.formats.pdf.scans import draw
    from rag.documents.formats.pdf.visibility import hide_unseen

    with closing(pdf[page - 1]) as opened:
        picture = draw(opened, in_colour=True)
        hide_unseen(opened)
        return _make_view(page, picture, _list_signs(opened, picture.size))


def _list_signs(page: "PdfPage", size: tuple[int, int]) -> Iterator[tuple[str, Box]]:
    """Yield the signs of a page's text, each with its box in a picture of this size."""
    from pypdfium2 import PdfPosConv, raw

    find_pixel = PdfPosConv(page, (0, 0, *size, 0)).to_bitmap
    with closing(page.get_textpage()) as textpage:
        for index in range(textpage.count_chars()):
            left, bottom, right, top = textpage.get_charbox(index, loose=True)
            xs, ys = zip(find_pixel(left, bottom), find_pixel(right, top), strict=True)
            yield chr(raw.FPDFText_GetUnicode(textpage, index)), (min(xs), min(ys), max(xs), max(ys))


def _read_by_ocr(page: int, picture: "Image") -> _View:
    """Return a page upright with the letters that OCR reads; without any if OCR is off or not installed."""
    if get_job().explain_refusal():
        return _make_view(page, picture, [])
    upright, lines = read_upright(picture)
    return _make_view(page, upright, [(f"{word} ", box) for line in lines for word, box in line.words])


def _make_view(page: int, picture: "Image", words: Iterable[tuple[str, Box]]) -> _View:
    texts, boxes = [], []
    for word, box in words:
        texts.append(word)
        boxes += [box] * len(simplify(word))
    return _View(page, picture, read_letters("".join(texts)), boxes)


def read_letters(text: str) -> Letters:
    """Return the letters of a text with the edges of its words; each sign of a script without spaces is a word."""
    forms, length, edges = [], 0, {0}
    for sign in text:
        forms.append(simplify(sign))
        is_word = UNSPACED.match(sign) is not None
        if is_word or not forms[-1]:
            edges |= {length, length + len(forms[-1])}
        length += len(forms[-1])
    return Letters("".join(forms), sorted(edges | {length}))


def simplify(text: str) -> str:
    """Return the letters and digits of a text in small letters, without accents."""
    return "".join(filter(str.isalnum, normalize("NFKD", text).casefold()))


def find_quote(quote: Quote, page: Letters, *, most_aligned: int = _MOST_ALIGNED) -> list[Span]:
    """Return the stretches of a page's letters that are in a quote; none if most of the quote is not there.

    Whole words in the order of the quote are one stretch. Otherwise at most `most_aligned` letters of it are aligned.
    """
    for form in (simplify(quote.words), simplify(_drop_labels(quote.words))):
        places = _find_places(form, page)
        if form and places:
            start = _choose_place(places, simplify(quote.before), page.text)
            return [(start, start + len(form))]
    is_word = len(WORD.findall(quote.words)) < 2  # it would be aligned with a part of another word
    return [] if is_word else _align(form[:most_aligned], page.text[:_MOST_ON_PAGE])


def _find_places(form: str, page: Letters) -> list[int]:
    """Return each place where a quote's letters are whole words of a page."""
    ends = {edge - len(form) for edge in page.edges}
    return [start for start in page.edges if start in ends and page.text.startswith(form, start)]


def _choose_place(places: Sequence[int], before: str, text: str) -> int:
    """Return the place with most of the letters that are right before a quote; the first one of equal places."""

    def count_shared(place: int) -> int:
        above = text[max(0, place - len(before)) : place]
        shared = 0
        for sign, sign_above in zip(reversed(before), reversed(above), strict=False):
            if sign != sign_above:
                break
            shared += 1
        return shared

    return max(places, key=count_shared)


def _drop_labels(quote: str) -> str:
    """Return a quote without the labels in the rows of a table, which are in another place of the page."""
    words = []
    for line in quote.splitlines():
        words += [cell.value for cell in split_row(line)] if is_row(line) else [line]
    return " ".join(words)


def _align(quote: str, letters: str) -> list[Span]:
    """Return the longer runs of a quote's letters on a page, near its longest one."""
    pieces = _cut(quote)
    core = SequenceMatcher(None, pieces, _cut(letters)).find_longest_match()
    first = max(0, core.b - _REACH * len(quote))
    near = letters[first : core.b + _REACH * len(quote)]
    runs: list[Span] = []
    end = first
    for block in SequenceMatcher(None, pieces, _cut(near)).get_matching_blocks()[:-1]:  # the last one is empty
        start = max(end, first + block.b)
        end = first + block.b + block.size + _SHORTEST_RUN - 1
        runs.append((start, end))
    found = sum(end - start for start, end in runs)
    return runs if found >= _LEAST_SHARE * len(quote) else []


def _cut(letters: str) -> list[str]:
    """Return each run of the shortest length; few places share one, which makes an alignment fast."""
    return [letters[start : start + _SHORTEST_RUN] for start in range(len(letters) - _SHORTEST_RUN + 1)]


def _mark(view: _View, quotes: Sequence[Quote]) -> _Marked:
    """Return a page with the lines of the quotes on it."""
    most = _MOST_ALIGNED // max(1, len(quotes))
    spans = [span for quote in quotes for span in find_quote(quote, view.letters, most_aligned=most)]
    boxes = chain.from_iterable(view.boxes[start:end] for start, end in spans)
    marks = merge_runs(boxes, _is_beside, _join_boxes)
    return _Marked(view, marks, sum(end - start for start, end in spans))


def _join_boxes(mark: Box, box: Box) -> Box:
    left, top, right, bottom = zip(mark, box, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _is_beside(mark: Box, box: Box) -> bool:
    """Return whether a box is in the line of a mark."""
    middle = (box[1] + box[3]) / 2
    gap = max(mark[0], box[0]) - min(mark[2], box[2])
    return mark[1] <= middle <= mark[3] and gap <= _WIDEST_GAP * (mark[3] - mark[1])


def _draw(page: _Marked) -> PagePicture:
    """Return the picture of a page with its marks, made smaller if it is large."""
    from PIL import Image, ImageDraw

    picture = page.view.picture.convert("RGB")
    mask = Image.new("L", picture.size, 0)
    for left, top, right, bottom in page.marks:
        ImageDraw.Draw(mask).rectangle((left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN), fill=255)
    marked = Image.blend(picture, Image.new("RGB", picture.size, _MARK), _MARK_SHARE)
    picture.paste(marked, mask=mask)
    factor = sqrt(_MOST_PIXELS / (picture.width * picture.height))
    place = page.marks[0][1] / picture.height if page.marks else None
    if factor < 1:
        picture = picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))
    file = BytesIO()
    picture.save(file, "PNG")
    return PagePicture(file.getvalue(), page.view.page, picture.width, picture.height, place)
