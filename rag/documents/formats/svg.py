"""Reads the words in SVG drawings."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from lxml.etree import _Element

from rag.documents.blocks import Block, Extract, join_filled, squeeze
from rag.documents.formats.untrusted import drop_namespaces, parse_xml, take_title
from rag.documents.formats.visibility import FAINT
from rag.errors import DocumentError

_INVALID = "it is not a valid SVG file"
# The parsers of HTML write tags in small letters.
_WORDS = ("title", "desc", "text", "foreignObject", "foreignobject")
# Parts of a drawing that are drawn only where another element uses them.
_NOT_DRAWN = frozenset((
    "defs", "symbol", "metadata", "script", "style", "clipPath", "clippath", "mask", "pattern", "marker"
))  # fmt: skip
_HIDING = frozenset((("display", "none"), ("visibility", "hidden"), ("visibility", "collapse")))
_SHARES = ("opacity", "fill-opacity")
_SETTING = re.compile(r"([\w-]+)\s*:\s*([^;!\s]+)")
_NUMBER = re.compile(r"(\d{1,6}(?:\.\d{1,9})?|\.\d{1,9})(?:px|pt|%)?")


def read_svg(path: Path) -> Extract:
    """Return the title and the words of a drawing in their order; raises DocumentError for any other file."""
    root = drop_namespaces(parse_xml(path.read_bytes(), invalid=_INVALID))
    if root.tag != "svg":
        raise DocumentError(_INVALID)
    title = take_title(root)
    return Extract(_walk(root), title=title)


def list_drawn_words(drawing: _Element) -> list[str]:
    """Return the title and the words of a drawing in a page; none for an icon, which has no words besides its title."""
    if not drawing.xpath(".//text | .//foreignobject"):
        return []
    return [block.text for block in _walk(drawing)]


def _walk(element: _Element) -> Iterator[Block]:
    """Yield the visible words below an element."""
    if element.tag in _WORDS:
        # Words in different places are apart, although no space is between them.
        yield Block(squeeze(join_filled(" ", _list_words(element))))
    elif not _is_hidden(element):
        for child in element.iterchildren("*"):
            yield from _walk(child)


def _list_words(element: _Element) -> Iterator[str | None]:
    """Yield the visible words in an element."""
    if _is_hidden(element):
        return
    yield element.text
    for child in element:
        if isinstance(child.tag, str):  # it is not an entity
            yield from _list_words(child)
        yield child.tail


def _is_hidden(element: _Element) -> bool:
    """Return whether an element is not drawn, switched off, transparent or without a size."""
    settings = {str(name): str(value) for name, value in element.attrib.items()}
    settings.update(_SETTING.findall(element.get("style", "")))
    is_off = not _HIDING.isdisjoint(settings.items())
    opacity = min(_read_number(settings.get(name)) for name in _SHARES)
    # A drawing is scaled, so only letters without any size are too small.
    is_sizeless = _read_number(settings.get("font-size")) == 0
    return any((element.tag in _NOT_DRAWN, is_off, opacity <= FAINT, is_sizeless))


def _read_number(text: str | None) -> float:
    """Return the number in a setting; infinity if there is none."""
    number = _NUMBER.fullmatch((text or "").strip())
    return float(number[1]) if number else math.inf
