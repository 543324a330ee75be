"""Turns the body of a Word document into blocks."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from io import BytesIO
from typing import NamedTuple

from docx.document import Document
from docx.oxml.parser import parse_xml
from lxml.etree import _Element, strip_tags

from rag.documents.blocks import Block, join_words
from rag.documents.formats.grid import walk_table
from rag.documents.formats.office.drawings import walk_drawing
from rag.documents.formats.office.package import load_word
from rag.documents.formats.office.paths import (
    CHART,
    DIAGRAM,
    MC,
    M,
    W,
    find_part,
    list_parts,
    make_finder,
    make_reader,
    make_test,
    read_number,
)
from rag.documents.formats.office.word_headers import find_headers, is_fact
from rag.documents.formats.office.word_numbers import Numbers
from rag.documents.formats.office.word_signs import join_signs
from rag.documents.formats.office.word_visibility import Styles, drop_hidden_words
from rag.documents.formats.rows import MOST_COLUMNS_SPANNED, Cell
from rag.documents.headings import has_form_of_heading, mark_heading_blocks
from rag.documents.members import read_member
from rag.documents.properties import clean_date
from rag.errors import DocumentError

_WRAPPERS = tuple(f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_MARKS = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
# These hold settings, deleted and moved words, the readings above characters, and fallbacks for older programs. A
# paragraph can also hold a box of text, which has paragraphs of its own.
_UNREAD = (*(f"{W}{name}" for name in ("pPr", "del", "moveFrom", "rt", "p")), f"{MC}Fallback")
_WORDS = (f"{M}t", *(f"{W}{name}" for name in ("t", "tab", "br", "cr", "noBreakHyphen", "sym", "fldChar")))
_ATTACHED = (*_MARKS, f"{W}txbxContent", CHART, DIAGRAM)

_find_rows = make_finder("w:tr")
_find_cells = make_finder("w:tc")
_has_header = make_test("w:tr[1][w:trPr/w:tblHeader][count(w:tc) != 1][following-sibling::w:tr]")
# Letters of the first row are bold, and some of the second are not.
_is_bold_row = "not(.//w:r[w:t][not(w:rPr/w:b[not(@w:val = '0' or @w:val = 'false')])])"
_has_bold_header = make_test(
    f"w:tr[1][.//w:t][{_is_bold_row}][count(w:tc) != 1]/following-sibling::w:tr[1][not({_is_bold_row})]"
)
_get_span = make_reader("w:tcPr/w:gridSpan/@w:val")
_is_continued = make_test("w:tcPr/w:vMerge[not(@w:val = 'restart')]")

_get_relation = make_reader("@r:id")
_WORD_SUFFIXES = (".docx", ".docm", ".dotx", ".dotm")
_get_name = make_reader("w:name/@w:val")
_get_style = make_reader("w:pPr/w:pStyle/@w:val")
_get_level = make_reader("w:pPr/w:outlineLvl/@w:val")
_get_list = make_reader("w:pPr/w:numPr/w:numId/@w:val")
# The large first letter of the next paragraph.
_is_drop_cap = make_test("w:pPr/w:framePr[1]/@w:dropCap[. != 'none']")
# The mark of a paragraph whose end is deleted or hidden.
_is_gone = make_test("w:pPr/w:rPr[w:del or w:moveFrom or w:vanish]")
# Word numbers the levels of outlines from 0; the tenth, "9", means text.
_LEVELS = {str(level - 1): level for level in range(1, 10)}
_HEADINGS = {f"heading {level}": level for level in range(1, 10)}
# The numbers of lists in which a paragraph is not an item.
_UNNUMBERED = ("", "0")


class _Role(NamedTuple):
    """The role of a paragraph or style; `level` is a heading's or title's, from 1, and 0 for all others."""

    level: int = 0
    is_item: bool = False
    is_title: bool = False
    is_contents: bool = False

    def make_block(self, text: str) -> Block:
        """Return the block of a paragraph with this role."""
        if self.level:
            return Block(" ".join(text.split()), "heading", self.level)
        return Block(text, "item" if self.is_item else "paragraph")


def walk_document(document: Document) -> Iterator[Block]:
    """Yield the letterhead, the body's blocks in order, each note after its paragraph, and the reviewers' comments."""
    walker = _Walker(document)
    for header, is_letterhead in find_headers(document):
        drop_hidden_words(header, document)
        strip_tags(header, *_WRAPPERS)
        yield from (block for block in walker.walk(header) if is_letterhead or is_fact(block.text))
    body = document.element.body
    strip_tags(body, *_WRAPPERS)
    yield from mark_heading_blocks(walker.walk(body))
    for comment in document.comments:
        words = "\n".join(block.text for block in walker.walk(comment._comment_elm))
        yield Block(words, voice="comment", author=comment.author, date=clean_date(comment.timestamp))


def find_title(document: Document) -> str | None:
    """Return the words of the first paragraph whose style is a title's."""
    roles = _Roles(document)
    for paragraph in document.element.body.iter(f"{W}p"):
        words = _read_signs(paragraph).strip() if roles.find_role(paragraph).is_title else ""
        if words:
            return words
    return None


class _Walker:
    """Turns a document's elements into blocks; it knows the styles and notes."""

    def __init__(self, document: Document) -> None:
        self._roles = _Roles(document)
        self._numbers = Numbers(document)
        self._notes = _find_notes(document)
        self._part = document.part
        self._has_title = False
        self._drop_cap = ""
        self._has_headings = False  # that the outline or a style marks
        self._walkers: dict[str, Callable[[_Element], Iterator[Block]]] = {
            f"{W}p": self._walk_paragraph,
            f"{W}tbl": self._walk_table,
            f"{W}altChunk": self._walk_chunk,
        }

    def walk(self, parent: Iterable[_Element]) -> Iterator[Block]:
        for element in parent:
            walk = self._walkers.get(element.tag)
            if walk:
                yield from walk(element)

    def _walk_paragraph(self, paragraph: _Element) -> Iterator[Block]:
        words = _read_signs(paragraph)
        if _is_drop_cap(paragraph):
            self._drop_cap += words.strip()
            return
        text = f"{self._drop_cap}{words}".strip()
        self._drop_cap = ""
        number = "" if text == "" and _is_gone(paragraph) else self._numbers.count(paragraph)
        yield from self._make_blocks(number, text, self._find_role(paragraph, text))
        attached = _find_inside(paragraph, _ATTACHED)
        # Notes come before boxes and drawings.
        for part in sorted(attached, key=lambda part: part.tag not in _MARKS):
            yield from self._walk_attached(part)

    def _find_role(self, paragraph: _Element, text: str) -> _Role:
        """Return a paragraph's role: without other headings, the words above numbered clauses are one."""
        role = self._roles.find_role(paragraph)
        self._has_headings |= role.level > 0
        if any((self._has_headings, not role.is_item, not has_form_of_heading(text))):
            return role
        level = self._numbers.find_clause_level(paragraph)
        return _Role(level) if level else role

    def _walk_attached(self, part: _Element) -> Iterator[Block]:
        """Yield the blocks of a note, a box of text, or a drawing with words."""
        if part.tag in _MARKS:
            # A note is walked once: it can hold its own mark.
            note = self._notes.pop((_MARKS[part.tag], part.get(f"{W}id")), ())
            yield from self.walk(note)
        elif part.tag == f"{W}txbxContent":
            yield from self.walk(part)
        else:
            yield from walk_drawing(part, self._part)

    def _walk_chunk(self, chunk: _Element) -> Iterator[Block]:
        """Yield the text of a whole file that Word shows inside of this one."""
        part = find_part(self._part, _get_relation(chunk))
        if part is None:
            return
        name = str(part.partname)
        if name.endswith(_WORD_SUFFIXES):
            yield from _walk_inner_document(part.blob)
            return
        try:
            text = read_member(name, part.blob).text
        except DocumentError as exc:
            text = f"A part of this file is not read: {exc}."
        for paragraph in text.split("\n\n"):
            yield Block(paragraph)

    def _make_blocks(self, number: str, text: str, role: _Role) -> Iterator[Block]:
        """Yield the block of a paragraph; none for the document's title and for tables of contents."""
        is_main_title = all((role.is_title, text, not self._has_title))
        if is_main_title:
            self._has_title = True
        elif role.level or not role.is_contents:
            numbered = f"{number} {text}" if text else ""
            yield role.make_block(numbered.strip())

    def _walk_table(self, table: _Element) -> Iterator[Block]:
        """Yield a row a block, with the words of the header; the cells of a page's layout as they are."""
        rows = [_find_cells(row) for row in _find_rows(table)]
        # A row with one cell at the top is the table's title, or a frame around text.
        while rows and len(rows[0]) == 1:
            yield from self.walk(rows.pop(0)[0])
        blocks: list[Block] = []
        grid: list[list[Cell]] = []
        for row in rows:
            grid.append([])
            for cell in row:
                # Each cell is walked once: a second time would double the work with each table inside a table.
                inside = list(self.walk(cell))
                blocks += inside
                grid[-1].append(_read_cell(cell, inside))
        is_headed = _has_header(table) or _has_bold_header(table)
        yield from walk_table(grid, is_headed=is_headed, layout=blocks)


def _read_cell(cell: _Element, blocks: list[Block]) -> Cell:
    width = min(read_number(_get_span(cell), 1), MOST_COLUMNS_SPANNED)
    return Cell(join_words(blocks), width, is_continued=_is_continued(cell))


def _walk_inner_document(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a Word document inside of another one, without the files inside of it."""
    document = load_word(BytesIO(data))
    body = document.element.body
    for chunk in list(body.iter(f"{W}altChunk")):
        chunk.getparent().remove(chunk)
    drop_hidden_words(body, document)
    yield from walk_document(document)


class _Roles:
    """The roles of a document's paragraphs."""

    def __init__(self, document: Document) -> None:
        self._styles = Styles(document)
        self._find_style_role = cache(self._read_style_role)

    def find_role(self, paragraph: _Element) -> _Role:
        """Return a paragraph's role: its own settings come before those of its style."""
        level = _LEVELS.get(_get_level(paragraph))
        if level:
            return _Role(level)
        role = self._find_style_role(_get_style(paragraph))
        number = _get_list(paragraph)
        return role._replace(is_item=number not in _UNNUMBERED) if number else role

    def _read_style_role(self, name: str) -> _Role:
        """Return a style's role, which may be that of a style that it is based on."""
        for style in self._styles.find_bases(name):
            role = _read_role(style)
            if role != _Role():
                return role
        return _Role()


def _read_role(style: _Element) -> _Role:
    name = _get_name(style).lower()
    is_title = name == "title"
    level = _HEADINGS.get(name, _LEVELS.get(_get_level(style), int(is_title)))
    is_item = name.startswith("list") or _get_list(style) not in _UNNUMBERED
    return _Role(level, is_item, is_title, is_contents=name.startswith("toc"))


def _find_notes(document: Document) -> dict[tuple[str, str | None], _Element]:
    notes = {}
    for kind in _MARKS.values():
        for part in list_parts(document.part, f"/{kind}s"):
            root = parse_xml(part.blob)
            drop_hidden_words(root, document)
            strip_tags(root, *_WRAPPERS)
            notes.update({(kind, note.get(f"{W}id")): note for note in root.iter(f"{W}{kind}")})
    return notes


def _read_signs(paragraph: _Element) -> str:
    return join_signs(_find_inside(paragraph, _WORDS))


def _find_inside(paragraph: _Element, tags: Iterable[str]) -> Iterator[_Element]:
    """Yield the elements with some tags in a paragraph, but not those that are left out or in boxes of text."""
    for element in paragraph.iter(*tags):
        if next(element.iterancestors(*_UNREAD)) is paragraph:
            yield element
