"""Says which rows, columns and cells of a workbook's sheet a reader does not see."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from rag.documents.formats.visibility import TINY, WHITE, Color, look_same, read_hex

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# openpyxl reads no rows' settings unless it keeps all cells in memory.
_TAG = re.compile(rb"<(?:\w+:)?(row|col|table|autoFilter|filterColumn|conditionalFormatting)\b([^<>]*)")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"']*)["']""")
_CHUNK_BYTES = 1_000_000
_ON = ("1", "true")
_NO_SIZE = re.compile(r"0(?:\.\d+)?")  # of a row in points, of a column in letters
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_MOST_COLUMNS = 16_384
# With more ranges of cells that have colours of their own, none of the sheet's colours are judged.
_MOST_RANGES = 100
# The colours of a theme and of the old palette that are white; in a tint they are not.
_WHITE_THEME, _WHITE_INDEXES = 0, (1, 9, 65)
_TINTED = 0.02
# The formats of numbers and texts of which nothing is shown, and the one that makes them white.
_NO_NUMBER, _NO_VALUE = re.compile(r'(?:"")?;(?:"")?;(?:"")?(?:;.*)?'), re.compile(r'(?:"")?(?:;(?:"")?){3}')
_IN_WHITE = re.compile(r"\[white\]", re.IGNORECASE)


class _Range(NamedTuple):
    """Cells from one row and column to another, counted from 1."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


class SheetView:
    """What is seen of a sheet.

    Rows that a filter passes over are seen: a reader undoes a filter, or opens an outline, with a click.
    """

    def __init__(self, sheet: "ReadOnlyWorksheet") -> None:
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self._painted: list[_Range] = []
        self._styles: dict[int, _CellStyle] = {}
        filters: list[_Range] = []
        with sheet._get_source() as source:
            filters += self._read_settings(source)
        for name in _find_tables(sheet):
            with sheet.parent._archive.open(name) as source:
                filters += self._read_settings(source)
        for cells in filters[:_MOST_RANGES]:
            rows = range(cells.first_row, cells.last_row + 1)
            self.hidden_rows = {row for row in self.hidden_rows if row not in rows}

    def _read_settings(self, source: IO[bytes]) -> Iterator[_Range]:
        """Note what is hidden in a sheet or its table; yield the cells of a filter that passes over some."""
        row = 0
        filtered: list[_Range] = []
        for tag, settings in _find_tags(source):
            if tag == "row":
                row = int(settings["r"]) if settings.get("r", "").isdecimal() else row + 1
                if _is_hidden(settings, "ht"):
                    self.hidden_rows.add(row)
            elif tag == "col" and _is_hidden(settings, "width"):
                first, last = (settings.get(name, "") for name in ("min", "max"))
                if first.isdecimal() and last.isdecimal():
                    self.hidden_columns.update(range(int(first), min(int(last), _MOST_COLUMNS) + 1))
            elif tag == "autoFilter":
                filtered = list(_read_ranges(settings))
            elif tag == "filterColumn":
                yield from filtered
                filtered.clear()
            elif tag in ("table", "conditionalFormatting"):
                self._painted += _read_ranges(settings)

    def shows(self, cell: Any) -> bool:
        """Return whether a reader sees the value of a cell that has one."""
        style = self._styles.get(cell._style_id)
        if style is None:
            style = self._styles[cell._style_id] = _read_style(cell)
        if style.is_empty or (style.has_no_numbers and isinstance(cell.value, int | float)):
            return False
        return not style.is_lost or self._is_painted(cell.row, cell.column)

    def _is_painted(self, row: int, column: int) -> bool:
        """Return whether a table's style or a condition may give a cell another colour."""
        return len(self._painted) > _MOST_RANGES or any(
            cells.first_row <= row <= cells.last_row and cells.first_column <= column <= cells.last_column
            for cells in self._painted
        )


class _CellStyle(NamedTuple):
    """Whether cells show nothing, or no numbers, or letters that have the colour of the cell."""

    is_empty: bool
    has_no_numbers: bool
    is_lost: bool


def _read_style(cell: Any) -> _CellStyle:
    number_format = cell.number_format.strip()
    size = cell.font.sz
    color = WHITE if _IN_WHITE.match(number_format) else _read_color(cell.font.color)
    fill = getattr(cell.fill, "patternType", "gradient")
    backdrop = _read_color(cell.fill.fgColor) if fill == "solid" else None if fill else WHITE
    return _CellStyle(
        is_empty=_NO_VALUE.fullmatch(number_format) is not None or (size is not None and size <= TINY),
        has_no_numbers=_NO_NUMBER.fullmatch(number_format) is not None,
        is_lost=look_same(color, backdrop),
    )


def _read_color(color: Any) -> Color | None:
    """Return a colour of letters or cells; None if it is the usual one, or one that only the theme knows."""
    if color is None:
        return None
    if color.type == "rgb":
        return read_hex(str(color.value)[-6:])
    is_white = color.value == _WHITE_THEME if color.type == "theme" else color.value in _WHITE_INDEXES
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


def _find_tags(source: IO[bytes]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the tags that matter, with their attributes."""
    rest = b""
    while chunk := source.read(_CHUNK_BYTES):
        data = rest + chunk
        end = data.rfind(b"<")
        data, rest = (data[:end], data[end:]) if end > 0 else (data, b"")
        yield from map(_read_tag, _TAG.finditer(data))
    yield from map(_read_tag, _TAG.finditer(rest))


def _read_tag(found: re.Match[bytes]) -> tuple[str, Mapping[str, str]]:
    attributes = _ATTRIBUTE.findall(found[2])
    return found[1].decode(), {name.decode(): value.decode(errors="replace") for name, value in attributes}


def _is_hidden(settings: Mapping[str, str], size: str) -> bool:
    """Return whether a row or column is hidden, and not by an outline that a reader opens."""
    is_outlined = settings.get("outlineLevel", "0") != "0"
    return not is_outlined and (settings.get("hidden") in _ON or _NO_SIZE.fullmatch(settings.get(size, "")) is not None)


def _read_ranges(settings: Mapping[str, str]) -> Iterator[_Range]:
    from openpyxl.utils import column_index_from_string

    for text in (settings.get("sqref") or settings.get("ref") or "").split():
        if found := _RANGE.fullmatch(text):
            columns = [column_index_from_string(name) for name in (found[1], found[3] or found[1])]
            yield _Range(int(found[2]), int(found[4] or found[2]), columns[0], columns[1])
