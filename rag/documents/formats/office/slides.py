"""Turns the slides of a presentation into blocks."""

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter

from pptx.presentation import Presentation
from pptx.shapes.base import BaseShape
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.table import _Cell

from rag.documents.blocks import Block, begin_slide, walk_shape
from rag.documents.formats.grid import walk_table
from rag.documents.formats.office.drawings import find_drawings, walk_drawing
from rag.documents.formats.office.slide_comments import read_authors, walk_comments
from rag.documents.formats.office.slide_visibility import Stage, is_shown
from rag.documents.formats.rows import Cell
from rag.documents.formats.slide_order import Placed, order_shapes

_UNITS_PER_POINT = 12_700  # English metric units


def walk_slides(presentation: Presentation) -> Iterator[Block]:
    """Yield each slide's title, its texts, tables and charts in reading order, its notes and its reviewers' comments.

    Slides, shapes and words that the audience does not see are left out.
    """
    authors = read_authors(presentation.part)
    for number, slide in enumerate(presentation.slides, 1):
        if not is_shown(slide):
            continue
        stage = Stage(slide, presentation.slide_width, presentation.slide_height)
        blocks = chain(_walk_slide(slide, stage), walk_comments(slide.part, authors))
        yield from begin_slide(filter(attrgetter("text"), blocks), number)


def _walk_slide(slide: Slide, stage: Stage) -> Iterator[Block]:
    yield from _walk_shapes(slide.shapes, stage)
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    notes = _clean(getattr(frame, "text", ""))
    if notes:
        yield Block(f"Notes: {notes}")


def _walk_shapes(shapes: Iterable[BaseShape], stage: Stage, *, in_group: bool = False) -> Iterator[Block]:
    """Yield the blocks of the title, and of the other shapes in reading order.

    On a slide without a title, the place of the layout's title counts. The places of shapes in a group are relative to
    the group, and no title is in one.
    """
    shown = [_place(shape) for shape in shapes if stage.shows(shape, in_group=in_group)]
    title = None if in_group else stage.title or stage.layout_title
    for shape in order_shapes(shown, _place(title) if title else None):
        yield from _walk_shape(shape, stage)


def _place(shape: BaseShape) -> Placed[BaseShape]:
    """Return a shape with its place; the values that a file does not give are 0."""
    sides = (shape.left, shape.top, shape.width, shape.height)
    left, top, width, height = (side / _UNITS_PER_POINT if side else 0.0 for side in sides)
    words = shape.text_frame.text.strip() if shape.has_text_frame else ""
    return Placed(shape, left, top, left + width, top + height, words)


def _walk_shape(shape: BaseShape, stage: Stage) -> Iterator[Block]:
    if isinstance(shape, GroupShape):
        yield from _walk_shapes(shape.shapes, stage, in_group=True)
    elif shape.has_table:
        rows = ([_read_cell(cell, stage) for cell in row.cells if not cell._tc.hMerge] for row in shape.table.rows)
        yield from walk_table(rows, is_headed=shape.table.first_row)
    elif shape.has_text_frame:
        yield from _walk_text(shape, stage)
    else:
        for reference in find_drawings(shape.element):
            yield from walk_drawing(reference, shape.part)


def _walk_text(shape: BaseShape, stage: Stage) -> Iterator[Block]:
    """Return the paragraphs of a shape."""
    texts = [_clean(text) for text in stage.read_paragraphs(shape.element)]
    blocks = [Block(text) for text in texts if text]
    return walk_shape(blocks, is_title=shape == stage.title)


def _read_cell(cell: _Cell, stage: Stage) -> Cell:
    text = "" if cell.is_spanned else "\n".join(stage.read_paragraphs(cell._tc))
    return Cell(text, cell._tc.gridSpan, is_continued=cell._tc.vMerge)


def _clean(text: str) -> str:
    return text.replace("\v", "\n").strip()  # python-pptx writes \v for a line's end within a paragraph
