"""Turns the slides of a presentation into blocks."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from rag.documents.blocks import Block
from rag.documents.formats.office.slide_visibility import Stage, is_shown
from rag.documents.formats.tables import format_rows

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.autoshape import Shape
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
        if blocks and blocks[0].kind != "heading":  # without a heading it would be below the title of the slide before
            yield Block(f"Slide {number}", "heading", page=number)
        yield from blocks


def _walk_slide(slide: "Slide", stage: Stage, page: int) -> Iterator[Block]:
    title = slide.shapes.title
    element = None if title is None else title.element
    if title is not None and stage.shows(title):
        words = " ".join(stage.read_paragraphs(title.element)).split()
        if words:
            yield Block(" ".join(words), "heading", page=page)
    others = [shape for shape in slide.shapes if shape.element is not element]
    yield from _walk_shapes(others, stage, page)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        yield Block(f"Notes: {_clean(notes.text)}", page=page)


def _walk_shapes(shapes: Iterable["BaseShape"], stage: Stage, page: int, *, in_group: bool = False) -> Iterator[Block]:
    for shape in sorted(shapes, key=_find_place):
        if stage.shows(shape, in_group=in_group):
            yield from _walk_shape(shape, stage, page)


def _find_place(shape: "BaseShape") -> tuple[int, int]:
    return (shape.top or 0) // _ROW, shape.left or 0


def _walk_shape(shape: "BaseShape", stage: Stage, page: int) -> Iterator[Block]:
    from pptx.shapes.autoshape import Shape
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.shapes.group import GroupShape

    if isinstance(shape, GroupShape):
        yield from _walk_shapes(shape.shapes, stage, page, in_group=True)
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        yield from _walk_table(shape.table, stage, page)
    elif isinstance(shape, Shape) and not _is_footer(shape):
        texts = [text for text in map(_clean, stage.read_paragraphs(shape.element)) if text]
        kind: Literal["item", "paragraph"] = "item" if len(texts) > 1 else "paragraph"
        yield from (Block(text, kind, page=page) for text in texts)


def _walk_table(table: "Table", stage: Stage, page: int) -> Iterator[Block]:
    rows = [[_read_cell(cell, stage) for cell in row.cells] for row in table.rows]
    for text in format_rows(rows, is_headed=table.first_row):
        yield Block(text, "item", page=page)


def _read_cell(cell: "_Cell", stage: Stage) -> str:
    return "" if cell.is_spanned else "\n".join(stage.read_paragraphs(cell._tc))


def _is_footer(shape: "Shape") -> bool:
    """Return whether a shape repeats on every slide: the slide's number, the date, a line at the bottom."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    return shape.is_placeholder and shape.placeholder_format.type in (
        PP_PLACEHOLDER.DATE,
        PP_PLACEHOLDER.FOOTER,
        PP_PLACEHOLDER.SLIDE_NUMBER,
    )


def _clean(text: str) -> str:
    return text.replace("\v", "\n").strip()  # python-pptx writes \v for a line's end within a paragraph
