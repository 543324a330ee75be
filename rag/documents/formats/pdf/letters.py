"""Reads the lines of a page of a PDF file, with their places and the look of their letters."""

import re
from collections import Counter
from collections.abc import Iterator
from ctypes import c_double, c_int, create_string_buffer
from dataclasses import replace
from math import hypot, pi
from typing import NamedTuple

from pypdfium2 import PdfTextPage, raw

from rag.documents.formats.numerals import raise_digits
from rag.documents.formats.pdf.paragraphs import RAISED_SIZE, Line, Word
from rag.documents.sequences import merge_runs

_LINE = re.compile("[^\r\n\ufffe]+\ufffe?")
# They are at the ends of lines and have no place on the page.
_UNSEEN_ENDS = " \xa0"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffd]")
# Signs that only PDF files have: pdfium's own for a hyphen at the end of a line, ligatures, Word's bullets.
_SIGNS = str.maketrans(
    {"\ufffe": "-", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    | {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓"}
)
# The dots that lead from a title to its page in a table of contents.
_LEADERS = re.compile(r"(?:(?<!\s)\s++)?(?:\.\s?){5,}")
_DIGIT = re.compile(r"\d")
_SPACES = re.compile(r"(?<=\S)\s+(?=\S)")
# Digits that may be raised: the last ones of a word.
_LAST_DIGITS = re.compile(r"(?<=[^\s\d])\d{1,3}(?!\w)|(?<=\d)\d{1,3}(?![\w])")
# A gap of at least this multiple of the size of the letters is wider than a space. Typewriters have wider spaces.
_WIDE_GAP = 0.45
_WIDE_GAP_OF_TYPEWRITER = 0.9
_FIXED_PITCH = 1
# Letters are apart by less than this, and words by more. It is a multiple of their size.
_SPACE = 0.15
# Baselines that differ by less are the same.
_SAME_BASELINE = 0.1
_REGULAR, _BOLD = 400, 700
# Fonts that state a smaller weight may be bold all the same: some programs work the weight out of a wrong thickness.
_SURELY_BOLD = 600
_TYPEWRITERS = re.compile(rb"courier|mono|typewriter")
_BOLD_NAMES = re.compile(rb"bold|black|heavy|demi")
_LONGEST_NAME = 100
# A line with at least this number of spaces, and with fewer digits, is a sentence.
_SPACES_OF_SENTENCE = 10


class _Match(NamedTuple):
    """A line of the text that pdfium returns: its words, the index of its first character, and its direction.

    The direction is the angle in degrees by which the line is turned anticlockwise, to the next whole number.
    """

    text: str
    first: int
    angle: int


def read_lines(textpage: PdfTextPage, page: int) -> list[Line]:
    """Return the lines of a page in the order of the file; lines that are turned out of the page's direction are aside.

    The direction of most letters counts as horizontal.
    """
    reader = _Reader(textpage, page)
    matches = list(reader.find_matches())
    lengths = Counter[int]()
    for match in matches:
        lengths[match.angle] += len(match.text)
    upright = max(lengths, key=lengths.__getitem__, default=0)
    lines = (reader.measure(match, upright) for match in matches)
    return merge_runs((line for line in lines if line.text), _is_piece, _join)


def _is_piece(line: Line, piece: Line) -> bool:
    """Return whether pdfium took two lines apart although nothing but a space is between them."""
    is_level = abs(line.y - piece.y) < _SAME_BASELINE * line.size and line.is_aside == piece.is_aside
    return is_level and abs(piece.left - line.right) < _WIDE_GAP * line.size


def _join(line: Line, piece: Line) -> Line:
    *before, last = line.parts
    first, *after = piece.parts
    space = " " if piece.left - line.right >= _SPACE * line.size else ""
    words = (*before, Word(last.text + space + first.text, last.left, first.right), *after)
    size, weight = max(line.size, piece.size), min(line.weight, piece.weight)
    text = line.text + space + piece.text
    words = words if len(words) > 1 else ()
    return replace(line, text=text, right=piece.right, size=size, weight=weight, words=words)


class _Reader:
    """Measures the letters of a page; pdfium writes its results into the same few variables."""

    def __init__(self, textpage: PdfTextPage, page: int) -> None:
        self._handle = textpage.raw
        self._page = page
        self._text = textpage.get_text_range()
        self._matrix = raw.FS_MATRIX()
        self._box = raw.FS_RECTF()
        self._point = c_double(), c_double()
        self._name = create_string_buffer(_LONGEST_NAME)
        self._flags = c_int()

    def find_matches(self) -> Iterator[_Match]:
        for match in _LINE.finditer(self._text):
            text = match[0].lstrip(_UNSEEN_ENDS)
            if text.strip():
                # The text lacks some characters of the page.
                first = raw.FPDFText_GetCharIndexFromTextIndex(self._handle, match.end() - len(text))
                yield from self._split_by_angle(text, first)

    def _split_by_angle(self, text: str, first: int) -> Iterator[_Match]:
        """Yield a line, or its parts if pdfium joins it with words in another direction, such as a stamp."""
        angle = self._find_angle(first)
        last = first + len(text.rstrip(_UNSEEN_ENDS)) - 1
        if self._find_angle(last) != angle:
            end = next(char for char in range(first, last + 1) if self._find_angle(char) != angle)
            yield _Match(text[: end - first].rstrip(), first, angle)
            yield from self._split_by_angle(text[end - first :], end)
        else:
            yield _Match(text, first, angle)

    def _find_angle(self, char: int) -> int:
        return -round(float(raw.FPDFText_GetCharAngle(self._handle, char)) * 180 / pi) % 360

    def measure(self, match: _Match, upright: int) -> Line:
        length = len(match.text.rstrip(_UNSEEN_ENDS)) or len(match.text)
        chars = (match.first, match.first + length // 2, match.first + length - 1)
        # An index, or a word in another font, is smaller than the rest of its line.
        size, largest = max((self._find_size(char), char) for char in chars)
        raw.FPDFText_GetCharOrigin(self._handle, largest, *self._point)
        _, baseline = _turn(self._point[0].value, self._point[1].value, upright)
        edges = (*self._find_reach(chars[0], upright), *self._find_reach(chars[-1], upright))
        text = self._raise_digits(match, size)
        weight, is_fixed = self._find_font(chars[0])
        if weight >= _SURELY_BOLD:  # only a heading is bold from its first letter to its last
            weight = min(weight, self._find_font(chars[-1])[0])
        wide = size * (_WIDE_GAP_OF_TYPEWRITER if is_fixed else _WIDE_GAP)
        return Line(
            _clean(text),
            self._page,
            min(edges),
            max(edges),
            baseline,
            size,
            weight=weight,
            words=self._cut(match._replace(text=text), upright, wide),
            is_aside=match.angle != upright,
        )

    def _find_size(self, char: int) -> float:
        raw.FPDFText_GetMatrix(self._handle, char, self._matrix)
        return float(raw.FPDFText_GetFontSize(self._handle, char) * hypot(self._matrix.c, self._matrix.d))

    def _find_font(self, char: int) -> tuple[int, bool]:
        """Return the weight of a character's font, and whether all letters of the font are equally wide.

        The fonts that every viewer has state their weight by name alone.
        """
        weight = int(raw.FPDFText_GetFontWeight(self._handle, char))
        raw.FPDFText_GetFontInfo(self._handle, char, self._name, _LONGEST_NAME, self._flags)
        name = self._name.value.lower()
        is_bold = weight < _SURELY_BOLD and _BOLD_NAMES.search(name) is not None
        is_fixed = self._flags.value & _FIXED_PITCH != 0 or _TYPEWRITERS.search(name) is not None
        return _BOLD if is_bold else max(weight, 0) or _REGULAR, is_fixed

    def _raise_digits(self, match: _Match, size: float) -> str:
        """Return a line with "⁷" for each raised 7: a digit of its own, and no part of the number before it."""
        text = match.text
        for digits in _LAST_DIGITS.finditer(text):
            start = digits.end()
            while start > digits.start() and self._is_small(match.first + start - 1, size):
                start -= 1
            text = text[:start] + raise_digits(text[start : digits.end()]) + text[digits.end() :]
        return text

    def _is_small(self, char: int, size: float) -> bool:
        """Return whether a digit is smaller than its line and above the line's bottom."""
        if self._find_size(char) > RAISED_SIZE * size:
            return False
        raw.FPDFText_GetCharOrigin(self._handle, char, *self._point)
        digit = self._point[0].value, self._point[1].value
        raw.FPDFText_GetCharOrigin(self._handle, char - 1, *self._point)
        return digit[1] >= self._point[1].value or digit[0] < self._point[0].value

    def _cut(self, match: _Match, upright: int, wide: float) -> tuple[Word, ...]:
        """Return the parts of a line between its wide gaps; none if it has no such gap."""
        words = []
        start = 0
        left, _ = self._find_reach(match.first, upright)
        for space_start, space_end in self._find_spaces(match):
            _, right = self._find_reach(match.first + space_start - 1, upright)
            next_left, _ = self._find_reach(match.first + space_end, upright)
            if next_left - right >= wide:
                words.append(Word(_clean(match.text[start:space_end]), left, right))
                start, left = space_end, next_left
        if words:
            length = len(match.text.rstrip(_UNSEEN_ENDS))
            _, right = self._find_reach(match.first + length - 1, upright)
            words.append(Word(_clean(match.text[start:]), left, right))
        return tuple(words)

    def _find_spaces(self, match: _Match) -> list[tuple[int, int]]:
        """Return the spaces of a line that may be wide gaps, each `[start, end)`.

        In a sentence these are the spaces that pdfium adds where the file has none. If it adds all of them, none is.
        """
        spaces = [space.span() for space in _SPACES.finditer(match.text)]
        digit_count = len(_DIGIT.findall(match.text))
        is_sentence = _SPACES_OF_SENTENCE <= len(spaces) >= digit_count
        if not is_sentence:
            return spaces
        generated = [span for span in spaces if raw.FPDFText_IsGenerated(self._handle, match.first + span[0])]
        return generated if len(generated) < _SPACES_OF_SENTENCE else []

    def _find_reach(self, char: int, upright: int) -> tuple[float, float]:
        """Return where a character begins and ends on the line that readers see."""
        raw.FPDFText_GetLooseCharBox(self._handle, char, self._box)
        if not upright:
            return self._box.left, self._box.right
        one, _ = _turn(self._box.left, self._box.bottom, upright)
        other, _ = _turn(self._box.right, self._box.top, upright)
        return min(one, other), max(one, other)


def _clean(text: str) -> str:
    text = _LEADERS.sub(" … ", _CONTROL.sub("", text.translate(_SIGNS)))
    return " ".join(text.split())


def _turn(x: float, y: float, angle: int) -> tuple[float, float]:
    """Return where a point is on a page whose lines are turned anticlockwise by an angle in degrees."""
    if not angle:
        return x, y
    return {90: (y, -x), 180: (-x, -y), 270: (-y, x)}.get(angle, (x, y))
