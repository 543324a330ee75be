"""Reads electronic books."""

import html
import logging
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from rag.documents.blocks import Block, Extract
from rag.documents.dates import parse_date
from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.layout import spell_out
from rag.documents.formats.html.markup import decode_html, parse_html, walk_blocks
from rag.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

logger = logging.getLogger(__name__)

_MOST_BYTES = 50_000_000  # in one chapter
_CHAPTERS = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
# These garble fonts alone, which are not read.
_FONT_LOCKS = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
_PROLOGUE = re.compile(r"^\s*(?:<\?xml[^>]*>)?\s*(?:<!DOCTYPE[^>\[]*+(?:\[[^\]]*\])?[^>]*>)?", re.IGNORECASE)
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;|quot;|apos;)(\w{1,40};)")
_INVALID = "it is not a valid EPUB file"


def read_epub(path: Path) -> Extract:
    """Return what is in a book, in its reading order; raises DocumentError if it is locked or no book."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_book(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as exc:
        raise DocumentError(_INVALID) from exc


def _read_book(archive: zipfile.ZipFile) -> Extract:
    locked = _find_locked(archive)
    container = _parse_xml(_read(archive, "META-INF/container.xml"))
    place = next((element.get("full-path") for element in container.iter("rootfile")), None)
    if not place:
        raise DocumentError(_INVALID)
    package = _parse_xml(_read(archive, place))
    chapters = [posixpath.normpath(posixpath.join(posixpath.dirname(place), name)) for name in _find_chapters(package)]
    if not locked.isdisjoint(chapters):
        raise DocumentError("it is protected against copying (DRM); only an unprotected copy can be read")
    blocks = [block for chapter in chapters for block in _read_chapter(archive, chapter)]
    authors = [name for creator in package.iter("creator") if (name := _text(creator))]
    dates = [parse_date(text) for date in package.iter("date") if (text := _text(date))]
    # Calibre writes the year 101 for an unknown date.
    date = next((date for date in dates if not date.startswith("0")), None)
    return Extract(
        blocks,
        title=next((_text(title) for title in package.iter("title")), None),
        author=", ".join(dict.fromkeys(authors)) or None,
        date=date,
    )


def _find_locked(archive: zipfile.ZipFile) -> set[str]:
    """Return the names of the files that are encrypted."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return set()
    locked = set()
    for data in _parse_xml(_read(archive, "META-INF/encryption.xml")).iter("EncryptedData"):
        methods = {method.get("Algorithm") for method in data.iter("EncryptionMethod")}
        if not methods & _FONT_LOCKS:
            locked |= {unquote(reference.get("URI", "")) for reference in data.iter("CipherReference")}
    return locked


def _find_chapters(package: "_Element") -> Iterator[str]:
    """Yield the places of the chapters, in reading order, relative to the package; tables of contents are none."""
    items = {item.get("id"): item for item in package.iter("item")}
    guides = {unquote(guide.get("href", "")) for guide in package.iter("reference") if guide.get("type") == "toc"}
    for reference in package.iter("itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _CHAPTERS or "nav" in item.get("properties", "").split():
            continue
        name = unquote(item.get("href", ""))
        if name not in guides:
            yield name


def _read_chapter(archive: zipfile.ZipFile, name: str) -> Iterator[Block]:
    if name not in archive.namelist():
        logger.warning("%s: the chapter %s is missing", archive.filename, name)
        return iter(())
    tree = _parse_xhtml(_read(archive, name))
    _insert_styles(tree, archive, name)
    drop_hidden(tree)
    spell_out(tree)
    return walk_blocks(tree)


def _insert_styles(tree: "HtmlElement", archive: zipfile.ZipFile, chapter: str) -> None:
    """Put the style sheets that a chapter links to into it; one that is missing styles nothing."""
    names = archive.namelist()
    for link in list(tree.iter("link")):
        name = posixpath.normpath(posixpath.join(posixpath.dirname(chapter), unquote(link.get("href", ""))))
        if "stylesheet" in link.get("rel", "").lower():
            link.tag = "style"
            link.text = decode_html(_read(archive, name)) if name in names else ""


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            data = file.read(_MOST_BYTES + 1)
    except (KeyError, OSError) as exc:  # a place outside of the file
        raise DocumentError(_INVALID) from exc
    except RuntimeError as exc:  # zipfile's word for a missing password
        raise DocumentError("it is locked with a password") from exc
    if len(data) > _MOST_BYTES:
        raise DocumentError(f"its part {name} is larger than {_MOST_BYTES // 1_000_000} MB")
    return data


def _parse_xml(data: bytes) -> "_Element":
    """Return the tree of an XML file, its names without their spaces."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        tree = etree.fromstring(data, parser=parser)
    except etree.XMLSyntaxError as exc:
        raise DocumentError(_INVALID) from exc
    return cast("_Element", _drop_namespaces(tree))


def _parse_xhtml(data: bytes) -> "HtmlElement":
    """Return the tree of a chapter; one that is no XML is read as browsers read HTML.

    Not all at once as HTML: there "<title/>" would begin a title that never ends.
    """
    from lxml import etree
    from lxml.html import XHTMLParser

    text = decode_html(data)
    markup = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _PROLOGUE.sub("", text, count=1))
    parser = XHTMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(markup.encode("utf-8", errors="replace"), parser=parser)
    except etree.XMLSyntaxError:
        return parse_html(markup)
    return _drop_namespaces(tree)


def _drop_namespaces(tree: "HtmlElement") -> "HtmlElement":
    for element in tree.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return tree


def _text(element: "_Element") -> str:
    return " ".join("".join(map(str, element.itertext())).split())
