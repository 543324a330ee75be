"""Turns the body of a Word document into blocks."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.office.word_visibility import drop_hidden_words
from rag.documents.formats.tables import format_rows

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT = frozenset((f"{_W}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"))
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_BOX = f"{_W}txbxContent"
_MARKS = {f"{_W}footnoteReference": "footnote", f"{_W}endnoteReference": "endnote"}
# Settings, deleted and moved words, the readings above characters, and fallbacks for older programs.
_NO_TEXT = frozenset((
    f"{_W}pPr", f"{_W}rPr", f"{_W}del", f"{_W}moveFrom", f"{_W}rt",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
))  # fmt: skip
_WRAPPERS = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_HEADING = re.compile(r"heading (\d)")
# Word numbers the levels of headings from 0; the tenth, "9", means text.
_LEVELS = frozenset("012345678")
# With these numbers of a list, a paragraph is not in a list.
_UNNUMBERED = (None, "0")
_MOST_BASES = 20
# A table with a longer cell, in characters, is the layout of a page.
_LONGEST_CELL = 1000
# Larger numbers of columns are a fault, or an attack.
_MOST_COLUMNS_SPANNED, _LONGEST_SPAN = 50, 6


class _Role(NamedTuple):
    """The role of a paragraph or style; `level` is a heading's, from 1, and 0 for all others."""

    level: int = 0
    is_item: bool = False
    is_title: bool = False
    is_contents: bool = False


class _Content(NamedTuple):
    """The words of a paragraph, its boxes of text, and its marks of notes (their kind and id)."""

    words: list[str]
    boxes: list["_Element"]
    notes: list[tuple[str, str | None]]


def walk_document(document: "Document") -> Iterator[Block]:
    """Yield the body's blocks in order, each note after the paragraph with its mark, then the reviewers' comments."""
    yield from _Walker(document).walk(document.element.body)
    for comment in document.comments:
        words = "\n".join(_find_text(paragraph._p) for paragraph in comment.paragraphs)
        date = comment.timestamp.date().isoformat() if comment.timestamp else None
        yield Block(words, voice="comment", author=comment.author or None, date=date)


def find_title(document: "Document") -> str | None:
    """Return the words of the first paragraph whose style is a title's."""
    roles = _find_roles(document)
    paragraphs = document.element.body.iter(f"{_W}p")
    titles = (_find_text(paragraph) for paragraph in paragraphs if _get_role(paragraph, roles).is_title)
    return next(filter(None, titles), None)


class _Walker:
    """Turns a document's elements into blocks; it knows the styles and notes."""

    def __init__(self, document: "Document") -> None:
        self._roles = _find_roles(document)
        self._notes = _find_notes(document)
        self._has_title = False
        self._walkers: dict[str, Callable[[_Element], Iterator[Block]]] = {
            f"{_W}p": self._walk_paragraph,
            f"{_W}tbl": self._walk_table,
            **dict.fromkeys(_WRAPPERS, self.walk),
        }

    def walk(self, parent: "Iterable[_Element]") -> Iterator[Block]:
        for element in parent:
            walk = self._walkers.get(element.tag)
            if walk:
                yield from walk(element)

    def _walk_paragraph(self, paragraph: "_Element") -> Iterator[Block]:
        content = _read_content(paragraph)
        yield from self._make_blocks("".join(content.words).strip(), _get_role(paragraph, self._roles))
        for mark in content.notes:
            # A note is walked once: it can hold its own mark.
            yield from self.walk(self._notes.pop(mark, ()))
        for box in content.boxes:
            yield from self.walk(box)

    def _make_blocks(self, text: str, role: _Role) -> Iterator[Block]:
        """Yield the block of a paragraph; none for the document's title and for tables of contents."""
        if role.is_title and text and not self._has_title:
            self._has_title = True
        elif role.level or role.is_title:
            yield Block(" ".join(text.split()), "heading", role.level or 1)
        elif not role.is_contents:
            yield Block(text, "item" if role.is_item else "paragraph")

    def _walk_table(self, table: "_Element") -> Iterator[Block]:
        rows = list(_unwrap(table, f"{_W}tr"))
        cells = [list(_unwrap(row, f"{_W}tc")) for row in rows]
        while cells and len(cells[0]) == 1:  # it is the table's title, or a frame around text
            yield from self.walk(cells.pop(0)[0])
        # Each cell is walked once: a second time would double the work with each table inside a table.
        blocks = [[list(self.walk(cell)) for cell in row] for row in cells]
        texts = list(_spread_rows(cells, blocks))
        if max(map(len, chain.from_iterable(texts)), default=0) > _LONGEST_CELL:
            yield from chain.from_iterable(chain.from_iterable(blocks))
            return
        is_headed = len(rows) == len(cells) > 1 and _find_setting(rows[0], "trPr", "tblHeader") is not None
        for text in format_rows(texts, is_headed=is_headed):
            yield Block(text, "item")


def _spread_rows(cells: list[list["_Element"]], blocks: list[list[list[Block]]]) -> Iterator[list[str]]:
    """Yield the rows' texts, one for each column; in the first row a label is in all columns that it spans."""
    for i, row in enumerate(zip(cells, blocks, strict=True)):
        texts: list[str] = []
        for cell, inside in zip(*row, strict=True):
            text = " ".join(" ".join(block.text.split()) for block in inside)
            label = text if i == 0 else ""
            texts += [text, *repeat(label, _count_columns(cell) - 1)]
        yield texts


def _count_columns(cell: "_Element") -> int:
    span = _find_setting(cell, "tcPr", "gridSpan") or ""
    is_number = span.isdecimal() and len(span) < _LONGEST_SPAN
    return min(int(span), _MOST_COLUMNS_SPANNED) if is_number else 1


def _find_roles(document: "Document") -> dict[str | None, _Role]:
    """Return the role of each style."""
    styles = {style.get(f"{_W}styleId"): style for style in document.styles.element.iter(f"{_W}style")}
    return {name: _find_role(style, styles) for name, style in styles.items()}


def _find_role(style: "_Element", styles: dict[str | None, "_Element"]) -> _Role:
    """Return a style's role, which may be that of a style that it is based on."""
    role = _Role()
    for _ in range(_MOST_BASES):
        role = _read_role(style)
        base = styles.get(_find_setting(style, "basedOn"))
        if role != _Role() or base is None:
            break
        style = base
    return role


def _read_role(style: "_Element") -> _Role:
    name = (_find_setting(style, "name") or "").lower()
    heading = _HEADING.fullmatch(name)
    level = int(heading[1]) if heading else _find_level(style)
    is_item = name.startswith("list") or _find_setting(style, "pPr", "numPr", "numId") not in _UNNUMBERED
    return _Role(level, is_item and not level, is_title=name == "title", is_contents=name.startswith("toc"))


def _get_role(paragraph: "_Element", roles: dict[str | None, _Role]) -> _Role:
    """Return a paragraph's role: its own settings come before those of its style."""
    level = _find_level(paragraph)
    if level:
        return _Role(level)
    role = roles.get(_find_setting(paragraph, "pPr", "pStyle"), _Role())
    number = _find_setting(paragraph, "pPr", "numPr", "numId")
    return role if number is None or role.level else role._replace(is_item=number not in _UNNUMBERED)


def _find_level(element: "_Element") -> int:
    """Return the level in the outline, from 1; 0 for text."""
    level = _find_setting(element, "pPr", "outlineLvl")
    return int(level) + 1 if level in _LEVELS else 0


def _find_notes(document: "Document") -> dict[tuple[str, str | None], "_Element"]:
    from docx.oxml.parser import parse_xml

    notes = {}
    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind not in _MARKS.values() or relation.is_external:
            continue
        root = parse_xml(relation.target_part.blob)
        drop_hidden_words(root, document)
        notes.update({(kind, note.get(f"{_W}id")): note for note in root.iter(f"{_W}{kind}")})
    return notes


def _find_setting(element: "_Element", *names: str) -> str | None:
    """Return the value at a path of names below an element; None if there is no such path."""
    setting = element.find("/".join(f"{_W}{name}" for name in names))
    return None if setting is None else setting.get(f"{_W}val", "")


def _unwrap(parent: "_Element", tag: str) -> Iterator["_Element"]:
    """Yield the children with a tag, including those in wrappers."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in _WRAPPERS:
            yield from _unwrap(element, tag)


def _find_text(element: "_Element") -> str:
    return "".join(_read_content(element).words).strip()


def _read_content(element: "_Element") -> _Content:
    content = _Content([], [], [])
    _collect(element, content)
    return content


def _collect(element: "_Element", content: _Content) -> None:
    for child in element:
        tag = child.tag
        if tag in _TEXT:
            content.words.append(child.text or "")
        elif tag in _SIGNS:
            content.words.append(_SIGNS[tag])
        elif tag == _BOX:
            content.boxes.append(child)
        elif tag in _MARKS:
            content.notes.append((_MARKS[tag], child.get(f"{_W}id")))
        elif tag not in _NO_TEXT:
            _collect(child, content)
