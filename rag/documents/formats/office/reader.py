"""Reads the files of office programs: Word documents, presentations, workbooks."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Extract
from rag.documents.formats.office.properties import clean_author, clean_date, clean_title
from rag.documents.formats.untrusted import guard, name_errors
from rag.documents.headings import mark_heading_blocks
from rag.errors import DocumentError

if TYPE_CHECKING:
    from docx.document import Document
    from pptx.presentation import Presentation

# The first bytes of files with a password, and of files from programs before 2007.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
# The types of documents and presentations that the libraries do not know: templates, shows, and files with macros.
_WORD_TYPES = (
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
_SHOW_TYPES = (
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
)


def read_docx(path: Path) -> Extract:
    """Return the text, notes and tables of a Word document, and the comments of its reviewers."""
    from rag.documents.formats.office.word import find_title, walk_document
    from rag.documents.formats.office.word_visibility import drop_hidden_words

    with name_errors("Word"):
        document = _load_word(_open(path))
        drop_hidden_words(document.element.body, document)
        extract = _read_properties(document.core_properties, document.core_properties.author, path)
        return extract._replace(
            blocks=mark_heading_blocks(guard(walk_document(document), "Word")),
            title=find_title(document) or extract.title,
        )


def read_pptx(path: Path) -> Extract:
    """Return the text, tables and notes of a presentation; its slides are the pages."""
    from rag.documents.formats.office.slides import walk_slides

    with name_errors("PowerPoint"):
        presentation = _load_presentation(_open(path))
        extract = _read_properties(presentation.core_properties, presentation.core_properties.author, path)
        return extract._replace(blocks=guard(walk_slides(presentation), "PowerPoint"))


def read_xlsx(path: Path) -> Extract:
    """Return the rows of a workbook; a formula has its value at the time when the workbook was saved."""
    from openpyxl import load_workbook

    from rag.documents.formats.office.sheets import walk_sheets

    with name_errors("Excel"):
        workbook = load_workbook(_open(path), read_only=True, data_only=True, keep_links=False)
        extract = _read_properties(workbook.properties, workbook.properties.creator, path)
        return extract._replace(blocks=guard(walk_sheets(workbook), "Excel"))


def _open(path: Path) -> BytesIO:
    data = path.read_bytes()
    if data.startswith(_COMPOUND):
        raise DocumentError(f"it is encrypted or of an old kind; save it as {path.suffix} without a password")
    return BytesIO(data)


def _read_properties(properties: Any, author: str | None, path: Path) -> Extract:
    """Return the file's title, author and date, without blocks."""
    return Extract(
        blocks=(),
        title=clean_title(properties.title, path),
        author=clean_author(author),
        date=clean_date(properties.created) or clean_date(properties.modified),
    )


def _load_word(data: BytesIO) -> "Document":
    """Return a document or template, with macros or without; macros are neither read nor run."""
    from docx import package
    from docx.opc.part import PartFactory
    from docx.parts.document import DocumentPart

    PartFactory.part_type_for.update(dict.fromkeys(_WORD_TYPES, DocumentPart))
    document: Document = package.Package.open(data).main_document_part.document
    return document


def _load_presentation(data: BytesIO) -> "Presentation":
    """Return a presentation, show or template, with macros or without; macros are neither read nor run."""
    from pptx import package
    from pptx.opc.package import PartFactory
    from pptx.parts.presentation import PresentationPart

    PartFactory.part_type_for.update(dict.fromkeys(_SHOW_TYPES, PresentationPart))
    presentation: Presentation = package.Package.open(data).main_document_part.presentation
    return presentation
