"""Makes pdfium pass over the words that a page of a PDF file does not show."""

from collections.abc import Callable, Iterator
from ctypes import c_float, c_int, c_uint
from math import hypot
from typing import TYPE_CHECKING, Any, NamedTuple

from pypdfium2 import raw

from rag.documents.formats.visibility import TINY, WHITE, Color, look_same

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

# Text render modes that paint nothing: 3, and 7, which only adds to the clipping path.
_UNPAINTED = (3, 7)
# Of 255.
_FAINT = 12
# A smaller shape is no background, in points: a rule, a bullet, an accent.
_SMALLEST_BACKDROP = 4
# A page with more backgrounds or images is a drawing, whose colours are not judged.
_MOST_BACKDROPS = 1000
# Forms, which hold objects, are in forms.
_DEEPEST = 8
_RECTANGLE_SEGMENTS = 5
# A clipping path of more is not read.
_MOST_SEGMENTS = 100


class _Box(NamedTuple):
    """A rectangle on a page, in points."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "_Box") -> bool:
        left, bottom, right, top = self
        return left <= other.right and other.left <= right and bottom <= other.top and other.bottom <= top

    def holds_middle(self, other: "_Box") -> bool:
        x, y = (other.left + other.right) / 2, (other.bottom + other.top) / 2
        return self.left <= x <= self.right and self.bottom <= y <= self.top


class _Text(NamedTuple):
    """Letters that one operator draws, after this many of the page's backdrops."""

    handle: Any
    box: _Box
    is_out: bool
    is_painted: bool
    color: Color | None
    backdrops: int


class _Backdrop(NamedTuple):
    """A shape that may lie behind letters; its colour is None if it is not one colour all over."""

    box: _Box
    color: Color | None


def hide_unseen(page: "PdfPage") -> None:
    """Deactivate the letters that nobody sees: the page's text, if it is loaded afterwards, is without them.

    Letters that lie over an image stay though they are not painted: they say what the image of a scanned page shows.
    """
    objects = _Objects(page)
    for text in objects.find_unseen():
        raw.FPDFPageObj_SetIsActive(text.handle, False)


class _Objects:
    """What a page draws, as far as it decides which letters are seen."""

    def __init__(self, page: "PdfPage") -> None:
        self._page = _Box(*page.get_bbox())
        self._texts: list[_Text] = []
        self._images: list[_Box] = []
        self._backdrops: list[_Backdrop] = []
        self._shapes = 0
        # Where pdfium writes its results: to make these for each object would take as long as to ask.
        self._edges = c_float(), c_float(), c_float(), c_float()
        self._channels = c_uint(), c_uint(), c_uint(), c_uint()
        self._walk(page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, [])

    def _walk(self, holder: Any, count: Callable[[Any], int], get: Callable[[Any, int], Any], forms: list[Any]) -> None:
        """Read the objects of the page, or of a form, which is in other forms with these matrices."""
        for index in range(count(holder)):
            handle = get(holder, index)
            kind = raw.FPDFPageObj_GetType(handle)
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                self._add_text(handle, forms)
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                self._add_shape(handle, forms)
            elif kind == raw.FPDF_PAGEOBJ_IMAGE:
                self._images.append(self._find_box(handle, forms))
            elif kind == raw.FPDF_PAGEOBJ_SHADING:
                self._backdrops.append(_Backdrop(self._find_box(handle, forms), None))
            elif kind == raw.FPDF_PAGEOBJ_FORM and len(forms) < _DEEPEST:
                inner = [_find_matrix(handle), *forms]
                self._walk(handle, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner)

    def _add_text(self, handle: Any, forms: list[Any]) -> None:
        box = self._find_box(handle, forms)
        mode = raw.FPDFTextObj_GetTextRenderMode(handle)
        # Of four modes the second draws outlines alone, and the third outlines as well.
        find_color = raw.FPDFPageObj_GetStrokeColor if mode % 4 in (1, 2) else raw.FPDFPageObj_GetFillColor
        color, opacity = self._find_color(handle, find_color)
        is_out = not box.meets(self._page) or _is_tiny(handle, box, forms) or _is_clipped(handle, box, forms)
        is_painted = mode not in _UNPAINTED and opacity > _FAINT
        self._texts.append(_Text(handle, box, is_out, is_painted, color, len(self._backdrops)))

    def _add_shape(self, handle: Any, forms: list[Any]) -> None:
        self._shapes += 1
        box = self._find_box(handle, forms)
        if min(box.right - box.left, box.top - box.bottom) < _SMALLEST_BACKDROP:
            return
        fill, stroke = c_int(), c_int()
        raw.FPDFPath_GetDrawMode(handle, fill, stroke)
        if fill.value:
            color, opacity = self._find_color(handle, raw.FPDFPageObj_GetFillColor)
            is_plain = raw.FPDFPath_CountSegments(handle) <= _RECTANGLE_SEGMENTS
        elif stroke.value and _is_bar(handle, box):
            color, opacity = self._find_color(handle, raw.FPDFPageObj_GetStrokeColor)
            is_plain = True
        else:
            return
        if opacity > _FAINT:
            is_plain = is_plain and not raw.FPDFPageObj_HasTransparency(handle)
            self._backdrops.append(_Backdrop(box, color if is_plain else None))

    def _find_box(self, handle: Any, forms: list[Any]) -> _Box:
        """Return where an object is on the page; outside of it for one that has no place."""
        left, bottom, right, top = self._edges
        raw.FPDFPageObj_GetBounds(handle, left, bottom, right, top)
        box = _Box(left.value, bottom.value, right.value, top.value)
        for matrix in forms:
            box = _transform(box, matrix)
        return box

    def _find_color(self, handle: Any, find: Callable[..., int]) -> tuple[Color | None, int]:
        """Return the colour, None if it is a pattern, and its opacity of 255."""
        red, green, blue, opacity = self._channels
        if not find(handle, red, green, blue, opacity):
            return None, 255
        return (red.value, green.value, blue.value), opacity.value

    def find_unseen(self) -> Iterator[_Text]:
        """Yield the letters that the page does not show."""
        colors = {text.color for text in self._texts}
        suspects = {color for color in colors if any(look_same(color, other) for other in self._find_backdrop_colors())}
        is_traced = not any(text.is_painted for text in self._texts) and self._shapes >= len(self._texts)
        for text in self._texts:
            is_lost = text.color in suspects and self._is_lost(text)
            is_unseen = is_lost if text.is_painted else not is_traced
            if text.is_out or (is_unseen and not self._is_over_image(text)):
                yield text

    def _is_over_image(self, text: _Text) -> bool:
        """Return whether an image covers letters, as far as that is looked for."""
        return len(self._images) > _MOST_BACKDROPS or any(image.holds_middle(text.box) for image in self._images)

    def _is_lost(self, text: _Text) -> bool:
        """Return whether letters have the colour of what lies behind them."""
        behind = reversed(self._backdrops[: text.backdrops])
        return look_same(text.color, next((back.color for back in behind if back.box.holds_middle(text.box)), WHITE))

    def _find_backdrop_colors(self) -> set[Color | None]:
        """Return the colours that letters may be lost in; none if the page is a drawing."""
        return (
            {WHITE, *(backdrop.color for backdrop in self._backdrops)}
            if len(self._backdrops) <= _MOST_BACKDROPS
            else set()
        )


def _transform(box: _Box, matrix: Any) -> _Box:
    corners = [(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    xs = [matrix.a * x + matrix.c * y + matrix.e for x, y in corners]
    ys = [matrix.b * x + matrix.d * y + matrix.f for x, y in corners]
    return _Box(min(xs), min(ys), max(xs), max(ys))


def _find_matrix(handle: Any) -> Any:
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(handle, matrix)
    return matrix


def _is_tiny(handle: Any, box: _Box, forms: list[Any]) -> bool:
    """Return whether letters are too small to be read: by the box, which is small for a full stop too, and the font."""
    left, bottom, right, top = box
    if right - left > TINY and top - bottom > TINY:
        return False
    size = c_float()
    raw.FPDFTextObj_GetFontSize(handle, size)
    for matrix in (_find_matrix(handle), *forms):
        size.value *= hypot(matrix.c, matrix.d)
    return abs(size.value) <= TINY


def _is_clipped(handle: Any, box: _Box, forms: list[Any]) -> bool:
    """Return whether letters lie outside of a path that they are clipped to."""
    path = raw.FPDFPageObj_GetClipPath(handle)
    count = raw.FPDFClipPath_CountPaths(path)
    if count <= 0:
        return False
    x, y = c_float(), c_float()
    for index in range(count):
        points = []
        for number in range(min(raw.FPDFClipPath_CountPathSegments(path, index), _MOST_SEGMENTS)):
            raw.FPDFPathSegment_GetPoint(raw.FPDFClipPath_GetPathSegment(path, index, number), x, y)
            points.append((x.value, y.value))
        xs, ys = zip(*points, strict=True) if points else ((), ())
        clip = _Box(min(xs), min(ys), max(xs), max(ys)) if points else box
        for matrix in forms if points else ():
            clip = _transform(clip, matrix)
        if not clip.meets(box):
            return True
    return False


def _is_bar(handle: Any, box: _Box) -> bool:
    """Return whether a line is as thick as what it fills."""
    width = c_float()
    raw.FPDFPageObj_GetStrokeWidth(handle, width)
    # The box of a line is wider than the line by its width on each side.
    return 3 * width.value >= min(box.right - box.left, box.top - box.bottom)
