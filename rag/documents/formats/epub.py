"""Reads electronic books."""

import html
import logging
import posixpath
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import filterfalse
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from lxml import etree
from lxml.etree import _Element
from lxml.html import HtmlElement, XHTMLParser

from rag.documents.blocks import Block, Extract
from rag.documents.dates import parse_date
from rag.documents.formats.epub_contents import Entry, list_entries, mark_headings
from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.layout import walk_spelled_out
from rag.documents.formats.html.markup import decode_html, parse_html
from rag.documents.formats.untrusted import drop_namespaces, find_elements, get_text, parse_xml, read_part
from rag.documents.sequences import flat_map
from rag.errors import DocumentError

logger = logging.getLogger(__name__)

_ENCRYPTION = "META-INF/encryption.xml"
_IS_NAVIGATION = "contains(concat(' ', normalize-space(@properties), ' '), ' nav ')"
_TYPES = "' application/xhtml+xml text/html application/x-dtbook+xml '"
_CHAPTERS = f"//item[contains({_TYPES}, concat(' ', @media-type, ' '))][not({_IS_NAVIGATION})]"
# The encrypted files, but not those with a method that only encrypts fonts, which are not read.
_LOCKED = (
    "//EncryptedData[not(.//EncryptionMethod[@Algorithm = 'http://www.idpf.org/2008/embedding'"
    " or @Algorithm = 'http://ns.adobe.com/pdf/enc#RC'])]//CipherReference/@URI"
)
# The navigation document of EPUB 3, and the NCX file of EPUB 2; many books have both.
_CONTENTS = f"//item[{_IS_NAVIGATION} or @media-type = 'application/x-dtbncx+xml']/@href"
_PROLOGUE = re.compile(r"^\s*(?:<\?xml[^>]*>)?\s*(?:<!DOCTYPE[^>\[]*+(?:\[[^\]]*\])?[^>]*>)?", re.IGNORECASE)
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;|quot;|apos;)(\w{1,40};)")
# Calibre writes the year 101 for an unknown date.
_UNKNOWN_DATE = re.compile("0")
_INVALID = "it is not a valid EPUB file"


def read_epub(path: Path) -> Extract:
    """Return the text of a book in its reading order; raises DocumentError if it is locked or not a book."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_book(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as exc:
        raise DocumentError(_INVALID) from exc


def _read_book(archive: zipfile.ZipFile) -> Extract:
    locked = _find_locked(archive)
    place = _find_package(archive)
    package = _parse_xml(_read(archive, place))
    chapters = [_resolve(name, place) for name in _find_chapters(package)]
    if not locked.isdisjoint(chapters):
        raise DocumentError("it is protected against copying (DRM); only an unprotected copy can be read")
    entries = _read_contents(archive, package, place)
    blocks = flat_map(lambda chapter: _read_chapter(archive, chapter, entries[chapter]), chapters)
    dates = map(parse_date, _list_texts(package, "date"))
    return Extract(
        list(blocks),
        title=next(map(get_text, package.iter("title")), None),
        author=", ".join(dict.fromkeys(_list_texts(package, "creator"))),
        date=next(filterfalse(_UNKNOWN_DATE.match, dates), None),
    )


def _resolve(name: str, base: str) -> str:
    """Return the place of a file, from its name relative to the file at `base`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), name))


def _list_texts(package: _Element, tag: str) -> list[str]:
    """Return the texts of the elements with a tag, without empty ones."""
    return list(filter(None, map(get_text, package.iter(tag))))


def _find_package(archive: zipfile.ZipFile) -> str:
    """Return the place of the file that lists the parts of a book; empty if there is none."""
    container = _parse_xml(_read(archive, "META-INF/container.xml"))
    return next(iter(_find_values(container, "//rootfile/@full-path")), "")


def _find_locked(archive: zipfile.ZipFile) -> set[str]:
    """Return the names of the files that are encrypted."""
    if _ENCRYPTION not in archive.namelist():
        return set()
    encryption = _parse_xml(_read(archive, _ENCRYPTION))
    return set(map(unquote, _find_values(encryption, _LOCKED)))


def _find_chapters(package: _Element) -> Iterator[str]:
    """Return the names of the chapters in reading order, relative to the package, without tables of contents."""
    chapters = {item.get("id"): unquote(item.get("href", "")) for item in find_elements(package, _CHAPTERS)}
    contents = set(map(unquote, _find_values(package, "//reference[@type = 'toc']/@href")))
    names = filter(None, map(chapters.get, _find_values(package, "//itemref/@idref")))
    return filterfalse(contents.__contains__, names)


def _find_values(tree: _Element, path: str) -> list[str]:
    """Return the values of the attributes at a path."""
    return cast("list[str]", tree.xpath(path, smart_strings=False))


def _read_contents(archive: zipfile.ZipFile, package: _Element, place: str) -> dict[str, list[Entry]]:
    """Return the lines of a book's tables of contents by their chapters; a damaged table has none."""
    entries: dict[str, list[Entry]] = defaultdict(list)
    for name in map(unquote, _find_values(package, _CONTENTS)):
        contents = _resolve(name, place)
        try:
            tree = _parse_xhtml(_read(archive, contents))
        except DocumentError:
            logger.warning("%s: the table of contents %s cannot be read", archive.filename, contents)
            continue
        for entry in list_entries(tree):
            chapter = _resolve(entry.file_name, contents) if entry.file_name else contents
            entries[chapter].append(entry)
    return entries


def _read_chapter(archive: zipfile.ZipFile, name: str, entries: list[Entry]) -> Iterator[Block]:
    if name not in archive.namelist():
        logger.warning("%s: the chapter %s is missing", archive.filename, name)
        return iter(())
    tree = _parse_xhtml(_read(archive, name))
    _insert_styles(tree, archive, name)
    drop_hidden(tree)
    if entries:
        mark_headings(tree, entries)
    return walk_spelled_out(tree)


def _insert_styles(tree: HtmlElement, archive: zipfile.ZipFile, chapter: str) -> None:
    """Replace the links of a chapter to style sheets by the style sheets; missing ones are left out."""
    for link in list(tree.iter("link")):
        if "stylesheet" in link.get("rel", "").lower():
            name = _resolve(unquote(link.get("href", "")), chapter)
            is_there = name in archive.namelist()
            link.tag = "style"
            link.text = decode_html(_read(archive, name)) if is_there else ""


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    return read_part(archive, name, invalid=_INVALID)


def _parse_xml(data: bytes) -> _Element:
    """Return the tree of an XML file, its tags without their namespaces."""
    return drop_namespaces(parse_xml(data, invalid=_INVALID))


def _parse_xhtml(data: bytes) -> HtmlElement:
    """Return the tree of a chapter; one that is not XML is read as browsers read HTML.

    Chapters that are XML are not read as HTML, because there "<title/>" would begin a title that never ends.
    """
    text = decode_html(data)
    markup = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _PROLOGUE.sub("", text, count=1))
    parser = XHTMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(markup.encode("utf-8", errors="replace"), parser=parser)
    except etree.XMLSyntaxError:
        return parse_html(markup)
    return drop_namespaces(tree)
