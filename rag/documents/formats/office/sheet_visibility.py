"""Finds the rows, columns and cells of a workbook's sheet that a reader does not see."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from rag.documents.formats.visibility import TINY, WHITE, Color, look_same, read_hex

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# openpyxl reads the settings of rows only if it keeps all cells in memory.
_TAG = re.compile(rb"<(?:\w+:)?(row|col|table|autoFilter|filterColumn|conditionalFormatting)\b([^<>]*)")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"']*)["']""")
_Settings = Mapping[str, str]
_CHUNK_BYTES = 1_000_000
_ON = ("1", "true")
_NO_SIZE = re.compile(r"0(?:\.\d+)?")  # the height of a row in points, or the width of a column in letters
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_MOST_COLUMNS = 16_384
# If more ranges of cells have their own colours, the colours of the sheet are not judged.
_MOST_RANGES = 100
# The white colours of a theme and of the old palette; with a tint they are not white.
_WHITE_THEMES, _WHITE_INDEXES = (0,), (1, 9, 65)
_TINTED = 0.02
# Formats that show no numbers, no values at all, or white letters.
_NO_NUMBER = re.compile(r'(?:"")?;(?:"")?;(?:"")?(?:;.*)?')
_NO_VALUE = re.compile(r'(?:"")?(?:;(?:"")?){3}')
_IN_WHITE = re.compile(r"\[white\]", re.IGNORECASE)


class _Range(NamedTuple):
    """Cells from one row and column to another, counted from 1."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int

    def holds(self, row: int, column: int) -> bool:
        return self.first_row <= row <= self.last_row and self.first_column <= column <= self.last_column


class SheetView:
    """The rows, columns and cells of a sheet that readers see.

    Rows that a filter leaves out count as seen, and so does a closed outline: a click shows them.
    """

    def __init__(self, sheet: "ReadOnlyWorksheet") -> None:
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self._painted: list[_Range] = []
        self._styles: dict[int, _CellStyle] = {}
        self._row = 0
        self._filtered: list[_Range] = []
        self._filters: list[_Range] = []
        with sheet._get_source() as source:
            self._read_settings(source)
        for name in _find_tables(sheet):
            with sheet.parent._archive.open(name) as source:
                self._read_settings(source)
        for cells in self._filters[:_MOST_RANGES]:
            rows = range(cells.first_row, cells.last_row + 1)
            self.hidden_rows = {row for row in self.hidden_rows if row not in rows}

    def _read_settings(self, source: IO[bytes]) -> None:
        """Note the hidden parts of a sheet or of one of its tables."""
        readers = {
            "row": self._read_row,
            "col": self._read_columns,
            "autoFilter": self._read_filter,
            "filterColumn": self._read_filtered_column,
            "table": self._read_painted,
            "conditionalFormatting": self._read_painted,
        }
        self._row = 0
        self._filtered = []
        for tag, settings in _find_tags(source):
            readers[tag](settings)

    def _read_row(self, settings: _Settings) -> None:
        number = settings.get("r", "")
        self._row = int(number) if number.isdecimal() else self._row + 1
        if _is_hidden(settings, "ht"):
            self.hidden_rows.add(self._row)

    def _read_columns(self, settings: _Settings) -> None:
        first, last = settings.get("min", ""), settings.get("max", "")
        has_range = first.isdecimal() and last.isdecimal()
        if has_range and _is_hidden(settings, "width"):
            self.hidden_columns.update(range(int(first), min(int(last), _MOST_COLUMNS) + 1))

    def _read_filter(self, settings: _Settings) -> None:
        self._filtered = list(_read_ranges(settings))

    def _read_filtered_column(self, _: _Settings) -> None:
        """Note the cells of a filter, which may leave out some of their rows."""
        self._filters += self._filtered
        self._filtered = []

    def _read_painted(self, settings: _Settings) -> None:
        self._painted += _read_ranges(settings)

    def shows(self, cell: Any) -> bool:
        """Return whether a reader sees the value of a cell; the cell must have one."""
        if cell._style_id not in self._styles:
            self._styles[cell._style_id] = _read_style(cell)
        style = self._styles[cell._style_id]
        is_empty = style.is_empty or (style.has_no_numbers and isinstance(cell.value, int | float))
        is_lost = style.is_lost and not self._is_painted(cell.row, cell.column)
        return not is_empty and not is_lost

    def _is_painted(self, row: int, column: int) -> bool:
        """Return whether a table's style or a condition may give a cell another colour."""
        return len(self._painted) > _MOST_RANGES or any(cells.holds(row, column) for cells in self._painted)


class _CellStyle(NamedTuple):
    """Whether cells show nothing, or no numbers, or letters in the colour of the cell."""

    is_empty: bool
    has_no_numbers: bool
    is_lost: bool


def _read_style(cell: Any) -> _CellStyle:
    number_format = cell.number_format.strip()
    size = cell.font.sz
    color = WHITE if _IN_WHITE.match(number_format) else _read_color(cell.font.color)
    return _CellStyle(
        is_empty=_NO_VALUE.fullmatch(number_format) is not None or (size is not None and size <= TINY),
        has_no_numbers=_NO_NUMBER.fullmatch(number_format) is not None,
        is_lost=look_same(color, _read_backdrop(cell.fill)),
    )


def _read_backdrop(fill: Any) -> Color | None:
    """Return the colour behind the letters of a cell; None for a pattern or a gradient."""
    pattern = getattr(fill, "patternType", "gradient")
    if not pattern:
        return WHITE
    return _read_color(fill.fgColor) if pattern == "solid" else None


def _read_color(color: Any) -> Color | None:
    """Return a colour of letters or cells; None if it is the usual one, or one that only the theme knows."""
    if color is None:
        return None
    if color.type == "rgb":
        return read_hex(str(color.value)[-6:])
    is_white = color.value in (_WHITE_THEMES if color.type == "theme" else _WHITE_INDEXES)
    return WHITE if is_white and abs(color.tint or 0) < _TINTED else None


def _find_tables(sheet: "ReadOnlyWorksheet") -> Iterator[str]:
    """Yield the names of the files with the tables of a sheet."""
    from openpyxl.packaging.relationship import get_dependents, get_rels_path

    archive = sheet.parent._archive
    path = get_rels_path(sheet._worksheet_path)
    names = archive.namelist()
    for relation in get_dependents(archive, path) if path in names else ():
        if relation.Type.endswith("/table") and relation.Target in names:
            yield relation.Target


def _find_tags(source: IO[bytes]) -> Iterator[tuple[str, _Settings]]:
    """Yield the tags that hide or paint cells, with their attributes."""
    rest = b""
    while chunk := source.read(_CHUNK_BYTES):
        data = rest + chunk
        end = max(0, data.rfind(b"<")) or len(data)
        rest = data[end:]
        yield from map(_read_tag, _TAG.finditer(data[:end]))
    yield from map(_read_tag, _TAG.finditer(rest))


def _read_tag(tag: re.Match[bytes]) -> tuple[str, _Settings]:
    attributes = _ATTRIBUTE.findall(tag[2])
    return tag[1].decode(), {name.decode(): value.decode(errors="replace") for name, value in attributes}


def _is_hidden(settings: _Settings, size: str) -> bool:
    """Return whether a row or column is hidden, but not by an outline, which a reader can open."""
    is_outlined = settings.get("outlineLevel", "0") != "0"
    is_closed = settings.get("hidden") in _ON or _NO_SIZE.fullmatch(settings.get(size, "")) is not None
    return is_closed and not is_outlined


def _read_ranges(settings: _Settings) -> Iterator[_Range]:
    for text in (settings.get("sqref") or settings.get("ref") or "").split():
        cells = _RANGE.fullmatch(text)
        if cells:
            yield _make_range(*cells.groups())


def _make_range(first_column: str, first_row: str, last_column: str | None, last_row: str | None) -> _Range:
    """Return the cells between two corners; without a second corner, a single cell."""
    from openpyxl.utils import column_index_from_string

    columns = [column_index_from_string(name) for name in (first_column, last_column or first_column)]
    return _Range(int(first_row), int(last_row or first_row), *columns)
