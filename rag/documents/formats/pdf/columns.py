"""Puts columns of text into the order of reading if the file has them line by line across the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.rows import Cell, Gap, Row, is_prose, make_rows, narrow
from rag.documents.formats.pdf.rules import Rules

# Fewer lines do not show that they are columns.
_FEWEST_ROWS = 4
# At least this share of the lines has words in all columns, and as many have them in the order of the lines.
_LEAST_SHARE = 0.6
# Columns are at least this far apart, as a multiple of the size of the letters.
_GUTTER = 0.8


def order_columns(lines: list[Line], rules: Rules) -> list[Line]:
    """Return the lines of a page; columns of text that the file has line by line are one after the other."""
    if not any(line.words for line in lines) and not any(map(_is_right_of, lines, lines[1:])):
        return lines
    rows = make_rows(lines)
    moved: dict[int, list[Line]] = {}
    for band, gutters in _find_bands(rows):
        if _is_text(band, gutters, rules):
            places = {cell.place for row in band for cell in row.cells}
            moved |= {place: [] for place in places}
            moved[min(places)] = list(_read_columns(band, gutters, lines))
    if not moved:
        return lines
    return [one for place, line in enumerate(lines) for one in moved.get(place, [line])]


def _is_right_of(line: Line, other: Line) -> bool:
    return abs(line.y - other.y) < line.size / 2 and other.left > line.right


def _find_bands(rows: Sequence[Row]) -> Iterator[tuple[list[Row], list[Gap]]]:
    """Yield neighbouring rows with the gutters that go down all of them."""
    place = 0
    while place < len(rows):
        gutters = _find_wide_gaps(rows[place])
        band = [rows[place]] if gutters else []
        while gutters and place + 1 < len(rows):
            left = [gap for gap in narrow(gutters, rows[place + 1]) if gap.width >= _GUTTER * rows[place + 1].size]
            if not left:
                break
            gutters = left
            place += 1
            band.append(rows[place])
        while band and len(band[-1].cells) < 2:
            band.pop()
        if len(band) >= _FEWEST_ROWS:
            yield band, gutters
        place += 1


def _find_wide_gaps(row: Row) -> list[Gap]:
    gaps = [Gap(cell.right, other.left) for cell, other in pairwise(row.cells)]
    return [gap for gap in gaps if gap.width >= _GUTTER * row.size]


def _is_text(band: Sequence[Row], gutters: Sequence[Gap], rules: Rules) -> bool:
    """Return whether all columns are text, the file has them line by line, and no lines divide them as in a table."""
    columns = [_take_column(band, gutters, column) for column in range(len(gutters) + 1)]
    whole = [row for row in band if _is_whole(row, gutters)]
    by_lines = [row for row in whole if row.cells[-1].place - row.cells[0].place < len(row.cells)]
    if min(len(whole), len(by_lines)) < _LEAST_SHARE * len(band):
        return False
    has_grid = rules.has_grid(gutters[0].middle, band[0].y, band[-1].y)
    return not has_grid and all(map(is_prose, columns))


def _is_whole(row: Row, gutters: Sequence[Gap]) -> bool:
    columns = {_find_column(cell, gutters) for cell in row.cells}
    return len(columns) > len(gutters)


def _find_column(cell: Cell, gutters: Sequence[Gap]) -> int:
    return sum(cell.left >= gap.middle for gap in gutters)


def _take_column(band: Sequence[Row], gutters: Sequence[Gap], column: int) -> list[Cell]:
    """Return the lines of a column, each as one cell."""
    cells = []
    for row in band:
        words = [cell for cell in row.cells if _find_column(cell, gutters) == column]
        if words:
            text = " ".join(cell.text for cell in words)
            cells.append(words[0]._replace(text=text, right=words[-1].right))
    return cells


def _read_columns(band: Sequence[Row], gutters: Sequence[Gap], lines: Sequence[Line]) -> Iterator[Line]:
    for column in range(len(gutters) + 1):
        for cell in _take_column(band, gutters, column):
            yield replace(lines[cell.place], text=cell.text, left=cell.left, right=cell.right, words=())
