"""Finds the headings of a book whose chapters do not mark them: its table of contents names them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import unquote

from lxml.html import HtmlElement

from rag.documents.formats.html.markup import HEADINGS
from rag.documents.formats.untrusted import get_text

# The elements of a chapter that may be one line of text.
_LINES = ("p", "div", *HEADINGS)
# A line in these is an item or a cell, and no heading.
_AROUND_TEXT = ("li", "table", "nav", "blockquote")
# HTML has six levels of headings.
_LOWEST_LEVEL = 6
_LINKS = "//nav[@*[local-name() = 'type' or name() = 'epub:type'] = 'toc']//a[@href]"


class Entry(NamedTuple):
    """A line of a table of contents: its level from 1, and the file and the element to which it leads.

    The file's name is relative to that of the table; the element's id is empty if the line leads to a whole file.
    """

    text: str
    level: int
    file_name: str
    element_id: str


def list_entries(contents: HtmlElement) -> Iterator[Entry]:
    """Yield the lines of a table of contents: those of an NCX file, or of a navigation document."""
    for point in contents.xpath("//navPoint[navLabel and content]"):
        level = 1 + len(list(point.iterancestors("navPoint")))
        yield _make_entry(get_text(point.find("navLabel")), level, point.find("content").get("src", ""))
    for link in contents.xpath(_LINKS):
        level = len(list(link.iterancestors("ol")))
        yield _make_entry(get_text(link), level, link.get("href", ""))


def _make_entry(text: str, level: int, target: str) -> Entry:
    name, _, element_id = target.partition("#")
    return Entry(text, min(level, _LOWEST_LEVEL), unquote(name), unquote(element_id))


def mark_headings(chapter: HtmlElement, entries: Iterable[Entry]) -> None:
    """Turn the line of a chapter to which an entry leads into a heading of its level, if it has the same words.

    It is the first such line that has the entry's target in it, or is below the target.
    """
    lines: dict[str, list[tuple[int, HtmlElement]]] = defaultdict(list)
    places: dict[str, int] = {}
    last_line = 0
    for place, element in enumerate(chapter.iter("*")):
        if _is_line(element):
            last_line = place
            lines[get_text(element).casefold()].append((place, element))
        places.setdefault(element.get("id", ""), last_line)
    for entry in entries:
        same_lines = lines[entry.text.casefold()]
        first = bisect_left(same_lines, places.get(entry.element_id, 0), key=itemgetter(0))
        for _, line in same_lines[first : first + 1]:
            line.tag = line.tag if line.tag in HEADINGS else f"h{entry.level}"


def _is_line(element: HtmlElement) -> bool:
    """Return whether an element is one line of text, and not in a list or the like."""
    if element.tag not in _LINES:
        return False
    is_innermost = next(element.iterdescendants(*_LINES), None) is None
    return is_innermost and next(element.iterancestors(*_AROUND_TEXT), None) is None
