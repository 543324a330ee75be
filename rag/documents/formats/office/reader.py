"""Reads the files of office programs: Word documents, presentations, workbooks."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.blocks import Extract
from rag.documents.formats.office.package import load_word, open_package, read_properties
from rag.documents.formats.untrusted import name_errors

if TYPE_CHECKING:
    from pptx.presentation import Presentation

# The types of presentations that python-pptx does not know: templates, shows, and files with macros.
_SHOW_TYPES = (
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
)


def read_docx(path: Path) -> Extract:
    """Return the text, notes and tables of a Word document, and the comments of its reviewers."""
    from rag.documents.formats.office.word import find_title, walk_document
    from rag.documents.formats.office.word_visibility import drop_hidden_words

    with name_errors("Word"):
        package = open_package(path)
        extract = read_properties(package, path)
        document = load_word(package)
        drop_hidden_words(document.element.body, document)
        return extract._replace(blocks=list(walk_document(document)), title=find_title(document) or extract.title)


def read_pptx(path: Path) -> Extract:
    """Return the text, tables and notes of a presentation; its slides are the pages."""
    from rag.documents.formats.office.slides import walk_slides

    with name_errors("PowerPoint"):
        package = open_package(path)
        extract = read_properties(package, path)
        presentation = _load_presentation(package)
        return extract._replace(blocks=list(walk_slides(presentation)))


def read_xlsx(path: Path) -> Extract:
    """Return the rows of a workbook; a formula has its value at the time when the workbook was saved."""
    from openpyxl import load_workbook

    from rag.documents.formats.office.sheets import walk_sheets

    with name_errors("Excel"):
        package = open_package(path)
        extract = read_properties(package, path)
        workbook = load_workbook(package, read_only=True, data_only=True, keep_links=False)
        return extract._replace(blocks=list(walk_sheets(workbook)))


def _load_presentation(data: BytesIO) -> "Presentation":
    """Return a presentation, show or template, with macros or without; macros are neither read nor run."""
    from pptx import package
    from pptx.opc.package import PartFactory
    from pptx.parts.presentation import PresentationPart

    PartFactory.part_type_for.update(dict.fromkeys(_SHOW_TYPES, PresentationPart))
    presentation: Presentation = package.Package.open(data).main_document_part.presentation
    return presentation
