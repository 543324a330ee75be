"""Opens the zip archive of an Office file, and brings "Strict Open XML" into the usual form."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from lxml.etree import _Element

from rag.documents.blocks import Extract
from rag.documents.formats.office.paths import NOTHING
from rag.documents.formats.untrusted import has_password, is_compound, parse_xml, read_part
from rag.documents.properties import clean_properties
from rag.errors import DocumentError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.part import Part

_INVALID = "it is not a valid Office file"
_RELATIONS = "_rels/.rels"
# The types of documents that python-docx does not know: templates, and files with macros.
_WORD_TYPES = (
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
_DATA = ("/aFChunk", "/image")
_STRICT = b"http://purl.oclc.org/ooxml/"
# "http://purl.oclc.org/ooxml/wordprocessingml/main" is ".../wordprocessingml/2006/main" in files that are not strict.
_STRICT_NAME = re.compile(re.escape(_STRICT) + rb"(\w+)/")
_USUAL_NAME = rb"http://schemas.openxmlformats.org/\1/2006/"
_XML = (".xml", ".rels", ".vml")
# Strict files are unpacked in memory.
_MOST_BYTES = 500_000_000
_PROPERTIES = "/metadata/core-properties"
_DC, _TERMS = "{http://purl.org/dc/elements/1.1/}", "{http://purl.org/dc/terms/}"


def open_package(path: Path) -> BytesIO:
    """Return the archive of an Office file; raises DocumentError if it has a password, or is of an old kind."""
    data = path.read_bytes()
    if is_compound(data):
        if has_password(data):
            raise DocumentError("it has a password; save it without one")
        raise DocumentError(f"it is encrypted or of an old kind; save it as {path.suffix} without a password")
    with zipfile.ZipFile(BytesIO(data)) as archive:
        is_strict = _STRICT in archive.read(_RELATIONS)
        return _make_usual(archive) if is_strict else BytesIO(data)


def _make_usual(archive: zipfile.ZipFile) -> BytesIO:
    """Return a copy of a strict archive with the names of the usual form, which the libraries know."""
    if sum(part.file_size for part in archive.infolist()) > _MOST_BYTES:
        raise DocumentError("it is too large for Strict Open XML; save it in the usual form")
    copy = BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as usual:
        for part in archive.infolist():
            data = archive.read(part)
            is_xml = part.filename.endswith(_XML)
            usual.writestr(part.filename, _STRICT_NAME.sub(_USUAL_NAME, data) if is_xml else data)
    copy.seek(0)
    return copy


def _select_class(_: str, relation: str) -> "type[Part] | None":
    """Return the class of a part by its relation: a whole file inside of this one is data, as a picture is."""
    from docx.opc.part import Part

    return Part if relation.endswith(_DATA) else None


def load_word(data: BytesIO) -> "Document":
    """Return a document or template, with macros or without; macros are neither read nor run."""
    from docx import package
    from docx.opc.part import PartFactory
    from docx.parts.document import DocumentPart

    PartFactory.part_type_for.update(dict.fromkeys(_WORD_TYPES, DocumentPart))
    PartFactory.part_class_selector = _select_class
    document: Document = package.Package.open(data).main_document_part.document
    return document


def read_properties(package: BytesIO, path: Path) -> Extract:
    """Return the file's title, author and date, without blocks; a file without properties has none of them.

    The libraries make up the properties that are missing, with the present day as the date.
    """
    try:
        core = _open_properties(package)
    except DocumentError:  # the text may be whole
        core = NOTHING
    names = (f"{_DC}title", f"{_DC}creator", f"{_TERMS}created", f"{_TERMS}modified")
    return clean_properties(path, *map(core.findtext, names))


def _open_properties(package: BytesIO) -> _Element:
    """Return the tree of the properties; an empty element if there are none."""
    with zipfile.ZipFile(package) as archive:
        relations = parse_xml(archive.read(_RELATIONS), invalid=_INVALID)
        for relation in relations:
            if relation.get("Type", "").endswith(_PROPERTIES):
                name = relation.get("Target", "").removeprefix("/")
                return parse_xml(read_part(archive, name, invalid=_INVALID), invalid=_INVALID)
    return NOTHING
