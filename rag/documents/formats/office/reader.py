"""Reads the files of office programs: Word documents, presentations, workbooks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from rag.documents.blocks import Block, Extract
from rag.documents.formats.office.properties import clean_author, clean_date, clean_title
from rag.documents.headings import mark_headings
from rag.errors import DocumentError

# The first bytes of files with a password, and of files from programs before 2007.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")


def read_docx(path: Path) -> Extract:
    """Return the text, notes and tables of a Word document, and the comments of its reviewers."""
    from docx import Document

    from rag.documents.formats.office.word import find_title, walk_document
    from rag.documents.formats.office.word_visibility import drop_hidden_words

    with _name_errors("Word"):
        document = Document(_open(path))
        drop_hidden_words(document.element.body, document)
        extract = _read_properties(document.core_properties, document.core_properties.author, path)
        return extract._replace(
            blocks=mark_headings(_guard(walk_document(document), "Word")), title=find_title(document) or extract.title
        )


def read_pptx(path: Path) -> Extract:
    """Return the text, tables and notes of a presentation; its slides are the pages."""
    from pptx import Presentation

    from rag.documents.formats.office.slides import walk_slides

    with _name_errors("PowerPoint"):
        presentation = Presentation(_open(path))
        extract = _read_properties(presentation.core_properties, presentation.core_properties.author, path)
        return extract._replace(blocks=_guard(walk_slides(presentation), "PowerPoint"))


def read_xlsx(path: Path) -> Extract:
    """Return the rows of a workbook; a formula has its value at the time when the workbook was saved."""
    from openpyxl import load_workbook

    from rag.documents.formats.office.sheets import walk_sheets

    with _name_errors("Excel"):
        workbook = load_workbook(_open(path), read_only=True, data_only=True, keep_links=False)
        extract = _read_properties(workbook.properties, workbook.properties.creator, path)
        return extract._replace(blocks=_guard(walk_sheets(workbook), "Excel"))


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


def _guard(blocks: Iterable[Block], program: str) -> Iterator[Block]:
    with _name_errors(program):
        yield from blocks


@contextmanager
def _name_errors(program: str) -> Iterator[None]:
    """Turn any error of a library into a DocumentError: the fault is in the file."""
    try:
        yield
    except (DocumentError, MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as exc:
        raise DocumentError(f"it is not a valid {program} file") from exc
