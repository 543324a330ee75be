"""Turns the body of a Word document into blocks."""

import re
from collections.abc import Iterator
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
# Settings; what was deleted or is elsewhere now; the readings above characters; what older programs show instead.
_NO_TEXT = frozenset((
    f"{_W}pPr", f"{_W}rPr", f"{_W}del", f"{_W}moveFrom", f"{_W}rt",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
))  # fmt: skip
_WRAPPERS = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_HEADING = re.compile(r"heading (\d)")
_MOST_BASES = 20
# A cell of this many characters is a part of a page's layout.
_LONGEST_CELL = 1000
_MOST_COLUMNS_SPANNED = 50


class _Role(NamedTuple):
    """What a style is for: a heading's level, from 1, or 0."""

    level: int = 0
    is_item: bool = False
    is_title: bool = False
    is_contents: bool = False


class _Found(NamedTuple):
    """What is in a paragraph: its words, boxes of text, and marks of notes (their kind and id)."""

    words: list[str]
    boxes: list["_Element"]
    notes: list[tuple[str, str | None]]


def walk_document(document: "Document") -> Iterator[Block]:
    """Yield the body's blocks in order, a note behind the paragraph with its mark, and then what reviewers said."""
    yield from _Walker(document).walk(document.element.body)
    for comment in document.comments:
        words = "\n".join(_find_text(paragraph._p) for paragraph in comment.paragraphs)
        date = comment.timestamp.date().isoformat() if comment.timestamp else None
        yield Block(words, voice="comment", author=comment.author or None, date=date)


def find_title(document: "Document") -> str | None:
    """Return the words of the first paragraph that is a title by its style."""
    roles = _find_roles(document)
    titles = (p for p in document.element.body.iter(f"{_W}p") if _get_role(p, roles).is_title)
    return next(filter(None, map(_find_text, titles)), None)


class _Walker:
    """Knows a document's styles and notes."""

    def __init__(self, document: "Document") -> None:
        self._roles = _find_roles(document)
        self._notes = _find_notes(document)
        self._has_title = False

    def walk(self, parent: "_Element") -> Iterator[Block]:
        for element in parent:
            if element.tag == f"{_W}p":
                yield from self._walk_paragraph(element)
            elif element.tag == f"{_W}tbl":
                yield from self._walk_table(element)
            elif element.tag in _WRAPPERS:
                yield from self.walk(element)

    def _walk_paragraph(self, paragraph: "_Element") -> Iterator[Block]:
        role = _get_role(paragraph, self._roles)
        found = _search(paragraph)
        text = "".join(found.words).strip()
        if role.is_title and text and not self._has_title:
            self._has_title = True  # it is the document's
        elif role.level or role.is_title:
            yield Block(" ".join(text.split()), "heading", role.level or 1)
        elif not role.is_contents:
            yield Block(text, "item" if role.is_item else "paragraph")
        for mark in found.notes:
            if mark in self._notes:  # once: a note can hold its own mark
                yield from self.walk(self._notes.pop(mark))
        for box in found.boxes:
            yield from self.walk(box)

    def _walk_table(self, table: "_Element") -> Iterator[Block]:
        rows = list(_unwrap(table, f"{_W}tr"))
        cells = [list(_unwrap(row, f"{_W}tc")) for row in rows]
        while cells and len(cells[0]) == 1:  # the table's title, or a frame around what is no table
            yield from self.walk(cells.pop(0)[0])
        # Each cell is walked once: with every table in a table a second time would double the work.
        inside = [[list(self.walk(cell)) for cell in row] for row in cells]
        spread = [_spread_cells(*row, is_first=i == 0) for i, row in enumerate(zip(cells, inside, strict=True))]
        if max((len(text) for row in spread for text in row), default=0) > _LONGEST_CELL:
            yield from (block for row in inside for blocks in row for block in blocks)
            return
        is_headed = len(rows) == len(cells) > 1 and _find_setting(rows[0], "trPr", "tblHeader") is not None
        yield from (Block(text, "item") for text in format_rows(spread, is_headed=is_headed))


def _spread_cells(cells: list["_Element"], inside: list[list[Block]], *, is_first: bool) -> list[str]:
    """Return a row's texts, one for each column; in the first row a label is for all the columns that it spans."""
    row = []
    for cell, blocks in zip(cells, inside, strict=True):
        text = " ".join(" ".join(block.text.split()) for block in blocks)
        span = _find_setting(cell, "tcPr", "gridSpan") or ""
        columns = min(int(span), _MOST_COLUMNS_SPANNED) if span.isdecimal() and len(span) < 6 else 1
        row += [text, *[text if is_first else ""] * (columns - 1)]
    return row


def _find_roles(document: "Document") -> dict[str | None, _Role]:
    """Return what each style is for; it may be said by a style that it is based on."""
    styles = {style.get(f"{_W}styleId"): style for style in document.styles.element.iter(f"{_W}style")}
    roles: dict[str | None, _Role] = {}
    for name, style in styles.items():
        role, base = _Role(), style
        for _ in range(_MOST_BASES):
            role = _read_role(base)
            base = styles.get(_find_setting(base, "basedOn"))
            if role != _Role() or base is None:
                break
        roles[name] = role
    return roles


def _read_role(style: "_Element") -> _Role:
    name = (_find_setting(style, "name") or "").lower()
    level = int(found[1]) if (found := _HEADING.fullmatch(name)) else _find_level(style)
    is_item = name.startswith("list") or _find_setting(style, "pPr", "numPr", "numId") not in (None, "0")
    return _Role(level, is_item and not level, is_title=name == "title", is_contents=name.startswith("toc"))


def _get_role(paragraph: "_Element", roles: dict[str | None, _Role]) -> _Role:
    """Return what a paragraph is for: what it says itself is before what its style says."""
    role = roles.get(_find_setting(paragraph, "pPr", "pStyle"), _Role())
    if level := _find_level(paragraph):
        return _Role(level)
    number = _find_setting(paragraph, "pPr", "numPr", "numId")
    return role if number is None or role.level else role._replace(is_item=number != "0")


def _find_level(element: "_Element") -> int:
    """Return the level in the outline, from 1; 0: it is text."""
    level = _find_setting(element, "pPr", "outlineLvl") or ""
    return int(level) + 1 if level.isdecimal() and len(level) == 1 and level != "9" else 0


def _find_notes(document: "Document") -> dict[tuple[str, str | None], "_Element"]:
    from docx.oxml.parser import parse_xml

    notes = {}
    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind in _MARKS.values() and not relation.is_external:
            root = parse_xml(relation.target_part.blob)
            drop_hidden_words(root, document)
            for note in root.iter(f"{_W}{kind}"):
                notes[kind, note.get(f"{_W}id")] = note
    return notes


def _find_setting(element: "_Element", *names: str) -> str | None:
    """Return the value at a path of names below an element; None: it is not there."""
    found = element.find("/".join(f"{_W}{name}" for name in names))
    return None if found is None else found.get(f"{_W}val", "")


def _unwrap(parent: "_Element", tag: str) -> Iterator["_Element"]:
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in _WRAPPERS:
            yield from _unwrap(element, tag)


def _find_text(element: "_Element") -> str:
    return "".join(_search(element).words).strip()


def _search(element: "_Element") -> _Found:
    found = _Found([], [], [])
    _collect(element, found)
    return found


def _collect(element: "_Element", found: _Found) -> None:
    for child in element:
        tag = child.tag
        if tag in _TEXT:
            found.words.append(child.text or "")
        elif tag in _SIGNS:
            found.words.append(_SIGNS[tag])
        elif tag == _BOX:
            found.boxes.append(child)
        elif tag in _MARKS:
            found.notes.append((_MARKS[tag], child.get(f"{_W}id")))
        elif tag not in _NO_TEXT:
            _collect(child, found)
