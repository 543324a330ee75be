"""Puts the rows of a table on a page into words: each cell with the name of its column."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import NamedTuple

from rag.documents.formats.pdf.paragraphs import Columns, Line
from rag.documents.formats.pdf.rows import Cell, Row, join_cells, list_places
from rag.documents.formats.pdf.rules import Rules
from rag.documents.formats.rows import has_header, is_number, list_filled
from rag.rows import format_row

# Lines of a cell are at most this far apart, as a multiple of the size of the letters: printers use 1.1 to 1.4.
_LINE_PITCH = 1.45
# Rows that are nearer than this share their lines: one cell is set a little higher than its neighbour.
_SHARED_PITCH = 0.85
# A distance is wider than another if it is at least this multiple of it.
_WIDER = 1.15
# Columns of two pages are at one place if they differ by less than this, in points.
_SAME_PLACE = 2
_ENDED = re.compile(r"[.!?:;][\"')\]]*$")


class Table(NamedTuple):
    """Lines of a page that form a table, and the places where one column ends and the next begins."""

    rows: list[Row]
    borders: list[float]

    def find_column(self, cell: Cell) -> int:
        """Return the number of a cell's column, from 0."""
        return bisect_right(self.borders, cell.left)

    def get_columns(self, row: Row) -> set[int]:
        """Return the columns in which a row has words."""
        return set(map(self.find_column, row.cells))

    def list_columns(self) -> list[list[Cell]]:
        """Return the lines of each column from the top, each as one cell."""
        columns: list[list[Cell]] = [[] for _ in range(len(self.borders) + 1)]
        for row in self.rows:
            for column, cells in groupby(row.cells, key=self.find_column):
                columns[column].append(join_cells(list(cells)))
        return columns

    def find_places(self, rows: Sequence[Row]) -> tuple[tuple[float, float], ...]:
        """Return where the words of each column begin and end in some rows; 0 and 0 if there are none."""
        places = []
        for cells in Table(list(rows), self.borders).list_columns():
            left = min((cell.left for cell in cells), default=0.0)
            right = max((cell.right for cell in cells), default=0.0)
            places.append((left, right))
        return tuple(places)

    def has_grid(self, rules: Rules) -> bool:
        """Return whether a line is drawn between the rows, across a border of columns."""
        return rules.has_horizontal(self.borders[0], self.rows[0].y, self.rows[-1].y)

    def get_texts(self, group: Sequence[Row]) -> list[str]:
        """Return the text of each column of a row with several lines."""
        columns = Table(list(group), self.borders).list_columns()
        return [" ".join(cell.text for cell in column) for column in columns]

    def group_rows(self, rules: Rules) -> list[list[Row]]:
        """Return the rows, each with all lines of its cells."""
        groups = [[self.rows[0]]]
        for row, is_joined in zip(self.rows[1:], self._find_joins(rules), strict=True):
            if not is_joined:
                groups.append([])
            groups[-1].append(row)
        return groups

    def _find_joins(self, rules: Rules) -> list[bool]:
        """Return whether each line but the first belongs to the cells of the one above."""
        separators = rules.find_separators(self.rows)
        if separators:
            return [not is_separated for is_separated in separators]
        line_pitch = self._find_line_pitch()
        joins = []
        for above, below in pairwise(self.rows):
            pitch = above.y - below.y
            is_tight = pitch < _SHARED_PITCH * below.size or pitch <= line_pitch
            joins.append(is_tight or self._is_continued(above, below))
        return joins

    def _find_line_pitch(self) -> float:
        """Return the distance of the lines in one cell; 0 if rows are not clearly farther apart than lines."""
        size = self.rows[0].size
        pitches = sorted(above.y - below.y for above, below in pairwise(self.rows))
        for pitch, next_pitch in pairwise(pitches):
            is_line_pitch = _SHARED_PITCH * size <= pitch <= _LINE_PITCH * size
            if is_line_pitch and next_pitch >= _WIDER * pitch:
                return pitch if self._has_wrapped_lines(pitch) else 0.0
        return 0.0

    def _has_wrapped_lines(self, line_pitch: float) -> bool:
        """Return whether most lines that are this near continue a cell of the line above."""
        near = 0
        wrapped = 0
        for above, below in pairwise(self.rows):
            if above.y - below.y <= line_pitch:
                near += 1
                wrapped += self._has_wrapped_cell(above, below)
        return wrapped > near / 2

    def _is_continued(self, above: Row, below: Row) -> bool:
        """Return whether a line has only the next words of some cells: it is near, and its first column is empty."""
        columns = self.get_columns(below)
        is_near = above.y - below.y <= _LINE_PITCH * below.size
        if not is_near or not columns < self.get_columns(above):
            return False
        may_be_part = 0 not in columns or len(columns) == 1
        return may_be_part and self._has_wrapped_cell(above, below)

    def _has_wrapped_cell(self, above: Row, below: Row) -> bool:
        """Return whether a sentence in a cell continues in the next line, and no cell there is a number."""
        if any(is_number(cell.text) for cell in below.cells):
            return False
        last_texts = {self.find_column(cell): cell.text for cell in above.cells}
        for cell in below.cells:
            text = last_texts.get(self.find_column(cell))
            if text and not _ENDED.search(text) and _begins_within(cell.text):
                return True
        return False


def _begins_within(text: str) -> bool:
    """Return whether a text begins like the middle of a sentence."""
    return text[0].islower() or text[0] in "(&"


def format_table(table: Table, lines: Sequence[Line], rules: Rules) -> Iterator[Line]:
    """Yield a line for each row of a table but its header; a row with words in one column only stays as it is."""
    groups = table.group_rows(rules)
    texts = [table.get_texts(group) for group in groups]
    header = _find_header(texts)
    below = [row for group, cells in zip(groups, texts, strict=True) if cells is not header for row in group]
    columns = Columns(tuple(header), table.find_places(below))
    for group, cells in zip(groups, texts, strict=True):
        if len(list_filled(cells)) < 2:
            yield from (lines[place] for place in list_places(group))
        elif cells is not header:
            yield _make_line(group, lines, cells, columns)


def label_continued_tables(pages: Iterable[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages; a table without header at the top of a page has the labels of the one that it continues."""
    labelled: list[list[Line]] = []
    above: Columns | None = None
    for page in pages:
        lines = list(page)
        text = [line for line in lines if not line.is_aside]
        columns = text[0].columns if text else None
        if columns and above and _continues(columns, above):
            lines = [_label(line, above) if line.columns is columns else line for line in lines]
        labelled.append(lines)
        above = next((line.columns for line in reversed(lines) if not line.is_aside), None)
    return labelled


def _continues(columns: Columns, above: Columns) -> bool:
    """Return whether a table without header has its columns where the one above has them."""
    if columns.labels or len(columns.places) != len(above.places):
        return False
    return all(map(_is_same_place, columns.places, above.places))


def _is_same_place(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Return whether two columns begin, end or have their middle at one place."""
    left, right = one[0] - other[0], one[1] - other[1]
    return min(abs(left), abs(right), abs(left + right) / 2) < _SAME_PLACE


def _label(line: Line, columns: Columns) -> Line:
    return replace(line, text=_format_row(columns.labels, line.cells), columns=columns)


def _find_header(texts: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the first row with words in several columns if it names three columns or more, else nothing."""
    rows = [cells for cells in texts if len(list_filled(cells)) > 1]
    return rows[0] if len(rows[0]) > 2 and has_header(rows) else []


def _format_row(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row in words; the first of two cells is a label, and so is a cell with a colon."""
    if not header and len(cells) == 2:
        return format_row([cells[0].rstrip(" :")], cells[1:])
    return format_row(header, cells).replace(":; ", ": ")


def _make_line(group: Sequence[Row], lines: Sequence[Line], cells: Sequence[str], columns: Columns) -> Line:
    left = min(row.cells[0].left for row in group)
    right = max(cell.right for row in group for cell in row.cells)
    first = group[0]
    page = lines[first.cells[0].place].page
    text = _format_row(columns.labels, cells)
    return Line(text, page, left, right, first.y, first.size, pieces=2, cells=tuple(cells), columns=columns)
