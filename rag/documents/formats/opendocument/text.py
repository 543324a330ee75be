"""Turns the paragraphs, lists and tables of an OpenDocument file into blocks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from lxml.etree import _Element

from rag.documents.blocks import Block, join_words
from rag.documents.formats.grid import walk_table
from rag.documents.formats.opendocument.lists import NO_START, Counter, read_number
from rag.documents.formats.opendocument.names import DC, DRAW, NOTHING, OFFICE, SVG, TABLE, TEXT
from rag.documents.formats.opendocument.source_rows import COVERED, SourceTable, add_covered_cells
from rag.documents.formats.opendocument.styles import Look, Styles
from rag.documents.formats.rows import Cell

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_PARAGRAPHS = (f"{TEXT}p", f"{TEXT}h")
_MOST_SPACES = 100
COMMENT = f"{OFFICE}annotation"
# Boxes of text and drawings, which follow the paragraph to which they are tied.
_BOXES = frozenset(
    f"{DRAW}{name}"
    for name in ("a", "frame", "text-box", "g", "custom-shape", "rect", "line", "polyline", "polygon", "path", "circle",
                 "ellipse", "connector", "caption", "measure", "regular-polygon")
)  # fmt: skip
# A link holds words of the paragraph.
_TIED_BOXES = _BOXES - {f"{DRAW}a"}
# The readings above characters, numbers that are counted here, names of pictures, scripts and the file of a picture.
_NO_TEXT = frozenset((
    f"{TEXT}ruby-text", f"{TEXT}number", f"{SVG}title", f"{SVG}desc", f"{OFFICE}event-listeners", f"{TEXT}script",
    f"{OFFICE}binary-data",
))  # fmt: skip
_ON = "true"
_UNSEEN = ("none", "printer")
_HIGHEST_LEVEL = 9


class _Content(NamedTuple):
    """The words of a paragraph, its boxes of text, and its notes."""

    words: list[str]
    boxes: list[_Element]
    notes: list[_Element]


class TextWalker:
    """Walks through parts of a document; notes its title, and its reviewers' comments as blocks."""

    def __init__(self, styles: Styles) -> None:
        self.title: str | None = None
        self.comments: list[Block] = []
        self._styles = styles
        self._outline = Counter(styles.outline)
        self._counters: dict[str | None, Counter] = {}  # of lists, by the list's id and by its style
        self._walkers: dict[str, Callable[[_Element, Look], Iterator[Block]]] = {
            f"{TEXT}p": self._walk_paragraph,
            f"{TEXT}h": self._walk_paragraph,
            f"{TEXT}numbered-paragraph": self.walk,
            f"{TEXT}list": self._walk_list,
            f"{TEXT}section": self._walk_section,
            f"{TEXT}bibliography": self.walk,
            f"{TEXT}index-body": self.walk,
            f"{TABLE}table": self._walk_table,
            **dict.fromkeys(_BOXES, self.walk_shape),
        }
        # Elements that stand for other words than those inside them.
        self._collectors: dict[str, Callable[[_Element, _Content], None]] = {
            f"{TEXT}tab": lambda _, content: content.words.append("\t"),
            f"{TEXT}line-break": lambda _, content: content.words.append("\n"),
            f"{TEXT}s": _add_spaces,
            f"{TEXT}note": lambda note, content: content.notes.extend(note.iterchildren(f"{TEXT}note-body")),
            COMMENT: lambda comment, _: self.add_comment(comment),
            **dict.fromkeys(_TIED_BOXES, lambda box, content: content.boxes.append(box)),
            **dict.fromkeys(_NO_TEXT, lambda *_: None),
        }

    def walk(self, parent: _Element, look: Look) -> Iterator[Block]:
        """Yield the blocks of an element's children, of which unknown ones are left out."""
        for child in parent:
            walker = self._walkers.get(child.tag)
            if walker:
                yield from walker(child, look)

    def walk_shape(self, shape: _Element, look: Look) -> Iterator[Block]:
        """Yield the blocks of a box or drawing, and nothing for one that is not on the screen."""
        if shape.tag in _BOXES and shape.get(f"{DRAW}display", "always") not in _UNSEEN:
            yield from self.walk(shape, self._styles.paint(look, shape))

    def _walk_section(self, section: _Element, look: Look) -> Iterator[Block]:
        """Yield the blocks of a section; a hidden one has none."""
        is_hidden = section.get(f"{TEXT}display") == "none" or section.get(f"{TEXT}is-hidden") == _ON
        return iter(()) if is_hidden else self.walk(section, look)

    def _walk_paragraph(self, paragraph: _Element, look: Look, number: str = "") -> Iterator[Block]:
        """Yield the block of a paragraph or heading, then the blocks of its notes and boxes."""
        content = self._read(paragraph, look)
        text = "".join(content.words).strip()
        names = self._styles.get_base_names("paragraph", paragraph.get(f"{TEXT}style-name"))
        if paragraph.tag == f"{TEXT}h":
            yield self._make_heading(paragraph, text, number)
        elif "title" in names:
            yield from self._make_title(text)
        else:
            yield Block(_begin_with(number, text))
        for note in content.notes:
            yield from self.walk(note, look)
        for box in content.boxes:
            yield from self.walk_shape(box, look)

    def _make_title(self, text: str) -> Iterator[Block]:
        """Note the first title, which is the document's; yield a later one as a heading."""
        if self.title:
            yield Block(text, "heading")
        else:
            self.title = " ".join(text.split())

    def _make_heading(self, heading: _Element, text: str, number: str) -> Block:
        """Return the block of a heading, with its number if the outline or a list gives it one."""
        level = max(1, read_number(heading, f"{TEXT}outline-level"))
        is_unnumbered = heading.get(f"{TEXT}is-list-header") == _ON or self._styles.is_unnumbered(heading)
        if not any((number, is_unnumbered, text == "")):
            number = self._outline.count(level)
        return Block(_begin_with(number, " ".join(text.split())), "heading", min(level, _HIGHEST_LEVEL))

    def _walk_list(
        self, parent: _Element, look: Look, level: int = 1, counter: Counter | None = None
    ) -> Iterator[Block]:
        """Yield the items of a list; a list in it goes on with its counter, one level deeper."""
        name = parent.get(f"{TEXT}style-name")
        if counter is None or name not in (None, counter.name):
            counter = self._begin_list(parent, name)
        for item in parent:
            if item.tag == f"{TEXT}list-item":
                yield from self._walk_item(item, look, level, counter)
            elif item.tag == f"{TEXT}list-header":
                yield from self.walk(item, look)

    def _begin_list(self, parent: _Element, name: str | None) -> Counter:
        """Return the counter of a list: that of the list that it continues, or a new one."""
        key = parent.get(f"{TEXT}continue-list")
        if parent.get(f"{TEXT}continue-numbering") == _ON:
            key = key or name
        counter = self._counters.get(key) or Counter(self._styles.lists.get(name, NOTHING))
        own_names = {name, parent.get(_XML_ID)} - {None}
        self._counters.update(dict.fromkeys(own_names, counter))
        return counter

    def _walk_item(self, item: _Element, look: Look, level: int, counter: Counter) -> Iterator[Block]:
        """Yield the blocks of an item; its first paragraph begins with its number."""
        number = ""
        first = next(item.iterchildren("*"), NOTHING)
        if first.tag in _PARAGRAPHS:
            number = counter.count(level, read_number(item, f"{TEXT}start-value", default=NO_START))
        for child in item:
            if child.tag == f"{TEXT}list":
                yield from self._walk_list(child, look, level + 1, counter)
            elif child.tag in _PARAGRAPHS:
                for block in self._walk_paragraph(child, look, number):
                    yield replace(block, kind="item") if block.kind == "paragraph" else block
                number = ""

    def _walk_table(self, element: _Element, look: Look) -> Iterator[Block]:
        """Yield a row a block, with the words of the header; the cells of a page's layout as they are."""
        add_covered_cells(element)
        rows = list(SourceTable(element, self._styles).list_rows())
        # A row with one cell at the top is the table's title, or a frame around text.
        while rows and sum(place.element.tag != COVERED for place in rows[0].places) == 1:
            for place in rows.pop(0).places:
                yield from self.walk_cell(place.element, look)
        blocks: list[Block] = []
        cells: list[list[Cell]] = []
        for row in rows:
            texts = []
            for place in row.places:
                # Each cell is walked once: a second time would double the work with each table inside a table.
                inside = list(self.walk_cell(place.element, look))
                blocks += inside
                texts.append(join_words(inside))
            cells.append(row.make_cells(texts))
        is_headed = len(rows) > 0 and rows[0].is_header
        yield from walk_table(cells, is_headed=is_headed, layout=blocks)

    def walk_cell(self, cell: _Element, look: Look) -> Iterator[Block]:
        """Yield the blocks of a cell; one that another cell covers has none."""
        is_covered = cell.tag == COVERED
        return iter(()) if is_covered else self.walk(cell, self._paint_cell(cell, look))

    def read_words(self, cell: _Element, look: Look) -> str:
        """Return the words of a cell in a sheet, without drawings and comments."""
        look = self._paint_cell(cell, look)
        if cell.tag == COVERED:
            return ""
        texts = ["".join(self._read(paragraph, look).words) for paragraph in cell.iterchildren(f"{TEXT}p")]
        return " ".join(" ".join(texts).split())

    def _paint_cell(self, cell: _Element, look: Look) -> Look:
        return self._styles.add(look, "table-cell", cell.get(f"{TABLE}style-name"))

    def _read(self, paragraph: _Element, look: Look) -> _Content:
        """Return the visible words of a paragraph; a hidden one has none."""
        content = _Content([], [], [])
        hiding = paragraph.iter(f"{TEXT}hidden-paragraph")
        if any(field.get(f"{TEXT}is-hidden") == _ON for field in hiding):
            return content
        self._collect(paragraph, self._styles.add(look, "paragraph", paragraph.get(f"{TEXT}style-name")), content)
        return content

    def _collect(self, element: _Element, look: Look, content: _Content) -> None:
        """Add the words of an element that readers see, and those after each of its children."""
        self._add_words(element.text, look, content)
        for child in element:
            if isinstance(child.tag, str):
                self._collect_child(child, look, content)
            self._add_words(child.tail, look, content)

    def _collect_child(self, child: _Element, look: Look, content: _Content) -> None:
        """Add the words of an element inside a paragraph, or note its sign, note or box."""
        collect = self._collectors.get(child.tag)
        if collect:
            collect(child, content)
        elif (child.tag, child.get(f"{TEXT}is-hidden")) != (f"{TEXT}hidden-text", _ON):
            style = child.get(f"{TEXT}style-name") if child.tag == f"{TEXT}span" else None
            self._collect(child, self._styles.add(look, "text", style), content)

    @staticmethod
    def _add_words(words: str | None, look: Look, content: _Content) -> None:
        """Add words with each white space as one space, as the format demands; hidden ones are left out."""
        if not words or look.is_hidden:
            return
        squeezed = " ".join(words.split())
        before, after = " " * words[0].isspace(), " " * words[-1].isspace()
        content.words.append(f"{before}{squeezed}{after}" if squeezed else " ")

    def add_comment(self, comment: _Element, label: str = "") -> None:
        """Note a reviewer's comment with its author and date, and in a sheet with the label of its row."""
        contents = [self._read(paragraph, self._styles.page_look) for paragraph in comment.iter(f"{TEXT}p")]
        text = "\n".join("".join(content.words).strip() for content in contents)
        if label and text:
            text = f"{label}: {text}"
        author = comment.findtext(f"{DC}creator", "")
        day = comment.findtext(f"{DC}date", "").partition("T")[0]
        self.comments.append(Block(text, voice="comment", author=author, date=day))


def _add_spaces(spaces: _Element, content: _Content) -> None:
    content.words.append(" " * min(_MOST_SPACES, read_number(spaces, f"{TEXT}c")))


def _begin_with(number: str, text: str) -> str:
    """Return a text after its number; nothing for an empty text."""
    return f"{number} {text}".strip() if text else ""
