"""Finds the rows, columns and cells of a workbook's sheet that a reader does not see."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import filterfalse
from posixpath import basename
from typing import IO, Any, NamedTuple
from zipfile import ZipFile

from openpyxl.packaging.relationship import get_dependents, get_rels_path
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from rag.documents.formats.office.paths import read_number
from rag.documents.formats.visibility import TINY, WHITE, Color, look_same, read_hex

# openpyxl reads the settings of rows only if it keeps all cells in memory.
_TAG = re.compile(rb"<(?:\w+:)?(row|col|table|autoFilter|filterColumn|conditionalFormatting|mergeCell)\b([^<>]*)")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"']*)["']""")
_Settings = Mapping[str, str]
_CHUNK_BYTES = 1_000_000
_ON = ("1", "true")
_NO_SIZE = re.compile(r"0(?:\.\d+)?")  # the height of a row in points, or the width of a column in letters
_CELLS = re.compile(r"(?<!\S)[A-Z]{1,3}[0-9]{1,7}(?::[A-Z]{1,3}[0-9]{1,7})?(?!\S)")
_MOST_COLUMNS = 16_384
# If a sheet has more areas with colours of their own, its colours are not judged.
_MOST_AREAS = 100
# The white colours of themes and of the old palette. A tint makes them darker.
_WHITES = (("theme", 0), ("indexed", 1), ("indexed", 9), ("indexed", 65))
_TINTED = 0.02
# Number formats that show no value at all, or no number, with the types of the values that they hide.
_FORMATS: tuple[tuple[re.Pattern[str], tuple[type, ...]], ...] = (
    (re.compile(r'(?:"")?(?:;(?:"")?){3}'), (object,)),
    (re.compile(r'(?:"")?;(?:"")?;(?:"")?(?:;.*)?'), (int, float)),
)
_IN_WHITE = re.compile(r"\[white\]", re.IGNORECASE)


class Area(NamedTuple):
    """The cells in some rows and columns, which count from 1."""

    rows: range
    columns: range


class _CellStyle(NamedTuple):
    """The types of values that cells do not show, whether letters have the colour of the cell, and are bold."""

    hidden_types: tuple[type, ...]
    is_lost: bool
    is_bold: bool


class SheetView:
    """The rows, columns and cells of a sheet that readers see, and its merged cells.

    Rows that a filter leaves out count as seen, and so does a closed outline: a click shows them.
    """

    def __init__(self, sheet: ReadOnlyWorksheet) -> None:
        self._hidden_rows: set[int] = set()
        self._hidden_columns: set[int] = set()
        self._painted: list[Area] = []
        self.merged: list[Area] = []
        self._styles: dict[int, _CellStyle] = {}
        self._row = 0
        self._filtered: list[Area] = []
        self._filters: list[Area] = []
        for source in _open_parts(sheet):
            self._read_settings(source)
        for area in self._filters[:_MOST_AREAS]:
            self._hidden_rows = set(filterfalse(area.rows.__contains__, self._hidden_rows))

    def _read_settings(self, source: IO[bytes]) -> None:
        """Note the hidden parts of a sheet or of one of its tables."""
        readers: dict[str, Callable[[_Settings], None]] = {
            "row": self._read_row,
            "col": self._read_columns,
            "autoFilter": self._read_filter,
            "filterColumn": self._read_filtered_column,
            "table": lambda settings: self._painted.extend(_read_areas(settings)),
            "conditionalFormatting": lambda settings: self._painted.extend(_read_areas(settings)),
            "mergeCell": lambda settings: self.merged.extend(_read_areas(settings)),
        }
        self._row = 0
        self._filtered = []
        for tag, settings in _find_tags(source):
            readers[tag](settings)

    def _read_row(self, settings: _Settings) -> None:
        self._row = read_number(settings.get("r", ""), self._row + 1)
        if _is_hidden(settings, "ht"):
            self._hidden_rows.add(self._row)

    def _read_columns(self, settings: _Settings) -> None:
        first = read_number(settings.get("min", ""), _MOST_COLUMNS + 1)
        last = read_number(settings.get("max", ""), 0)
        if _is_hidden(settings, "width"):
            self._hidden_columns.update(range(first, min(last, _MOST_COLUMNS) + 1))

    def _read_filter(self, settings: _Settings) -> None:
        self._filtered = list(_read_areas(settings))

    def _read_filtered_column(self, _: _Settings) -> None:
        """Note the cells of a filter, which may leave out some of their rows."""
        self._filters += self._filtered
        self._filtered = []

    def is_bold(self, cells: Iterable[Any]) -> bool:
        """Return whether all cells with values are bold."""
        return {self._get_style(cell).is_bold for cell in cells if cell.value is not None} == {True}

    def is_hidden(self, row: int, column: int) -> bool:
        """Return whether the row or the column is hidden."""
        return row in self._hidden_rows or column in self._hidden_columns

    def shows(self, cell: Any) -> bool:
        """Return whether a reader sees the value of a cell; the cell must have one."""
        if self.is_hidden(cell.row, cell.column):
            return False
        style = self._get_style(cell)
        is_lost = style.is_lost and not self._is_painted(cell.row, cell.column)
        return not is_lost and not isinstance(cell.value, style.hidden_types)

    def _get_style(self, cell: Any) -> _CellStyle:
        if cell._style_id not in self._styles:
            self._styles[cell._style_id] = _read_style(cell)
        return self._styles[cell._style_id]

    def _is_painted(self, row: int, column: int) -> bool:
        """Return whether a table's style or a condition may give a cell another colour."""
        if len(self._painted) > _MOST_AREAS:
            return True
        return any(row in area.rows and column in area.columns for area in self._painted)


def _read_style(cell: Any) -> _CellStyle:
    number_format = cell.number_format.strip()
    hidden_types: tuple[type, ...] = ()
    for pattern, types in _FORMATS:
        if pattern.fullmatch(number_format):
            hidden_types += types
    if cell.font.sz is not None and cell.font.sz <= TINY:
        hidden_types = (object,)
    color = WHITE if _IN_WHITE.match(number_format) else _read_color(cell.font.color)
    is_lost = look_same(color, _read_backdrop(cell.fill))
    return _CellStyle(hidden_types, is_lost, bool(cell.font.b))


def _read_backdrop(fill: Any) -> Color | None:
    """Return the background of a cell; None for a pattern or a gradient."""
    colors = {None: WHITE, "solid": _read_color(getattr(fill, "fgColor", None))}
    return colors.get(getattr(fill, "patternType", "gradient"))


def _read_color(color: Any) -> Color | None:
    """Return a colour of letters or cells; None for the usual colour, and for most colours of a theme."""
    if color is None:
        return None
    if color.type == "rgb":
        return read_hex(str(color.value)[-6:])
    is_white = (color.type, color.value) in _WHITES and abs(color.tint) < _TINTED
    return WHITE if is_white else None


def _open_parts(sheet: ReadOnlyWorksheet) -> Iterator[IO[bytes]]:
    """Yield the opened file of a sheet, and the opened files of its tables."""
    with sheet._get_source() as source:
        yield source
    archive = sheet.parent._archive
    for name in list_related(archive, sheet._worksheet_path).get("/table", ()):
        with archive.open(name) as source:
            yield source


def list_related(archive: ZipFile, path: str) -> dict[str, list[str]]:
    """Return the names of the parts to which a part refers, whose kind of relation ends with one of these."""
    names = set(archive.namelist())
    relations = get_rels_path(path)
    related: dict[str, list[str]] = {}
    for relation in get_dependents(archive, relations) if relations in names else ():
        if relation.Target in names:
            related.setdefault(f"/{basename(relation.Type)}", []).append(relation.Target)
    return related


def _find_tags(source: IO[bytes]) -> Iterator[tuple[str, _Settings]]:
    """Yield the tags that hide or paint cells, with their attributes."""
    rest = b""
    while chunk := source.read(_CHUNK_BYTES):
        tags, sign, rest = (rest + chunk).rpartition(b"<")
        rest = (sign + rest)[:_CHUNK_BYTES]  # no real tag is longer
        yield from map(_read_tag, _TAG.finditer(tags))
    yield from map(_read_tag, _TAG.finditer(rest))


def _read_tag(tag: re.Match[bytes]) -> tuple[str, _Settings]:
    attributes = _ATTRIBUTE.findall(tag[2])
    return tag[1].decode(), {name.decode(): value.decode(errors="replace") for name, value in attributes}


def _is_hidden(settings: _Settings, size: str) -> bool:
    """Return whether a row or column is hidden, but not by an outline, which a reader can open."""
    is_outlined = settings.get("outlineLevel", "0") != "0"
    is_closed = settings.get("hidden") in _ON or _NO_SIZE.fullmatch(settings.get(size, "")) is not None
    return is_closed and not is_outlined


def read_cell_place(cell: str) -> tuple[int, int]:
    """Return the row and column of a cell such as "B3", from 1; zeros if it is none."""
    place: tuple[int, int] = coordinate_to_tuple(cell) if _CELLS.fullmatch(cell) else (0, 0)
    return place


def _read_areas(settings: _Settings) -> Iterator[Area]:
    for cells in _CELLS.findall(settings.get("sqref", settings.get("ref", ""))):
        left, top, right, bottom = range_boundaries(cells)
        yield Area(range(top, bottom + 1), range(left, right + 1))
