"""Reads what people added to a PDF file: the values of its form, text typed onto a page, and notes."""

import re
from collections.abc import Callable, Iterable, Iterator
from ctypes import POINTER, c_ushort, cast, create_string_buffer
from dataclasses import replace
from typing import Any, NamedTuple

from pypdfium2 import PdfPage, raw

from rag.documents.blocks import Block
from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.properties import clean_author, clean_date

# No person fills in more fields and notes on a page. The others are not read.
_MOST_ANNOTATIONS = 1000
_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13
_TICKED, _UNTICKED = "[x]", "[ ]"
_TICKS = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_VALUES = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
# The other kinds of annotations are links, films and windows.
_NOTES = frozenset((
    raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT, raw.FPDF_ANNOT_CARET, raw.FPDF_ANNOT_SQUARE, raw.FPDF_ANNOT_CIRCLE, raw.FPDF_ANNOT_LINE,
    raw.FPDF_ANNOT_INK, raw.FPDF_ANNOT_STAMP,
))  # fmt: skip
# Sizes of fields without a label are unknown: their letters are as large as usual.
_USUAL_SIZE = 10.0
# The label of a field is at most this far above it, or beside a box to tick, as a multiple of the letters' size.
_FARTHEST_ABOVE = 1.5
_FARTHEST_BESIDE = 4
# Names that programs give: "Text1", "f0", "topmostSubform[0].Page1[0].f1_01[0]".
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ _-]+\w+)*")
_MADE_UP = re.compile(
    r"(?:text|(?:text)?field|check ?box|button|undefined|dropdown|group|radio)[ _]?\d*", re.IGNORECASE
)


class _Entry(NamedTuple):
    """A value that a person typed in a box on a page, or ticked; `label` is the name that the file gives to the box.

    `mark` is the sign of a box to tick.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    label: str = ""
    mark: str = ""


def add_entries(page: PdfPage, lines: list[Line], number: int) -> list[Line]:
    """Return the lines of a page with the values of its form beside their labels, and with text typed onto the page."""
    for entry in _read_entries(page):
        add = _add_tick if entry.mark else _add_value
        lines = add(_take_apart(lines, entry), entry, number)
    return lines


def read_notes(page: PdfPage, number: int) -> Iterator[Block]:
    """Yield the notes of a page, each with its author and date."""
    for annotation in _find_annotations(page):
        if raw.FPDFAnnot_GetSubtype(annotation) not in _NOTES:
            continue
        words = _read_text(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
        author = clean_author(_read_text(raw.FPDFAnnot_GetStringValue, annotation, b"T"))
        date = clean_date(_read_text(raw.FPDFAnnot_GetStringValue, annotation, b"M"))
        yield Block(words, page=number, voice="comment", author=author, date=date)


def _find_annotations(page: PdfPage) -> Iterator[Any]:
    """Yield the visible annotations of a page."""
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            if not raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
                yield annotation
            raw.FPDFPage_CloseAnnot(annotation)


def _read_entries(page: PdfPage) -> Iterator[_Entry]:
    for annotation in _find_annotations(page):
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_WIDGET and page.formenv:
            yield from _read_field(page.formenv, annotation)
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            words = _read_text(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
            if words:
                yield _Entry(words, *_find_box(annotation))


def _read_field(form: Any, annotation: Any) -> Iterator[_Entry]:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    label = _find_label(form, annotation)
    value = _read_text(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    is_secret = raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD
    if kind in _TICKS:
        mark = _TICKED if raw.FPDFAnnot_IsChecked(form, annotation) else _UNTICKED
        yield _Entry("", *_find_box(annotation), label, mark)
    elif kind in _VALUES and value and not is_secret:
        yield _Entry(value, *_find_box(annotation), label)


def _find_label(form: Any, annotation: Any) -> str:
    """Return the name of a field for people; nothing if a program made it up."""
    name = _read_text(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    if not name:
        full_name = _read_text(raw.FPDFAnnot_GetFormFieldName, form, annotation)
        name = full_name.rpartition(".")[2]
    is_made_up = _MADE_UP.fullmatch(name) or "[" in name
    if is_made_up or not _WORDS.match(name):
        return ""
    return name.replace("_", " ")


def _read_text(read: Callable[..., int], *arguments: Any) -> str:
    """Return a text that pdfium writes into a buffer, in one line."""
    size = read(*arguments, None, 0)
    buffer = create_string_buffer(size)
    read(*arguments, cast(buffer, POINTER(c_ushort)), size)
    return " ".join(buffer.raw.decode("utf-16-le", "replace").rstrip("\0").split())


def _find_box(annotation: Any) -> tuple[float, float, float, float]:
    box = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, box)
    return box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top)


def _add_value(lines: list[Line], entry: _Entry, number: int) -> list[Line]:
    """Return the lines with a value after the label at its left, or above it, or else after the name of its field."""
    beside = [line for line in _find_beside(lines, entry) if line.left < entry.left]
    if beside:
        label = max(beside, key=lambda line: line.right)
        named = replace(label, text=f"{label.text.removesuffix(':')}:")
        value = replace(label, text=entry.text, left=max(entry.left, label.right), right=entry.right)
        return _replace(lines, label, named, value)
    above = [line for line in lines if _is_above(line, entry)]
    if above:
        label = min(above, key=lambda line: line.y)
        text = _name(entry.text, label.text)
        return _replace(lines, label, replace(label, text=text, words=()))
    return _insert(lines, entry, _name(entry.text, entry.label), number)


def _name(value: str, label: str) -> str:
    """Return a value, with its label before it unless the label is empty."""
    return f"{label.rstrip(' :')}: {value}" if label else value


def _replace(lines: list[Line], old: Line, *new: Line) -> list[Line]:
    """Return the lines with one of them replaced by others."""
    place = lines.index(old)
    return [*lines[:place], *new, *lines[place + 1 :]]


def _add_tick(lines: list[Line], entry: _Entry, number: int) -> list[Line]:
    """Return the lines with a box before the words at its right, or after the words at its left."""
    label = min(_find_beside(lines, entry), key=lambda line: _find_distance(line, entry), default=None)
    if label and _find_distance(label, entry) < _FARTHEST_BESIDE:
        answer = "yes" if entry.mark == _TICKED else _UNTICKED
        is_behind = label.left > entry.left
        text = f"{entry.mark} {label.text}" if is_behind else _name(answer, label.text)
        return _replace(lines, label, replace(label, text=text, words=()))
    if entry.label:
        return _insert(lines, entry, f"{entry.mark} {entry.label}", number)
    return lines


def _find_distance(line: Line, entry: _Entry) -> float:
    """Return how far a line is from a box beside it, as a multiple of the size of its letters."""
    return max(line.left - entry.right, entry.left - line.right, 0.0) / line.size


def _find_beside(lines: Iterable[Line], entry: _Entry) -> list[Line]:
    """Return the lines at the height of a box, at its left or right."""
    level = [line for line in lines if _is_level(line, entry)]
    return [line for line in level if min(line.right - entry.left, entry.right - line.left) <= line.size]


def _is_level(line: Line, entry: _Entry) -> bool:
    return entry.bottom - line.size / 2 <= line.y <= entry.top - line.size / 4


def _is_above(line: Line, entry: _Entry) -> bool:
    is_near = 0 <= line.y - entry.top <= _FARTHEST_ABOVE * line.size
    return is_near and line.left < entry.right and line.right > entry.left


def _take_apart(lines: Iterable[Line], entry: _Entry) -> list[Line]:
    """Return the lines; one with wide gaps, at the height of a box or above it, becomes several."""
    result: list[Line] = []
    for line in lines:
        if _is_level(line, entry) or _is_above(line, entry):
            result += [replace(line, text=text, left=left, right=right, words=()) for text, left, right in line.parts]
        else:
            result.append(line)
    return result


def _insert(lines: list[Line], entry: _Entry, text: str, number: int) -> list[Line]:
    """Return the lines with a new one, in its place on the page."""
    size = _USUAL_SIZE
    place = 0
    lowest = float("inf")
    for index, line in enumerate(lines):
        if entry.bottom < line.y <= lowest:
            size, place, lowest = line.size, index + 1, line.y
    line = Line(text, number, entry.left, entry.right, entry.bottom, size, is_aside=bool(lines))
    return [*lines[:place], line, *lines[place:]]
