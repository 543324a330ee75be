"""Reads XML files of any kind: the text of the elements, and the values of records with their names."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from lxml.etree import _Element

from rag.documents.blocks import Block, Extract
from rag.documents.formats.fb2 import read_fb2
from rag.documents.formats.html.hidden import parse_shown
from rag.documents.formats.html.layout import walk_spelled_out
from rag.documents.formats.html.reader import read_html
from rag.documents.formats.opendocument.names import OFFICE
from rag.documents.formats.opendocument.reader import read_flat_opendocument
from rag.documents.formats.svg import read_svg
from rag.documents.formats.untrusted import drop_namespaces, get_text, parse_xml, take_title

_INVALID = "it is not valid XML"
# Kinds of XML with a reader of their own, by the name of their outermost element.
_READERS: dict[str, Callable[[Path], Extract]] = {
    "FictionBook": read_fb2,
    "html": read_html,
    "svg": read_svg,
    f"{OFFICE}document": read_flat_opendocument,
}
# The names of elements whose text is a heading, or says no more than the text itself.
_TITLES = frozenset(("title", "head", "heading", "headline"))
_NAMELESS = frozenset(
    re.findall(
        r"\w+", "p para paragraph text line l v value item entry li span seg string s ab note body content simpara"
    )
)
# A longer text, in characters, is prose: the name of its element does not help.
_LONGEST_VALUE = 100
_DEEPEST_HEADING = 9
# In a record with at least this many parts, such as an invoice, each part has a role: its values have its name too.
_FEWEST_PARTS = 3
# Attributes that say nothing about the content of an element with others inside it.
_TECHNICAL = frozenset(("class", "id", "style", "type", "version"))
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Between the words of a name: "PayableAmount", "currencyID", "unit_code".
_NEW_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[._]+")

_Field = tuple[str, str]  # the name of a value, and the value


def read_xml(path: Path) -> Extract:
    """Return the text of an XML file in its order; raises DocumentError if it is not XML.

    Entities that the file defines are not expanded.
    """
    root = parse_xml(path.read_bytes(), invalid=_INVALID)
    full_name = root.tag
    drop_namespaces(root)
    reader = _READERS.get(full_name) or _READERS.get(root.tag)
    if reader:
        return reader(path)
    _name_parts(root)
    title = take_title(root)
    return Extract(_walk(root, 1), title=title)


def _name_parts(root: _Element) -> None:
    """Put the name of a part before the names of its values: "Customer.Name" in a part "Customer" of an invoice."""
    parts = list(root.iterchildren("*"))
    counts = Counter(part.tag for part in parts)
    if len(counts) < _FEWEST_PARTS:
        return
    for part in parts:
        is_alone = counts[part.tag] == 1
        if is_alone and _has_role(part):
            _name_values(part)


def _has_role(part: _Element) -> bool:
    """Return whether a part has values at several depths; a record, a list and a text have none."""
    names = {child.tag for child in part.iterchildren("*")}
    is_list = len(names) == 1 and len(part) > 1
    has_depth = part.find("*/*") is not None
    return has_depth and not any((is_list, part.tag in _NAMELESS))


def _name_values(part: _Element) -> None:
    """Put the name of a part before the names of the values in it."""
    for value in part.iterdescendants("*"):
        is_value = len(value) == 0
        if is_value and value.tag not in _NAMELESS | _TITLES:
            value.tag = f"{part.tag}.{value.tag}"


def _walk(element: _Element, level: int) -> Iterator[Block]:
    """Yield the blocks of an element: one for text, for a value or a record, else those of its children."""
    if _is_text(element):
        yield from _walk_text(element)
    elif _is_record(element):
        values = [(child.tag, _show_value(child)) for child in element.iterchildren("*")]
        yield Block(_format([*_list_attributes(element), *values]), "item")
    else:
        yield Block(_format(_list_own_attributes(element)), "item")
        yield from _walk_children(element, level)


def _walk_children(element: _Element, level: int) -> Iterator[Block]:
    """Yield the blocks of the children, those with the names of titles as headings."""
    children = list(element.iterchildren("*"))
    titles = {child for child in children if child.tag in _TITLES and _is_text(child)}
    level_below = level + bool(titles)
    for child in children:
        if child in titles:
            yield Block(get_text(child), "heading", min(level, _DEEPEST_HEADING))
        else:
            yield from _walk(child, level_below)


def _walk_text(element: _Element) -> Iterator[Block]:
    """Yield the text of an element; a short value with the element's name, and HTML as its blocks."""
    text = get_text(element)
    if _TAG.search(text):
        yield from walk_spelled_out(parse_shown(text))
    elif any((len(element), len(text) > _LONGEST_VALUE, element.tag in _NAMELESS)):
        yield Block(text)
    else:
        yield Block(_format([*_list_attributes(element), (element.tag, text)]), "item")


def _is_text(element: _Element) -> bool:
    """Return whether an element has words of its own, and so all words inside it are one text."""
    own = cast("list[str]", element.xpath("text()"))
    return "".join(own).strip() != ""


def _is_record(element: _Element) -> bool:
    """Return whether an element has values alone: each child has a short text and no children."""
    children = list(element.iterchildren("*"))
    if not children:
        return True
    names = {child.tag for child in children}
    longest = max(len(get_text(child)) for child in children)
    has_values = element.find("*/*") is None and longest <= _LONGEST_VALUE
    has_names = len(names) > 1 and names.isdisjoint(_NAMELESS)
    return has_values and has_names


def _show_value(element: _Element) -> str:
    """Return the text of a value with its attribute, if it has one: "1094.80 (currencyID: EUR)"."""
    text = get_text(element)
    attributes = _list_own_attributes(element)
    has_unit = text != "" and len(attributes) == 1
    return f"{text} ({_format(attributes)})" if has_unit else text


def _list_own_attributes(element: _Element) -> list[_Field]:
    """Return the attributes of an element that say something about its content."""
    return [(name, value) for name, value in _list_attributes(element) if name not in _TECHNICAL]


def _list_attributes(element: _Element) -> list[_Field]:
    """Return the attributes of an element that are its own, without those that say how to read the file."""
    return [(str(name), str(value)) for name, value in element.attrib.items() if not str(name).startswith("{")]


def _format(fields: Iterable[_Field]) -> str:
    """Return the values of a record after the words of their names: "author: Ann; Payable Amount: 3"."""
    return "; ".join(f"{_NEW_WORD.sub(' ', name).strip()}: {value}" for name, value in fields if value)
