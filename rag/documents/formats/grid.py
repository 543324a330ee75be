"""Finds the tables in the rows of a sheet: their headers, the lines above them, and lists of names and values."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.rows import (
    Labels,
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
        has_other_words = any(not is_number(row.texts[column]) for column in self.number_columns.intersection(columns))
        return self.columns.issuperset(columns) and not has_other_words


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
        self._format: Callable[[Sequence[str]], str] = format_cells

    def walk(self, group: Iterator[GridRow]) -> Iterator[Block]:
        """Yield the rows up to the next empty row: the lines above a table, and the table."""
        rows = list(islice(group, _SAMPLE_ROWS))
        above = count_rows_above([row.texts for row in rows])
        for row in rows[:above]:
            yield Block(format_line(row.texts))
        rows = rows[above:]
        columns = sorted(set(chain.from_iterable(map(GridRow.list_columns, rows))))
        if all(len(row.list_columns()) == 1 for row in rows):
            yield from (Block(format_cells(row.texts)) for row in chain(rows, group))
        else:
            yield from self._walk_table(rows, columns, group, is_titled=above > 0)

    def _walk_table(
        self, rows: list[GridRow], columns: list[int], others: Iterator[GridRow], *, is_titled: bool
    ) -> Iterator[Block]:
        table = _find_table(rows, columns)
        if not self._goes_on(rows, columns, table, is_titled=is_titled):
            yield from self.end_table()
            self._begin_table(rows, columns, table)
        for row in chain(rows, others):
            if self._table is None:
                yield Block(self._format(row.texts), "item")
            elif row.texts not in self._table.header_rows and row.labels not in self._table.header_rows:
                yield Block(self._table.labels.format(row.texts), "item")

    def _goes_on(self, rows: list[GridRow], columns: list[int], table: _Table | None, *, is_titled: bool) -> bool:
        """Return whether rows belong to the table above them."""
        if self._table is None or not self._table.is_like(rows[0]):
            return False
        if table is None:
            is_form = len(rows) > 1 and len(columns) == 2 and len(self._table.columns) >= _WIDER_THAN_FORM
            return not is_form
        is_marked = rows[0].is_marked()
        has_label_again = not set(self._table.labels.header).isdisjoint(filter(None, rows[0].texts))
        return not (is_titled or is_marked or has_label_again)

    def _begin_table(self, rows: list[GridRow], columns: list[int], table: _Table | None) -> None:
        was_form = self._format is format_line and self._table is None
        self._table = table
        is_form = len(columns) == 2 and (len(rows) > 1 or was_form)
        self._format = format_line if is_form else format_cells

    def end_table(self) -> Iterator[Block]:
        """Yield the labels of a table that no row has repeated."""
        unused = self._table.labels.format_unused() if self._table else ""
        self._table = None
        if unused:
            yield Block(unused, "item")


def _find_table(rows: list[GridRow], columns: list[int]) -> _Table | None:
    """Return the table whose header is in the first of some rows; None if they have no header."""
    if len(rows) < 2 or len(columns) < 2:
        return None
    cells = [_pick(row.labels if number == 0 else row.texts, columns) for number, row in enumerate(rows)]
    number_columns = find_value_columns(cells)
    is_marked = rows[0].is_marked() and not rows[1].is_marked()
    is_of_words = not any(map(is_number, cells[0]))
    is_wide = len(list(filter(None, cells[0]))) >= _WIDE
    header, below = split_header(cells, is_headed=is_marked or (is_wide and is_of_words and bool(number_columns)))
    if not header:
        return None
    labels = [""] * (columns[-1] + 1)
    for column, label in zip(columns, header, strict=True):
        labels[column] = label
    height = len(rows) - len(below)
    header_rows = [texts for row in rows[:height] for texts in (row.texts, row.labels)]
    return _Table(Labels(labels), header_rows, {columns[number] for number in number_columns})


def _pick(texts: list[str], columns: list[int]) -> list[str]:
    """Return the texts in some columns."""
    return [texts[column] if column < len(texts) else "" for column in columns]
