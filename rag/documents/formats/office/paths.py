"""Finds the parts of office files, and makes functions that read their XML by paths (XPath)."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, cast

from lxml.etree import Element, XPath, _Element

Finder: TypeAlias = Callable[..., list[_Element]]

_NAMESPACES = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "xdr": "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
}
A, M, MC, W = (f"{{{_NAMESPACES[prefix]}}}" for prefix in ("a", "m", "mc", "w"))
CHART, DIAGRAM = f"{{{_NAMESPACES['c']}}}chart", f"{{{_NAMESPACES['dgm']}}}relIds"
# It takes the place of an element that a file does not have: it is empty.
NOTHING = Element("nothing")


def make_finder(path: str) -> Finder:
    """Return a function that returns the elements at a path, in the order of the file."""
    return cast("Finder", XPath(path, namespaces=_NAMESPACES))


def make_reader(path: str) -> Callable[[_Element], str]:
    """Return a function that returns the first text at a path; an empty text if there is none."""
    return cast(Callable[[_Element], str], XPath(f"string({path})", namespaces=_NAMESPACES, smart_strings=False))


def make_test(path: str) -> Callable[[_Element], bool]:
    """Return a function that returns whether there is anything at a path."""
    return cast(Callable[[_Element], bool], XPath(f"boolean({path})", namespaces=_NAMESPACES))


def find_part(owner: Any, name: str) -> Any:
    """Return the part to which another one refers by a name; None if it is missing, or outside of the file."""
    relation = owner.rels.get(name)
    return None if relation is None or relation.is_external else relation.target_part


def list_parts(owner: Any, *kinds: str) -> Iterator[Any]:
    """Yield the parts to which another one refers, whose kind of relation ends with one of these."""
    for relation in owner.rels.values():
        if relation.reltype.endswith(kinds) and not relation.is_external:
            yield relation.target_part


def read_number(text: str, default: int) -> int:
    """Return the number in a text of digits, without those after the ninth; `default` for any other text."""
    return int(text[:9]) if text.isdecimal() else default
