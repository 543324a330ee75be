"""Reads OpenDocument files, which LibreOffice writes: texts, workbooks and presentations."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml.etree import _Element

from rag.documents.blocks import Block, Extract
from rag.documents.formats.opendocument.names import DC, MANIFEST, META, NOTHING, OFFICE
from rag.documents.formats.opendocument.sheets import walk_sheets
from rag.documents.formats.opendocument.slides import walk_slides
from rag.documents.formats.opendocument.styles import Styles
from rag.documents.formats.opendocument.text import TextWalker
from rag.documents.formats.untrusted import name_errors, parse_xml, read_part
from rag.documents.properties import clean_properties
from rag.errors import DocumentError

_INVALID = "it is not a valid OpenDocument file"
# The content of a large workbook; its tree takes some five times as much memory.
_MOST_BYTES = 200_000_000
_MANIFEST = "META-INF/manifest.xml"


def read_opendocument(path: Path) -> Extract:
    """Return the content of a text, workbook or presentation, whatever its suffix says.

    Raises DocumentError if the file has a password, or is not one of these.
    """
    with name_errors("OpenDocument"), zipfile.ZipFile(path) as archive:
        return _read(*_open_parts(archive), path)


def read_flat_opendocument(path: Path) -> Extract:
    """Return the content of an OpenDocument file that is a single XML file."""
    with name_errors("OpenDocument"):
        root = parse_xml(path.read_bytes(), invalid=_INVALID)
        return _read(root, root, root, path)


def _open_parts(archive: zipfile.ZipFile) -> tuple[_Element, _Element, _Element]:
    """Return the content of a file, its styles and its properties; the last two may be empty."""
    names = archive.namelist()
    if _MANIFEST in names:
        manifest = _parse(archive, _MANIFEST)
        if next(manifest.iter(f"{MANIFEST}encryption-data"), None) is not None:
            raise DocumentError("it has a password; save it without one")
    content = _parse(archive, "content.xml")
    styles, meta = (_parse(archive, name) if name in names else NOTHING for name in ("styles.xml", "meta.xml"))
    return content, styles, meta


def _parse(archive: zipfile.ZipFile, name: str) -> _Element:
    """Return the tree of a part."""
    return parse_xml(read_part(archive, name, invalid=_INVALID, most_bytes=_MOST_BYTES), invalid=_INVALID)


def _read(content: _Element, styles_part: _Element, meta: _Element, path: Path) -> Extract:
    styles = Styles(styles_part, content)
    walker = TextWalker(styles)
    # The title and the comments are known after the text was read.
    blocks = list(_walk_body(content, walker, styles))
    properties = _read_properties(meta, path)
    return properties._replace(blocks=blocks + walker.comments, title=walker.title or properties.title)


_WALKERS: dict[str, Callable[..., Iterator[Block]]] = {
    f"{OFFICE}text": lambda body, walker, styles: walker.walk(body, styles.page_look),
    f"{OFFICE}spreadsheet": walk_sheets,
    f"{OFFICE}presentation": walk_slides,
}


def _walk_body(content: _Element, walker: TextWalker, styles: Styles) -> Iterator[Block]:
    """Return the blocks of the body; raises DocumentError for a drawing, a chart or a data base."""
    for part in content.iterfind(f"{OFFICE}body/*"):
        walk = _WALKERS.get(part.tag)
        if walk:
            return walk(part, walker, styles)
    raise DocumentError(_INVALID)


def _read_properties(meta: _Element, path: Path) -> Extract:
    """Return the title, author and date of a file, without blocks."""
    names = (f"{DC}title", f"{META}initial-creator", f"{DC}creator", f"{META}creation-date", f"{DC}date")
    title, first_author, author, *dates = (meta.findtext(f".//{name}") for name in names)
    return clean_properties(path, title, first_author or author, *dates)
