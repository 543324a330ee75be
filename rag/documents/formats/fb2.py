"""Reads FictionBook files: the sections of a book, its poems, tables and notes."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from lxml.etree import _Element

from rag.documents.blocks import Block, Extract, join_filled
from rag.documents.dates import read_date
from rag.documents.formats.grid import walk_table
from rag.documents.formats.rows import Cell
from rag.documents.formats.untrusted import clear, drop_namespaces, find_elements, get_text, parse_xml
from rag.documents.sequences import flat_map
from rag.errors import DocumentError

_INVALID = "it is not a valid FictionBook file"
# Pictures; a large one would be more than the parser takes.
_BINARY = re.compile(rb"<binary\b[^>]*>[^<]*</binary>")
_LINK = "{http://www.w3.org/1999/xlink}href"
_NAMES = ("first-name", "middle-name", "last-name")
_IS_NOTES = "[@name = 'notes' or @name = 'comments']"
# The date of a book, or else the year in which it was published.
_DATES = (
    "description/title-info/date/@value | description/title-info/date/text() | description/publish-info/year/text()"
)
_DATE = f"normalize-space(({_DATES})[normalize-space()][1])"
_DEEPEST_HEADING = 9


def read_fb2(path: Path) -> Extract:
    """Return the text of a book in reading order; raises DocumentError if it is not one."""
    root = drop_namespaces(parse_xml(_BINARY.sub(b"", path.read_bytes()), invalid=_INVALID))
    if root.tag != "FictionBook":
        raise DocumentError(_INVALID)
    walker = _Walker(find_elements(root, f"body{_IS_NOTES}//section"))
    bodies = find_elements(root, f"body[not(self::*{_IS_NOTES})]")
    blocks = list(flat_map(partial(walker.walk, level=0), bodies))
    authors = map(_read_name, root.iterfind("description/title-info/author"))
    return Extract(
        blocks + walker.list_other_notes(),
        title=" ".join(root.findtext("description/title-info/book-title", "").split()),
        author=join_filled(", ", authors),
        date=read_date(str(root.xpath(_DATE))),
    )


def _read_name(author: _Element) -> str:
    """Return the full name of an author, or else the nickname."""
    names = " ".join(author.findtext(name, "") for name in _NAMES)
    return " ".join(names.split()) or author.findtext("nickname", "").strip()


class _Walker:
    """Walks through a book; a note follows the paragraph with its mark."""

    def __init__(self, notes: Iterable[_Element]) -> None:
        self._notes = {note.get("id", ""): note for note in notes}
        self._walkers: dict[str, Callable[[_Element, int], Iterator[Block]]] = {
            "p": self._walk_paragraph,
            "text-author": self._walk_paragraph,
            "date": self._walk_paragraph,
            "subtitle": self._walk_subtitle,
            "title": self._walk_title,
            "section": lambda section, level: self.walk(section, level + 1),
            "table": self._walk_table,
            "stanza": self._walk_stanza,
            **dict.fromkeys(("epigraph", "cite", "poem", "annotation"), self._walk_aside),
        }

    def walk(self, parent: _Element, level: int) -> Iterator[Block]:
        """Yield the blocks of a body or section; its title is a heading of this level, from 1."""
        for child in parent:
            walker = self._walkers.get(child.tag)
            if walker:
                yield from walker(child, level)

    def list_other_notes(self) -> list[Block]:
        """Return the notes to which no mark leads."""
        notes, self._notes = self._notes, {}
        return [block for note in notes.values() for block in self._walk_note(note)]

    def _walk_title(self, title: _Element, level: int) -> Iterator[Block]:
        """Yield the heading of a section; that of a book's part is of the first level too."""
        words = join_filled(" ", map(get_text, title))
        yield Block(words, "heading", min(max(level, 1), _DEEPEST_HEADING))

    def _walk_subtitle(self, subtitle: _Element, level: int) -> Iterator[Block]:
        """Yield a heading inside a section; stars between paragraphs are not a heading."""
        words = get_text(subtitle)
        if any(map(str.isalnum, words)):
            yield Block(words, "heading", min(level + 1, _DEEPEST_HEADING))

    def _walk_aside(self, aside: _Element, level: int) -> Iterator[Block]:
        """Yield a poem, an epigraph or words of others; a title in it is not a heading."""
        for block in self.walk(aside, level):
            yield Block(block.text, "item" if block.kind == "item" else "paragraph")

    def _walk_stanza(self, stanza: _Element, _: int) -> Iterator[Block]:
        yield Block(join_filled("\n", map(get_text, stanza)))

    def _walk_table(self, table: _Element, _: int) -> Iterator[Block]:
        """Return the rows of a table with the words of the header, which has no other cells than labels."""
        rows = [[Cell(get_text(cell)) for cell in row.iterchildren("th", "td")] for row in table.iterchildren("tr")]
        return walk_table(rows, is_headed=table.find("tr/td/..") is not table.find("tr"))

    def _walk_paragraph(self, paragraph: _Element, _: int) -> Iterator[Block]:
        """Yield a paragraph without the marks of notes, and those notes."""
        notes = []
        for link in list(paragraph.iter("a")):
            note = self._notes.pop(link.get(_LINK, "").removeprefix("#"), None)
            if note is not None:
                notes.append(note)
                clear(link)
        yield Block(get_text(paragraph))
        yield from flat_map(self._walk_note, notes)

    def _walk_note(self, note: _Element) -> Iterator[Block]:
        """Yield the paragraphs of a note without its number, which is its title."""
        for title in note.findall("title"):
            note.remove(title)
        return self._walk_aside(note, 1)
