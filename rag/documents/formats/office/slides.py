"""Turns the slides of a presentation into blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Literal

from rag.documents.blocks import Block
from rag.documents.formats.office.drawings import find_drawings, walk_drawing
from rag.documents.formats.office.slide_comments import read_authors, walk_comments
from rag.documents.formats.office.slide_visibility import Stage, is_shown
from rag.documents.formats.rows import Cell, format_rows, spread_rows

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.table import Table, _Cell

# Shapes whose tops differ by less are side by side: a quarter of an inch, in English metric units.
_ROW = 228_600
# A longer text, in characters, is not a heading of the text below it.
_LONGEST_HEADING = 80


def walk_slides(presentation: "Presentation") -> Iterator[Block]:
    """Yield each slide's title, its texts, tables and charts in reading order, its notes and its reviewers' comments.

    Slides, shapes and words that the audience does not see are left out.
    """
    authors = read_authors(presentation.part)
    for number, slide in enumerate(presentation.slides, 1):
        stage = Stage(slide, presentation.slide_width, presentation.slide_height)
        blocks = [block for block in _walk_slide(slide, stage) if block.text] if is_shown(slide) else []
        if blocks and blocks[0].kind != "heading":  # else the heading of the slide before would count
            yield Block(f"Slide {number}", "heading", page=number)
        yield from (replace(block, page=number) for block in blocks)
        if is_shown(slide):
            yield from (replace(comment, page=number) for comment in walk_comments(slide.part, authors))


def _walk_slide(slide: "Slide", stage: Stage) -> Iterator[Block]:
    yield from _walk_shapes(slide.shapes, stage)
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    notes = _clean(getattr(frame, "text", ""))
    if notes:
        yield Block(f"Notes: {notes}")


def _walk_shapes(shapes: Iterable["BaseShape"], stage: Stage, *, in_group: bool = False) -> Iterator[Block]:
    shown = [shape for shape in shapes if stage.shows(shape, in_group=in_group)]
    for shape in _order_shapes(shown, stage):
        yield from _walk_shape(shape, stage)


def _order_shapes(shapes: list["BaseShape"], stage: Stage) -> Iterator["BaseShape"]:
    """Yield the title, then the rows of shapes from top to bottom; a text below its own heading follows it."""
    yield from (shape for shape in shapes if shape == stage.title)
    rows = _list_rows([shape for shape in shapes if shape != stage.title])
    while rows:
        row = rows.pop(0)
        if rows and _are_headings(row, rows[0]):
            yield from chain.from_iterable(zip(row, rows.pop(0), strict=True))
        else:
            yield from row


def _list_rows(shapes: list["BaseShape"]) -> list[list["BaseShape"]]:
    """Return the shapes that are side by side, from left to right, in rows from top to bottom."""
    rows: list[list[BaseShape]] = []
    for shape in sorted(shapes, key=lambda shape: shape.top or 0):
        if rows and (shape.top or 0) - (rows[-1][0].top or 0) < _ROW:
            rows[-1].append(shape)
        else:
            rows.append([shape])
    return [sorted(row, key=lambda shape: shape.left or 0) for row in rows]


def _are_headings(row: list["BaseShape"], below: list["BaseShape"]) -> bool:
    """Return whether each of several short texts is above one shape, as in the layout "Comparison"."""
    pairs = list(zip(row, below, strict=False))
    are_short = all(0 < len(_get_text(shape)) <= _LONGEST_HEADING and "\n" not in _get_text(shape) for shape in row)
    return len(row) == len(below) > 1 and are_short and all(map(_is_in_column, *zip(*pairs, strict=True)))


def _is_in_column(shape: "BaseShape", other: "BaseShape") -> bool:
    """Return whether the middle of each shape is above or below the other one."""
    left, right = shape.left or 0, (shape.left or 0) + (shape.width or 0)
    other_left, other_right = other.left or 0, (other.left or 0) + (other.width or 0)
    return left <= (other_left + other_right) // 2 <= right and other_left <= (left + right) // 2 <= other_right


def _get_text(shape: "BaseShape") -> str:
    return shape.text_frame.text.strip() if shape.has_text_frame else ""


def _walk_shape(shape: "BaseShape", stage: Stage) -> Iterator[Block]:
    from pptx.shapes.group import GroupShape

    if isinstance(shape, GroupShape):
        yield from _walk_shapes(shape.shapes, stage, in_group=True)
    elif shape.has_table:
        yield from _walk_table(shape.table, stage)
    elif shape.has_text_frame:
        yield from _walk_text(shape, stage)
    else:
        for reference in find_drawings(shape.element):
            yield from walk_drawing(reference, shape.part)


def _walk_text(shape: "BaseShape", stage: Stage) -> Iterator[Block]:
    """Yield the slide's title as a heading; yield the paragraphs of another shape, several of them as items."""
    texts = list(filter(None, map(_clean, stage.read_paragraphs(shape.element))))
    if texts and shape == stage.title:
        yield Block(" ".join(" ".join(texts).split()), "heading")
        return
    kind: Literal["item", "paragraph"] = "item" if len(texts) > 1 else "paragraph"
    yield from (Block(text, kind) for text in texts)


def _walk_table(table: "Table", stage: Stage) -> Iterator[Block]:
    rows = spread_rows([_read_cell(cell, stage) for cell in row.cells if not cell._tc.hMerge] for row in table.rows)
    for text in format_rows(rows, is_headed=table.first_row):
        yield Block(text, "item")


def _read_cell(cell: "_Cell", stage: Stage) -> Cell:
    text = "" if cell.is_spanned else "\n".join(stage.read_paragraphs(cell._tc))
    return Cell(text, cell._tc.gridSpan, is_continued=cell._tc.vMerge)


def _clean(text: str) -> str:
    return text.replace("\v", "\n").strip()  # python-pptx writes \v for a line's end within a paragraph
