"""Makes pdfium skip the words that a page of a PDF file does not show."""

from collections.abc import Callable, Iterator
from ctypes import c_float, c_int, c_uint
from functools import cache, cached_property, reduce
from math import hypot
from typing import TYPE_CHECKING, Any, NamedTuple

from pypdfium2 import PdfMatrix, raw

from rag.documents.formats.pdf.rules import Rule, Rules
from rag.documents.formats.visibility import FAINT, TINY, WHITE, Color, look_same

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

# Text render modes that paint nothing: 3, and 7, which only adds to the clipping path.
_UNPAINTED = (3, 7)
# Text render modes with outlines. Of each four modes, the second draws only outlines, and the third draws them too.
_OUTLINED = (1, 2, 5, 6)
_FAINT = FAINT * 255  # 255 is opaque
# A smaller shape, in points, is not a background but a rule, a bullet or an accent.
_SMALLEST_BACKDROP = 4
# A shorter line, in points, is not a line between the rows or columns of a table.
_SHORTEST_RULE = 8
# A page with more lines is a drawing: the others are not read.
_MOST_RULES = 2000
# A page with more backgrounds or images is a drawing: its colours are not judged.
_MOST_BACKDROPS = 1000
# Forms can hold other forms. Deeper ones are not read.
_DEEPEST = 8
_RECTANGLE_SEGMENTS = 5
# The rest of a longer clipping path is not read.
_MOST_SEGMENTS = 100


class _Box(NamedTuple):
    """A rectangle on a page, in points."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "_Box") -> bool:
        gap_across = max(self.left - other.right, other.left - self.right)
        gap_upwards = max(self.bottom - other.top, other.bottom - self.top)
        return max(gap_across, gap_upwards) <= 0

    def holds_middle(self, other: "_Box") -> bool:
        x = (other.left + other.right) / 2
        y = (other.bottom + other.top) / 2
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def find_rules(self) -> Iterator["_Box"]:
        """Yield the sides of a rectangle."""
        yield from (self._replace(bottom=self.top), self._replace(top=self.bottom))
        yield from (self._replace(left=self.right), self._replace(right=self.left))

    @property
    def thickness(self) -> float:
        return min(self.right - self.left, self.top - self.bottom)


class _Text(NamedTuple):
    """Letters that one operator draws; `backdrops` counts the backdrops that the page draws before them."""

    handle: Any
    box: _Box
    is_out: bool
    is_painted: bool
    color: Color | None
    backdrops: int


class _Backdrop(NamedTuple):
    """A shape under letters; its colour is None if it has more than one, or is transparent."""

    box: _Box
    color: Color | None


def hide_unseen(page: "PdfPage") -> Rules:
    """Deactivate the letters that nobody sees, so that text loaded from the page afterwards lacks them.

    Unpainted letters over an image stay: they are the words in the image of a scanned page. Return the straight lines
    of the page.
    """
    objects = _Objects(page)
    for text in objects.find_unseen():
        raw.FPDFPageObj_SetIsActive(text.handle, 0)
    return objects.find_rules()


class _Objects:
    """The objects of a page that decide which of its letters are seen."""

    def __init__(self, page: "PdfPage") -> None:
        self._page = _Box(*page.get_bbox())
        self._may_be_lost = cache(self._has_backdrop_in)
        self._texts: list[_Text] = []
        self._images: list[_Box] = []
        self._backdrops: list[_Backdrop] = []
        self._shapes = 0
        self._rules: list[_Box] = []
        # pdfium writes its results here. To make these for each object would take as long as the calls.
        self._edges = c_float(), c_float(), c_float(), c_float()
        self._channels = c_uint(), c_uint(), c_uint(), c_uint()
        self._adders: dict[int, Callable[[Any, list[PdfMatrix]], None]] = {
            raw.FPDF_PAGEOBJ_TEXT: self._add_text,
            raw.FPDF_PAGEOBJ_PATH: self._add_shape,
            raw.FPDF_PAGEOBJ_IMAGE: lambda *image: self._images.append(self._find_box(*image)),
            raw.FPDF_PAGEOBJ_SHADING: lambda *shade: self._backdrops.append(_Backdrop(self._find_box(*shade), None)),
            raw.FPDF_PAGEOBJ_FORM: self._add_form,
        }
        for index in range(raw.FPDFPage_CountObjects(page)):
            self._add(raw.FPDFPage_GetObject(page, index), [])

    def _add(self, handle: Any, forms: list[PdfMatrix]) -> None:
        """Read an object of the page, or of a form; `forms` are the matrices of the forms around it."""
        add = self._adders.get(raw.FPDFPageObj_GetType(handle))
        if add:
            add(handle, forms)

    def _add_form(self, handle: Any, forms: list[PdfMatrix]) -> None:
        if len(forms) >= _DEEPEST:
            return
        inner = [_find_matrix(handle), *forms]
        for index in range(raw.FPDFFormObj_CountObjects(handle)):
            self._add(raw.FPDFFormObj_GetObject(handle, index), inner)

    def _add_text(self, handle: Any, forms: list[PdfMatrix]) -> None:
        box = self._find_box(handle, forms)
        mode = raw.FPDFTextObj_GetTextRenderMode(handle)
        find_color = raw.FPDFPageObj_GetStrokeColor if mode in _OUTLINED else raw.FPDFPageObj_GetFillColor
        color, opacity = self._find_color(handle, find_color)
        is_out = not box.meets(self._page) or _is_tiny(handle, box, forms) or _is_clipped(handle, box, forms)
        is_painted = mode not in _UNPAINTED and opacity > _FAINT
        self._texts.append(_Text(handle, box, is_out, is_painted, color, len(self._backdrops)))

    def _add_shape(self, handle: Any, forms: list[PdfMatrix]) -> None:
        self._shapes += 1
        box = self._find_box(handle, forms)
        self._add_rules(handle, box)
        if box.thickness < _SMALLEST_BACKDROP:
            return
        color, opacity = self._find_paint(handle, box)
        if opacity > _FAINT:
            self._backdrops.append(_Backdrop(box, None if raw.FPDFPageObj_HasTransparency(handle) else color))

    def _add_rules(self, handle: Any, box: _Box) -> None:
        """Note a line, or the sides of a rectangle with an outline."""
        if len(self._rules) >= _MOST_RULES:
            return
        if box.thickness < _SMALLEST_BACKDROP:
            self._rules.append(box)
        elif raw.FPDFPath_CountSegments(handle) <= _RECTANGLE_SEGMENTS:
            fill, stroke = c_int(), c_int()
            raw.FPDFPath_GetDrawMode(handle, fill, stroke)
            if stroke.value:
                self._rules += box.find_rules()

    def find_rules(self) -> Rules:
        """Return the lines of the page, in points; on a turned page they are where the file has them."""
        horizontal = []
        vertical = []
        for box in self._rules:
            width = box.right - box.left
            height = box.top - box.bottom
            if max(width, height) < _SHORTEST_RULE:
                continue
            if width >= height:
                horizontal.append(Rule((box.top + box.bottom) / 2, box.left, box.right))
            else:
                vertical.append(Rule((box.left + box.right) / 2, box.bottom, box.top))
        return Rules(horizontal, vertical)

    def _find_paint(self, handle: Any, box: _Box) -> tuple[Color | None, int]:
        """Return the colour of a shape, None if it is not a rectangle, and its opacity; 0 if it has only an outline."""
        fill, stroke = c_int(), c_int()
        raw.FPDFPath_GetDrawMode(handle, fill, stroke)
        if fill.value:
            color, opacity = self._find_color(handle, raw.FPDFPageObj_GetFillColor)
            is_rectangle = raw.FPDFPath_CountSegments(handle) <= _RECTANGLE_SEGMENTS
            return (color if is_rectangle else None), opacity
        if stroke.value and _is_bar(handle, box):
            return self._find_color(handle, raw.FPDFPageObj_GetStrokeColor)
        return None, 0

    def _find_box(self, handle: Any, forms: list[PdfMatrix]) -> _Box:
        """Return where an object is on the page."""
        left, bottom, right, top = self._edges
        raw.FPDFPageObj_GetBounds(handle, left, bottom, right, top)
        box = _Box(left.value, bottom.value, right.value, top.value)
        return reduce(_transform, forms, box)

    def _find_color(self, handle: Any, find: Callable[..., int]) -> tuple[Color | None, int]:
        """Return the colour, None if it is a pattern, and its opacity, 0 to 255."""
        red, green, blue, opacity = self._channels
        if not find(handle, red, green, blue, opacity):
            return None, 255
        return (red.value, green.value, blue.value), opacity.value

    def find_unseen(self) -> Iterator[_Text]:
        """Yield the letters that the page does not show."""
        for text in self._texts:
            if text.is_out or (self._is_unseen(text) and not self._is_over_image(text)):
                yield text

    def _is_unseen(self, text: _Text) -> bool:
        """Return whether letters are not painted, or have the colour of the backdrop that they are on."""
        if text.is_painted:
            return self._may_be_lost(text.color) and self._is_lost(text)
        return not self._is_traced

    @cached_property
    def _is_traced(self) -> bool:
        """Whether the page draws its letters as shapes, and also has them as unpainted text."""
        return len(self._texts) <= self._shapes and not any(text.is_painted for text in self._texts)

    def _is_over_image(self, text: _Text) -> bool:
        """Return whether an image covers letters; on a drawing, images count as covering all letters."""
        return len(self._images) > _MOST_BACKDROPS or any(image.holds_middle(text.box) for image in self._images)

    def _has_backdrop_in(self, color: Color | None) -> bool:
        """Return whether a backdrop has the colour of letters; False on a drawing."""
        if len(self._backdrops) > _MOST_BACKDROPS:
            return False
        return any(look_same(color, backdrop) for backdrop in self._backdrop_colors)

    @cached_property
    def _backdrop_colors(self) -> set[Color | None]:
        return {WHITE, *(backdrop.color for backdrop in self._backdrops)}

    def _is_lost(self, text: _Text) -> bool:
        """Return whether letters have the colour of the backdrop that they are on."""
        behind = reversed(self._backdrops[: text.backdrops])
        backdrop = next((backdrop.color for backdrop in behind if backdrop.box.holds_middle(text.box)), WHITE)
        return look_same(text.color, backdrop)


def _transform(box: _Box, matrix: PdfMatrix) -> _Box:
    return _Box(*matrix.on_rect(*box))


def _find_matrix(handle: Any) -> PdfMatrix:
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(handle, matrix)
    return PdfMatrix.from_raw(matrix)


def _is_tiny(handle: Any, box: _Box, forms: list[PdfMatrix]) -> bool:
    """Return whether letters are too small to read, by their box and font; a full stop has a small box in any font."""
    if box.thickness > TINY:
        return False
    size = c_float()
    raw.FPDFTextObj_GetFontSize(handle, size)
    for matrix in (_find_matrix(handle), *forms):
        size.value *= hypot(matrix.c, matrix.d)
    return abs(size.value) <= TINY


def _is_clipped(handle: Any, box: _Box, forms: list[PdfMatrix]) -> bool:
    """Return whether letters are outside of a path to which they are clipped."""
    path = raw.FPDFPageObj_GetClipPath(handle)
    for index in range(raw.FPDFClipPath_CountPaths(path)):
        xs, ys = _read_points(path, index)
        if xs:
            clip = reduce(_transform, forms, _Box(min(xs), min(ys), max(xs), max(ys)))
            if not clip.meets(box):
                return True
    return False


def _read_points(path: Any, index: int) -> tuple[list[float], list[float]]:
    """Return the places of the points of one of the paths of a clipping path: across the page, and upwards."""
    x, y = c_float(), c_float()
    xs: list[float] = []
    ys: list[float] = []
    for number in range(min(raw.FPDFClipPath_CountPathSegments(path, index), _MOST_SEGMENTS)):
        raw.FPDFPathSegment_GetPoint(raw.FPDFClipPath_GetPathSegment(path, index, number), x, y)
        xs.append(x.value)
        ys.append(y.value)
    return xs, ys


def _is_bar(handle: Any, box: _Box) -> bool:
    """Return whether a line is so thick that it fills its box."""
    width = c_float()
    raw.FPDFPageObj_GetStrokeWidth(handle, width)
    # The box is larger than the line by the line's width on each side.
    return 3 * width.value >= box.thickness
