"""Turns the slides of a presentation into blocks."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rag.documents.blocks import Block
from rag.documents.formats.tables import format_rows

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.autoshape import Shape
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

# Shapes whose tops differ by less stand side by side: a quarter of an inch, in English metric units.
_ROW = 228_600


def walk_slides(presentation: "Presentation") -> Iterator[Block]:
    """Yield each slide's title, its texts and tables from top to bottom and left to right, and its notes."""
    for number, slide in enumerate(presentation.slides, 1):
        blocks = list(_walk_slide(slide, number))
        if blocks and blocks[0].kind != "heading":  # it is not below the title of the slide before
            yield Block(f"Slide {number}", "heading", page=number)
        yield from blocks


def _walk_slide(slide: "Slide", page: int) -> Iterator[Block]:
    title = slide.shapes.title
    if title is not None and title.text_frame.text.strip():
        yield Block(" ".join(title.text_frame.text.split()), "heading", page=page)
    yield from _walk_shapes(
        (shape for shape in slide.shapes if title is None or shape.element is not title.element), page
    )
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        yield Block(f"Notes: {_clean(notes.text)}", page=page)


def _walk_shapes(shapes: Iterable["BaseShape"], page: int) -> Iterator[Block]:
    from pptx.shapes.autoshape import Shape
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.shapes.group import GroupShape

    for shape in sorted(shapes, key=lambda shape: ((shape.top or 0) // _ROW, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _walk_shapes(shape.shapes, page)
        elif isinstance(shape, GraphicFrame) and shape.has_table:
            table = shape.table
            rows = [["" if cell.is_spanned else cell.text for cell in row.cells] for row in table.rows]
            yield from (Block(text, "item", page=page) for text in format_rows(rows, is_headed=table.first_row))
        elif isinstance(shape, Shape) and not _is_footer(shape):
            texts = [text for paragraph in shape.text_frame.paragraphs if (text := _clean(paragraph.text))]
            yield from (Block(text, "item" if len(texts) > 1 else "paragraph", page=page) for text in texts)


def _is_footer(shape: "Shape") -> bool:
    """Tell whether a shape shows what every slide does: its number, the date, a line at the bottom."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    return shape.is_placeholder and shape.placeholder_format.type in (
        PP_PLACEHOLDER.DATE,
        PP_PLACEHOLDER.FOOTER,
        PP_PLACEHOLDER.SLIDE_NUMBER,
    )


def _clean(text: str) -> str:
    return text.replace("\v", "\n").strip()  # how python-pptx writes a line's end within a paragraph
