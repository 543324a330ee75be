"""Reads what lies on the sheets of a workbook: notes, comments, boxes of text, titles of charts."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zipfile import ZipFile

from lxml.etree import _Element
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from rag.documents.blocks import Block, join_filled, pick_first
from rag.documents.formats.office.drawings import walk_chart
from rag.documents.formats.office.paths import make_finder, read_number
from rag.documents.formats.office.sheet_visibility import SheetView, list_related, read_cell_place
from rag.documents.formats.untrusted import drop_namespaces, parse_xml, read_part
from rag.documents.properties import clean_date
from rag.documents.sequences import flat_map

_INVALID = "it is not a valid Excel file"
_PERSONS = "xl/persons/"
_NOTES, _THREADS, _DRAWING, _CHART = "/comments", "/threadedComment", "/drawing", "/chart"

_find_boxes = make_finder("//xdr:sp[not(xdr:nvSpPr/xdr:cNvPr/@hidden = '1')]/xdr:txBody")
_find_paragraphs = make_finder("a:p")


class _Note(NamedTuple):
    """A note or comment on a cell."""

    cell: str
    text: str
    author: str | None
    date: str | None = None

    @property
    def place(self) -> tuple[int, int]:
        """The row and the column of the cell."""
        return read_cell_place(self.cell)


class SheetNotes:
    """The notes on a sheet; it takes note of the labels of their rows."""

    def __init__(self, sheet: ReadOnlyWorksheet, view: SheetView) -> None:
        self._archive: ZipFile = sheet.parent._archive
        self._parts = list_related(self._archive, sheet._worksheet_path)
        self._notes = [note for note in self._read_notes() if not view.is_hidden(*note.place)]
        self._labels: dict[int, str] = {}
        self._rows = {note.place[0] for note in self._notes}

    def add_row(self, number: int, texts: Sequence[str]) -> None:
        """Keep the first words of a row for the notes on its cells."""
        if number in self._rows:
            self._labels[number] = pick_first(texts, "")

    def walk(self) -> Iterator[Block]:
        """Yield the boxes of text, the titles of charts, and the notes as comments, each with the label of its row."""
        yield from flat_map(self._walk_drawing, self._parts.get(_DRAWING, ()))
        for note in self._notes:
            label = self._labels.get(note.place[0])
            place = f"{label} ({note.cell})" if label else note.cell
            text = f"{place}: {note.text}" if note.text else ""
            yield Block(text, voice="comment", author=note.author, date=note.date)

    def _walk_drawing(self, name: str) -> Iterator[Block]:
        for box in _find_boxes(self._parse(name)):
            yield Block(join_filled("\n", map(_join, _find_paragraphs(box))))
        for chart in list_related(self._archive, name).get(_CHART, ()):
            blocks = walk_chart(read_part(self._archive, chart, invalid=_INVALID))
            # The values of a chart are in cells, so only its titles are read.
            yield from (block for block in blocks if block.kind == "paragraph")

    def _read_notes(self) -> list[_Note]:
        """Return the comments on cells; a thread of comments stands for the note that older versions show."""
        comments = list(flat_map(self._read_threads, self._parts.get(_THREADS, ())))
        notes = flat_map(self._read_old_notes, self._parts.get(_NOTES, ()))
        cells_in_threads = {note.cell for note in comments}
        return comments + [note for note in notes if note.cell not in cells_in_threads]

    def _read_old_notes(self, name: str) -> Iterator[_Note]:
        root = drop_namespaces(self._parse(name))
        authors = dict(enumerate(map(_join, root.iter("author"))))
        for comment in root.iter("comment"):
            author = authors.get(read_number(comment.get("authorId", ""), -1), "")
            # Excel begins a note with the name of its author.
            text = _join(comment, "t").removeprefix(f"{author}:")
            yield _Note(comment.get("ref", ""), text.strip(), author)

    def _read_threads(self, name: str) -> Iterator[_Note]:
        people = self._read_people()
        for comment in drop_namespaces(self._parse(name)).iter("threadedComment"):
            author = people.get(comment.get("personId", ""))
            yield _Note(comment.get("ref", ""), _join(comment, "text"), author, clean_date(comment.get("dT")))

    def _read_people(self) -> dict[str, str]:
        """Return the names of the authors of threads."""
        people = {}
        for name in self._archive.namelist():
            if name.startswith(_PERSONS):
                for person in drop_namespaces(self._parse(name)).iter("person"):
                    people[person.get("id", "")] = person.get("displayName", "")
        return people

    def _parse(self, name: str) -> _Element:
        return parse_xml(read_part(self._archive, name, invalid=_INVALID), invalid=_INVALID)


def _join(element: _Element, *tags: str) -> str:
    return "".join(map(str, element.itertext(*tags))).strip()
