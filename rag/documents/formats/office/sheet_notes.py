"""Reads what lies on the sheets of a workbook: notes, comments, boxes of text, titles of charts."""

from collections.abc import Iterator
from posixpath import basename
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZipFile

from rag.documents.blocks import Block
from rag.documents.formats.office.drawings import walk_chart
from rag.documents.formats.office.paths import make_finder
from rag.documents.formats.office.properties import clean_date
from rag.documents.formats.office.sheet_visibility import SheetView, read_cell_place
from rag.documents.formats.untrusted import drop_namespaces, parse_xml, read_part

if TYPE_CHECKING:
    from lxml.etree import _Element
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_INVALID = "it is not a valid Excel file"
_PERSONS = "xl/persons/"
_NOTES, _THREADS, _DRAWING, _CHART = "/comments", "/threadedComment", "/drawing", "/chart"

_find_boxes = make_finder("//xdr:sp[not(xdr:nvSpPr/xdr:cNvPr/@hidden = '1')]/xdr:txBody")
_find_paragraphs = make_finder("a:p")
_find_words = make_finder(".//a:t")


class _Note(NamedTuple):
    """A note or comment on a cell."""

    cell: str
    text: str
    author: str | None
    date: str | None = None


class SheetNotes:
    """The notes on a sheet; it takes note of the labels of their rows."""

    def __init__(self, sheet: "ReadOnlyWorksheet", view: SheetView) -> None:
        self._archive: ZipFile = sheet.parent._archive
        self._parts = _list_related(self._archive, sheet._worksheet_path)
        self._notes = [note for note in self._read_notes() if not view.is_hidden(*read_cell_place(note.cell))]
        self._labels: dict[int, str] = {}
        self._rows = {read_cell_place(note.cell)[0] for note in self._notes}

    def add_row(self, number: int, texts: list[str]) -> None:
        """Keep the first words of a row for the notes on its cells."""
        if number in self._rows:
            self._labels[number] = next(filter(None, texts), "")

    def walk(self) -> Iterator[Block]:
        """Yield the boxes of text, the titles of charts, and the notes as comments, each with the label of its row."""
        for drawing in self._parts.get(_DRAWING, ()):
            yield from self._walk_drawing(drawing)
        for note in self._notes:
            label = self._labels.get(read_cell_place(note.cell)[0], "")
            text = f"{label} ({note.cell}): {note.text}" if label else f"{note.cell}: {note.text}"
            yield Block(text if note.text else "", voice="comment", author=note.author, date=note.date)

    def _walk_drawing(self, name: str) -> Iterator[Block]:
        for box in _find_boxes(self._parse(name)):
            texts = ("".join(word.text or "" for word in _find_words(paragraph)) for paragraph in _find_paragraphs(box))
            yield Block("\n".join(filter(str.strip, texts)))
        for chart in _list_related(self._archive, name).get(_CHART, ()):
            blocks = walk_chart(read_part(self._archive, chart, invalid=_INVALID))
            yield from (block for block in blocks if block.kind == "paragraph")  # its values are in the cells

    def _read_notes(self) -> list[_Note]:
        """Return the comments on cells; a thread of comments stands for the note that older versions show."""
        threads = [note for name in self._parts.get(_THREADS, ()) for note in self._read_threads(name)]
        in_threads = {note.cell for note in threads}
        notes = [note for name in self._parts.get(_NOTES, ()) for note in self._read_old_notes(name)]
        return threads + [note for note in notes if note.cell not in in_threads]

    def _read_old_notes(self, name: str) -> Iterator[_Note]:
        root = drop_namespaces(self._parse(name))
        authors = [_join(author) for author in root.iter("author")]
        for comment in root.iter("comment"):
            number = comment.get("authorId", "")
            is_known = number.isdecimal() and int(number) < len(authors)
            author = authors[int(number)] if is_known else ""
            text = _join(comment, "t")
            # Excel begins a note with the name of its author.
            yield _Note(comment.get("ref", ""), text.removeprefix(f"{author}:").strip(), author or None)

    def _read_threads(self, name: str) -> Iterator[_Note]:
        files = [other for other in self._archive.namelist() if other.startswith(_PERSONS)]
        roots = [drop_namespaces(self._parse(other)) for other in files]
        people = {person.get("id"): person.get("displayName") for root in roots for person in root.iter("person")}
        for comment in drop_namespaces(self._parse(name)).iter("threadedComment"):
            author = people.get(comment.get("personId"))
            text = _join(comment, "text")
            yield _Note(comment.get("ref", ""), text, author, clean_date(comment.get("dT")))

    def _parse(self, name: str) -> "_Element":
        return parse_xml(read_part(self._archive, name, invalid=_INVALID), invalid=_INVALID)


def _join(element: "_Element", *tags: str) -> str:
    return "".join(map(str, element.itertext(*tags))).strip()


def _list_related(archive: ZipFile, path: str) -> dict[str, list[str]]:
    """Return the names of the parts to which a part refers, by the ends of the kinds of relation."""
    from openpyxl.packaging.relationship import get_dependents, get_rels_path

    names = set(archive.namelist())
    relations = get_rels_path(path)
    related: dict[str, list[str]] = {}
    for relation in get_dependents(archive, relations) if relations in names else ():
        if relation.Target in names:
            related.setdefault(f"/{basename(relation.Type)}", []).append(relation.Target)
    return related
