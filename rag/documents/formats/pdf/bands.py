"""A table on a page: its columns, and the lines of each row."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby, pairwise, starmap
from typing import NamedTuple

from rag.documents.formats.pdf.page_rows import PageCell, PageRow, join_cells
from rag.documents.formats.pdf.rules import Rules
from rag.documents.formats.rows import is_number

# Lines of a cell are at most this far apart, as a multiple of the size of the letters: printers use 1.1 to 1.4.
_LINE_PITCH = 1.45
# Rows that are nearer than this share their lines: one cell is set a little higher than its neighbour.
_SHARED_PITCH = 0.85
# A distance is wider than another if it is at least this multiple of it.
_WIDER = 1.15
_ENDED = re.compile(r"[.!?:;][\"')\]]*$")


class Band(NamedTuple):
    """Lines of a page that form a table, and the places where one column ends and the next begins."""

    rows: list[PageRow]
    borders: list[float]

    def find_column(self, cell: PageCell) -> int:
        """Return the number of a cell's column, from 0."""
        return bisect_right(self.borders, cell.left)

    def get_columns(self, row: PageRow) -> set[int]:
        """Return the columns in which a row has words."""
        return set(map(self.find_column, row.cells))

    def list_columns(self) -> list[list[PageCell]]:
        """Return the lines of each column from the top, each as one cell."""
        columns: list[list[PageCell]] = [[] for _ in range(len(self.borders) + 1)]
        for row in self.rows:
            for column, cells in groupby(row.cells, key=self.find_column):
                columns[column].append(join_cells(list(cells)))
        return columns

    def has_grid(self, rules: Rules) -> bool:
        """Return whether a line is drawn between the rows, across a border of columns."""
        return rules.has_horizontal(self.borders[0], self.rows[0].y, self.rows[-1].y)

    def get_texts(self, group: Sequence[PageRow]) -> list[str]:
        """Return the text of each column of a row with several lines."""
        columns = Band(list(group), self.borders).list_columns()
        return [" ".join(cell.text for cell in column) for column in columns]

    def group_rows(self, rules: Rules) -> list[list[PageRow]]:
        """Return the rows, each with all lines of its cells."""
        groups = [self.rows[:1]]
        for row, is_joined in zip(self.rows[1:], self._find_joins(rules), strict=True):
            if is_joined:
                groups[-1].append(row)
            else:
                groups.append([row])
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
        near = [(above, below) for above, below in pairwise(self.rows) if above.y - below.y <= line_pitch]
        return sum(starmap(self._has_wrapped_cell, near)) > len(near) / 2

    def _is_continued(self, above: PageRow, below: PageRow) -> bool:
        """Return whether a line has only the next words of some cells: it is near, and its first column is empty."""
        columns = self.get_columns(below)
        is_near = above.y - below.y <= _LINE_PITCH * below.size
        if not is_near or not columns < self.get_columns(above):
            return False
        may_be_part = 0 not in columns or len(columns) == 1
        return may_be_part and self._has_wrapped_cell(above, below)

    def _has_wrapped_cell(self, above: PageRow, below: PageRow) -> bool:
        """Return whether a sentence in a cell continues in the next line, and no cell there is a number."""
        if any(is_number(cell.text) for cell in below.cells):
            return False
        texts = self.get_texts([above])
        return any(_reads_on(texts[self.find_column(cell)], cell.text) for cell in below.cells)


def _reads_on(above: str, below: str) -> bool:
    """Return whether a line of a cell goes on with the sentence in the line above."""
    begins_within = below[0].islower() or below[0] in "(&"
    return begins_within and above != "" and not _ENDED.search(above)
