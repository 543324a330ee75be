"""Turns the slides of a presentation into blocks."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from rag.documents.blocks import Block
from rag.documents.formats.office.slide_visibility import Stage, is_shown
from rag.documents.formats.rows import Cell, format_rows, spread_rows

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.table import Table, _Cell

# Shapes whose tops differ by less are side by side: a quarter of an inch, in English metric units.
_ROW = 228_600


def walk_slides(presentation: "Presentation") -> Iterator[Block]:
    """Yield each slide's title, its texts and tables from top to bottom and left to right, and its notes.

    Slides, shapes and words that the audience does not see are left out.
    """
    for number, slide in enumerate(presentation.slides, 1):
        stage = Stage(slide, presentation.slide_width, presentation.slide_height)
        blocks = list(_walk_slide(slide, stage, number)) if is_shown(slide) else []
        if blocks and blocks[0].kind != "heading":  # else the heading of the slide before would count
            yield Block(f"Slide {number}", "heading", page=number)
        yield from blocks


def _walk_slide(slide: "Slide", stage: Stage, page: int) -> Iterator[Block]:
    yield from _walk_shapes(slide.shapes, stage, page)
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    notes = _clean(getattr(frame, "text", ""))
    if notes:
        yield Block(f"Notes: {notes}", page=page)


def _walk_shapes(shapes: Iterable["BaseShape"], stage: Stage, page: int, *, in_group: bool = False) -> Iterator[Block]:
    for shape in sorted(shapes, key=lambda shape: (shape != stage.title, *_find_place(shape))):
        if stage.shows(shape, in_group=in_group):
            yield from _walk_shape(shape, stage, page)


def _find_place(shape: "BaseShape") -> tuple[int, int]:
    return (shape.top or 0) // _ROW, shape.left or 0


def _walk_shape(shape: "BaseShape", stage: Stage, page: int) -> Iterator[Block]:
    from pptx.shapes.group import GroupShape

    if isinstance(shape, GroupShape):
        yield from _walk_shapes(shape.shapes, stage, page, in_group=True)
    elif shape.has_table:
        yield from _walk_table(shape.table, stage, page)
    elif shape.has_text_frame:
        yield from _walk_text(shape, stage, page)


def _walk_text(shape: "BaseShape", stage: Stage, page: int) -> Iterator[Block]:
    """Yield the slide's title as a heading; yield the paragraphs of another shape, several of them as items."""
    texts = list(filter(None, map(_clean, stage.read_paragraphs(shape.element))))
    if texts and shape == stage.title:
        yield Block(" ".join(" ".join(texts).split()), "heading", page=page)
        return
    kind: Literal["item", "paragraph"] = "item" if len(texts) > 1 else "paragraph"
    yield from (Block(text, kind, page=page) for text in texts)


def _walk_table(table: "Table", stage: Stage, page: int) -> Iterator[Block]:
    rows = spread_rows([_read_cell(cell, stage) for cell in row.cells if not cell._tc.hMerge] for row in table.rows)
    for text in format_rows(rows, is_headed=table.first_row):
        yield Block(text, "item", page=page)


def _read_cell(cell: "_Cell", stage: Stage) -> Cell:
    text = "" if cell.is_spanned else "\n".join(stage.read_paragraphs(cell._tc))
    return Cell(text, cell._tc.gridSpan, is_continued=cell._tc.vMerge)


def _clean(text: str) -> str:
    return text.replace("\v", "\n").strip()  # python-pptx writes \v for a line's end within a paragraph
