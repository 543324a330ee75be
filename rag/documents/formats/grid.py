"""Finds the tables in the rows of a sheet: their headers, the lines above them, and lists of names and values."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, islice
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.rows import (
    Labels,
    count_cells,
    count_rows_above,
    find_value_columns,
    format_cells,
    format_line,
    is_number,
    split_header,
)

# These first rows of a table show whether the first is its header.
_SAMPLE_ROWS = 50
# A table of three columns has a header if its first row has only words, and numbers are below.
_WIDE = 3
_FORM_WIDTH = 2
# Rows of two cells below a table of four columns are a form.
_WIDER_THAN_FORM = 4


def _is_plain() -> bool:
    return False


class GridRow(NamedTuple):
    """The texts of a row's cells.

    `labels` are the same with the text of a merged cell in each column that it spans. `is_marked` returns whether the
    row looks like a header: its letters are bold.
    """

    texts: list[str]
    labels: list[str]
    is_marked: Callable[[], bool] = _is_plain

    def has_words(self) -> bool:
        """Return whether a cell has words."""
        return any(self.texts)

    def count_cells(self) -> int:
        """Return the number of cells with words."""
        return count_cells(self.texts)

    def pick(self, columns: Iterable[int], *, is_label: bool = False) -> list[str]:
        """Return the texts in some columns, or the labels."""
        texts = self.labels if is_label else self.texts
        cells = dict(enumerate(texts))
        return [cells.get(column, "") for column in columns]

    def list_columns(self) -> list[int]:
        """Return the columns that have words."""
        return [column for column, text in enumerate(self.texts) if text]


EMPTY_ROW = GridRow([], [])


class _Table(NamedTuple):
    """A table of a sheet: its labels, the rows with them, and the columns that have numbers."""

    labels: Labels
    header_rows: list[list[str]]
    number_columns: set[int]

    @property
    def columns(self) -> set[int]:
        """The columns that have a label."""
        return {column for column, label in enumerate(self.labels.header) if label}

    def is_like(self, row: GridRow) -> bool:
        """Return whether the cells of a row are in the columns of the table, with numbers where the table has some."""
        columns = row.list_columns()
        if not self.columns.issuperset(columns):
            return False
        values = [row.texts[column] for column in self.number_columns.intersection(columns)]
        return all(map(is_number, values))

    def has_label_in(self, row: GridRow) -> bool:
        """Return whether a cell of a row has the text of a label."""
        return not set(self.labels.header).isdisjoint(filter(None, row.texts))


def walk_grid(rows: Iterable[GridRow]) -> Iterator[Block]:
    """Yield the rows of a sheet, each with the labels of its own table, and the lines between the tables.

    An empty row may end a table: the next one has a header, or else the rows go on with that of the table above.
    """
    walker = _Walker()
    for has_words, group in groupby(rows, key=GridRow.has_words):
        if has_words:
            yield from walker.walk(group)
    yield from walker.end_table()


class _Walker:
    """Yields the rows of a sheet; it knows the table to which they belong."""

    def __init__(self) -> None:
        self._table: _Table | None = None
        self._is_form = False  # of the rows without table

    def walk(self, group: Iterator[GridRow]) -> Iterator[Block]:
        """Yield the rows up to the next empty row: the lines above a table, and the table."""
        rows = list(islice(group, _SAMPLE_ROWS))
        above = count_rows_above([row.texts for row in rows])
        for row in rows[:above]:
            yield Block(format_line(row.texts))
        table_rows = rows[above:]
        all_rows = chain(table_rows, group)
        if _are_lines(table_rows):
            for row in all_rows:
                yield Block(format_cells(row.texts))
        else:
            yield from self._enter_table(table_rows, is_titled=above > 0)
            yield from self._walk_rows(all_rows)

    def _enter_table(self, rows: list[GridRow], *, is_titled: bool) -> Iterator[Block]:
        """Find the table of some rows: the one above them, or another. Yield what is left of the one above."""
        columns = _find_columns(rows)
        table = _find_table(rows, columns)
        if self._goes_on(rows, columns, table, is_titled=is_titled):
            return
        yield from self.end_table()
        self._table = table
        # A single pair goes on with the form above it.
        may_be_form = self._is_form or len(rows) > 1
        self._is_form = may_be_form and len(columns) == _FORM_WIDTH

    def _goes_on(self, rows: list[GridRow], columns: list[int], table: _Table | None, *, is_titled: bool) -> bool:
        """Return whether rows belong to the table above them."""
        if self._table is None or not self._table.is_like(rows[0]):
            return False
        if table is None:
            is_form = len(columns) == _FORM_WIDTH and len(rows) > 1
            is_wide = len(self._table.columns) >= _WIDER_THAN_FORM
            return not (is_form and is_wide)
        if is_titled or rows[0].is_marked():
            return False
        return not self._table.has_label_in(rows[0])

    def _walk_rows(self, rows: Iterable[GridRow]) -> Iterator[Block]:
        """Yield the rows below the header, and no copies of it."""
        format_row = format_line if self._is_form else format_cells
        header_rows: list[list[str]] = []
        if self._table:
            format_row = self._table.labels.format
            header_rows = self._table.header_rows
        for row in rows:
            if row.texts not in header_rows:
                yield Block(format_row(row.texts), "item")

    def end_table(self) -> Iterator[Block]:
        """Yield the labels of a table that no row has repeated."""
        unused = self._table.labels.format_unused() if self._table else ""
        self._table = None
        if unused:
            yield Block(unused, "item")


def _find_table(rows: list[GridRow], columns: list[int]) -> _Table | None:
    """Return the table whose header is in the first of some rows; None if they have no header."""
    if len(rows) < 2 or len(columns) < _FORM_WIDTH:
        return None
    first = rows[0].pick(columns, is_label=True)
    cells = [first, *(row.pick(columns) for row in rows[1:])]
    number_columns = find_value_columns(cells)
    is_headed = _is_marked(rows) or _is_wide_header(first, number_columns)
    header, below = split_header(cells, is_headed=is_headed)
    if not header:
        return None
    labels = [""] * (columns[-1] + 1)
    for column, label in zip(columns, header, strict=True):
        labels[column] = label
    height = len(rows) - len(below)
    header_rows = [row.texts for row in rows[:height]]
    return _Table(Labels(labels), header_rows, {columns[number] for number in number_columns})


def _find_columns(rows: list[GridRow]) -> list[int]:
    """Return the columns that have words in any row."""
    columns: set[int] = set()
    for row in rows:
        columns.update(row.list_columns())
    return sorted(columns)


def _are_lines(rows: list[GridRow]) -> bool:
    """Return whether each row has one cell with words."""
    return {row.count_cells() for row in rows} == {1}


def _is_marked(rows: list[GridRow]) -> bool:
    """Return whether the first row is bold, and the second is not."""
    return rows[0].is_marked() and not rows[1].is_marked()


def _is_wide_header(labels: list[str], number_columns: set[int]) -> bool:
    """Return whether a row has only words, in three columns or more, and numbers are below it."""
    words = list(filter(None, labels))
    if len(words) < _WIDE or not number_columns:
        return False
    return not any(map(is_number, words))
